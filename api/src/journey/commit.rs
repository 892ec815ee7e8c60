//! The end of a unit of work: rows and events become the journal's together.
//!
//! It locks the tenant's counter row, takes positions for its events and `recorded_at = max(now, last + 1 µs)`, writes
//! events, subjects and change log, commits, and wakes the readers. The counter comes last, so that writers wait for each
//! other only for the time of these inserts, and commit order is feed order.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use entities::{
    account::account,
    codes::{ChangeKind, SubjectType},
    journey::{change_log, event_subject, feed_counter, journey_event},
};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{Event, EventKind, ObjectType, Payload, Subjects, Work, event_id, work::Touched, writers::Wrote};
use crate::graph::{Error, Result};

/// What a unit of work did to a row, however often it touched it: that is one change for whoever reads the feed.
struct Changed<'a> {
    change: ChangeKind,
    fields: Vec<&'a str>,
    version: i64,
}

impl<'a> Changed<'a> {
    fn of(touched: &'a [Touched]) -> HashMap<(ObjectType, Uuid), Changed<'a>> {
        let mut changes: HashMap<(ObjectType, Uuid), Changed<'a>> = HashMap::new();
        for touched in touched {
            let Touched { object, change, fields, version, .. } = touched;
            let held =
                changes.entry(*object).or_insert(Changed { change: *change, fields: Vec::new(), version: *version });
            held.version = Ord::max(held.version, *version);
            // A new row stays new, a removed one removed; neither has fields that changed.
            match (held.change, change) {
                (_, ChangeKind::Deleted) => held.change = ChangeKind::Deleted,
                // What was gone is there again.
                (ChangeKind::Updated, ChangeKind::Created) => held.change = ChangeKind::Created,
                (ChangeKind::Updated, _) => held.fields.extend(fields.iter().map(String::as_str)),
                (ChangeKind::Created | ChangeKind::Deleted, _) => {}
            }
        }
        for change in changes.values_mut() {
            match change.change {
                ChangeKind::Updated => {
                    let mut seen = std::collections::HashSet::new();
                    change.fields.retain(|field| seen.insert(*field));
                }
                ChangeKind::Created | ChangeKind::Deleted => change.fields.clear(),
            }
        }
        changes
    }
}

impl Work<'_> {
    /// Every change that no event names becomes a record event of its own: a write without a journal event cannot happen.
    fn name_the_unnamed(&mut self) {
        let mut named: std::collections::HashSet<(ObjectType, Uuid)> =
            self.events.iter().map(|event| event.object).collect();
        for touched in &self.touched {
            if !named.insert(touched.object) {
                continue;
            }
            let kind = match touched.change {
                ChangeKind::Created => EventKind::RecordCreated,
                ChangeKind::Updated => EventKind::RecordUpdated,
                ChangeKind::Deleted => EventKind::RecordDeleted,
            };
            let retracted = match touched.change {
                ChangeKind::Deleted => self.retracted.get(&touched.object).copied(),
                ChangeKind::Created | ChangeKind::Updated => None,
            };
            self.events.push(Event {
                kind,
                object: touched.object,
                account_id: touched.account_id,
                subjects: touched.subjects.clone(),
                payload: Payload::Record { fields: touched.fields.clone() },
                occurred_at: None,
                domain: kind.domain_in(touched.wing),
                audience: touched.audience.clone(),
                source_seq: None,
                supersedes: retracted,
                time_uncertain: false,
                told_by: None,
            });
        }
    }

    /// Commits rows and events together. Gives the feed's position after them.
    pub async fn commit(mut self) -> Result<i64> {
        self.name_the_unnamed();
        let tenant = self.cx.caller.tenant;
        if self.events.is_empty() {
            self.tx.commit().await?;
            return Ok(0);
        }
        let industries = self.industries().await?;
        let count = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        let (position, recorded_at, watched) = self.take_positions(count).await?;

        let changed = Changed::of(&self.touched);
        if watched.is_some() {
            let wrote = changed.iter().map(|(object, Changed { change, fields, .. })| Wrote {
                object: *object,
                change: *change,
                columns: fields.clone(),
            });
            Box::pin(self.note_writers(watched, wrote.collect())).await?;
        }
        let (mut events, mut subjects, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for (index, event) in self.events.iter().enumerate() {
            let declared = event.kind.declared();
            let id = event_id::mint(event.occurred_at.unwrap_or(self.now), index as u64, self.cx.clock.random());
            let mut about: Subjects = Vec::new();
            let told_by = event.told_by.as_ref();
            let industry = match told_by.and_then(|told_by| told_by.industry) {
                Some(then) => then,
                None => event.account_id.and_then(|account| industries.get(&account).copied()),
            };
            for subject in event.subjects.iter().copied().chain(industry.map(|id| (SubjectType::Industry, id))) {
                if !about.contains(&subject) {
                    about.push(subject);
                }
            }
            for (subject_type, subject_id) in &about {
                subjects.push(event_subject::ActiveModel {
                    tenant_id: Set(tenant),
                    subject_type: Set(*subject_type),
                    subject_id: Set(*subject_id),
                    event_id: Set(id),
                    role: Set("ABOUT".to_owned()),
                    kind: Set(declared.name.to_owned()),
                    domain: Set(event.domain),
                    importance: Set(declared.importance),
                    account_id: Set(event.account_id),
                    object_type: Set(event.object.0.code().to_owned()),
                    audience: Set(event.audience.clone()),
                    via_operation: Set(None),
                    superseded_at: Set(None),
                });
            }
            let touched = changed.get(&event.object);
            changes.push(change_log::ActiveModel {
                tenant_id: Set(tenant),
                position: Set(position - count + 1 + index as i64),
                event_id: Set(id),
                object_type: Set(event.object.0.code().to_owned()),
                object_id: Set(event.object.1),
                change: Set(touched.map_or(ChangeKind::Updated, |touched| touched.change)),
                changed_fields: Set(touched.map(|touched| touched.fields.clone()).unwrap_or_default().into()),
                version: Set(touched.map(|touched| touched.version)),
                source: Set(self.source.clone()),
                recorded_at: Set(recorded_at),
            });
            events.push(journey_event::ActiveModel {
                tenant_id: Set(tenant),
                id: Set(id),
                kind: Set(declared.name.to_owned()),
                domain: Set(event.domain),
                recorded_at: Set(recorded_at),
                time_uncertain: Set(event.time_uncertain),
                source: Set(told_by.map_or_else(|| self.source.clone(), |told_by| told_by.source.clone())),
                source_seq: Set(event.source_seq),
                actor_id: Set(told_by.map_or(self.cx.caller.colleague, |told_by| told_by.actor)),
                object_type: Set(event.object.0.code().to_owned()),
                object_id: Set(event.object.1),
                account_id: Set(event.account_id),
                audience: Set(event.audience.clone()),
                importance: Set(declared.importance),
                supersedes: Set(event.supersedes),
                subjects: Set(about.iter().map(|(ty, id)| serde_json::json!([ty.as_str(), id])).collect()),
                payload: Set(event.payload.write()),
            });
        }
        let mut superseded: Vec<Uuid> = self.events.iter().filter_map(|event| event.supersedes).collect();
        superseded.sort_unstable();
        superseded.dedup();
        self.supersede(&superseded, recorded_at).await?;
        Box::pin(self.insert_rows::<journey_event::Entity>(events)).await?;
        Box::pin(self.insert_rows::<event_subject::Entity>(subjects)).await?;
        Box::pin(self.insert_rows::<change_log::Entity>(changes)).await?;
        // Whether a tenant has aliases is a part of who its callers are.
        let merges = |event: &Event| matches!(event.kind, EventKind::IdentityMerged | EventKind::IdentityUnmerged);
        let keeps = |event: &Event| {
            let ty = event.object.0.access();
            ty.is_reference() || ty.is_of_callers() || merges(event)
        };
        let is_kept = self.events.iter().any(keeps);
        if self.cx.store.is_postgres() {
            self.cx.store.announce(&self.tx, tenant, is_kept).await?;
        }
        let changing = is_kept.then(|| self.cx.store.recent().changing());
        self.tx.commit().await?;
        if let Some(changing) = changing {
            changing.ended();
        }
        self.cx.caller.levels.forget();
        self.cx.store.wake(tenant);
        if let Some(files) = self.cx.store.files() {
            for file in self.discarded {
                if let Err(cause) = files.delete(tenant, file).await {
                    // No name leads to them any more.
                    tracing::warn!(%cause, %file, "the bytes of a removed file stay");
                }
            }
        }
        Ok(position)
    }

    /// The industry of each account that the events name, as it is now: an industry is a subject, too.
    async fn industries(&self) -> Result<HashMap<Uuid, Uuid>, DbErr> {
        let mut accounts: Vec<Uuid> = self.events.iter().filter_map(|event| event.account_id).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let mut industries = HashMap::new();
        for chunk in accounts.chunks(1000) {
            let rows: Vec<(Uuid, Option<Uuid>)> = account::Entity::find()
                .select_only()
                .columns([account::Column::Id, account::Column::IndustryId])
                .filter(account::Column::TenantId.eq(self.cx.caller.tenant))
                .filter(account::Column::Id.is_in(chunk.iter().copied()))
                .into_tuple()
                .all(&self.tx)
                .await?;
            industries.extend(rows.into_iter().filter_map(|(account, industry)| Some((account, industry?))));
        }
        Ok(industries)
    }

    /// Locks the tenant's counter and takes `count` positions; gives the last of them, the moment of recording, and which fields are
    /// watched.
    async fn take_positions(&self, count: i64) -> Result<(i64, DateTime<Utc>, Option<serde_json::Value>)> {
        let tenant = self.cx.caller.tenant;
        let counter = feed_counter::Entity::update_many()
            .col_expr(feed_counter::Column::Position, Expr::col(feed_counter::Column::Position).add(count))
            .filter(feed_counter::Column::TenantId.eq(tenant))
            .exec_with_returning(&self.tx)
            .await?
            .pop()
            .ok_or(Error::NotFound)?;
        let recorded_at = Ord::max(self.now, counter.last_recorded_at + Duration::microseconds(1));
        feed_counter::Entity::update_many()
            .col_expr(feed_counter::Column::LastRecordedAt, Expr::val(recorded_at))
            .filter(feed_counter::Column::TenantId.eq(tenant))
            .exec(&self.tx)
            .await?;
        Ok((counter.position, recorded_at, counter.watched))
    }
}
