//! What is left of a chain when most states lead to most others: the same elimination on a matrix, where a row is added to
//! another as one run through memory.

use std::ops::Range;

use super::chain::Flow;

/// The places in a row of what is not a state.
const CONVERTED: usize = 0;
const VALUE: usize = 1;
const NULL: usize = 2;
const STATES: usize = 3;

/// Flows out of START (the first row) and of each state, to CONV, by value, to NULL and to each state. Nothing flows to START,
/// and what a state's row says of itself is ignored: a self-loop changes no ending.
pub(super) struct Dense {
    width: usize,
    flows: Vec<f64>,
}

/// What one channel's removal takes away.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Removed {
    /// The share of conversions that go through it.
    pub(super) conversions: f64,
    /// The share of value that goes through it; NaN without any value.
    pub(super) value: f64,
    /// P(conv) of the whole chain, the same for every channel up to the last bits.
    pub(super) probability: f64,
}

impl Dense {
    /// START and so many states without flow.
    pub(super) fn new(states: usize) -> Self {
        let width = STATES + states;
        Self { width, flows: vec![0.0; width * (states + 1)] }
    }

    /// Writes a row; `places` are those of the states it flows to.
    pub(super) fn set(&mut self, row: usize, flow: &Flow, places: &[usize]) {
        let Flow { to, converted, value, null } = flow;
        let row = &mut self.flows[row * self.width..][..self.width];
        (row[CONVERTED], row[VALUE], row[NULL]) = (*converted, *value, *null);
        for &(to, flow) in to {
            row[STATES + places[to]] = flow;
        }
    }

    /// The effect of removing each group of states, given as sizes of neighbouring runs.
    pub(super) fn removals(&self, groups: &[usize]) -> Vec<Removed> {
        match groups {
            [] => Vec::new(),
            [_] => vec![self.removal()],
            _ => {
                let (left, right) = groups.split_at(groups.len() / 2);
                let (middle, end) = (left.iter().sum(), self.states());
                let mut removed = self.keep(0..middle, middle..end).removals(left);
                removed.extend(self.keep(middle..end, 0..middle).removals(right));
                removed
            }
        }
    }

    /// The effect of removing all states.
    fn removal(&self) -> Removed {
        let mut through = self.arranged(0..self.states(), 0..0);
        // What reaches CONV past the states is set aside; what then comes to CONV has gone through them.
        let around = std::mem::take(&mut through.flows[CONVERTED]);
        let value_around = std::mem::take(&mut through.flows[VALUE]);
        through.eliminate(0);
        let [through, value_through, null] = [CONVERTED, VALUE, NULL].map(|place| through.flows[place]);
        Removed {
            conversions: through / (through + around),
            value: value_through / (value_through + value_around),
            probability: (through + around) / (through + around + null),
        }
    }

    fn states(&self) -> usize {
        self.width - STATES
    }

    /// The chain of the states that are kept, the others having been eliminated.
    pub(super) fn keep(&self, kept: Range<usize>, gone: Range<usize>) -> Self {
        let width = STATES + kept.len();
        let mut chain = self.arranged(kept.clone(), gone);
        chain.eliminate(kept.len());
        let rows = chain.flows.chunks_exact(chain.width).take(kept.len() + 1);
        Self { width, flows: rows.flat_map(|row| &row[..width]).copied().collect() }
    }

    /// The same chain with its states in another order.
    fn arranged(&self, first: Range<usize>, last: Range<usize>) -> Self {
        let order = || first.clone().chain(last.clone());
        let mut flows = Vec::with_capacity(self.flows.len());
        for row in std::iter::once(0).chain(order().map(|state| state + 1)) {
            let row = &self.flows[row * self.width..][..self.width];
            flows.extend_from_slice(&row[..STATES]);
            flows.extend(order().map(|state| row[STATES + state]));
        }
        Self { width: self.width, flows }
    }

    /// Hands the flow through all but the first `kept` states on to where it leads, the last state first.
    fn eliminate(&mut self, kept: usize) {
        for state in (kept..self.states()).rev() {
            let (others, own) = self.flows[..(state + 2) * self.width].split_at_mut((state + 1) * self.width);
            let own = &own[..STATES + state];
            let total: f64 = own[STATES..].iter().sum::<f64>() + own[CONVERTED] + own[NULL];
            for other in others.chunks_exact_mut(self.width).filter(|other| other[STATES + state] > 0.0) {
                let share = other[STATES + state] / total;
                for (flow, more) in other.iter_mut().zip(own) {
                    *flow += share * more;
                }
            }
        }
    }
}
