//! A13: how many tickets wait, and how that changes.

use chrono::{DateTime, Utc};

use crate::{
    stats::{Summary, signed},
    ticket::Life,
};

/// The tickets that wait at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Backlog {
    /// How many: created by then, and neither solved nor closed.
    pub open: u64,
    /// Their ages, in milliseconds since they were created.
    pub age: Summary,
}

/// What changed the backlog in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flow {
    /// Tickets created.
    pub created: u64,
    /// Times that a ticket was solved, or closed without; one that was created so counts here too.
    pub solved: u64,
    /// Times that a ticket was taken up again.
    pub reopened: u64,
}

impl Flow {
    /// By how much the backlog grew: created − solved + reopened.
    pub fn net(&self) -> i64 {
        signed(self.created) - signed(self.solved) + signed(self.reopened)
    }
}

/// The backlog at an instant, what happens in that instant included.
pub fn backlog<'a>(tickets: impl IntoIterator<Item = &'a Life>, at: DateTime<Utc>) -> Backlog {
    let ages = tickets.into_iter().filter_map(|life| {
        let statuses = life.statuses();
        let (_, status) = statuses.iter().take_while(|(since, _)| *since <= at).last()?;
        (!status.is_solved()).then(|| (at - life.created).num_milliseconds())
    });
    let age: Summary = ages.collect();
    Backlog { open: age.n, age }
}

/// What happened after `from`, up to and in `to`: so that `backlog(to) = backlog(from) + net`.
pub fn flow<'a>(tickets: impl IntoIterator<Item = &'a Life>, from: DateTime<Utc>, to: DateTime<Utc>) -> Flow {
    let mut flow = Flow::default();
    let within = |at: DateTime<Utc>| u64::from(from < at && at <= to);
    for life in tickets {
        flow.created += within(life.created);
        // Whether it was solved before; a ticket that does not exist yet counts as not solved.
        let mut before = false;
        for (at, status) in life.statuses() {
            match (before, status.is_solved()) {
                (false, true) => flow.solved += within(at),
                (true, false) => flow.reopened += within(at),
                (false, false) | (true, true) => {}
            }
            before = status.is_solved();
        }
    }
    flow
}
