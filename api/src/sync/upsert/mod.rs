//! Upsert: rows of another system become records, each known by the system's own key, as often as they are sent.
//!
//! A batch is one unit of work and a bounded number of statements, however its rows are mixed: keys are looked up together
//! ([`engine`]), each kind of record says what its columns are and what follows from a new or a changed one ([`entity`]), and what the
//! batch did is written down with it. A dry run is the same way, not committed.

mod answer;
mod ask;
mod declare;
mod engine;
pub mod entity;
mod idempotency;
mod incoming;
mod payload;
mod record;
mod reference;
mod row;

pub use answer::{Answer, Outcome, Totals, UpsertResult};
pub use ask::{Ask, ConflictRule, ErrorPolicy, OrphanRule, SyncEntity, UpsertMode};
pub use engine::take;
pub use entity::{UpsertMutations, take_json};
pub use incoming::{Incoming, MAX_KEY};
pub use payload::{UpsertPayload, UpsertRow};
pub use record::{
    FieldSpec, Followed, Known, New, Reference, RelationSpec, Scene, Shaped, Synced, json_of, plain, stands,
};
pub use reference::{ReferenceInput, reference};
pub use row::{Fields, JsonReference, JsonRow};

use crate::{graph::Result, journey::Work};

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
