//! `requirement`: what a customer said it needs: the market's voice on its way back to marketing.

use sea_orm::entity::prelude::*;

use crate::codes::{RequirementCategory, RequirementStatus};

/// What a customer said it needs: the market's voice on its way back to marketing.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "requirement")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The customer.
    pub account_id: Option<Uuid>,
    /// Who said it.
    pub contact_id: Option<Uuid>,
    /// Where it was said.
    pub meeting_id: Option<Uuid>,
    /// The opportunity that it belongs to.
    pub opportunity_id: Option<Uuid>,
    /// The industry it speaks for, copied from the account.
    pub industry_id: Option<Uuid>,
    /// What it is about.
    pub category: RequirementCategory,
    /// PII: in the customer's words.
    #[sea_orm(column_type = "Text")]
    pub statement: String,
    /// What became of it.
    pub status: RequirementStatus,
    /// The campaign that answers it.
    pub campaign_id: Option<Uuid>,
    /// Who wrote it down.
    pub author_id: Option<Uuid>,
    /// When it was deleted; null while it lives. Rows that the journal names are never removed.
    pub deleted_at: Option<DateTimeUtc>,
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
