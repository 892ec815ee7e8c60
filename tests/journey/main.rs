//! The tests of the API, in its own order. How they come by a tenant, a token and a database is in `../support`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by it")]

mod accounts;
mod architecture;
mod custom;
mod escalation;
mod files;
mod handovers;
mod import;
mod isolation;
mod journal;
mod lists;
mod live;
mod marketing;
mod masks;
mod persons;
mod policy;
mod reach;
mod sales;
mod search;
mod service;
mod story;
mod teamwork;
mod timeline;
mod traces;
mod words;
