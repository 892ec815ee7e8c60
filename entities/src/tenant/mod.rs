//! The tenant, its queues and its own rules.

pub mod custom_field;
pub mod custom_value;
pub mod definition;
pub mod goal;
pub mod queue;
pub mod queue_member;
#[expect(clippy::module_inception, reason = "the table carries the name of its wing")]
pub mod tenant;
