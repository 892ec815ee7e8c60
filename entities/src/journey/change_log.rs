//! `change_log`: the feed of changes, in the order of commits. Kept for a while; the journal stays.

use sea_orm::entity::prelude::*;

use crate::codes::ChangeKind;

/// The feed of changes, in the order of commits. Kept for a while; the journal stays.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "change_log")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// The place in the feed, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// The event behind it.
    pub event_id: Uuid,
    /// The table of the row that changed.
    #[sea_orm(column_type = "Text")]
    pub object_type: String,
    /// That row's id.
    pub object_id: Uuid,
    /// What happened to it.
    pub change: ChangeKind,
    /// Names of the fields that changed, an array.
    pub changed_fields: Json,
    /// The row's version afterwards; null where rows have none.
    pub version: Option<i64>,
    /// Code of the system that caused it, so that it need not hear its own echo.
    #[sea_orm(column_type = "Text", nullable)]
    pub source: Option<String>,
    /// As in the event.
    pub recorded_at: DateTimeUtc,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
