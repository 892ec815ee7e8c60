//! Who am I, what may I, and how much may I ask for.

use async_graphql::{Context, Object, SimpleObject};
use entities::{
    account::{account_team_member, colleague},
    tenant::queue,
};
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, ExprTrait, Order},
};

use crate::{
    account::{AccountTeamMember, Colleague, Queue},
    config::Limits,
    graph::{Cx, DEFAULT_PAGE, Direction, List, MAX_PAGE, PageArgs, Result, list, one},
    marketing::record::MAX_BATCH,
    policy::{Class, Grant, Grants, Role, Scope, Sight, Type, TypeSet, Verb, access, table},
    teamwork::{Note, Task, mentions, open_tasks},
};

/// One line of what you may do with the rows that a scope reaches: with a class of fields, or with one field that is granted by
/// name. On a row that several scopes reach, what they grant adds up; a team level of READ takes writing away.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccessRight {
    /// The line of the access table.
    #[graphql(name = "type")]
    pub ty: Type,
    /// On which rows.
    pub scope: Scope,
    /// The class of fields; null if `field` names one.
    pub class: Option<Class>,
    /// The field that is granted whatever its class; null if `class` names many.
    pub field: Option<&'static str>,
    /// How far you read.
    pub read: Sight,
    /// Whether you write.
    pub write: bool,
    /// Whether it counts in your figures, of groups that are large enough, though you read no row.
    pub aggregate: bool,
}

/// What your token narrows of what your roles may do.
#[derive(Clone, Debug, SimpleObject)]
pub struct TokenGrants {
    /// The lines of the access table that it is for, at most one of each; null where it is for all.
    pub entities: Option<Vec<Type>>,
    /// The codes of the systems that it speaks for, at most as many as the token names; null where it speaks for any.
    pub sources: Option<Vec<String>>,
}

/// The caller.
pub struct Me;

/// The caller.
#[Object]
impl Me {
    /// You as a colleague; null for a machine's token.
    #[graphql(directive = access::apply("Reference".into(), "*".into(), false))]
    async fn colleague(&self, ctx: &Context<'_>) -> Result<Option<Colleague>> {
        let cx = Cx::of(ctx);
        one::<colleague::Entity, _>(cx, cx.caller.colleague).await
    }

    /// The roles that your token carries.
    async fn roles(&self, ctx: &Context<'_>) -> Vec<Role> {
        Cx::of(ctx).caller.roles.iter().collect()
    }

    /// What your token narrows of what they may; null where it narrows nothing.
    async fn grants(&self, ctx: &Context<'_>) -> Option<TokenGrants> {
        let Grants { types, sources } = &Cx::of(ctx).caller.grants;
        let entities = (*types != TypeSet::ALL).then(|| types.iter().collect());
        let sources = sources.as_ref().map(|sources| sources.to_vec());
        (entities.is_some() || sources.is_some()).then_some(TokenGrants { entities, sources })
    }

    /// The queues that you work in now, at most 100, the oldest first.
    #[graphql(directive = access::apply("Queue".into(), "*".into(), false))]
    async fn queues(&self, ctx: &Context<'_>) -> Result<Vec<Queue>> {
        let cx = Cx::of(ctx);
        if cx.caller.queues.is_empty() {
            return Ok(Vec::new());
        }
        let rows = cx.caller.rows::<queue::Entity>().by_ids(cx.caller.queues.iter().copied());
        let rows = rows.order_by(queue::Column::Id, Order::Asc).limit(u64::from(MAX_PAGE.unsigned_abs()));
        Ok(rows.all(&cx.db()).await?.into_iter().map(Queue).collect())
    }

    /// Your active memberships in account teams, oldest first.
    #[graphql(directive = access::apply("AccountTeam".into(), "*".into(), false))]
    async fn teams(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<AccountTeamMember>> {
        let cx = Cx::of(ctx);
        let mine = match cx.caller.colleague {
            Some(me) => account_team_member::Column::ColleagueId.eq(me),
            None => Expr::val(1).eq(0),
        };
        let rows = cx
            .caller
            .rows::<account_team_member::Entity>()
            .filter(mine)
            .filter(account_team_member::Column::ValidFrom.lte(cx.caller.now()))
            .filter(
                Condition::any()
                    .add(account_team_member::Column::ValidTo.is_null())
                    .add(account_team_member::Column::ValidTo.gt(cx.caller.now())),
            );
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Rising).await
    }

    /// What you may do, at most one line for each type, scope of rows and class of fields. Empty for a type that you may not use at all.
    async fn what_may_i(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "type", desc = "With this type only.")] ty: Option<Type>,
    ) -> Vec<AccessRight> {
        let held = (&Cx::of(ctx).caller).into();
        let types = ty.map_or_else(|| Type::ALL.to_vec(), |ty| vec![ty]);
        types.into_iter().flat_map(|ty| table::grants(ty, held).into_iter().flat_map(move |g| rights(ty, &g))).collect()
    }

    /// The tasks that are yours to do, or your queues', what is due first on top.
    #[graphql(directive = access::apply("Task".into(), "*".into(), false))]
    async fn tasks(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Task>> {
        open_tasks(Cx::of(ctx), PageArgs::new(first, after, last, before)).await
    }

    /// The notes that call you and that you may read, newest first.
    #[graphql(directive = access::apply("Note".into(), "*".into(), false))]
    async fn mentions(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Note>> {
        mentions(Cx::of(ctx), PageArgs::new(first, after, last, before)).await
    }
}

fn rights(ty: Type, grant: &Grant) -> Vec<AccessRight> {
    let (scope, rights) = (grant.scope, &grant.rights);
    let line = |class, field, verb: Verb| {
        let right =
            AccessRight { ty, scope, class, field, read: verb.sight, write: verb.write, aggregate: verb.aggregate };
        (verb != Verb::default()).then_some(right)
    };
    let classes = Class::ALL.into_iter().filter_map(|class| line(Some(class), None, rights.on(class, "")));
    classes.chain(rights.named_fields().filter_map(|(field, verb)| line(None, Some(field), verb))).collect()
}

/// How much one request may ask for. Whoever asks for more is refused, and told the limit.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ServiceConfig {
    /// The largest `first` or `last`, and the most ids of `nodes`.
    pub max_page_size: i32,
    /// The page when neither `first` nor `last` is given.
    pub default_page_size: i32,
    /// The most rows of a mutation that takes many.
    pub max_batch_size: i32,
    /// The deepest nesting of fields.
    pub max_depth: i32,
    /// The highest predicted cost of an operation, as `extensions.cost.requested` gives it.
    pub max_complexity: i32,
    /// Fields and fragments of a document, once fragments are written out.
    pub max_nodes: i32,
    /// Fields at the root of an operation.
    pub max_root_fields: i32,
    /// Aliases of a document.
    pub max_aliases: i32,
    /// Directives of a document.
    pub max_directives: i32,
    /// Fragments of a document.
    pub max_fragments: i32,
    /// Variables of an operation.
    pub max_variables: i32,
    /// Tokens of a document.
    pub max_tokens: i32,
    /// Bytes of a document.
    pub max_document_bytes: i32,
    /// Bytes of a request's body.
    pub max_body_bytes: i32,
    /// Bytes of one message on a socket.
    pub max_message_bytes: i32,
    /// How long a query or a mutation may take, in milliseconds.
    pub timeout_ms: i32,
    /// Operations at once on one socket.
    pub max_socket_operations: i32,
}

impl From<&Limits> for ServiceConfig {
    fn from(limits: &Limits) -> Self {
        let small = |limit: usize| i32::try_from(limit).unwrap_or(i32::MAX);
        ServiceConfig {
            max_page_size: MAX_PAGE,
            default_page_size: DEFAULT_PAGE,
            max_batch_size: small(MAX_BATCH),
            max_depth: small(limits.max_depth),
            max_complexity: small(limits.max_complexity),
            max_nodes: small(limits.max_nodes),
            max_root_fields: small(limits.max_root_fields),
            max_aliases: small(limits.max_aliases),
            max_directives: small(limits.max_directives),
            max_fragments: small(limits.max_fragments),
            max_variables: small(limits.max_variables),
            max_tokens: small(limits.max_tokens),
            max_document_bytes: small(limits.max_document_bytes),
            max_body_bytes: small(limits.max_body_bytes),
            max_message_bytes: small(limits.max_frame_bytes),
            timeout_ms: i32::try_from(limits.request_timeout.as_millis()).unwrap_or(i32::MAX),
            max_socket_operations: small(limits.socket_operations),
        }
    }
}

/// Asking about oneself.
#[derive(Default)]
pub struct MeQuery;

#[Object]
impl MeQuery {
    /// Who you are to this house, and what you may.
    async fn me(&self) -> Me {
        Me
    }

    /// How much one request may ask for.
    async fn service_config(&self, ctx: &Context<'_>) -> ServiceConfig {
        ctx.data_unchecked::<Limits>().into()
    }
}
