//! Reading tickets.

use async_graphql::{Context, InputObject, Object};
use entities::{codes::TicketStatus, service::ticket};
use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, ExprTrait},
};

use super::Ticket;
use crate::{
    graph::{Cx, Direction, GlobalId, Kind, List, PageArgs, Result, cost, list, one},
    policy::{Rows, access},
};

/// Which tickets to list.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TicketFilter {
    /// In one of these states.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), false))]
    pub status: Option<Vec<TicketStatus>>,
    /// In this queue.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), false))]
    pub queue_id: Option<GlobalId>,
    /// True: those that you work on; false: all others.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), false))]
    pub mine: Option<bool>,
}

/// Tickets that are not solved or closed.
pub(in crate::service) fn is_open() -> Expr {
    ticket::Column::Status.is_not_in([TicketStatus::Solved, TicketStatus::Closed])
}

impl TicketFilter {
    /// The rows that pass.
    fn narrow(self, cx: &Cx, mut rows: Rows<ticket::Entity>) -> Result<Rows<ticket::Entity>> {
        let TicketFilter { status, queue_id, mine } = self;
        if let Some(status) = status {
            rows = rows.filter(ticket::Column::Status.is_in(status));
        }
        if let Some(queue) = queue_id {
            rows = rows.filter(ticket::Column::QueueId.eq(queue.expect(Kind::Queue)?));
        }
        match (mine, cx.caller.colleague) {
            (None, _) | (Some(false), None) => {}
            // A token without a colleague works on nothing.
            (Some(true), None) => rows = rows.filter(Expr::val(1).eq(0)),
            (Some(true), Some(me)) => rows = rows.filter(ticket::Column::OwnerId.eq(me)),
            (Some(false), Some(me)) => {
                rows = rows.filter(ticket::Column::OwnerId.ne(me).or(ticket::Column::OwnerId.is_null()));
            }
        }
        Ok(rows)
    }
}

/// Reading tickets.
#[derive(Default)]
pub struct TicketQuery;

#[Object]
impl TicketQuery {
    /// One ticket; null if there is none that you may see.
    #[graphql(directive = access::apply("Ticket".into(), "*".into(), false))]
    async fn ticket(&self, ctx: &Context<'_>, id: GlobalId) -> Result<Option<Ticket>> {
        one::<ticket::Entity, _>(Cx::of(ctx), id.expect(Kind::Ticket)?).await
    }

    /// The tickets that you may see, newest first.
    #[graphql(directive = access::apply("Ticket".into(), "*".into(), false), complexity = "cost(first, last, child_complexity)")]
    async fn tickets(
        &self,
        ctx: &Context<'_>,
        filter: Option<TicketFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Ticket>> {
        let cx = Cx::of(ctx);
        let rows = filter.unwrap_or_default().narrow(cx, cx.caller.rows::<ticket::Entity>())?;
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Falling).await
    }
}
