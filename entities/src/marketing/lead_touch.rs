//! `lead_touch`: why it is a lead: the touchpoints that made it one.

use sea_orm::entity::prelude::*;

use crate::codes::LeadTouchRole;

/// Why it is a lead: the touchpoints that made it one.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "lead_touch")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// The lead.
    #[sea_orm(primary_key, auto_increment = false)]
    pub lead_id: Uuid,
    /// The touchpoint.
    #[sea_orm(primary_key, auto_increment = false)]
    pub touchpoint_id: Uuid,
    /// What the touchpoint did.
    #[sea_orm(primary_key, auto_increment = false)]
    pub role: LeadTouchRole,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
