//! The service desk: the first work lists of agents and technicians.

use async_graphql::{Context, Object};
use entities::{
    codes::SurveyKind,
    service::{asset, sla_clock, survey_answer, ticket},
};
use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, ExprTrait},
};

use super::{Asset, SlaClock, SurveyAnswer, Ticket, ticket::is_open};
use crate::{
    graph::{Cx, Direction, GlobalId, Kind, List, PageArgs, Result, cost, list},
    marketing::{Handover, inbox},
    policy::access,
};

/// The desk of service and of technicians. Each list holds what you may see, no more.
pub struct ServiceDesk;

/// The desk of service and of technicians. Each list holds what you may see, no more.
#[Object]
impl ServiceDesk {
    /// The tickets that wait or are worked on in your queues, oldest first. Empty if you work in no queue and name none.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
    async fn queue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In this queue only, be it yours or not.")] queue_id: Option<GlobalId>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Ticket>> {
        let cx = Cx::of(ctx);
        let queues = match queue_id {
            Some(queue) => vec![queue.expect(Kind::Queue)?],
            None => cx.caller.queues.clone(),
        };
        let rows = cx.caller.rows::<ticket::Entity>().filter(is_open()).filter(ticket::Column::QueueId.is_in(queues));
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Rising).await
    }

    /// The open tickets that you work on, oldest first.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
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
        let rows = cx.caller.rows::<ticket::Entity>().filter(is_open()).filter(mine);
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Rising).await
    }

    /// What is offered to you or your queues and waits for a decision, oldest first.
    #[graphql(directive = access::apply("Handover".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
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
    #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
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
    #[graphql(directive = access::apply("Asset".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
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
    #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
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
