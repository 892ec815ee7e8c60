//! `task`: something to do.

use sea_orm::entity::prelude::*;

use crate::codes::RecordType;

/// Something to do.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "task")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it is about.
    pub subject_type: Option<RecordType>,
    /// Which one.
    pub subject_id: Option<Uuid>,
    /// Copied from the subject: the team rule reads it.
    pub account_id: Option<Uuid>,
    /// PII: free text.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// PII: free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// By when.
    pub due_at: Option<DateTimeUtc>,
    /// When it was done; null while open.
    pub done_at: Option<DateTimeUtc>,
    /// Who has to do it.
    pub assignee_id: Option<Uuid>,
    /// The pile that it lies on.
    pub queue_id: Option<Uuid>,
    /// Who asked for it.
    pub author_id: Option<Uuid>,
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
