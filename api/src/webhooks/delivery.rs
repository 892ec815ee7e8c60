//! A message to an endpoint and what became of it: the log that a receiver's people look at when something did not arrive.

use async_graphql::Object;
use chrono::{DateTime, Utc};
use entities::{
    codes::{WebhookDeliveryStatus, WebhookProblem},
    sync::{webhook_delivery, webhook_endpoint},
};
use serde_json::{Value, json};

use super::WebhookEndpoint;
use crate::{
    graph::{AnyOf, GlobalId, Ids, IntFilter, Kind, TextFilter, TimeFilter},
    journey::ObjectType,
    listed, object,
    policy::access,
};

/// How many attempts the log of a message holds.
const LOGGED: usize = 20;

/// The message's own id, the same at each attempt and in each replay: that of the event, or of the test itself.
pub(super) fn message_id(row: &webhook_delivery::Model) -> String {
    match row.event_id {
        Some(event) => GlobalId::new(Kind::Event, event).to_string(),
        None => GlobalId::new(Kind::WebhookDelivery, row.id).to_string(),
    }
}

/// The record that the event is about.
fn record(row: &webhook_delivery::Model) -> Option<GlobalId> {
    ObjectType::parse(&row.object_type).map(|object| GlobalId::new(object.kind(), row.object_id))
}

/// One attempt.
#[derive(Clone)]
pub struct WebhookAttempt(Value);

/// The log with one more attempt, the oldest gone where there are too many.
pub(super) fn logged(
    log: &Value,
    at: DateTime<Utc>,
    took_ms: i64,
    status: Option<i32>,
    problem: Option<WebhookProblem>,
) -> Value {
    let mut attempts = log.as_array().cloned().unwrap_or_default();
    let problem = problem.map(WebhookProblem::as_str);
    attempts.push(json!({ "at": at.to_rfc3339(), "ms": took_ms, "status": status, "problem": problem }));
    let over = attempts.len().saturating_sub(LOGGED);
    Value::Array(attempts.split_off(over))
}

/// One attempt to deliver a message.
#[Object]
impl WebhookAttempt {
    /// When it was made (UTC); null where the log does not say.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), false))]
    async fn at(&self) -> Option<DateTime<Utc>> {
        self.0["at"].as_str().and_then(|at| at.parse().ok())
    }

    /// How long it took, in milliseconds; null where the log does not say.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), false))]
    async fn took_milliseconds(&self) -> Option<i32> {
        self.0["ms"].as_i64().and_then(|ms| i32::try_from(ms).ok())
    }

    /// The status of the answer; null where none came.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), false))]
    async fn response_status(&self) -> Option<i32> {
        self.0["status"].as_i64().and_then(|status| i32::try_from(status).ok())
    }

    /// Why it failed; null where it did not.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), false))]
    async fn problem(&self) -> Option<WebhookProblem> {
        self.0["problem"].as_str().and_then(WebhookProblem::parse)
    }
}

object! {
    /// A message to a webhook endpoint, and what became of it.
    WebhookDelivery(webhook_delivery::Entity) as Webhook, id WebhookDelivery {
        /// The header `webhook-id`: the same at each attempt, in each replay and at each endpoint.
        P message_id: String = message_id;
        /// The kind of the event, by its dot name; `webhook.test` for a test.
        P r#type: String = |row| row.kind.clone();
        /// The record that the event is about; null where it has no id in the graph.
        P record_id: GlobalId = record;
        /// What became of it.
        P status: WebhookDeliveryStatus = |row| row.status;
        /// Whether a replay made it.
        P is_replay: bool = |row| row.is_replay;
        /// How often it was sent.
        P attempts: i32 = |row| row.attempts;
        /// When it is to be sent next, at the earliest (UTC): an earlier message about the same record goes first. Null once it is settled.
        P next_attempt_at: DateTime<Utc> = |row| row.next_attempt_at;
        /// When it was last sent (UTC); null before the first attempt.
        P last_attempt_at: DateTime<Utc> = |row| row.last_attempt_at;
        /// The status of the last answer; null where none came.
        P response_status: i32 = |row| row.response_status;
        /// The beginning of the last answer, at most 1,000 characters; null where none came.
        T response_excerpt: String = |row| row.response_excerpt.clone();
        /// Why the last attempt failed; null where it did not.
        P problem: WebhookProblem = |row| row.problem;
        /// The last attempts, at most 20, oldest first.
        P attempt_log: Vec<WebhookAttempt> = |row| {
            row.attempt_log.as_array().into_iter().flatten().cloned().map(WebhookAttempt).collect::<Vec<_>>()
        };
        /// When nothing more was to be done for it (UTC); null while it is on its way.
        P settled_at: DateTime<Utc> = |row| row.settled_at;
    }
    refs {
        /// To whom it goes; null where you may not see that.
        P endpoint: WebhookEndpoint = webhook_endpoint::Entity, |row| row.endpoint_id;
    }
}

listed! {
    /// One message to a webhook endpoint; null if there is none that you may see.
    webhook_delivery,
    /// The messages to webhook endpoints that you may see, newest first unless sorted. What is settled is kept for a while
    /// (`webhooks.log_retention`).
    webhook_deliveries: WebhookDelivery(webhook_delivery::Entity) as Webhook, id WebhookDelivery, Falling;
    query WebhookDeliveryQuery, filter WebhookDeliveryFilter, sort WebhookDeliverySort {
        /// By to whom it goes.
        P endpoint_id: Ids = EndpointId, of WebhookEndpoint;
        /// By the kind of the event.
        P r#type: TextFilter = Kind;
        /// By what became of it.
        P status: AnyOf<WebhookDeliveryStatus> = Status;
        /// By why the last attempt failed.
        P problem: AnyOf<WebhookProblem> = Problem;
        /// By how often it was sent.
        P attempts: IntFilter = Attempts;
        /// By when it is to be sent next.
        P next_attempt_at: TimeFilter = NextAttemptAt;
    }
}
