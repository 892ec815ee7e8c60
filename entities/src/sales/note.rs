//! `note`: a remark on a record.

use sea_orm::entity::prelude::*;

use crate::codes::{Discipline, NoteVisibility, RecordType};

/// A remark on a record.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "note")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it is about.
    pub subject_type: RecordType,
    /// Which one.
    pub subject_id: Uuid,
    /// Copied from the subject: the team rule reads it.
    pub account_id: Option<Uuid>,
    /// Who wrote it.
    pub author_id: Option<Uuid>,
    /// PII: free text.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// Who may read it.
    pub visibility: NoteVisibility,
    /// The author's when written; who may read a `DISCIPLINE` note.
    pub discipline: Option<Discipline>,
    /// When it was deleted; null while it lives. Rows that the journal names are never removed.
    pub deleted_at: Option<DateTimeUtc>,
    /// Counts up with every change: the optimistic lock.
    pub version: i64,
    /// When the row was written first.
    pub created_at: DateTimeUtc,
    /// When the row was changed last.
    pub updated_at: DateTimeUtc,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
