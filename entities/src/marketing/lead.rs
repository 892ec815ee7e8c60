//! `lead`: somebody who may become a customer, on the way from marketing to sales.

use sea_orm::entity::prelude::*;

use crate::codes::LeadStatus;

/// Somebody who may become a customer, on the way from marketing to sales.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "lead")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who it is, when known.
    pub contact_id: Option<Uuid>,
    /// Who it is, before a name is known.
    pub visitor_id: Option<Uuid>,
    /// The person's company, copied: the team rule reads it.
    pub account_id: Option<Uuid>,
    /// The campaign that made it.
    pub campaign_id: Option<Uuid>,
    /// The channel that it came through.
    pub channel_id: Option<Uuid>,
    /// Where it stands.
    pub status: LeadStatus,
    /// Points by the scoring definition; null before the first scoring.
    pub score: Option<i32>,
    /// How the points came about, an object.
    pub score_parts: Option<Json>,
    /// When it qualified for marketing; null before.
    pub mql_at: Option<DateTimeUtc>,
    /// Revision of the scoring definition that qualified it.
    pub mql_rule_version: Option<i64>,
    /// Who is responsible.
    pub owner_id: Option<Uuid>,
    /// The pile that it lies on.
    pub queue_id: Option<Uuid>,
    /// The opportunity that it became. No foreign key: the opportunity points here already.
    pub converted_opportunity_id: Option<Uuid>,
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
