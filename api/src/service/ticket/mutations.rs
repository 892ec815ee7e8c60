//! Changing tickets.

use async_graphql::{Context, Object};

use super::{
    AssignTicketInput, AssignTicketPayload, ChangeTicketStatusInput, ChangeTicketStatusPayload, CreateTicketInput,
    CreateTicketPayload, EscalateTicketInput, EscalateTicketPayload, UpdateTicketInput, UpdateTicketPayload, service,
    update,
};
use crate::{
    graph::{Cx, Result},
    journey::attempt,
    policy::access,
};

/// Changing tickets.
#[derive(Default)]
pub struct TicketMutation;

#[Object]
impl TicketMutation {
    /// Opens a ticket; it takes the tenant's next number, and its clocks start. You must reach it afterwards: through its
    /// account, its queue, or as its owner. Event: `ticket.created`.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), true))]
    async fn create_ticket(&self, ctx: &Context<'_>, input: CreateTicketInput) -> Result<CreateTicketPayload> {
        let cx = Cx::of(ctx);
        CreateTicketPayload::of(attempt(|| service::create(cx, input.clone())).await)
    }

    /// Changes what a ticket is about, and whom it concerns. STATE_CONFLICT once it is closed.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), true))]
    async fn update_ticket(&self, ctx: &Context<'_>, input: UpdateTicketInput) -> Result<UpdateTicketPayload> {
        let cx = Cx::of(ctx);
        UpdateTicketPayload::of(attempt(|| update::update(cx, input.clone())).await)
    }

    /// Gives a ticket to a colleague or a queue. Refused if you would not reach it afterwards. Event: `ticket.assigned`.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), true))]
    async fn assign_ticket(&self, ctx: &Context<'_>, input: AssignTicketInput) -> Result<AssignTicketPayload> {
        let cx = Cx::of(ctx);
        AssignTicketPayload::of(attempt(|| service::assign(cx, input.clone())).await)
    }

    /// Moves a ticket to another status, and its clocks with it. A closed ticket stays closed, and none is NEW again:
    /// STATE_CONFLICT. Events: `ticket.status_changed`, and `ticket.solved`, `ticket.closed` or `ticket.reopened`.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), true))]
    async fn change_ticket_status(
        &self,
        ctx: &Context<'_>,
        input: ChangeTicketStatusInput,
    ) -> Result<ChangeTicketStatusPayload> {
        let cx = Cx::of(ctx);
        ChangeTicketStatusPayload::of(attempt(|| service::change_status(cx, input.clone())).await)
    }

    /// Calls for help with a ticket that is not solved: a higher priority, and another queue or colleague where one is
    /// named. Event: `ticket.escalated`.
    #[graphql(directive = access::apply("Ticket".into(), "P".into(), true))]
    async fn escalate_ticket(&self, ctx: &Context<'_>, input: EscalateTicketInput) -> Result<EscalateTicketPayload> {
        let cx = Cx::of(ctx);
        EscalateTicketPayload::of(attempt(|| service::escalate(cx, input.clone())).await)
    }
}
