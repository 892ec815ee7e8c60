//! The rows: one file a table, in the wings of the house.
//!
//! Rows are keyed by `(tenant_id, id)`. Columns marked PII are the only ones that may hold personal data or free text: erasing a person overwrites them.
//! Money is in minor units, times are UTC and cut to microseconds.

pub mod account;
pub mod codes;
pub mod journey;
pub mod marketing;
pub mod sales;
pub mod service;
pub mod sync;
pub mod tenant;
