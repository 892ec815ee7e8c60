//! One step of a job: the results of a batch and how far the job is after it, written in one statement each, beside the rows themselves.

use chrono::{DateTime, Utc};
use entities::{
    codes::{ImportResult, ImportState},
    sync::{import_job, import_row},
};
use sea_orm::sea_query::{Expr, ExprTrait, UpdateStatement};

use super::{
    batch::Batch,
    job::{self, Counts, Held, How, WORKING},
    results,
    runner::Runner,
};
use crate::{
    graph::Result,
    journey::Work,
    sync::upsert::{Answer, Beside, ErrorPolicy},
};

/// What counts rows.
pub const ROWS: &str = "bulk_rows_total";

/// Whether the rows of an all-or-nothing job are only looked at yet.
pub fn is_check(job: &job::Job, how: &How) -> bool {
    how.error_policy == ErrorPolicy::AllOrNothing && !how.checked && !job.dry_run
}

/// The progress that is committed with the rows.
pub struct Progress<'a> {
    /// Who works.
    pub runner: &'a Runner,
    /// At what.
    pub held: &'a Held,
    /// How its rows are taken.
    pub how: &'a How,
    /// Which of them.
    pub batch: &'a Batch,
}

#[async_trait::async_trait]
impl Beside for Progress<'_> {
    async fn beside(&self, work: &mut Work<'_>, answer: &Answer) -> Result<()> {
        Step::of(self.runner, self.held, self.how, self.batch, Some(answer)).write(work, self.held).await
    }
}

/// What a batch does to its job.
pub struct Step {
    rows: Vec<import_row::ActiveModel>,
    counts: Counts,
    offset: i64,
    next_line: i64,
    state: ImportState,
    error: Option<String>,
    /// How its rows are taken from here on, where that changes.
    how: Option<How>,
    undo_line: Option<i64>,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
}

impl Step {
    /// What is said of a batch whose rows have these outcomes; none: none of them was asked about.
    pub fn of(runner: &Runner, held: &Held, how: &How, batch: &Batch, answer: Option<&Answer>) -> Step {
        let (rows, counts) = results::of(&held.job, &batch.entries, answer);
        Step::new(runner, held, how, batch, rows, counts)
    }

    /// What is said of a batch with these results.
    pub fn new(
        runner: &Runner,
        held: &Held,
        how: &How,
        batch: &Batch,
        mut rows: Vec<import_row::ActiveModel>,
        mut counts: Counts,
    ) -> Step {
        let job = &held.job;
        let (now, checks) = (runner.clock.now(), is_check(job, how));
        let refuses = counts.failed + counts.conflict > 0;
        if checks {
            // Looked at, and nothing happened: only what stands in the way is worth keeping.
            let Counts { rows: all, conflict, failed, .. } = counts;
            counts = Counts { rows: all, conflict, failed, skipped: all - conflict - failed, ..Counts::default() };
            let stands = |row: &import_row::ActiveModel| {
                matches!(row.result, sea_orm::ActiveValue::Set(ImportResult::Failed | ImportResult::Conflict))
            };
            rows.retain(stands);
        }
        let counts = job::counts(job).and(counts);
        let mut step = Step {
            rows,
            counts,
            offset: i64::try_from(batch.offset).unwrap_or(i64::MAX),
            next_line: batch.next_line,
            state: if batch.ended { ImportState::Done } else { ImportState::Running },
            error: None,
            how: None,
            undo_line: None,
            now,
            lease_until: job::later(now, runner.options.lease),
        };
        let all_or_nothing = how.error_policy == ErrorPolicy::AllOrNothing && !job.dry_run;
        match (all_or_nothing, checks) {
            (true, true) if batch.ended => match step.counts.failed + step.counts.conflict {
                0 => {
                    step.state = ImportState::Running;
                    (step.offset, step.next_line, step.counts) = (0, 1, Counts::default());
                    step.how = Some(How { checked: true, ..how.clone() });
                }
                refused => {
                    step.state = ImportState::Failed;
                    step.error = Some(format!("{refused} rows cannot be taken, so none was"));
                }
            },
            (true, false) if refuses => {
                step.state = ImportState::Undoing;
                step.undo_line = Some(batch.next_line);
                step.error =
                    Some("a row could not be taken although all could before; what was taken is taken back".to_owned());
                step.how = Some(How { undone_from: Some(ImportState::Failed), ..how.clone() });
            }
            _ => {}
        }
        step
    }

    /// Writes the results and the progress, if the job is still in these hands and where this batch began. Else nothing of the batch
    /// happens.
    pub async fn write(&self, work: &mut Work<'_>, held: &Held) -> Result<()> {
        job::must(work.tx(), &self.update(held)).await?;
        work.insert_technical::<import_row::Entity>(self.rows.clone()).await
    }

    fn update(&self, held: &Held) -> UpdateStatement {
        let mut update = job::update_held(held, self.now);
        update
            .value(import_job::Column::ByteOffset, self.offset)
            .value(import_job::Column::NextLine, self.next_line)
            .value(import_job::Column::Counts, serde_json::json!(self.counts))
            .value(import_job::Column::State, self.state.as_str())
            .value(import_job::Column::LeaseUntil, self.lease_until)
            .value(import_job::Column::Attempts, 0)
            .and_where(Expr::col(import_job::Column::ByteOffset).eq(held.job.byte_offset));
        if let Some(error) = &self.error {
            update.value(import_job::Column::Error, error.as_str());
        }
        if let Some(how) = &self.how {
            update.value(import_job::Column::Options, serde_json::json!(how));
        }
        if let Some(line) = self.undo_line {
            update.value(import_job::Column::UndoLine, line);
            update.value(import_job::Column::UndoCounts, serde_json::json!(super::UndoCounts::default()));
        }
        if !WORKING.contains(&self.state) {
            update.value(import_job::Column::EndedAt, self.now);
        }
        update
    }

    /// The job is like this now.
    pub fn done(self, held: &mut Held) {
        for row in &self.rows {
            if let sea_orm::ActiveValue::Set(result) = &row.result {
                metrics::counter!(ROWS, "result" => result.as_str()).increment(1);
            }
        }
        let job = &mut held.job;
        job.byte_offset = self.offset;
        job.next_line = self.next_line;
        job.counts = serde_json::json!(self.counts);
        job.state = self.state;
        job.attempts = 0;
        if let Some(how) = &self.how {
            job.options = serde_json::json!(how);
        }
        if self.undo_line.is_some() {
            job.undo_line = self.undo_line;
            job.undo_counts = Some(serde_json::json!(super::UndoCounts::default()));
        }
    }
}
