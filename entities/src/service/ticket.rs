//! `ticket`: a customer's question, problem or wish.

use sea_orm::entity::prelude::*;

use crate::codes::{TicketChannel, TicketPriority, TicketStatus};

/// A customer's question, problem or wish.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ticket")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The customer.
    pub account_id: Option<Uuid>,
    /// Who asks.
    pub contact_id: Option<Uuid>,
    /// What it is about.
    pub asset_id: Option<Uuid>,
    /// What entitles to help.
    pub contract_id: Option<Uuid>,
    /// The number that people quote.
    pub number: Option<i64>,
    /// PII: free text.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// Where it stands.
    pub status: TicketStatus,
    /// How urgent it is.
    pub priority: TicketPriority,
    /// What it is about: a code of the tenant's own list.
    #[sea_orm(column_type = "Text", nullable)]
    pub category: Option<String>,
    /// The pile that it lies on.
    pub queue_id: Option<Uuid>,
    /// Who works on it.
    pub owner_id: Option<Uuid>,
    /// How it came in.
    pub channel: Option<TicketChannel>,
    /// How often it was solved in vain.
    pub reopened_count: i32,
    /// The first human answer.
    pub first_response_at: Option<DateTimeUtc>,
    /// When it was solved last; null when reopened.
    pub solved_at: Option<DateTimeUtc>,
    /// When it was closed.
    pub closed_at: Option<DateTimeUtc>,
    /// The system that the row came from; null for Journey itself.
    pub source_id: Option<Uuid>,
    /// The tenant's own fields, an object. PII: may hold free text.
    pub custom: Json,
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
