//! `webhook_delivery`: a message to an endpoint, and what became of it.

use sea_orm::entity::prelude::*;

use crate::codes::{WebhookDeliveryStatus, WebhookProblem};

/// A message to an endpoint, and what became of it. It names the event; what it says is read from the feed when it is sent.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// To whom.
    pub endpoint_id: Uuid,
    /// Its place among the endpoint's messages: of two about one record, the lower one goes first.
    pub place: i64,
    /// Where the feed holds it; none for a test.
    pub position: Option<i64>,
    /// The event; none for a test.
    pub event_id: Option<Uuid>,
    /// The event's kind, by its dot name.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// What the event is about, as the journal calls it.
    #[sea_orm(column_type = "Text")]
    pub object_type: String,
    /// Which one.
    pub object_id: Uuid,
    /// Whether a replay made it.
    pub is_replay: bool,
    /// What became of it.
    pub status: WebhookDeliveryStatus,
    /// How often it was sent.
    pub attempts: i32,
    /// How many attempts of the schedule are behind it; whoever has it sent anew begins with none.
    pub step: i32,
    /// When it is to be sent next.
    pub next_attempt_at: Option<DateTimeUtc>,
    /// Until then a process is about to send it.
    pub lease_until: Option<DateTimeUtc>,
    /// When it was last sent.
    pub last_attempt_at: Option<DateTimeUtc>,
    /// The status of the last answer.
    pub response_status: Option<i32>,
    /// PII: free text, the beginning of the last answer.
    #[sea_orm(column_type = "Text", nullable)]
    pub response_excerpt: Option<String>,
    /// Why the last attempt failed.
    pub problem: Option<WebhookProblem>,
    /// The last attempts, oldest first: a list of objects with `at`, `ms`, `status` and `problem`.
    pub attempt_log: Json,
    /// When nothing more was to be done for it.
    pub settled_at: Option<DateTimeUtc>,
    /// Counts up with every change: who has leased it knows by it that nobody else has.
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
