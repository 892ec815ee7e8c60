//! The small-group rule: who reads aggregates only never reads a figure about a handful of people (access.md, "What
//! follows").
//!
//! 1. A group with fewer distinct contacts or fewer distinct accounts than the thresholds is hidden.
//! 2. Where the total is shown as well, what is hidden can be computed: the total less what is shown. So this remainder
//!    has to reach the thresholds too; until it does, the smallest group that still shows is hidden with it. Once
//!    nothing but empty groups shows, the remainder is the total itself, whose own counts decide whether it may be
//!    shown ([`Thresholds::small`]).
//! 3. An empty group tells of nobody: it is shown as zero, and hiding it would protect nobody.
//!
//! Ties go to the earlier group, so pass the groups in an order of their own (by label, not by size). Figures that
//! count no persons (cost, budget) are exempt: do not ask. That two questions may be subtracted from each other is a
//! limit of any such rule.

mod cross;

pub use cross::{Hidden, Table, suppress_cross};

/// The size of a group: what hides it is how few it tells of, not what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group {
    /// Distinct contacts (visitors without a contact are no contacts).
    pub contacts: u64,
    /// Distinct accounts.
    pub accounts: u64,
}

impl Group {
    /// Whether it tells of nobody. A group of accounts without contacts is not empty: it is small.
    pub fn is_empty(self) -> bool {
        self == Group::default()
    }

    fn with(self, other: Group) -> Group {
        Group {
            contacts: self.contacts.saturating_add(other.contacts),
            accounts: self.accounts.saturating_add(other.accounts),
        }
    }
}

/// How large a group must be to be shown: a setting of the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// At least so many distinct contacts.
    pub contacts: u64,
    /// At least so many distinct accounts.
    pub accounts: u64,
    /// Whether a contact or an account may be counted in several of the groups, as an account is whose contacts have
    /// different roles. Then groups that are hidden together reach the thresholds only if one of them does by itself:
    /// their sum would count people twice. If not, their counts are added, and less is hidden.
    pub shared: bool,
}

impl Default for Thresholds {
    /// Five contacts, two accounts, and no trust that groups are disjoint.
    fn default() -> Self {
        Thresholds { contacts: 5, accounts: 2, shared: true }
    }
}

impl Thresholds {
    /// Whether a group, or a total, must be hidden for its own size. An empty one is not small.
    pub fn small(self, group: Group) -> bool {
        !group.is_empty() && !self.reached(group)
    }

    fn reached(self, group: Group) -> bool {
        group.contacts >= self.contacts && group.accounts >= self.accounts
    }

    /// Whether hidden groups may be known by their sum.
    fn enough(self, hidden: impl IntoIterator<Item = Group>) -> bool {
        let mut hidden = hidden.into_iter();
        match self.shared {
            true => hidden.any(|group| self.reached(group)),
            false => self.reached(hidden.fold(Group::default(), Group::with)),
        }
    }
}

/// Which groups of a total are hidden, one answer a group. `total_shown` says whether the total stands beside them (or
/// can be had by another question, which for one tenant it always can).
pub fn suppress(groups: &[Group], thresholds: Thresholds, total_shown: bool) -> Vec<bool> {
    let mut hidden: Vec<bool> = groups.iter().map(|group| thresholds.small(*group)).collect();
    if total_shown {
        protect(groups, &mut hidden, thresholds);
    }
    hidden
}

/// Rule 2 for the groups of one shown total. Says whether it hid another.
fn protect(groups: &[Group], hidden: &mut [bool], thresholds: Thresholds) -> bool {
    let mut more = false;
    loop {
        let behind = groups.iter().zip(hidden.iter()).filter(|(_, hidden)| **hidden).map(|(group, _)| *group);
        if !hidden.contains(&true) || thresholds.enough(behind) {
            return more;
        }
        let shown = groups.iter().enumerate().filter(|(place, group)| !hidden[*place] && !group.is_empty());
        let Some((place, _)) = shown.min_by_key(|(_, group)| **group) else { return more };
        hidden[place] = true;
        more = true;
    }
}
