//! Who am I, what may I, and how much may I ask for.

use async_graphql::{Context, Object, SimpleObject};
use entities::{
    account::{account_team_member, colleague},
    tenant::queue,
};
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    account::{AccountTeamMember, Colleague, Queue},
    graph::{Cx, DEFAULT_PAGE, Direction, List, MAX_PAGE, PageArgs, Result, cost, list, one},
    policy::{Class, Role, Sight, Type, Verb, access, table},
    schema::Limits,
};

/// One line of what you may do: with a class of fields of a type, or with one field that is granted by name. What holds for
/// some rows of the type only is here, too; the row decides.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccessRight {
    /// The line of the access table.
    #[graphql(name = "type")]
    pub ty: Type,
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

    /// The queues that you work in now.
    #[graphql(directive = access::apply("Queue".into(), "*".into(), false), complexity = "1 + 10 * child_complexity")]
    async fn queues(&self, ctx: &Context<'_>) -> Result<Vec<Queue>> {
        let cx = Cx::of(ctx);
        if cx.caller.queues.is_empty() {
            return Ok(Vec::new());
        }
        let rows = cx.caller.rows::<queue::Entity>().by_ids(cx.caller.queues.iter().copied());
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

    /// What you may do at most, by type and class of fields.
    async fn rights(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "type", desc = "Of this type only.")] ty: Option<Type>,
    ) -> Vec<AccessRight> {
        let roles = Cx::of(ctx).caller.roles;
        let types = ty.map_or_else(|| Type::ALL.to_vec(), |ty| vec![ty]);
        types.into_iter().flat_map(|ty| rights(ty, &table::most(ty, roles))).collect()
    }
}

fn rights(ty: Type, most: &crate::policy::Rights) -> Vec<AccessRight> {
    let line = |class, field, verb: Verb| {
        (verb != Verb::default()).then_some(AccessRight { ty, class, field, read: verb.sight, write: verb.write })
    };
    let classes = Class::ALL.into_iter().filter_map(|class| line(Some(class), None, most.on(class, "")));
    classes.chain(most.named_fields().filter_map(|(field, verb)| line(None, Some(field), verb))).collect()
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
