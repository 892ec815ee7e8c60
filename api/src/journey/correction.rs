//! Corrections. The journal is never rewritten: an event that was wrong is superseded by the one that corrects it, and from then on
//! readers of the present skip it. Who asks with an earlier `knownAt` still sees what was believed then.

use chrono::{DateTime, Utc};
use entities::{
    codes::SubjectType,
    journey::{event_subject, journey_event},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::{Expr, ExprTrait, Order, Query},
};
use uuid::Uuid;

use super::{
    Event, EventKind, Payload, Work,
    event::ToldBy,
    reader::Subject,
    subject,
    visible::{self, e, s},
};
use crate::graph::Result;

impl Work<'_> {
    /// What was recorded as `then` was in truth `now`. Nothing happens where both are the same. Whoever `then` was about and `now` is not
    /// learns of it by a `record.updated`.
    pub async fn correct(&mut self, then: Event, mut now: Event) -> Result<()> {
        if then == now {
            return Ok(());
        }
        let Some(wrong) = self.standing(&then).await? else {
            self.record(now);
            return Ok(());
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
        Ok(())
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

    /// Takes an event off every timeline that it stands on.
    pub(super) async fn supersede(&self, event: Uuid, at: DateTime<Utc>) -> Result<()> {
        let Some(event) = journey_event::Entity::find_by_id((self.tenant(), event)).one(&self.tx).await? else {
            return Ok(());
        };
        let about = self.grafted_on(subject::written(&event.subjects)).await?;
        let stands = about.into_iter().fold(Condition::any(), |any, subject| {
            let one = event_subject::Column::SubjectType.eq(subject.ty);
            any.add(one.and(event_subject::Column::SubjectId.eq(subject.id)))
        });
        event_subject::Entity::update_many()
            .col_expr(event_subject::Column::SupersededAt, Expr::val(at))
            .filter(event_subject::Column::TenantId.eq(self.tenant()))
            .filter(event_subject::Column::EventId.eq(event.id))
            .filter(event_subject::Column::SupersededAt.is_null())
            .filter(stands)
            .exec(&self.tx)
            .await?;
        Ok(())
    }
}

/// An event that stands, as far as its correction keeps it.
#[derive(FromQueryResult)]
struct Standing {
    id: Uuid,
    account_id: Option<Uuid>,
    actor_id: Option<Uuid>,
    source: Option<String>,
    source_seq: Option<i64>,
    time_uncertain: bool,
    subjects: serde_json::Value,
}

impl Standing {
    const COLUMNS: [journey_event::Column; 7] = [
        journey_event::Column::Id,
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
