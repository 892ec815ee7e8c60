//! The figures, each by a worked example, by an oracle that counts in the plainest way, and in any order of its rows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by it")]
#![allow(clippy::type_complexity, reason = "tables of cases")]

mod backlog;
mod civil;
mod cohort;
mod funnel;
mod fx;
mod handover;
mod health;
mod hours;
mod journey_time;
mod response;
mod returns;
mod stage_time;
mod stats;
mod suppress;
mod survey;
mod ticket;
mod velocity;
mod waterfall;
mod win_rate;

use chrono::{DateTime, Utc};
use numbers::moment::Moment;
use uuid::Uuid;

/// An instant, as `2026-03-29T01:00:00Z` or with another offset.
fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}")).with_timezone(&Utc)
}

/// What happened at an instant; the id decides between two of one time.
fn moment(at: DateTime<Utc>, id: u128) -> Moment {
    Moment::of(at, Uuid::from_u128(id))
}
