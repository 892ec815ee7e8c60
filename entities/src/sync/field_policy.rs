//! `field_policy`: who wins where systems disagree about a field.

use sea_orm::entity::prelude::*;

use crate::codes::FieldRule;

/// Who wins where systems disagree about a field.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "field_policy")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose field, as in `external_ref.entity_type`.
    #[sea_orm(column_type = "Text")]
    pub entity: String,
    /// The field, as the graph calls it.
    #[sea_orm(column_type = "Text")]
    pub field: String,
    /// Who wins.
    pub rule: FieldRule,
    /// The system that owns the field; set for OWNER alone.
    pub owner_source_id: Option<Uuid>,
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
