//! Other systems: their keys, their words and who wins where they disagree; exchange rates.

pub mod external_ref;
pub mod field_conflict;
pub mod field_policy;
pub mod field_writer;
pub mod fx_rate;
pub mod idempotency_key;
pub mod import_job;
pub mod import_row;
pub mod source_system;
pub mod webhook_delivery;
pub mod webhook_endpoint;
