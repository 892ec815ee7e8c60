//! Journal and feed: every event stands in the change log once, at a place of its own, in the order in which it was recorded.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::journey::{change_log, feed_counter, journey_event};
use sea_orm::ConnectionTrait;
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{ExprTrait, UnionType},
};
use uuid::Uuid;

use super::{Check, MOST, PAGE, Reader};

/// Positions have no gaps from the oldest kept to the counter, recorded_at rises with them, and both are those of the event.
/// Entries of one transaction share their moment, so that "rises" means: never falls.
pub(super) async fn positions_follow(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("the change log has no gaps and keeps the order");
    let mut last: Option<change_log::Model> = None;
    loop {
        let entries = change_log::Entity::find()
            .filter(change_log::Column::TenantId.eq(reader.tenant))
            .filter(change_log::Column::Position.gt(last.as_ref().map_or(0, |last| last.position)))
            .order_by_asc(change_log::Column::Position)
            .limit(PAGE)
            .all(reader.tx)
            .await?;
        if entries.is_empty() {
            return Ok(check);
        }
        check.looked_at += entries.len() as u64;
        let events: HashMap<Uuid, journey_event::Model> = journey_event::Entity::find()
            .filter(journey_event::Column::TenantId.eq(reader.tenant))
            .filter(journey_event::Column::Id.is_in(entries.iter().map(|entry| entry.event_id)))
            .all(reader.tx)
            .await?
            .into_iter()
            .map(|event| (event.id, event))
            .collect();
        for entry in entries {
            let id = format!("position {}", entry.position);
            if let Some(last) = &last {
                if entry.position != last.position + 1 {
                    check.wrong(&id, format!("position {} before it", entry.position - 1), last.position);
                }
                if entry.recorded_at < last.recorded_at {
                    check.wrong(&id, format!("recorded_at not before {}", last.recorded_at), entry.recorded_at);
                }
            }
            match events.get(&entry.event_id) {
                None => check.wrong(&id, format!("event {}", entry.event_id), "none"),
                Some(event) => {
                    check.equal(&id, "recorded_at", &event.recorded_at, &entry.recorded_at);
                    check.equal(&id, "object_type", &event.object_type, &entry.object_type);
                    check.equal(&id, "object_id", &event.object_id, &entry.object_id);
                }
            }
            last = Some(entry);
        }
    }
}

/// Every event stands in the log once; those older than the log's retention, no more.
pub(super) async fn events_are_fed_once(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("every event is in the change log once");
    let oldest: Option<(i64, DateTime<Utc>)> = change_log::Entity::find()
        .select_only()
        .columns([change_log::Column::Position, change_log::Column::RecordedAt])
        .filter(change_log::Column::TenantId.eq(reader.tenant))
        .order_by_asc(change_log::Column::Position)
        .into_tuple()
        .one(reader.tx)
        .await?;
    let mut events = journey_event::Entity::find().filter(journey_event::Column::TenantId.eq(reader.tenant));
    // The entries of one transaction go together, and share their moment.
    if let Some((position, recorded_at)) = oldest
        && position > 1
    {
        events = events.filter(journey_event::Column::RecordedAt.gte(recorded_at));
    }
    check.looked_at = events.clone().count(reader.tx).await?;
    let logged = || {
        change_log::Entity::find()
            .select_only()
            .column(change_log::Column::EventId)
            .filter(change_log::Column::TenantId.eq(reader.tenant))
    };
    let missing = events
        .select_only()
        .column(journey_event::Column::Id)
        .into_query()
        .union(UnionType::Except, logged().into_query())
        .limit(MOST as u64 + 1)
        .take();
    for row in reader.tx.query_all(&missing).await? {
        let id: Uuid = row.try_get_by_index(0)?;
        check.wrong(format!("event {id}"), "one entry", "none");
    }
    let twice: Vec<(Uuid, i64)> = logged()
        .column_as(change_log::Column::Position.count(), "times")
        .group_by(change_log::Column::EventId)
        .having(change_log::Column::Position.count().gt(1))
        .limit(MOST as u64 + 1)
        .into_tuple()
        .all(reader.tx)
        .await?;
    for (id, times) in twice {
        check.wrong(format!("event {id}"), "one entry", format!("{times} entries"));
    }
    Ok(check)
}

/// The counter stands at the last entry, and has counted every event that ever was.
pub(super) async fn counter_is_last(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("the feed's counter stands at the last position");
    let counter =
        feed_counter::Entity::find().filter(feed_counter::Column::TenantId.eq(reader.tenant)).one(reader.tx).await?;
    let Some(counter) = counter else {
        check.wrong("feed_counter", "a row", "none");
        return Ok(check);
    };
    check.looked_at = 1;
    let last = change_log::Entity::find()
        .filter(change_log::Column::TenantId.eq(reader.tenant))
        .order_by_desc(change_log::Column::Position)
        .one(reader.tx)
        .await?;
    // Where the log was emptied by its retention, the counter alone knows.
    if let Some(last) = last {
        check.equal("feed_counter", "position", &last.position, &counter.position);
        check.equal("feed_counter", "last_recorded_at", &last.recorded_at, &counter.last_recorded_at);
    }
    let events = journey_event::Entity::find()
        .filter(journey_event::Column::TenantId.eq(reader.tenant))
        .count(reader.tx)
        .await?;
    check.equal("feed_counter", "position, the number of events,", &events.cast_signed(), &counter.position);
    Ok(check)
}
