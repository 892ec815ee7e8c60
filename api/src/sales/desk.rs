//! The sales desk: my accounts, what waits for my decision, what may close, whom I meet.

use async_graphql::{Context, Object};
use entities::{
    account::account,
    codes::RequirementStatus,
    sales::{meeting, opportunity, requirement},
};
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, ExprTrait},
};

use super::{Meeting, Opportunity, Requirement, opportunity::is_open};
use crate::{
    account::Account,
    graph::{Cx, Direction, List, PageArgs, Result, list},
    marketing::{Handover, inbox},
    policy::{access, reach},
};

/// The desk of sales, and of technicians as far as they sell. Each list holds what you may see, no more.
pub struct SalesDesk;

/// The desk of sales, and of technicians as far as they sell. Each list holds what you may see, no more.
#[Object]
impl SalesDesk {
    /// The accounts that you own or on whose team you are, oldest first.
    #[graphql(directive = access::apply("Account".into(), "*".into(), false))]
    async fn my_accounts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Account>> {
        let cx = Cx::of(ctx);
        let mine = match cx.caller.colleague {
            Some(me) => Condition::any()
                .add(account::Column::OwnerId.eq(me))
                .add(reach::in_accounts(account::Column::Id.into_expr(), reach::team_accounts(&cx.caller, false))),
            None => Condition::any().add(Expr::val(1).eq(0)),
        };
        let rows = cx.caller.rows::<account::Entity>().filter(mine);
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Rising).await
    }

    /// What is offered to you or your queues and waits for a decision, oldest first.
    #[graphql(directive = access::apply("Handover".into(), "P".into(), false))]
    async fn handover_inbox(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Handover>> {
        inbox(Cx::of(ctx), PageArgs::new(first, after, last, before)).await
    }

    /// The opportunities that are neither won nor lost, newest first.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn pipeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In this stage only.")] stage: Option<String>,
        #[graphql(desc = "Only those that you run.")] mine: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Opportunity>> {
        let cx = Cx::of(ctx);
        let mut rows = cx.caller.rows::<opportunity::Entity>().filter(is_open(cx));
        if let Some(stage) = stage {
            rows = rows.filter(opportunity::Column::Stage.eq(stage));
        }
        if mine == Some(true) {
            rows = rows.filter(match cx.caller.colleague {
                Some(me) => opportunity::Column::OwnerId.eq(me),
                None => Expr::val(1).eq(0),
            });
        }
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Falling).await
    }

    /// The meetings that are planned and have not begun, in the order in which they were planned.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), false))]
    async fn upcoming_meetings(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Meeting>> {
        let cx = Cx::of(ctx);
        let rows = cx
            .caller
            .rows::<meeting::Entity>()
            .filter(meeting::Column::Outcome.is_null())
            .filter(meeting::Column::StartsAt.gte(cx.caller.now()));
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Rising).await
    }

    /// What customers need and nobody has answered yet, oldest first.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), false))]
    async fn open_requirements(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Requirement>> {
        let cx = Cx::of(ctx);
        let rows =
            cx.caller.rows::<requirement::Entity>().filter(requirement::Column::Status.eq(RequirementStatus::Open));
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Rising).await
    }
}

/// The entry of sales.
#[derive(Default)]
pub struct SalesQuery;

#[Object]
impl SalesQuery {
    /// The sales desk: for sales, technicians, managers, integrators and admins.
    #[graphql(directive = access::apply("SalesDesk".into(), "P".into(), false))]
    async fn sales(&self) -> SalesDesk {
        SalesDesk
    }
}
