//! Taking a file in: its job is announced, its bytes are kept as they come, and when they are whole the job is ready.

use std::{io, time::Duration};

use axum::http::StatusCode;
use bytes::Bytes;
use entities::{codes::ImportState, sync::import_job};
use futures::{Stream, StreamExt};
use sea_orm::sea_query::{Expr, ExprTrait};
use serde_json::json;

use super::{
    Counts,
    ask::Asked,
    job::{self, How, Job},
    problem::Problem,
    tidy,
};
use crate::{
    graph::{Cx, Error, is_duplicate},
    journey::Work,
    store::Received,
};

/// For how long nobody takes an upload for broken off; while bytes come, it is asked for anew.
const UPLOAD: Duration = Duration::from_secs(60);
/// How long the next bytes of an upload may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Takes the bytes, and gives the job that is theirs.
pub async fn receive(
    cx: &Cx,
    asked: Asked,
    most: u64,
    body: impl Stream<Item = Result<Bytes, axum::Error>> + Send + Unpin + 'static,
) -> Result<(StatusCode, Job), Problem> {
    let Some(files) = cx.store.files() else { return Err(Problem::unavailable()) };
    let job = match announce(cx, &asked).await? {
        Announced::New(job) => *job,
        Announced::Known(known) => return again(&known, &asked, body, most).await.map(|()| (StatusCode::OK, *known)),
    };
    let file = job.file_id.unwrap_or_default();
    let received = tokio::select! {
        received = files.receive(job.tenant_id, file, most, Box::pin(patient(body))) => received,
        never = keep_announced(cx, &job) => match never {},
    };
    let broken = match received {
        Ok(Received::Kept { size, checksum }) => {
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            let now = cx.clock.now();
            let ready = job::update(job.tenant_id, job.id, now)
                .value(import_job::Column::State, ImportState::Ready.as_str())
                .value(import_job::Column::SizeBytes, size)
                .value(import_job::Column::Checksum, checksum)
                .value(import_job::Column::LeaseUntil, Option::<chrono::DateTime<chrono::Utc>>::None)
                .and_where(Expr::col(import_job::Column::State).eq(ImportState::Uploading.as_str()))
                .to_owned();
            return match job::must(cx.store.db(), &ready).await {
                Ok(()) => {
                    let job = job::job_unscoped(cx.store.db(), job.tenant_id, job.id).await.map_err(Error::from)?;
                    Ok((StatusCode::ACCEPTED, job.ok_or(Error::NotFound)?))
                }
                Err(error) if job::is_lost(&error) => {
                    tidy::throw_away(&cx.store, &job, now).await?;
                    Err(Problem::conflict("STATE_CONFLICT", "the import was called off while its file came in"))
                }
                Err(error) => Err(error.into()),
            };
        }
        Ok(Received::TooMany) => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BAD_USER_INPUT",
            format!("a file has at most {most} bytes, unpacked; bring it in parts"),
        ),
        Ok(Received::Broken) => Problem::bad("the bytes broke off; nothing of them was kept"),
        Err(cause) => {
            tracing::error!(%cause, "the file store failed");
            Problem::unavailable()
        }
    };
    tidy::break_off(&cx.store, &job, cx.clock.now()).await?;
    Err(broken)
}

enum Announced {
    New(Box<Job>),
    Known(Box<Job>),
}

/// The job of an upload: a new one, or the one that the same key made before.
async fn announce(cx: &Cx, asked: &Asked) -> Result<Announced, Error> {
    let subject = cx.caller.subject.clone().ok_or(Error::Forbidden)?;
    let (tenant, now) = (cx.caller.tenant, cx.clock.now());
    // Twice: the first time it may be found that an upload of this key has broken off.
    for _ in 0..2 {
        let mut work = Work::begin(cx).await?;
        let known = match &asked.key {
            Some(key) => job::job_of_key_unscoped(work.tx(), tenant, &subject, key).await?,
            None => None,
        };
        match known {
            Some(known) if known.state == ImportState::Uploading && known.lease_until.is_none_or(|end| end < now) => {
                drop(work);
                tidy::break_off(&cx.store, &known, now).await?;
                continue;
            }
            Some(known) => return Ok(Announced::Known(Box::new(known))),
            None => {}
        }
        let (id, file) = (work.fresh_id(), work.fresh_id());
        let row = Job {
            tenant_id: tenant,
            id,
            entity: asked.entity.name().to_owned(),
            source: asked.source.clone(),
            format: asked.format,
            options: json!(asked.how),
            dry_run: asked.dry_run,
            state: ImportState::Uploading,
            error: None,
            created_by: subject.clone(),
            idempotency_key: asked.key.clone(),
            file_id: Some(file),
            size_bytes: None,
            checksum: None,
            byte_offset: 0,
            next_line: 1,
            counts: json!(Counts::default()),
            undo_counts: None,
            undo_line: None,
            undo_dry_run: false,
            lease: None,
            lease_until: Some(job::later(now, UPLOAD)),
            attempts: 0,
            ended_at: None,
            forgotten_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let set = sea_orm::ActiveModelTrait::reset_all(import_job::ActiveModel::from(row.clone()));
        match work.insert_technical::<import_job::Entity>(vec![set]).await {
            Ok(()) => {
                work.commit().await?;
                return Ok(Announced::New(Box::new(row)));
            }
            // The same key at the same moment: the other one was faster, and is found now.
            Err(Error::Internal(cause)) if cause.downcast_ref::<sea_orm::DbErr>().is_some_and(is_duplicate) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::NotFound)
}

/// Says again and again that the bytes of a job still come, for as long as it is waited for.
async fn keep_announced(cx: &Cx, job: &Job) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(UPLOAD / 4).await;
        let now = cx.clock.now();
        let update = job::update(job.tenant_id, job.id, now)
            .value(import_job::Column::LeaseUntil, job::later(now, UPLOAD))
            .and_where(Expr::col(import_job::Column::State).eq(ImportState::Uploading.as_str()))
            .to_owned();
        if let Err(error) = job::must(cx.store.db(), &update).await {
            tracing::debug!(code = error.code(), "an upload could not say that it goes on");
        }
    }
}

/// An upload that was brought before: it must be the same, to the byte.
async fn again(
    known: &Job,
    asked: &Asked,
    body: impl Stream<Item = Result<Bytes, axum::Error>> + Send + Unpin + 'static,
    most: u64,
) -> Result<(), Problem> {
    use sha2::{Digest, Sha256};
    if known.state == ImportState::Uploading {
        return Err(Problem::conflict("STATE_CONFLICT", "the file of this Idempotency-Key is still coming in"));
    }
    let other = || {
        let message = "the Idempotency-Key was used for another file, or with other arguments";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_MISMATCH", message)
    };
    let how = job::how(known)?;
    let same = How { checked: how.checked, undone_from: how.undone_from, ..asked.how.clone() } == how
        && known.entity == asked.entity.name()
        && known.source == asked.source
        && known.format == asked.format
        && known.dry_run == asked.dry_run;
    if !same {
        return Err(other());
    }
    let (mut digest, mut size) = (Sha256::new(), 0_u64);
    let mut body = Box::pin(patient(body));
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|_| Problem::bad("the bytes broke off"))?;
        size += bytes.len() as u64;
        if size > most {
            return Err(other());
        }
        digest.update(&bytes);
    }
    let checksum: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    match known.checksum.as_deref() == Some(checksum.as_str()) {
        true => Ok(()),
        false => Err(other()),
    }
}

/// The bytes of a body, of which the next ones do not take for ever.
fn patient(
    body: impl Stream<Item = Result<Bytes, axum::Error>> + Send + Unpin + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    futures::stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        match tokio::time::timeout(PATIENCE, body.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(body))),
            Ok(Some(Err(_))) => Some((Err(io::Error::other("the line broke")), None)),
            Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    })
}
