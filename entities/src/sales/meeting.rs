//! `meeting`: people meeting.

use sea_orm::entity::prelude::*;

use crate::codes::{MeetingKind, MeetingOutcome};

/// People meeting.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "meeting")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The customer.
    pub account_id: Option<Uuid>,
    /// The opportunity that it is about.
    pub opportunity_id: Option<Uuid>,
    /// Who invited.
    pub organizer_id: Option<Uuid>,
    /// PII: the subject line.
    #[sea_orm(column_type = "Text", nullable)]
    pub title: Option<String>,
    /// When it begins or began. The event's own time is when it was arranged or held.
    pub starts_at: DateTimeUtc,
    /// When it ends.
    pub ends_at: Option<DateTimeUtc>,
    /// How people meet.
    pub kind: MeetingKind,
    /// PII: where.
    #[sea_orm(column_type = "Text", nullable)]
    pub location: Option<String>,
    /// What became of it; null while planned.
    pub outcome: Option<MeetingOutcome>,
    /// PII: what was said.
    #[sea_orm(column_type = "Text", nullable)]
    pub summary: Option<String>,
    /// PII: what follows.
    #[sea_orm(column_type = "Text", nullable)]
    pub next_step: Option<String>,
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
