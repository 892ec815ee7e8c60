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
    graph::{Cx, DEFAULT_PAGE, Direction, List, MAX_PAGE, PageArgs, Result, cost, list, one},
    policy::{Class, Grant, Role, Scope, Sight, Type, Verb, access, table},
    schema::Limits,
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

    /// The queues that you work in now, at most 100, the oldest first.
    #[graphql(directive = access::apply("Queue".into(), "*".into(), false), complexity = "1 + 10 * child_complexity")]
    async fn queues(&self, ctx: &Context<'_>) -> Result<Vec<Queue>> {
        let cx = Cx::of(ctx);
        if cx.caller.queues.is_empty() {
            return Ok(Vec::new());
        }
        let rows = cx.caller.rows::<queue::Entity>().by_ids(cx.caller.queues.iter().copied());
        let rows = rows.order_by(queue::Column::Id, Order::Asc).limit(u64::from(MAX_PAGE.unsigned_abs()));
        Ok(rows.all(cx.store.db()).await?.into_iter().map(Queue).collect())
    }

    /// Your active memberships in account teams, oldest first.
    #[graphql(directive = access::apply("AccountTeam".into(), "*".into(), false), complexity = "cost(first, last, child_complexity)")]
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
        let roles = Cx::of(ctx).caller.roles;
        let types = ty.map_or_else(|| Type::ALL.to_vec(), |ty| vec![ty]);
        types
            .into_iter()
            .flat_map(|ty| table::grants(ty, roles).into_iter().flat_map(move |g| rights(ty, &g)))
            .collect()
    }

    /// The tasks that are yours to do, or your queues', what is due first on top.
    #[graphql(directive = access::apply("Task".into(), "*".into(), false), complexity = "cost(first, last, child_complexity)")]
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
    #[graphql(directive = access::apply("Note".into(), "*".into(), false), complexity = "cost(first, last, child_complexity)")]
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
        let right = AccessRight { ty, scope, class, field, read: verb.sight, write: verb.write };
        (verb != Verb::default()).then_some(right)
    };
    let classes = Class::ALL.into_iter().filter_map(|class| line(Some(class), None, rights.on(class, "")));
    classes.chain(rights.named_fields().filter_map(|(field, verb)| line(None, Some(field), verb))).collect()
}

/// How much one request may ask for.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ServiceConfig {
    /// The largest `first` or `last`, and the most ids of `nodes`.
    pub max_page_size: i32,
    /// The page when neither `first` nor `last` is given.
    pub default_page_size: i32,
    /// The deepest nesting of fields; null where unlimited.
    pub max_depth: Option<i32>,
    /// The highest predicted cost; null where unlimited.
    pub max_complexity: Option<i32>,
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
        let limits = ctx.data_opt::<Limits>();
        let small = |limit: usize| i32::try_from(limit).unwrap_or(i32::MAX);
        ServiceConfig {
            max_page_size: MAX_PAGE,
            default_page_size: DEFAULT_PAGE,
            max_depth: limits.map(|limits| small(limits.depth)),
            max_complexity: limits.map(|limits| small(limits.complexity)),
        }
    }
}
