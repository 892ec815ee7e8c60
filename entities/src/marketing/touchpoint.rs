//! `touchpoint`: one touch between the market and the company, online or offline.

use sea_orm::entity::prelude::*;

use crate::codes::Interaction;

/// One touch between the market and the company, online or offline.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "touchpoint")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The campaign behind it.
    pub campaign_id: Option<Uuid>,
    /// The channel that it came through.
    pub channel_id: Option<Uuid>,
    /// The content that was touched.
    pub content_asset_id: Option<Uuid>,
    /// Who it was, when known.
    pub contact_id: Option<Uuid>,
    /// Who it was, before a name was known.
    pub visitor_id: Option<Uuid>,
    /// Copied from the person when written: the team rule reads it.
    pub account_id: Option<Uuid>,
    /// What happened.
    pub interaction: Interaction,
    /// When it happened.
    pub occurred_at: DateTimeUtc,
    /// The page, without query and fragment.
    #[sea_orm(column_type = "Text", nullable)]
    pub page_url: Option<String>,
    /// Where the visitor came from, without query and fragment.
    #[sea_orm(column_type = "Text", nullable)]
    pub referrer: Option<String>,
    /// As tagged in the link.
    #[sea_orm(column_type = "Text", nullable)]
    pub utm_source: Option<String>,
    /// As tagged in the link.
    #[sea_orm(column_type = "Text", nullable)]
    pub utm_medium: Option<String>,
    /// As tagged in the link.
    #[sea_orm(column_type = "Text", nullable)]
    pub utm_campaign: Option<String>,
    /// As tagged in the link.
    #[sea_orm(column_type = "Text", nullable)]
    pub utm_term: Option<String>,
    /// As tagged in the link.
    #[sea_orm(column_type = "Text", nullable)]
    pub utm_content: Option<String>,
    /// What this one touch cost, in minor units of `currency`.
    pub cost_minor: Option<i64>,
    /// ISO 4217 code of the cost.
    #[sea_orm(column_type = "Text", nullable)]
    pub currency: Option<String>,
    /// True when the market came to the company.
    pub is_inbound: bool,
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
