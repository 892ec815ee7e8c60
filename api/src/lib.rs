//! Journey: one entity graph of the whole customer journey.

pub mod account;
pub mod auth;
pub mod clock;
pub mod graph;
pub mod journey;
pub mod marketing;
pub mod me;
pub mod node;
pub mod policy;
pub mod sales;
pub mod schema;
pub mod service;
pub mod store;
