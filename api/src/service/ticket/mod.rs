//! The ticket: a customer's question, problem or wish.

mod inputs;
mod mutations;
mod queries;
pub mod service;
mod types;
mod update;

pub use inputs::{
    AssignTicketInput, AssignTicketPayload, ChangeTicketStatusInput, ChangeTicketStatusPayload, CreateTicketInput,
    CreateTicketPayload, EscalateTicketInput, EscalateTicketPayload, UpdateTicketInput, UpdateTicketPayload,
};
pub use mutations::TicketMutation;
pub use queries::{TicketFilter, TicketQuery, TicketSort, is_open};
pub use types::Ticket;

pub(crate) use self::service::{closed, event, payload_of, step};
