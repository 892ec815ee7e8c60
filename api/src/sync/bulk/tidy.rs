//! What does not stay: the bytes of a job that has ended, uploads that broke off, and the rows of jobs that ended long ago, which hold
//! what records said before, and so what persons were.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    codes::ImportState,
    sync::{import_job, import_row},
};
use sea_orm::{
    ConnectionTrait, FromQueryResult,
    sea_query::{Expr, ExprTrait, Order, Query, SelectStatement},
};
use uuid::Uuid;

use super::{
    job::{self, Job},
    runner::Runner,
};
use crate::{
    graph::{Error, Result},
    journey::Work,
    store::Store,
};

/// How many jobs one look finds.
const JOBS: u64 = 100;
/// How many rows one statement destroys: few enough that no writer waits long.
const ROWS: i64 = 5_000;
/// How many records one statement names.
const MANY: usize = 1_000;

/// The states in which nobody needs a job's bytes.
const ENDED: [ImportState; 4] = [ImportState::Done, ImportState::Failed, ImportState::Cancelled, ImportState::Undone];

/// Throws away what nobody needs any more, of every tenant. How many jobs that concerned.
pub async fn tidy(runner: &Runner) -> Result<u64> {
    let (store, now) = (&runner.store, runner.clock.now());
    let mut touched = 0;
    let state = || Expr::col(import_job::Column::State);
    let uploading = state().eq(ImportState::Uploading.as_str());
    for job in jobs_unscoped(store, uploading.and(Expr::col(import_job::Column::LeaseUntil).lt(now))).await? {
        break_off(store, &job, now).await?;
        throw_away(store, &job, now).await?;
        touched += 1;
    }
    let ended = || state().is_in(ENDED.map(ImportState::as_str));
    for job in jobs_unscoped(store, ended().and(Expr::col(import_job::Column::FileId).is_not_null())).await? {
        throw_away(store, &job, now).await?;
        touched += 1;
    }
    let kept = TimeDelta::from_std(runner.options.retention).ok().filter(|kept| !kept.is_zero());
    if let Some(before) = kept.and_then(|kept| now.checked_sub_signed(kept)) {
        let old = Expr::col(import_job::Column::EndedAt).lt(before);
        let remembered = Expr::col(import_job::Column::ForgottenAt).is_null();
        for job in jobs_unscoped(store, ended().and(old).and(remembered)).await? {
            forget_rows(store, &job, now).await?;
            touched += 1;
        }
    }
    Ok(touched)
}

/// Jobs of any tenant.
async fn jobs_unscoped(store: &Store, which: Expr) -> Result<Vec<Job>> {
    let select: SelectStatement = Query::select()
        .columns(job::all::<import_job::Column>())
        .from(import_job::Entity)
        .and_where(which)
        .order_by(import_job::Column::Id, Order::Asc)
        .limit(JOBS)
        .to_owned();
    let rows = store.db().query_all(&select).await?;
    Ok(rows.iter().map(|row| Job::from_query_result(row, "")).collect::<Result<_, _>>()?)
}

/// An upload that broke off ends its job. Its key is free again: the next upload with it is a new job.
pub async fn break_off(store: &Store, job: &Job, now: DateTime<Utc>) -> Result<()> {
    let update = job::update(job.tenant_id, job.id, now)
        .value(import_job::Column::State, ImportState::Failed.as_str())
        .value(import_job::Column::Error, "the upload broke off")
        .value(import_job::Column::IdempotencyKey, Option::<String>::None)
        .value(import_job::Column::EndedAt, now)
        .and_where(Expr::col(import_job::Column::State).eq(ImportState::Uploading.as_str()))
        .to_owned();
    store.db().execute(&update).await?;
    Ok(())
}

/// Throws the bytes of a job away. The name goes after the bytes, so that whoever dies between the two finds it again.
pub async fn throw_away(store: &Store, job: &Job, now: DateTime<Utc>) -> Result<()> {
    let (Some(files), Some(file)) = (store.files(), job.file_id) else { return Ok(()) };
    files.delete(job.tenant_id, file).await.map_err(Error::internal)?;
    let update = job::update(job.tenant_id, job.id, now)
        .value(import_job::Column::FileId, Option::<Uuid>::None)
        .and_where(Expr::col(import_job::Column::FileId).eq(file))
        .to_owned();
    store.db().execute(&update).await?;
    Ok(())
}

/// Destroys the rows of a job, in small batches, and notes that it did.
async fn forget_rows(store: &Store, job: &Job, now: DateTime<Utc>) -> Result<()> {
    let ours = || {
        Expr::col(import_row::Column::TenantId).eq(job.tenant_id).and(Expr::col(import_row::Column::JobId).eq(job.id))
    };
    loop {
        let first = Query::select()
            .expr_as(Expr::col(import_row::Column::Line).min(), "line")
            .from(import_row::Entity)
            .and_where(ours())
            .to_owned();
        let row = store.db().query_one(&first).await?;
        let Some(line) = row.map(|row| row.try_get::<Option<i64>>("", "line")).transpose()?.flatten() else { break };
        let delete = Query::delete()
            .from_table(import_row::Entity)
            .and_where(ours())
            .and_where(Expr::col(import_row::Column::Line).lt(line.saturating_add(ROWS)))
            .to_owned();
        store.db().execute(&delete).await?;
    }
    let update = job::update(job.tenant_id, job.id, now).value(import_job::Column::ForgottenAt, now).to_owned();
    store.db().execute(&update).await?;
    Ok(())
}

/// Destroys what imports kept of some records, in the caller's unit of work: their keys, what they were before, and why they were
/// refused. Their imports cannot be undone for them afterwards. For whoever erases a person.
pub async fn forget(work: &Work<'_>, records: &[Uuid]) -> Result<()> {
    for records in records.chunks(MANY) {
        let update = Query::update()
            .table(import_row::Entity)
            .value(import_row::Column::ExternalId, Option::<String>::None)
            .value(import_row::Column::Before, Option::<serde_json::Value>::None)
            .value(import_row::Column::Errors, Option::<serde_json::Value>::None)
            .value(import_row::Column::UndoErrors, Option::<serde_json::Value>::None)
            .and_where(Expr::col(import_row::Column::TenantId).eq(work.tenant()))
            .and_where(Expr::col(import_row::Column::ObjectId).is_in(records.iter().copied()))
            .to_owned();
        work.tx().execute(&update).await?;
    }
    Ok(())
}
