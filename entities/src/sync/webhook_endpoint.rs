//! `webhook_endpoint`: an address that is told of events.

use sea_orm::entity::prelude::*;

use crate::codes::{WebhookDisabledReason, WebhookScheme, WebhookState};

/// An address that is told of events, and how far it has been told.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoint")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where the messages go.
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// PII: free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// The dot names of the kinds of events that it is told of; an empty list: all.
    pub event_types: Json,
    /// It is not told of what this system caused.
    #[sea_orm(column_type = "Text", nullable)]
    pub exclude_source: Option<String>,
    /// How its messages are signed.
    pub scheme: WebhookScheme,
    /// The key that signs: `whsec_…`, or `whsk_…` with the seed of an Ed25519 key. Never leaves but for the one answer that made it.
    #[sea_orm(column_type = "Text")]
    pub secret: String,
    /// The key before it, which signs beside it for a while.
    #[sea_orm(column_type = "Text", nullable)]
    pub previous_secret: Option<String>,
    /// The first moment at which the key before it does not sign any more.
    pub previous_until: Option<DateTimeUtc>,
    /// Whether it is sent to.
    pub state: WebhookState,
    /// Why it is not.
    pub disabled_reason: Option<WebhookDisabledReason>,
    /// Since when it is not.
    pub disabled_at: Option<DateTimeUtc>,
    /// Whose it is: the subject of the token that made it.
    #[sea_orm(column_type = "Text")]
    pub owner_subject: String,
    /// The colleague behind that subject; none for a machine.
    pub owner_id: Option<Uuid>,
    /// The roles that the owner's token carried, joined by `+`: what it is told of is what they may read.
    #[sea_orm(column_type = "Text")]
    pub owner_roles: String,
    /// The lines of the access table that the token held, by their names with `+`; null where it was not narrowed.
    #[sea_orm(column_type = "Text", nullable)]
    pub owner_grants: Option<String>,
    /// Up to this position of the feed, messages have been made of its events. Whoever sends moves it; that is no change of the record.
    pub position: i64,
    /// The place of the last message that was made.
    pub place: i64,
    /// A replay that is under way: up to this position, messages have been made once more.
    pub replay_position: Option<i64>,
    /// And it ends with this position.
    pub replay_to: Option<i64>,
    /// Since when every attempt has failed.
    pub failing_since: Option<DateTimeUtc>,
    /// When it last missed events because the feed no longer held them.
    pub gap_at: Option<DateTimeUtc>,
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
