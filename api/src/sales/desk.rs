//! The sales desk: my accounts, what waits for a decision, what may close, whom I meet, what is to be done next.

use async_graphql::{Context, Object};
use entities::{
    account::account,
    codes::RequirementStatus,
    marketing::handover,
    sales::{meeting, opportunity, requirement},
};
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, ExprTrait},
};

use super::{
    Meeting, Opportunity, Requirement,
    figures::{self, PipelineStage},
    meeting::{MeetingFilter, MeetingSort},
    opportunity::{OpportunityFilter, OpportunitySort, is_open},
    steps::{self, NextStep},
};
use crate::{
    account::{
        Account,
        account::{AccountFilter, AccountSort},
    },
    graph::{Cx, DEFAULT_PAGE, Direction, List, PageArgs, Result, SortDirection, list, listed},
    marketing::{
        Handover,
        handover::{HandoverFilter, HandoverSort},
        inbox,
    },
    policy::{access, reach},
};

/// The desk of sales, and of technicians as far as they sell. Each list holds what you may see, no more.
pub struct SalesDesk;

/// The desk of sales, and of technicians as far as they sell. Each list holds what you may see, no more.
#[Object]
impl SalesDesk {
    /// The accounts that you own or on whose team you are, oldest first unless sorted.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(directive = access::apply("Account".into(), "*".into(), false))]
    async fn my_accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them.")] filter: Option<AccountFilter>,
        #[graphql(desc = "In which order.")] sort: Option<AccountSort>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Account>> {
        let cx = Cx::of(ctx);
        let rows = cx.caller.rows::<account::Entity>().filter(my_accounts(cx));
        listed(cx, rows, filter, sort, PageArgs::new(first, after, last, before), Direction::Rising).await
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

    /// Every handover that still waits for a decision and is yours to know: offered by you, or about one of your accounts, whoever
    /// decides. What is due first on top, what has no date last.
    #[graphql(directive = access::apply("Handover".into(), "P".into(), false))]
    async fn open_handovers(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Handover>> {
        let cx = Cx::of(ctx);
        let accounts = cx.caller.rows::<account::Entity>().filter(my_accounts(cx)).into_ids();
        let mut known = Condition::any().add(handover::Column::AccountId.in_subquery(accounts));
        if let Some(me) = cx.caller.colleague {
            known = known.add(handover::Column::FromId.eq(me));
        }
        let rows = cx.caller.rows::<handover::Entity>().filter(handover::Column::Outcome.is_null()).filter(known);
        let due = HandoverSort { due_at: Some(SortDirection::Asc), ..HandoverSort::default() };
        let args = PageArgs::new(first, after, last, before);
        listed(cx, rows, None::<HandoverFilter>, Some(due), args, Direction::Rising).await
    }

    /// What is to be done next: your open tasks and those about your accounts, and what your own open opportunities say. At most 100:
    /// what is due first on top, what has no date last. Empty for a machine's token.
    #[graphql(
        directive = access::apply("Task".into(), "P".into(), false))]
    async fn next_steps(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only the tasks that are assigned to you.")] mine: Option<bool>,
        #[graphql(desc = "The first n, 1 to 100; 20 unless said.")] first: Option<i32>,
    ) -> Result<Vec<NextStep>> {
        steps::next_steps(Cx::of(ctx), mine == Some(true), first.unwrap_or(DEFAULT_PAGE)).await
    }

    /// What stands in each open stage: at most one line for each, in the order of its pipeline, counted over the opportunities that you
    /// may see.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn pipeline_by_stage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that you run.")] mine: Option<bool>,
    ) -> Result<Vec<PipelineStage>> {
        let cx = Cx::of(ctx);
        let rows = cx.caller.rows::<opportunity::Entity>();
        figures::by_stage(cx, if mine == Some(true) { rows.filter(run_by_me(cx)) } else { rows }).await
    }

    /// The opportunities that are neither won nor lost, newest first unless sorted.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn pipeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In this stage only.")] stage: Option<String>,
        #[graphql(desc = "Only those that you run.")] mine: Option<bool>,
        #[graphql(desc = "In which order.")] sort: Option<OpportunitySort>,
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
            rows = rows.filter(run_by_me(cx));
        }
        let args = PageArgs::new(first, after, last, before);
        listed(cx, rows, None::<OpportunityFilter>, sort, args, Direction::Falling).await
    }

    /// The meetings that are planned and have not begun, the next one first.
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
        let start = MeetingSort { starts_at: Some(SortDirection::Asc), ..MeetingSort::default() };
        let args = PageArgs::new(first, after, last, before);
        listed(cx, rows, None::<MeetingFilter>, Some(start), args, Direction::Rising).await
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

/// The accounts that the caller owns or on whose team it is.
pub(super) fn my_accounts(cx: &Cx) -> Condition {
    match cx.caller.colleague {
        Some(me) => Condition::any()
            .add(account::Column::OwnerId.eq(me))
            .add(reach::in_accounts(account::Column::Id.into_expr(), reach::team_accounts(&cx.caller, false))),
        None => Condition::any().add(Expr::val(1).eq(0)),
    }
}

/// The opportunities that the caller runs.
fn run_by_me(cx: &Cx) -> Expr {
    match cx.caller.colleague {
        Some(me) => opportunity::Column::OwnerId.eq(me),
        None => Expr::val(1).eq(0),
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
