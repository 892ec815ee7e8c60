//! The one write path. A [`Work`] is a transaction that collects rows and events and commits them together; there is no other
//! way to change data.

use std::{collections::HashMap, str::FromStr, sync::Arc};

use chrono::{DateTime, Utc};
use entities::{
    codes::{ChangeKind, Wing},
    journey::search_token,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, Iterable,
    QueryFilter, Set, Value,
    sea_query::{Expr, ExprTrait, IntoCondition},
};
use uuid::Uuid;

use super::{Event, Journaled, ObjectType, Subjects, event_id};
use crate::{
    graph::{Cx, Error, Fields, Result, camel},
    policy::{Caller, Link, Seen},
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
    pub(super) now: DateTime<Utc>,
    pub(super) source: Option<String>,
    pub(super) events: Vec<Event>,
    pub(super) touched: Vec<Touched>,
    /// Objects whose event never happened: what removes them supersedes it.
    pub(super) retracted: HashMap<(ObjectType, Uuid), Uuid>,
    minted: u64,
    pub(super) discarded: Vec<Uuid>,
}

/// A row that was written.
pub(super) struct Touched {
    pub(super) object: (ObjectType, Uuid),
    pub(super) change: ChangeKind,
    pub(super) fields: Vec<String>,
    pub(super) version: i64,
    pub(super) account_id: Option<Uuid>,
    pub(super) wing: Option<Wing>,
    pub(super) audience: String,
    pub(super) subjects: Subjects,
}

/// How many binds one statement takes. Both engines take many times as many; but the driver keeps the last 512 statements, and
/// those of a long load, each of another length, would fill hundreds of megabytes without being faster. And it leaves Nagle's algorithm
/// on: a statement that is longer than the 64 kB that a line takes at once waits 40 ms for the receipt of its beginning.
const MAX_BINDS: usize = 1_600;

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
            retracted: HashMap::new(),
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
                wing: E::wing(row),
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
    pub(super) async fn index<E: Journaled>(&self, rows: &[E::Model]) -> Result<()> {
        let tokens = rows.iter().flat_map(|row| E::found(row).into_iter().flat_map(|found| found.tokens(E::id(row))));
        let tokens = tokens.map(|mut token| {
            token.tenant_id = Set(self.cx.caller.tenant);
            token
        });
        Box::pin(self.insert_rows::<search_token::Entity>(tokens.collect())).await
    }

    pub(super) async fn insert_rows<E>(&self, rows: Vec<E::ActiveModel>) -> Result<()>
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
            wing: E::wing(&after),
            audience: E::audience(&after),
            subjects: E::subjects(&after),
        });
        Ok(after)
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
