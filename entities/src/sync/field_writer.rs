//! `field_writer`: who wrote the watched fields of a record last.

use sea_orm::entity::prelude::*;

/// Who wrote the watched fields of a record last: kept where a policy asks for it, written with the change itself.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "field_writer")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// The record.
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_id: Uuid,
    /// Field (`*`: all that are not named) to the system's code, null for whoever delivers nothing, and when its word dates from.
    #[sea_orm(column_type = "Json")]
    pub writers: Json,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
