//! Upsert: rows of another system become records, each known by the system's own key, as often as they are sent.
//!
//! A batch is one unit of work and a bounded number of statements, however its rows are mixed: keys are looked up together
//! ([`engine`]), each kind of record says what its columns are and what follows from a new or a changed one ([`entity`]), and what the
//! batch did is written down with it. A dry run is the same way, not committed.

mod answer;
mod ask;
pub mod idempotency;
pub mod policy;
mod row;

pub use answer::{Answer, Outcome, Totals, UpsertResult};
pub use ask::{Ask, ConflictRule, ErrorPolicy, SyncEntity, UpsertMode};
pub use row::{Fields, JsonRow};

use crate::{
    graph::{Cx, Error, Result},
    journey::Work,
};

/// The most rows of one batch.
pub const MAX_ROWS: usize = 1_000;

/// What a caller adds to the unit of work that takes a batch, before it is committed: the progress of a job, say. Not called when
/// nothing is committed (a dry run, or a refused batch).
#[async_trait::async_trait]
pub trait Beside: Send + Sync {
    /// Writes beside the batch.
    async fn beside(&self, work: &mut Work<'_>, answer: &Answer) -> Result<()>;
}

/// Nothing beside.
#[async_trait::async_trait]
impl Beside for () {
    async fn beside(&self, _: &mut Work<'_>, _: &Answer) -> Result<()> {
        Ok(())
    }
}

/// Takes a batch of one kind of record whose rows are JSON, as files, jobs and mappings bring them. The answer holds one outcome per
/// row, in their order. Rows that cannot be understood are outcomes, too; an error is a fault of the house, or of the whole ask.
pub async fn take_json(_cx: &Cx, _ask: &Ask, _rows: Vec<JsonRow>, _beside: &dyn Beside) -> Result<Answer> {
    Err(Error::NotFound)
}
