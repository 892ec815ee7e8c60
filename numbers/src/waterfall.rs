//! A8: what became of the pipeline between two dates.
//!
//! `start + created + reopened + increased − decreased − won − lost − moved_out + moved_in ± reassigned ± fx − removed
//! = end`, exactly, in minor units. It follows from how each opportunity is told:
//!
//! - The pipeline is what is open, has its close date in the period looked at, and belongs to the owners looked at.
//! - What is in it at the start first changes its amount (at the rates of the start), then its worth (`fx`: the end's
//!   rates against the start's), and then leaves, if it does, with what it is worth at the end. What was won is shown
//!   as it was won.
//! - What enters does so with what it is worth at the end. What entered and was closed in between shows in both parts.
//! - Of several reasons to leave or enter, one is told: the other owner before the outcome, the outcome before the
//!   close date.

/// How an opportunity stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Neither won nor lost.
    Open,
    /// Closed and won.
    Won,
    /// Closed and lost.
    Lost,
}

/// An opportunity at the first date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Before {
    /// How it stands.
    pub standing: Standing,
    /// Whether its close date lies in the period looked at; true if none is.
    pub in_period: bool,
    /// Whether it belongs to the owners looked at; true if all are.
    pub in_group: bool,
    /// Its amount in minor units of the report's currency, at the rates of the first date; 0 without an amount.
    pub value: i64,
}

/// An opportunity at the second date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct After {
    /// How it stands.
    pub standing: Standing,
    /// Whether its close date lies in the period looked at.
    pub in_period: bool,
    /// Whether it belongs to the owners looked at.
    pub in_group: bool,
    /// Its amount in minor units of the report's currency, at the rates of the first date.
    pub at_old_rate: i64,
    /// The same at the rates of the second date.
    pub value: i64,
}

/// An opportunity at both dates, and what the two states do not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opportunity {
    /// At the first date; `None` if it did not exist yet.
    pub before: Option<Before>,
    /// At the second; `None` if it is gone: deleted, merged into another, or closed as a duplicate.
    pub after: Option<After>,
    /// Whether it was reopened in between and closed again, being closed at both dates.
    pub closed_again: bool,
}

/// One part of the waterfall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Part {
    /// Minor units, as the formula adds or subtracts them.
    pub minor: i64,
    /// How many opportunities it tells of.
    pub n: u64,
}

impl Part {
    fn add(&mut self, minor: i64) {
        self.minor += minor;
        self.n += 1;
    }
}

/// The parts, each with the sign that the formula gives it taken off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Waterfall {
    /// The pipeline at the first date.
    pub start: Part,
    /// New since.
    pub created: Part,
    /// Closed at the first date, and opened again.
    pub reopened: Part,
    /// More than before, at the old rates.
    pub increased: Part,
    /// Less than before, at the old rates.
    pub decreased: Part,
    /// Closed and won.
    pub won: Part,
    /// Closed and lost.
    pub lost: Part,
    /// The close date moved out of the period.
    pub moved_out: Part,
    /// The close date moved into the period.
    pub moved_in: Part,
    /// Came from other owners.
    pub reassigned_in: Part,
    /// Went to other owners.
    pub reassigned_out: Part,
    /// Worth more or less by the rates alone; signed.
    pub fx: Part,
    /// Gone without being won or lost.
    pub removed: Part,
    /// The pipeline at the second date.
    pub end: Part,
}

impl Waterfall {
    /// The end as the formula reckons it: always the `end` that was summed.
    pub fn reckoned(&self) -> i64 {
        self.start.minor + self.created.minor + self.reopened.minor + self.increased.minor
            - self.decreased.minor
            - self.won.minor
            - self.lost.minor
            - self.moved_out.minor
            + self.moved_in.minor
            + self.reassigned_in.minor
            - self.reassigned_out.minor
            + self.fx.minor
            - self.removed.minor
    }
}

/// Tells the pipeline of some opportunities.
pub fn waterfall(opportunities: impl IntoIterator<Item = Opportunity>) -> Waterfall {
    let mut told = Waterfall::default();
    for Opportunity { before, after, closed_again } in opportunities {
        match before.filter(|before| before.standing == Standing::Open && before.in_period && before.in_group) {
            Some(before) => told.stayed_or_left(before, after),
            None => told.entered(before, after, closed_again),
        }
    }
    told
}

impl Waterfall {
    fn stayed_or_left(&mut self, before: Before, after: Option<After>) {
        self.start.add(before.value);
        let Some(after) = after else { return self.removed.add(before.value) };
        let more = after.at_old_rate - before.value;
        if more > 0 {
            self.increased.add(more);
        }
        if more < 0 {
            self.decreased.add(-more);
        }
        if after.value != after.at_old_rate {
            self.fx.add(after.value - after.at_old_rate);
        }
        let part = match after.standing {
            _ if !after.in_group => &mut self.reassigned_out,
            Standing::Won => &mut self.won,
            Standing::Lost => &mut self.lost,
            Standing::Open if !after.in_period => &mut self.moved_out,
            Standing::Open => &mut self.end,
        };
        part.add(after.value);
    }

    fn entered(&mut self, before: Option<Before>, after: Option<After>, closed_again: bool) {
        let Some(after) = after.filter(|after| after.in_period && after.in_group) else { return };
        let way = match before {
            None => &mut self.created,
            Some(before) => match before.standing {
                Standing::Open if !before.in_group => &mut self.reassigned_in,
                Standing::Open => &mut self.moved_in,
                // As it stood, it stands: nothing happened that concerns the pipeline.
                Standing::Won | Standing::Lost if before.standing == after.standing && !closed_again => return,
                Standing::Won | Standing::Lost => &mut self.reopened,
            },
        };
        way.add(after.value);
        let now = match after.standing {
            Standing::Open => &mut self.end,
            Standing::Won => &mut self.won,
            Standing::Lost => &mut self.lost,
        };
        now.add(after.value);
    }
}
