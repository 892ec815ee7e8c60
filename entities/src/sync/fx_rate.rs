//! `fx_rate`: what one currency was worth in another on one day.

use sea_orm::entity::prelude::*;

/// What one currency was worth in another on one day.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "fx_rate")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// ISO 4217 code of the one unit that is priced.
    #[sea_orm(column_type = "Text")]
    pub base: String,
    /// ISO 4217 code of the price.
    #[sea_orm(column_type = "Text")]
    pub quote: String,
    /// The day.
    pub rate_date: chrono::NaiveDate,
    /// Units of `quote` for one `base`, times 1,000,000,000: an integer, because SQLite rounds decimals.
    pub rate_nano: i64,
    /// Counts up with every change: the optimistic lock.
    pub version: i64,
    /// When the row was written first.
    pub created_at: DateTimeUtc,
    /// When the row was changed last.
    pub updated_at: DateTimeUtc,
    /// When it was taken away; null while it stands.
    pub deleted_at: Option<DateTimeUtc>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
