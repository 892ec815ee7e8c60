//! What became of a batch.

use async_graphql::{Enum, SimpleObject};
use serde::{Deserialize, Serialize};

use super::Fields;
use crate::graph::{GlobalId, UserError};

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UpsertResult {
    /// There is a new record.
    Created,
    /// The record changed.
    Updated,
    /// The record was like this already; nothing was written, and no event tells of it.
    Unchanged,
    /// The record was taken away.
    Deleted,
    /// The mode leaves it out, or the batch was refused because of another row.
    Skipped,
    /// The record has another version than `ifVersion`, or the field policy refuses what was sent.
    Conflict,
    /// The row cannot be taken; `errors` says why.
    Failed,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The row's key.
    pub external_id: String,
    /// The record; null where there is none.
    pub id: Option<GlobalId>,
    /// What became of it.
    pub result: UpsertResult,
    /// The record's version now; null where there is none.
    pub version: Option<i32>,
    /// The fields that changed, by their names in the graph.
    pub changed_fields: Vec<String>,
    /// Why it was not taken, or which fields the policy kept.
    pub errors: Vec<UserError>,
    /// The changed fields as they were before (of an update), as `set` and `relations` would bring them back: ids as global ids under
    /// the relation's name. Never shown to who may not read them; kept for undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Fields>,
}

/// How many rows became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SimpleObject)]
#[graphql(name = "UpsertTotals")]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// New records.
    pub created: i32,
    /// Changed records.
    pub updated: i32,
    /// Records that were like this already.
    pub unchanged: i32,
    /// Records that were taken away.
    pub deleted: i32,
    /// Rows that the mode or the batch left out.
    pub skipped: i32,
    /// Rows in conflict.
    pub conflict: i32,
    /// Rows that could not be taken.
    pub failed: i32,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// One outcome per row, in their order.
    pub rows: Vec<Outcome>,
    /// Whether anything was committed.
    pub committed: bool,
}

impl Answer {
    /// How many rows became what.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for row in &self.rows {
            *match row.result {
                UpsertResult::Created => &mut totals.created,
                UpsertResult::Updated => &mut totals.updated,
                UpsertResult::Unchanged => &mut totals.unchanged,
                UpsertResult::Deleted => &mut totals.deleted,
                UpsertResult::Skipped => &mut totals.skipped,
                UpsertResult::Conflict => &mut totals.conflict,
                UpsertResult::Failed => &mut totals.failed,
            } += 1;
        }
        totals
    }
}
