//! Which events of a timeline, as the caller asked for them.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use entities::{
    codes::{EventDomain, SubjectType},
    journey::{event_subject, journey_event},
};
use sea_orm::{
    Condition,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{
    event_id,
    visible::{self, e, s},
};
use crate::policy::Caller;

/// Which events of it. All conditions hold together; those of one list are alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Of these domains.
    pub domains: Option<Vec<EventDomain>>,
    /// Of these kinds, by their dot names.
    pub kinds: Option<Vec<String>>,
    /// Done by these colleagues.
    pub actors: Option<Vec<Uuid>>,
    /// About these campaigns.
    pub campaigns: Option<Vec<Uuid>>,
    /// Happened at or after.
    pub from: Option<DateTime<Utc>>,
    /// Happened before.
    pub to: Option<DateTime<Utc>>,
    /// At least this important; 1 unless said otherwise or kinds are named.
    pub min_importance: Option<i32>,
    /// As of: happened up to and with this moment.
    pub as_of: Option<DateTime<Utc>>,
    /// As known at: recorded up to and with this moment.
    pub known_at: Option<DateTime<Utc>>,
}

/// How many parts one statement unites: as many as a page of a list holds. SQLite takes 500.
pub(super) const TOGETHER: usize = 100;

impl Filter {
    /// Whether it names no moments and no ids: the same few are asked again and again.
    pub(super) fn is_plain(&self) -> bool {
        let Filter { domains: _, kinds: _, actors, campaigns, from, to, min_importance: _, as_of, known_at } = self;
        let moments = [from, to, as_of, known_at];
        actors.is_none() && campaigns.is_none() && moments.iter().all(|moment| moment.is_none())
    }

    /// The same question in parts that an index serves, each in the order of the timeline: one a kind, where kinds are named.
    pub(super) fn parts(&self) -> Vec<Cow<'_, Filter>> {
        match &self.kinds {
            Some(kinds) if !kinds.is_empty() && kinds.len() <= TOGETHER => {
                let mut kinds: Vec<&String> = kinds.iter().collect();
                kinds.sort_unstable();
                kinds.dedup();
                let of_kind = |kind: &String| Cow::Owned(Filter { kinds: Some(vec![kind.clone()]), ..self.clone() });
                kinds.into_iter().map(of_kind).collect()
            }
            _ => vec![Cow::Borrowed(self)],
        }
    }
}

/// The condition of a filter on a subject of an event and the event.
pub(super) fn filtered(caller: &Caller, filter: &Filter) -> Condition {
    let Filter { domains, kinds, actors, campaigns, from, to, min_importance, as_of, known_at } = filter;
    let mut all = Condition::all();
    if let Some(domains) = domains {
        all = all.add(s(event_subject::Column::Domain).is_in(domains.iter().map(|domain| domain.as_str())));
    }
    if let Some(kinds) = kinds {
        all = all.add(match kinds.as_slice() {
            [kind] => s(event_subject::Column::Kind).eq(kind.as_str()),
            kinds => s(event_subject::Column::Kind).is_in(kinds.iter().map(String::as_str)),
        });
    }
    if let Some(actors) = actors {
        all = all.add(e(journey_event::Column::ActorId).is_in(actors.iter().copied()));
    }
    if let Some(campaigns) = campaigns {
        let of = "of_campaign";
        let about = Query::select()
            .expr(Expr::val(1))
            .from_as(event_subject::Entity, of)
            .and_where(Expr::col((of, event_subject::Column::TenantId)).eq(caller.tenant))
            .and_where(Expr::col((of, event_subject::Column::SubjectType)).eq(SubjectType::Campaign.as_str()))
            .and_where(Expr::col((of, event_subject::Column::SubjectId)).is_in(campaigns.iter().copied()))
            .and_where(
                Expr::col((of, event_subject::Column::EventId))
                    .equals((visible::SUBJECT, event_subject::Column::EventId)),
            )
            .to_owned();
        all = all
            .add(Expr::exists(about))
            .add(s(event_subject::Column::ObjectType).is_in(visible::telling_campaigns(caller)));
    }
    let least = min_importance.unwrap_or(if kinds.is_some() { 0 } else { 1 });
    if least > 0 {
        all = all.add(s(event_subject::Column::Importance).gte(least));
    }
    if let Some(from) = from {
        all = all.add(s(event_subject::Column::EventId).gte(event_id::floor(*from)));
    }
    if let Some(to) = to {
        all = all.add(s(event_subject::Column::EventId).lt(event_id::floor(*to)));
    }
    if let Some(as_of) = as_of {
        let next = *as_of + chrono::Duration::microseconds(1);
        all = all.add(s(event_subject::Column::EventId).lt(event_id::floor(next)));
    }
    let superseded = || s(event_subject::Column::SupersededAt);
    match known_at {
        Some(known_at) => all
            .add(e(journey_event::Column::RecordedAt).lte(*known_at))
            .add(Condition::any().add(superseded().is_null()).add(superseded().gt(*known_at))),
        None => all.add(superseded().is_null()),
    }
}
