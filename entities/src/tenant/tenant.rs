//! `tenant`: a company that uses Journey. The one table that is not keyed by tenant: here the id is the tenant.

use sea_orm::entity::prelude::*;

/// A company that uses Journey. The one table that is not keyed by tenant: here the id is the tenant.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant")]
pub struct Model {
    /// The number that every other table carries as `tenant_id`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Short name for addresses and logs, unique in the installation.
    #[sea_orm(column_type = "Text")]
    pub slug: String,
    /// The company's name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// IANA time zone; decides where a day begins.
    #[sea_orm(column_type = "Text")]
    pub zone: String,
    /// ISO 4217 code that figures are shown in.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// BCP 47 tag.
    #[sea_orm(column_type = "Text")]
    pub language: String,
    /// The tenant's choices, an object.
    pub settings: Json,
    /// Counts up with every change: the optimistic lock.
    pub version: i64,
    /// When the row was written first.
    pub created_at: DateTimeUtc,
    /// When the row was changed last.
    pub updated_at: DateTimeUtc,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
