//! What the chain says: removal effects, shares, credit, warnings.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

use super::{
    super::Credit,
    Basis, Markov, Seen, TooManyStates, UNSTABLE_BELOW,
    chain::{Chain, Flow},
};
use crate::credit::{WHOLE, split_sum};

/// The answer of a Markov model for a set of paths.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution<C: Ord> {
    /// By channel, every channel of a path being there.
    pub effects: BTreeMap<C, Effect>,
    /// P(conv): how probably a path of the chain converts. 0 without paths.
    pub conversion_probability: f64,
    /// No path without a conversion was given: P(conv) is 1, and effects only say which channels conversions pass through.
    pub no_null_paths: bool,
    /// What conversions without an eligible touch bear. It and the channels' credit are the total, exactly.
    pub unattributed: Credit,
}

/// What the chain says of one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Paths on which the channel stands, converting or not.
    pub paths: u64,
    /// Those of them that converted. Without any the channel gets nothing, whatever its removal effect.
    pub converting_paths: u64,
    /// Whether there are fewer paths than [`UNSTABLE_BELOW`], too few to rely on.
    pub unstable: bool,
    /// By number of conversions.
    pub conversions: Removal,
    /// By value of conversions ("value variant"). `None` if some value is negative or all are 0.
    pub value: Option<Removal>,
    /// The channel's part: of the conversions by number, of the value by the basis that was asked for.
    pub credit: Credit,
}

/// What is lost without a channel, and the share that this earns it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Removal {
    /// `1 − P(conv without the channel) / P(conv)`, from 0 to 1. Positive for a channel that never stood on a converting path
    /// if one of its successors did: the chain thinks that its people might have come that way.
    pub effect: f64,
    /// `effect / Σ effects` over the channels that stood on a converting path; 0 for the others (4.3).
    pub share: f64,
}

impl<C: Copy + Ord + Hash> Markov<C> {
    /// Solves the chain. Neither the order in which paths were added nor the platform changes a bit of the answer.
    ///
    /// # Errors
    /// If there are more states than [`max_states`](Self::max_states).
    pub fn solve(&self, basis: Basis) -> Result<Solution<C>, TooManyStates> {
        if self.too_many {
            return Err(TooManyStates { max_states: self.max_states });
        }
        let seen: Vec<Seen> = self.channels.values().copied().collect();
        let (chain, groups) = self.chain();
        let removed = if self.conversions > 0 { chain.removals(&groups) } else { Vec::new() };
        let by_count = shares(&seen, removed.iter().map(|removed| removed.conversions));
        let valued = !self.negative && self.value_minor > 0;
        let by_value = valued.then(|| shares(&seen, removed.iter().map(|removed| removed.value)));
        let value_basis = match basis {
            Basis::Count => &by_count,
            Basis::Value => by_value.as_ref().unwrap_or(&by_count),
        };
        let whole = i128::from(WHOLE);
        let values = split_sum(self.value_minor, &weights(value_basis));
        let counts = split_sum(i128::from(self.conversions) * whole, &weights(&by_count));
        let effect = |(index, &Seen { paths, converting }): (usize, &Seen)| Effect {
            paths,
            converting_paths: converting,
            unstable: paths < UNSTABLE_BELOW,
            conversions: by_count[index],
            value: by_value.as_ref().map(|by_value| by_value[index]),
            credit: Credit { value_minor: values[index], weight: counts[index] },
        };
        let (unattributed, value_minor) = self.unattributed;
        Ok(Solution {
            effects: self.channels.keys().copied().zip(seen.iter().enumerate().map(effect)).collect(),
            conversion_probability: removed.first().map_or(0.0, |removed| removed.probability),
            no_null_paths: self.null_paths == 0,
            unattributed: Credit { value_minor, weight: i128::from(unattributed) * whole },
        })
    }

    /// The chain with its states sorted, so that sums of floats run in one order, and the states of each channel.
    fn chain(&self) -> (Chain, Vec<Vec<usize>>) {
        let mut states: Vec<(&[C], usize)> =
            self.states.iter().map(|(channels, &state)| (&**channels, state)).collect();
        states.sort_unstable();
        let mut sorted = vec![0; states.len()];
        for (place, &(_, state)) in states.iter().enumerate() {
            sorted[state] = place;
        }
        let flow = |&(_, state): &(&[C], usize)| {
            let ends = self.ends[state];
            let (converted, null) = (ends.converted as f64, ends.null as f64);
            Flow { to: Vec::new(), converted, value: ends.value_minor as f64, null }
        };
        let mut flows: Vec<Flow> = states.iter().map(flow).collect();
        for (&(from, to), &count) in self.transitions.iter().filter(|((from, to), _)| from != to) {
            flows[sorted[from]].to.push((sorted[to], count as f64));
        }
        for flow in &mut flows {
            flow.to.sort_unstable_by_key(|&(to, _)| to);
        }
        let channels: HashMap<&C, usize> = self.channels.keys().zip(0..).collect();
        let mut groups = vec![Vec::new(); channels.len()];
        for (place, (channels_of, _)) in states.iter().enumerate() {
            if let Some(current) = channels_of.last() {
                groups[channels[current]].push(place);
            }
        }
        (Chain::new(flows), groups)
    }
}

fn shares(seen: &[Seen], effects: impl Iterator<Item = f64>) -> Vec<Removal> {
    let mut removals = vec![Removal::default(); seen.len()];
    for (removal, effect) in removals.iter_mut().zip(effects) {
        removal.effect = effect;
    }
    let counts = |seen: &Seen| seen.converting > 0;
    let total: f64 =
        seen.iter().zip(&removals).filter(|(seen, _)| counts(seen)).map(|(_, removal)| removal.effect).sum();
    for (removal, _) in removals.iter_mut().zip(seen).filter(|(_, seen)| counts(seen) && total > 0.0) {
        removal.share = removal.effect / total;
    }
    removals
}

/// Shares as integers in proportion, in units of 2⁻⁵³: as fine as the shares themselves, and their sum fits into 64 bits.
fn weights(removals: &[Removal]) -> Vec<u64> {
    removals.iter().map(|removal| (removal.share * (1_u64 << 53) as f64) as u64).collect()
}
