//! The arithmetic of the figures: what is counted, how time is cut, how credit is shared. Pure: rows come in, figures go out;
//! no database, no caller, no clock. Which rows a caller may count is decided before they get here (`api/src/policy`), and what
//! they are called is decided after (`api/src/analytics`).
//!
//! Section numbers (A1, 4.2 …) are those of `docs/numbers.md`.

pub mod attribution;
pub mod backlog;
pub mod civil;
pub mod cohort;
pub mod credit;
pub mod funnel;
pub mod fx;
pub mod handover;
pub mod health;
pub mod hours;
pub mod journey_time;
pub mod moment;
pub mod response;
pub mod returns;
pub mod stage_time;
pub mod stats;
pub mod suppress;
pub mod survey;
pub mod ticket;
pub mod velocity;
pub mod waterfall;
pub mod win_rate;
