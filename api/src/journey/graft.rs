//! Grafting: past events put on the timeline of somebody else, and rows that name another record from now on. What a link and a merge
//! do, and what undoing them takes back. Whoever calls has asked whether the caller may; none of this asks again.

use std::collections::{BTreeSet, HashSet};

use entities::{
    account::{id_redirect, merge_operation, visitor_link},
    codes::{ChangeKind, SubjectType},
    journey::{event_subject, search_token},
    sync::external_ref,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    Set, Value,
    sea_query::{Condition, Expr, ExprTrait, LockType},
};
use uuid::Uuid;

use super::{Event, EventKind, Journaled, Payload, Work, reader::Subject, work::Touched};
use crate::{
    graph::{Error, Result},
    policy::Caller,
};

/// How many rows one statement takes.
const CHUNK: usize = 500;

impl Work<'_> {
    /// The rows of a table that name a record, removed ones too, held until the end.
    pub async fn naming_unscoped<E: Journaled>(&self, which: Condition) -> Result<Vec<E::Model>> {
        let rows = E::find().filter(E::TENANT.eq(self.tenant())).filter(which).order_by_asc(E::ID);
        Ok(rows.lock(LockType::NoKeyUpdate).all(self.tx()).await?)
    }

    /// [`Work::naming_unscoped`] for looking only: nobody waits for it.
    pub async fn found_unscoped<E: Journaled>(&self, which: Condition) -> Result<Vec<E::Model>> {
        let rows = E::find().filter(E::TENANT.eq(self.tenant())).filter(which).order_by_asc(E::ID);
        Ok(rows.all(self.tx()).await?)
    }

    /// Lets rows name another record in one of their columns: a statement for some hundreds of them, however many there are. Each counts
    /// as changed, so that whoever keeps copies or figures of it hears.
    pub async fn repoint_unscoped<E: Journaled>(
        &mut self,
        rows: Vec<E::Model>,
        column: E::Column,
        to: Value,
    ) -> Result<()> {
        for rows in rows.chunks(CHUNK) {
            let changed = E::update_many()
                .col_expr(column, Expr::val(to.clone()))
                .col_expr("version", Expr::col("version").add(1))
                .col_expr("updated_at", Expr::val(self.now()))
                .filter(E::TENANT.eq(self.tenant()))
                .filter(E::ID.is_in(rows.iter().map(E::id)))
                .exec(self.tx())
                .await?;
            if usize::try_from(changed.rows_affected).ok() != Some(rows.len()) {
                return Err(Error::version_conflict(0));
            }
            let mut found = Vec::new();
            for before in rows {
                let after = E::complete(changed_row::<E>(before, column, to.clone(), self)?)?;
                if E::found(before) != E::found(&after) {
                    self.unlink::<search_token::Entity>(search_token::Column::SourceId.eq(E::id(&after))).await?;
                    found.extend((!is_deleted::<E>(&after)).then(|| after.clone()));
                }
                self.touch::<E>(&after, ChangeKind::Updated, vec![column_name::<E>(column)]);
            }
            Box::pin(self.index::<E>(&found)).await?;
        }
        Ok(())
    }

    /// Brings a removed row back: as if it had never gone, but for its version. Its words and its own fields are found again.
    pub async fn restore_row<E: Journaled>(&mut self, before: &E::Model) -> Result<E::Model> {
        let deleted = E::DELETED.ok_or(Error::NotFound)?;
        let mut row = <E::ActiveModel as ActiveModelTrait>::default();
        row.set(deleted, Value::ChronoDateTimeUtc(None));
        let after = self.update_row::<E>(before, row).await?;
        Box::pin(self.index::<E>(std::slice::from_ref(&after))).await?;
        Box::pin(self.index_new::<E>(std::slice::from_ref(&after))).await?;
        if let Some(last) = self.touched.last_mut() {
            last.change = ChangeKind::Created;
        }
        Ok(after)
    }

    fn touch<E: Journaled>(&mut self, row: &E::Model, change: ChangeKind, fields: Vec<String>) {
        self.touched.push(Touched {
            object: (E::object(row), E::id(row)),
            change,
            fields,
            version: E::version(row),
            account_id: E::account_id(row),
            wing: E::wing(row),
            audience: E::audience(row),
            subjects: E::subjects(row),
        });
    }

    /// Puts the past events of one subject on the timeline of another of its type, but for those that stand there already.
    pub async fn graft_unscoped(&mut self, ty: SubjectType, from: Uuid, to: Uuid, operation: Uuid) -> Result<()> {
        let mut last: Option<Uuid> = None;
        loop {
            let page = self.events_of(ty, from, last).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = Some(end.event_id);
            let grafted = page.into_iter().map(|row| event_subject::Model { subject_id: to, ..row });
            self.put_subjects(grafted.collect(), operation).await?;
        }
    }

    /// A page of a subject's events, oldest first.
    pub async fn events_of(
        &self,
        ty: SubjectType,
        subject: Uuid,
        after: Option<Uuid>,
    ) -> Result<Vec<event_subject::Model>> {
        let mut rows = event_subject::Entity::find()
            .filter(event_subject::Column::TenantId.eq(self.tenant()))
            .filter(event_subject::Column::SubjectType.eq(ty))
            .filter(event_subject::Column::SubjectId.eq(subject));
        if let Some(after) = after {
            rows = rows.filter(event_subject::Column::EventId.gt(after));
        }
        let rows = rows.order_by_asc(event_subject::Column::EventId).limit(CHUNK as u64);
        Ok(rows.all(self.tx()).await?)
    }

    /// Adds rows of one type of subject to its timelines, tagged by the operation; those that stand there already are left out.
    pub async fn put_subjects(&self, rows: Vec<event_subject::Model>, operation: Uuid) -> Result<()> {
        let Some(first) = rows.first() else { return Ok(()) };
        let ty = first.subject_type;
        let subjects: BTreeSet<Uuid> = rows.iter().map(|row| row.subject_id).collect();
        let events: BTreeSet<Uuid> = rows.iter().map(|row| row.event_id).collect();
        let standing: Vec<(Uuid, Uuid)> = event_subject::Entity::find()
            .select_only()
            .columns([event_subject::Column::SubjectId, event_subject::Column::EventId])
            .filter(event_subject::Column::TenantId.eq(self.tenant()))
            .filter(event_subject::Column::SubjectType.eq(ty))
            .filter(event_subject::Column::SubjectId.is_in(subjects))
            .filter(event_subject::Column::EventId.is_in(events))
            .into_tuple()
            .all(self.tx())
            .await?;
        let standing: HashSet<(Uuid, Uuid)> = standing.into_iter().collect();
        let new = rows.into_iter().filter(|row| !standing.contains(&(row.subject_id, row.event_id)));
        let new = new.map(|row| {
            let row = event_subject::Model { via_operation: Some(operation), ..row };
            row.into_active_model().reset_all()
        });
        Box::pin(self.insert_rows::<event_subject::Entity>(new.collect())).await
    }

    /// Takes back exactly what an operation put on timelines of a subject.
    pub async fn prune_unscoped(&self, ty: SubjectType, subject: Uuid, operation: Uuid) -> Result<()> {
        event_subject::Entity::delete_many()
            .filter(event_subject::Column::TenantId.eq(self.tenant()))
            .filter(event_subject::Column::SubjectType.eq(ty))
            .filter(event_subject::Column::SubjectId.eq(subject))
            .filter(event_subject::Column::ViaOperation.eq(operation))
            .exec(self.tx())
            .await?;
        Ok(())
    }

    /// On whose timelines an event about these stands besides: whoever they were merged into or linked with.
    pub(super) async fn grafted_on(&self, subjects: Vec<Subject>) -> Result<Vec<Subject>> {
        let mut all = subjects.clone();
        let mut new = subjects;
        while !new.is_empty() {
            let of = |ty: SubjectType| {
                new.iter().filter(move |subject| subject.ty == ty).map(|subject| subject.id).collect::<Vec<Uuid>>()
            };
            let mut found: Vec<Subject> = Vec::new();
            for ty in [SubjectType::Account, SubjectType::Contact] {
                let ids = of(ty);
                if !ids.is_empty() {
                    let survivors: Vec<Uuid> = merge_operation::Entity::find()
                        .select_only()
                        .column(merge_operation::Column::SurvivorId)
                        .filter(merge_operation::Column::TenantId.eq(self.tenant()))
                        .filter(merge_operation::Column::SubjectType.eq(ty))
                        .filter(merge_operation::Column::MergedId.is_in(ids))
                        .filter(merge_operation::Column::UndoneAt.is_null())
                        .into_tuple()
                        .all(self.tx())
                        .await?;
                    found.extend(survivors.into_iter().map(|id| Subject { ty, id }));
                }
            }
            let visitors = of(SubjectType::Visitor);
            if !visitors.is_empty() {
                let links = visitor_link::Entity::find()
                    .filter(visitor_link::Column::TenantId.eq(self.tenant()))
                    .filter(visitor_link::Column::VisitorId.is_in(visitors))
                    .filter(visitor_link::Column::UnlinkedAt.is_null());
                for link in links.all(self.tx()).await? {
                    found.push(Subject { ty: SubjectType::Contact, id: link.contact_id });
                    let accounts = link.moved.get("accounts").and_then(serde_json::Value::as_array);
                    let accounts = accounts.into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok());
                    found.extend(accounts.map(|id| Subject { ty: SubjectType::Account, id }));
                }
            }
            found.retain(|subject| !all.contains(subject));
            all.extend(found.iter().copied());
            new = found;
        }
        Ok(all)
    }

    /// The ids that a record answers for beside its own.
    pub async fn answered_for(&self, ty: SubjectType, record: Uuid) -> Result<Vec<Uuid>> {
        let rows = id_redirect::Entity::find()
            .filter(id_redirect::Column::TenantId.eq(self.tenant()))
            .filter(id_redirect::Column::SubjectType.eq(ty))
            .filter(id_redirect::Column::NewId.eq(record))
            .order_by_asc(id_redirect::Column::OldId)
            .all(self.tx())
            .await?;
        Ok(rows.into_iter().map(|row| row.old_id).collect())
    }

    /// Lets an id answer for another, and for all that the other answered for.
    pub async fn redirect_unscoped(
        &self,
        ty: SubjectType,
        old: Uuid,
        new: Uuid,
        older: &[Uuid],
        operation: Uuid,
    ) -> Result<()> {
        if !older.is_empty() {
            self.turn(ty, older, new).await?;
        }
        let row = id_redirect::ActiveModel {
            tenant_id: Set(self.tenant()),
            subject_type: Set(ty),
            old_id: Set(old),
            new_id: Set(new),
            merge_operation_id: Set(Some(operation)),
            redirected_at: Set(self.now()),
        };
        Box::pin(self.insert_rows::<id_redirect::Entity>(vec![row])).await
    }

    /// Lets an id answer for itself again, and for what it answered for before.
    pub async fn unredirect_unscoped(&self, ty: SubjectType, old: Uuid, older: &[Uuid]) -> Result<()> {
        id_redirect::Entity::delete_many()
            .filter(id_redirect::Column::TenantId.eq(self.tenant()))
            .filter(id_redirect::Column::SubjectType.eq(ty))
            .filter(id_redirect::Column::OldId.eq(old))
            .exec(self.tx())
            .await?;
        match older.is_empty() {
            true => Ok(()),
            false => self.turn(ty, older, old).await,
        }
    }

    async fn turn(&self, ty: SubjectType, old: &[Uuid], new: Uuid) -> Result<()> {
        id_redirect::Entity::update_many()
            .col_expr(id_redirect::Column::NewId, Expr::val(new))
            .filter(id_redirect::Column::TenantId.eq(self.tenant()))
            .filter(id_redirect::Column::SubjectType.eq(ty))
            .filter(id_redirect::Column::OldId.is_in(old.iter().copied()))
            .exec(self.tx())
            .await?;
        Ok(())
    }

    /// The keys of other systems that name a record: source and key.
    pub async fn keys_of(&self, entity: &str, object: Uuid) -> Result<Vec<(Uuid, String)>> {
        let rows = external_ref::Entity::find()
            .filter(external_ref::Column::TenantId.eq(self.tenant()))
            .filter(external_ref::Column::EntityType.eq(entity))
            .filter(external_ref::Column::ObjectId.eq(object))
            .order_by_asc(external_ref::Column::SourceId)
            .order_by_asc(external_ref::Column::ExternalId)
            .all(self.tx())
            .await?;
        Ok(rows.into_iter().map(|row| (row.source_id, row.external_id)).collect())
    }

    /// Lets keys that name one record name another.
    pub async fn turn_keys(&self, entity: &str, keys: &[(Uuid, String)], from: Uuid, to: Uuid) -> Result<()> {
        let mut sources: Vec<Uuid> = keys.iter().map(|(source, _)| *source).collect();
        sources.dedup();
        for source in sources {
            let of: Vec<&str> = keys.iter().filter(|(of, _)| *of == source).map(|(_, key)| key.as_str()).collect();
            for keys in of.chunks(CHUNK) {
                external_ref::Entity::update_many()
                    .col_expr(external_ref::Column::ObjectId, Expr::val(to))
                    .filter(external_ref::Column::TenantId.eq(self.tenant()))
                    .filter(external_ref::Column::SourceId.eq(source))
                    .filter(external_ref::Column::EntityType.eq(entity))
                    .filter(external_ref::Column::ExternalId.is_in(keys.iter().copied()))
                    .filter(external_ref::Column::ObjectId.eq(from))
                    .exec(self.tx())
                    .await?;
            }
        }
        Ok(())
    }

    /// Says that two records became one, or two again: an event of the one that stays, on its timelines, and one of the other, on its own.
    pub fn record_merge<E: Journaled>(
        &mut self,
        kind: EventKind,
        ty: SubjectType,
        operation: Uuid,
        survivor: &E::Model,
        merged: &E::Model,
    ) {
        let payload = |other: Uuid| Payload::Identity {
            operation_id: Some(operation),
            other_type: Some(ty.as_str().to_owned()),
            other_id: Some(other),
        };
        let stays = Event::of::<E>(kind, survivor, payload(E::id(merged)));
        let mut goes = Event::of::<E>(kind, merged, payload(E::id(survivor)));
        goes.subjects = vec![(ty, E::id(merged))];
        self.record(stays);
        self.record(goes);
    }

    /// An operation that stands, of a type, that one of these records takes part in, and that is later than a moment or an operation.
    pub async fn merges_unscoped(&self, ty: SubjectType, records: &[Uuid]) -> Result<Vec<merge_operation::Model>> {
        let either = merge_operation::Column::SurvivorId
            .is_in(records.iter().copied())
            .or(merge_operation::Column::MergedId.is_in(records.iter().copied()));
        Ok(merge_operation::Entity::find()
            .filter(merge_operation::Column::TenantId.eq(self.tenant()))
            .filter(merge_operation::Column::SubjectType.eq(ty))
            .filter(merge_operation::Column::UndoneAt.is_null())
            .filter(either)
            .order_by_asc(merge_operation::Column::Id)
            .all(self.tx())
            .await?)
    }

    /// A merge by its id, held until the end.
    pub async fn merge_unscoped(&self, id: Uuid) -> Result<Option<merge_operation::Model>> {
        let row = merge_operation::Entity::find_by_id((self.tenant(), id));
        Ok(row.lock(LockType::NoKeyUpdate).one(self.tx()).await?)
    }

    /// Marks a merge as undone.
    pub async fn end_merge(&self, id: Uuid) -> Result<()> {
        merge_operation::Entity::update_many()
            .col_expr(merge_operation::Column::UndoneAt, Expr::val(self.now()))
            .filter(merge_operation::Column::TenantId.eq(self.tenant()))
            .filter(merge_operation::Column::Id.eq(id))
            .exec(self.tx())
            .await?;
        Ok(())
    }

    /// The links of visitors that stand.
    pub async fn links_unscoped(&self, which: Condition) -> Result<Vec<visitor_link::Model>> {
        Ok(visitor_link::Entity::find()
            .filter(visitor_link::Column::TenantId.eq(self.tenant()))
            .filter(visitor_link::Column::UnlinkedAt.is_null())
            .filter(which)
            .order_by_asc(visitor_link::Column::Id)
            .all(self.tx())
            .await?)
    }

    /// Marks a link as undone.
    pub async fn end_link(&self, id: Uuid) -> Result<()> {
        visitor_link::Entity::update_many()
            .col_expr(visitor_link::Column::UnlinkedAt, Expr::val(self.now()))
            .filter(visitor_link::Column::TenantId.eq(self.tenant()))
            .filter(visitor_link::Column::Id.eq(id))
            .exec(self.tx())
            .await?;
        Ok(())
    }
}

/// The merges that a record took part in, newest first, undone ones too.
pub async fn merges_unscoped<C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    ty: SubjectType,
    record: Uuid,
    most: u64,
) -> Result<Vec<merge_operation::Model>> {
    let either = merge_operation::Column::SurvivorId.eq(record).or(merge_operation::Column::MergedId.eq(record));
    Ok(merge_operation::Entity::find()
        .filter(merge_operation::Column::TenantId.eq(caller.tenant))
        .filter(merge_operation::Column::SubjectType.eq(ty))
        .filter(either)
        .order_by_desc(merge_operation::Column::Id)
        .limit(most)
        .all(db)
        .await?)
}

/// The name of a column in the database.
pub fn column_name<E: Journaled>(column: E::Column) -> String {
    sea_orm::IdenStatic::as_str(&column).to_owned()
}

fn is_deleted<E: Journaled>(row: &E::Model) -> bool {
    use sea_orm::ModelTrait;
    E::DELETED.is_some_and(|deleted| !matches!(row.get(deleted), Value::ChronoDateTimeUtc(None)))
}

fn changed_row<E: Journaled>(
    before: &E::Model,
    column: E::Column,
    to: Value,
    work: &Work<'_>,
) -> Result<E::ActiveModel> {
    use std::str::FromStr;
    let mut row: E::ActiveModel = before.clone().into_active_model();
    row.set(column, to);
    for (name, value) in [("version", (E::version(before) + 1).into()), ("updated_at", work.now().into())] {
        let column = E::Column::from_str(name).map_err(|_| Error::NotFound)?;
        row.set(column, value);
    }
    Ok(row)
}
