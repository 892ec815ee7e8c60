//! The chain itself, and the removal effect of every channel at once.
//!
//! States are eliminated one after another, the flow through each being handed on to where it leads: Gaussian elimination of
//! `I − Q` in the form of Grassmann, Taksar and Heyman (1985). It only adds, multiplies and divides positive numbers, so
//! nothing cancels: each figure is right to nearly all its bits however rare the channel and however close to 1 a loop, and
//! without the maths library of a platform it is the same bits everywhere. A general sparse LU (faer) was tried: three
//! minutes of compiling for fifty crates, and rounding that is good only relative to the largest number.
//!
//! A removal effect is what is left when all *other* channels have been eliminated: the flow from START to CONV through the
//! channel, against all flow from START to CONV. Solving once a channel would do the same elimination again and again, so the
//! channels are halved: eliminate one half, go on with the other, and the reverse. All effects together cost about two solves.

use std::collections::BTreeSet;

use super::START;

/// The flow out of a state, in any unit: only proportions matter. There is no flow to itself: it changes no ending.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// To other states, sorted by state.
    pub(super) to: Vec<(usize, f64)>,
    /// To CONV.
    pub(super) converted: f64,
    /// To CONV, each conversion weighed by its value.
    pub(super) value: f64,
    /// To NULL.
    pub(super) null: f64,
}

impl Flow {
    fn total(&self) -> f64 {
        self.to.iter().map(|&(_, flow)| flow).sum::<f64>() + self.converted + self.null
    }
}

/// A chain that is being eliminated.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    flows: Vec<Flow>,
    /// The states with flow into each state.
    from: Vec<BTreeSet<usize>>,
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

impl Chain {
    pub(super) fn new(flows: Vec<Flow>) -> Self {
        let mut from = vec![BTreeSet::new(); flows.len()];
        for (state, flow) in flows.iter().enumerate() {
            for &(to, _) in &flow.to {
                from[to].insert(state);
            }
        }
        Self { flows, from }
    }

    /// The effect of removing each group of states. The groups are disjoint and hold all states but START.
    pub(super) fn removals(mut self, groups: &[Vec<usize>]) -> Vec<Removed> {
        match groups {
            [] => Vec::new(),
            [group] => vec![self.removal(group)],
            _ => {
                let (left, right) = groups.split_at(groups.len() / 2);
                let mut without_right = self.clone();
                without_right.eliminate(right.iter().flatten().copied());
                self.eliminate(left.iter().flatten().copied());
                let mut removed = without_right.removals(left);
                removed.extend(self.removals(right));
                removed
            }
        }
    }

    /// The effect of the one group that is left.
    fn removal(mut self, group: &[usize]) -> Removed {
        let start = &mut self.flows[START];
        // What reaches CONV without the group is set aside; what then comes to CONV has gone through it.
        let (around, value_around) = (std::mem::take(&mut start.converted), std::mem::take(&mut start.value));
        self.eliminate(group.iter().copied());
        let Flow { to: _, converted: through, value: value_through, null } = &self.flows[START];
        Removed {
            conversions: through / (through + around),
            value: value_through / (value_through + value_around),
            probability: (through + around) / (through + around + null),
        }
    }

    /// Hands the flow through each of these states on to where it leads, the least connected first (Markowitz), so that
    /// sparse chains stay sparse.
    fn eliminate(&mut self, states: impl Iterator<Item = usize>) {
        let mut costs = vec![None; self.flows.len()];
        let mut queue = BTreeSet::new();
        for state in states {
            costs[state] = Some(self.cost(state));
            queue.insert((self.cost(state), state));
        }
        while let Some((_, state)) = queue.pop_first() {
            costs[state] = None;
            let out = std::mem::take(&mut self.flows[state]);
            let sources = std::mem::take(&mut self.from[state]);
            let total = out.total();
            for &(to, _) in &out.to {
                self.from[to].remove(&state);
            }
            for &source in &sources {
                self.bypass(source, state, &out, total);
            }
            for touched in out.to.iter().map(|&(to, _)| to).chain(sources) {
                if let Some(cost) = costs[touched] {
                    queue.remove(&(cost, touched));
                    costs[touched] = Some(self.cost(touched));
                    queue.insert((self.cost(touched), touched));
                }
            }
        }
    }

    fn cost(&self, state: usize) -> usize {
        self.flows[state].to.len() * self.from[state].len()
    }

    /// Replaces the flow from `source` to `gone` by flow to where `gone` leads. What would lead back to the source is left
    /// out, as is every self-loop.
    fn bypass(&mut self, source: usize, gone: usize, out: &Flow, total: f64) {
        let flow = &mut self.flows[source];
        let old = std::mem::take(&mut flow.to);
        let Ok(place) = old.binary_search_by_key(&gone, |&(to, _)| to) else {
            flow.to = old;
            return;
        };
        let share = old[place].1 / total;
        flow.converted += share * out.converted;
        flow.value += share * out.value;
        flow.null += share * out.null;
        flow.to.reserve(old.len() + out.to.len());
        let mut ours = old.into_iter().filter(|&(to, _)| to != gone).peekable();
        for &(to, more) in out.to.iter().filter(|&&(to, _)| to != source) {
            while let Some(entry) = ours.next_if(|&(ours, _)| ours < to) {
                flow.to.push(entry);
            }
            let already = ours.next_if(|&(ours, _)| ours == to);
            if already.is_none() {
                self.from[to].insert(source);
            }
            flow.to.push((to, already.map_or(0.0, |(_, flow)| flow) + share * more));
        }
        flow.to.extend(ours);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(to: &[(usize, f64)], converted: f64, null: f64) -> Flow {
        Flow { to: to.to_vec(), converted, value: converted, null }
    }

    /// START→1 and START→2 evenly, 1→2 and 1→CONV evenly, 2→1 and 2→NULL evenly:
    /// p1 = ½ + ½·p2 and p2 = ½·p1, so p1 = ⅔, p2 = ⅓, P = ½; without 2 it is ¼, without 1 nothing.
    #[test]
    fn a_loop_is_solved_in_closed_form() {
        let start = flow(&[(1, 1.0), (2, 1.0)], 0.0, 0.0);
        let chain = Chain::new(vec![start, flow(&[(2, 1.0)], 1.0, 0.0), flow(&[(1, 1.0)], 0.0, 1.0)]);
        let removed = chain.removals(&[vec![1], vec![2]]);
        assert_eq!(removed.iter().map(|removed| removed.conversions).collect::<Vec<f64>>(), [1.0, 0.5]);
        assert!(removed.iter().all(|removed| removed.probability == 0.5), "{removed:?}");
    }

    /// 10¹⁵ rounds in a loop before a way out: `I − Q` is nearly singular, and subtracting would lose its digits.
    #[test]
    fn a_nearly_closed_loop_keeps_its_digits() {
        let rare = 1e-15;
        let start = flow(&[(1, 1.0)], 0.0, 0.0);
        let chain = Chain::new(vec![start, flow(&[(2, 1.0)], rare, 0.0), flow(&[(1, 1.0)], 0.0, 2.0 * rare)]);
        let removed = chain.removals(&[vec![1], vec![2]]);
        // Of three equally rare units of flow out of the loop one converts. All of it passes 1; without 2 nearly none is left.
        assert!((removed[0].probability - 1.0 / 3.0).abs() < 1e-14, "{removed:?}");
        assert_eq!(removed[0].conversions, 1.0);
        assert!((removed[1].conversions - (1.0 - 3.0 * rare)).abs() < 1e-14, "{removed:?}");
    }
}
