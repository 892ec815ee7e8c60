//! `account`: a company: target, customer or lost.

use sea_orm::entity::prelude::*;

use crate::codes::{SizeBand, Tier};

/// A company: target, customer or lost.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// As in the register.
    #[sea_orm(column_type = "Text", nullable)]
    pub legal_name: Option<String>,
    /// Its internet domains, an array of strings.
    pub domains: Json,
    /// Address of its site.
    #[sea_orm(column_type = "Text", nullable)]
    pub website: Option<String>,
    /// Its main branch.
    pub industry_id: Option<Uuid>,
    /// How large it is.
    pub size_band: Option<SizeBand>,
    /// How many people it employs.
    pub employees: Option<i64>,
    /// Yearly revenue in minor units of `currency`.
    pub annual_revenue_minor: Option<i64>,
    /// ISO 4217 code of the revenue.
    #[sea_orm(column_type = "Text", nullable)]
    pub currency: Option<String>,
    /// ISO 3166 code.
    #[sea_orm(column_type = "Text", nullable)]
    pub country: Option<String>,
    /// Sales region, in the tenant's own words.
    #[sea_orm(column_type = "Text", nullable)]
    pub region: Option<String>,
    /// How much it matters.
    pub tier: Option<Tier>,
    /// Code of its stage (an `ACCOUNT` stage).
    #[sea_orm(column_type = "Text")]
    pub lifecycle_stage: String,
    /// Who is responsible.
    pub owner_id: Option<Uuid>,
    /// The company that it belongs to.
    pub parent_id: Option<Uuid>,
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
