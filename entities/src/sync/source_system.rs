//! `source_system`: a system that rows come from.

use sea_orm::entity::prelude::*;

/// A system that rows come from.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "source_system")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Short name, unique in the tenant.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What sort of system it is, such as `SALESFORCE` or `CSV`: an open list, since any system may deliver.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Who wins when two systems disagree: the lower number.
    pub trust_rank: i32,
    /// Counts up with every change: the optimistic lock.
    pub version: i64,
    /// When the row was written first.
    pub created_at: DateTimeUtc,
    /// When the row was changed last.
    pub updated_at: DateTimeUtc,
    /// Whether what it says last is kept beside the record.
    pub keeps_raw: bool,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
