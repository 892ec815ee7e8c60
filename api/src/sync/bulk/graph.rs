//! Imports in the graph: how far they are, calling them off, taking them back, and following them live.

use async_graphql::{Context, InputObject, Object, SimpleObject, Subscription};
use entities::{
    codes::{ImportFormat, ImportResult, ImportState, UndoResult},
    sync::{import_job, import_row},
};
use futures::Stream;
use sea_orm::sea_query::{Expr, ExprTrait};

use super::{
    Counts, UndoCounts,
    firsts::{FirstRows, Which},
    job::{self, Job},
    results, tidy,
};
use crate::{
    graph::{AnyOf, Cx, Error, GlobalId, Kind, Result, TextFilter, UserError, UserErrorCode, require_write},
    input,
    journey::{Work, attempt},
    listed, object, payload,
    policy::{Class, Seen, access},
    sync::upsert::{ErrorPolicy, SyncEntity, UpsertMode},
};

object! {
    /// A file that a system brought by `POST /bulk/{entity}`, and how far its rows are taken.
    ImportJob(import_job::Entity) as Import, id ImportJob {
        /// What the rows are.
        P entity: SyncEntity = |row| SyncEntity::named(&row.entity);
        /// The code of the system that they come from.
        P source: String = |row| row.source.clone();
        /// What the file is.
        P format: ImportFormat = |row| row.format;
        /// How far it is.
        P state: ImportState = |row| row.state;
        /// Whether it only tells what would happen.
        P dry_run: bool = |row| row.dry_run;
        /// What happens to known and unknown keys.
        P mode: UpsertMode = |row| job::how(row).ok().map(|how| how.mode);
        /// What happens to the others when a row fails.
        P error_policy: ErrorPolicy = |row| job::how(row).ok().map(|how| how.error_policy);
        /// Why it ended before its last row; null where it did not.
        P error: String = |row| row.error.clone();
        /// The subject of the token that brought it.
        P created_by: String = |row| row.created_by.clone();
        /// How many bytes the file has, a whole number; null while they come in.
        P size_bytes: f64 = |row| row.size_bytes.map(as_float);
        /// SHA-256 of the file, in hexadecimal digits; null while it comes in.
        P checksum: String = |row| row.checksum.clone();
        /// Which part of the work is done, from 0 to 1.
        P progress: f64 = job::progress;
        /// When it ended (UTC); null while it goes on.
        P ended_at: chrono::DateTime<chrono::Utc> = |row| row.ended_at;
        /// When what became of its rows was destroyed (UTC), as the retention says; null while it is kept.
        P rows_deleted_at: chrono::DateTime<chrono::Utc> = |row| row.forgotten_at;
    }
    edges {
        /// How many rows became what so far.
        #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
        async fn counts(&self) -> ImportCounts {
            job::counts(self.0.row()).into()
        }

        /// What taking it back did so far; null where nobody asked for it.
        #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
        async fn undo(&self) -> Option<ImportUndo> {
            let row = self.0.row();
            let UndoCounts { rows, restored, newer, gone, impossible, failed } = job::undo_counts(row)?;
            Some(ImportUndo {
                job: self.clone(),
                dry_run: row.undo_dry_run,
                rows: int(rows),
                restored: int(restored),
                newer: int(newer),
                gone: int(gone),
                impossible: int(impossible),
                failed: int(failed),
            })
        }

        /// The first rows that could not be taken, at most 100; all of them are in the results (`GET /bulk/jobs/{id}/results.ndjson`).
        #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
        async fn failed_rows(&self, ctx: &Context<'_>) -> Result<Vec<ImportRow>> {
            rows(Cx::of(ctx), self.0.row(), Which::Failed).await
        }
    }
}

/// How many rows of an import became what.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ImportCounts {
    /// Rows that were looked at.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub rows: i32,
    /// New records.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub created: i32,
    /// Changed records.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub updated: i32,
    /// Records that were like this already.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub unchanged: i32,
    /// Records that were taken away.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub deleted: i32,
    /// Rows that the mode, or another row, left out.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub skipped: i32,
    /// Rows in conflict.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub conflict: i32,
    /// Rows that could not be taken.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub failed: i32,
}

impl From<Counts> for ImportCounts {
    fn from(counts: Counts) -> ImportCounts {
        let Counts { rows, created, updated, unchanged, deleted, skipped, conflict, failed } = counts;
        ImportCounts {
            rows: int(rows),
            created: int(created),
            updated: int(updated),
            unchanged: int(unchanged),
            deleted: int(deleted),
            skipped: int(skipped),
            conflict: int(conflict),
            failed: int(failed),
        }
    }
}

/// What taking an import back did, or, where it only looked, would do.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct ImportUndo {
    #[graphql(skip)]
    job: ImportJob,
    /// Whether it only looked.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub dry_run: bool,
    /// Rows that were looked at: those that had changed something.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub rows: i32,
    /// Rows whose record is as it was before.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub restored: i32,
    /// Rows whose record somebody changed since: it was left as it is.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub newer: i32,
    /// Rows whose record is no longer there.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub gone: i32,
    /// Rows whose former record is not known.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub impossible: i32,
    /// Rows whose record could not be put back.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub failed: i32,
}

#[async_graphql::ComplexObject]
impl ImportUndo {
    /// The first rows that were not restored, at most 100; all of them are in the results (`…/results.ndjson?undo=NEWER,GONE,IMPOSSIBLE,FAILED`).
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    async fn not_restored(&self, ctx: &Context<'_>) -> Result<Vec<ImportRow>> {
        rows(Cx::of(ctx), self.job.0.row(), Which::NotRestored).await
    }
}

/// What became of a row of an import.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportRow {
    /// The line of the file in which it begins, from 1 on.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub line: i32,
    /// Its key in its system; null where it has none, or once it was destroyed.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub external_id: Option<String>,
    /// The record; null where there is none.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub record_id: Option<GlobalId>,
    /// What became of it.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub result: ImportResult,
    /// Why it was not taken; at most one for each of its fields.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub errors: Vec<UserError>,
    /// What taking it back did; null before.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub undo_result: Option<UndoResult>,
    /// Why it could not be taken back; at most one for each of its fields.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    pub undo_errors: Vec<UserError>,
}

fn int(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a file of so many bytes that this is inexact fits no disk")]
fn as_float(number: i64) -> f64 {
    number as f64
}

/// The first rows of a job that pass. The caller sees the job, and so its rows.
async fn rows(cx: &Cx, job: &Job, which: Which) -> Result<Vec<ImportRow>> {
    let rows = cx.load(FirstRows { job: job.id, which }).await?.unwrap_or_default();
    let told = |row: import_row::Model| ImportRow {
        line: int(row.line),
        record_id: results::record(&row),
        errors: results::read(row.errors.as_ref()),
        undo_errors: results::read(row.undo_errors.as_ref()),
        external_id: row.external_id,
        result: row.result,
        undo_result: row.undo_result,
    };
    Ok(rows.into_iter().map(told).collect())
}

listed! {
    /// One import; null if there is none that you may see: an integrator sees its own.
    import_job,
    /// The imports that you may see, newest first unless sorted.
    import_jobs: ImportJob(import_job::Entity) as Import, id ImportJob, Falling;
    query ImportQueries, filter ImportJobFilter, sort ImportJobSort {
        /// By how far it is.
        P state: AnyOf<ImportState> = State;
        /// By the system that its rows come from.
        P source: TextFilter = Source;
    }
}

/// An import to call off.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct CancelImportInput {
    /// Which import.
    pub id: GlobalId,
    /// Call it off only if it still has this version.
    pub if_version: Option<i32>,
}

input! {
    /// An import to take back.
    UndoImportInput for Import {
        /// Only tell what would happen: which records somebody has changed since.
        P dry_run: Option<bool>;
    }
    plain {
        /// Which import.
        id: GlobalId;
        /// Take it back only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `cancelImport` answers.
    CancelImportPayload {
        /// The import; null if it was refused.
        import_job: ImportJob
    }
}

payload! {
    /// What `undoImport` answers.
    UndoImportPayload {
        /// The import, on its way back; null if it was refused.
        import_job: ImportJob
    }
}

/// The job that the caller may change, held in this unit of work.
async fn to_change(work: &Work<'_>, id: GlobalId, if_version: Option<i32>) -> Result<Seen<Job>> {
    let id = id.named("id", Kind::ImportJob)?;
    let rows = work.caller().rows_to_write::<import_job::Entity>().by_id(id).held();
    let seen = rows.one(work.tx()).await?.ok_or_else(|| Error::missing("id"))?;
    require_write(seen.rights(), &[(Class::P, "state")])?;
    match if_version {
        Some(expected) if i64::from(expected) != seen.row().version => Err(Error::version_conflict(seen.row().version)),
        _ => Ok(seen),
    }
}

async fn now(cx: &Cx, id: GlobalId) -> Result<ImportJob> {
    let rows = cx.caller.rows::<import_job::Entity>().by_id(id.uuid);
    Ok(rows.one(&cx.db()).await?.ok_or(Error::NotFound)?.into())
}

/// Calls a job off. What was taken before stays.
pub async fn cancel(cx: &Cx, input: CancelImportInput) -> Result<ImportJob> {
    let CancelImportInput { id, if_version } = input;
    let work = Work::begin(cx).await?;
    let seen = to_change(&work, id, if_version).await?;
    let job = seen.row();
    if !matches!(job.state, ImportState::Uploading | ImportState::Ready | ImportState::Running) {
        return Err(state_conflict("the import has ended, or is being taken back"));
    }
    let update = job::update(job.tenant_id, job.id, work.now())
        .value(import_job::Column::State, ImportState::Cancelled.as_str())
        .value(import_job::Column::EndedAt, work.now())
        .and_where(Expr::col(import_job::Column::State).eq(job.state.as_str()))
        .to_owned();
    job::must(work.tx(), &update).await?;
    work.commit().await?;
    cx.store.wake(cx.caller.tenant);
    // A runner that is at it finds its bytes gone, or its commit refused: either way it lets go. An upload throws its own away.
    if job.state != ImportState::Uploading
        && let Err(error) = tidy::throw_away(&cx.store, job, cx.clock.now()).await
    {
        tracing::warn!(code = error.code(), job = %job.id, "the bytes of an import stay");
    }
    now(cx, id).await
}

fn state_conflict(message: &str) -> Error {
    Error::user(UserErrorCode::StateConflict, "id", message)
}

/// Begins to take a job back.
pub async fn undo(cx: &Cx, input: UndoImportInput) -> Result<ImportJob> {
    let UndoImportInput { id, if_version, dry_run } = input;
    let work = Work::begin(cx).await?;
    let seen = to_change(&work, id, if_version).await?;
    let job = seen.row();
    let why = match job.state {
        _ if job.dry_run => Some("a preview changed nothing"),
        _ if job.forgotten_at.is_some() => Some("what the import changed is no longer kept"),
        ImportState::Done | ImportState::Failed | ImportState::Cancelled => None,
        ImportState::Undone => Some("the import was taken back already"),
        ImportState::Undoing => Some("the import is being taken back"),
        ImportState::Uploading | ImportState::Ready | ImportState::Running => Some("the import has not ended"),
    };
    if let Some(why) = why {
        return Err(state_conflict(why));
    }
    // One that broke off on its way back goes on where it was.
    let is_begun = job.state == ImportState::Failed && job.undo_line.is_some() && !job.undo_dry_run;
    let how = job::How { undone_from: Some(job.state), ..job::how(job)? };
    let mut update = job::update(job.tenant_id, job.id, work.now())
        .value(import_job::Column::State, ImportState::Undoing.as_str())
        .value(import_job::Column::Options, serde_json::json!(how))
        .value(import_job::Column::UndoDryRun, dry_run.unwrap_or(false))
        .value(import_job::Column::Lease, Option::<String>::None)
        .value(import_job::Column::LeaseUntil, Option::<chrono::DateTime<chrono::Utc>>::None)
        .value(import_job::Column::Attempts, 0)
        .value(import_job::Column::EndedAt, Option::<chrono::DateTime<chrono::Utc>>::None)
        .and_where(Expr::col(import_job::Column::State).eq(job.state.as_str()))
        .to_owned();
    if !is_begun {
        update
            .value(import_job::Column::UndoLine, job.next_line)
            .value(import_job::Column::UndoCounts, serde_json::json!(UndoCounts::default()));
    }
    job::must(work.tx(), &update).await?;
    work.commit().await?;
    cx.store.wake(cx.caller.tenant);
    now(cx, id).await
}

/// Changing imports.
#[derive(Default)]
pub struct ImportMutations;

#[Object]
impl ImportMutations {
    /// Calls an import off. What was taken before stays, and can be taken back by `undoImport`. STATE_CONFLICT where it has ended.
    #[graphql(directive = access::apply("Import".into(), "P".into(), true))]
    async fn cancel_import(&self, ctx: &Context<'_>, input: CancelImportInput) -> Result<CancelImportPayload> {
        let cx = Cx::of(ctx);
        CancelImportPayload::of(attempt(|| cancel(cx, input)).await)
    }

    /// Takes an import back, row by row from its last to its first: what it made is taken away, what it changed becomes what it was, as long as
    /// nobody has changed the record since. Goes on by itself; `importJob { undo }` and `importProgress` say how far it is, and what could not
    /// be restored. STATE_CONFLICT where the import has not ended, was a preview, or is too old.
    #[graphql(directive = access::apply("Import".into(), "P".into(), true))]
    async fn undo_import(&self, ctx: &Context<'_>, input: UndoImportInput) -> Result<UndoImportPayload> {
        let cx = Cx::of(ctx);
        UndoImportPayload::of(attempt(|| undo(cx, input.clone())).await)
    }
}

/// Following imports live.
#[derive(Default)]
pub struct ImportSubscription;

#[Subscription]
impl ImportSubscription {
    /// The import as it is now, and again whenever it has got further; ends with the import. NOT_FOUND where there is none that you may see.
    #[graphql(directive = access::apply("Import".into(), "P".into(), false))]
    async fn import_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which import.")] id: GlobalId,
    ) -> Result<impl Stream<Item = Result<ImportJob>> + use<>> {
        let cx = Cx::of(ctx).clone();
        id.expect(Kind::ImportJob)?;
        // Joins before it looks: what is committed later rings.
        let mut bell = cx.store.woken(cx.caller.tenant);
        let mut job = now(&cx, id).await?;
        Ok(async_stream::try_stream! {
            loop {
                let Job { version, state, .. } = *job.0.row();
                yield job;
                if !matches!(state, ImportState::Uploading) && !job::WORKING.contains(&state) {
                    return;
                }
                job = loop {
                    bell.wait(cx.store.poll_interval()).await;
                    if cx.caller.expires_at.is_some_and(|end| end <= cx.clock.now()) {
                        Err::<(), _>(Error::TokenExpired)?;
                    }
                    let next = now(&cx, id).await?;
                    if next.0.row().version != version {
                        break next;
                    }
                };
            }
        })
    }
}
