//! How long the change log is kept, and the answers to requests that came with a key. The journal stays for ever; the log of positions, which only followers read, does not have to.
//!
//! What goes are whole transactions, the oldest first, in small batches. What somebody of the house has still to read stays, and so does
//! the newest transaction: the log always says itself from where on it is kept. What a webhook has still to be told of stays, too, but not
//! for ever: only for an endpoint that is sent to, and for [`HELD`] at most.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    codes::{WebhookDeliveryStatus, WebhookState},
    journey::change_log,
    sync::{idempotency_key, webhook_delivery, webhook_endpoint},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};

use crate::{clock::Clock, graph::Result, store::Store, tenancy};

/// How many entries one batch looks at: few enough that no writer waits long.
const BATCH: u64 = 5_000;

/// How often a server looks whether something has become too old.
const EACH: Duration = Duration::from_secs(3_600);

/// For how long entries that are too old are kept for webhooks that have not been told of them: longer than an endpoint may fail before
/// it is switched off, so that only a sender that does not run loses something.
const HELD: TimeDelta = TimeDelta::days(7);
/// How long an answer is kept under its idempotency key.
pub const KEYS: Duration = Duration::from_secs(86_400);

/// Forgets the idempotency keys of every tenant that are too old, until the store is gone.
pub async fn keep_keys(store: Store, clock: Clock) {
    loop {
        match every_key(&store, &clock).await {
            Ok(0) => {}
            Ok(gone) => tracing::info!(gone, "idempotency keys have become too old"),
            Err(error) => tracing::warn!(?error, "idempotency keys are kept longer than they should be"),
        }
        tokio::time::sleep(EACH).await;
    }
}

async fn every_key(store: &Store, clock: &Clock) -> Result<u64> {
    let mut gone = 0;
    for slug in tenancy::slugs(store).await? {
        gone += prune_keys(store, clock, tenancy::tenant_id(store, &slug).await?).await?;
    }
    Ok(gone)
}

/// Removes a tenant's idempotency keys of which nobody may expect an answer any more. How many that were.
pub async fn prune_keys(store: &Store, clock: &Clock, tenant: i64) -> Result<u64> {
    let old = clock.now() - TimeDelta::from_std(KEYS).unwrap_or(TimeDelta::zero());
    let tx = store.begin().await?;
    let removed = idempotency_key::Entity::delete_many()
        .filter(idempotency_key::Column::TenantId.eq(tenant))
        .filter(idempotency_key::Column::CreatedAt.lte(old))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(removed.rows_affected)
}

/// Keeps the feeds of every tenant for so long, until the store is gone.
pub async fn keep(store: Store, clock: Clock, kept: Duration) {
    loop {
        match all(&store, &clock, kept).await {
            Ok(0) => {}
            Ok(gone) => tracing::info!(gone, "entries of the feed have become too old"),
            Err(error) => tracing::warn!(?error, "the feed is kept longer than it should be"),
        }
        tokio::time::sleep(EACH).await;
    }
}

async fn all(store: &Store, clock: &Clock, kept: Duration) -> Result<u64> {
    let mut gone = 0;
    for slug in tenancy::slugs(store).await? {
        gone += prune(store, clock, tenancy::tenant_id(store, &slug).await?, kept).await?;
    }
    Ok(gone)
}

/// Removes the entries of a tenant's feed that are older than `kept`. How many that were.
pub async fn prune(store: &Store, clock: &Clock, tenant: i64, kept: Duration) -> Result<u64> {
    let before = TimeDelta::from_std(kept).ok().and_then(|kept| clock.now().checked_sub_signed(kept));
    let Some(before) = before else { return Ok(0) };
    let held = before.checked_sub_signed(HELD).unwrap_or(before);
    let (mut gone, mut size) = (0, BATCH);
    loop {
        let tx = store.begin().await?;
        let (read, told) = (read_to(&tx, tenant).await?, told_to(&tx, tenant).await?);
        let oldest: Vec<(i64, DateTime<Utc>)> = change_log::Entity::find()
            .select_only()
            .columns([change_log::Column::Position, change_log::Column::RecordedAt])
            .filter(change_log::Column::TenantId.eq(tenant))
            .order_by_asc(change_log::Column::Position)
            .limit(size + 1)
            .into_tuple()
            .all(&tx)
            .await?;
        let stays = |(position, at): &(i64, DateTime<Utc>)| {
            *at >= before
                || read.is_some_and(|read| *position > read)
                || (*at >= held && told.is_some_and(|told| *position > told))
        };
        let Some(end) = end(&oldest, stays) else {
            // A transaction that is longer than a batch goes whole, or not at all.
            if oldest.len() as u64 <= size || oldest.iter().any(stays) {
                return Ok(gone);
            }
            size *= 2;
            continue;
        };
        let removed = change_log::Entity::delete_many()
            .filter(change_log::Column::TenantId.eq(tenant))
            .filter(change_log::Column::Position.lte(end))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        gone += removed.rows_affected;
        size = BATCH;
    }
}

/// The last of the oldest entries that may go: before the first that stays, or else before the last that was looked at, and not of
/// the same transaction, whose entries share their moment.
fn end(oldest: &[(i64, DateTime<Utc>)], stays: impl Fn(&(i64, DateTime<Utc>)) -> bool) -> Option<i64> {
    let first = oldest.iter().position(stays).unwrap_or(oldest.len().checked_sub(1)?);
    let (_, moment) = oldest[first];
    oldest[..first].iter().rev().find(|(_, at)| *at != moment).map(|(position, _)| *position)
}

/// How far whoever reads the log inside the house has read it; none where nobody reads it. The kept figures do
/// (`analytics/rollup`): what they have not taken in yet must stay.
async fn read_to<C: ConnectionTrait>(db: &C, tenant: i64) -> Result<Option<i64>, DbErr> {
    let select =
        Query::select().column("position").from("figure_state").and_where(Expr::col("tenant_id").eq(tenant)).to_owned();
    db.query_one(&select).await?.map(|row| row.try_get("", "position")).transpose()
}

/// How far every webhook that is sent to has been told; none where there is none. A message that is under way says what the log says when it
/// is sent, and so does a replay.
async fn told_to<C: ConnectionTrait>(db: &C, tenant: i64) -> Result<Option<i64>, DbErr> {
    let (endpoint, delivery) = ("e", "d");
    let e = |column: webhook_endpoint::Column| Expr::col((endpoint, column));
    let d = |column: webhook_delivery::Column| Expr::col((delivery, column));
    let mut endpoints = Query::select();
    endpoints
        .from_as(webhook_endpoint::Entity, endpoint)
        .and_where(e(webhook_endpoint::Column::TenantId).eq(tenant))
        .and_where(e(webhook_endpoint::Column::State).eq(WebhookState::Active.as_str()))
        .and_where(e(webhook_endpoint::Column::DeletedAt).is_null());
    let mut places = endpoints.clone();
    places.expr(e(webhook_endpoint::Column::Position).min()).expr(e(webhook_endpoint::Column::ReplayPosition).min());
    let mut to = endpoints;
    to.expr(Expr::val(1))
        .and_where(e(webhook_endpoint::Column::Id).equals((delivery, webhook_delivery::Column::EndpointId)));
    let under_way = Query::select()
        .expr(d(webhook_delivery::Column::Position).min())
        .from_as(webhook_delivery::Entity, delivery)
        .and_where(d(webhook_delivery::Column::TenantId).eq(tenant))
        .and_where(d(webhook_delivery::Column::Status).eq(WebhookDeliveryStatus::Pending.as_str()))
        .and_where(Expr::exists(to))
        .to_owned();
    let mut told: Vec<Option<i64>> = Vec::new();
    if let Some(row) = db.query_one(&places).await? {
        told.push(row.try_get_by_index(0)?);
        told.push(row.try_get_by_index(1)?);
    }
    if let Some(row) = db.query_one(&under_way).await? {
        told.push(row.try_get_by_index::<Option<i64>>(0)?.map(|position| position - 1));
    }
    Ok(told.into_iter().flatten().min())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries from position 1 on, each with the second in which it was recorded.
    fn log(seconds: &[i64]) -> Vec<(i64, DateTime<Utc>)> {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap_or_default();
        (1..).zip(seconds.iter().map(|second| at(*second))).collect()
    }

    #[test]
    fn transactions_go_whole() {
        let older_than = |second| move |entry: &(i64, DateTime<Utc>)| entry.1.timestamp() >= second;
        assert_eq!(end(&[], older_than(9)), None);
        // The newest transaction stays, however old it is.
        assert_eq!(end(&log(&[1]), older_than(9)), None);
        assert_eq!(end(&log(&[1, 1, 1]), older_than(9)), None);
        assert_eq!(end(&log(&[1, 1, 2, 3, 3]), older_than(9)), Some(3));
        assert_eq!(end(&log(&[1, 1, 2, 3, 3]), older_than(3)), Some(3));
        assert_eq!(end(&log(&[1, 1, 2, 3, 3]), older_than(2)), Some(2));
        assert_eq!(end(&log(&[1, 1, 2, 3, 3]), older_than(1)), None);
        // What is not read yet stays, with all of its transaction.
        assert_eq!(end(&log(&[1, 1, 2, 2, 3]), |(position, _)| *position > 3), Some(2));
        assert_eq!(end(&log(&[1, 1, 2, 2, 3]), |(position, _)| *position > 4), Some(4));
    }
}
