//! The journey: what happened, about whom, in which order.

pub mod change_log;
pub mod event_subject;
pub mod feed_counter;
pub mod journey_event;
pub mod search_token;
