//! A4: how long objects stay in their stages.
//!
//! Names and meaning are those of HubSpot's stage properties, so that an import can be checked value by value: *latest
//! time in* is the last stay that is over, *cumulative time in* the sum of all that are over. A stay that goes on has
//! no duration yet: it is counted beside (3.0, rule 6).

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use crate::{moment::Moment, stats::Summary};

/// A stay of an object in a stage: `[entered, exited)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval<S> {
    /// What stays.
    pub object: Uuid,
    /// Where.
    pub stage: S,
    /// When it came; of two stays the later moment is the latest. Two moves in one second make a stay of zero, which is
    /// kept.
    pub entered: Moment,
    /// When it left; `None` while it is there.
    pub exited: Option<DateTime<Utc>>,
}

/// The stays of one object in one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay<S> {
    /// What stays.
    pub object: Uuid,
    /// Where.
    pub stage: S,
    /// Milliseconds of the last stay that is over. `None` if none is: while it is there for the first time.
    pub latest: Option<i64>,
    /// Milliseconds of all stays that are over, together. `None` if none is.
    pub cumulative: Option<i64>,
    /// How often it came, the present stay included.
    pub visits: u64,
    /// Since when it is there; `None` if it is not.
    pub open_since: Option<DateTime<Utc>>,
}

/// The stays of all objects in one stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageTime<S> {
    /// The stage.
    pub stage: S,
    /// How many objects were there.
    pub objects: u64,
    /// How often they came, together.
    pub visits: u64,
    /// How many are there now: their present stay is in no duration.
    pub open_count: u64,
    /// Milliseconds: the latest stay of each object that has one that is over.
    pub latest: Summary,
    /// Milliseconds: all stays of each object that is not there now. An object that is has not cumulated all yet.
    pub cumulative: Summary,
}

/// The stays by object and stage, in this order, from intervals in any order. What began after `as_of` did not happen
/// yet, what ended after it still goes on. Stays shorter than `min_dwell` are left out, of those that go on the ones
/// that are still shorter; zero leaves none out. An interval that ends before it begins counts as zero.
pub fn stays<S: Ord + Clone>(
    mut intervals: Vec<Interval<S>>,
    as_of: DateTime<Utc>,
    min_dwell: Duration,
) -> Vec<Stay<S>> {
    intervals.retain(|interval| interval.entered.at <= as_of);
    intervals.sort_by(|a, b| (a.object, &a.stage, a.entered).cmp(&(b.object, &b.stage, b.entered)));
    intervals.dedup();
    let mut stays = Vec::new();
    for visits in intervals.chunk_by(|a, b| a.object == b.object && a.stage == b.stage) {
        let mut stay = Stay {
            object: visits[0].object,
            stage: visits[0].stage.clone(),
            latest: None,
            cumulative: None,
            visits: 0,
            open_since: None,
        };
        for visit in visits {
            let end = visit.exited.filter(|exited| *exited <= as_of);
            let dwell = (end.unwrap_or(as_of) - visit.entered.at).max(Duration::zero());
            if dwell < min_dwell {
                continue;
            }
            stay.visits += 1;
            match end {
                None => stay.open_since = Some(visit.entered.at),
                Some(_) => {
                    stay.latest = Some(dwell.num_milliseconds());
                    stay.cumulative = Some(stay.cumulative.unwrap_or(0) + dwell.num_milliseconds());
                }
            }
        }
        if stay.visits > 0 {
            stays.push(stay);
        }
    }
    stays
}

/// The stays by stage, in the order of the stages.
pub fn by_stage<S: Ord + Clone>(mut stays: Vec<Stay<S>>) -> Vec<StageTime<S>> {
    stays.sort_by(|a, b| a.stage.cmp(&b.stage));
    let stages = stays.chunk_by(|a, b| a.stage == b.stage);
    let summed = stages.map(|stays| StageTime {
        stage: stays[0].stage.clone(),
        objects: stays.len() as u64,
        visits: stays.iter().map(|stay| stay.visits).sum(),
        open_count: stays.iter().filter(|stay| stay.open_since.is_some()).count() as u64,
        latest: stays.iter().filter_map(|stay| stay.latest).collect(),
        cumulative: stays.iter().filter(|stay| stay.open_since.is_none()).filter_map(|stay| stay.cumulative).collect(),
    });
    summed.collect()
}
