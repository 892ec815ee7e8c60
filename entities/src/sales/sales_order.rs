//! `sales_order`: an order; of an account, or of a visitor in a shop (`order` is a word of SQL).

use sea_orm::entity::prelude::*;

use crate::codes::OrderStatus;

/// An order; of an account, or of a visitor in a shop (`order` is a word of SQL).
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sales_order")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who ordered.
    pub account_id: Option<Uuid>,
    /// Who ordered, while no account is known.
    pub visitor_id: Option<Uuid>,
    /// The person who ordered.
    pub contact_id: Option<Uuid>,
    /// The opportunity that it came from.
    pub opportunity_id: Option<Uuid>,
    /// The number on paper.
    #[sea_orm(column_type = "Text", nullable)]
    pub number: Option<String>,
    /// When it was placed.
    pub ordered_at: DateTimeUtc,
    /// Where it stands.
    pub status: OrderStatus,
    /// Sum in minor units of `currency`.
    pub total_minor: i64,
    /// What it costs the company, for the margin.
    pub cost_minor: Option<i64>,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
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
