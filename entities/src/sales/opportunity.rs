//! `opportunity`: a possible sale.

use sea_orm::entity::prelude::*;

use crate::codes::ForecastCategory;

/// A possible sale.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunity")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The customer.
    pub account_id: Uuid,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The pipeline that it goes through.
    pub pipeline_id: Uuid,
    /// Code of its stage in the pipeline.
    #[sea_orm(column_type = "Text")]
    pub stage: String,
    /// What it may bring, in minor units of `currency`.
    pub amount_minor: Option<i64>,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text", nullable)]
    pub currency: Option<String>,
    /// What it will cost the company, for the margin.
    pub cost_minor: Option<i64>,
    /// When it is expected to be decided, or was.
    pub close_date: Option<chrono::NaiveDate>,
    /// Chance to win, in percent.
    pub probability: Option<i32>,
    /// How it counts in the forecast.
    pub forecast_category: Option<ForecastCategory>,
    /// Who is responsible.
    pub owner_id: Option<Uuid>,
    /// The campaign that it is credited to.
    pub primary_campaign_id: Option<Uuid>,
    /// The lead that it came from.
    pub lead_id: Option<Uuid>,
    /// PII: why it was won or lost, free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub close_reason: Option<String>,
    /// PII: free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub next_step: Option<String>,
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
