//! Journey: one entity graph of the whole customer journey.

pub mod auth;
pub mod http;
pub mod policy;
