//! `import_job`: a file that a system brought, and how far its rows are taken.

use sea_orm::entity::prelude::*;

use crate::codes::{ImportFormat, ImportState};

/// A file that a system brought, and how far its rows are taken. Its bytes stand in the file store under tenant and `file_id`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "import_job")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What the rows are: the name under which keys of such records are remembered.
    #[sea_orm(column_type = "Text")]
    pub entity: String,
    /// The code of the system that they come from.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// What the file is.
    pub format: ImportFormat,
    /// How its rows are to be taken, and with which roles.
    pub options: Json,
    /// Whether it only tells what would happen.
    pub dry_run: bool,
    /// How far it is.
    pub state: ImportState,
    /// Why it ended before its last row.
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    /// The subject of the token that brought it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// What tells a repeated upload from a new one.
    #[sea_orm(column_type = "Text", nullable)]
    pub idempotency_key: Option<String>,
    /// Where its bytes are; null once they were thrown away.
    pub file_id: Option<Uuid>,
    /// How many bytes it has; null while they come in.
    pub size_bytes: Option<i64>,
    /// SHA-256 of its bytes, in hexadecimal digits.
    #[sea_orm(column_type = "Text", nullable)]
    pub checksum: Option<String>,
    /// Where the next row begins.
    pub byte_offset: i64,
    /// The line of the next row.
    pub next_line: i64,
    /// How many rows became what.
    pub counts: Json,
    /// How many rows were taken back, and how; null before.
    pub undo_counts: Option<Json>,
    /// The rows before this line are still to be taken back; null before.
    pub undo_line: Option<i64>,
    /// Whether taking back only tells what would happen.
    pub undo_dry_run: bool,
    /// Who works at it: a word that only that one knows.
    #[sea_orm(column_type = "Text", nullable)]
    pub lease: Option<String>,
    /// Until when nobody else takes it up.
    pub lease_until: Option<DateTimeUtc>,
    /// How often in a row it was taken up without getting further.
    pub attempts: i32,
    /// When it ended.
    pub ended_at: Option<DateTimeUtc>,
    /// When its rows were destroyed; null while they are kept.
    pub forgotten_at: Option<DateTimeUtc>,
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
