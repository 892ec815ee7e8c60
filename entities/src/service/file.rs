//! `file`: a file on a meeting, a ticket or a contract. Its bytes stand in the file store under tenant and id.

use sea_orm::entity::prelude::*;

/// A file on a meeting, a ticket or a contract: exactly one of the three.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "file")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The meeting that it belongs to.
    pub meeting_id: Option<Uuid>,
    /// The ticket that it belongs to.
    pub ticket_id: Option<Uuid>,
    /// The contract that it belongs to.
    pub contract_id: Option<Uuid>,
    /// Copied from the record: the journal reads it.
    pub account_id: Option<Uuid>,
    /// PII: the file's name is free text.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What it is: a media type.
    #[sea_orm(column_type = "Text")]
    pub content_type: String,
    /// How large it is.
    pub size_bytes: i64,
    /// When its bytes were found in the store; null before.
    pub stored_at: Option<DateTimeUtc>,
    /// Who brought it.
    pub author_id: Option<Uuid>,
    /// When it was taken away; null while it stands.
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
