//! Reading the journal: a page of one subject's timeline together with the feed's position, and what the feed brought since.
//! Knows rows only; the GraphQL types stand in `events`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{
    codes::{EventDomain, SubjectType},
    journey::{change_log, event_subject, feed_counter, journey_event},
};
use sea_orm::{
    Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Iterable,
    sea_query::{Alias, Asterisk, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::{
    ObjectType, event_id,
    visible::{self, EventRights, e, s},
};
use crate::{
    graph::Page,
    policy::{Caller, Rights},
};

/// Whose timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// What it is.
    pub ty: SubjectType,
    /// Which one.
    pub id: Uuid,
}

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

/// An event as its reader sees it.
#[derive(Clone, Debug)]
pub struct SeenEvent {
    /// The row.
    pub row: journey_event::Model,
    /// What the reader may see of its payload.
    pub rights: Rights,
}

/// A page read at one position of the feed.
#[derive(Clone, Debug)]
pub struct TimelinePage {
    /// The events, newest first, and one more than asked for if there are more.
    pub events: Vec<SeenEvent>,
    /// The feed's position at that moment.
    pub position: i64,
}

/// What the feed brought.
#[derive(Clone, Debug)]
pub struct Since {
    /// The events with their positions, in the order in which they were recorded.
    pub events: Vec<(i64, SeenEvent)>,
    /// Everything up to this position has been looked at.
    pub looked_to: i64,
}

/// How many subjects one statement reads: as many as a page of a list holds.
const TOGETHER: usize = 100;

/// A page of each of some subjects of one type. One statement, one snapshot: the pages and the position that they were read at.
/// Each subject reads the first rows of its own index range, however long its timeline is.
pub async fn pages<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    ty: SubjectType,
    ids: &[Uuid],
    filter: &Filter,
    page: &Page,
) -> Result<HashMap<Uuid, TimelinePage>, DbErr> {
    let mut pages = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(TOGETHER) {
        pages.extend(read_together(caller, db, ty, ids, filter, page).await?);
    }
    Ok(pages)
}

async fn read_together<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    ty: SubjectType,
    ids: &[Uuid],
    filter: &Filter,
    page: &Page,
) -> Result<HashMap<Uuid, TimelinePage>, DbErr> {
    let order = page.order(crate::graph::Direction::Falling);
    let of_one = |id: &Uuid| {
        let mut inner = events_of(caller, ty, &[*id], filter);
        if let Some(after) = page.after {
            inner.and_where(s(event_subject::Column::EventId).lt(after));
        }
        if let Some(before) = page.before {
            inner.and_where(s(event_subject::Column::EventId).gt(before));
        }
        inner.order_by_expr(s(event_subject::Column::EventId), order.clone()).limit(page.size + 1);
        Query::select().column(Asterisk).from_subquery(inner, Alias::new("one")).to_owned()
    };
    let Some(inner) = ids.iter().map(of_one).reduce(|mut all, one| all.union(UnionType::All, one).to_owned()) else {
        return Ok(HashMap::new());
    };
    let mut outer = at_position(caller, inner);
    outer.order_by_expr(Expr::col((Alias::new("page"), journey_event::Column::Id)), order);
    let rows = db.query_all(&outer).await?;
    let (mut position, mut of, mut events) = (0, Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in &rows {
        position = row.try_get("", "position_now")?;
        if let Some(subject) = row.try_get::<Option<Uuid>>("", "page_of")? {
            of.push(subject);
            events.push(journey_event::Model::from_query_result(row, "")?);
        }
    }
    let empty = |id: &Uuid| (*id, TimelinePage { events: Vec::new(), position });
    let mut pages: HashMap<Uuid, TimelinePage> = ids.iter().map(empty).collect();
    for (subject, event) in of.into_iter().zip(with_rights(caller, db, events).await?) {
        if let Some(page) = pages.get_mut(&subject) {
            page.events.push(event);
        }
    }
    Ok(pages)
}

/// How many events of each subject the caller sees; none for a subject without events.
pub async fn counts<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    ty: SubjectType,
    ids: &[Uuid],
    filter: &Filter,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    let outer = Query::select()
        .column("page_of")
        .expr_as(Expr::col(Asterisk).count(), "n")
        .from_subquery(events_of(caller, ty, ids, filter), "counted")
        .group_by_col("page_of")
        .to_owned();
    let rows = db.query_all(&outer).await?;
    rows.iter().map(|row| Ok((row.try_get("", "page_of")?, row.try_get("", "n")?))).collect()
}

/// What was recorded after `position` about the subject: at most `limit` events.
pub async fn since<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    subject: Subject,
    filter: &Filter,
    position: i64,
    limit: u64,
) -> Result<Since, DbErr> {
    let Subject { ty, id } = subject;
    recorded_since(caller, db, events_of(caller, ty, &[id], filter), s(event_subject::Column::EventId), position, limit)
        .await
}

/// What was recorded after `position` about rows of a type that lie with the caller: at most `limit` events.
pub async fn lying_since<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    object: ObjectType,
    position: i64,
    limit: u64,
) -> Result<Since, DbErr> {
    let mut select = columns();
    select
        .from_as(journey_event::Entity, Alias::new(visible::EVENT))
        .and_where(e(journey_event::Column::TenantId).eq(caller.tenant))
        .and_where(e(journey_event::Column::ObjectType).eq(object.code()))
        .and_where(visible::lies_with(caller, visible::EVENT))
        .cond_where(visible::condition(caller, visible::EVENT));
    recorded_since(caller, db, select, e(journey_event::Column::Id), position, limit).await
}

/// Of the events that `inner` selects, by their ids, those that the feed has after `position`.
async fn recorded_since<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    mut inner: SelectStatement,
    id: Expr,
    position: i64,
    limit: u64,
) -> Result<Since, DbErr> {
    let log = Alias::new("c");
    let at = || Expr::col((log.clone(), change_log::Column::Position));
    inner
        .expr_as(at(), "position_at")
        .join_as(
            JoinType::InnerJoin,
            change_log::Entity,
            log.clone(),
            Condition::all()
                .add(Expr::col((log.clone(), change_log::Column::TenantId)).eq(caller.tenant))
                .add(Expr::col((log.clone(), change_log::Column::EventId)).eq(id)),
        )
        .and_where(at().gt(position))
        .order_by_expr(at(), Order::Asc)
        .limit(limit);
    let mut outer = at_position(caller, inner);
    outer.order_by_expr(Expr::col((Alias::new("page"), Alias::new("position_at"))), Order::Asc);
    let rows = db.query_all(&outer).await?;
    let (mut looked_to, mut positions, mut events) = (position, Vec::new(), Vec::new());
    for row in &rows {
        looked_to = row.try_get("", "position_now")?;
        if let Some(at) = row.try_get::<Option<i64>>("", "position_at")? {
            positions.push(at);
            events.push(journey_event::Model::from_query_result(row, "")?);
        }
    }
    // A full batch has not looked beyond its last event.
    if let (Some(last), true) = (positions.last(), positions.len() as u64 == limit) {
        looked_to = *last;
    }
    let events = with_rights(caller, db, events).await?;
    Ok(Since { events: positions.into_iter().zip(events).collect(), looked_to })
}

/// The feed's position now.
pub async fn position<C: ConnectionTrait>(caller: &Caller, db: &C) -> Result<i64, DbErr> {
    let counter = feed_counter::Entity::find_by_id(caller.tenant).one(db).await?;
    Ok(counter.map_or(0, |counter| counter.position))
}

async fn with_rights<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    events: Vec<journey_event::Model>,
) -> Result<Vec<SeenEvent>, DbErr> {
    let rights = EventRights::of(caller, db, events.iter()).await?;
    Ok(events.into_iter().map(|row| SeenEvent { rights: rights.on(&row), row }).collect())
}

/// The counter's row is always there, so that an empty page, too, has a position.
fn at_position(caller: &Caller, inner: SelectStatement) -> SelectStatement {
    let counter = Alias::new("counter");
    Query::select()
        .expr_as(Expr::col((counter.clone(), feed_counter::Column::Position)), "position_now")
        .column((Alias::new("page"), Asterisk))
        .from_as(feed_counter::Entity, counter.clone())
        .join_subquery(JoinType::LeftJoin, inner, Alias::new("page"), Expr::val(1).eq(1))
        .and_where(Expr::col((counter, feed_counter::Column::TenantId)).eq(caller.tenant))
        .to_owned()
}

fn columns() -> SelectStatement {
    let mut select = Query::select();
    for column in journey_event::Column::iter() {
        select.expr_as(e(column), sea_orm::IdenStatic::as_str(&column));
    }
    select
}

fn events_of(caller: &Caller, ty: SubjectType, ids: &[Uuid], filter: &Filter) -> SelectStatement {
    let mut select = columns();
    visible::from_tables(&mut select);
    select
        .expr_as(s(event_subject::Column::SubjectId), "page_of")
        .and_where(s(event_subject::Column::TenantId).eq(caller.tenant))
        .and_where(s(event_subject::Column::SubjectType).eq(ty.as_str()))
        .and_where(s(event_subject::Column::SubjectId).is_in(ids.iter().copied()))
        .cond_where(visible::condition(caller, visible::SUBJECT))
        .cond_where(filtered(caller, filter));
    select
}

fn filtered(caller: &Caller, filter: &Filter) -> Condition {
    let Filter { domains, kinds, actors, campaigns, from, to, min_importance, as_of, known_at } = filter;
    let mut all = Condition::all();
    if let Some(domains) = domains {
        all = all.add(s(event_subject::Column::Domain).is_in(domains.iter().map(|domain| domain.as_str())));
    }
    if let Some(kinds) = kinds {
        all = all.add(s(event_subject::Column::Kind).is_in(kinds.iter().map(String::as_str)));
    }
    if let Some(actors) = actors {
        all = all.add(e(journey_event::Column::ActorId).is_in(actors.iter().copied()));
    }
    if let Some(campaigns) = campaigns {
        let of = Alias::new("of_campaign");
        let about = Query::select()
            .expr(Expr::val(1))
            .from_as(event_subject::Entity, of.clone())
            .and_where(Expr::col((of.clone(), event_subject::Column::TenantId)).eq(caller.tenant))
            .and_where(Expr::col((of.clone(), event_subject::Column::SubjectType)).eq(SubjectType::Campaign.as_str()))
            .and_where(Expr::col((of.clone(), event_subject::Column::SubjectId)).is_in(campaigns.iter().copied()))
            .and_where(
                Expr::col((of, event_subject::Column::EventId))
                    .equals((Alias::new(visible::SUBJECT), event_subject::Column::EventId)),
            )
            .to_owned();
        all = all.add(Expr::exists(about));
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

/// The rights that subjects' events are seen with, each with its account. Those of an account hang on the rights on it alone; what follows
/// a person or a market may have happened with any account, so that each which comes or goes changes the picture.
pub(super) async fn reach<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    subjects: &[(Subject, Option<Uuid>)],
) -> Result<Vec<([i32; 4], [i64; 4])>, DbErr> {
    let roams = |ty| match ty {
        SubjectType::Account | SubjectType::Opportunity | SubjectType::Ticket | SubjectType::Asset => false,
        SubjectType::Contact
        | SubjectType::Visitor
        | SubjectType::Lead
        | SubjectType::Campaign
        | SubjectType::Industry => true,
    };
    let mut accounts: Vec<Uuid> = subjects.iter().filter_map(|(_, account)| *account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let levels = visible::levels(caller, db, accounts).await?;
    let extent = match subjects.iter().any(|(subject, _)| roams(subject.ty)) {
        true => visible::extent(caller, db).await?,
        false => [0; 4],
    };
    let reach = subjects.iter().map(|(subject, account)| {
        let levels = account.and_then(|account| levels.get(&account)).copied().unwrap_or_default();
        (levels, if roams(subject.ty) { extent } else { [0; 4] })
    });
    Ok(reach.collect())
}
