//! `activity`: a human touch: what response times are measured by.

use sea_orm::entity::prelude::*;

use crate::codes::{ActivityKind, ActivityOutcome, Direction};

/// A human touch: what response times are measured by.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "activity")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What was done.
    pub kind: ActivityKind,
    /// Who began.
    pub direction: Direction,
    /// The customer.
    pub account_id: Option<Uuid>,
    /// The customer's person.
    pub contact_id: Option<Uuid>,
    /// The company's person; null for a machine.
    pub colleague_id: Option<Uuid>,
    /// What it was about.
    pub opportunity_id: Option<Uuid>,
    /// What it was about.
    pub lead_id: Option<Uuid>,
    /// What it was about. No foreign key: tickets come later.
    pub ticket_id: Option<Uuid>,
    /// When it was.
    pub occurred_at: DateTimeUtc,
    /// How long, in seconds.
    pub duration_s: Option<i32>,
    /// True when no person did it: it does not count as a response.
    pub automatic: bool,
    /// What it achieved; null when unknown.
    pub outcome: Option<ActivityOutcome>,
    /// PII: the subject line.
    #[sea_orm(column_type = "Text", nullable)]
    pub subject: Option<String>,
    /// PII: what was said.
    #[sea_orm(column_type = "Text", nullable)]
    pub body: Option<String>,
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
