//! Corrections. The journal is never rewritten: an event that was wrong is superseded by the one that corrects it, and from then on
//! readers of the present skip it. Who asks with an earlier `knownAt` still sees what was believed then.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entities::{
    codes::SubjectType,
    journey::{event_subject, journey_event},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::{Expr, ExprTrait, Order, Query},
};
use uuid::Uuid;

use super::{
    Event, EventKind, Payload, Work,
    event::ToldBy,
    event_id,
    reader::Subject,
    subject,
    visible::{self, e, s},
};
use crate::graph::Result;

impl Work<'_> {
    /// What was recorded as `then` was in truth `now`. Nothing happens where both are the same. Whoever `then` was about and `now` is not
    /// learns of it by a `record.updated`.
    pub async fn correct(&mut self, then: Event, now: Event) -> Result<()> {
        if then == now {
            return Ok(());
        }
        let wrong = self.standing(&then).await?;
        self.put_right(then, now, wrong);
        Ok(())
    }

    /// [`Work::correct`] for many events, in few statements. What happened at the time that it was told of keeps it.
    pub async fn correct_many(&mut self, pairs: Vec<(Event, Event)>) -> Result<()> {
        let pairs: Vec<(Event, Event)> = pairs.into_iter().filter(|(then, now)| then != now).collect();
        let mut standing = self.standing_many(pairs.iter().map(|(then, _)| then)).await?;
        for (then, mut now) in pairs {
            let wrong = standing.remove(&key(&then));
            if let Some(wrong) =
                wrong.as_ref().filter(|_| then.occurred_at.is_some() && then.occurred_at == now.occurred_at)
            {
                now.occurred_at = Some(event_id::occurred_at(wrong.id));
                let same = Event { occurred_at: now.occurred_at, ..then };
                self.put_right(same, now, Some(wrong.clone()));
                continue;
            }
            self.put_right(then, now, wrong);
        }
        Ok(())
    }

    /// `now` takes the place of `then`, which stands as `wrong`.
    fn put_right(&mut self, then: Event, mut now: Event, wrong: Option<Standing>) {
        let Some(wrong) = wrong else {
            self.record(now);
            return;
        };
        let written = wrong.subjects();
        now.supersedes = Some(wrong.id);
        // Who did it, and who told of it, is not who corrects it.
        now.source_seq = wrong.source_seq;
        now.time_uncertain = wrong.time_uncertain && now.occurred_at == then.occurred_at;
        let industry = written.iter().find(|subject| subject.ty == SubjectType::Industry).map(|subject| subject.id);
        let industry = (now.account_id == wrong.account_id).then_some(industry);
        now.told_by = Some(ToldBy { actor: wrong.actor_id, source: wrong.source, industry });
        let mut left = then.clone();
        if industry.is_none() {
            left.subjects.extend(written.iter().map(|subject| (subject.ty, subject.id)));
        }
        left.subjects.retain(|subject| !now.subjects.contains(subject));
        left.subjects.dedup();
        self.record(now);
        if !left.subjects.is_empty() {
            let (kind, payload) = (EventKind::RecordUpdated, Payload::Record { fields: Vec::new() });
            self.record(Event { kind, payload, occurred_at: None, supersedes: Some(wrong.id), ..left });
        }
    }

    /// What was recorded as `then` never happened. Its object goes in the same unit of work: that supersedes it.
    pub async fn retract(&mut self, then: &Event) -> Result<()> {
        if let Some(wrong) = self.standing(then).await? {
            self.retracted.insert(then.object, wrong.id);
        }
        Ok(())
    }

    /// The event that `then` became, unless something else has taken its place since.
    async fn standing(&self, then: &Event) -> Result<Option<Standing>> {
        // The subject with the fewest events: a campaign may have very many of a kind.
        let Some((ty, id)) = then.subjects.iter().min_by_key(|(ty, _)| breadth(*ty)).copied() else { return Ok(None) };
        let mut select = Query::select();
        visible::from_tables(&mut select);
        for column in Standing::COLUMNS {
            select.expr_as(e(column), sea_orm::IdenStatic::as_str(&column));
        }
        select
            .and_where(s(event_subject::Column::TenantId).eq(self.tenant()))
            .and_where(s(event_subject::Column::SubjectType).eq(ty.as_str()))
            .and_where(s(event_subject::Column::SubjectId).eq(id))
            .and_where(s(event_subject::Column::Kind).eq(then.kind.declared().name))
            .and_where(s(event_subject::Column::SupersededAt).is_null())
            .and_where(e(journey_event::Column::ObjectType).eq(then.object.0.code()))
            .and_where(e(journey_event::Column::ObjectId).eq(then.object.1))
            .order_by_expr(s(event_subject::Column::EventId), Order::Desc)
            .limit(1);
        let found = self.tx.query_one(&select).await?;
        Ok(found.map(|row| Standing::from_query_result(&row, "")).transpose()?)
    }

    /// [`Work::standing`] of many, by what they are the events of.
    async fn standing_many<'e>(
        &self,
        events: impl Iterator<Item = &'e Event>,
    ) -> Result<HashMap<StandingKey, Standing>> {
        let mut by: Vec<(SubjectType, Vec<(Uuid, &Event)>)> = Vec::new();
        for then in events {
            let Some((ty, id)) = then.subjects.iter().min_by_key(|(ty, _)| breadth(*ty)).copied() else { continue };
            match by.iter_mut().find(|(known, _)| *known == ty) {
                Some((_, events)) => events.push((id, then)),
                None => by.push((ty, vec![(id, then)])),
            }
        }
        let mut standing = HashMap::new();
        for (ty, events) in by {
            for chunk in events.chunks(CHUNK) {
                let kinds: BTreeSet<&str> = chunk.iter().map(|(_, then)| then.kind.declared().name).collect();
                let objects: BTreeSet<&str> = chunk.iter().map(|(_, then)| then.object.0.code()).collect();
                let subjects: BTreeSet<Uuid> = chunk.iter().map(|(id, _)| *id).collect();
                let mut select = Query::select();
                visible::from_tables(&mut select);
                for column in Standing::COLUMNS {
                    select.expr_as(e(column), sea_orm::IdenStatic::as_str(&column));
                }
                select
                    .and_where(s(event_subject::Column::TenantId).eq(self.tenant()))
                    .and_where(s(event_subject::Column::SubjectType).eq(ty.as_str()))
                    .and_where(s(event_subject::Column::SubjectId).is_in(subjects))
                    .and_where(s(event_subject::Column::Kind).is_in(kinds))
                    .and_where(s(event_subject::Column::SupersededAt).is_null())
                    .and_where(e(journey_event::Column::ObjectType).is_in(objects))
                    .and_where(e(journey_event::Column::ObjectId).is_in(chunk.iter().map(|(_, then)| then.object.1)))
                    .order_by_expr(s(event_subject::Column::EventId), Order::Asc);
                for row in self.tx.query_all(&select).await? {
                    let found = Standing::from_query_result(&row, "")?;
                    // The newest of a kind stands.
                    standing.insert((found.object_type.clone(), found.object_id, found.kind.clone()), found);
                }
            }
        }
        Ok(standing)
    }

    /// Takes events off every timeline that they stand on.
    pub(super) async fn supersede(&self, events: &[Uuid], at: DateTime<Utc>) -> Result<()> {
        for chunk in events.chunks(CHUNK) {
            let found = journey_event::Entity::find()
                .filter(journey_event::Column::TenantId.eq(self.tenant()))
                .filter(journey_event::Column::Id.is_in(chunk.iter().copied()))
                .all(&self.tx)
                .await?;
            let mut about: Vec<Subject> = Vec::new();
            for subject in found.iter().flat_map(|event| subject::written(&event.subjects)) {
                if !about.contains(&subject) {
                    about.push(subject);
                }
            }
            // By links and merges they stand on other timelines, too.
            let mut by: Vec<(SubjectType, Vec<Uuid>)> = Vec::new();
            for subject in self.grafted_on(about).await? {
                match by.iter_mut().find(|(ty, _)| *ty == subject.ty) {
                    Some((_, ids)) => ids.push(subject.id),
                    None => by.push((subject.ty, vec![subject.id])),
                }
            }
            for (ty, ids) in by {
                for ids in ids.chunks(CHUNK) {
                    event_subject::Entity::update_many()
                        .col_expr(event_subject::Column::SupersededAt, Expr::val(at))
                        .filter(event_subject::Column::TenantId.eq(self.tenant()))
                        .filter(event_subject::Column::SubjectType.eq(ty))
                        .filter(event_subject::Column::SubjectId.is_in(ids.iter().copied()))
                        .filter(event_subject::Column::EventId.is_in(found.iter().map(|event| event.id)))
                        .filter(event_subject::Column::SupersededAt.is_null())
                        .exec(&self.tx)
                        .await?;
                }
            }
        }
        Ok(())
    }
}

/// How many events one statement asks for.
const CHUNK: usize = 100;

/// Object type, object and kind of an event.
type StandingKey = (String, Uuid, String);

fn key(event: &Event) -> StandingKey {
    (event.object.0.code().to_owned(), event.object.1, event.kind.declared().name.to_owned())
}

/// An event that stands, as far as its correction keeps it.
#[derive(Clone, FromQueryResult)]
struct Standing {
    id: Uuid,
    kind: String,
    object_type: String,
    object_id: Uuid,
    account_id: Option<Uuid>,
    actor_id: Option<Uuid>,
    source: Option<String>,
    source_seq: Option<i64>,
    time_uncertain: bool,
    subjects: serde_json::Value,
}

impl Standing {
    const COLUMNS: [journey_event::Column; 10] = [
        journey_event::Column::Id,
        journey_event::Column::Kind,
        journey_event::Column::ObjectType,
        journey_event::Column::ObjectId,
        journey_event::Column::AccountId,
        journey_event::Column::ActorId,
        journey_event::Column::Source,
        journey_event::Column::SourceSeq,
        journey_event::Column::TimeUncertain,
        journey_event::Column::Subjects,
    ];

    fn subjects(&self) -> Vec<Subject> {
        subject::written(&self.subjects)
    }
}

/// How many events a subject of a type has, roughly: the fewest first.
const fn breadth(ty: SubjectType) -> u8 {
    match ty {
        SubjectType::Visitor
        | SubjectType::Lead
        | SubjectType::Ticket
        | SubjectType::Opportunity
        | SubjectType::Asset => 0,
        SubjectType::Contact => 1,
        SubjectType::Account => 2,
        SubjectType::Campaign => 3,
        SubjectType::Industry => 4,
    }
}
