//! `ticket_message`: one message of a ticket.

use sea_orm::entity::prelude::*;

use crate::codes::AuthorType;

/// One message of a ticket.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ticket_message")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The ticket.
    pub ticket_id: Uuid,
    /// Copied from the ticket: the team rule reads it.
    pub account_id: Option<Uuid>,
    /// Who wrote it.
    pub author_type: AuthorType,
    /// The colleague or contact; null for a machine.
    pub author_id: Option<Uuid>,
    /// False for an internal note.
    pub is_public: bool,
    /// True when a machine wrote it: it does not count as a response.
    pub is_bot: bool,
    /// PII: free text.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// When it was sent.
    pub sent_at: DateTimeUtc,
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
