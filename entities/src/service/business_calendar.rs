//! `business_calendar`: one revision of the hours in which service clocks run.

use sea_orm::entity::prelude::*;

/// One revision of the hours in which service clocks run.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "business_calendar")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which calendar.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// Counts up with every change (`version` is the row's own lock).
    pub revision: i64,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// IANA time zone of the hours.
    #[sea_orm(column_type = "Text")]
    pub zone: String,
    /// Working hours by weekday: an object of arrays of blocks, several a day.
    pub weekly: Json,
    /// Days off, an array of dates.
    pub holidays: Json,
    /// Counts up with every change: the optimistic lock.
    pub version: i64,
    /// When the row was written first.
    pub created_at: DateTimeUtc,
    /// When the row was changed last.
    pub updated_at: DateTimeUtc,
    /// When it was taken away; null while it stands.
    pub deleted_at: Option<DateTimeUtc>,
    /// The first moment after it; null for the newest revision.
    pub valid_to: Option<DateTimeUtc>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
