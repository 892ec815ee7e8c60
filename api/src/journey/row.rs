//! An event as it is read: the columns that every reader of a page needs, the two long texts only where they were wanted, and the
//! rights that it is seen with.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use entities::{account::contact, codes::EventDomain, journey::journey_event, marketing::campaign};
use sea_orm::{
    DbErr, QueryResult,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use super::{Payload, reader::Subject, subject, visible::e};
use crate::policy::{Rights, Seen};

/// What a page brings of its events beside the narrow columns: they are the larger half of a row, and most pages show none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Whom they are about.
    pub subjects: bool,
    /// Their payloads.
    pub payload: bool,
    /// The position of the feed that the page is read at.
    pub position: bool,
}

impl Wanted {
    /// Everything.
    pub const ALL: Wanted = Wanted { subjects: true, payload: true, position: true };
}

/// An event as it was read: a row of the journal without what no reader asks for. Two columns are kept as the text that they are: to
/// read them costs more than to fetch them, and is done where they are shown.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of `journey_event::Model` have the words")]
pub struct EventRow {
    pub id: Uuid,
    pub kind: String,
    pub domain: EventDomain,
    pub recorded_at: DateTime<Utc>,
    pub time_uncertain: bool,
    pub source: Option<String>,
    pub actor_id: Option<Uuid>,
    pub object_type: String,
    pub object_id: Uuid,
    pub account_id: Option<Uuid>,
    pub audience: String,
    pub importance: i32,
    pub supersedes: Option<Uuid>,
    /// JSON; none where it was not wanted.
    subjects: Option<String>,
    /// JSON; none where it was not wanted.
    payload: Option<String>,
}

/// The columns of an [`EventRow`], in its order; the two texts follow.
const NARROW: [journey_event::Column; 13] = [
    journey_event::Column::Id,
    journey_event::Column::Kind,
    journey_event::Column::Domain,
    journey_event::Column::RecordedAt,
    journey_event::Column::TimeUncertain,
    journey_event::Column::Source,
    journey_event::Column::ActorId,
    journey_event::Column::ObjectType,
    journey_event::Column::ObjectId,
    journey_event::Column::AccountId,
    journey_event::Column::Audience,
    journey_event::Column::Importance,
    journey_event::Column::Supersedes,
];
const SUBJECTS: &str = "subjects";
const PAYLOAD: &str = "payload";

impl EventRow {
    /// Reads the columns by their places: by name, each of a page's thousand cells would be looked up.
    pub(super) fn read(row: &QueryResult, first: usize) -> Result<EventRow, DbErr> {
        Ok(EventRow {
            id: row.try_get_by_index(first)?,
            kind: row.try_get_by_index(first + 1)?,
            domain: row.try_get_by_index(first + 2)?,
            recorded_at: row.try_get_by_index(first + 3)?,
            time_uncertain: row.try_get_by_index(first + 4)?,
            source: row.try_get_by_index(first + 5)?,
            actor_id: row.try_get_by_index(first + 6)?,
            object_type: row.try_get_by_index(first + 7)?,
            object_id: row.try_get_by_index(first + 8)?,
            account_id: row.try_get_by_index(first + 9)?,
            audience: row.try_get_by_index(first + 10)?,
            importance: row.try_get_by_index(first + 11)?,
            supersedes: row.try_get_by_index(first + 12)?,
            subjects: row.try_get_by_index(first + 13)?,
            payload: row.try_get_by_index(first + 14)?,
        })
    }

    /// Whom it is about, as it was written.
    pub fn subjects(&self) -> Vec<Subject> {
        debug_assert!(self.subjects.is_some(), "a field that shows subjects is missing from `Wanted`");
        self.subjects.as_deref().map_or_else(Vec::new, subject::read)
    }

    /// What it keeps beside its columns.
    pub fn payload(&self) -> Payload {
        debug_assert!(self.payload.is_some(), "a field that shows the payload is missing from `Wanted`");
        let written = self.payload.as_deref().and_then(|text| serde_json::from_str(text).ok());
        written.map_or(Payload::Unknown, |written| Payload::read(&written))
    }
}

/// An event as its reader sees it.
#[derive(Clone, Debug)]
pub struct SeenEvent {
    /// The row.
    pub row: EventRow,
    /// What the reader may see of its payload.
    pub rights: Arc<Rights>,
    /// What a page brought to it in advance.
    pub(super) brought: OnceLock<Brought>,
}

/// What most readers of a timeline want to know of an event: who it was, and which campaign. As far as they may see it.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    pub contact: Option<Seen<contact::Model>>,
    pub campaign: Option<Seen<campaign::Model>>,
}

impl SeenEvent {
    pub(super) fn new(row: EventRow, rights: Arc<Rights>) -> Arc<SeenEvent> {
        Arc::new(SeenEvent { row, rights, brought: OnceLock::new() })
    }
}

/// How many columns an [`EventRow`] has.
pub(super) const WIDTH: usize = NARROW.len() + 2;

/// A select of the columns of an [`EventRow`].
pub(super) fn columns(wanted: Wanted) -> SelectStatement {
    let mut select = Query::select();
    for column in NARROW {
        select.expr_as(e(column), sea_orm::IdenStatic::as_str(&column));
    }
    let text = |is_wanted, column| match is_wanted {
        true => e(column).cast_as("text"),
        false => Expr::cust("CAST(NULL AS text)"),
    };
    select
        .expr_as(text(wanted.subjects, journey_event::Column::Subjects), SUBJECTS)
        .expr_as(text(wanted.payload, journey_event::Column::Payload), PAYLOAD);
    select
}
