//! Attribution against figures worked by hand, against independent computations and against its own invariants
//! (numbers.md 4). Nothing in here is shared with the code under test: what a model should say is written out again.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod edges;
mod golden;
mod google;
mod invariants;
mod markov;
mod oracle;
mod snowplow;
mod stream;

use numbers::attribution::{Attribution, DAY_US, Model, Options, Row, Table, Touch, Unit};

/// One day as a difference of times.
const DAY: i64 = DAY_US as i64;

/// A touch with the channel and campaign of its own number.
fn touch(id: u32, at: i64) -> Touch {
    Touch {
        at,
        source_rank: 0,
        source_seq: 0,
        id: u128::from(id),
        channel: id,
        campaign: Some(id),
        direct: false,
        person: 0,
    }
}

/// An accumulator that keeps rows by touch and transforms nothing.
fn plain(models: &[Model]) -> Attribution {
    Attribution::new(models.to_vec(), Unit::Touch, vec![], Options { touch_rows: true, ..Options::default() })
}

/// The value of a row under the model in a column; a row that is not there has none.
fn value(table: &Table, row: Row, column: usize) -> i128 {
    table.line(row).and_then(|line| line.credits[column]).unwrap_or_default().value_minor
}

/// Counted credit, likewise.
fn weight(table: &Table, row: Row, column: usize) -> i128 {
    table.line(row).and_then(|line| line.credits[column]).unwrap_or_default().weight
}
