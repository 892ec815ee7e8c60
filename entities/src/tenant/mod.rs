//! The tenant, its queues and its own rules.

pub mod definition;
pub mod goal;
pub mod queue;
pub mod queue_member;
pub mod tenant;
