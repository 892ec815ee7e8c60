//! Many rows at once: a batch of a thousand changes is a number of statements that hardly depends on how many there are.

use std::collections::{HashMap, HashSet};

use entities::{
    codes::{ChangeKind, StageObject},
    journey::search_token,
    sales::{opportunity, opportunity_snapshot, stage_interval},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue,
    ActiveValue::NotSet,
    ColumnTrait, Condition, EntityTrait, IdenStatic, IntoActiveModel, Iterable, QueryFilter, Set,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

use super::{
    Event, EventKind, Journaled, Payload, Work,
    work::{MAX_BINDS, Touched, set, storable},
};
use crate::{
    graph::{Error, Result},
    policy::{Seen, Type},
};

/// How many ids one statement asks for.
const CHUNK: usize = 500;

/// A row before and after a change, or twice as it was.
pub struct Changed<M> {
    /// As it was.
    pub before: M,
    /// As it is.
    pub after: M,
}

/// The columns in which a patch differs from a row. What says nothing new is taken out of the patch.
pub fn differing<E: Journaled>(before: &E::Model, row: &mut E::ActiveModel) -> Vec<E::Column> {
    let old: E::ActiveModel = before.clone().into_active_model();
    let mut columns = Vec::new();
    for column in E::Column::iter() {
        if let ActiveValue::Set(new) = row.get(column) {
            match Some(&new) == old.get(column).into_value().as_ref() {
                true => row.not_set(column),
                false => columns.push(column),
            }
        }
    }
    columns
}

impl Work<'_> {
    /// Rows that the caller wants to change, by their ids, held until the commit: those that it reaches for writing.
    pub async fn many_to_change<E: Journaled>(
        &self,
        ty: Type,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, Seen<E::Model>>> {
        let mut ids: Vec<Uuid> = ids.into_iter().collect();
        // In one order whoever asks: two batches that meet wait for each other, and never both.
        ids.sort_unstable();
        ids.dedup();
        let mut seen = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let rows = self.cx.caller.rows_to_write_as::<E>(ty).by_ids(chunk.iter().copied());
            let rows = rows.order_by(E::ID, sea_orm::sea_query::Order::Asc).held().all(&self.tx).await?;
            seen.extend(rows.into_iter().map(|row| (E::id(row.row()), row)));
        }
        Ok(seen)
    }

    /// Rows after a write: those that the caller still reaches for writing, by their ids.
    pub async fn many_reached<E: Journaled>(&self, ty: Type, ids: &[Uuid]) -> Result<HashMap<Uuid, Seen<E::Model>>> {
        let mut seen = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let rows = self.cx.caller.rows_to_write_as::<E>(ty).by_ids(chunk.iter().copied()).all(&self.tx).await?;
            seen.extend(rows.into_iter().map(|row| (E::id(row.row()), row)));
        }
        Ok(seen)
    }

    /// [`Work::update_row`] for many rows, each with its own patch, in few statements. They must be held, or made by this unit of
    /// work. Gives the rows as they are, in the order of the patches; a row that its patch does not change is not written.
    pub async fn update_many<E: Journaled>(
        &mut self,
        patches: Vec<(E::Model, E::ActiveModel)>,
    ) -> Result<Vec<Changed<E::Model>>> {
        let mut rows = Vec::with_capacity(patches.len());
        let (mut written, mut columns) = (Vec::new(), HashSet::new());
        for (before, mut row) in patches {
            let differing = differing::<E>(&before, &mut row);
            if differing.is_empty() {
                rows.push((Changed { after: before.clone(), before }, Vec::new()));
                continue;
            }
            storable::<E>(&row)?;
            set::<E>(&mut row, "version", (E::version(&before) + 1).into());
            set::<E>(&mut row, "updated_at", self.now.into());
            let mut merged: E::ActiveModel = before.clone().into_active_model();
            for column in E::Column::iter() {
                match row.get(column) {
                    ActiveValue::Set(new) => merged.set(column, new),
                    ActiveValue::Unchanged(_) | ActiveValue::NotSet => {
                        if let Some(held) = merged.get(column).into_value() {
                            merged.set(column, held);
                        }
                    }
                }
            }
            let after = E::complete(merged.clone())?;
            let names: Vec<String> = differing.iter().map(|column| column.as_str().to_owned()).collect();
            columns.extend(differing.iter().map(|column| column.as_str()));
            written.push(merged);
            rows.push((Changed { before, after }, names));
        }
        if written.is_empty() {
            return Ok(rows.into_iter().map(|(row, _)| row).collect());
        }
        columns.extend(["version", "updated_at"]);
        let changing = E::Column::iter().filter(|column| columns.contains(column.as_str()));
        // A whole row that is there is a change of what differs: so each row has its own values, and all are one statement. The
        // version stands in it, as in every update.
        let again =
            OnConflict::columns([E::TENANT, E::ID])
                .update_columns(changing)
                .action_and_where(Expr::col((E::default(), sea_orm::sea_query::Alias::new("version"))).lt(Expr::col((
                    sea_orm::sea_query::Alias::new("excluded"),
                    sea_orm::sea_query::Alias::new("version"),
                ))))
                .to_owned();
        let per_row = E::Column::iter().count().max(1);
        let mut written = written.into_iter().peekable();
        while written.peek().is_some() {
            let chunk: Vec<E::ActiveModel> = written.by_ref().take((MAX_BINDS / per_row).max(1)).collect();
            let count = chunk.len() as u64;
            let done = E::insert_many(chunk).on_conflict(again.clone()).exec_without_returning(&self.tx).await?;
            if done != count {
                return Err(Error::version_conflict(0));
            }
        }
        Box::pin(self.index_many::<E>(&mut rows)).await?;
        for (row, fields) in &rows {
            if fields.is_empty() {
                continue;
            }
            let after = &row.after;
            let deleted = fields.iter().any(|field| field == "deleted_at");
            self.touched.push(Touched {
                object: (E::object(after), E::id(after)),
                change: if deleted { ChangeKind::Deleted } else { ChangeKind::Updated },
                fields: if deleted { Vec::new() } else { fields.clone() },
                version: E::version(after),
                account_id: E::account_id(after),
                wing: E::wing(after),
                audience: E::audience(after),
                subjects: E::subjects(after),
            });
        }
        Ok(rows.into_iter().map(|(row, _)| row).collect())
    }

    /// The indexes follow: words to search by, and the tenant's own fields.
    async fn index_many<E: Journaled>(&mut self, rows: &mut [(Changed<E::Model>, Vec<String>)]) -> Result<()> {
        let (mut stale, mut found) = (Vec::new(), Vec::new());
        let mut customized = Vec::new();
        for (place, (row, fields)) in rows.iter().enumerate() {
            let deleted = fields.iter().any(|field| field == "deleted_at");
            if deleted || (!fields.is_empty() && E::found(&row.before) != E::found(&row.after)) {
                stale.push(E::id(&row.after));
                if !deleted {
                    found.push(row.after.clone());
                }
            }
            if deleted {
                self.index_removed::<E>(&row.after).await?;
            } else if fields.iter().any(|field| field == "custom") {
                customized.push(place);
            }
        }
        for chunk in stale.chunks(CHUNK) {
            self.unlink::<search_token::Entity>(search_token::Column::SourceId.is_in(chunk.iter().copied())).await?;
        }
        self.index::<E>(&found).await?;
        if customized.is_empty() {
            return Ok(());
        }
        let pairs: Vec<(&E::Model, &E::Model)> =
            customized.iter().map(|place| (&rows[*place].0.before, &rows[*place].0.after)).collect();
        let names = self.index_changed::<E>(&pairs).await?;
        for (place, names) in customized.into_iter().zip(names) {
            let fields = &mut rows[place].1;
            if let Some(at) = fields.iter().position(|field| field == "custom") {
                fields.splice(at..=at, names);
            }
        }
        Ok(())
    }

    /// [`Work::enter_stage`] for many rows: each leaves the stage that it is in and enters its own new one.
    pub async fn enter_stages<E: Journaled>(
        &mut self,
        object_type: StageObject,
        rows: &[(E::Model, String)],
        cause: &str,
    ) -> Result<()> {
        let (tenant, now, actor) = (self.tenant(), self.now(), self.cx.caller.colleague);
        let mut open: HashMap<Uuid, stage_interval::Model> = HashMap::new();
        for chunk in rows.chunks(CHUNK) {
            let held = stage_interval::Entity::find()
                .filter(stage_interval::Column::TenantId.eq(tenant))
                .filter(stage_interval::Column::ObjectType.eq(object_type))
                .filter(stage_interval::Column::ObjectId.is_in(chunk.iter().map(|(row, _)| E::id(row))))
                .filter(stage_interval::Column::ExitedAt.is_null())
                .all(&self.tx)
                .await?;
            for interval in held {
                let known = open.entry(interval.object_id).or_insert_with(|| interval.clone());
                if known.entered_at < interval.entered_at {
                    *known = interval;
                }
            }
        }
        let lifecycle = matches!(object_type, StageObject::Lifecycle | StageObject::Account);
        let payload = |stage: &str, entered_at| Payload::Lifecycle {
            object_type: object_type.as_str().to_owned(),
            stage: stage.to_owned(),
            entered_at,
        };
        let (mut left, mut entered) = (Vec::new(), Vec::new());
        for (row, stage) in rows {
            let held = open.get(&E::id(row));
            if held.is_some_and(|held| held.stage == *stage) {
                continue;
            }
            if let Some(held) = held {
                left.push(held.id);
                if lifecycle {
                    let told = payload(&held.stage, Some(held.entered_at));
                    self.record(Event::of::<E>(EventKind::StageExited, row, told));
                }
            }
            entered.push(stage_interval::ActiveModel {
                tenant_id: NotSet,
                id: Set(self.fresh_id()),
                object_type: Set(object_type),
                object_id: Set(E::id(row)),
                stage: Set(stage.clone()),
                entered_at: Set(now),
                exited_at: Set(None),
                actor_id: Set(actor),
                cause: Set(Some(cause.to_owned())),
                recorded_at: Set(now),
            });
            if lifecycle {
                self.record(Event::of::<E>(EventKind::StageEntered, row, payload(stage, None)));
            }
        }
        for chunk in left.chunks(CHUNK) {
            stage_interval::Entity::update_many()
                .col_expr(stage_interval::Column::ExitedAt, Expr::val(now))
                .filter(stage_interval::Column::TenantId.eq(tenant))
                .filter(stage_interval::Column::Id.is_in(chunk.iter().copied()))
                .exec(&self.tx)
                .await?;
        }
        self.insert_technical::<stage_interval::Entity>(entered).await
    }

    /// [`Work::take_snapshot`] for many opportunities.
    pub async fn take_snapshots(&mut self, rows: &[opportunity::Model]) -> Result<()> {
        let now = self.now();
        for chunk in rows.chunks(CHUNK) {
            opportunity_snapshot::Entity::update_many()
                .col_expr(opportunity_snapshot::Column::ValidTo, Expr::val(now))
                .filter(opportunity_snapshot::Column::TenantId.eq(self.tenant()))
                .filter(opportunity_snapshot::Column::OpportunityId.is_in(chunk.iter().map(|row| row.id)))
                .filter(opportunity_snapshot::Column::ValidTo.is_null())
                .exec(&self.tx)
                .await?;
        }
        self.begin_snapshots(rows).await
    }

    /// What follows many rows of which the caller may change: [`Work::follow_unscoped`] by another column. A named hole: nothing of
    /// the rows goes back to the caller.
    pub async fn following_many_unscoped<E: Journaled>(
        &self,
        by: E::Column,
        parents: &[Uuid],
    ) -> Result<Vec<E::Model>> {
        self.following_those_unscoped::<E>(by, parents, Condition::all()).await
    }

    /// [`Work::following_many_unscoped`], some of them.
    pub async fn following_those_unscoped<E: Journaled>(
        &self,
        by: E::Column,
        parents: &[Uuid],
        which: Condition,
    ) -> Result<Vec<E::Model>> {
        let mut rows = Vec::new();
        for chunk in parents.chunks(CHUNK) {
            let mut found = E::find().filter(E::TENANT.eq(self.tenant())).filter(by.is_in(chunk.iter().copied()));
            found = found.filter(which.clone());
            if let Some(deleted) = E::DELETED {
                found = found.filter(deleted.is_null());
            }
            rows.extend(found.all(&self.tx).await?);
        }
        Ok(rows)
    }
}
