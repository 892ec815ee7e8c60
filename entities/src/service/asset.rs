//! `asset`: something installed at a customer's. Marketing's content is `marketing::content_asset`.

use sea_orm::entity::prelude::*;

/// Something installed at a customer's. Marketing's content is `marketing::content_asset`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "asset")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where it stands.
    pub account_id: Uuid,
    /// What it is.
    pub product_id: Option<Uuid>,
    /// The order line that it was delivered by.
    pub order_line_id: Option<Uuid>,
    /// The contract that covers it.
    pub contract_id: Option<Uuid>,
    /// What the customer calls it.
    #[sea_orm(column_type = "Text", nullable)]
    pub name: Option<String>,
    /// Serial number.
    #[sea_orm(column_type = "Text", nullable)]
    pub serial: Option<String>,
    /// When it was set up.
    pub installed_at: Option<DateTimeUtc>,
    /// When it went into use.
    pub commissioned_at: Option<DateTimeUtc>,
    /// The last day of the warranty.
    pub warranty_until: Option<chrono::NaiveDate>,
    /// When it went out of use.
    pub retired_at: Option<DateTimeUtc>,
    /// PII: where it stands.
    #[sea_orm(column_type = "Text", nullable)]
    pub location: Option<String>,
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
