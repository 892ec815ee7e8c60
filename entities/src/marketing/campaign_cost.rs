//! `campaign_cost`: money spent, spread evenly over its days.

use sea_orm::entity::prelude::*;

use crate::codes::CostKind;

/// Money spent, spread evenly over its days.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "campaign_cost")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What for.
    pub campaign_id: Uuid,
    /// Through which channel; null when it served all.
    pub channel_id: Option<Uuid>,
    /// The first day.
    pub date_from: chrono::NaiveDate,
    /// The last day, included.
    pub date_to: chrono::NaiveDate,
    /// In minor units of `currency`.
    pub amount_minor: i64,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// What it bought.
    pub kind: CostKind,
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
