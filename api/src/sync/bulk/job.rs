//! The job: what it is, and the statements that move it on. Each of them says in its condition in which state, and in whose hands, the
//! job must be: whoever comes too late changes nothing.
//!
//! A job is no record of the journal: nobody's customer has lived through it. What it does to records the journal tells, as of every other
//! writer.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    codes::ImportState,
    sync::{import_job, import_row},
};
use sea_orm::{
    ConnectionTrait, DbErr, FromQueryResult,
    sea_query::{Alias, Expr, ExprTrait, Order, Query, UpdateStatement},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    graph::{Error, Result},
    store::Store,
    sync::upsert::{Ask, ConflictRule, ErrorPolicy, OrphanRule, SyncEntity, UpsertMode},
};

/// The row of a job.
pub type Job = import_job::Model;

/// How the rows of a job are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct How {
    /// What happens to known and unknown keys.
    pub mode: UpsertMode,
    /// What happens to the others when a row fails.
    pub error_policy: ErrorPolicy,
    /// What happens where a policy refuses a field.
    pub conflict: ConflictRule,
    /// Of a CSV: what stands between two cells.
    pub delimiter: u8,
    /// Of a CSV: the cell that clears a field.
    pub null: String,
    /// Of a CSV: what columns are called here.
    pub mapping: BTreeMap<String, Option<String>>,
    /// The roles with which it came.
    pub roles: Vec<String>,
    /// The lines of the access table that the token held; none where it was not narrowed.
    #[serde(default)]
    pub grants: Option<String>,
    /// Of all or nothing: whether every row has been looked at, and could be taken.
    #[serde(default)]
    pub checked: bool,
    /// In which state it was before it was taken back.
    #[serde(default)]
    pub undone_from: Option<ImportState>,
}

/// How many rows became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// Rows that were looked at.
    pub rows: i64,
    /// New records.
    pub created: i64,
    /// Changed records.
    pub updated: i64,
    /// Records that were like this already.
    pub unchanged: i64,
    /// Records that were taken away.
    pub deleted: i64,
    /// Rows that were left out.
    pub skipped: i64,
    /// Rows in conflict.
    pub conflict: i64,
    /// Rows that could not be taken.
    pub failed: i64,
}

/// How many rows were taken back, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UndoCounts {
    /// Rows that were looked at.
    pub rows: i64,
    /// Records that are as they were before.
    pub restored: i64,
    /// Records that somebody changed since.
    pub newer: i64,
    /// Records that are no longer there.
    pub gone: i64,
    /// Records whose former state is not known.
    pub impossible: i64,
    /// Records that could not be put back.
    pub failed: i64,
}

/// Somebody else has the job, or called it off: nothing of this batch happened.
#[derive(Debug, thiserror::Error)]
#[error("the job is in other hands")]
pub struct Lost;

/// Whether an error says that the job is in other hands.
pub fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Internal(cause) if cause.downcast_ref::<Lost>().is_some())
}

/// The states in which somebody works at a job, or should.
pub const WORKING: [ImportState; 3] = [ImportState::Ready, ImportState::Running, ImportState::Undoing];

/// A job in this runner's hands.
#[derive(Clone, Debug)]
pub struct Held {
    /// The job, as this runner knows it.
    pub job: Job,
    /// The word by which it is held.
    pub lease: String,
}

fn names(states: &[ImportState]) -> Vec<&'static str> {
    states.iter().map(|state| state.as_str()).collect()
}

/// What a state, or any column, becomes.
pub fn update(tenant: i64, id: Uuid, now: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(import_job::Entity)
        .value(import_job::Column::Version, Expr::col(import_job::Column::Version).add(1))
        .value(import_job::Column::UpdatedAt, now)
        .and_where(Expr::col(import_job::Column::TenantId).eq(tenant))
        .and_where(Expr::col(import_job::Column::Id).eq(id))
        .to_owned()
}

/// [`update`] for whoever holds the job in its state.
pub fn update_held(held: &Held, now: DateTime<Utc>) -> UpdateStatement {
    let Held { job, lease } = held;
    update(job.tenant_id, job.id, now)
        .and_where(Expr::col(import_job::Column::Lease).eq(lease.as_str()))
        .and_where(Expr::col(import_job::Column::State).eq(job.state.as_str()))
        .to_owned()
}

/// Runs an update that must find the job as its condition says; else it is [`Lost`].
pub async fn must<C: ConnectionTrait>(db: &C, update: &UpdateStatement) -> Result<()> {
    match db.execute(update).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(Error::internal(Lost)),
    }
}

/// A job of a tenant, whoever's it is: for whoever works at it.
pub async fn job_unscoped<C: ConnectionTrait>(db: &C, tenant: i64, id: Uuid) -> Result<Option<Job>, DbErr> {
    let select = Query::select()
        .columns(all::<import_job::Column>())
        .from(import_job::Entity)
        .and_where(Expr::col(import_job::Column::TenantId).eq(tenant))
        .and_where(Expr::col(import_job::Column::Id).eq(id))
        .to_owned();
    db.query_one(&select).await?.map(|row| Job::from_query_result(&row, "")).transpose()
}

/// The columns of a table.
pub fn all<C: sea_orm::Iterable>() -> Vec<C> {
    C::iter().collect()
}

/// The job of a caller's idempotency key.
pub async fn job_of_key_unscoped<C: ConnectionTrait>(
    db: &C,
    tenant: i64,
    subject: &str,
    key: &str,
) -> Result<Option<Job>, DbErr> {
    let select = Query::select()
        .columns(all::<import_job::Column>())
        .from(import_job::Entity)
        .and_where(Expr::col(import_job::Column::TenantId).eq(tenant))
        .and_where(Expr::col(import_job::Column::CreatedBy).eq(subject))
        .and_where(Expr::col(import_job::Column::IdempotencyKey).eq(key))
        .to_owned();
    db.query_one(&select).await?.map(|row| Job::from_query_result(&row, "")).transpose()
}

/// Later by a duration.
pub fn later(now: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| now.checked_add_signed(by)).unwrap_or(now)
}

/// Takes up a job of any tenant that nobody works at: by a comparison and an update in one, so that of two runners one gets it. The
/// jobs of a tenant's source go one after the other, in the order in which they came: a later file must not be overtaken by an older one.
pub async fn claim_unscoped(store: &Store, now: DateTime<Utc>, lease: String, hold: Duration) -> Result<Option<Held>> {
    let (j, o) = (
        |column: import_job::Column| Expr::col((Alias::new("j"), column)),
        |column: import_job::Column| Expr::col((Alias::new("o"), column)),
    );
    let before = Query::select()
        .expr(Expr::val(1))
        .from_as(import_job::Entity, Alias::new("o"))
        .and_where(o(import_job::Column::TenantId).equals((Alias::new("j"), import_job::Column::TenantId)))
        .and_where(o(import_job::Column::Source).equals((Alias::new("j"), import_job::Column::Source)))
        .and_where(o(import_job::Column::State).is_in(names(&WORKING)))
        .and_where(o(import_job::Column::Id).lt(j(import_job::Column::Id)))
        .to_owned();
    let free = |until: Expr| until.clone().is_null().or(until.lte(now));
    let waiting = Query::select()
        .columns(all::<import_job::Column>().into_iter().map(|column| (Alias::new("j"), column)))
        .from_as(import_job::Entity, Alias::new("j"))
        .and_where(j(import_job::Column::State).is_in(names(&WORKING)))
        .and_where(free(j(import_job::Column::LeaseUntil)))
        .and_where(Expr::exists(before).not())
        .order_by((Alias::new("j"), import_job::Column::Id), Order::Asc)
        .limit(20)
        .to_owned();
    for row in store.db().query_all(&waiting).await? {
        let job = Job::from_query_result(&row, "")?;
        let state = if job.state == ImportState::Ready { ImportState::Running } else { job.state };
        let take = update(job.tenant_id, job.id, now)
            .value(import_job::Column::State, state.as_str())
            .value(import_job::Column::Lease, lease.as_str())
            .value(import_job::Column::LeaseUntil, later(now, hold))
            .and_where(Expr::col(import_job::Column::State).eq(job.state.as_str()))
            .and_where(free(Expr::col(import_job::Column::LeaseUntil)))
            .to_owned();
        if store.db().execute(&take).await?.rows_affected() == 1 {
            // Read after it was taken: nobody else moves it on from here.
            let job = job_unscoped(store.db(), job.tenant_id, job.id).await?;
            let job = job.filter(|job| job.lease.as_deref() == Some(lease.as_str()));
            return Ok(job.map(|job| Held { job, lease }));
        }
    }
    Ok(None)
}

impl Held {
    /// Asks for more time.
    pub async fn renew(&self, store: &Store, now: DateTime<Utc>, hold: Duration) -> Result<()> {
        let Held { job, lease } = self;
        // In whichever state: an import that goes wrong goes over into taking itself back.
        let update = update(job.tenant_id, job.id, now)
            .value(import_job::Column::LeaseUntil, later(now, hold))
            .and_where(Expr::col(import_job::Column::Lease).eq(lease.as_str()))
            .and_where(Expr::col(import_job::Column::State).is_in(names(&WORKING)))
            .to_owned();
        must(store.db(), &update).await
    }

    /// Lets go of the job: whoever comes first after `until` goes on.
    pub async fn release(&self, store: &Store, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let update = update_held(self, now).value(import_job::Column::LeaseUntil, until).to_owned();
        must(store.db(), &update).await
    }

    /// Lets go of the job after a fault, for whoever comes first after `until`, and counts the fault.
    pub async fn stumble(&self, store: &Store, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let update = update_held(self, now)
            .value(import_job::Column::LeaseUntil, until)
            .value(import_job::Column::Attempts, Expr::col(import_job::Column::Attempts).add(1))
            .to_owned();
        must(store.db(), &update).await
    }

    /// Ends the job before its last row.
    pub async fn fail(&self, store: &Store, now: DateTime<Utc>, why: &str) -> Result<()> {
        let update = update_held(self, now)
            .value(import_job::Column::State, ImportState::Failed.as_str())
            .value(import_job::Column::Error, why)
            .value(import_job::Column::EndedAt, now)
            .to_owned();
        must(store.db(), &update).await
    }
}

/// How the rows of a job are taken.
pub fn how(job: &Job) -> Result<How> {
    serde_json::from_value(job.options.clone()).map_err(Error::internal)
}

/// What is asked of a batch of a job: the one place that says it. Progress is what keeps a job from doing a thing twice: no key is needed.
pub fn ask(
    job: &Job,
    mode: UpsertMode,
    error_policy: ErrorPolicy,
    conflict: ConflictRule,
    dry_run: bool,
) -> Result<Ask> {
    let entity = entity(job)?;
    Ok(Ask {
        entity,
        source: job.source.clone(),
        mode,
        error_policy,
        conflict,
        orphans: OrphanRule::Fail,
        dry_run,
        idempotency_key: None,
        resolving: false,
    })
}

/// What a job's rows are.
pub fn entity(job: &Job) -> Result<SyncEntity> {
    SyncEntity::named(&job.entity).ok_or_else(|| Error::BadInput(format!("there is no kind of record {}", job.entity)))
}

/// How many rows of a job became what.
pub fn counts(job: &Job) -> Counts {
    serde_json::from_value(job.counts.clone()).unwrap_or_default()
}

/// How many rows of a job were taken back, and how.
pub fn undo_counts(job: &Job) -> Option<UndoCounts> {
    job.undo_counts.clone().map(|counts| serde_json::from_value(counts).unwrap_or_default())
}

/// Which part of a job's work is done, from 0 to 1.
pub fn progress(job: &Job) -> f64 {
    let size = job.size_bytes.unwrap_or(0);
    match job.state {
        ImportState::Uploading => 0.0,
        ImportState::Done | ImportState::Undone => 1.0,
        _ if size <= 0 => 0.0,
        #[expect(clippy::cast_precision_loss, reason = "a part of a whole, for people to look at")]
        _ => (job.byte_offset as f64 / size as f64).clamp(0.0, 1.0),
    }
}

/// The rows of a job after a line, at most so many, whoever's job it is: the caller has been asked before.
pub async fn rows_unscoped<C: ConnectionTrait>(
    db: &C,
    job: &Job,
    after: i64,
    which: Option<Expr>,
    most: u64,
) -> Result<Vec<import_row::Model>, DbErr> {
    let mut select = Query::select();
    select
        .columns(all::<import_row::Column>())
        .from(import_row::Entity)
        .and_where(Expr::col(import_row::Column::TenantId).eq(job.tenant_id))
        .and_where(Expr::col(import_row::Column::JobId).eq(job.id))
        .and_where(Expr::col(import_row::Column::Line).gt(after))
        .order_by(import_row::Column::Line, Order::Asc)
        .limit(most);
    if let Some(which) = which {
        select.and_where(which);
    }
    db.query_all(&select).await?.iter().map(|row| import_row::Model::from_query_result(row, "")).collect()
}
