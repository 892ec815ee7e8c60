//! A2: how good the leads are that marketing hands over, and how soon sales decides. Each offer is judged in the period
//! in which it was made.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::stats::Ratio;

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome<R> {
    /// Taken, by somebody.
    Accepted,
    /// Taken by the clock, after the deadline, where the tenant wants it so. Nobody judged it.
    AutoAccepted,
    /// Not taken, for a coded reason; `None` if none was given.
    Rejected(Option<R>),
    /// Neither: waiting, expired, recalled, or given back later.
    Neither,
}

/// An offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Offer<R> {
    /// Who is offered: the person or the lead, by its surviving id.
    pub unit: Uuid,
    /// When.
    pub offered: DateTime<Utc>,
    /// By when a decision is due; `None` without a deadline: then any decision is in time.
    pub due: Option<DateTime<Utc>>,
    /// When it was decided.
    pub decided: Option<DateTime<Utc>>,
    /// How.
    pub outcome: Outcome<R>,
}

/// How good the offers of a period were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quality<R> {
    /// Offers.
    pub offered: u64,
    /// Those who were offered; one who was offered twice counts once.
    pub units: u64,
    /// Taken by somebody, of those that somebody took or rejected.
    pub acceptance: Ratio,
    /// Taken or rejected by somebody, of all.
    pub decided: Ratio,
    /// So in time, of all.
    pub on_time: Ratio,
    /// Taken by the clock: in none of these rates but as offered.
    pub auto_accepted: u64,
    /// Why they were rejected, most frequent first, of all rejected; of equally frequent reasons the one that comes
    /// first.
    pub reasons: Vec<(Option<R>, Ratio)>,
}

/// How good the offers made in `[from, to)` were, as far as decided by `as_of`.
pub fn quality<R: Ord + Clone>(
    offers: &[Offer<R>],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    as_of: DateTime<Utc>,
) -> Quality<R> {
    let mut units = BTreeSet::new();
    let mut reasons: BTreeMap<Option<R>, u64> = BTreeMap::new();
    let (mut offered, mut accepted, mut rejected, mut on_time, mut auto_accepted) = (0, 0, 0, 0, 0);
    for offer in offers.iter().filter(|offer| from <= offer.offered && offer.offered < to && offer.offered <= as_of) {
        units.insert(offer.unit);
        offered += 1;
        let Some(decided) = offer.decided.filter(|decided| *decided <= as_of) else { continue };
        match &offer.outcome {
            Outcome::Accepted => accepted += 1,
            Outcome::Rejected(reason) => {
                rejected += 1;
                *reasons.entry(reason.clone()).or_default() += 1;
            }
            Outcome::AutoAccepted => {
                auto_accepted += 1;
                continue;
            }
            Outcome::Neither => continue,
        }
        on_time += u64::from(offer.due.is_none_or(|due| decided <= due));
    }
    let mut reasons: Vec<(Option<R>, Ratio)> =
        reasons.into_iter().map(|(reason, n)| (reason, Ratio::of(n, rejected))).collect();
    reasons.sort_by_key(|(_, share)| std::cmp::Reverse(share.numerator));
    Quality {
        offered,
        units: units.len() as u64,
        acceptance: Ratio::of(accepted, accepted + rejected),
        decided: Ratio::of(accepted + rejected, offered),
        on_time: Ratio::of(on_time, offered),
        auto_accepted,
        reasons,
    }
}
