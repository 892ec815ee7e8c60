//! Taking back what a job did: from its last row to its first, each record goes back to what it was before its row, where nothing newer
//! has touched it.
//!
//! "Nothing newer" is a version: the record must still be at the version that the row left it at. Where the job touched a record twice,
//! its later row was taken back first; the earlier one then expects the version that this left, if nobody came between the two.
//!
//! A record that was made is taken away, one that was changed gets its former values. One that the job took away cannot be brought back:
//! of what hung on it nothing was kept.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use entities::{
    codes::{ImportResult, ImportState, UndoResult},
    sync::{external_ref, import_job, import_row, source_system},
};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, Set,
    sea_query::{Expr, ExprTrait, OnConflict, Order, Query},
};
use uuid::Uuid;

use super::{
    UndoCounts,
    job::{self, Held, Job},
    results,
    runner::{Left, Runner},
};
use crate::{
    graph::{Cx, Error, Result, UserErrorCode},
    journey::{Work, attempt},
    sync::upsert::{self, Answer, Beside, ConflictRule, ErrorPolicy, JsonRow, Outcome, UpsertMode, UpsertResult},
};

/// How many rows one statement writes.
const CHUNK: usize = 100;

/// The results that changed something.
const CHANGES: [ImportResult; 3] = [ImportResult::Created, ImportResult::Updated, ImportResult::Deleted];

/// What became of a row.
#[derive(Clone, Debug)]
struct Fate {
    result: UndoResult,
    version: Option<i64>,
    errors: Option<serde_json::Value>,
}

impl Fate {
    const fn plain(result: UndoResult) -> Fate {
        Fate { result, version: None, errors: None }
    }
}

/// What is to be done for a row.
enum Plan {
    /// Nothing: it is known what becomes of it.
    Known(Fate),
    /// This is asked of the upsert.
    Ask(JsonRow),
}

/// Takes a job back to its beginning.
pub(super) async fn run(runner: &Runner, cx: &Cx, held: &mut Held) -> Result<Left> {
    let most = runner.options.batch_rows.clamp(1, upsert::MAX_ROWS);
    let mut size = most;
    loop {
        if runner.stop.is_cancelled() {
            return Ok(Left::Stopped);
        }
        let cx = &runner.fresh(cx);
        let line = held.job.undo_line.unwrap_or(i64::MAX);
        let rows = before(&cx.db(), &held.job, line, size).await?;
        if rows.is_empty() {
            end(runner, held).await?;
            runner.throw_away(held).await;
            return Ok(Left::Ended);
        }
        let later = same_records(&cx.db(), &held.job, &rows).await?;
        let plans = rows.iter().map(|row| plan(row, later.get(&row.line), held.job.undo_dry_run)).collect();
        match Box::pin(take(runner, cx, held, Back { rows: rows.clone(), plans, refused: false })).await {
            Ok(()) => size = (size * 2).min(most),
            Err(error) if rows.len() > 1 && is_bad_row(&error) => size = (rows.len() / 2).max(1),
            Err(error) if is_bad_row(&error) => {
                let plans = vec![Plan::Known(Fate::plain(UndoResult::Failed))];
                Box::pin(take(runner, cx, held, Back { rows, plans, refused: true })).await?;
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_bad_row(error: &Error) -> bool {
    matches!(error, Error::Internal(_)) && !error.is_outage() && !job::is_lost(error)
}

/// The last rows before a line that changed something, the last one first; of each record one.
async fn before<C: ConnectionTrait>(db: &C, job: &Job, line: i64, most: usize) -> Result<Vec<import_row::Model>> {
    let select = Query::select()
        .columns(job::all::<import_row::Column>())
        .from(import_row::Entity)
        .and_where(Expr::col(import_row::Column::TenantId).eq(job.tenant_id))
        .and_where(Expr::col(import_row::Column::JobId).eq(job.id))
        .and_where(Expr::col(import_row::Column::Line).lt(line))
        .and_where(Expr::col(import_row::Column::Result).is_in(CHANGES.map(ImportResult::as_str)))
        .order_by(import_row::Column::Line, Order::Desc)
        .limit(most as u64)
        .to_owned();
    let mut rows = Vec::new();
    let mut seen = HashSet::new();
    for row in db.query_all(&select).await? {
        let row = import_row::Model::from_query_result(&row, "")?;
        if row.object_id.is_some_and(|object| !seen.insert(object)) {
            break;
        }
        rows.push(row);
    }
    Ok(rows)
}

/// For rows by their lines: the job's next row about the same record.
async fn same_records<C: ConnectionTrait>(
    db: &C,
    job: &Job,
    rows: &[import_row::Model],
) -> Result<HashMap<i64, import_row::Model>> {
    let objects: Vec<Uuid> = rows.iter().filter_map(|row| row.object_id).collect();
    let select = Query::select()
        .columns(job::all::<import_row::Column>())
        .from(import_row::Entity)
        .and_where(Expr::col(import_row::Column::TenantId).eq(job.tenant_id))
        .and_where(Expr::col(import_row::Column::JobId).eq(job.id))
        .and_where(Expr::col(import_row::Column::ObjectId).is_in(objects))
        .and_where(Expr::col(import_row::Column::Result).is_in(CHANGES.map(ImportResult::as_str)))
        .to_owned();
    let mut of: HashMap<Uuid, BTreeMap<i64, import_row::Model>> = HashMap::new();
    for row in db.query_all(&select).await? {
        let row = import_row::Model::from_query_result(&row, "")?;
        if let Some(object) = row.object_id {
            of.entry(object).or_default().insert(row.line, row);
        }
    }
    let next = |row: &import_row::Model| {
        let (_, later) = of.get(&row.object_id?)?.range(row.line + 1..).next()?;
        Some((row.line, later.clone()))
    };
    Ok(rows.iter().filter_map(next).collect())
}

/// What is to be done for a row, after the job's next row about the same record was taken back.
fn plan(row: &import_row::Model, later: Option<&import_row::Model>, dry_run: bool) -> Plan {
    let known = |result| Plan::Known(Fate::plain(result));
    let (Some(key), Some(version)) = (row.external_id.clone(), row.record_version) else {
        return known(UndoResult::Impossible);
    };
    let expected = match later {
        None => version,
        Some(later) => match (later.undo_result, later.undo_version) {
            // Somebody came between the two rows. What hangs on a record changes without a version of its own.
            (Some(UndoResult::Restored), _)
                if later.record_version.is_none_or(|later| !(version..=version + 1).contains(&later)) =>
            {
                return known(UndoResult::Newer);
            }
            // What only looks has not moved the record: it would be here.
            (Some(UndoResult::Restored), _) if dry_run && row.result != ImportResult::Deleted => {
                return known(UndoResult::Restored);
            }
            (Some(UndoResult::Restored), Some(version)) => version,
            (fate, _) => return known(fate.unwrap_or(UndoResult::Newer)),
        },
    };
    let Ok(if_version) = i32::try_from(expected) else { return known(UndoResult::Impossible) };
    let asked = JsonRow { external_id: key, if_version: Some(if_version), ..JsonRow::default() };
    match (row.result, &row.before) {
        (ImportResult::Created, _) => Plan::Ask(JsonRow { deleted: true, ..asked }),
        (ImportResult::Updated, Some(serde_json::Value::Object(before))) => {
            Plan::Ask(JsonRow { set: before.clone(), ..asked })
        }
        _ => known(UndoResult::Impossible),
    }
}

/// What an outcome of the upsert means for the record.
fn fate(outcome: &Outcome) -> Fate {
    let has = |code| outcome.errors.iter().any(|error| error.code == code);
    let result = match outcome.result {
        // To be taken away, and not there.
        UpsertResult::Unchanged if outcome.id.is_none() => UndoResult::Gone,
        UpsertResult::Created | UpsertResult::Updated | UpsertResult::Unchanged | UpsertResult::Deleted => {
            UndoResult::Restored
        }
        UpsertResult::Conflict | UpsertResult::Failed if has(UserErrorCode::VersionConflict) => UndoResult::Newer,
        UpsertResult::Skipped => UndoResult::Gone,
        UpsertResult::Conflict | UpsertResult::Failed if has(UserErrorCode::NotFound) && outcome.id.is_none() => {
            UndoResult::Gone
        }
        UpsertResult::Conflict | UpsertResult::Failed => UndoResult::Failed,
    };
    Fate { result, version: outcome.version.map(i64::from), errors: results::written(&outcome.errors) }
}

/// A batch that is taken back.
struct Back {
    rows: Vec<import_row::Model>,
    plans: Vec<Plan>,
    /// Whether the house could not bear its row.
    refused: bool,
}

impl Back {
    /// The rows with their fates.
    fn told(&self, answer: Option<&Answer>) -> Vec<(import_row::Model, Fate)> {
        let mut outcomes = answer.map(|answer| answer.rows.as_slice()).unwrap_or_default().iter();
        let fates = self.plans.iter().map(|plan| match plan {
            Plan::Known(fate) => fate.clone(),
            Plan::Ask(_) => outcomes.next().map_or(Fate::plain(UndoResult::Failed), fate),
        });
        self.rows.iter().cloned().zip(fates).collect()
    }

    /// The rows before this line are still to be taken back.
    fn line(&self) -> i64 {
        self.rows.last().map_or(i64::MIN, |row| row.line)
    }
}

async fn take(runner: &Runner, cx: &Cx, held: &mut Held, back: Back) -> Result<()> {
    let asked: Vec<JsonRow> = back
        .plans
        .iter()
        .filter_map(|plan| match plan {
            Plan::Ask(row) => Some(row.clone()),
            Plan::Known(_) => None,
        })
        .collect();
    let now = runner.clock.now();
    let progress = Progress { held: &*held, back: &back, now, lease_until: job::later(now, runner.options.lease) };
    let mut told = None;
    if !asked.is_empty() && !back.refused {
        // A record that is put back by half is not as it was.
        let (mode, rule) = (UpsertMode::UpdateOnly, ConflictRule::Refuse);
        let ask = job::ask(&held.job, mode, ErrorPolicy::SkipFailed, rule, held.job.undo_dry_run)?;
        told = Some(Box::pin(upsert::take_json(cx, &ask, asked, &progress)).await?);
    }
    if !told.as_ref().is_some_and(|answer| answer.committed) {
        let (progress, answer) = (&progress, told.as_ref());
        attempt(|| async move {
            let mut work = Work::begin(cx).await?;
            progress.write(&mut work, answer).await?;
            work.commit().await.map(drop)
        })
        .await?;
    }
    let counts = counted(&held.job, &back.told(told.as_ref()));
    held.job.undo_line = Some(back.line());
    held.job.undo_counts = Some(serde_json::json!(counts));
    held.job.attempts = 0;
    Ok(())
}

fn counted(job: &Job, fates: &[(import_row::Model, Fate)]) -> UndoCounts {
    let mut counts = job::undo_counts(job).unwrap_or_default();
    fates.iter().for_each(|(_, fate)| counts.add(fate.result));
    counts
}

/// The progress that is committed with what is taken back.
struct Progress<'a> {
    held: &'a Held,
    back: &'a Back,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
}

#[async_trait::async_trait]
impl Beside for Progress<'_> {
    async fn beside(&self, work: &mut Work<'_>, answer: &Answer) -> Result<()> {
        self.write(work, Some(answer)).await
    }
}

impl Progress<'_> {
    async fn write(&self, work: &mut Work<'_>, answer: Option<&Answer>) -> Result<()> {
        let fates = self.back.told(answer);
        let counts = counted(&self.held.job, &fates);
        let known = || {
            OnConflict::columns([import_row::Column::TenantId, import_row::Column::JobId, import_row::Column::Line])
                .update_columns([
                    import_row::Column::UndoResult,
                    import_row::Column::UndoVersion,
                    import_row::Column::UndoErrors,
                ])
                .to_owned()
        };
        let was = self.held.job.undo_line;
        let line = Expr::col(import_job::Column::UndoLine);
        let update = job::update_held(self.held, self.now)
            .value(import_job::Column::UndoLine, self.back.line())
            .value(import_job::Column::UndoCounts, serde_json::json!(counts))
            .value(import_job::Column::LeaseUntil, self.lease_until)
            .value(import_job::Column::Attempts, 0)
            .and_where(was.map_or_else(|| line.clone().is_null(), |was| line.clone().eq(was)))
            .to_owned();
        // First, so that a job in other hands is found out before anything is written.
        job::must(work.tx(), &update).await?;
        for chunk in fates.chunks(CHUNK) {
            let rows = chunk.iter().map(|(row, fate)| import_row::ActiveModel {
                undo_result: Set(Some(fate.result)),
                undo_version: Set(fate.version),
                undo_errors: Set(fate.errors.clone()),
                // All columns are said, and those of the key alone decide: this is an update of many rows.
                ..row.clone().into_active_model().reset_all()
            });
            import_row::Entity::insert_many(rows).on_conflict(known()).exec_without_returning(work.tx()).await?;
        }
        self.free_keys(work, &fates).await
    }

    /// The keys of records that were made and are taken away are new again: the same row makes another record.
    async fn free_keys(&self, work: &Work<'_>, fates: &[(import_row::Model, Fate)]) -> Result<()> {
        let job = &self.held.job;
        let gone = |(row, fate): &&(import_row::Model, Fate)| {
            row.result == ImportResult::Created && fate.result == UndoResult::Restored && !job.undo_dry_run
        };
        let gone: Vec<_> = fates.iter().filter(gone).map(|(row, _)| row).collect();
        let source = Query::select()
            .column(source_system::Column::Id)
            .from(source_system::Entity)
            .and_where(Expr::col(source_system::Column::TenantId).eq(job.tenant_id))
            .and_where(Expr::col(source_system::Column::Code).eq(job.source.as_str()))
            .to_owned();
        for rows in gone.chunks(CHUNK) {
            let keys: Vec<&str> = rows.iter().filter_map(|row| row.external_id.as_deref()).collect();
            let records: Vec<Uuid> = rows.iter().filter_map(|row| row.object_id).collect();
            let delete = Query::delete()
                .from_table(external_ref::Entity)
                .and_where(Expr::col(external_ref::Column::TenantId).eq(job.tenant_id))
                .and_where(Expr::col(external_ref::Column::SourceId).in_subquery(source.clone()))
                .and_where(Expr::col(external_ref::Column::EntityType).eq(job.entity.as_str()))
                .and_where(Expr::col(external_ref::Column::ExternalId).is_in(keys))
                .and_where(Expr::col(external_ref::Column::ObjectId).is_in(records))
                .to_owned();
            work.tx().execute(&delete).await?;
        }
        Ok(())
    }
}

/// The job is taken back; or, where it was only looked at, it is what it was.
async fn end(runner: &Runner, held: &mut Held) -> Result<()> {
    let state = match held.job.undo_dry_run {
        true => job::how(&held.job)?.undone_from.unwrap_or(ImportState::Done),
        false => ImportState::Undone,
    };
    let now = runner.clock.now();
    let update = job::update_held(held, now)
        .value(import_job::Column::State, state.as_str())
        .value(import_job::Column::EndedAt, now)
        .to_owned();
    job::must(runner.store.db(), &update).await?;
    held.job.state = state;
    Ok(())
}
