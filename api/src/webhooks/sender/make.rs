//! Making messages: a page of the feed becomes messages, and the endpoint moves on behind it, in one transaction.

use chrono::{DateTime, Utc};
use entities::{
    codes::{WebhookDeliveryStatus, WebhookDisabledReason},
    sync::{webhook_delivery, webhook_endpoint},
};
use sea_orm::{EntityTrait, Set};
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{endpoint::event_types, rows},
    Sender,
};
use crate::{
    graph::{Cx, Result},
    journey::{
        event_id,
        feed::{self, Asked, Entries, Entry},
    },
};

/// How many entries of the feed one transaction makes messages of.
const PAGE: u64 = 200;
/// How many transactions one endpoint has before it is the next one's turn.
const ROUNDS: usize = 20;
/// How many rows one statement inserts.
const ROWS: usize = 60;

/// What one transaction did.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    messages: u64,
    more: bool,
}

impl Sender {
    /// Makes the messages of every endpoint that the feed has gone past. How many that were.
    pub(super) async fn make(&self) -> Result<u64> {
        let mut made = 0;
        for (tenant, endpoint) in rows::behind(self.0.store.db()).await? {
            for _ in 0..ROUNDS {
                match Box::pin(self.make_for(tenant, endpoint)).await {
                    Ok(Made { messages, more }) => {
                        made += messages;
                        if !more {
                            break;
                        }
                    }
                    // One endpoint's trouble is not the others'.
                    Err(error) => {
                        tracing::warn!(?error, tenant, %endpoint, "no messages are made for a webhook endpoint");
                        break;
                    }
                }
            }
        }
        Ok(made)
    }

    async fn make_for(&self, tenant: i64, id: Uuid) -> Result<Made> {
        let db = self.0.store.db();
        let Some(endpoint) = rows::active(db, tenant, id).await? else { return Ok(Made::default()) };
        let Some(owner) = self.owner(&endpoint).await? else {
            Box::pin(self.switch_off(tenant, id, WebhookDisabledReason::OwnerLeft)).await?;
            return Ok(Made::default());
        };
        let followed = self.follow(&owner, &endpoint).await?;
        let Some(endpoint) = rows::active(db, tenant, id).await? else { return Ok(followed) };
        let replayed = self.replay(&owner, &endpoint).await?;
        Ok(Made { messages: followed.messages + replayed.messages, more: followed.more || replayed.more })
    }

    /// What the endpoint's owner hears of behind a position.
    async fn page(&self, owner: &Cx, endpoint: &webhook_endpoint::Model, after: i64) -> Result<Entries> {
        let asked = Asked {
            after,
            objects: feed::types_of((&owner.caller).into()),
            exclude_source: endpoint.exclude_source.clone(),
            first: PAGE,
        };
        Ok(feed::read(&owner.caller, self.0.store.db(), &asked).await?)
    }

    /// The next page of the feed.
    async fn follow(&self, owner: &Cx, endpoint: &webhook_endpoint::Model) -> Result<Made> {
        let Entries { entries, looked_to, span } = self.page(owner, endpoint, endpoint.position).await?;
        if looked_to <= endpoint.position {
            return Ok(Made::default());
        }
        let now = self.0.clock.now();
        let mut moved = webhook_endpoint::ActiveModel { position: Set(looked_to), ..Default::default() };
        if endpoint.position + 1 < span.oldest {
            tracing::warn!(tenant = endpoint.tenant_id, id = %endpoint.id, "a webhook endpoint missed events");
            moved.gap_at = Set(Some(now));
        }
        let messages = self.write(endpoint, &entries, false, moved, now).await?;
        Ok(Made { messages, more: looked_to < span.now })
    }

    /// The next page of a replay.
    async fn replay(&self, owner: &Cx, endpoint: &webhook_endpoint::Model) -> Result<Made> {
        let (Some(after), Some(end)) = (endpoint.replay_position, endpoint.replay_to) else {
            return Ok(Made::default());
        };
        let Entries { mut entries, looked_to, .. } = self.page(owner, endpoint, after).await?;
        entries.retain(|entry| entry.position <= end);
        let is_over = looked_to >= end || looked_to <= after;
        let moved = webhook_endpoint::ActiveModel {
            replay_position: Set((!is_over).then_some(looked_to)),
            replay_to: Set((!is_over).then_some(end)),
            ..Default::default()
        };
        let messages = self.write(endpoint, &entries, true, moved, self.0.clock.now()).await?;
        Ok(Made { messages, more: !is_over })
    }

    /// Writes the messages and moves the endpoint on: both, or none where another process was faster.
    async fn write(
        &self,
        endpoint: &webhook_endpoint::Model,
        entries: &[Entry],
        is_replay: bool,
        mut moved: webhook_endpoint::ActiveModel,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let types = event_types(endpoint);
        let wanted = entries.iter().filter(|entry| types.is_empty() || types.contains(&entry.kind));
        let messages: Vec<webhook_delivery::ActiveModel> = wanted
            .zip(endpoint.place + 1..)
            .enumerate()
            .map(|(n, (entry, place))| {
                let id = event_id::mint(now, n as u64, self.0.clock.random());
                message(endpoint, entry, id, place, is_replay, now)
            })
            .collect();
        let made = messages.len();
        moved.place = Set(endpoint.place + i64::try_from(made).unwrap_or(i64::MAX));
        let tx = self.0.store.begin().await?;
        // The endpoint first: whoever comes second waits here, and finds it gone on.
        if !rows::move_on(&tx, endpoint, moved).await? {
            return Ok(0);
        }
        for chunk in messages.chunks(ROWS) {
            webhook_delivery::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx).await?;
        }
        tx.commit().await?;
        Ok(made as u64)
    }
}

fn message(
    endpoint: &webhook_endpoint::Model,
    entry: &Entry,
    id: Uuid,
    place: i64,
    is_replay: bool,
    now: DateTime<Utc>,
) -> webhook_delivery::ActiveModel {
    webhook_delivery::ActiveModel {
        tenant_id: Set(endpoint.tenant_id),
        id: Set(id),
        endpoint_id: Set(endpoint.id),
        place: Set(place),
        position: Set(Some(entry.position)),
        event_id: Set(Some(entry.event)),
        kind: Set(entry.kind.clone()),
        object_type: Set(entry.object.code().to_owned()),
        object_id: Set(entry.id),
        is_replay: Set(is_replay),
        status: Set(WebhookDeliveryStatus::Pending),
        attempts: Set(0),
        step: Set(0),
        next_attempt_at: Set(Some(now)),
        lease_until: Set(None),
        last_attempt_at: Set(None),
        response_status: Set(None),
        response_excerpt: Set(None),
        problem: Set(None),
        attempt_log: Set(json!([])),
        settled_at: Set(None),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    }
}
