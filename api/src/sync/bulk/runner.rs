//! The runner: takes jobs up, one after the other, and takes their rows. Any number of them, in any number of processes.

use std::time::Duration;

use chrono::TimeDelta;
use entities::codes::{ImportResult, ImportState};
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    batch::{Batch, Headless, Source},
    job::{self, Counts, Held, How, WORKING},
    lines::Gone,
    results,
    step::{Progress, Step, is_check},
    tidy, undo,
};
use crate::{
    auth::Claims,
    clock::Clock,
    graph::{Cx, Error, Result},
    journey::{Work, attempt},
    policy::{Caller, Grants, Known, RoleSet},
    store::Store,
    sync::upsert::{self, Answer, ErrorPolicy, JsonRow},
    tenancy,
};

/// After so many faults without a row between them a job ends.
const MAX_ATTEMPTS: i32 = 5;

/// How long a job rests after a fault, times the number of faults.
const REST: TimeDelta = TimeDelta::seconds(2);

/// How often a server looks for what has become too old.
const TIDY: Duration = Duration::from_secs(3_600);

const RUNNING: &str = "bulk_jobs_running";

/// Says in the exposition what each figure means.
pub fn describe() {
    metrics::describe_counter!(super::step::ROWS, "Rows of import jobs that were looked at, by what became of them");
    metrics::describe_gauge!(RUNNING, "Import jobs that this process works at");
}

/// Who takes jobs up.
#[derive(Clone, Debug)]
pub struct Runner {
    /// The database, with its place for files.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// How files are taken.
    pub options: Options,
    /// Whether to stop: the batch under way is taken, and the job let go.
    pub stop: CancellationToken,
}

/// How a job is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// At its end.
    Ended,
    /// In the middle: the runner is to stop.
    Stopped,
}

/// Works until it is stopped.
pub async fn keep(runner: Runner) {
    let mut tidied: Option<std::time::Instant> = None;
    while !runner.stop.is_cancelled() {
        if tidied.is_none_or(|at| at.elapsed() >= TIDY) {
            tidied = Some(std::time::Instant::now());
            if let Err(error) = Box::pin(tidy::tidy(&runner)).await {
                tracing::warn!(?error, "imports are kept longer than they should be");
            }
        }
        match Box::pin(runner.turn()).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(?error, "nobody knows which imports wait"),
        }
        tokio::select! {
            () = runner.stop.cancelled() => {}
            () = tokio::time::sleep(runner.store.poll_interval()) => {}
        }
    }
}

struct Running;

impl Running {
    fn one() -> Running {
        metrics::gauge!(RUNNING).increment(1.0);
        Running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        metrics::gauge!(RUNNING).decrement(1.0);
    }
}

impl Runner {
    /// Takes up one job that waits, and brings it to its end. Whether there was one.
    pub async fn turn(&self) -> Result<bool> {
        let lease = format!("{:016x}{:016x}", self.clock.random(), self.clock.random());
        let held = job::claim_unscoped(&self.store, self.clock.now(), lease, self.options.lease).await?;
        let Some(mut held) = held else { return Ok(false) };
        let _running = Running::one();
        let (tenant, id) = (held.job.tenant_id, held.job.id);
        match Box::pin(self.work(&mut held)).await {
            Ok(Left::Ended) => tracing::info!(tenant, %id, state = %held.job.state, "an import has ended"),
            Ok(Left::Stopped) => match held.release(&self.store, self.clock.now(), self.clock.now()).await {
                Err(error) if !job::is_lost(&error) => return Err(error),
                _ => {}
            },
            Err(error) => self.fell(&held, &error).await?,
        }
        self.store.wake(tenant);
        Ok(true)
    }

    /// What happens to a job in which something went wrong.
    async fn fell(&self, held: &Held, error: &Error) -> Result<()> {
        let (tenant, id, now) = (held.job.tenant_id, held.job.id, self.clock.now());
        if job::is_lost(error) {
            tracing::info!(tenant, %id, "an import is in other hands");
            return Ok(());
        }
        let gone = matches!(error, Error::Internal(cause) if cause.downcast_ref::<Gone>().is_some());
        let why = match error {
            _ if gone => "the bytes of the file are gone".to_owned(),
            Error::User(errors) => errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; "),
            Error::BadInput(message) => message.clone(),
            Error::Forbidden => "your role does not allow this".to_owned(),
            Error::Internal(_) if !error.is_outage() && held.job.attempts + 1 >= MAX_ATTEMPTS => {
                // The driver quotes rows: its words stay out of the log.
                tracing::error!(code = error.code(), tenant, %id, "an import ends in the middle");
                "a fault of the house; what was taken before stays".to_owned()
            }
            Error::Internal(_) | Error::Conflict(_) => {
                tracing::warn!(code = error.code(), tenant, %id, "an import rests");
                let until = now + REST * (held.job.attempts + 1);
                let rested = match error.is_outage() || error.is_transient() {
                    true => held.release(&self.store, now, until).await,
                    false => held.stumble(&self.store, now, until).await,
                };
                return if rested.as_ref().is_err_and(job::is_lost) { Ok(()) } else { rested };
            }
            other => {
                tracing::error!(code = other.code(), tenant, %id, "an import cannot run");
                "it cannot be run".to_owned()
            }
        };
        match held.fail(&self.store, now, &why).await {
            Err(error) if job::is_lost(&error) => Ok(()),
            done => done,
        }
    }

    /// Works at a job, and asks for more time for as long as that takes.
    async fn work(&self, held: &mut Held) -> Result<Left> {
        let kept = held.clone();
        let cx = self.context(held).await?;
        let working = async {
            match held.job.state {
                ImportState::Undoing => undo::run(self, &cx, held).await,
                _ => self.import(&cx, held).await,
            }
        };
        tokio::select! {
            left = Box::pin(working) => left,
            lost = self.beat(&kept) => Err(lost),
        }
    }

    /// Asks for more time until the job is in other hands. A job that has ended meanwhile is no longer held in this state, either: then the work
    /// itself is about to say so.
    async fn beat(&self, held: &Held) -> Error {
        loop {
            tokio::time::sleep(self.options.lease / 3).await;
            match held.renew(&self.store, self.clock.now(), self.options.lease).await {
                Err(error) if job::is_lost(&error) => {
                    // The end may be committed and not yet told.
                    tokio::time::sleep(self.options.lease).await;
                    return error;
                }
                // A database that is away is the work's own affair.
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// The caller of a job: whoever brought it, with the roles that it brought it with, as what it is now.
    async fn context(&self, held: &Held) -> Result<Cx> {
        let (job, now) = (&held.job, self.clock.now());
        let how = job::how(job)?;
        let roles: RoleSet = how.roles.iter().filter_map(|role| role.parse().ok()).collect();
        let tenant = tenancy::tenant(&self.store, job.tenant_id).await?.slug;
        let grants = Grants::of_told(how.grants.as_deref());
        let subject = job.created_by.clone();
        let claims = Claims { tenant, subject, roles, grants, expires_at: now + TimeDelta::days(1) };
        let mut caller = tenancy::resolve(&self.store, &claims, now).await?.ok_or(Error::NotFound)?;
        // The token was good when it brought the file: a job may take longer than a token lives.
        caller.expires_at = None;
        let entity = job::entity(job)?;
        if !caller.may_upsert(super::line(entity)) {
            return Err(Error::Forbidden);
        }
        Ok(Cx::new(caller, self.store.clone(), self.clock.clone()))
    }

    /// The context of the next batch: what was read for the one before it may be another by now, and would pile up.
    pub(super) fn fresh(&self, cx: &Cx) -> Cx {
        let caller = Caller { levels: Known::default(), ..cx.caller.clone() };
        Cx::new(caller, self.store.clone(), self.clock.clone())
    }

    async fn import(&self, cx: &Cx, held: &mut Held) -> Result<Left> {
        let files = self.store.files().ok_or_else(|| Error::internal(Gone))?;
        let most = self.options.batch_rows.clamp(1, upsert::MAX_ROWS);
        let mut size = most;
        loop {
            let (how, entity) = (job::how(&held.job)?, job::entity(&held.job)?);
            let job = held.job.clone();
            let mut source = match Source::open(files, &job, &how, entity, &self.options).await? {
                Ok(source) => source,
                Err(Headless(why)) => {
                    held.fail(&self.store, self.clock.now(), &why).await?;
                    held.job.state = ImportState::Failed;
                    self.throw_away(held).await;
                    return Ok(Left::Ended);
                }
            };
            loop {
                if self.stop.is_cancelled() {
                    return Ok(Left::Stopped);
                }
                let cx = &self.fresh(cx);
                let batch = source.next(size).await?;
                match Box::pin(self.take(cx, held, &how, &batch)).await {
                    Ok(()) => {}
                    // One of them is more than the house can bear. It is found by halves; the others go in.
                    Err(error) if is_bad_row(&error) && !batch.entries.is_empty() => {
                        tracing::warn!(code = error.code(), rows = batch.entries.len(), "a batch is taken in halves");
                        if batch.entries.len() == 1 {
                            self.refuse(cx, held, &how, &batch).await?;
                        } else {
                            size = (batch.entries.len() / 2).max(1);
                            break;
                        }
                    }
                    Err(error) => return Err(error),
                }
                if !WORKING.contains(&held.job.state) {
                    self.throw_away(held).await;
                    return Ok(Left::Ended);
                }
                if held.job.state == ImportState::Undoing {
                    return Box::pin(undo::run(self, cx, held)).await;
                }
                if held.job.byte_offset == 0 {
                    // From the beginning again: every row was looked at, now each is taken.
                    break;
                }
                size = (size * 2).min(most);
            }
        }
    }

    /// Takes a batch.
    async fn take(&self, cx: &Cx, held: &mut Held, how: &How, batch: &Batch) -> Result<()> {
        let job = &held.job;
        let looks = job.dry_run || is_check(job, how);
        // What only looks, looks at every row.
        let error_policy = if looks { ErrorPolicy::SkipFailed } else { how.error_policy };
        let ask = job::ask(job, how.mode, error_policy, how.conflict, looks)?;
        let rows: Vec<JsonRow> = batch.entries.iter().filter_map(|entry| entry.row.as_ref().ok().cloned()).collect();
        let unreadable = rows.len() < batch.entries.len();
        let refused_whole = unreadable && !looks && how.error_policy == ErrorPolicy::AllOrNothing;
        if rows.is_empty() || refused_whole {
            return self.note(cx, held, how, batch, None).await;
        }
        let beside = Progress { runner: self, held: &*held, how, batch };
        let answer = Box::pin(upsert::take_json(cx, &ask, rows, &beside)).await?;
        if !answer.committed {
            return self.note(cx, held, how, batch, Some(&answer)).await;
        }
        let step = Step::of(self, held, how, batch, Some(&answer));
        step.done(held);
        Ok(())
    }

    /// Writes down what became of a batch of which nothing was committed.
    async fn note(&self, cx: &Cx, held: &mut Held, how: &How, batch: &Batch, answer: Option<&Answer>) -> Result<()> {
        let step = Step::of(self, held, how, batch, answer);
        self.write(cx, held, step).await
    }

    /// Writes down that the house could not take the only row of a batch.
    async fn refuse(&self, cx: &Cx, held: &mut Held, how: &How, batch: &Batch) -> Result<()> {
        let rows = batch.entries.iter().map(|entry| results::refused(&held.job, entry)).collect();
        let mut counts = Counts::default();
        counts.add(ImportResult::Failed);
        let step = Step::new(self, held, how, batch, rows, counts);
        self.write(cx, held, step).await
    }

    async fn write(&self, cx: &Cx, held: &mut Held, step: Step) -> Result<()> {
        let (written, job) = (&step, &*held);
        attempt(|| async move {
            let mut work = Work::begin(cx).await?;
            written.write(&mut work, job).await?;
            work.commit().await.map(drop)
        })
        .await?;
        step.done(held);
        Ok(())
    }

    /// Throws the bytes of a job that has ended away: they are not needed, and may be persons'.
    pub(super) async fn throw_away(&self, held: &mut Held) {
        if let Err(error) = tidy::throw_away(&self.store, &held.job, self.clock.now()).await {
            // The next tidying does.
            tracing::warn!(?error, job = %held.job.id, "the bytes of an import stay");
        }
    }
}

/// Whether the database refused a batch for what is in it.
fn is_bad_row(error: &Error) -> bool {
    let gone = matches!(error, Error::Internal(cause) if cause.downcast_ref::<Gone>().is_some());
    matches!(error, Error::Internal(_)) && !gone && !error.is_outage() && !job::is_lost(error)
}
