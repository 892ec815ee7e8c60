//! Other systems: their keys, their currencies, and what they bring.

pub mod external_ref;
pub mod fx_rate;
pub mod import_job;
pub mod import_row;
pub mod source_system;
