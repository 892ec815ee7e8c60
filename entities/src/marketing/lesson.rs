//! `lesson`: what rejections taught, carried into the next campaign.

use sea_orm::entity::prelude::*;

/// What rejections taught, carried into the next campaign.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "lesson")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The campaign that was rejected.
    pub campaign_id: Uuid,
    /// The reasons that it stands on, an array of reason codes.
    pub reason_codes: Json,
    /// PII: free text.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// The campaign that took it up.
    pub applied_to_campaign_id: Option<Uuid>,
    /// Who wrote it.
    pub author_id: Option<Uuid>,
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
