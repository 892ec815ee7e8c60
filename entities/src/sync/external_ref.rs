//! `external_ref`: a key in another system and the row that it stands for.

use sea_orm::entity::prelude::*;

/// A key in another system and the row that it stands for.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "external_ref")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// The system.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: Uuid,
    /// The table.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity_type: String,
    /// The system's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub external_id: String,
    /// The row, or the event.
    pub object_id: Uuid,
    /// Hash of the row as last delivered, so that an unchanged row is skipped.
    #[sea_orm(column_type = "Text", nullable)]
    pub row_hash: Option<String>,
    /// When it was first seen.
    pub created_at: DateTimeUtc,
    /// When it was last delivered with a change.
    pub updated_at: DateTimeUtc,
    /// PII: what the system said of it last, by the fields' names in the graph; null where nobody asked to keep it.
    #[sea_orm(column_type = "Json", nullable)]
    pub raw: Option<Json>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
