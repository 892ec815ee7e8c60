//! `campaign`: a campaign, with the market's problem that it answers.

use sea_orm::entity::prelude::*;

use crate::codes::{CampaignStatus, CampaignType};

/// A campaign, with the market's problem that it answers.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "campaign")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What `utm_campaign` carries; unique in the tenant.
    #[sea_orm(column_type = "Text", nullable)]
    pub code: Option<String>,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What sort it is (`type` is a word of Rust).
    pub campaign_type: CampaignType,
    /// What it is to achieve.
    #[sea_orm(column_type = "Text", nullable)]
    pub objective: Option<String>,
    /// The problem of the market that it answers.
    #[sea_orm(column_type = "Text", nullable)]
    pub market_problem: Option<String>,
    /// What it says.
    #[sea_orm(column_type = "Text", nullable)]
    pub message: Option<String>,
    /// Where it stands.
    pub status: CampaignStatus,
    /// The campaign that it is part of.
    pub parent_id: Option<Uuid>,
    /// Its first day.
    pub start_date: Option<chrono::NaiveDate>,
    /// Its last day.
    pub end_date: Option<chrono::NaiveDate>,
    /// What it may cost, in minor units of `currency`.
    pub budget_minor: Option<i64>,
    /// ISO 4217 code of the budget.
    #[sea_orm(column_type = "Text", nullable)]
    pub currency: Option<String>,
    /// Who is responsible.
    pub owner_id: Option<Uuid>,
    /// PII: free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// The system that the row came from; null for Journey itself.
    pub source_id: Option<Uuid>,
    /// The tenant's own fields, an object. PII: may hold free text.
    pub custom: Json,
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
