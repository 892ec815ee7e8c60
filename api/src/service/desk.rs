//! The service desk: the first work lists of agents and technicians.

use async_graphql::{Context, Object};
use chrono::{DateTime, Duration, Utc};
use entities::{
    codes::{SlaObject, SurveyKind},
    service::{asset, sla_clock, survey_answer, ticket},
};
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, ExprTrait},
};

use super::{
    Asset, SlaClock, SurveyAnswer, Ticket,
    clock::{SlaClockFilter, SlaClockSort},
    figures::{self, SurveyScore, Workload},
    ticket::{TicketFilter, TicketSort, is_open},
};
use crate::{
    graph::{Cx, Direction, Error, GlobalId, Kind, List, PageArgs, Result, SortDirection, list, listed},
    marketing::{Handover, inbox},
    policy::{Rows, access},
};

/// The desk of service and of technicians. Each list holds what you may see, no more.
pub struct ServiceDesk;

/// The desk of service and of technicians. Each list holds what you may see, no more.
#[Object]
impl ServiceDesk {
    /// The tickets that wait or are worked on in your queues, oldest first unless sorted. Empty if you work in no queue and name
    /// none.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), false))]
    async fn queue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In this queue only, be it yours or not.")] queue_id: Option<GlobalId>,
        #[graphql(desc = "Which of them.")] filter: Option<TicketFilter>,
        #[graphql(desc = "In which order.")] sort: Option<TicketSort>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Ticket>> {
        let cx = Cx::of(ctx);
        let rows = in_queues(cx, queue_id)?;
        listed(cx, rows, filter, sort, PageArgs::new(first, after, last, before), Direction::Rising).await
    }

    /// What waits in your queues, in figures: the tickets that `queue` lists.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), false))]
    async fn workload(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In this queue only, be it yours or not.")] queue_id: Option<GlobalId>,
        #[graphql(desc = "How many minutes from now count as soon: 1 to 10,080, a week; 60 unless said.")] soon: Option<
            i32,
        >,
    ) -> Result<Workload> {
        let (cx, soon) = (Cx::of(ctx), soon.unwrap_or(60));
        if !(1..=10_080).contains(&soon) {
            return Err(Error::BadInput(format!("soon is between 1 and 10080 minutes, not {soon}")));
        }
        figures::workload(cx, in_queues(cx, queue_id)?, Duration::minutes(soon.into())).await
    }

    /// The promises that still run for open tickets, yours and those of your queues: what breaks next on top. A paused clock is not
    /// among them.
    #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), false))]
    async fn due_next(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<SlaClock>> {
        let cx = Cx::of(ctx);
        let mut mine = Condition::any().add(ticket::Column::QueueId.is_in(cx.caller.queues.clone()));
        if let Some(me) = cx.caller.colleague {
            mine = mine.add(ticket::Column::OwnerId.eq(me));
        }
        let tickets = cx.caller.rows::<ticket::Entity>().filter(is_open(cx)).filter(mine);
        let rows = cx
            .caller
            .rows::<sla_clock::Entity>()
            .filter(sla_clock::Column::ObjectType.eq(SlaObject::Ticket))
            .filter(sla_clock::Column::ObjectId.in_subquery(tickets.into_ids()))
            .filter(sla_clock::Column::MetAt.is_null())
            .filter(sla_clock::Column::BreachedAt.is_null())
            .filter(sla_clock::Column::DueAt.is_not_null());
        let due = SlaClockSort { due_at: Some(SortDirection::Asc), ..SlaClockSort::default() };
        let args = PageArgs::new(first, after, last, before);
        listed(cx, rows, None::<SlaClockFilter>, Some(due), args, Direction::Rising).await
    }

    /// The open tickets that you work on, oldest first.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), false))]
    async fn my_tickets(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Ticket>> {
        let cx = Cx::of(ctx);
        let mine = match cx.caller.colleague {
            Some(me) => ticket::Column::OwnerId.eq(me),
            // A token without a colleague works on nothing.
            None => Expr::val(1).eq(0),
        };
        let rows = cx.caller.rows::<ticket::Entity>().filter(is_open(cx)).filter(mine);
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

    /// The promises that broke, newest first.
    #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), false))]
    async fn breached_clocks(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<SlaClock>> {
        let cx = Cx::of(ctx);
        let rows = cx.caller.rows::<sla_clock::Entity>().filter(sla_clock::Column::BreachedAt.is_not_null());
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Falling).await
    }

    /// What stands at customers' and serves, newest first.
    #[graphql(directive = access::apply("Asset".into(), "P".into(), false))]
    async fn installed_base(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this customer only.")] account_id: Option<GlobalId>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Asset>> {
        let cx = Cx::of(ctx);
        let mut rows = cx.caller.rows::<asset::Entity>().filter(asset::Column::RetiredAt.is_null());
        if let Some(account) = account_id {
            rows = rows.filter(asset::Column::AccountId.eq(account.expect(Kind::Account)?));
        }
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Falling).await
    }

    /// What customers answered, newest first.
    #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), false))]
    async fn satisfaction(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "To this kind of survey only.")] kind: Option<SurveyKind>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<SurveyAnswer>> {
        let cx = Cx::of(ctx);
        let mut rows = cx.caller.rows::<survey_answer::Entity>();
        if let Some(kind) = kind {
            rows = rows.filter(survey_answer::Column::Kind.eq(kind));
        }
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Falling).await
    }

    /// How content the customers are: the answers that you may see, at most one line for each kind of survey and scale. Empty where nobody answered.
    #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), false))]
    async fn satisfaction_scores(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Answered at this moment or later.")] from: Option<DateTime<Utc>>,
        #[graphql(desc = "Answered before this moment.")] to: Option<DateTime<Utc>>,
    ) -> Result<Vec<SurveyScore>> {
        let cx = Cx::of(ctx);
        let mut rows = cx.caller.rows::<survey_answer::Entity>();
        if let Some(from) = from {
            rows = rows.filter(survey_answer::Column::AnsweredAt.gte(from));
        }
        if let Some(to) = to {
            rows = rows.filter(survey_answer::Column::AnsweredAt.lt(to));
        }
        figures::scores(cx, rows).await
    }
}

/// The open tickets of a queue, or of the caller's own.
fn in_queues(cx: &Cx, queue: Option<GlobalId>) -> Result<Rows<ticket::Entity>> {
    let queues = match queue {
        Some(queue) => vec![queue.expect(Kind::Queue)?],
        None => cx.caller.queues.clone(),
    };
    Ok(cx.caller.rows::<ticket::Entity>().filter(is_open(cx)).filter(ticket::Column::QueueId.is_in(queues)))
}

/// The entry of the desk.
#[derive(Default)]
pub struct DeskQuery;

#[Object]
impl DeskQuery {
    /// The desk of service and of technicians.
    // Who reads the free text of the installed base works with machines: service, technical, manager, integrator, admin.
    // Marketing and sales read its class P only, the analyst nothing. No ticket line draws this border: managers read no
    // ticket's text, and administrators no messages.
    #[graphql(directive = access::apply("Asset".into(), "T".into(), false))]
    async fn service(&self) -> ServiceDesk {
        ServiceDesk
    }
}
