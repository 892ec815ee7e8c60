//! The order of events.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// When something happened, and what decides between two things of one time. Whatever is "first", "last" or "next" in a
/// figure is so by this order and never by the time alone (3.0, rule 7); otherwise it would change from one run to the
/// next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The rank of the source that told of it; 0 for the product itself.
    pub source_rank: i32,
    /// The place among what that source told of.
    pub source_seq: i64,
    /// The id of the event, which leaves no ties.
    pub id: Uuid,
}

impl Moment {
    /// Something that only its time and its id tell apart.
    pub fn of(at: DateTime<Utc>, id: Uuid) -> Self {
        Moment { at, source_rank: 0, source_seq: 0, id }
    }
}
