//! A18: how long customers travel from one milestone to the next, and by which ways.

use std::collections::BTreeMap;

use crate::{
    moment::Moment,
    stats::{Ratio, Summary},
};

/// A milestone of the journey, in the order in which it is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Milestone {
    /// The first touch.
    FirstTouch,
    /// A lead was made.
    Lead,
    /// Marketing found it qualified.
    Mql,
    /// Sales accepted it.
    Sal,
    /// Sales found it qualified.
    Sql,
    /// An opportunity was created.
    Opportunity,
    /// It was won.
    Won,
    /// The first ticket.
    FirstTicket,
}

impl Milestone {
    /// All of them, in their order.
    pub const ALL: [Milestone; 8] = [
        Milestone::FirstTouch,
        Milestone::Lead,
        Milestone::Mql,
        Milestone::Sal,
        Milestone::Sql,
        Milestone::Opportunity,
        Milestone::Won,
        Milestone::FirstTicket,
    ];
}

/// One customer's journey: the milestones that were reached, in any order. Of a milestone that was reached several
/// times the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journey {
    /// What was reached, and when.
    pub reached: Vec<(Milestone, Moment)>,
}

impl Journey {
    fn first(&self) -> BTreeMap<Milestone, Moment> {
        let mut first = BTreeMap::new();
        for (milestone, moment) in &self.reached {
            first.entry(*milestone).and_modify(|own: &mut Moment| *own = (*own).min(*moment)).or_insert(*moment);
        }
        first
    }
}

/// The way from one milestone to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// From where.
    pub from: Milestone,
    /// To where.
    pub to: Milestone,
    /// Milliseconds, of the journeys that reached both in this order.
    pub time: Summary,
    /// How many are still on it: they reached the first, and neither the second nor a later one.
    pub open: u64,
    /// How many left it out: they reached the first and a later one, but not the second.
    pub skipped: u64,
    /// How many reached the second before the first: there is no time between.
    pub backwards: u64,
}

/// The way from one milestone to another, over some journeys.
pub fn leg(journeys: &[Journey], from: Milestone, to: Milestone) -> Leg {
    let (mut open, mut skipped, mut backwards) = (0, 0, 0);
    let mut times = Vec::new();
    for first in journeys.iter().map(Journey::first) {
        let Some(begun) = first.get(&from) else { continue };
        match first.get(&to) {
            Some(ended) if begun <= ended => times.push((ended.at - begun.at).num_milliseconds()),
            Some(_) => backwards += 1,
            None if first.keys().any(|milestone| *milestone > to) => skipped += 1,
            None => open += 1,
        }
    }
    Leg { from, to, time: Summary::of(times), open, skipped, backwards }
}

/// The legs between neighbouring milestones, in their order.
pub fn legs(journeys: &[Journey]) -> Vec<Leg> {
    Milestone::ALL.windows(2).map(|pair| leg(journeys, pair[0], pair[1])).collect()
}

/// The legs of each segment, in the order of the segments.
pub fn by_segment<S: Ord>(journeys: impl IntoIterator<Item = (S, Journey)>) -> Vec<(S, Vec<Leg>)> {
    let mut segments: BTreeMap<S, Vec<Journey>> = BTreeMap::new();
    for (segment, journey) in journeys {
        segments.entry(segment).or_default().push(journey);
    }
    segments.into_iter().map(|(segment, journeys)| (segment, legs(&journeys))).collect()
}

/// A way that journeys took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The milestones, in the order in which they were reached.
    pub steps: Vec<Milestone>,
    /// Of how many journeys it was the way, of all.
    pub share: Ratio,
}

/// The ways that journeys took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// The most frequent, most frequent first; of equally frequent ones that which comes first by its milestones.
    pub top: Vec<Path>,
    /// The journeys on all other ways.
    pub others: Ratio,
}

/// The `limit` most frequent ways. A journey without milestones is none.
pub fn paths(journeys: &[Journey], limit: usize) -> Paths {
    let mut counts: BTreeMap<Vec<Milestone>, u64> = BTreeMap::new();
    for journey in journeys {
        let mut reached: Vec<(Moment, Milestone)> =
            journey.first().into_iter().map(|(milestone, moment)| (moment, milestone)).collect();
        reached.sort_unstable();
        let steps: Vec<Milestone> = reached.into_iter().map(|(_, milestone)| milestone).collect();
        if !steps.is_empty() {
            *counts.entry(steps).or_default() += 1;
        }
    }
    let total: u64 = counts.values().sum();
    let mut ways: Vec<(Vec<Milestone>, u64)> = counts.into_iter().collect();
    // Stable, and the map was in the order of the milestones.
    ways.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let others: u64 = ways.iter().skip(limit).map(|(_, n)| n).sum();
    ways.truncate(limit);
    let top = ways.into_iter().map(|(steps, n)| Path { steps, share: Ratio::of(n, total) });
    Paths { top: top.collect(), others: Ratio::of(others, total) }
}
