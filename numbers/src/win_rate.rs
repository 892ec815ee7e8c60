//! A5 and A6: how many opportunities are won, and how long that takes.
//!
//! The last word on an opportunity counts: of several closes the last, and none of them once it was reopened.

use chrono::{DateTime, Duration, Utc};

use crate::{
    moment::Moment,
    stats::{Ratio, Summary},
};

/// How an opportunity was closed. Which reasons are which is the tenant's choice: by default a duplicate is not
/// counted, and "no decision" is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Won.
    Won,
    /// Lost.
    Lost,
    /// It should never have been there.
    NotCounted,
}

/// What happened to an opportunity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    /// It was closed.
    Closed(Outcome),
    /// It was opened again.
    Reopened,
}

/// An opportunity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opportunity {
    /// When it was created.
    pub created: DateTime<Utc>,
    /// Its amount in minor units of the report's currency; 0 without an amount.
    pub minor: i64,
    /// What happened to it, in any order.
    pub turns: Vec<(Moment, Turn)>,
}

impl Opportunity {
    /// When and how it is closed, as far as is known at a moment; `None` while it is open.
    pub fn closed(&self, as_of: DateTime<Utc>) -> Option<(DateTime<Utc>, Outcome)> {
        let known = self.turns.iter().filter(|(moment, _)| moment.at <= as_of);
        match known.max_by_key(|(moment, _)| *moment)? {
            (moment, Turn::Closed(outcome)) => Some((moment.at, *outcome)),
            (_, Turn::Reopened) => None,
        }
    }
}

/// A win rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WinRate {
    /// Won opportunities of all that count.
    pub by_count: Ratio,
    /// Their amounts, of the amounts of all that count.
    pub by_value: Ratio,
    /// How many were closed as not to be counted.
    pub not_counted: u64,
    /// How many of the cohort are open; 0 by closing period.
    pub open: u64,
    /// Whether nothing can change any more but by late arrivals and reopening.
    pub mature: bool,
}

impl WinRate {
    fn add(&mut self, won: bool, minor: i64) {
        self.by_count = self.by_count + Ratio::of(u64::from(won), 1);
        self.by_value = self.by_value + Ratio { numerator: if won { minor } else { 0 }, denominator: minor };
    }
}

/// By closing period `[from, to)`: won of won and lost.
pub fn by_closing(
    opportunities: &[Opportunity],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    as_of: DateTime<Utc>,
) -> WinRate {
    let mut rate = WinRate { mature: to <= as_of, ..WinRate::default() };
    for opportunity in opportunities {
        let closed = opportunity.closed(as_of).filter(|(at, _)| from <= *at && *at < to);
        match closed {
            Some((_, Outcome::Won)) => rate.add(true, opportunity.minor),
            Some((_, Outcome::Lost)) => rate.add(false, opportunity.minor),
            Some((_, Outcome::NotCounted)) => rate.not_counted += 1,
            None => {}
        }
    }
    rate
}

/// By creation in `[from, to)`: won of all created, whether they are closed or not. With a window, only what was won
/// within it after creation is won. Mature once none is open, or once the window is over for the last that could be
/// created.
pub fn by_creation(
    opportunities: &[Opportunity],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    window: Option<Duration>,
    as_of: DateTime<Utc>,
) -> WinRate {
    let mut rate = WinRate::default();
    for opportunity in opportunities {
        let Opportunity { created, minor, .. } = *opportunity;
        if created < from || to <= created || as_of < created {
            continue;
        }
        let inside = |at: DateTime<Utc>| window.is_none_or(|window| at - created <= window);
        match opportunity.closed(as_of) {
            Some((at, Outcome::Won)) => rate.add(inside(at), minor),
            Some((_, Outcome::Lost)) => rate.add(false, minor),
            Some((_, Outcome::NotCounted)) => rate.not_counted += 1,
            None => {
                rate.add(false, minor);
                rate.open += 1;
            }
        }
    }
    let over = window.and_then(|window| to.checked_add_signed(window)).is_some_and(|end| end <= as_of);
    rate.mature = to <= as_of && (rate.open == 0 || over);
    rate
}

/// A6: milliseconds from creation to winning, of what was won in `[from, to)`. One that is dated as won before it was
/// created took no time.
pub fn sales_cycle(
    opportunities: &[Opportunity],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    as_of: DateTime<Utc>,
) -> Summary {
    let cycles = opportunities.iter().filter_map(|opportunity| match opportunity.closed(as_of)? {
        (at, Outcome::Won) if from <= at && at < to => Some((at - opportunity.created).num_milliseconds().max(0)),
        (_, Outcome::Won | Outcome::Lost | Outcome::NotCounted) => None,
    });
    cycles.collect()
}
