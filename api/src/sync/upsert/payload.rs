//! The answer to a batch, as the graph shows it.

use async_graphql::SimpleObject;

use super::{Answer, Outcome, Totals, UpsertResult};
use crate::graph::{Error, GlobalId, Result, UserError};

/// What became of a row.
#[derive(Clone, SimpleObject)]
pub struct UpsertRow {
    /// The row's key, as it was sent.
    pub external_id: String,
    /// The record; null where there is none.
    pub id: Option<GlobalId>,
    /// What became of it.
    pub result: UpsertResult,
    /// The record's version now; null where there is none.
    pub version: Option<i32>,
    /// The fields that changed, at most 200, by their names in the graph; empty for a new record.
    pub changed_fields: Vec<String>,
    /// Why it was not taken; of a row that was, what was left out of it. At most 200.
    pub errors: Vec<UserError>,
}

impl From<Outcome> for UpsertRow {
    fn from(outcome: Outcome) -> UpsertRow {
        let Outcome { external_id, id, result, version, changed_fields, errors, before: _ } = outcome;
        UpsertRow { external_id, id, result, version, changed_fields, errors }
    }
}

/// What became of a batch.
#[derive(SimpleObject)]
pub struct UpsertPayload {
    /// One per row, at most 1,000, in their order; empty if the batch as a whole was refused.
    pub rows: Vec<UpsertRow>,
    /// How many rows became what.
    pub totals: Totals,
    /// Whether anything was written: not in a dry run, and not where the error policy stopped the batch.
    pub committed: bool,
    /// Why the batch as a whole was refused; empty otherwise.
    pub user_errors: Vec<UserError>,
}

impl UpsertPayload {
    /// An expected refusal becomes data; anything else stays an error.
    pub fn of(taken: Result<Answer>) -> Result<UpsertPayload> {
        match taken {
            Ok(answer) => Ok(UpsertPayload {
                totals: answer.totals(),
                committed: answer.committed,
                rows: answer.rows.into_iter().map(UpsertRow::from).collect(),
                user_errors: Vec::new(),
            }),
            Err(Error::User(user_errors)) => {
                Ok(UpsertPayload { rows: Vec::new(), totals: Totals::default(), committed: false, user_errors })
            }
            Err(error) => Err(error),
        }
    }
}
