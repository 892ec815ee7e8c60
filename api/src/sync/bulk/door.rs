//! Where files come in and results go out. A body is streamed into the file store as it comes, and never held; the job that takes it
//! is answered with at once.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    time::Duration,
};

use async_graphql::InputType;
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
    codes::{ImportFormat, ImportResult, ImportState, UndoResult},
    sync::{import_job, import_row},
};
use futures::{Stream, StreamExt};
use sea_orm::sea_query::{Expr, ExprTrait};
use serde_json::json;
use tower_http::decompression::RequestDecompressionLayer;

use super::{
    Counts, Options,
    job::{self, How, Job},
    line,
    problem::Problem,
    results, tidy,
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, is_duplicate},
    journey::Work,
    policy::{Type, table},
    store::Received,
    sync::upsert::{ConflictRule, ErrorPolicy, SyncEntity, UpsertMode},
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

/// The longest code of a system, in characters.
const MAX_SOURCE: usize = 100;
/// The longest idempotency key, in characters.
const MAX_KEY: usize = 255;
/// For how long nobody takes an upload for broken off; while bytes come, it is asked for anew.
const UPLOAD: Duration = Duration::from_secs(60);
/// How long the next bytes of an upload may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of a body that is refused is read, so that its sender hears why.
const DRAINED: usize = 1024 * 1024;
/// How many rows of the results are read at a time.
const PAGE: u64 = 1_000;

const ARGUMENTS: [&str; 8] =
    ["source", "mode", "errorPolicy", "conflict", "dryRun", "mapping", "delimiter", "null"];

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

/// What is asked of a file.
struct Asked {
    entity: SyncEntity,
    source: String,
    format: ImportFormat,
    dry_run: bool,
    how: How,
    key: Option<String>,
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
        let asked = asked(&cx, &entity, pairs, &headers)?;
        Ok::<_, Problem>((cx, asked))
    };
    let (cx, asked) = match asked.await {
        Ok(asked) => asked,
        Err(problem) => {
            drain(&mut body).await;
            return problem.into_response();
        }
    };
    match Box::pin(receive(&door, &cx, asked, body)).await {
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

fn asked(cx: &Cx, entity: &str, pairs: Vec<(String, String)>, headers: &HeaderMap) -> Result<Asked, Problem> {
    let Some(entity) = SyncEntity::named(entity) else {
        let all = SyncEntity::ALL.map(|entity| entity.name().replace(' ', "-")).join(", ");
        return Err(Problem::not_found(format!("there is no {entity:?} to bring; there are {all}")));
    };
    let brings = table::most(Type::Import, cx.caller.roles).writes() && cx.caller.subject.is_some();
    if !brings || !cx.caller.may_upsert(line(entity)) {
        return Err(Error::Forbidden.into());
    }
    let mut arguments = HashMap::new();
    for (name, value) in pairs {
        if !ARGUMENTS.contains(&name.as_str()) {
            return Err(Problem::bad(format!("{name}: there is no such argument; there are {}", ARGUMENTS.join(", "))));
        }
        if arguments.insert(name.clone(), value).is_some() {
            return Err(Problem::bad(format!("{name}: is said twice")));
        }
    }
    let format = format(headers)?;
    let source = arguments.remove("source").unwrap_or_default();
    if source.is_empty() || source.chars().count() > MAX_SOURCE || source.chars().any(char::is_control) {
        return Err(Problem::bad(format!(
            "source: the code of the system that the rows come from, at most {MAX_SOURCE} characters"
        )));
    }
    let dry_run = match arguments.remove("dryRun").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::bad("dryRun: true or false")),
    };
    if format != ImportFormat::Csv
        && let Some(name) = ["mapping", "delimiter", "null"].into_iter().find(|name| arguments.contains_key(*name))
    {
        return Err(Problem::bad(format!("{name}: is for CSV")));
    }
    let how = How {
        mode: code(&mut arguments, "mode", UpsertMode::Upsert)?,
        error_policy: code(&mut arguments, "errorPolicy", ErrorPolicy::SkipFailed)?,
        conflict: code(&mut arguments, "conflict", ConflictRule::Keep)?,
        delimiter: match arguments.remove("delimiter").as_deref() {
            None | Some(",") => b',',
            Some(";") => b';',
            Some("\t" | "tab") => b'\t',
            Some("|") => b'|',
            Some(_) => return Err(Problem::bad("delimiter: a comma, a semicolon, a bar, or tab")),
        },
        null: arguments.remove("null").unwrap_or_else(|| "\\N".to_owned()),
        mapping: match arguments.remove("mapping") {
            None => BTreeMap::new(),
            Some(text) => serde_json::from_str(&text).map_err(|_| {
                Problem::bad("mapping: a JSON object, from a column of the file to what it is here; null leaves it out")
            })?,
        },
        roles: cx.caller.roles.iter().map(|role| role.name().to_owned()).collect(),
        checked: false,
        undone_from: None,
    };
    let key = match headers.get("idempotency-key").map(HeaderValue::to_str) {
        None => None,
        Some(Ok(key)) if !key.is_empty() && key.len() <= MAX_KEY => Some(key.to_owned()),
        Some(_) => return Err(Problem::bad(format!("Idempotency-Key: 1 to {MAX_KEY} printable characters"))),
    };
    Ok(Asked { entity, source, format, dry_run, how, key })
}

fn format(headers: &HeaderMap) -> Result<ImportFormat, Problem> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = said.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| part.to_ascii_lowercase().strip_prefix("charset=").map(str::to_owned));
    let utf8 = charset.is_none_or(|charset| matches!(charset.trim_matches('"'), "utf-8" | "utf8"));
    match media.as_str() {
        "application/x-ndjson" | "application/json-lines" | "application/jsonl" if utf8 => Ok(ImportFormat::Ndjson),
        "text/csv" if utf8 => Ok(ImportFormat::Csv),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "BAD_USER_INPUT",
            "Content-Type: application/x-ndjson, application/json-lines or text/csv, in UTF-8",
        )),
    }
}

/// An argument that is a code of the graph.
fn code<T: InputType + serde::de::DeserializeOwned>(
    arguments: &mut HashMap<String, String>,
    name: &str,
    default: T,
) -> Result<T, Problem> {
    let Some(text) = arguments.remove(name) else { return Ok(default) };
    let ty = T::type_name();
    serde_json::from_value(text.into()).map_err(|_| Problem::bad(format!("{name}: a value of {ty}")))
}

/// Takes the bytes, and gives the job that is theirs.
async fn receive<G: Gate>(
    door: &Door<G>,
    cx: &Cx,
    asked: Asked,
    body: impl Stream<Item = Result<Bytes, axum::Error>> + Send + Unpin + 'static,
) -> Result<(StatusCode, Job), Problem> {
    let Some(files) = cx.store.files() else { return Err(Problem::unavailable()) };
    let most = door.options.max_bytes;
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
