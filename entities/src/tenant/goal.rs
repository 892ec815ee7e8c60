//! `goal`: what a discipline wants to reach.

use sea_orm::entity::prelude::*;

use crate::codes::Discipline;

/// What a discipline wants to reach.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "goal")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which figure of the engine of numbers.
    #[sea_orm(column_type = "Text")]
    pub metric: String,
    /// The first day of the period.
    pub date_from: chrono::NaiveDate,
    /// The last day of the period.
    pub date_to: chrono::NaiveDate,
    /// The figure wanted, in the metric's own unit; money in minor units.
    pub target: i64,
    /// Of the target, where it is money.
    #[sea_orm(column_type = "Text", nullable)]
    pub currency: Option<String>,
    /// Whose goal it is.
    pub discipline: Discipline,
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
