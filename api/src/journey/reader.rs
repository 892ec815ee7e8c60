//! Reading the journal: a page of one subject's timeline together with the feed's position, and what the feed brought since.
//! Knows rows only; the GraphQL types stand in `events`.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use entities::{
    account::{merge_operation, visitor_link},
    codes::SubjectType,
    journey::{change_log, event_subject, feed_counter, journey_event},
};
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryResult,
    sea_query::{
        Asterisk, CommonTableExpression, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType,
        WithClause,
    },
};
use uuid::Uuid;

use super::{
    ObjectType,
    filter::{TOGETHER, filtered},
    row::{WIDTH, columns},
    visible::{self, EventRights, Near, e, s},
};
pub use super::{
    filter::Filter,
    row::{EventRow, SeenEvent, Wanted},
};
use crate::{
    graph::Page,
    policy::{
        Caller, Levels, reach,
        template::{self, Template, Templates},
    },
};

/// Whose timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// What it is.
    pub ty: SubjectType,
    /// Which one.
    pub id: Uuid,
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

/// What decides the text of the statement of one subject's page, beside the caller: the filter with its values, the page without.
type OnePage = (SubjectType, Vec<Filter>, u64, bool, [bool; 2], Wanted, Option<[bool; 4]>);

static ONE_PAGE: LazyLock<Templates<OnePage, bool>> = LazyLock::new(Templates::default);

async fn read_together<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    ty: SubjectType,
    of: &[AtHome],
    parts: &[Cow<'_, Filter>],
    page: &Page,
    wanted: Wanted,
) -> Result<HashMap<Uuid, TimelinePage>, DbErr> {
    if let [(id, Some(home))] = of
        && parts.iter().all(|filter| filter.is_plain())
        && caller.colleague.is_some()
    {
        // Nearly always all events of a page belong to the account that its subject does, and a short statement brings them.
        // A live cursor vouches for rights that are read before the page, and no earlier.
        let levels = caller.levels.on(*home).filter(|_| !wanted.position);
        let made = one_page(caller, db.get_database_backend(), ty, parts, page, wanted, levels);
        let args = [*id, *home, page.after.unwrap_or_default(), page.before.unwrap_or_default()];
        let rows = db.query_all_raw(made.statement(caller, &args)).await?;
        let mut read = ReadRows::of(&rows, of, made.beside)?;
        read.known.extend(levels.map(|levels| (*home, levels)));
        if read.events.iter().all(|(_, event)| event.account_id == Some(*home)) {
            return read.seen(caller, db, of, page).await;
        }
    }
    let Some((statement, tells)) = statement(caller, ty, of, parts, page, wanted, None) else {
        return Ok(HashMap::new());
    };
    let rows = db.query_all(&statement).await?;
    ReadRows::of(&rows, of, tells)?.seen(caller, db, of, page).await
}

fn one_page(
    caller: &Caller,
    backend: DbBackend,
    ty: SubjectType,
    parts: &[Cow<'_, Filter>],
    page: &Page,
    wanted: Wanted,
    levels: Option<Levels>,
) -> Arc<Template<bool>> {
    let Page { size, from_end, after, before } = *page;
    // Whether there is a level decides what is seen; how high it is, what may be done.
    let reads = levels.map(|levels| levels.map(|level| level > 0));
    let filters = parts.iter().map(|filter| Filter::clone(filter)).collect();
    let key = (ty, filters, size, from_end, [after.is_some(), before.is_some()], wanted, reads);
    ONE_PAGE.of(caller, backend, key, |pattern| {
        let [id, home, older, newer] = std::array::from_fn(template::arg);
        let page = Page { after: after.map(|_| older), before: before.map(|_| newer), ..*page };
        let near = reads.map_or(Near::Hoped(home), |reads| Near::Known(home, reads.map(i32::from)));
        statement(pattern, ty, &[(id, Some(home))], parts, &page, wanted, Some(near)).unwrap_or_default()
    })
}

/// The pages of some subjects in one statement, and whether it tells the caller's levels on the accounts of their homes. `near`: how near
/// a single subject's events are, where that is hoped or known.
fn statement(
    caller: &Caller,
    ty: SubjectType,
    of: &[AtHome],
    parts: &[Cow<'_, Filter>],
    page: &Page,
    wanted: Wanted,
    near: Option<Near>,
) -> Option<(SelectStatement, bool)> {
    let order = page.order(crate::graph::Direction::Falling);
    let mut homes: Vec<Uuid> = of.iter().filter_map(|(_, home)| *home).collect();
    homes.sort_unstable();
    homes.dedup();
    let is_known = matches!(near, Some(Near::Known(..)));
    let levels = reach::levels(caller, &homes).filter(|_| !homes.is_empty() && !is_known);
    let tells = levels.is_some() && visible::overlap(caller);
    let part = |(id, home): &AtHome, filter: &Filter| {
        let near = near.or(home.filter(|_| levels.is_some()).map(Near::Home)).unwrap_or(Near::Few);
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
    let inner =
        all.map(|(of, filter)| part(of, filter)).reduce(|mut all, one| all.union(UnionType::All, one).to_owned())?;
    let mut outer = match wanted.position {
        true => at_position(caller, inner),
        false => Query::select()
            .expr_as(Expr::val(0_i64), "position_now")
            .column(("page", Asterisk))
            .from_subquery(inner, "page")
            .to_owned(),
    };
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
    Some((outer, tells))
}

/// What a statement of pages brought.
struct ReadRows {
    position: i64,
    /// The caller's levels on the accounts of the subjects' homes.
    known: HashMap<Uuid, Levels>,
    /// Each with the subject on whose page it stands.
    events: Vec<(Uuid, EventRow)>,
}

impl ReadRows {
    fn of(rows: &[QueryResult], of: &[AtHome], tells: bool) -> Result<ReadRows, DbErr> {
        let mut read = ReadRows { position: 0, known: HashMap::new(), events: Vec::with_capacity(rows.len()) };
        let home_of: HashMap<Uuid, Uuid> = of.iter().filter_map(|(id, home)| Some((*id, (*home)?))).collect();
        for row in rows {
            read.position = row.try_get_by_index(0)?;
            let Some(subject) = row.try_get_by_index::<Option<Uuid>>(1 + WIDTH)? else { continue };
            read.events.push((subject, EventRow::read(row, 1)?));
            if let (true, Some(home)) = (tells, home_of.get(&subject))
                && !read.known.contains_key(home)
            {
                let mut levels = Levels::default();
                for (nth, level) in levels.iter_mut().enumerate() {
                    *level = row.try_get_by_index::<Option<i32>>(1 + WIDTH + 1 + nth)?.unwrap_or(0);
                }
                read.known.insert(*home, levels);
            }
        }
        Ok(read)
    }

    async fn seen<C: ConnectionTrait>(
        self,
        caller: &Caller,
        db: &C,
        of: &[AtHome],
        page: &Page,
    ) -> Result<HashMap<Uuid, TimelinePage>, DbErr> {
        let ReadRows { position, known, events } = self;
        let empty = |(id, _): &AtHome| (*id, TimelinePage { events: Vec::new(), position });
        let mut pages: HashMap<Uuid, TimelinePage> = of.iter().map(empty).collect();
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
        Ok(pages)
    }
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
        if let Some(at) = row.try_get_by_index::<Option<i64>>(1 + WIDTH)? {
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

/// Like [`about`], with what took the place of an event: whoever was given that one must learn of it, whatever kind the other is.
fn about_since(select: &mut SelectStatement, caller: &Caller, ty: SubjectType, id: Uuid, filter: &Filter) {
    let open = Filter { kinds: None, min_importance: Some(0), ..filter.clone() };
    about(select, caller, ty, &[id], &open, Near::Few);
    let chosen = Filter { kinds: filter.kinds.clone(), min_importance: filter.min_importance, ..Filter::default() };
    let supersedes = e(journey_event::Column::Supersedes).is_not_null();
    select.cond_where(Condition::any().add(supersedes).add(filtered(caller, &chosen)));
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

/// How many links and merges have put past events on the timelines of subjects, and how many of these were undone: a reader who knew
/// fewer has to read again.
pub(super) async fn operations<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    subjects: impl Iterator<Item = Subject>,
) -> Result<HashMap<Subject, [i64; 2]>, DbErr> {
    let mut of: HashMap<SubjectType, Vec<Uuid>> = HashMap::new();
    subjects.for_each(|subject| of.entry(subject.ty).or_default().push(subject.id));
    let ids = |ty: SubjectType| of.get(&ty).filter(|ids| !ids.is_empty());
    let mut selects: Vec<SelectStatement> = Vec::new();
    for ty in [SubjectType::Account, SubjectType::Contact] {
        let Some(ids) = ids(ty) else { continue };
        let merges = Query::select()
            .expr_as(Expr::val(ty.as_str()).cast_as("text"), "ty")
            .expr_as(Expr::col(merge_operation::Column::SurvivorId), "id")
            .expr_as(Expr::col(merge_operation::Column::Id).count(), "made")
            .expr_as(Expr::col(merge_operation::Column::UndoneAt).count(), "undone")
            .from(merge_operation::Entity)
            .and_where(Expr::col(merge_operation::Column::TenantId).eq(caller.tenant))
            .and_where(Expr::col(merge_operation::Column::SubjectType).eq(ty.as_str()))
            .and_where(Expr::col(merge_operation::Column::SurvivorId).is_in(ids.iter().copied()))
            .group_by_col(merge_operation::Column::SurvivorId)
            .to_owned();
        let named = match ty {
            SubjectType::Account => visitor_link::Column::AccountId,
            _ => visitor_link::Column::ContactId,
        };
        let links = Query::select()
            .expr_as(Expr::val(ty.as_str()).cast_as("text"), "ty")
            .expr_as(Expr::col(named), "id")
            .expr_as(Expr::col(visitor_link::Column::Id).count(), "made")
            .expr_as(Expr::col(visitor_link::Column::UnlinkedAt).count(), "undone")
            .from(visitor_link::Entity)
            .and_where(Expr::col(visitor_link::Column::TenantId).eq(caller.tenant))
            .and_where(Expr::col(named).is_in(ids.iter().copied()))
            .group_by_col(named)
            .to_owned();
        selects.extend([merges, links]);
    }
    let all = selects.into_iter().reduce(|mut all, one| all.union(UnionType::All, one).to_owned());
    let mut known: HashMap<Subject, [i64; 2]> = HashMap::new();
    let Some(all) = all else { return Ok(known) };
    for row in db.query_all(&all).await? {
        let ty: String = row.try_get_by_index(0)?;
        let Some(ty) = SubjectType::parse(&ty) else { continue };
        let (id, made, undone): (Uuid, i64, i64) =
            (row.try_get_by_index(1)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let held = known.entry(Subject { ty, id }).or_default();
        (held[0], held[1]) = (held[0] + made, held[1] + undone);
    }
    Ok(known)
}
