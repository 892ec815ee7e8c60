//! An address that is told of events: whose it is, what it is told of, and how far it has been told.

use chrono::{DateTime, Utc};
use entities::{
    account::colleague,
    codes::{WebhookDisabledReason, WebhookScheme, WebhookState},
    sync::{webhook_delivery, webhook_endpoint},
};

use super::{WebhookDelivery, signature};
use crate::{
    account::Colleague,
    graph::{AnyOf, TextFilter, TimeFilter},
    listed, object,
};

/// The kinds of events that an endpoint is told of; empty: all.
pub(super) fn event_types(row: &webhook_endpoint::Model) -> Vec<String> {
    let types = row.event_types.as_array().into_iter().flatten();
    types.filter_map(|kind| kind.as_str().map(str::to_owned)).collect()
}

object! {
    /// An address that is told of what happens: Standard Webhooks 1.0.
    WebhookEndpoint(webhook_endpoint::Entity) as Webhook, id WebhookEndpoint {
        /// Where the messages go.
        P url: String = |row| row.url.clone();
        /// What it is for; null where unsaid.
        T description: String = |row| row.description.clone();
        /// The kinds of events that it is told of, by their dot names, at most 100; empty: all that its owner may hear of.
        P event_types: Vec<String> = event_types;
        /// It is not told of what this system caused, its own echo; null: it is told of everything.
        P exclude_source: String = |row| row.exclude_source.clone();
        /// How its messages are signed.
        P scheme: WebhookScheme = |row| row.scheme;
        /// What signatures are verified with, `whpk_…`; null for HMAC, whose secret is told once.
        P public_key: String = |row| signature::public_key(&row.secret);
        /// The first moment at which the secret before the present one does not sign any more (UTC); null where there was none.
        P previous_secret_until: DateTime<Utc> = |row| row.previous_until;
        /// Whether it is sent to.
        P state: WebhookState = |row| row.state;
        /// Why it is not sent to; null while it is.
        P disabled_reason: WebhookDisabledReason = |row| row.disabled_reason;
        /// Since when it is not sent to (UTC); null while it is.
        P disabled_at: DateTime<Utc> = |row| row.disabled_at;
        /// Whose it is: the subject of the token that made it. It is told of what that token's roles read on every record.
        P owner_subject: String = |row| row.owner_subject.clone();
        /// The roles that count, joined by `+`: those that the owner's token carried when it last wrote here.
        P owner_roles: String = |row| row.owner_roles.clone();
        /// Since when every attempt has failed (UTC); null where the last one did not.
        P failing_since: DateTime<Utc> = |row| row.failing_since;
        /// When it last missed events, because the feed no longer held them (UTC); null: never.
        P missed_events_at: DateTime<Utc> = |row| row.gap_at;
        /// Whether a replay is under way.
        P is_replaying: bool = |row| row.replay_position.is_some();
    }
    refs {
        /// The colleague whose it is; null for a machine's.
        P owner: Colleague = colleague::Entity, |row| row.owner_id;
    }
    lists {
        /// The messages to it, newest first.
        deliveries: WebhookDelivery = webhook_delivery::Entity, webhook_delivery::Column::EndpointId, Falling;
    }
}

listed! {
    /// One webhook endpoint; null if there is none that you may see.
    webhook_endpoint,
    /// The webhook endpoints that you may see, oldest first unless sorted.
    webhook_endpoints: WebhookEndpoint(webhook_endpoint::Entity) as Webhook, id WebhookEndpoint, Rising;
    query WebhookEndpointQuery, filter WebhookEndpointFilter, sort WebhookEndpointSort {
        /// By where the messages go.
        P url: TextFilter = Url;
        /// By whether it is sent to.
        P state: AnyOf<WebhookState> = State;
        /// By why it is not.
        P disabled_reason: AnyOf<WebhookDisabledReason> = DisabledReason;
        /// By whose it is.
        P owner_subject: TextFilter = OwnerSubject;
        /// By since when every attempt has failed; `isNull: true` leaves those that work.
        P failing_since: TimeFilter = FailingSince;
    }
}
