//! The change feed of the whole tenant: what has changed, in the order of commits. Knows rows only; the GraphQL types stand in
//! `node/changes.rs`.
//!
//! A reader that goes on from the last cursor misses nothing and sees nothing twice, with any number of writers: positions are taken last
//! in each transaction, under the counter's lock, so that whoever sees the counter at 17 sees every entry up to 17. Entries and counter
//! are read in one statement, and so at one moment.
//!
//! **The row rule.** The feed holds the types of which the caller reads every row ([`types_of`]), and of each only the fields that it reads on
//! every row. So no row ever leaves a reader's sight, whatever becomes of teams, except by its removal, which is an entry. What hangs on
//! roles hangs on them alone: a cursor names the roles that it was read with, and is worth nothing to others.
//!
//! **Snapshot.** There is no statement that copies a tenant; none is needed. Take the feed's position *p*, then read each list by its pages,
//! however long that takes, then the feed from *p* on, and put the present state of each entry's record in the place of what is held.
//! That ends equal: a record with no entry after *p* did not change while the lists were read, so that its page showed it, once (keysets
//! stand on ids, which never change), as it still is. A record with entries after *p* is put right by the last of them, which
//! comes with the state of the moment when it is read, or of a later one; if a page showed it too new, the same state comes again. A
//! record that is gone has a DELETED entry, or went with the record that it is a part of.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use entities::{
    codes::ChangeKind,
    journey::{change_log, feed_counter, journey_event},
};
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult,
    sea_query::{Asterisk, Condition, Expr, ExprTrait, JoinType, Order, Query, SelectStatement},
};
use uuid::Uuid;

use super::{EventKind, ObjectType, Payload};
use crate::{
    graph::{Error, GlobalId, Result},
    policy::{Caller, Held, RoleSet, Type, TypeSet, table},
};

/// How many positions one page looks at: a reader of what is rare reads short pages, none of which takes long.
const LOOK: i64 = 10_000;

/// From where to where the feed is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The position of the last entry; 0 where there has been none.
    pub now: i64,
    /// The position of the oldest entry that is kept.
    pub oldest: i64,
}

/// An entry of the feed: something happened to a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place.
    pub position: i64,
    /// The kind of the event behind it, by its dot name.
    pub kind: String,
    /// The type of the row.
    pub object: ObjectType,
    /// The row.
    pub id: Uuid,
    /// What happened to it.
    pub change: ChangeKind,
    /// The columns that changed; empty for a new row, and where only something happened to it.
    pub columns: Vec<String>,
    /// The row's version afterwards; none where the row itself did not change.
    pub version: Option<i64>,
    /// The system that caused it; none for Journey itself.
    pub source: Option<String>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The event behind it.
    pub event: Uuid,
    /// The row that took its place, where it was merged into another.
    pub replaced_by: Option<Uuid>,
}

impl Entry {
    /// The row's id as clients have it.
    pub fn global_id(&self) -> GlobalId {
        GlobalId::new(self.object.kind(), self.id)
    }

    /// The id of the row that took its place.
    pub fn successor(&self) -> Option<GlobalId> {
        self.replaced_by.map(|id| GlobalId::new(self.object.kind(), id))
    }
}

/// Which entries.
#[derive(Clone, Debug)]
pub struct Asked {
    /// After this position.
    pub after: i64,
    /// Of these types.
    pub objects: Vec<ObjectType>,
    /// Not those that this system caused.
    pub exclude_source: Option<String>,
    /// At most so many.
    pub first: u64,
}

/// Entries in their order.
#[derive(Clone, Debug)]
pub struct Entries {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Everything up to this position has been looked at.
    pub looked_to: i64,
    /// From where to where the feed is kept, at the same moment.
    pub span: Span,
}

/// A place in the feed, as clients have it: opaque. It names its tenant, and what everything before it was read with: roles, and the
/// lines of the access table where the token narrows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    tenant: i64,
    held: Held,
    /// The place.
    pub position: i64,
}

impl Cursor {
    /// A place, for this caller.
    pub fn at(caller: &Caller, position: i64) -> Cursor {
        Cursor { tenant: caller.tenant, held: caller.into(), position }
    }

    /// As clients have it.
    pub fn encode(&self) -> String {
        let Cursor { tenant, held: Held { roles, types }, position } = self;
        let narrowed = match *types == TypeSet::ALL {
            true => String::new(),
            false => types.iter().map(|ty| format!(":{}", ty.name())).collect(),
        };
        URL_SAFE_NO_PAD.encode(format!("change:{tenant}:{position}:{roles}{narrowed}"))
    }

    /// Reads what a client gives back.
    pub fn decode(caller: &Caller, text: &str) -> Result<Cursor> {
        let read = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            let mut parts = text.strip_prefix("change:")?.split(':');
            let tenant = parts.next()?.parse().ok()?;
            let position = parts.next()?.parse().ok().filter(|position| *position >= 0)?;
            let roles: RoleSet = parts.next()?.split('+').map(|role| role.parse().ok()).collect::<Option<_>>()?;
            let types: Vec<Type> = parts.map(Type::named).collect::<Option<_>>()?;
            let types = if types.is_empty() { TypeSet::ALL } else { types.into_iter().collect() };
            Some(Cursor { tenant, held: Held { roles, types }, position })
        };
        let cursor = read().filter(|cursor| cursor.tenant == caller.tenant).ok_or(Error::CursorInvalid)?;
        // With other rights there would be other entries before it.
        if cursor.held != caller.into() { Err(Error::RightsChanged) } else { Ok(cursor) }
    }
}

/// The types whose changes some roles hear of: those of which they read every row. Of the tenant itself there is but one: `tenant`.
pub fn types_of(held: Held) -> Vec<ObjectType> {
    let hears =
        |object: &ObjectType| *object != ObjectType::Tenant && table::everywhere(object.access(), held).reads_a_class();
    ObjectType::ALL.iter().copied().filter(hears).collect()
}

/// From where to where the feed is kept.
pub async fn span<C: ConnectionTrait>(caller: &Caller, db: &C) -> Result<Span, DbErr> {
    let row = db.query_one(&at_span(caller)).await?;
    row.map_or(Ok(Span { now: 0, oldest: 1 }), |row| span_in(&row))
}

/// A page of the feed, in one statement: an index range of the change log, and the event of each of its entries.
pub async fn read<C: ConnectionTrait>(caller: &Caller, db: &C, asked: &Asked) -> Result<Entries, DbErr> {
    let (log, event, page) = ("c", "e", "page");
    let c = |column: change_log::Column| Expr::col((log, column));
    let e = |column: journey_event::Column| Expr::col((event, column));
    let end = asked.after.saturating_add(LOOK);
    let merged = e(journey_event::Column::Kind).eq(EventKind::IdentityMerged.name());
    let mut inner = Query::select();
    inner
        .expr_as(c(change_log::Column::Position), "position")
        .expr_as(e(journey_event::Column::Kind), "kind")
        .expr_as(c(change_log::Column::ObjectType), "object_type")
        .expr_as(c(change_log::Column::ObjectId), "object_id")
        .expr_as(c(change_log::Column::Change), "change")
        .expr_as(c(change_log::Column::ChangedFields).cast_as("text"), "changed_fields")
        .expr_as(c(change_log::Column::Version), "version")
        .expr_as(c(change_log::Column::Source), "source")
        .expr_as(c(change_log::Column::RecordedAt), "recorded_at")
        .expr_as(c(change_log::Column::EventId), "event_id")
        .expr_as(Expr::case(merged, e(journey_event::Column::Payload).cast_as("text")), "merge")
        .from_as(change_log::Entity, log)
        .join_as(
            JoinType::InnerJoin,
            journey_event::Entity,
            event,
            Condition::all()
                .add(e(journey_event::Column::TenantId).eq(caller.tenant))
                .add(e(journey_event::Column::Id).equals((log, change_log::Column::EventId))),
        )
        .and_where(c(change_log::Column::TenantId).eq(caller.tenant))
        .and_where(c(change_log::Column::Position).gt(asked.after))
        .and_where(c(change_log::Column::Position).lte(end))
        .and_where(c(change_log::Column::ObjectType).is_in(asked.objects.iter().map(|object| object.code())))
        .order_by_expr(c(change_log::Column::Position), Order::Asc)
        .limit(asked.first + 1);
    if let Some(source) = &asked.exclude_source {
        let other = c(change_log::Column::Source).ne(source.as_str());
        inner.and_where(c(change_log::Column::Source).is_null().or(other));
    }
    let mut outer = at_span(caller);
    outer
        .column((page, Asterisk))
        // The counter's row is always there, so that an empty page, too, has a moment.
        .join_subquery(JoinType::LeftJoin, inner, page, Expr::val(1).eq(1))
        .order_by_expr(Expr::col((page, "position")), Order::Asc);
    let rows = db.query_all(&outer).await?;
    let span = rows.first().map_or(Ok(Span { now: 0, oldest: 1 }), span_in)?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        entries.extend(entry(row)?);
    }
    let first = usize::try_from(asked.first).unwrap_or(usize::MAX);
    let looked_to = match entries.len() > first {
        true => {
            entries.truncate(first);
            entries.last().map_or(asked.after, |last| last.position)
        }
        false => Ord::max(Ord::min(end, span.now), asked.after),
    };
    Ok(Entries { entries, looked_to, span })
}

/// The counter and the oldest entry.
fn at_span(caller: &Caller) -> SelectStatement {
    let (counter, log) = ("counter", "kept");
    let oldest = Query::select()
        .expr(Expr::col((log, change_log::Column::Position)).min())
        .from_as(change_log::Entity, log)
        .and_where(Expr::col((log, change_log::Column::TenantId)).eq(caller.tenant))
        .to_owned();
    Query::select()
        .expr_as(Expr::col((counter, feed_counter::Column::Position)), "position_now")
        .expr_as(Expr::SubQuery(None, Box::new(oldest.into())), "position_oldest")
        .from_as(feed_counter::Entity, counter)
        .and_where(Expr::col((counter, feed_counter::Column::TenantId)).eq(caller.tenant))
        .to_owned()
}

fn span_in(row: &QueryResult) -> Result<Span, DbErr> {
    let now: i64 = row.try_get_by_index(0)?;
    Ok(Span { now, oldest: row.try_get_by_index::<Option<i64>>(1)?.unwrap_or(now + 1) })
}

/// The entry of a row of a page; none where the page is empty.
fn entry(row: &QueryResult) -> Result<Option<Entry>, DbErr> {
    let Some(position) = row.try_get_by_index(2)? else { return Ok(None) };
    let object: String = row.try_get_by_index(4)?;
    let Some(object) = ObjectType::parse(&object) else { return Ok(None) };
    let columns: String = row.try_get_by_index(7)?;
    let change = row.try_get_by_index(6)?;
    let merge: Option<String> = row.try_get_by_index(12)?;
    let merge = merge.and_then(|merge| serde_json::from_str::<serde_json::Value>(&merge).ok());
    let replaced_by = match merge.as_ref().map(Payload::read) {
        // The one that stays names the one that goes, too.
        Some(Payload::Identity { other_id, .. }) if change == ChangeKind::Deleted => other_id,
        _ => None,
    };
    Ok(Some(Entry {
        position,
        replaced_by,
        kind: row.try_get_by_index(3)?,
        object,
        id: row.try_get_by_index(5)?,
        change,
        columns: serde_json::from_str(&columns).unwrap_or_default(),
        version: row.try_get_by_index(8)?,
        source: row.try_get_by_index(9)?,
        recorded_at: row.try_get_by_index(10)?,
        event: row.try_get_by_index(11)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Role;

    #[test]
    fn an_integrator_hears_of_what_it_reads_everywhere() {
        let hears = types_of(Role::Integrator.into());
        for object in [ObjectType::Account, ObjectType::Contact, ObjectType::Ticket, ObjectType::AccountTeamMember] {
            assert!(hears.contains(&object), "{object:?}");
        }
        // Notes are written and not read back; settings are an admin's.
        for object in [ObjectType::Note, ObjectType::TicketNote, ObjectType::Definition, ObjectType::Tenant] {
            assert!(!hears.contains(&object), "{object:?}");
        }
        // Name and industry of foreign accounts are no leave to hear what happens to them.
        assert!(!types_of(Role::Sales.into()).contains(&ObjectType::Account));
    }
}
