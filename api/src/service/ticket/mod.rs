//! The ticket: a customer's question, problem or wish.

mod inputs;
mod mutations;
mod queries;
pub mod service;
mod types;

pub use inputs::{
    AssignTicketInput, AssignTicketPayload, ChangeTicketStatusInput, ChangeTicketStatusPayload, CreateTicketInput,
    CreateTicketPayload, EscalateTicketInput, EscalateTicketPayload,
};
pub use mutations::TicketMutation;
pub use queries::{TicketFilter, TicketQuery};
pub use types::Ticket;

pub(super) use self::{
    queries::is_open,
    service::{closed, contract_of, payload_of},
};
