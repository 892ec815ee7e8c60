//! The sales wing: from the lead to the contract.

pub mod activity;
pub mod contract;
pub mod meeting;
pub mod meeting_attendee;
pub mod note;
pub mod note_mention;
pub mod opportunity;
pub mod opportunity_contact;
pub mod opportunity_snapshot;
pub mod order_line;
pub mod pipeline;
pub mod product;
pub mod requirement;
pub mod sales_order;
pub mod stage;
pub mod stage_interval;
pub mod task;
