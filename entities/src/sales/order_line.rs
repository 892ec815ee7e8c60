//! `order_line`: one line of an order.

use sea_orm::entity::prelude::*;

/// One line of an order.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "order_line")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The order.
    pub sales_order_id: Uuid,
    /// Its place, counted from 1.
    pub position: i32,
    /// What was ordered; null for free text lines.
    pub product_id: Option<Uuid>,
    /// PII: free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// Thousandths of the product's unit, so that half an hour is an integer.
    pub quantity_milli: i64,
    /// Price of one unit, in the order's currency.
    pub unit_price_minor: i64,
    /// Price of the line, in the order's currency.
    pub amount_minor: i64,
    /// What the line costs the company.
    pub cost_minor: Option<i64>,
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
