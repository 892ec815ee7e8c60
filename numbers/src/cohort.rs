//! A15: what becomes of customers, by the period in which they became customers.
//!
//! A cohort is the accounts whose first win ever lies in one period; cell k is what they did in the k-th period after
//! it, 0 being the period itself. *Net* is all their revenue; *gross* counts of each account no more than it brought in
//! period 0, so that growth of some does not hide the loss of others. Retention is `active / size`, revenue retention
//! `net / net of cell 0` and `gross / net of cell 0`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    civil::{Bucket, Calendar, Grain, TooMany},
    stats::Ratio,
};

/// An account won: an opportunity or an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Win {
    /// The account, by its surviving id.
    pub account: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// What an account did: a fact of revenue, or a sign of life without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fact {
    /// The account, by its surviving id.
    pub account: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Minor units of the report's currency; 0 without revenue, negative for a credit note. The win itself is no fact
    /// unless it is given as one.
    pub minor: i64,
}

/// A question about cohorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// How time is cut.
    pub calendar: Calendar,
    /// Into what; not into hours.
    pub grain: Grain,
    /// First wins from this instant on make a cohort …
    pub from: DateTime<Utc>,
    /// … and before this.
    pub to: DateTime<Utc>,
    /// How many cells a cohort has at most.
    pub cells: usize,
    /// How many cohorts are allowed.
    pub limit: usize,
    /// What happened later is not known yet.
    pub as_of: DateTime<Utc>,
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There are no cohorts by the hour.
    Hourly,
    /// More cohorts than allowed.
    TooMany(TooMany),
}

/// What a cohort did in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cell {
    /// How many periods after the cohort's own.
    pub k: usize,
    /// How many of its accounts have a fact.
    pub active: u64,
    /// All their revenue, in minor units.
    pub net: i64,
    /// Their revenue, of each account at most what it brought in period 0.
    pub gross: i64,
    /// Whether the period is over.
    pub mature: bool,
}

/// The accounts that were first won in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// The period, cut to the one that was asked for.
    pub period: Bucket,
    /// How many accounts.
    pub size: u64,
    /// What they did, from period 0 on, as far as a period has begun.
    pub cells: Vec<Cell>,
}

impl Cohort {
    /// Of its accounts, those that were active in a cell.
    pub fn retention(&self, cell: &Cell) -> Ratio {
        Ratio::of(cell.active, self.size)
    }

    /// Revenue of a cell for that of cell 0: net, and gross.
    pub fn revenue_retention(&self, cell: &Cell) -> (Ratio, Ratio) {
        let base = self.cells.first().map_or(0, |first| first.net);
        (Ratio { numerator: cell.net, denominator: base }, Ratio { numerator: cell.gross, denominator: base })
    }
}

/// When each account was first won, ever. An account is a new customer (A14) of the period in which this lies.
pub fn first_wins(wins: impl IntoIterator<Item = Win>) -> BTreeMap<Uuid, DateTime<Utc>> {
    let mut first = BTreeMap::new();
    for Win { account, at } in wins {
        first.entry(account).and_modify(|first: &mut DateTime<Utc>| *first = at.min(*first)).or_insert(at);
    }
    first
}

/// The cohorts of a period, in their order, those without accounts too. `wins` are all wins ever, in any order; who won
/// before the period belongs to none of its cohorts.
///
/// # Errors
/// [`Refused`].
pub fn cohorts(
    question: &Question,
    wins: impl IntoIterator<Item = Win>,
    facts: impl IntoIterator<Item = Fact>,
) -> Result<Vec<Cohort>, Refused> {
    let Question { calendar, grain, from, to, cells, limit, as_of } = *question;
    if grain == Grain::Hour {
        return Err(Refused::Hourly);
    }
    let periods = calendar.buckets(from, to, grain, limit).map_err(Refused::TooMany)?;
    let number = |at| calendar.period_of(at, grain).unwrap_or_default();
    let mut members: BTreeMap<Uuid, (usize, i64)> = BTreeMap::new();
    for (account, at) in first_wins(wins.into_iter().filter(|win| win.at <= as_of)) {
        if let Some(place) = Bucket::find(&periods, at) {
            members.insert(account, (place, number(at)));
        }
    }
    // Revenue by account and cell; an account with an entry is active.
    let mut sums: BTreeMap<(Uuid, usize), i64> = BTreeMap::new();
    for Fact { account, at, minor } in facts {
        let Some((_, own)) = members.get(&account).filter(|_| at <= as_of) else { continue };
        if let Some(k) = usize::try_from(number(at) - own).ok().filter(|k| *k < cells) {
            *sums.entry((account, k)).or_default() += minor;
        }
    }
    let mut cohorts: Vec<Cohort> =
        periods.into_iter().map(|period| empty(question, number(period.from), period)).collect();
    for (place, _) in members.values() {
        cohorts[*place].size += 1;
    }
    for ((account, k), minor) in &sums {
        let Some((place, _)) = members.get(account) else { continue };
        // A fact lies in a period that has begun, so there is a cell.
        if let Some(cell) = cohorts[*place].cells.get_mut(*k) {
            let base = sums.get(&(*account, 0)).copied().unwrap_or_default();
            cell.active += 1;
            cell.net += minor;
            cell.gross += minor.min(&base);
        }
    }
    Ok(cohorts)
}

fn empty(question: &Question, number: i64, period: Bucket) -> Cohort {
    let cells = (0..question.cells).map_while(|k| {
        let whole = question.calendar.period(number + i64::try_from(k).ok()?, question.grain)?;
        let mature = whole.to <= question.as_of;
        (whole.from <= question.as_of).then_some(Cell { k, mature, ..Cell::default() })
    });
    Cohort { cells: cells.collect(), period, size: 0 }
}
