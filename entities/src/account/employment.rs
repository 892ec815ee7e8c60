//! `employment`: who worked where, and when. Events stay with the account of their time.

use sea_orm::entity::prelude::*;

/// Who worked where, and when. Events stay with the account of their time.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "employment")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The person.
    pub contact_id: Uuid,
    /// The employer.
    pub account_id: Uuid,
    /// PII: what the person did there.
    #[sea_orm(column_type = "Text", nullable)]
    pub title: Option<String>,
    /// When it began; null when unknown.
    pub valid_from: Option<DateTimeUtc>,
    /// When it ended; null while it lasts.
    pub valid_to: Option<DateTimeUtc>,
    /// The main one of several at a time.
    pub is_primary: bool,
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
