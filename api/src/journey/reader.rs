//! Reading the journal: a page of one subject's timeline together with the feed's position, and what the feed brought since.
//! Knows rows only; the GraphQL types stand in `events`.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use chrono::{DateTime, Utc};
use entities::{
    account::contact,
    codes::{EventDomain, SubjectType},
    journey::{change_log, event_subject, feed_counter, journey_event},
    marketing::campaign,
};
use sea_orm::{
    Condition, ConnectionTrait, DbErr, EntityTrait, QueryResult,
    sea_query::{
        Asterisk, CommonTableExpression, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType,
        WithClause,
    },
};
use uuid::Uuid;

use super::{
    ObjectType, Payload, event_id, subject,
    visible::{self, EventRights, Near, e, s},
};
use crate::{
    graph::Page,
    policy::{Caller, Rights, Seen, reach},
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

/// What a page brings of its events beside the narrow columns: they are the larger half of a row, and most pages show none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Whom they are about.
    pub subjects: bool,
    /// Their payloads.
    pub payload: bool,
}

impl Wanted {
    /// Everything.
    pub const ALL: Wanted = Wanted { subjects: true, payload: true };
}

/// An event as it was read: a row of the journal without what no reader asks for. Two columns are kept as the text that they are: to
/// read them costs more than to fetch them, and is done where they are shown.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of `journey_event::Model` have the words")]
pub struct EventRow {
    pub id: Uuid,
    pub kind: String,
    pub domain: EventDomain,
    pub recorded_at: DateTime<Utc>,
    pub time_uncertain: bool,
    pub source: Option<String>,
    pub actor_id: Option<Uuid>,
    pub object_type: String,
    pub object_id: Uuid,
    pub account_id: Option<Uuid>,
    pub audience: String,
    pub importance: i32,
    pub supersedes: Option<Uuid>,
    /// JSON; none where it was not wanted.
    subjects: Option<String>,
    /// JSON; none where it was not wanted.
    payload: Option<String>,
}

/// The columns of an [`EventRow`], in its order; the two texts follow.
const NARROW: [journey_event::Column; 13] = [
    journey_event::Column::Id,
    journey_event::Column::Kind,
    journey_event::Column::Domain,
    journey_event::Column::RecordedAt,
    journey_event::Column::TimeUncertain,
    journey_event::Column::Source,
    journey_event::Column::ActorId,
    journey_event::Column::ObjectType,
    journey_event::Column::ObjectId,
    journey_event::Column::AccountId,
    journey_event::Column::Audience,
    journey_event::Column::Importance,
    journey_event::Column::Supersedes,
];
const SUBJECTS: &str = "subjects";
const PAYLOAD: &str = "payload";

impl EventRow {
    /// Reads the columns by their places: by name, each of a page's thousand cells would be looked up.
    fn read(row: &QueryResult, first: usize) -> Result<EventRow, DbErr> {
        Ok(EventRow {
            id: row.try_get_by_index(first)?,
            kind: row.try_get_by_index(first + 1)?,
            domain: row.try_get_by_index(first + 2)?,
            recorded_at: row.try_get_by_index(first + 3)?,
            time_uncertain: row.try_get_by_index(first + 4)?,
            source: row.try_get_by_index(first + 5)?,
            actor_id: row.try_get_by_index(first + 6)?,
            object_type: row.try_get_by_index(first + 7)?,
            object_id: row.try_get_by_index(first + 8)?,
            account_id: row.try_get_by_index(first + 9)?,
            audience: row.try_get_by_index(first + 10)?,
            importance: row.try_get_by_index(first + 11)?,
            supersedes: row.try_get_by_index(first + 12)?,
            subjects: row.try_get_by_index(first + 13)?,
            payload: row.try_get_by_index(first + 14)?,
        })
    }

    /// Whom it is about, as it was written.
    pub fn subjects(&self) -> Vec<Subject> {
        debug_assert!(self.subjects.is_some(), "a field that shows subjects is missing from `Wanted`");
        let written = self.subjects.as_deref().and_then(|text| serde_json::from_str(text).ok());
        written.map_or_else(Vec::new, |written| subject::written(&written))
    }

    /// What it keeps beside its columns.
    pub fn payload(&self) -> Payload {
        debug_assert!(self.payload.is_some(), "a field that shows the payload is missing from `Wanted`");
        let written = self.payload.as_deref().and_then(|text| serde_json::from_str(text).ok());
        written.map_or(Payload::Unknown, |written| Payload::read(&written))
    }
}

/// An event as its reader sees it.
#[derive(Clone, Debug)]
pub struct SeenEvent {
    /// The row.
    pub row: EventRow,
    /// What the reader may see of its payload.
    pub rights: Arc<Rights>,
    /// What a page brought to it in advance.
    pub(super) brought: OnceLock<Brought>,
}

/// What most readers of a timeline want to know of an event: who it was, and which campaign. As far as they may see it.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    pub contact: Option<Seen<contact::Model>>,
    pub campaign: Option<Seen<campaign::Model>>,
}

impl SeenEvent {
    fn new(row: EventRow, rights: Arc<Rights>) -> Arc<SeenEvent> {
        Arc::new(SeenEvent { row, rights, brought: OnceLock::new() })
    }
}

/// A page read at one position of the feed.
#[derive(Clone, Debug)]
pub struct TimelinePage {
    /// The events, newest first, and one more than asked for if there are more.
    pub events: Vec<Arc<SeenEvent>>,
    /// The feed's position at that moment.
    pub position: i64,
}

/// What the feed brought.
#[derive(Clone, Debug)]
pub struct Since {
    /// The events with their positions, in the order in which they were recorded.
    pub events: Vec<(i64, Arc<SeenEvent>)>,
    /// Everything up to this position has been looked at.
    pub looked_to: i64,
}

/// How many parts one statement unites: as many as a page of a list holds. SQLite takes 500.
const TOGETHER: usize = 100;

/// A subject, and the account that most of its events belong to, where it is known.
pub type AtHome = (Uuid, Option<Uuid>);

/// A page of each of some subjects of one type. One statement, one snapshot: the pages and the position that they were read at.
/// Each subject reads the first rows of its own index range, however long its timeline is.
pub async fn pages<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    ty: SubjectType,
    of: &[AtHome],
    filter: &Filter,
    page: &Page,
    wanted: Wanted,
) -> Result<HashMap<Uuid, TimelinePage>, DbErr> {
    let mut pages = HashMap::with_capacity(of.len());
    let (parts, whole) = (filter.parts(), [Cow::Borrowed(filter)]);
    for of in of.chunks(TOGETHER) {
        // Many subjects at once are read whole: the number of statements does not depend on the filter.
        let parts = if parts.len() * of.len() <= TOGETHER { parts.as_slice() } else { &whole };
        pages.extend(Box::pin(read_together(caller, db, ty, of, parts, page, wanted)).await?);
    }
    Ok(pages)
}

async fn read_together<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    ty: SubjectType,
    of: &[AtHome],
    parts: &[Cow<'_, Filter>],
    page: &Page,
    wanted: Wanted,
) -> Result<HashMap<Uuid, TimelinePage>, DbErr> {
    let order = page.order(crate::graph::Direction::Falling);
    let mut homes: Vec<Uuid> = of.iter().filter_map(|(_, home)| *home).collect();
    homes.sort_unstable();
    homes.dedup();
    let levels = reach::levels(caller, &homes).filter(|_| !homes.is_empty());
    let tells = levels.is_some() && visible::overlap(caller);
    let part = |(id, home): &AtHome, filter: &Filter| {
        let near = home.filter(|_| levels.is_some()).map_or(Near::Few, Near::Home);
        let mut inner = columns(wanted);
        inner.expr_as(s(event_subject::Column::SubjectId), "page_of");
        if tells {
            for (wing, column) in reach::LEVELS {
                let level = home.map_or(Expr::val(0), |home| visible::level_at_home(home, wing));
                inner.expr_as(level, column);
            }
        }
        about(&mut inner, caller, ty, &[*id], filter, near);
        if let Some(after) = page.after {
            inner.and_where(s(event_subject::Column::EventId).lt(after));
        }
        if let Some(before) = page.before {
            inner.and_where(s(event_subject::Column::EventId).gt(before));
        }
        inner.order_by_expr(s(event_subject::Column::EventId), order.clone()).limit(page.size + 1);
        Query::select().column(Asterisk).from_subquery(inner, "one").to_owned()
    };
    let all = of.iter().flat_map(|of| parts.iter().map(move |filter| (of, filter)));
    let Some(inner) =
        all.map(|(of, filter)| part(of, filter)).reduce(|mut all, one| all.union(UnionType::All, one).to_owned())
    else {
        return Ok(HashMap::new());
    };
    let mut outer = at_position(caller, inner);
    outer.order_by_expr(Expr::col(("page", journey_event::Column::Id)), order);
    if let Some(levels) = levels {
        let columns = std::iter::once("account").chain(reach::LEVELS.map(|(_, column)| column));
        let held = CommonTableExpression::new()
            .table_name(visible::REACH)
            .columns(columns)
            .query(levels)
            .materialized(true)
            .to_owned();
        outer.with_cte(WithClause::new().cte(held).to_owned());
    }
    let rows = db.query_all(&outer).await?;
    let empty = |(id, _): &AtHome| (*id, TimelinePage { events: Vec::new(), position: 0 });
    let mut pages: HashMap<Uuid, TimelinePage> = of.iter().map(empty).collect();
    let (mut position, mut known, mut events) = (0, HashMap::new(), Vec::with_capacity(rows.len()));
    let home_of: HashMap<Uuid, Uuid> = of.iter().filter_map(|(id, home)| Some((*id, (*home)?))).collect();
    for row in &rows {
        position = row.try_get_by_index(0)?;
        let Some(subject) = row.try_get_by_index::<Option<Uuid>>(AFTER_EVENT)? else { continue };
        events.push((subject, EventRow::read(row, 1)?));
        if let (true, Some(home)) = (tells, home_of.get(&subject))
            && !known.contains_key(home)
        {
            let mut levels = visible::Levels::default();
            for (nth, level) in levels.iter_mut().enumerate() {
                *level = row.try_get_by_index::<Option<i32>>(AFTER_EVENT + 1 + nth)?.unwrap_or(0);
            }
            known.insert(*home, levels);
        }
    }
    let accounts = events.iter().filter_map(|(_, event)| event.account_id);
    let mut rights = EventRights::of(caller, db, known, accounts).await?;
    for (subject, row) in events {
        if let Some(held) = pages.get_mut(&subject) {
            // Each part brought a page of its own.
            if held.events.len() as u64 <= page.size {
                let rights = rights.on(&row);
                held.events.push(SeenEvent::new(row, rights));
            }
        }
    }
    pages.values_mut().for_each(|page| page.position = position);
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
        .from_subquery(counted(caller, ty, ids, filter), "counted")
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
    let mut select = columns(Wanted::ALL);
    about_since(&mut select, caller, ty, id, filter);
    recorded_since(caller, db, select, s(event_subject::Column::EventId), position, limit).await
}

/// What was recorded after `position` about rows of a type that lie with the caller: at most `limit` events.
pub async fn lying_since<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    object: ObjectType,
    position: i64,
    limit: u64,
) -> Result<Since, DbErr> {
    let mut select = columns(Wanted::ALL);
    select
        .from_as(journey_event::Entity, visible::EVENT)
        .and_where(e(journey_event::Column::TenantId).eq(caller.tenant))
        .and_where(e(journey_event::Column::ObjectType).eq(object.code()))
        .and_where(visible::lies_with(caller, visible::EVENT))
        .cond_where(visible::condition(caller, visible::EVENT, None, Near::Few));
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
    let log = "c";
    let at = || Expr::col((log, change_log::Column::Position));
    inner
        .expr_as(at(), "position_at")
        .join_as(
            JoinType::InnerJoin,
            change_log::Entity,
            log,
            Condition::all()
                .add(Expr::col((log, change_log::Column::TenantId)).eq(caller.tenant))
                .add(Expr::col((log, change_log::Column::EventId)).eq(id)),
        )
        .and_where(at().gt(position))
        .order_by_expr(at(), Order::Asc)
        .limit(limit);
    let mut outer = at_position(caller, inner);
    outer.order_by_expr(Expr::col(("page", "position_at")), Order::Asc);
    let rows = db.query_all(&outer).await?;
    let (mut looked_to, mut positions, mut events) = (position, Vec::new(), Vec::new());
    for row in &rows {
        looked_to = row.try_get_by_index(0)?;
        if let Some(at) = row.try_get_by_index::<Option<i64>>(AFTER_EVENT)? {
            positions.push(at);
            events.push(EventRow::read(row, 1)?);
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
    events: Vec<EventRow>,
) -> Result<Vec<Arc<SeenEvent>>, DbErr> {
    let accounts = events.iter().filter_map(|event| event.account_id);
    let mut rights = EventRights::of(caller, db, HashMap::new(), accounts).await?;
    let seen = events.into_iter().map(|row| {
        let rights = rights.on(&row);
        SeenEvent::new(row, rights)
    });
    Ok(seen.collect())
}

/// The place of the first column after the position and the event.
const AFTER_EVENT: usize = 1 + NARROW.len() + 2;

/// The counter's row is always there, so that an empty page, too, has a position.
fn at_position(caller: &Caller, inner: SelectStatement) -> SelectStatement {
    let counter = "counter";
    Query::select()
        .expr_as(Expr::col((counter, feed_counter::Column::Position)), "position_now")
        .column(("page", Asterisk))
        .from_as(feed_counter::Entity, counter)
        .join_subquery(JoinType::LeftJoin, inner, "page", Expr::val(1).eq(1))
        .and_where(Expr::col((counter, feed_counter::Column::TenantId)).eq(caller.tenant))
        .to_owned()
}

fn columns(wanted: Wanted) -> SelectStatement {
    let mut select = Query::select();
    for column in NARROW {
        select.expr_as(e(column), sea_orm::IdenStatic::as_str(&column));
    }
    let text = |is_wanted, column| match is_wanted {
        true => e(column).cast_as("text"),
        false => Expr::cust("CAST(NULL AS text)"),
    };
    select
        .expr_as(text(wanted.subjects, journey_event::Column::Subjects), SUBJECTS)
        .expr_as(text(wanted.payload, journey_event::Column::Payload), PAYLOAD);
    select
}

/// The events about subjects as far as the caller sees them.
fn about(select: &mut SelectStatement, caller: &Caller, ty: SubjectType, ids: &[Uuid], filter: &Filter, near: Near) {
    visible::from_tables(select);
    select
        .and_where(s(event_subject::Column::TenantId).eq(caller.tenant))
        .and_where(s(event_subject::Column::SubjectType).eq(ty.as_str()))
        .and_where(match ids {
            [id] => s(event_subject::Column::SubjectId).eq(*id),
            ids => s(event_subject::Column::SubjectId).is_in(ids.iter().copied()),
        })
        .cond_where(visible::condition(caller, visible::SUBJECT, Some(ty), near))
        .cond_where(filtered(caller, filter));
}

fn counted(caller: &Caller, ty: SubjectType, ids: &[Uuid], filter: &Filter) -> SelectStatement {
    let mut select = Query::select().expr_as(s(event_subject::Column::SubjectId), "page_of").to_owned();
    about(&mut select, caller, ty, ids, filter, Near::Many);
    select
}

impl Filter {
    /// The same question in parts that an index serves, each in the order of the timeline: one a kind, where kinds are named.
    fn parts(&self) -> Vec<Cow<'_, Filter>> {
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

/// Like [`about`], with what took the place of an event: whoever was given that one must learn of it, whatever kind the other is.
fn about_since(select: &mut SelectStatement, caller: &Caller, ty: SubjectType, id: Uuid, filter: &Filter) {
    let open = Filter { kinds: None, min_importance: Some(0), ..filter.clone() };
    about(select, caller, ty, &[id], &open, Near::Few);
    let chosen = Filter { kinds: filter.kinds.clone(), min_importance: filter.min_importance, ..Filter::default() };
    let supersedes = e(journey_event::Column::Supersedes).is_not_null();
    select.cond_where(Condition::any().add(supersedes).add(filtered(caller, &chosen)));
}

fn filtered(caller: &Caller, filter: &Filter) -> Condition {
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
