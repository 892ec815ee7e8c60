//! The chain itself, and the removal effect of every channel at once.
//!
//! States are eliminated one after another, the flow through each being handed on to where it leads: Gaussian elimination of
//! `I − Q` in the form of Grassmann, Taksar and Heyman (1985). It only adds, multiplies and divides positive numbers, so
//! nothing cancels: each figure is right to nearly all its bits however rare the channel and however close to 1 a loop, and
//! without the maths library of a platform it is the same bits everywhere. A general sparse LU (faer) was tried: fifty crates
//! and three minutes of compiling, an unmaintained one among them, and rounding that is good only relative to the largest
//! number.
//!
//! A removal effect is what is left when all *other* channels have been eliminated: the flow from START to CONV through the
//! channel, against all flow from START to CONV. Solving once a channel would do the same elimination again and again, so the
//! channels are halved: eliminate one half, go on with the other, and the reverse. All effects together cost about two solves.
//! Here the chain is sparse; what is left of it soon no longer is, and goes on in `dense.rs`.

use std::collections::BTreeSet;

use super::{
    START,
    dense::{Dense, Removed},
};

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

/// A chain goes on as a matrix when one in so many flows is there: about what a flow costs more in a sparse row.
const DENSE_FROM: usize = 8;

/// A chain that is being eliminated.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    flows: Vec<Flow>,
    /// The states with flow into each state.
    from: Vec<BTreeSet<usize>>,
    /// States that are left, and flows between them.
    left: usize,
    count: usize,
}

impl Chain {
    pub(super) fn new(flows: Vec<Flow>) -> Self {
        let mut from = vec![BTreeSet::new(); flows.len()];
        for (state, flow) in flows.iter().enumerate() {
            for &(to, _) in &flow.to {
                from[to].insert(state);
            }
        }
        let (left, count) = (flows.len(), flows.iter().map(|flow| flow.to.len()).sum());
        Self { flows, from, left, count }
    }

    /// The effect of removing each group of states. The groups are disjoint and hold all states but START.
    pub(super) fn removals(self, groups: &[Vec<usize>]) -> Vec<Removed> {
        self.removals_without(&[], groups, DENSE_FROM)
    }

    /// The same when the states of `gone` are still to be eliminated.
    fn removals_without(mut self, gone: &[Vec<usize>], groups: &[Vec<usize>], dense_from: usize) -> Vec<Removed> {
        let gone = self.eliminate(gone.iter().flatten().copied(), dense_from);
        if !gone.is_empty() || groups.len() < 2 || self.is_dense(dense_from) {
            return self.dense(groups, &gone).removals(&groups.iter().map(Vec::len).collect::<Vec<usize>>());
        }
        let (left, right) = groups.split_at(groups.len() / 2);
        let mut removed = self.clone().removals_without(right, left, dense_from);
        removed.extend(self.removals_without(left, right, dense_from));
        removed
    }

    fn is_dense(&self, dense_from: usize) -> bool {
        self.count.saturating_mul(dense_from) > self.left * self.left
    }

    /// START and the groups as a matrix, one after another, what is still to be eliminated having been so there.
    fn dense(&self, groups: &[Vec<usize>], gone: &[usize]) -> Dense {
        let states = || groups.iter().flatten().chain(gone).copied();
        let mut places = vec![0; self.flows.len()];
        for (place, state) in states().enumerate() {
            places[state] = place;
        }
        let all = states().count();
        let mut dense = Dense::new(all);
        for (row, state) in std::iter::once(START).chain(states()).enumerate() {
            dense.set(row, &self.flows[state], &places);
        }
        let kept = all - gone.len();
        dense.keep(0..kept, kept..all)
    }

    /// Hands the flow through each of these states on to where it leads, the least connected first (Markowitz), so that
    /// sparse chains stay sparse. Stops when they do not, and gives back the states that are not done yet.
    fn eliminate(&mut self, states: impl Iterator<Item = usize>, dense_from: usize) -> Vec<usize> {
        let mut costs = vec![None; self.flows.len()];
        let mut queue = BTreeSet::new();
        for state in states {
            costs[state] = Some(self.cost(state));
            queue.insert((self.cost(state), state));
        }
        while !self.is_dense(dense_from)
            && let Some((_, state)) = queue.pop_first()
        {
            costs[state] = None;
            let out = std::mem::take(&mut self.flows[state]);
            let sources = std::mem::take(&mut self.from[state]);
            self.left -= 1;
            self.count -= out.to.len();
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
        queue.into_iter().map(|(_, state)| state).collect()
    }

    fn cost(&self, state: usize) -> usize {
        self.flows[state].to.len() * self.from[state].len()
    }

    /// Replaces the flow from `source` to `gone` by flow to where `gone` leads. What would lead back to the source is left
    /// out, as is every self-loop.
    fn bypass(&mut self, source: usize, gone: usize, out: &Flow, total: f64) {
        let flow = &mut self.flows[source];
        let old = std::mem::take(&mut flow.to);
        self.count -= old.len();
        let passing = old.iter().find(|&&(to, _)| to == gone).map_or(0.0, |&(_, flow)| flow);
        let share = passing / total;
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
        self.count += flow.to.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALWAYS_DENSE: usize = usize::MAX;
    const NEVER_DENSE: usize = 0;

    fn flow(to: &[(usize, f64)], converted: f64, null: f64) -> Flow {
        Flow { to: to.to_vec(), converted, value: converted, null }
    }

    /// START→1 and START→2 evenly, 1→2 and 1→CONV evenly, 2→1 and 2→NULL evenly:
    /// p1 = ½ + ½·p2 and p2 = ½·p1, so p1 = ⅔, p2 = ⅓, P = ½; without 2 it is ¼, without 1 nothing.
    #[test]
    fn a_loop_is_solved_in_closed_form() {
        for dense_from in [ALWAYS_DENSE, NEVER_DENSE] {
            let start = flow(&[(1, 1.0), (2, 1.0)], 0.0, 0.0);
            let chain = Chain::new(vec![start, flow(&[(2, 1.0)], 1.0, 0.0), flow(&[(1, 1.0)], 0.0, 1.0)]);
            let removed = chain.removals_without(&[], &[vec![1], vec![2]], dense_from);
            assert_eq!(removed.iter().map(|removed| removed.conversions).collect::<Vec<f64>>(), [1.0, 0.5]);
            assert!(removed.iter().all(|removed| removed.probability == 0.5), "{removed:?}");
        }
    }

    /// 10¹⁵ rounds in a loop before a way out: `I − Q` is nearly singular, and subtracting would lose its digits.
    #[test]
    fn a_nearly_closed_loop_keeps_its_digits() {
        for dense_from in [ALWAYS_DENSE, NEVER_DENSE] {
            let rare = 1e-15;
            let start = flow(&[(1, 1.0)], 0.0, 0.0);
            let chain = Chain::new(vec![start, flow(&[(2, 1.0)], rare, 0.0), flow(&[(1, 1.0)], 0.0, 2.0 * rare)]);
            let removed = chain.removals_without(&[], &[vec![1], vec![2]], dense_from);
            // Of three equally rare units of flow out of the loop one converts. All of it passes 1; without 2 nearly none is
            // left.
            assert!((removed[0].probability - 1.0 / 3.0).abs() < 1e-14, "{removed:?}");
            assert_eq!(removed[0].conversions, 1.0);
            assert!((removed[1].conversions - (1.0 - 3.0 * rare)).abs() < 1e-14, "{removed:?}");
        }
    }

    const STATES: usize = 12;

    proptest! {
        /// Groups of one to three states; each state has a way out.
        #[test]
        fn sparse_and_dense_elimination_agree(
            flows in prop::collection::vec(
                (prop::collection::btree_map(1..=STATES, 1_u32..9, 1..5), 0_u32..3, 1_u32..3), STATES + 1),
            sizes in prop::collection::vec(1_usize..4, 5..9),
        ) {
            let flows = flows.into_iter().enumerate().map(|(state, (mut to, converted, null))| {
                to.remove(&state);
                let to: Vec<(usize, f64)> = to.into_iter().map(|(to, flow)| (to, f64::from(flow))).collect();
                flow(&to, f64::from(converted) + f64::from(u8::from(state == STATES)), f64::from(null))
            });
            let chain = Chain::new(flows.collect());
            let mut states = 1..=STATES;
            let mut groups: Vec<Vec<usize>> = sizes.into_iter().map(|size| states.by_ref().take(size).collect()).collect();
            groups.push(states.collect());
            groups.retain(|group| !group.is_empty());
            let sparse = chain.clone().removals_without(&[], &groups, NEVER_DENSE);
            let dense = chain.removals_without(&[], &groups, ALWAYS_DENSE);
            prop_assert_eq!(sparse.len(), groups.len());
            for (sparse, dense) in sparse.iter().zip(&dense) {
                let close = |sparse: f64, dense: f64| (sparse - dense).abs() <= 1e-14 || sparse.is_nan() && dense.is_nan();
                prop_assert!(close(sparse.conversions, dense.conversions), "{sparse:?} {dense:?}");
                prop_assert!(close(sparse.value, dense.value), "{sparse:?} {dense:?}");
                prop_assert!(close(sparse.probability, dense.probability), "{sparse:?} {dense:?}");
            }
        }
    }
}
