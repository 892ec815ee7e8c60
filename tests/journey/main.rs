//! The tests of the API, in its own order. How they come by a tenant, a token and a database is in `../support`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by it")]
#![allow(clippy::inconsistent_digit_grouping, reason = "minor units: the last two digits are cents")]
#![allow(clippy::type_complexity, reason = "tables of cases")]

mod accounts;
mod architecture;
mod bi;
mod bounds;
mod bucket;
mod bulk;
mod contract;
mod corrections;
mod custom;
mod desks;
mod distribute;
mod door;
mod edges;
mod escalation;
mod feed;
mod files;
mod handovers;
mod house;
mod house_rules;
mod identity;
mod import;
mod isolation;
mod journal;
mod lists;
mod live;
mod mapped;
mod marketing;
mod masks;
mod mutations;
mod numbers;
mod pages;
mod persons;
mod policy;
mod reach;
mod recent;
mod sales;
mod search;
mod service;
mod sources;
mod story;
mod teamwork;
mod telemetry;
mod timeline;
mod traces;
mod upsert;
mod walk;
mod webhooks;
mod words;
