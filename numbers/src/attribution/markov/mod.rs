//! Attribution by removal effect in a Markov chain (numbers.md 4.3; Anderl et al. 2014; ChannelAttribution), solved exactly.

mod chain;
mod dense;
mod solution;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::Hash,
    num::NonZeroUsize,
};

use thiserror::Error;

use super::Transform;

pub use solution::{Effect, Removal, Solution};

/// A channel on fewer paths than this is reported as `unstable` (4.3).
pub const UNSTABLE_BELOW: u64 = 30;

/// How many states a chain may have when no other limit is set: of a chain in which all leads to all, as many are solved in a
/// few seconds and 100 MB; time grows with the cube of the states, memory with their square. 2,000 states are 2,000 campaigns
/// at order 1, 44 channels at order 2, 12 at order 3.
pub const DEFAULT_MAX_STATES: usize = 2_000;

/// The paths have made more states than the chain may have, and it has stopped learning.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the chain has more than {max_states} states; choose a lower order, fewer channels or a shorter period")]
pub struct TooManyStates {
    /// The limit.
    pub max_states: usize,
}

/// What the value is shared by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Basis {
    /// By the removal effect on the number of conversions.
    #[default]
    Count,
    /// By the removal effect on their value ("value variant"). Where that is not defined, because some conversions have a
    /// negative value or all have none, it is by the number after all, and [`Effect::value`] is `None`.
    Value,
}

/// How a path ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// In a conversion.
    Converted {
        /// The value in minor units, of all the alike paths added together.
        value_minor: i128,
    },
    /// In nothing, until now.
    Null,
}

/// The transition counts of a set of paths. `C` is a channel, or whatever a path is made of.
///
/// A state of order k is the last k channels of a path so far, fewer at its start, and its *current* channel is the last of
/// them. Removing a channel removes the states whose current channel it is: flow into them ends in NULL. A state that has the
/// channel further back can only be reached through one of those, so this is what ChannelAttribution does when it credits a
/// simulated conversion to every channel in the states passed.
///
/// Memory grows with the distinct transitions, not with the paths, and up to a limit of states.
#[derive(Clone, Debug)]
pub struct Markov<C> {
    order: NonZeroUsize,
    transforms: Vec<Transform<C>>,
    max_states: usize,
    too_many: bool,
    states: HashMap<Box<[C]>, usize>,
    transitions: HashMap<(usize, usize), u64>,
    ends: Vec<Ends>,
    channels: BTreeMap<C, Seen>,
    conversions: u64,
    value_minor: i128,
    unattributed: (u64, i128),
    null_paths: u64,
    negative: bool,
    path: Vec<C>,
}

/// How the paths end whose last state this is.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    converted: u64,
    value_minor: i128,
    null: u64,
}

/// On how many paths a channel stands.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    paths: u64,
    converting: u64,
}

/// The state before the first touch: no channels.
const START: usize = 0;

impl<C: Copy + Ord + Hash> Markov<C> {
    /// A chain without paths, of an order (how many channels back it remembers) and with transforms for each path. A self-loop
    /// stays unless `EXPOSURE` removes it.
    pub fn new(order: NonZeroUsize, transforms: Vec<Transform<C>>) -> Self {
        Self {
            order,
            transforms,
            max_states: DEFAULT_MAX_STATES,
            too_many: false,
            states: HashMap::from([(Box::default(), START)]),
            transitions: HashMap::new(),
            ends: vec![Ends::default()],
            channels: BTreeMap::new(),
            conversions: 0,
            value_minor: 0,
            unattributed: (0, 0),
            null_paths: 0,
            negative: false,
            path: Vec::new(),
        }
    }

    /// The same chain with another limit of states.
    #[must_use]
    pub fn max_states(self, max_states: usize) -> Self {
        Self { max_states, ..self }
    }

    /// Adds `count` alike paths. A conversion on an empty path is kept as unattributed, outside of the chain, where it would
    /// lower every removal effect; an empty path to nothing says nothing.
    pub fn add_path(&mut self, path: &[C], outcome: Outcome, count: u64) {
        if count == 0 || self.too_many {
            return;
        }
        let mut channels = std::mem::take(&mut self.path);
        channels.clear();
        channels.extend_from_slice(path);
        for transform in &self.transforms {
            transform.apply(&mut channels, |&channel| channel);
        }
        if channels.is_empty() {
            if let Outcome::Converted { value_minor } = outcome {
                self.unattributed.0 += count;
                self.unattributed.1 += value_minor;
            }
        } else {
            self.walk(&channels, outcome, count);
            self.limit();
        }
        self.path = channels;
    }

    /// Forgets everything if there are too many states. Their number only grows, so the order of paths decides nothing here.
    fn limit(&mut self) {
        self.too_many |= self.states.len() - 1 > self.max_states;
        if self.too_many {
            (self.states, self.transitions) = (HashMap::new(), HashMap::new());
            (self.ends, self.channels) = (Vec::new(), BTreeMap::new());
        }
    }

    fn walk(&mut self, channels: &[C], outcome: Outcome, count: u64) {
        let mut state = START;
        for end in 1..=channels.len() {
            let next = self.state(&channels[end.saturating_sub(self.order.get())..end]);
            *self.transitions.entry((state, next)).or_default() += count;
            state = next;
        }
        let ends = &mut self.ends[state];
        let converting = match outcome {
            Outcome::Converted { value_minor } => {
                ends.converted += count;
                ends.value_minor += value_minor;
                self.conversions += count;
                self.value_minor += value_minor;
                self.negative |= value_minor < 0;
                count
            }
            Outcome::Null => {
                ends.null += count;
                self.null_paths += count;
                0
            }
        };
        let distinct: BTreeSet<C> = channels.iter().copied().collect();
        for channel in distinct {
            let seen = self.channels.entry(channel).or_default();
            seen.paths += count;
            seen.converting += converting;
        }
    }

    fn state(&mut self, channels: &[C]) -> usize {
        if let Some(&state) = self.states.get(channels) {
            return state;
        }
        self.ends.push(Ends::default());
        self.states.insert(channels.into(), self.ends.len() - 1);
        self.ends.len() - 1
    }

    /// Adds the paths that another chain of the same order and limit has counted.
    pub fn merge(&mut self, other: &Self) {
        if self.too_many {
            return;
        }
        self.too_many = other.too_many;
        let mut ours = vec![START; other.ends.len()];
        for (channels, &theirs) in &other.states {
            let state = self.state(channels);
            ours[theirs] = state;
            let (ends, more) = (&mut self.ends[state], other.ends[theirs]);
            ends.converted += more.converted;
            ends.value_minor += more.value_minor;
            ends.null += more.null;
        }
        for (&(from, to), &count) in &other.transitions {
            *self.transitions.entry((ours[from], ours[to])).or_default() += count;
        }
        for (&channel, more) in &other.channels {
            let seen = self.channels.entry(channel).or_default();
            seen.paths += more.paths;
            seen.converting += more.converting;
        }
        self.conversions += other.conversions;
        self.value_minor += other.value_minor;
        self.unattributed.0 += other.unattributed.0;
        self.unattributed.1 += other.unattributed.1;
        self.null_paths += other.null_paths;
        self.negative |= other.negative;
        self.limit();
    }
}
