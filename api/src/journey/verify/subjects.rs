//! Events and subjects: whom an event is about stands in the event, and as rows of `event_subject`, the key of every timeline.

use std::collections::{HashMap, HashSet};

use entities::{
    codes::SubjectType,
    journey::{event_subject, journey_event},
};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{Check, PAGE, Reader};

type Key = (SubjectType, Uuid, Uuid);

/// The subjects that stand in an event. None: the list cannot be read.
fn named(event: &journey_event::Model) -> Option<Vec<Key>> {
    let pair = |subject: &serde_json::Value| {
        let ty = SubjectType::parse(subject.get(0)?.as_str()?)?;
        Some((ty, Uuid::parse_str(subject.get(1)?.as_str()?).ok()?, event.id))
    };
    event.subjects.as_array()?.iter().map(pair).collect()
}

fn tell((ty, subject, event): &Key) -> String {
    format!("event {event}, subject {} {subject}", ty.as_str())
}

/// Every subject that an event names has its row.
pub(super) async fn subjects_are_written(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("every subject in an event has its row in event_subject");
    let mut last = Uuid::nil();
    loop {
        let events = journey_event::Entity::find()
            .filter(journey_event::Column::TenantId.eq(reader.tenant))
            .filter(journey_event::Column::Id.gt(last))
            .order_by_asc(journey_event::Column::Id)
            .limit(PAGE)
            .all(reader.tx)
            .await?;
        let (Some(first), Some(end)) = (events.first(), events.last()) else { return Ok(check) };
        check.looked_at += events.len() as u64;
        let mut wanted: HashMap<SubjectType, Vec<Key>> = HashMap::new();
        for event in &events {
            match named(event) {
                Some(keys) => keys.into_iter().for_each(|key| wanted.entry(key.0).or_default().push(key)),
                None => check.wrong(format!("event {}", event.id), "a list of type and id", &event.subjects),
            }
        }
        for (ty, keys) in wanted {
            let subjects: HashSet<Uuid> = keys.iter().map(|key| key.1).collect();
            // A subject's rows lie in the order of events, so that the page's part of them is one seek a subject.
            let written: Vec<(Uuid, Uuid)> = event_subject::Entity::find()
                .select_only()
                .columns([event_subject::Column::SubjectId, event_subject::Column::EventId])
                .filter(event_subject::Column::TenantId.eq(reader.tenant))
                .filter(event_subject::Column::SubjectType.eq(ty))
                .filter(event_subject::Column::SubjectId.is_in(subjects))
                .filter(event_subject::Column::EventId.between(first.id, end.id))
                .into_tuple()
                .all(reader.tx)
                .await?;
            let written: HashSet<(Uuid, Uuid)> = written.into_iter().collect();
            for key in keys.iter().filter(|key| !written.contains(&(key.1, key.2))) {
                check.wrong(tell(key), "a row", "none");
            }
        }
        last = end.id;
    }
}

/// Every row of `event_subject` belongs to an event that names its subject, and holds copies of the event's columns. Rows that a
/// link or merge added later are its own: their event must exist, no more.
pub(super) async fn subjects_are_copied(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("every row in event_subject is a copy of its event");
    let mut last: Option<Key> = None;
    loop {
        let mut page = event_subject::Entity::find()
            .filter(event_subject::Column::TenantId.eq(reader.tenant))
            .order_by_asc(event_subject::Column::SubjectType)
            .order_by_asc(event_subject::Column::SubjectId)
            .order_by_asc(event_subject::Column::EventId)
            .limit(PAGE);
        if let Some((ty, subject, event)) = last {
            let key =
                [event_subject::Column::SubjectType, event_subject::Column::SubjectId, event_subject::Column::EventId];
            let after = Expr::tuple([Expr::val(ty.as_str()), Expr::val(subject), Expr::val(event)]);
            page = page.filter(Expr::tuple(key.map(|column| column.into_expr())).gt(after));
        }
        let rows = page.all(reader.tx).await?;
        let Some(end) = rows.last() else { return Ok(check) };
        last = Some((end.subject_type, end.subject_id, end.event_id));
        check.looked_at += rows.len() as u64;
        let ids: HashSet<Uuid> = rows.iter().map(|row| row.event_id).collect();
        let events: HashMap<Uuid, journey_event::Model> = journey_event::Entity::find()
            .filter(journey_event::Column::TenantId.eq(reader.tenant))
            .filter(journey_event::Column::Id.is_in(ids))
            .all(reader.tx)
            .await?
            .into_iter()
            .map(|event| (event.id, event))
            .collect();
        for row in &rows {
            let key = (row.subject_type, row.subject_id, row.event_id);
            match events.get(&row.event_id) {
                None => check.wrong(tell(&key), "an event", "none"),
                Some(event) if row.via_operation.is_none() => compare(&mut check, &key, event, row),
                Some(_) => {}
            }
        }
    }
}

fn compare(check: &mut Check, key: &Key, event: &journey_event::Model, row: &event_subject::Model) {
    if !named(event).unwrap_or_default().contains(key) {
        check.wrong(tell(key), "the event to name its subject", "it does not");
    }
    check.equal(tell(key), "kind", &event.kind, &row.kind);
    check.equal(tell(key), "domain", &event.domain, &row.domain);
    check.equal(tell(key), "importance", &event.importance, &row.importance);
    check.equal(tell(key), "account_id", &event.account_id, &row.account_id);
    check.equal(tell(key), "object_type", &event.object_type, &row.object_type);
    check.equal(tell(key), "audience", &event.audience, &row.audience);
}
