//! `product`: something that is sold.

use sea_orm::entity::prelude::*;

/// Something that is sold.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "product")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Article number, unique in the tenant.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Which line it belongs to, in the tenant's own words.
    #[sea_orm(column_type = "Text", nullable)]
    pub family: Option<String>,
    /// What one is, such as `PCS` or `H`.
    #[sea_orm(column_type = "Text", nullable)]
    pub unit: Option<String>,
    /// List price in minor units of `currency`.
    pub unit_price_minor: Option<i64>,
    /// Cost price in minor units of `currency`.
    pub cost_minor: Option<i64>,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text", nullable)]
    pub currency: Option<String>,
    /// False once it is no longer sold.
    pub is_active: bool,
    /// PII: free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
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
