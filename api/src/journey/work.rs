//! The one write path. A [`Work`] is a transaction that collects rows and events and commits them together; there is no other
//! way to change data.
//!
//! At commit it locks the tenant's counter row, takes positions for its events and `recorded_at = max(now, last + 1 µs)`, writes
//! events, subjects and change log, commits, and wakes the readers. The counter comes last, so that writers wait for each
//! other only for the time of these inserts, and commit order is feed order.

use std::{collections::HashMap, str::FromStr, sync::Arc};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Duration, Utc};
use entities::{
    account::account,
    codes::{ChangeKind, SubjectType},
    journey::{change_log, event_subject, feed_counter, journey_event, search_token},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, Iterable,
    QueryFilter, QuerySelect, Set, Value,
    sea_query::{Expr, ExprTrait, IntoCondition},
};
use uuid::Uuid;

use super::{EventKind, Journaled, ObjectType, Payload, Subjects, event_id};
use crate::{
    graph::{Cx, Error, Fields, GlobalId, Result, camel, require_write},
    policy::{Caller, Class, Link, Seen, Type},
};

/// Runs a use case, again if another transaction was in the way. The use case holds the whole unit of work.
pub async fn attempt<T, F, Fut>(work: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T>>,
{
    // On the heap: a use case holds its rows and statements, and an unoptimised build moves them about on the stack.
    let mut work = work;
    crate::store::retry(Error::is_transient, || Box::pin(work())).await
}

/// A unit of work. Dropped without [`Work::commit`], nothing happened.
pub struct Work<'a> {
    pub(super) cx: &'a Cx,
    pub(super) tx: DatabaseTransaction,
    pub(super) fields: Option<Arc<Fields>>,
    now: DateTime<Utc>,
    source: Option<String>,
    events: Vec<Event>,
    touched: Vec<Touched>,
    minted: u64,
    discarded: Vec<Uuid>,
}

/// An event to be.
#[derive(Clone, Debug)]
pub struct Event {
    kind: EventKind,
    object: (ObjectType, Uuid),
    account_id: Option<Uuid>,
    subjects: Subjects,
    payload: Payload,
    occurred_at: Option<DateTime<Utc>>,
    audience: String,
    source_seq: Option<i64>,
    supersedes: Option<Uuid>,
    time_uncertain: bool,
}

/// Everybody whom the row rule reaches.
pub const AUDIENCE_TEAM: &str = "TEAM";

impl Event {
    /// An event about a row: its account, its subjects and its audience come from the row.
    pub fn of<E: Journaled>(kind: EventKind, row: &E::Model, payload: Payload) -> Event {
        Event {
            kind,
            object: (kind.declared().object.unwrap_or(E::object(row)), E::id(row)),
            account_id: E::account_id(row),
            subjects: E::subjects(row),
            payload,
            occurred_at: None,
            audience: E::audience(row),
            source_seq: None,
            supersedes: None,
            time_uncertain: false,
        }
    }

    /// An event about the tenant itself, whose row has a number and no UUID.
    pub(super) fn of_tenant(kind: EventKind, tenant: i64, payload: Payload) -> Event {
        Event {
            kind,
            object: (ObjectType::Tenant, Uuid::from_u64_pair(0, tenant.cast_unsigned())),
            account_id: None,
            subjects: Subjects::new(),
            payload,
            occurred_at: None,
            audience: AUDIENCE_TEAM.to_owned(),
            source_seq: None,
            supersedes: None,
            time_uncertain: false,
        }
    }

    /// Also about this.
    pub fn about(mut self, ty: SubjectType, id: impl Into<Option<Uuid>>) -> Event {
        self.subjects.extend(id.into().map(|id| (ty, id)));
        self
    }

    /// It belongs to this account.
    pub fn account(mut self, account: impl Into<Option<Uuid>>) -> Event {
        self.account_id = account.into();
        self
    }

    /// Its object is this, not what the kind declares: a cold call is a touchpoint's `call.connected`.
    pub fn object(mut self, ty: ObjectType, id: Uuid) -> Event {
        self.object = (ty, id);
        self
    }

    /// It happened then, not now.
    pub fn at(mut self, occurred_at: DateTime<Utc>) -> Event {
        self.occurred_at = Some(occurred_at);
        self
    }

    /// Those who work in this queue see it too, whatever its account.
    pub fn queue(mut self, queue: Option<Uuid>) -> Event {
        if let Some(queue) = queue {
            self.audience = format!("QUEUE:{queue}");
        }
        self
    }

    /// It lies with this colleague, who sees it whatever its account.
    pub fn colleague(mut self, colleague: Option<Uuid>) -> Event {
        if let Some(colleague) = colleague {
            self.audience = format!("COLLEAGUE:{colleague}");
        }
        self
    }

    /// Its place among the events of its source.
    pub fn source_seq(mut self, seq: i64) -> Event {
        self.source_seq = Some(seq);
        self
    }

    /// The source gave no possible time.
    pub fn time_uncertain(mut self, uncertain: bool) -> Event {
        self.time_uncertain = uncertain;
        self
    }
}

struct Touched {
    object: (ObjectType, Uuid),
    change: ChangeKind,
    fields: Vec<String>,
    version: i64,
    account_id: Option<Uuid>,
    audience: String,
    subjects: Subjects,
}

/// How many binds one statement takes. Both engines take eight times as many; but the driver keeps the last 512 statements, and
/// those of a long load, each of another length, would fill hundreds of megabytes without being faster.
const MAX_BINDS: usize = 4_000;

impl<'a> Work<'a> {
    /// Opens a unit of work.
    pub async fn begin(cx: &'a Cx) -> Result<Work<'a>> {
        let tx = cx.store.begin().await?;
        let now = cx.clock.now();
        // Rights are judged at the moment of the work: a row that begins now is there when the write is judged, and what ended
        // between the request's begin and now is over.
        cx.caller.move_to(now);
        Ok(Work {
            cx,
            tx,
            fields: None,
            now,
            source: None,
            events: Vec::new(),
            touched: Vec::new(),
            minted: 0,
            discarded: Vec::new(),
        })
    }

    /// Names the system that the changes come from, so that it need not hear its own echo.
    pub fn from_source(mut self, source: impl Into<String>) -> Work<'a> {
        self.source = Some(source.into());
        self
    }

    /// The transaction, for reading inside it. Rows are changed by the methods of this type only.
    pub fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// The request that it serves.
    pub fn cx(&self) -> &'a Cx {
        self.cx
    }

    /// Who changes.
    pub fn caller(&self) -> &'a Caller {
        &self.cx.caller
    }

    /// The tenant that it works for.
    pub fn tenant(&self) -> i64 {
        self.cx.caller.tenant
    }

    /// The moment of this unit of work.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// A new row id, rising within the unit of work.
    pub fn fresh_id(&mut self) -> Uuid {
        self.minted += 1;
        event_id::mint(self.now, self.minted, self.cx.clock.random())
    }

    /// Inserts a row: tenant, id, version and times are filled in.
    pub async fn insert<E: Journaled>(&mut self, row: E::ActiveModel) -> Result<E::Model> {
        let mut rows = self.insert_many::<E>(vec![row]).await?;
        rows.pop().ok_or(Error::NotFound)
    }

    /// [`Work::insert`] where a key of the tenant's own may be taken: then the field at `path` is a DUPLICATE.
    pub async fn insert_unique<E: Journaled>(&mut self, path: &str, row: E::ActiveModel) -> Result<E::Model> {
        self.insert::<E>(row).await.map_err(|error| error.duplicate_at(path))
    }

    /// Inserts many rows in few statements.
    pub async fn insert_many<E: Journaled>(&mut self, rows: Vec<E::ActiveModel>) -> Result<Vec<E::Model>> {
        let rows: Vec<E::ActiveModel> = rows.into_iter().map(|row| self.stamped::<E>(row)).collect();
        let mut inserted = Vec::with_capacity(rows.len());
        for row in &rows {
            inserted.push(E::complete(row.clone())?);
        }
        Box::pin(self.insert_rows::<E>(rows)).await?;
        Box::pin(self.index::<E>(&inserted)).await?;
        for row in &inserted {
            self.touched.push(Touched {
                object: (E::object(row), E::id(row)),
                change: ChangeKind::Created,
                fields: Vec::new(),
                version: E::version(row),
                account_id: E::account_id(row),
                audience: E::audience(row),
                subjects: E::subjects(row),
            });
        }
        Box::pin(self.index_new::<E>(&inserted)).await?;
        Ok(inserted)
    }

    /// Inserts rows that the journal does not name: links, intervals, snapshots. Their event is another row's.
    pub async fn insert_technical<E>(&mut self, rows: Vec<E::ActiveModel>) -> Result<()>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: Send,
    {
        let rows = rows
            .into_iter()
            .map(|mut row| {
                set::<E>(&mut row, "tenant_id", self.cx.caller.tenant.into());
                row
            })
            .collect();
        Box::pin(self.insert_rows::<E>(rows)).await
    }

    /// Removes links. Their event is another row's.
    pub async fn unlink<L: Link>(&self, which: impl IntoCondition) -> Result<()> {
        L::delete_many()
            .filter(L::TENANT.eq(self.cx.caller.tenant))
            .filter(which.into_condition())
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Writes down by which words the rows are found.
    async fn index<E: Journaled>(&self, rows: &[E::Model]) -> Result<()> {
        let tokens = rows.iter().flat_map(|row| E::found(row).into_iter().flat_map(|found| found.tokens(E::id(row))));
        let tokens = tokens.map(|mut token| {
            token.tenant_id = Set(self.cx.caller.tenant);
            token
        });
        Box::pin(self.insert_rows::<search_token::Entity>(tokens.collect())).await
    }

    async fn insert_rows<E>(&self, rows: Vec<E::ActiveModel>) -> Result<()>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: Send,
    {
        let columns = E::Column::iter().count().max(1);
        rows.iter().try_for_each(storable::<E>)?;
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let chunk: Vec<E::ActiveModel> = rows.by_ref().take(MAX_BINDS / columns).collect();
            E::insert_many(chunk).exec_without_returning(&self.tx).await?;
        }
        Ok(())
    }

    /// Updates a seen row where it still has the version that was seen. `row` holds the changed columns only.
    pub async fn update<E: Journaled>(&mut self, seen: &Seen<E::Model>, row: E::ActiveModel) -> Result<E::Model> {
        self.update_row::<E>(seen.row(), row).await
    }

    /// [`Work::update`] for a row that this unit of work made or follows from one that the caller may change.
    pub async fn update_row<E: Journaled>(&mut self, before: &E::Model, mut row: E::ActiveModel) -> Result<E::Model> {
        let old: E::ActiveModel = before.clone().into_active_model();
        let mut fields = Vec::new();
        for column in E::Column::iter() {
            if let ActiveValue::Set(new) = row.get(column) {
                if Some(&new) == old.get(column).into_value().as_ref() {
                    row.not_set(column);
                } else {
                    fields.push(sea_orm::IdenStatic::as_str(&column).to_owned());
                }
            }
        }
        if fields.is_empty() {
            return Ok(before.clone());
        }
        storable::<E>(&row)?;
        let version = E::version(before);
        set::<E>(&mut row, "version", (version + 1).into());
        set::<E>(&mut row, "updated_at", self.now.into());
        let changed = E::update_many()
            .set(row.clone())
            .filter(E::TENANT.eq(self.cx.caller.tenant))
            .filter(E::ID.eq(E::id(before)))
            .filter(Expr::col("version").eq(version))
            .exec(&self.tx)
            .await?;
        if changed.rows_affected == 0 {
            return Err(Error::version_conflict(version + 1));
        }
        let mut merged: E::ActiveModel = before.clone().into_active_model();
        for column in E::Column::iter() {
            if let ActiveValue::Set(new) = row.get(column) {
                merged.set(column, new);
            }
        }
        let after = E::complete(merged)?;
        let deleted = fields.iter().any(|field| field == "deleted_at");
        if deleted || E::found(before) != E::found(&after) {
            self.unlink::<search_token::Entity>(search_token::Column::SourceId.eq(E::id(&after))).await?;
            if !deleted {
                Box::pin(self.index::<E>(std::slice::from_ref(&after))).await?;
            }
        }
        let (change, fields) = match deleted {
            true => (ChangeKind::Deleted, Vec::new()),
            false => (ChangeKind::Updated, fields),
        };
        let mut fields = fields;
        if change == ChangeKind::Deleted {
            self.index_removed::<E>(&after).await?;
        } else if let Some(place) = fields.iter().position(|field| field == "custom") {
            fields.splice(place..=place, Box::pin(self.index_changed::<E>(before, &after)).await?);
        }
        self.touched.push(Touched {
            object: (E::object(&after), E::id(&after)),
            change,
            fields,
            version: E::version(&after),
            account_id: E::account_id(&after),
            audience: E::audience(&after),
            subjects: E::subjects(&after),
        });
        Ok(after)
    }

    /// A row that the caller wants to change: reached, at the version that it has seen, with the right to write each field.
    pub async fn to_change<E: Journaled>(
        &self,
        id: Uuid,
        if_version: Option<i32>,
        written: &[(Class, &'static str)],
    ) -> Result<Seen<E::Model>> {
        self.to_change_as::<E>(E::TYPE, id, if_version, written).await
    }

    /// [`Work::to_change`] under another line of the access table than the table's own.
    pub async fn to_change_as<E: Journaled>(
        &self,
        ty: Type,
        id: Uuid,
        if_version: Option<i32>,
        written: &[(Class, &'static str)],
    ) -> Result<Seen<E::Model>> {
        let rows = self.cx.caller.rows_to_write_as::<E>(ty).by_id(id);
        let seen = rows.one(&self.tx).await?.ok_or_else(|| Error::missing("id"))?;
        require_write(seen.rights(), written)?;
        let version = E::version(seen.row());
        match if_version {
            Some(expected) if i64::from(expected) != version => Err(Error::version_conflict(version)),
            _ => Ok(seen),
        }
    }

    /// A row after a write: it must still be reached, with the right to write what was written. Else nothing happened.
    pub async fn reached<E: Journaled>(&self, id: Uuid, written: &[(Class, &'static str)]) -> Result<Seen<E::Model>> {
        self.reached_as::<E>(E::TYPE, id, written).await
    }

    /// [`Work::reached`] under another line of the access table than the table's own.
    pub async fn reached_as<E: Journaled>(
        &self,
        ty: Type,
        id: Uuid,
        written: &[(Class, &'static str)],
    ) -> Result<Seen<E::Model>> {
        let rows = self.cx.caller.rows_to_write_as::<E>(ty).by_id(id);
        let seen = rows.one(&self.tx).await?.ok_or_else(|| Error::forbidden(""))?;
        require_write(seen.rights(), written)?;
        Ok(seen)
    }

    /// A row that an input refers to, if the caller may see it.
    pub async fn refer<E: Journaled>(&self, path: &str, id: GlobalId) -> Result<Seen<E::Model>> {
        let uuid = id.named(path, E::OBJECT.kind())?;
        self.cx.caller.rows::<E>().by_id(uuid).one(&self.tx).await?.ok_or_else(|| Error::missing(path))
    }

    /// [`Work::refer`] for a reference that may be left out.
    pub async fn refer_opt<E: Journaled>(&self, path: &str, id: Option<GlobalId>) -> Result<Option<Uuid>> {
        match id {
            Some(id) => Ok(Some(E::id(self.refer::<E>(path, id).await?.row()))),
            None => Ok(None),
        }
    }

    /// [`Work::refer`] for a list: all of them, or the refusal; one statement.
    pub async fn refer_all<E: Journaled>(&self, path: &str, ids: Vec<GlobalId>) -> Result<Vec<Uuid>> {
        let mut wanted = ids.into_iter().map(|id| id.named(path, E::OBJECT.kind())).collect::<Result<Vec<Uuid>>>()?;
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(wanted);
        }
        let found = self.cx.caller.rows::<E>().by_ids(wanted.iter().copied()).all(&self.tx).await?;
        match found.len() == wanted.len() {
            true => Ok(wanted),
            false => Err(Error::missing(path)),
        }
    }

    /// [`Work::refer`] for a patch: absent leaves, null clears.
    pub async fn refer_patch<E: Journaled>(
        &self,
        path: &str,
        id: MaybeUndefined<GlobalId>,
    ) -> Result<ActiveValue<Option<Uuid>>> {
        match id {
            MaybeUndefined::Undefined => Ok(ActiveValue::NotSet),
            MaybeUndefined::Null => Ok(Set(None)),
            MaybeUndefined::Value(id) => Ok(Set(Some(E::id(self.refer::<E>(path, id).await?.row())))),
        }
    }

    /// [`Work::refer_patch`] for a reference that cannot be cleared.
    pub async fn refer_patch_required<E: Journaled>(
        &self,
        path: &str,
        id: MaybeUndefined<GlobalId>,
    ) -> Result<ActiveValue<Uuid>> {
        match id {
            MaybeUndefined::Undefined => Ok(ActiveValue::NotSet),
            MaybeUndefined::Null => Err(Error::invalid(path, "this cannot be cleared")),
            MaybeUndefined::Value(id) => Ok(Set(E::id(self.refer::<E>(path, id).await?.row()))),
        }
    }

    /// A row that must follow a change of another that the caller may make, whether or not the caller reaches it: the person
    /// behind a lead that is decided. A named hole: nothing of the row goes back to the caller.
    pub async fn follow_unscoped<E: Journaled>(&self, id: Uuid) -> Result<Option<E::Model>> {
        Ok(E::find().filter(E::TENANT.eq(self.cx.caller.tenant)).filter(E::ID.eq(id)).one(&self.tx).await?)
    }

    /// How many rows stand in the way of a change, whoever may see them. A named hole: nothing but "some" or "none" goes back.
    pub async fn tally_unscoped<E: Journaled>(&self, which: impl IntoCondition) -> Result<u64> {
        use sea_orm::PaginatorTrait;
        let mut rows = E::find().filter(E::TENANT.eq(self.cx.caller.tenant)).filter(which.into_condition());
        if let Some(deleted) = E::DELETED {
            rows = rows.filter(deleted.is_null());
        }
        Ok(rows.count(&self.tx).await?)
    }

    /// Throws the bytes of a file away once its removal is committed: bytes that nobody names harm nobody, a name without bytes
    /// would.
    pub fn discard_bytes(&mut self, file: Uuid) {
        self.discarded.push(file);
    }

    /// Records what happened.
    pub fn record(&mut self, event: Event) {
        self.events.push(event);
    }

    fn stamped<E: Journaled>(&mut self, mut row: E::ActiveModel) -> E::ActiveModel {
        set::<E>(&mut row, "tenant_id", self.cx.caller.tenant.into());
        if row.get(E::ID).is_not_set() {
            let id = self.fresh_id();
            row.set(E::ID, id.into());
        }
        set::<E>(&mut row, "version", 1_i64.into());
        set::<E>(&mut row, "created_at", self.now.into());
        set::<E>(&mut row, "updated_at", self.now.into());
        for column in E::Column::iter() {
            if row.get(column).is_not_set() {
                // What was not said is null, and an object where the column holds one.
                let empty = match column.def().get_column_type() {
                    sea_orm::ColumnType::Json | sea_orm::ColumnType::JsonBinary if !column.def().is_null() => {
                        Value::Json(Some(Box::new(serde_json::json!({}))))
                    }
                    _ if column.def().is_null() => null_of(column.def().get_column_type()),
                    _ => continue,
                };
                row.set(column, empty);
            }
        }
        row
    }

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
            self.events.push(Event {
                kind,
                object: touched.object,
                account_id: touched.account_id,
                subjects: touched.subjects.clone(),
                payload: Payload::Record { fields: touched.fields.clone() },
                occurred_at: None,
                audience: touched.audience.clone(),
                source_seq: None,
                supersedes: None,
                time_uncertain: false,
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
        let (position, recorded_at) = self.take_positions(count).await?;

        let mut last_change: HashMap<(ObjectType, Uuid), &Touched> = HashMap::new();
        for touched in &self.touched {
            let held = last_change.entry(touched.object).or_insert(touched);
            if touched.version > held.version {
                *held = touched;
            }
        }
        let (mut events, mut subjects, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for (index, event) in self.events.iter().enumerate() {
            let declared = event.kind.declared();
            let id = event_id::mint(event.occurred_at.unwrap_or(self.now), index as u64, self.cx.clock.random());
            let mut about: Subjects = Vec::new();
            let industry = event.account_id.and_then(|account| industries.get(&account).copied());
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
                    domain: Set(declared.domain),
                    importance: Set(declared.importance),
                    account_id: Set(event.account_id),
                    object_type: Set(event.object.0.code().to_owned()),
                    audience: Set(event.audience.clone()),
                    via_operation: Set(None),
                    superseded_at: Set(None),
                });
            }
            let touched = last_change.get(&event.object);
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
                domain: Set(declared.domain),
                recorded_at: Set(recorded_at),
                time_uncertain: Set(event.time_uncertain),
                source: Set(self.source.clone()),
                source_seq: Set(event.source_seq),
                actor_id: Set(self.cx.caller.colleague),
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
        Box::pin(self.insert_rows::<journey_event::Entity>(events)).await?;
        Box::pin(self.insert_rows::<event_subject::Entity>(subjects)).await?;
        Box::pin(self.insert_rows::<change_log::Entity>(changes)).await?;
        if self.cx.store.is_postgres() {
            self.cx.store.announce(&self.tx, tenant).await?;
        }
        self.tx.commit().await?;
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

    /// Locks the tenant's counter and takes `count` positions; gives the last of them and the moment of recording.
    async fn take_positions(&self, count: i64) -> Result<(i64, DateTime<Utc>)> {
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
        Ok((counter.position, recorded_at))
    }
}

fn set<E: EntityTrait>(row: &mut E::ActiveModel, column: &str, value: Value) {
    if let Ok(column) = E::Column::from_str(column) {
        row.set(column, value);
    }
}

/// Refuses the one character that PostgreSQL cannot store, in whatever column: the two engines shall hold the same.
fn storable<E: EntityTrait>(row: &E::ActiveModel) -> Result<()> {
    for column in E::Column::iter() {
        let held = match row.get(column) {
            ActiveValue::Set(Value::String(Some(text))) => text.contains('\0'),
            ActiveValue::Set(Value::Json(Some(json))) => holds_nul(&json),
            _ => false,
        };
        if held {
            let path = camel(sea_orm::IdenStatic::as_str(&column));
            return Err(Error::invalid(&path, "a text cannot hold the character U+0000"));
        }
    }
    Ok(())
}

/// Whether a text anywhere in it holds the one character that PostgreSQL cannot store.
pub fn holds_nul(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(holds_nul),
        serde_json::Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => false,
    }
}

fn null_of(ty: &sea_orm::ColumnType) -> Value {
    use sea_orm::ColumnType;
    match ty {
        ColumnType::Uuid => Value::Uuid(None),
        ColumnType::Integer => Value::Int(None),
        ColumnType::BigInteger => Value::BigInt(None),
        ColumnType::Boolean => Value::Bool(None),
        ColumnType::Date => Value::ChronoDate(None),
        ColumnType::Json | ColumnType::JsonBinary => Value::Json(None),
        ColumnType::TimestampWithTimeZone => Value::ChronoDateTimeUtc(None),
        _ => Value::String(None),
    }
}
