//! Corrections. The journal is never rewritten: an event that was wrong is superseded by the one that corrects it, and from then on
//! readers of the present skip it. Who asks with an earlier `knownAt` still sees what was believed then.

use chrono::{DateTime, Utc};
use entities::{
    codes::SubjectType,
    journey::{event_subject, journey_event},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, Order, Query},
};
use uuid::Uuid;

use super::{
    Event, EventKind, Payload, Work, subject,
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
        now.supersedes = Some(wrong);
        let mut left = then.clone();
        left.subjects.retain(|subject| !now.subjects.contains(subject));
        self.record(now);
        if !left.subjects.is_empty() {
            let (kind, payload) = (EventKind::RecordUpdated, Payload::Record { fields: Vec::new() });
            self.record(Event { kind, payload, occurred_at: None, supersedes: Some(wrong), ..left });
        }
        Ok(())
    }

    /// What was recorded as `then` never happened. Its object goes in the same unit of work: that supersedes it.
    pub async fn retract(&mut self, then: &Event) -> Result<()> {
        if let Some(wrong) = self.standing(then).await? {
            self.retracted.insert(then.object, wrong);
        }
        Ok(())
    }

    /// The event that `then` became, unless something else has taken its place since.
    async fn standing(&self, then: &Event) -> Result<Option<Uuid>> {
        // The subject with the fewest events: a campaign may have very many of a kind.
        let Some((ty, id)) = then.subjects.iter().min_by_key(|(ty, _)| breadth(*ty)).copied() else { return Ok(None) };
        let mut select = Query::select();
        visible::from_tables(&mut select);
        select
            .expr(e(journey_event::Column::Id))
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
        Ok(found.map(|row| row.try_get_by_index(0)).transpose()?)
    }

    /// Takes an event off every timeline that it stands on.
    pub(super) async fn supersede(&self, event: Uuid, at: DateTime<Utc>) -> Result<()> {
        let Some(event) = journey_event::Entity::find_by_id((self.tenant(), event)).one(&self.tx).await? else {
            return Ok(());
        };
        let stands = subject::written(&event.subjects).into_iter().fold(Condition::any(), |any, subject| {
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
