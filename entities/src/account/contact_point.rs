//! `contact_point`: one way to reach a contact or an account; exactly one of the two is set.

use sea_orm::entity::prelude::*;

use crate::codes::ContactPointKind;

/// One way to reach a contact or an account; exactly one of the two is set.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_point")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub contact_id: Option<Uuid>,
    /// Whose it is.
    pub account_id: Option<Uuid>,
    /// What kind of address.
    pub kind: ContactPointKind,
    /// Such as "office"; an open list.
    #[sea_orm(column_type = "Text", nullable)]
    pub label: Option<String>,
    /// PII: the address itself; null once erased.
    #[sea_orm(column_type = "Text", nullable)]
    pub value: Option<String>,
    /// HMAC of the normalised value with the tenant's key, to find it without reading it; null once erased.
    #[sea_orm(column_type = "Text", nullable)]
    pub value_hash: Option<String>,
    /// The one of its kind to use first.
    pub is_primary: bool,
    /// When it was proven to work.
    pub verified_at: Option<DateTimeUtc>,
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
