//! Other systems: their keys, their currencies, and what is sent to them.

pub mod external_ref;
pub mod fx_rate;
pub mod source_system;
pub mod webhook_delivery;
pub mod webhook_endpoint;
