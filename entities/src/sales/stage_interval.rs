//! `stage_interval`: a stay of an object in a stage; entering again makes a second one.

use sea_orm::entity::prelude::*;

use crate::codes::StageObject;

/// A stay of an object in a stage; entering again makes a second one.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stage_interval")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it is.
    pub object_type: StageObject,
    /// Which one.
    pub object_id: Uuid,
    /// Code of the stage.
    #[sea_orm(column_type = "Text")]
    pub stage: String,
    /// When it came in.
    pub entered_at: DateTimeUtc,
    /// When it left; null while it is there.
    pub exited_at: Option<DateTimeUtc>,
    /// The colleague who moved it; null for a machine.
    pub actor_id: Option<Uuid>,
    /// The event kind that moved it.
    #[sea_orm(column_type = "Text", nullable)]
    pub cause: Option<String>,
    /// When Journey learned of it.
    pub recorded_at: DateTimeUtc,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
