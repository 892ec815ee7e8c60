//! The statements of whoever sends. Where a process stands with an endpoint, and what became of a message, is no change that anybody made:
//! the journal does not name it, and the record's version stays. Whatever a statement changes, it changes in one tenant, and only as long as the
//! row is what it was believed to be. Two look for work in all tenants, each table's rows beside those of the same tenant alone.

use chrono::{DateTime, Utc};
use entities::{
    codes::{WebhookDeliveryStatus, WebhookState},
    journey::change_log,
    sync::{webhook_delivery, webhook_endpoint},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    Set,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use crate::journey::feed::Span;

const ENDPOINT: &str = "e";
const DELIVERY: &str = "d";

fn e(column: webhook_endpoint::Column) -> Expr {
    Expr::col((ENDPOINT, column))
}

fn d(column: webhook_delivery::Column) -> Expr {
    Expr::col((DELIVERY, column))
}

/// An endpoint that is sent to.
pub(super) async fn active<C: ConnectionTrait>(
    db: &C,
    tenant: i64,
    id: Uuid,
) -> Result<Option<webhook_endpoint::Model>, DbErr> {
    webhook_endpoint::Entity::find_by_id((tenant, id))
        .filter(webhook_endpoint::Column::State.eq(WebhookState::Active))
        .filter(webhook_endpoint::Column::DeletedAt.is_null())
        .one(db)
        .await
}

/// The endpoints of all tenants for which messages are to be made: those that the feed has gone past, and those with a replay.
pub(super) async fn behind<C: ConnectionTrait>(db: &C) -> Result<Vec<(i64, Uuid)>, DbErr> {
    let counter = "c";
    let select = Query::select()
        .expr(e(webhook_endpoint::Column::TenantId))
        .expr(e(webhook_endpoint::Column::Id))
        .from_as(webhook_endpoint::Entity, ENDPOINT)
        .join_as(
            sea_orm::sea_query::JoinType::InnerJoin,
            "feed_counter",
            counter,
            Expr::col((counter, "tenant_id")).equals((ENDPOINT, webhook_endpoint::Column::TenantId)),
        )
        .and_where(e(webhook_endpoint::Column::State).eq(WebhookState::Active.as_str()))
        .and_where(e(webhook_endpoint::Column::DeletedAt).is_null())
        .cond_where(
            Condition::any()
                .add(Expr::col((counter, "position")).gt(e(webhook_endpoint::Column::Position)))
                .add(e(webhook_endpoint::Column::ReplayPosition).is_not_null()),
        )
        .to_owned();
    let rows = db.query_all(&select).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Changes an endpoint that still stands where it was believed to stand. Whether it did.
pub(super) async fn move_on<C: ConnectionTrait>(
    db: &C,
    held: &webhook_endpoint::Model,
    to: webhook_endpoint::ActiveModel,
) -> Result<bool, DbErr> {
    let mut where_it_was = webhook_endpoint::Entity::update_many()
        .set(to)
        .filter(webhook_endpoint::Column::TenantId.eq(held.tenant_id))
        .filter(webhook_endpoint::Column::Id.eq(held.id))
        .filter(webhook_endpoint::Column::Position.eq(held.position))
        .filter(webhook_endpoint::Column::Place.eq(held.place));
    where_it_was = match held.replay_position {
        Some(position) => where_it_was.filter(webhook_endpoint::Column::ReplayPosition.eq(position)),
        None => where_it_was.filter(webhook_endpoint::Column::ReplayPosition.is_null()),
    };
    Ok(where_it_was.exec(db).await?.rows_affected == 1)
}

/// The first attempt in a row that failed is remembered, or forgotten after a success. Since when that has been so.
pub(super) async fn failing<C: ConnectionTrait>(
    db: &C,
    tenant: i64,
    endpoint: Uuid,
    since: Option<DateTime<Utc>>,
) -> Result<(), DbErr> {
    let column = webhook_endpoint::Column::FailingSince;
    let row = webhook_endpoint::ActiveModel { failing_since: Set(since), ..Default::default() };
    webhook_endpoint::Entity::update_many()
        .set(row)
        .filter(webhook_endpoint::Column::TenantId.eq(tenant))
        .filter(webhook_endpoint::Column::Id.eq(endpoint))
        .filter(if since.is_some() { column.is_null() } else { column.is_not_null() })
        .exec(db)
        .await?;
    Ok(())
}

/// A message that is due, as it was when it was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    tenant: i64,
    id: Uuid,
    version: i64,
    /// To whom it goes.
    pub(super) endpoint: Uuid,
}

/// What is due at a moment: of the endpoints that are sent to, not about to be sent by another process, and with no earlier message about the
/// same record under way. At most `most`, and none of an endpoint to which `at_once` are being sent.
pub(super) async fn due<C: ConnectionTrait>(
    db: &C,
    now: DateTime<Utc>,
    most: u64,
    at_once: i64,
) -> Result<Vec<Due>, DbErr> {
    let pending = WebhookDeliveryStatus::Pending.as_str();
    let sent_to = Query::select()
        .expr(Expr::val(1))
        .from_as(webhook_endpoint::Entity, ENDPOINT)
        .and_where(e(webhook_endpoint::Column::TenantId).equals((DELIVERY, webhook_delivery::Column::TenantId)))
        .and_where(e(webhook_endpoint::Column::Id).equals((DELIVERY, webhook_delivery::Column::EndpointId)))
        .and_where(e(webhook_endpoint::Column::State).eq(WebhookState::Active.as_str()))
        .and_where(e(webhook_endpoint::Column::DeletedAt).is_null())
        .to_owned();
    let earlier = "b";
    let b = |column: webhook_delivery::Column| Expr::col((earlier, column));
    let about_the_same = Query::select()
        .expr(Expr::val(1))
        .from_as(webhook_delivery::Entity, earlier)
        .and_where(b(webhook_delivery::Column::TenantId).equals((DELIVERY, webhook_delivery::Column::TenantId)))
        .and_where(b(webhook_delivery::Column::EndpointId).equals((DELIVERY, webhook_delivery::Column::EndpointId)))
        .and_where(b(webhook_delivery::Column::ObjectId).equals((DELIVERY, webhook_delivery::Column::ObjectId)))
        .and_where(b(webhook_delivery::Column::Status).eq(pending))
        .and_where(b(webhook_delivery::Column::Place).lt(d(webhook_delivery::Column::Place)))
        .to_owned();
    let leased = "l";
    let l = |column: webhook_delivery::Column| Expr::col((leased, column));
    let being_sent: SelectStatement = Query::select()
        .expr(l(webhook_delivery::Column::Id).count())
        .from_as(webhook_delivery::Entity, leased)
        .and_where(l(webhook_delivery::Column::TenantId).equals((DELIVERY, webhook_delivery::Column::TenantId)))
        .and_where(l(webhook_delivery::Column::EndpointId).equals((DELIVERY, webhook_delivery::Column::EndpointId)))
        .and_where(l(webhook_delivery::Column::Status).eq(pending))
        .and_where(l(webhook_delivery::Column::LeaseUntil).gt(now))
        .to_owned();
    let ids = Query::select()
        .expr(d(webhook_delivery::Column::TenantId))
        .expr(d(webhook_delivery::Column::Id))
        .expr(d(webhook_delivery::Column::Version))
        .expr(d(webhook_delivery::Column::EndpointId))
        .from_as(webhook_delivery::Entity, DELIVERY)
        .and_where(d(webhook_delivery::Column::Status).eq(pending))
        .and_where(d(webhook_delivery::Column::NextAttemptAt).lte(now))
        .cond_where(
            Condition::any()
                .add(d(webhook_delivery::Column::LeaseUntil).is_null())
                .add(d(webhook_delivery::Column::LeaseUntil).lte(now)),
        )
        .and_where(Expr::exists(sent_to))
        .and_where(Expr::exists(about_the_same).not())
        .and_where(Expr::SubQuery(None, Box::new(being_sent.into())).lt(at_once))
        .order_by((DELIVERY, webhook_delivery::Column::NextAttemptAt), sea_orm::sea_query::Order::Asc)
        .order_by((DELIVERY, webhook_delivery::Column::Place), sea_orm::sea_query::Order::Asc)
        .limit(most)
        .to_owned();
    let due = |row: &QueryResult| {
        Ok(Due {
            tenant: row.try_get_by_index(0)?,
            id: row.try_get_by_index(1)?,
            version: row.try_get_by_index(2)?,
            endpoint: row.try_get_by_index(3)?,
        })
    };
    db.query_all(&ids).await?.iter().map(due).collect()
}

/// Takes a message to send it, until a moment; none where another process was faster.
pub(super) async fn lease<C: ConnectionTrait>(
    db: &C,
    due: Due,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<webhook_delivery::Model>, DbErr> {
    let row = webhook_delivery::ActiveModel {
        lease_until: Set(Some(until)),
        version: Set(due.version + 1),
        updated_at: Set(now),
        ..Default::default()
    };
    let taken = webhook_delivery::Entity::update_many()
        .set(row)
        .filter(webhook_delivery::Column::TenantId.eq(due.tenant))
        .filter(webhook_delivery::Column::Id.eq(due.id))
        .filter(webhook_delivery::Column::Version.eq(due.version))
        .exec(db)
        .await?;
    match taken.rows_affected {
        1 => webhook_delivery::Entity::find_by_id((due.tenant, due.id)).one(db).await,
        _ => Ok(None),
    }
}

/// Changes a message that is still the one that was read. Whether it was.
pub(super) async fn change<C: ConnectionTrait>(
    db: &C,
    held: &webhook_delivery::Model,
    mut to: webhook_delivery::ActiveModel,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    to.version = Set(held.version + 1);
    to.updated_at = Set(now);
    let changed = webhook_delivery::Entity::update_many()
        .set(to)
        .filter(webhook_delivery::Column::TenantId.eq(held.tenant_id))
        .filter(webhook_delivery::Column::Id.eq(held.id))
        .filter(webhook_delivery::Column::Version.eq(held.version))
        .exec(db)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// An endpoint is sent to again: what waits for it is due now, and has the whole schedule before it.
pub(super) async fn wake<C: ConnectionTrait>(
    db: &C,
    tenant: i64,
    endpoint: Uuid,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    webhook_delivery::Entity::update_many()
        .col_expr(webhook_delivery::Column::Step, Expr::val(0))
        .col_expr(webhook_delivery::Column::NextAttemptAt, Expr::val(now))
        .col_expr(webhook_delivery::Column::Version, Expr::col(webhook_delivery::Column::Version).add(1))
        .filter(webhook_delivery::Column::TenantId.eq(tenant))
        .filter(webhook_delivery::Column::EndpointId.eq(endpoint))
        .filter(webhook_delivery::Column::Status.eq(WebhookDeliveryStatus::Pending))
        // What is being sent at this moment is none of ours.
        .filter(webhook_delivery::Column::LeaseUntil.is_null().or(webhook_delivery::Column::LeaseUntil.lte(now)))
        .exec(db)
        .await?;
    Ok(())
}

/// Removes messages of a tenant that were settled before a moment, a batch of them. How many that were.
pub(super) async fn forget<C: ConnectionTrait>(
    db: &C,
    tenant: i64,
    before: DateTime<Utc>,
    most: u64,
) -> Result<u64, DbErr> {
    let old: Vec<Uuid> = webhook_delivery::Entity::find()
        .select_only()
        .column(webhook_delivery::Column::Id)
        .filter(webhook_delivery::Column::TenantId.eq(tenant))
        .filter(webhook_delivery::Column::SettledAt.lt(before))
        .order_by_asc(webhook_delivery::Column::SettledAt)
        .limit(most)
        .into_tuple()
        .all(db)
        .await?;
    if old.is_empty() {
        return Ok(0);
    }
    let gone = webhook_delivery::Entity::delete_many()
        .filter(webhook_delivery::Column::TenantId.eq(tenant))
        .filter(webhook_delivery::Column::Id.is_in(old))
        // What somebody has sent again meanwhile stays.
        .filter(webhook_delivery::Column::SettledAt.lt(before))
        .exec(db)
        .await?;
    Ok(gone.rows_affected)
}

/// The first position of the feed that was recorded at or after a moment; the one behind the last where there is none. The log is in the
/// order of its moments, so that a few looks at its key find it.
pub(super) async fn recorded_from<C: ConnectionTrait>(
    db: &C,
    tenant: i64,
    span: Span,
    moment: DateTime<Utc>,
) -> Result<i64, DbErr> {
    let (mut low, mut high) = (span.oldest, span.now + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let next: Option<(i64, DateTime<Utc>)> = change_log::Entity::find()
            .select_only()
            .columns([change_log::Column::Position, change_log::Column::RecordedAt])
            .filter(change_log::Column::TenantId.eq(tenant))
            .filter(change_log::Column::Position.gte(middle))
            .order_by_asc(change_log::Column::Position)
            .limit(1)
            .into_tuple()
            .one(db)
            .await?;
        match next {
            Some((position, at)) if at < moment => low = position + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}
