//! Next steps: what is to be done, whether somebody wrote it down as a task or said it of an opportunity.

use async_graphql::Object;
use chrono::NaiveDate;
use entities::{
    account::account,
    sales::{opportunity, task},
};
use sea_orm::{ColumnTrait, Condition, sea_query::ExprTrait};

use super::{
    Opportunity,
    desk::my_accounts,
    opportunity::{OpportunityFilter, OpportunitySort, is_open},
};
use crate::{
    graph::{Cx, Direction, Error, MAX_PAGE, PageArgs, Result, SortDirection, listed},
    policy::{Class, Type, access, reach},
    teamwork::{Task, TaskFilter, TaskSort},
};

/// Something to be done next: a task, or what an opportunity says of itself. Exactly one of the two is there.
#[derive(Clone)]
pub enum NextStep {
    /// Somebody wrote it down.
    Task(Task),
    /// An opportunity says it.
    Opportunity(Opportunity),
}

/// Something to be done next: a task, or what an opportunity says of itself. Exactly one of the two is there.
#[Object]
impl NextStep {
    /// The day (UTC) on which the task is due, or on which the opportunity is expected to close; null for no date.
    #[graphql(name = "dueOn", directive = access::apply("Task".into(), "P".into(), false))]
    async fn due(&self) -> Option<NaiveDate> {
        self.due_on()
    }

    /// What is to be done; null where you may not read it.
    #[graphql(directive = access::apply("Task".into(), "T".into(), false))]
    async fn title(&self) -> Option<String> {
        match self {
            NextStep::Task(task) => task.0.read(Class::T, "title", |row| row.title.clone()),
            NextStep::Opportunity(deal) => deal.0.read(Class::T, "next_step", |row| row.next_step.clone()),
        }
    }

    /// The task; null for an opportunity's own step.
    #[graphql(directive = access::apply("Task".into(), "P".into(), false))]
    async fn task(&self) -> Option<Task> {
        match self {
            NextStep::Task(task) => Some(task.clone()),
            NextStep::Opportunity(_) => None,
        }
    }

    /// The opportunity that says it; null for a task, whose record is in the task.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn opportunity(&self) -> Option<Opportunity> {
        match self {
            NextStep::Task(_) => None,
            NextStep::Opportunity(deal) => Some(deal.clone()),
        }
    }
}

impl NextStep {
    fn due_on(&self) -> Option<NaiveDate> {
        match self {
            NextStep::Task(task) => task.0.read(Class::P, "due_at", |row| row.due_at.map(|at| at.date_naive())),
            NextStep::Opportunity(deal) => deal.0.read(Class::P, "close_date", |row| row.close_date),
        }
    }
}

/// The next steps of the caller: its open tasks and those about its accounts; what its own open opportunities say. What is due
/// first on top, tasks before opportunities on one day, what has no date last.
pub(super) async fn next_steps(cx: &Cx, mine: bool, first: i32) -> Result<Vec<NextStep>> {
    if !(1..=MAX_PAGE).contains(&first) {
        return Err(Error::BadInput(format!("first is between 1 and {MAX_PAGE}, not {first}")));
    }
    let Some(me) = cx.caller.colleague else { return Ok(Vec::new()) };
    let mut to_do = Condition::any().add(task::Column::AssigneeId.eq(me));
    if !mine {
        let accounts = cx.caller.rows::<account::Entity>().filter(my_accounts(cx)).into_ids();
        to_do = to_do.add(reach::in_accounts(task::Column::AccountId.into_expr(), Some(accounts)));
    }
    let tasks = cx.caller.rows::<task::Entity>().filter(task::Column::DoneAt.is_null()).filter(to_do);
    let due = TaskSort { due_at: Some(SortDirection::Asc), ..TaskSort::default() };
    let page = || PageArgs { first: Some(first), ..PageArgs::default() };
    let tasks = listed::<task::Entity, Task>(cx, tasks, None::<TaskFilter>, Some(due), page(), Direction::Rising);

    let said = opportunity::Column::NextStep.into_expr();
    let said = cx.caller.shown::<opportunity::Entity>(Type::Opportunity, Class::T, "next_step", said).0;
    let deals = cx
        .caller
        .rows::<opportunity::Entity>()
        .filter(is_open(cx))
        .filter(opportunity::Column::OwnerId.eq(me))
        .filter(said.clone().is_not_null().and(said.ne("")));
    let close = OpportunitySort { close_date: Some(SortDirection::Asc), ..OpportunitySort::default() };
    let deals = listed::<opportunity::Entity, Opportunity>(
        cx,
        deals,
        None::<OpportunityFilter>,
        Some(close),
        page(),
        Direction::Rising,
    );
    let (tasks, deals) = (tasks.await?, deals.await?);
    let mut steps: Vec<NextStep> = tasks.edges.into_iter().map(|edge| NextStep::Task(edge.node)).collect();
    steps.extend(deals.edges.into_iter().map(|edge| NextStep::Opportunity(edge.node)));
    steps.sort_by_key(|step| (step.due_on().is_none(), step.due_on()));
    steps.truncate(usize::try_from(first).unwrap_or_default());
    Ok(steps)
}
