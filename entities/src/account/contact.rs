//! `contact`: a person, at a company or not.

use sea_orm::entity::prelude::*;

use crate::codes::{BuyingRole, Seniority};

/// A person, at a company or not.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "contact")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// PII.
    #[sea_orm(column_type = "Text", nullable)]
    pub given_name: Option<String>,
    /// PII.
    #[sea_orm(column_type = "Text", nullable)]
    pub family_name: Option<String>,
    /// PII.
    #[sea_orm(column_type = "Text", nullable)]
    pub salutation: Option<String>,
    /// BCP 47 tag.
    #[sea_orm(column_type = "Text", nullable)]
    pub language: Option<String>,
    /// PII: free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub job_title: Option<String>,
    /// How high the person stands.
    pub seniority: Option<Seniority>,
    /// The part that the person usually plays.
    pub buying_role: Option<BuyingRole>,
    /// Code of the person's stage (a `LIFECYCLE` stage).
    #[sea_orm(column_type = "Text")]
    pub lifecycle_stage: String,
    /// Who is responsible.
    pub owner_id: Option<Uuid>,
    /// The primary employer now; history is in `employment`.
    pub account_id: Option<Uuid>,
    /// When the personal data were overwritten; null otherwise.
    pub erased_at: Option<DateTimeUtc>,
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
