//! Journey: one entity graph of the whole customer journey.

pub mod account;
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod custom;
pub mod demo;
pub mod files;
pub mod graph;
pub mod http;
pub mod journey;
pub mod marketing;
pub mod me;
pub mod node;
pub mod policy;
pub mod sales;
pub mod schema;
pub mod search;
pub mod service;
pub mod store;
pub mod sync;
pub mod teamwork;
pub mod telemetry;
pub mod tenancy;
pub mod tenant;
