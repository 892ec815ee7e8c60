//! `handover`: something passed from one discipline to the next, for a decision.

use sea_orm::entity::prelude::*;

use crate::codes::{HandoverBoundary, HandoverOutcome, ReasonCode, SubjectType};

/// Something passed from one discipline to the next, for a decision.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "handover")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Between which two.
    pub boundary: HandoverBoundary,
    /// Who offers it; null for a machine.
    pub from_id: Option<Uuid>,
    /// To whom; null when a queue is asked.
    pub to_colleague_id: Option<Uuid>,
    /// To which queue; null when a person is asked.
    pub to_queue_id: Option<Uuid>,
    /// What is handed over.
    pub subject_type: SubjectType,
    /// Which one.
    pub subject_id: Uuid,
    /// Copied from the subject: the team rule reads it.
    pub account_id: Option<Uuid>,
    /// Copied from the subject, so that answers reach the campaign.
    pub campaign_id: Option<Uuid>,
    /// When it was offered.
    pub offered_at: DateTimeUtc,
    /// When it expires.
    pub due_at: Option<DateTimeUtc>,
    /// When it was decided; null while open.
    pub decided_at: Option<DateTimeUtc>,
    /// How it ended; null while open.
    pub outcome: Option<HandoverOutcome>,
    /// Why not.
    pub reason_code: Option<ReasonCode>,
    /// The receiver's mark, 1 to 5.
    pub rating: Option<i32>,
    /// PII: free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub comment: Option<String>,
    /// Who decided; null for a machine or while open.
    pub decided_by_id: Option<Uuid>,
    /// True when a rule offered it.
    pub automatic: bool,
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
