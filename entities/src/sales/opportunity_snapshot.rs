//! `opportunity_snapshot`: an opportunity as of a time.

use sea_orm::entity::prelude::*;

use crate::codes::ForecastCategory;

/// An opportunity as of a time.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunity_snapshot")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which one.
    pub opportunity_id: Uuid,
    /// Code of its stage then.
    #[sea_orm(column_type = "Text")]
    pub stage: String,
    /// Its amount then, in minor units.
    pub amount_minor: Option<i64>,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text", nullable)]
    pub currency: Option<String>,
    /// Its expected day then.
    pub close_date: Option<chrono::NaiveDate>,
    /// Its chance then, in percent.
    pub probability: Option<i32>,
    /// Its category then.
    pub forecast_category: Option<ForecastCategory>,
    /// Its owner then.
    pub owner_id: Option<Uuid>,
    /// The first moment that this held.
    pub valid_from: DateTimeUtc,
    /// The first moment after; null while it holds.
    pub valid_to: Option<DateTimeUtc>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
