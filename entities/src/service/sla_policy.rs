//! `sla_policy`: one revision of a promised time.

use sea_orm::entity::prelude::*;

use crate::codes::{HandoverBoundary, SlaMetric, TicketPriority};

/// One revision of a promised time.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sla_policy")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which promise.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// Counts up with every change of meaning.
    pub revision: i64,
    /// What people call it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What is measured.
    pub metric: SlaMetric,
    /// For which tickets; null for all.
    pub priority: Option<TicketPriority>,
    /// For which handovers; null for all.
    pub boundary: Option<HandoverBoundary>,
    /// The promise, in milliseconds of the calendar's hours.
    pub target_ms: i64,
    /// When the clock runs; null for round the clock.
    pub business_calendar_id: Option<Uuid>,
    /// Ticket statuses that stop the clock, an array of codes.
    pub pause_on: Json,
    /// The first moment that it holds.
    pub valid_from: DateTimeUtc,
    /// The first moment after; null while it holds.
    pub valid_to: Option<DateTimeUtc>,
    /// Counts up with every change: the optimistic lock.
    pub version: i64,
    /// When the row was written first.
    pub created_at: DateTimeUtc,
    /// When the row was changed last.
    pub updated_at: DateTimeUtc,
    /// When it was taken away; null while it stands.
    pub deleted_at: Option<DateTimeUtc>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
