//! `contract`: a lasting agreement with a customer.

use sea_orm::entity::prelude::*;

use crate::codes::{ContractStatus, Renewal};

/// A lasting agreement with a customer.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "contract")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The customer.
    pub account_id: Uuid,
    /// The opportunity that it came from.
    pub opportunity_id: Option<Uuid>,
    /// The number on paper.
    #[sea_orm(column_type = "Text", nullable)]
    pub number: Option<String>,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Where it stands.
    pub status: ContractStatus,
    /// Its first day.
    pub start_date: chrono::NaiveDate,
    /// Its last day; null when open-ended.
    pub end_date: Option<chrono::NaiveDate>,
    /// What happens at the end.
    pub renewal: Renewal,
    /// The day to decide by.
    pub renewal_date: Option<chrono::NaiveDate>,
    /// What it is worth over its term, in minor units of `currency`.
    pub value_minor: Option<i64>,
    /// What it costs the company, for the margin.
    pub cost_minor: Option<i64>,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text", nullable)]
    pub currency: Option<String>,
    /// The service level that it promises.
    pub sla_policy_id: Option<Uuid>,
    /// Who is responsible.
    pub owner_id: Option<Uuid>,
    /// When it was signed.
    pub signed_at: Option<DateTimeUtc>,
    /// When it was cancelled.
    pub cancelled_at: Option<DateTimeUtc>,
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
