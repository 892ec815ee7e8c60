//! Making an endpoint, changing it, switching it off and on, and taking it away.

use async_graphql::{Context, InputObject, MaybeUndefined, Object, SimpleObject};
use entities::{
    codes::{WebhookDisabledReason, WebhookScheme, WebhookState},
    sync::webhook_endpoint,
};
use sea_orm::{ActiveValue, ActiveValue::NotSet, Set};
use serde_json::json;

use super::{Rules, TEST, WebhookEndpoint, rows, signature};
use crate::{
    graph::{
        Cx, Error, GlobalId, Kind, Result, UserError, UserErrorCode, line, line_patch, patch_required, remark,
        remark_patch, text,
    },
    input,
    journey::{EventKind, Work, attempt, feed},
    payload,
    policy::{Class, access},
    removal,
};

/// The longest URL.
const MAX_URL: usize = 2_000;
/// The most kinds of events that an endpoint names.
const MAX_TYPES: usize = 100;
/// The most endpoints of a tenant.
const MAX_ENDPOINTS: u64 = 500;

input! {
    /// A new webhook endpoint.
    CreateWebhookEndpointInput for Webhook {
        /// Where the messages go: an address of the public internet that begins with https://, at most 2,000 characters.
        P url: String;
        /// What it is for, at most 20,000 characters.
        T description: Option<String>;
        /// The kinds of events that it is told of, by their dot names such as `opportunity.won`, at most 100; all that you may hear of
        /// unless said.
        P event_types: Option<Vec<String>>;
        /// Do not tell it of what this system caused: its own echo.
        P exclude_source: Option<String>;
        /// How its messages are signed; HMAC unless said.
        P scheme: Option<WebhookScheme>;
    }
}

input! {
    /// A change of a webhook endpoint: absent leaves, null clears.
    UpdateWebhookEndpointInput for Webhook {
        /// Where the messages go from now on.
        P url: MaybeUndefined<String>;
        /// What it is for.
        T description: MaybeUndefined<String>;
        /// The kinds of events that it is told of from now on; null or none: all that its owner may hear of.
        P event_types: MaybeUndefined<Vec<String>>;
        /// Do not tell it of what this system caused.
        P exclude_source: MaybeUndefined<String>;
    }
    plain {
        /// Which endpoint.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

/// An endpoint to switch off or on.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct WebhookEndpointStepInput {
    /// Which endpoint.
    pub id: GlobalId,
    /// Do it only if the endpoint still has this version.
    pub if_version: Option<i32>,
}

/// What `createWebhookEndpoint` answers.
#[derive(SimpleObject)]
pub struct CreateWebhookEndpointPayload {
    /// The new endpoint; null if it was refused.
    pub webhook_endpoint: Option<WebhookEndpoint>,
    /// The secret that its messages are verified with, `whsec_…`: told this once. Null for ED25519, whose `publicKey` is on the endpoint, and
    /// if it was refused.
    pub secret: Option<String>,
    /// Why nothing was changed; empty after success.
    pub user_errors: Vec<UserError>,
}

payload! {
    /// What `updateWebhookEndpoint` answers.
    UpdateWebhookEndpointPayload {
        /// The changed endpoint; null if it was refused.
        webhook_endpoint: WebhookEndpoint
    }
}

payload! {
    /// What `enableWebhookEndpoint` answers.
    EnableWebhookEndpointPayload {
        /// The endpoint, which is sent to; null if it was refused.
        webhook_endpoint: WebhookEndpoint
    }
}

payload! {
    /// What `disableWebhookEndpoint` answers.
    DisableWebhookEndpointPayload {
        /// The endpoint, which is not sent to; null if it was refused.
        webhook_endpoint: WebhookEndpoint
    }
}

/// The secret that is told, where there is one to tell.
pub(super) fn told(secret: String, scheme: WebhookScheme) -> Option<String> {
    (scheme == WebhookScheme::Hmac).then_some(secret)
}

fn url(rules: Rules, value: String) -> Result<String> {
    let value = text("url", value, MAX_URL)?;
    match rules.read(&value) {
        Ok(_) => Ok(value),
        Err(right) => Err(Error::invalid("url", right)),
    }
}

fn event_types(types: Vec<String>) -> Result<serde_json::Value> {
    if types.len() > MAX_TYPES {
        return Err(Error::invalid("eventTypes", format!("at most {MAX_TYPES} kinds of events")));
    }
    let mut known: Vec<String> = Vec::with_capacity(types.len());
    for (place, kind) in types.into_iter().enumerate() {
        let is_kind = EventKind::ALL.iter().any(|known| known.declared().name == kind);
        if !is_kind {
            let message = "the dot name of a kind of event, such as opportunity.won";
            return Err(Error::invalid(&format!("eventTypes.{place}"), message));
        }
        if !known.contains(&kind) {
            known.push(kind);
        }
    }
    debug_assert!(!known.iter().any(|kind| kind == TEST), "a test is no event");
    Ok(json!(known))
}

/// Makes an endpoint, which is told of what happens from now on. Gives the secret beside it.
pub async fn create(
    cx: &Cx,
    rules: Rules,
    input: CreateWebhookEndpointInput,
) -> Result<(WebhookEndpoint, Option<String>)> {
    let written = input.written();
    let CreateWebhookEndpointInput { url: address, description, event_types: types, exclude_source, scheme } = input;
    // Without a subject it would be nobody's.
    let owner = cx.caller.subject.clone().ok_or(Error::Forbidden)?;
    let scheme = scheme.unwrap_or(WebhookScheme::Hmac);
    let secret = signature::mint(scheme, &cx.clock);
    let mut work = Work::begin(cx).await?;
    if work.tally_unscoped::<webhook_endpoint::Entity>(sea_orm::Condition::all()).await? >= MAX_ENDPOINTS {
        let message = format!("a tenant has at most {MAX_ENDPOINTS} endpoints");
        return Err(Error::user(UserErrorCode::StateConflict, "url", message));
    }
    let now = feed::span(&cx.caller, work.tx()).await?.now;
    let row = webhook_endpoint::ActiveModel {
        url: Set(url(rules, address)?),
        description: Set(remark("description", description)?),
        event_types: Set(event_types(types.unwrap_or_default())?),
        exclude_source: Set(line("excludeSource", exclude_source)?),
        scheme: Set(scheme),
        secret: Set(secret.clone()),
        state: Set(WebhookState::Active),
        owner_subject: Set(owner),
        owner_id: Set(cx.caller.colleague),
        owner_roles: Set(cx.caller.roles.to_string()),
        owner_grants: Set(cx.caller.grants.told()),
        position: Set(now),
        place: Set(0),
        ..Default::default()
    };
    let row = work.insert::<webhook_endpoint::Entity>(row).await?;
    let seen = work.reached::<webhook_endpoint::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok((WebhookEndpoint(seen), told(secret, scheme)))
}

/// Changes where it is, what it is told of, and what it is called.
pub async fn update(cx: &Cx, rules: Rules, input: UpdateWebhookEndpointInput) -> Result<WebhookEndpoint> {
    let written = input.written();
    let UpdateWebhookEndpointInput { id, if_version, url: address, description, event_types: types, exclude_source } =
        input;
    let id = id.named("id", Kind::WebhookEndpoint)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<webhook_endpoint::Entity>(id, if_version, &written).await?;
    let is_owner = cx.caller.subject.as_ref() == Some(&seen.row().owner_subject);
    let row = webhook_endpoint::ActiveModel {
        url: match patch_required("url", address)? {
            ActiveValue::Set(address) => Set(url(rules, address)?),
            other => other,
        },
        description: remark_patch("description", description)?,
        event_types: match types {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => Set(json!([])),
            MaybeUndefined::Value(types) => Set(event_types(types)?),
        },
        exclude_source: line_patch("excludeSource", exclude_source)?,
        // What it is told of is what its owner may read: as it was when the owner last wrote here.
        owner_roles: if is_owner { Set(cx.caller.roles.to_string()) } else { NotSet },
        owner_grants: if is_owner { Set(cx.caller.grants.told()) } else { NotSet },
        ..Default::default()
    };
    work.update::<webhook_endpoint::Entity>(&seen, row).await?;
    let seen = work.reached::<webhook_endpoint::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(WebhookEndpoint(seen))
}

/// Sends to it again. What waits for it is due at once, and events that came meanwhile follow, as far as the feed holds them.
pub async fn enable(cx: &Cx, input: WebhookEndpointStepInput) -> Result<WebhookEndpoint> {
    let row = webhook_endpoint::ActiveModel {
        state: Set(WebhookState::Active),
        disabled_reason: Set(None),
        disabled_at: Set(None),
        failing_since: Set(None),
        ..Default::default()
    };
    step(cx, input, WebhookState::Active, row).await
}

/// Sends no more to it. What waits for it waits.
pub async fn disable(cx: &Cx, input: WebhookEndpointStepInput) -> Result<WebhookEndpoint> {
    let row = webhook_endpoint::ActiveModel {
        state: Set(WebhookState::Disabled),
        disabled_reason: Set(Some(WebhookDisabledReason::Manual)),
        disabled_at: Set(Some(cx.clock.now())),
        ..Default::default()
    };
    step(cx, input, WebhookState::Disabled, row).await
}

async fn step(
    cx: &Cx,
    input: WebhookEndpointStepInput,
    to: WebhookState,
    row: webhook_endpoint::ActiveModel,
) -> Result<WebhookEndpoint> {
    let WebhookEndpointStepInput { id, if_version } = input;
    let (id, written) = (id.named("id", Kind::WebhookEndpoint)?, [(Class::P, "state")]);
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<webhook_endpoint::Entity>(id, if_version, &written).await?;
    if seen.row().state == to {
        return Ok(WebhookEndpoint(seen));
    }
    work.update::<webhook_endpoint::Entity>(&seen, row).await?;
    if to == WebhookState::Active {
        rows::wake(work.tx(), work.tenant(), id, work.now()).await?;
    }
    let seen = work.reached::<webhook_endpoint::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(WebhookEndpoint(seen))
}

removal! {
    /// Takes an endpoint away: nothing is sent to it any more, what was on its way is not sent, and its messages are not shown any more.
    /// Event: `record.deleted`.
    delete_webhook_endpoint: webhook_endpoint::Entity as Webhook, class P url;
    mutation WebhookEndpointRemoval, input DeleteWebhookEndpointInput, payload DeleteWebhookEndpointPayload;
}

/// The configuration's rules, as the front door attached them.
fn rules(ctx: &Context<'_>) -> Rules {
    ctx.data_opt::<Rules>().copied().unwrap_or_default()
}

/// Making and changing endpoints.
#[derive(Default)]
pub struct WebhookChanges;

#[Object]
impl WebhookChanges {
    /// Makes a webhook endpoint, which is told of what happens from now on: of the changes that you hear of in the change feed
    /// (`feed { entities }`), with the roles of your token. Tells the secret once. Event: `record.created`.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), true))]
    async fn create_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: CreateWebhookEndpointInput,
    ) -> Result<CreateWebhookEndpointPayload> {
        let (cx, rules) = (Cx::of(ctx), rules(ctx));
        match attempt(|| create(cx, rules, input.clone())).await {
            Ok((endpoint, secret)) => {
                Ok(CreateWebhookEndpointPayload { webhook_endpoint: Some(endpoint), secret, user_errors: Vec::new() })
            }
            Err(Error::User(user_errors)) => {
                Ok(CreateWebhookEndpointPayload { webhook_endpoint: None, secret: None, user_errors })
            }
            Err(error) => Err(error),
        }
    }

    /// Changes a webhook endpoint. Where its owner does so, the roles of this token count from now on. Event: `record.updated`.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), true))]
    async fn update_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: UpdateWebhookEndpointInput,
    ) -> Result<UpdateWebhookEndpointPayload> {
        let (cx, rules) = (Cx::of(ctx), rules(ctx));
        UpdateWebhookEndpointPayload::of(attempt(|| update(cx, rules, input.clone())).await)
    }

    /// Sends to a webhook endpoint again: what waited for it is due at once, and what happened meanwhile follows, as far as the change feed
    /// holds it (`missedEventsAt` says where it did not). One that is sent to stays as it is. Event: `record.updated`.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), true))]
    async fn enable_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: WebhookEndpointStepInput,
    ) -> Result<EnableWebhookEndpointPayload> {
        let cx = Cx::of(ctx);
        EnableWebhookEndpointPayload::of(attempt(|| enable(cx, input)).await)
    }

    /// Sends no more to a webhook endpoint. What waits for it waits. One that is switched off stays as it is. Event: `record.updated`.
    #[graphql(directive = access::apply("Webhook".into(), "P".into(), true))]
    async fn disable_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: WebhookEndpointStepInput,
    ) -> Result<DisableWebhookEndpointPayload> {
        let cx = Cx::of(ctx);
        DisableWebhookEndpointPayload::of(attempt(|| disable(cx, input)).await)
    }
}
