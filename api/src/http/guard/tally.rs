//! The sums of one selection set: what stands in it, and what it spreads how often.

use std::collections::HashMap;

use async_graphql::{
    Name,
    parser::types::{Selection, SelectionSet},
};

/// How much a selection set asks for. All sums saturate: a product of fragments exceeds 64 bits easily.
#[derive(Debug, Default)]
pub struct Tally<'a> {
    /// Fields, spreads and inline fragments.
    pub nodes: u64,
    /// Selection sets inside one another.
    pub depth: u64,
    /// Fields with an alias.
    pub aliases: u64,
    /// Fields at the outermost level.
    pub roots: u64,
    /// Directives.
    pub directives: u64,
    spreads: HashMap<&'a Name, Spread>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Spread {
    times: u64,
    times_at_root: u64,
    deepest: u64,
}

impl<'a> Tally<'a> {
    /// Sums up a selection set without looking into the fragments that it spreads. Recurses as deep as brackets nest
    /// in the text, which the token scan has limited.
    pub fn of(set: &'a SelectionSet) -> Tally<'a> {
        let mut tally = Tally::default();
        tally.visit(set, 1, true);
        tally
    }

    fn visit(&mut self, set: &'a SelectionSet, depth: u64, root: bool) {
        self.depth = self.depth.max(depth);
        for selection in &set.items {
            self.nodes += 1;
            self.directives += selection.node.directives().len() as u64;
            match &selection.node {
                Selection::Field(field) => {
                    self.aliases += u64::from(field.node.alias.is_some());
                    self.roots += u64::from(root);
                    let inner = &field.node.selection_set.node;
                    if !inner.items.is_empty() {
                        self.visit(inner, depth + 1, false);
                    }
                }
                Selection::InlineFragment(fragment) => self.visit(&fragment.node.selection_set.node, depth + 1, root),
                Selection::FragmentSpread(spread) => {
                    let spread = self.spreads.entry(&spread.node.fragment_name.node).or_default();
                    spread.times += 1;
                    spread.times_at_root += u64::from(root);
                    spread.deepest = spread.deepest.max(depth);
                }
            }
        }
    }

    /// The fragments that it spreads, each once.
    pub fn spreads(&self) -> impl Iterator<Item = &'a Name> + '_ {
        self.spreads.keys().copied()
    }

    /// Adds what the spread fragments ask for, given their own expanded sums.
    pub fn expand(&mut self, fragments: &HashMap<&Name, Tally<'_>>) {
        for (name, spread) in std::mem::take(&mut self.spreads) {
            let Some(inner) = fragments.get(name) else { continue };
            self.nodes = self.nodes.saturating_add(inner.nodes.saturating_mul(spread.times));
            self.aliases = self.aliases.saturating_add(inner.aliases.saturating_mul(spread.times));
            self.directives = self.directives.saturating_add(inner.directives.saturating_mul(spread.times));
            self.roots = self.roots.saturating_add(inner.roots.saturating_mul(spread.times_at_root));
            self.depth = self.depth.max(spread.deepest.saturating_add(inner.depth));
        }
    }

    /// Adds another tally: sums add up, the deeper one counts.
    pub fn add(&mut self, other: &Tally<'_>) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.roots = self.roots.saturating_add(other.roots);
        self.depth = self.depth.max(other.depth);
    }
}
