//! Where files come in and results go out. A body is streamed into the file store as it comes, and never held; the job that takes it
//! is answered with at once.

use std::{io, time::Duration};

use async_trait::async_trait;
use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use entities::{
    codes::{ImportResult, UndoResult},
    sync::{import_job, import_row},
};
use futures::{Stream, StreamExt};
use sea_orm::sea_query::{Expr, ExprTrait};
use serde_json::json;
use tower_http::decompression::RequestDecompressionLayer;

use super::{
    Options, ask,
    job::{self, Job},
    problem::Problem,
    results, upload,
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind},
    sync::upsert::SyncEntity,
};

/// Why a caller is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No token, or not a good one.
    Unauthenticated,
    /// The token could not be judged now.
    Unavailable,
}

/// What stands behind this door.
#[async_trait]
pub trait Gate: Clone + Send + Sync + 'static {
    /// The context of whoever calls with a token.
    async fn context(&self, token: &str) -> Result<Cx, Denied>;

    /// Where clients find this server, without a slash at the end.
    fn base_url(&self) -> &str;
}

#[derive(Clone)]
struct Door<G> {
    gate: G,
    options: Options,
}

/// `POST /bulk/{entity}`, and what became of it.
pub fn routes<G: Gate>(gate: G, options: Options) -> Router {
    Router::new()
        .route("/bulk/{entity}", post(bring::<G>))
        .route("/bulk/jobs/{id}", get(tell::<G>))
        .route("/bulk/jobs/{id}/results.ndjson", get(tell_rows::<G>))
        // What is packed counts as it is unpacked: by the bytes that are kept.
        .layer(RequestDecompressionLayer::new())
        .layer(DefaultBodyLimit::disable())
        .with_state(Door { gate, options })
}

/// How much of a body that is refused is read, so that its sender hears why.
const DRAINED: usize = 1024 * 1024;
/// How many rows of the results are read at a time.
const PAGE: u64 = 1_000;

async fn context<G: Gate>(gate: &G, headers: &HeaderMap) -> Result<Cx, Problem> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = match value.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => "",
    };
    if token.is_empty() {
        return Err(Denied::Unauthenticated.into());
    }
    Ok(gate.context(token).await?)
}

async fn bring<G: Gate>(
    State(door): State<Door<G>>,
    Path(entity): Path<String>,
    arguments: Result<Query<Vec<(String, String)>>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut body = body.into_data_stream();
    let asked = async {
        let cx = context(&door.gate, &headers).await?;
        let Query(pairs) = arguments.map_err(|_| Problem::bad("the arguments after ? cannot be read"))?;
        let asked = ask::asked(&cx, &entity, pairs, &headers)?;
        Ok::<_, Problem>((cx, asked))
    };
    let (cx, asked) = match asked.await {
        Ok(asked) => asked,
        Err(problem) => {
            drain(&mut body).await;
            return problem.into_response();
        }
    };
    match Box::pin(upload::receive(&cx, asked, door.options.max_bytes, body)).await {
        Ok((status, job)) => {
            let told = told(&job, door.gate.base_url());
            let mut response = (status, Json(json!({ "job": told }))).into_response();
            if let Ok(location) = HeaderValue::from_str(told["url"].as_str().unwrap_or_default()) {
                response.headers_mut().insert(header::LOCATION, location);
            }
            response
        }
        Err(problem) => problem.into_response(),
    }
}

async fn drain(body: &mut (impl Stream<Item = Result<Bytes, axum::Error>> + Unpin)) {
    let mut left = DRAINED;
    while left > 0 {
        match tokio::time::timeout(Duration::from_secs(1), body.next()).await {
            Ok(Some(Ok(bytes))) => left = left.saturating_sub(bytes.len()),
            _ => return,
        }
    }
}

/// A job as JSON.
fn told(job: &Job, base: &str) -> serde_json::Value {
    let id = GlobalId::new(Kind::ImportJob, job.id);
    json!({
        "id": id,
        "entity": SyncEntity::named(&job.entity),
        "source": job.source,
        "format": job.format,
        "state": job.state,
        "dryRun": job.dry_run,
        "error": job.error,
        "sizeBytes": job.size_bytes,
        "checksum": job.checksum,
        "progress": job::progress(job),
        "counts": job::counts(job),
        "undo": job::undo_counts(job),
        "createdAt": job.created_at,
        "endedAt": job.ended_at,
        "url": format!("{base}/bulk/jobs/{id}"),
        "results": format!("{base}/bulk/jobs/{id}/results.ndjson"),
    })
}

/// A job that the caller may see.
async fn seen(cx: &Cx, id: &str) -> Result<Job, Problem> {
    let unknown = || Problem::not_found("there is no such import");
    let id = GlobalId::parse(id).filter(|id| id.kind == Kind::ImportJob).ok_or_else(unknown)?;
    let job = cx.caller.rows::<import_job::Entity>().by_id(id.uuid).one(&cx.db()).await.map_err(Error::from)?;
    job.map(|job| job.row().clone()).ok_or_else(unknown)
}

async fn tell<G: Gate>(
    State(door): State<Door<G>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let cx = context(&door.gate, &headers).await?;
    let job = seen(&cx, &id).await?;
    Ok(Json(json!({ "job": told(&job, door.gate.base_url()) })).into_response())
}

async fn tell_rows<G: Gate>(
    State(door): State<Door<G>>,
    Path(id): Path<String>,
    arguments: Result<Query<Vec<(String, String)>>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let cx = context(&door.gate, &headers).await?;
    let job = seen(&cx, &id).await?;
    let Query(pairs) = arguments.map_err(|_| Problem::bad("the arguments after ? cannot be read"))?;
    let which = which(pairs)?;
    if job.forgotten_at.is_some() {
        let message = "the rows of this import were destroyed, as its retention says";
        return Err(Problem::new(StatusCode::GONE, "NOT_FOUND", message));
    }
    let mut response = Body::from_stream(lines(cx, job, which)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    let named = HeaderValue::from_static("attachment; filename=\"results.ndjson\"");
    headers.insert(header::CONTENT_DISPOSITION, named);
    Ok(response)
}

/// Which rows are asked for: `result=FAILED,CONFLICT`, `undo=NEWER`.
fn which(pairs: Vec<(String, String)>) -> Result<Option<Expr>, Problem> {
    let mut which: Option<Expr> = None;
    for (name, value) in pairs {
        let codes: Vec<&str> = value.split(',').collect();
        let bad = |all: &[&str]| Problem::bad(format!("{name}: some of {}, with commas", all.join(", ")));
        let more = match name.as_str() {
            "result" if codes.iter().all(|code| ImportResult::parse(code).is_some()) => {
                Expr::col(import_row::Column::Result).is_in(codes)
            }
            "undo" if codes.iter().all(|code| UndoResult::parse(code).is_some()) => {
                Expr::col(import_row::Column::UndoResult).is_in(codes)
            }
            "result" => return Err(bad(<ImportResult as entities::codes::Code>::CODES)),
            "undo" => return Err(bad(<UndoResult as entities::codes::Code>::CODES)),
            _ => return Err(Problem::bad(format!("{name}: there is no such argument; there are result and undo"))),
        };
        which = Some(match which {
            Some(held) => held.and(more),
            None => more,
        });
    }
    Ok(which)
}

/// The results line by line. Each page is read when the one before it was taken; what fails on the way breaks the transfer off, so that
/// nobody takes a part for the whole.
fn lines(cx: Cx, job: Job, which: Option<Expr>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    async_stream::stream! {
        let mut after = 0;
        loop {
            if cx.caller.expires_at.is_some_and(|end| end <= cx.clock.now()) {
                yield Err(io::Error::other("UNAUTHENTICATED"));
                return;
            }
            let rows = match job::rows_unscoped(&cx.db(), &job, after, which.clone(), PAGE).await {
                Ok(rows) => rows,
                Err(error) => {
                    let Problem { code, .. } = Error::from(error).into();
                    yield Err(io::Error::other(code));
                    return;
                }
            };
            let Some(last) = rows.last() else { return };
            after = last.line;
            let text: String = rows.iter().map(|row| format!("{}\n", results::line(row))).collect();
            yield Ok(Bytes::from(text));
        }
    }
}
