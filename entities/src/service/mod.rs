//! The service wing: from the delivery on.

pub mod asset;
pub mod business_calendar;
pub mod file;
pub mod sla_clock;
pub mod sla_policy;
pub mod survey_answer;
pub mod ticket;
pub mod ticket_message;
