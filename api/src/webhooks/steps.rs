//! What can be done with an endpoint that works: another secret, a test, what happened once more, and one message once more.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    codes::{WebhookDeliveryStatus, WebhookScheme, WebhookState},
    sync::{webhook_delivery, webhook_endpoint},
};
use sea_orm::{ActiveValue::NotSet, Set};
use serde_json::json;

use super::{
    TEST, WebhookDelivery, WebhookEndpoint,
    change::{WebhookEndpointStepInput, told},
    rows, signature,
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, Result, UserError, UserErrorCode, require_write},
    input,
    journey::{ObjectType, Work, attempt, feed},
    payload,
    policy::{Class, access},
};

/// For how many hours an old secret signs beside the new one, unless said.
const OLD_SECRET: i32 = 24;
/// At most so many: thirty days.
const OLD_SECRET_MOST: i32 = 720;

input! {
    /// Another secret for a webhook endpoint.
    RotateWebhookSecretInput for Webhook {
        /// For how many hours the present secret signs beside the new one, 0 to 720; 24 unless said.
        P previous_valid_hours: Option<i32>;
        /// How messages are signed from now on; as before unless said.
        P scheme: Option<WebhookScheme>;
    }
    plain {
        /// Which endpoint.
        id: GlobalId;
        /// Do it only if the endpoint still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// What is to be told once more.
    ReplayWebhookEventsInput for Webhook {
        /// What was recorded at this moment or later.
        P from: DateTime<Utc>;
        /// And before this one; all that has been told unless said.
        P to: Option<DateTime<Utc>>;
    }
    plain {
        /// Which endpoint.
        id: GlobalId;
        /// Do it only if the endpoint still has this version.
        if_version: Option<i32>;
    }
}

/// A message to send once more.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct RetryWebhookDeliveryInput {
    /// Which message.
    pub id: GlobalId,
    /// Do it only if the message still has this version.
    pub if_version: Option<i32>,
}

/// What `rotateWebhookSecret` answers.
#[derive(SimpleObject)]
pub struct RotateWebhookSecretPayload {
    /// The endpoint; null if it was refused.
    pub webhook_endpoint: Option<WebhookEndpoint>,
    /// The new secret, `whsec_…`: told this once. Null for ED25519, whose new `publicKey` is on the endpoint, and if it was refused.
    pub secret: Option<String>,
    /// Why nothing was changed; empty after success.
    pub user_errors: Vec<UserError>,
}

payload! {
    /// What `testWebhookEndpoint` answers.
    TestWebhookEndpointPayload {
        /// The message that is about to be sent; null if it was refused.
        webhook_delivery: WebhookDelivery
    }
}

payload! {
    /// What `replayWebhookEvents` answers.
    ReplayWebhookEventsPayload {
        /// The endpoint, which is replaying until its messages are made; null if it was refused.
        webhook_endpoint: WebhookEndpoint
    }
}

payload! {
    /// What `retryWebhookDelivery` answers.
    RetryWebhookDeliveryPayload {
        /// The message, which is on its way again; null if it was refused.
        webhook_delivery: WebhookDelivery
    }
}

/// Makes another secret; the old one signs beside it for a while.
pub async fn rotate(cx: &Cx, input: RotateWebhookSecretInput) -> Result<(WebhookEndpoint, Option<String>)> {
    let mut written = input.written();
    written.push((Class::P, "secret"));
    let RotateWebhookSecretInput { id, if_version, previous_valid_hours, scheme } = input;
    let id = id.named("id", Kind::WebhookEndpoint)?;
    let hours = previous_valid_hours.unwrap_or(OLD_SECRET);
    if !(0..=OLD_SECRET_MOST).contains(&hours) {
        return Err(Error::invalid("previousValidHours", format!("0 to {OLD_SECRET_MOST} hours")));
    }
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<webhook_endpoint::Entity>(id, if_version, &written).await?;
    let scheme = scheme.unwrap_or(seen.row().scheme);
    let secret = signature::mint(scheme, &cx.clock);
    let row = webhook_endpoint::ActiveModel {
        scheme: Set(scheme),
        secret: Set(secret.clone()),
        previous_secret: Set((hours > 0).then(|| seen.row().secret.clone())),
        previous_until: Set((hours > 0).then(|| work.now() + TimeDelta::hours(hours.into()))),
        ..Default::default()
    };
    work.update::<webhook_endpoint::Entity>(&seen, row).await?;
    let seen = work.reached::<webhook_endpoint::Entity>(id, &written).await?;
    work.commit().await?;
    Ok((WebhookEndpoint(seen), told(secret, scheme)))
}

/// An endpoint is elsewhere than it was a moment ago: somebody makes messages for it just now. The unit of work is tried again.
fn in_the_way() -> Error {
    Error::user(UserErrorCode::StateConflict, "id", "messages are being made for it just now; try again")
}

/// Sends a message that no event stands behind.
pub async fn test(cx: &Cx, input: WebhookEndpointStepInput) -> Result<WebhookDelivery> {
    let WebhookEndpointStepInput { id, if_version } = input;
    let (id, written) = (id.named("id", Kind::WebhookEndpoint)?, [(Class::P, "state")]);
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<webhook_endpoint::Entity>(id, if_version, &written).await?;
    let endpoint = seen.row();
    if endpoint.state != WebhookState::Active {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "the endpoint is switched off"));
    }
    let place = endpoint.place + 1;
    let moved = webhook_endpoint::ActiveModel { place: Set(place), ..Default::default() };
    if !rows::move_on(work.tx(), endpoint, moved).await? {
        return Err(in_the_way());
    }
    let delivery = work.fresh_id();
    let row = webhook_delivery::ActiveModel {
        tenant_id: NotSet,
        id: Set(delivery),
        endpoint_id: Set(id),
        place: Set(place),
        position: Set(None),
        event_id: Set(None),
        kind: Set(TEST.to_owned()),
        object_type: Set(ObjectType::WebhookEndpoint.code().to_owned()),
        object_id: Set(id),
        is_replay: Set(false),
        status: Set(WebhookDeliveryStatus::Pending),
        attempts: Set(0),
        step: Set(0),
        next_attempt_at: Set(Some(work.now())),
        lease_until: Set(None),
        last_attempt_at: Set(None),
        response_status: Set(None),
        response_excerpt: Set(None),
        problem: Set(None),
        attempt_log: Set(json!([])),
        settled_at: Set(None),
        version: Set(1),
        created_at: Set(work.now()),
        updated_at: Set(work.now()),
    };
    work.insert_technical::<webhook_delivery::Entity>(vec![row]).await?;
    let seen = cx.caller.rows::<webhook_delivery::Entity>().by_id(delivery).one(work.tx()).await?;
    let seen = seen.ok_or(Error::NotFound)?;
    work.commit().await?;
    Ok(WebhookDelivery(seen))
}

/// Tells what was recorded in a time once more: a range of the feed, of which messages are made behind those that wait already.
pub async fn replay(cx: &Cx, input: ReplayWebhookEventsInput) -> Result<WebhookEndpoint> {
    let mut written = input.written();
    written.push((Class::P, "state"));
    let ReplayWebhookEventsInput { id, if_version, from, to } = input;
    let id = id.named("id", Kind::WebhookEndpoint)?;
    if to.is_some_and(|to| to <= from) {
        return Err(Error::invalid("to", "a moment after `from`"));
    }
    let work = Work::begin(cx).await?;
    let seen = work.to_change::<webhook_endpoint::Entity>(id, if_version, &written).await?;
    let endpoint = seen.row();
    if endpoint.replay_position.is_some() {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "a replay is under way"));
    }
    let (tx, tenant) = (work.tx(), work.tenant());
    let span = feed::span(&cx.caller, tx).await?;
    let first = rows::recorded_from(tx, tenant, span, from).await?;
    // Where the oldest entry that is kept came later than that, nobody knows what stood before it.
    let is_cut = span.oldest > 1 && first == span.oldest;
    if is_cut && rows::recorded_from(tx, tenant, span, from + TimeDelta::microseconds(1)).await? == first {
        return Err(Error::invalid("from", "the change feed is not kept that far back"));
    }
    let end = match to {
        Some(to) => rows::recorded_from(tx, tenant, span, to).await? - 1,
        None => span.now,
    };
    // What comes after has not been told once.
    let end = Ord::min(end, endpoint.position);
    if end >= first {
        let moved = webhook_endpoint::ActiveModel {
            replay_position: Set(Some(first - 1)),
            replay_to: Set(Some(end)),
            ..Default::default()
        };
        if !rows::move_on(tx, endpoint, moved).await? {
            return Err(in_the_way());
        }
    }
    let seen = work.reached::<webhook_endpoint::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(WebhookEndpoint(seen))
}

/// Sends a message that failed once more, with the whole schedule before it.
pub async fn retry(cx: &Cx, input: RetryWebhookDeliveryInput) -> Result<WebhookDelivery> {
    let RetryWebhookDeliveryInput { id, if_version } = input;
    let id = id.named("id", Kind::WebhookDelivery)?;
    let work = Work::begin(cx).await?;
    let rows_to_write = cx.caller.rows_to_write::<webhook_delivery::Entity>();
    let seen = rows_to_write.by_id(id).held().one(work.tx()).await?.ok_or_else(|| Error::missing("id"))?;
    require_write(seen.rights(), &[(Class::P, "status")])?;
    let held = seen.row();
    if if_version.is_some_and(|expected| i64::from(expected) != held.version) {
        return Err(Error::version_conflict(held.version));
    }
    let conflict = |message: &str| Err(Error::user(UserErrorCode::StateConflict, "id", message));
    if held.status == WebhookDeliveryStatus::Delivered {
        return conflict("it was delivered; a replay tells it once more");
    }
    if held.status == WebhookDeliveryStatus::Pending && held.lease_until.is_some_and(|until| until > work.now()) {
        return conflict("it is being sent");
    }
    let row = webhook_delivery::ActiveModel {
        status: Set(WebhookDeliveryStatus::Pending),
        step: Set(0),
        next_attempt_at: Set(Some(work.now())),
        lease_until: Set(None),
        settled_at: Set(None),
        ..Default::default()
    };
    if !rows::change(work.tx(), held, row, work.now()).await? {
        return Err(Error::version_conflict(held.version + 1));
    }
    let seen = cx.caller.rows::<webhook_delivery::Entity>().by_id(id).one(work.tx()).await?;
    let seen = seen.ok_or(Error::NotFound)?;
    work.commit().await?;
    Ok(WebhookDelivery(seen))
}

/// What can be done with endpoints and their messages.
#[derive(Default)]
pub struct WebhookSteps;

#[Object]
impl WebhookSteps {
    /// Makes another secret for a webhook endpoint. Messages carry the signatures of both, until the old one ends; a secret before the old
    /// one ends at once. Tells the new one once. Event: `record.updated`.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), true))]
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        input: RotateWebhookSecretInput,
    ) -> Result<RotateWebhookSecretPayload> {
        let cx = Cx::of(ctx);
        match attempt(|| rotate(cx, input.clone())).await {
            Ok((endpoint, secret)) => {
                Ok(RotateWebhookSecretPayload { webhook_endpoint: Some(endpoint), secret, user_errors: Vec::new() })
            }
            Err(Error::User(user_errors)) => {
                Ok(RotateWebhookSecretPayload { webhook_endpoint: None, secret: None, user_errors })
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a message of type `webhook.test` to a webhook endpoint, by the same way as all others. STATE_CONFLICT where it is switched off.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), true))]
    async fn test_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: WebhookEndpointStepInput,
    ) -> Result<TestWebhookEndpointPayload> {
        let cx = Cx::of(ctx);
        TestWebhookEndpointPayload::of(attempt(|| test(cx, input)).await)
    }

    /// Tells a webhook endpoint once more what was recorded in a time: the same messages under the same `webhook-id`, behind those that are
    /// on their way. INVALID where the change feed is not kept that far back; STATE_CONFLICT while a replay is under way.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), true))]
    async fn replay_webhook_events(
        &self,
        ctx: &Context<'_>,
        input: ReplayWebhookEventsInput,
    ) -> Result<ReplayWebhookEventsPayload> {
        let cx = Cx::of(ctx);
        ReplayWebhookEventsPayload::of(attempt(|| replay(cx, input.clone())).await)
    }

    /// Sends a message that failed, or that waits for its next attempt, at once, with the whole schedule of retries before it.
    /// STATE_CONFLICT where it was delivered, or is being sent.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), true))]
    async fn retry_webhook_delivery(
        &self,
        ctx: &Context<'_>,
        input: RetryWebhookDeliveryInput,
    ) -> Result<RetryWebhookDeliveryPayload> {
        let cx = Cx::of(ctx);
        RetryWebhookDeliveryPayload::of(attempt(|| retry(cx, input)).await)
    }
}
