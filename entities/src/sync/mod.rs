//! Other systems: their keys and their currencies.

pub mod external_ref;
pub mod fx_rate;
pub mod source_system;
