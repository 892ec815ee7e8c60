//! `stage`: one stage of a pipeline: a tenant's data, not code.

use sea_orm::entity::prelude::*;

use crate::codes::StageObject;

/// One stage of a pipeline: a tenant's data, not code.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stage")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The pipeline.
    pub pipeline_id: Uuid,
    /// What goes through it, copied from the pipeline.
    pub object_type: StageObject,
    /// What the objects carry.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Its place in the row, counted from 0.
    pub position: i32,
    /// Chance to win, in percent.
    pub probability: Option<i32>,
    /// False for an end.
    pub is_open: bool,
    /// True for the good end.
    pub is_won: bool,
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
