//! `industry_team_member`: who works on a target industry: reaches every account in its sub-tree.

use sea_orm::entity::prelude::*;

use crate::codes::{AccessLevel, Discipline};

/// Who works on a target industry: reaches every account in its sub-tree.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "industry_team_member")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The industry.
    pub industry_id: Uuid,
    /// The member.
    pub colleague_id: Uuid,
    /// In which discipline.
    pub discipline: Discipline,
    /// True for the one who leads this discipline here.
    pub is_lead: bool,
    /// Access to the account wing.
    pub access_account: AccessLevel,
    /// Access to the marketing wing.
    pub access_marketing: AccessLevel,
    /// Access to the sales wing.
    pub access_sales: AccessLevel,
    /// Access to the service wing.
    pub access_service: AccessLevel,
    /// The first moment of membership.
    pub valid_from: DateTimeUtc,
    /// The first moment after it; null while it lasts.
    pub valid_to: Option<DateTimeUtc>,
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
