//! `sla_clock`: one promise running for one ticket or handover.

use sea_orm::entity::prelude::*;

use crate::codes::{SlaMetric, SlaObject};

/// One promise running for one ticket or handover.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sla_clock")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it runs for.
    pub object_type: SlaObject,
    /// Which one.
    pub object_id: Uuid,
    /// Copied from the object: the team rule reads it.
    pub account_id: Option<Uuid>,
    /// What is measured.
    pub metric: SlaMetric,
    /// The promise.
    pub sla_policy_id: Option<Uuid>,
    /// Revision of the calendar that `due_at` was computed with.
    pub calendar_version: Option<i64>,
    /// When it began.
    pub started_at: DateTimeUtc,
    /// When it will be breached; null while paused.
    pub due_at: Option<DateTimeUtc>,
    /// When the present pause began; null while running.
    pub paused_since: Option<DateTimeUtc>,
    /// Pauses that are over, in milliseconds.
    pub paused_ms: i64,
    /// When the promise was kept.
    pub met_at: Option<DateTimeUtc>,
    /// When it was broken.
    pub breached_at: Option<DateTimeUtc>,
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
