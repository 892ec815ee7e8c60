//! The flat door: a dataset as a file. With `limit` a page, whose `Link` leads to the next one; without, the whole as a stream that is
//! read as fast as its reader takes it, and never faster.

use std::{
    collections::{HashMap, VecDeque},
    io,
};

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use futures::Stream;

use super::{
    Gate, auth,
    cell::{Cell, Row},
    dataset::{self, Dataset, Source},
    days,
    facts::credit,
    figures,
    problem::Problem,
    read::{self, CHUNK, Reading},
    scene::{ARGUMENTS, Scene},
    write::{Encoder, Format},
};
use crate::{
    analytics::credit::Feed,
    graph::{Cx, Error},
    policy::Role,
};

/// The longest page.
const MAX_LIMIT: u64 = 10_000;

/// `GET /bi/v1`: the datasets that the caller may have, with their columns.
pub async fn index<G: Gate>(State(gate): State<G>, headers: HeaderMap) -> Result<Response, Problem> {
    let cx = auth::context(&gate, &headers).await?;
    let one = |dataset: &Dataset| {
        let column = |field: &dataset::Field| serde_json::json!({ "name": field.name, "type": field.form.name(), "description": field.doc.trim() });
        let columns: Vec<_> = dataset.fields.iter().map(column).collect();
        serde_json::json!({ "dataset": dataset.name, "description": dataset.doc.trim(), "columns": columns })
    };
    let datasets: Vec<_> = dataset::of_caller(&cx.caller).map(one).collect();
    let formats = Format::ALL.map(Format::extension);
    Ok(Json(serde_json::json!({ "datasets": datasets, "formats": formats })).into_response())
}

/// `GET /bi/v1/{dataset}.{format}`.
pub async fn file<G: Gate>(
    State(gate): State<G>,
    Path(file): Path<String>,
    arguments: Result<Query<Vec<(String, String)>>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let cx = auth::context(&gate, &headers).await?;
    let (name, extension) = file.rsplit_once('.').unwrap_or((&file, ""));
    let (dataset, format) = (may(&cx, name)?, format(extension)?);
    let Query(pairs) = arguments.map_err(|_| Problem::bad("the arguments after ? cannot be read"))?;
    let mut arguments = once(pairs)?;
    let limit = arguments.remove("limit").map(|text| limit(&text)).transpose()?;
    let cursor = arguments.remove("cursor");
    if let Some(unknown) = arguments.keys().find(|key| !ARGUMENTS.contains(&key.as_str())) {
        return Err(Problem::bad(format!(
            "{unknown}: there is no such argument; there are {}, cursor, limit",
            ARGUMENTS.join(", ")
        )));
    }
    let scene = Scene::of(&cx, dataset, &arguments).await?;
    let mut source = Pages::of(cx, dataset, scene, cursor.as_deref()).await?;
    let mut encoder = format.encoder(dataset).map_err(Error::internal)?;
    let mut response = match limit {
        Some(limit) => {
            let mut rows = source.next(limit + 1).await?;
            let more = rows.len() as u64 > limit;
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let next = rows.last().filter(|_| more).map(|last| source.cursor(last));
            let broken = |error: io::Error| Problem::from(Error::internal(error));
            let mut bytes = encoder.rows(&rows).map_err(broken)?;
            bytes.extend(encoder.end().map_err(broken)?);
            let mut response = Body::from(bytes).into_response();
            if let Some(cursor) = next {
                let link = next_page(gate.base_url(), &file, &arguments, limit, &cursor);
                if let Ok(link) = HeaderValue::from_str(&format!("<{link}>; rel=\"next\"")) {
                    response.headers_mut().insert(header::LINK, link);
                }
            }
            response
        }
        None => {
            // What is wrong with a question is said before the file begins: by its status, not by a file that breaks off.
            let first = source.next(CHUNK).await?;
            Body::from_stream(stream(source, encoder, first)).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media()));
    if let Ok(named) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.{extension}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    if format.is_packed() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    }
    Ok(response)
}

/// The dataset of a name, if the caller may have it.
pub fn may(cx: &Cx, name: &str) -> Result<&'static Dataset, Problem> {
    let yours: Vec<&str> = dataset::of_caller(&cx.caller).map(|dataset| dataset.name).collect();
    let Some(dataset) = dataset::named(name) else {
        return Err(Problem::not_found(format!("there is no dataset {name:?}; yours are {}", yours.join(", "))));
    };
    if dataset.is_for(&cx.caller) {
        return Ok(dataset);
    }
    let why = match cx.caller.is(Role::Analyst) {
        true => {
            "has a row for each thing that happened, which your role does not read. For you there are figures, with small groups hidden"
        }
        false => "has rows that none of your roles reads. Yours are",
    };
    Err(Problem::forbidden(format!("{name} {why}: {}", yours.join(", "))))
}

fn format(extension: &str) -> Result<Format, Problem> {
    let known = Format::ALL.into_iter().find(|format| format.extension() == extension);
    known.ok_or_else(|| {
        let all = Format::ALL.map(Format::extension).join(", ");
        Problem::not_found(format!("there is no format {extension:?}; an address ends with a dot and one of {all}"))
    })
}

/// The arguments, each at most once.
pub fn once(pairs: Vec<(String, String)>) -> Result<HashMap<String, String>, Problem> {
    let mut arguments = HashMap::new();
    for (key, value) in pairs {
        if arguments.contains_key(&key) {
            return Err(Problem::bad(format!("{key}: is said twice")));
        }
        arguments.insert(key, value);
    }
    Ok(arguments)
}

fn limit(text: &str) -> Result<u64, Problem> {
    let limit = text.parse::<u64>().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| Problem::bad(format!("limit: 1 to {MAX_LIMIT}; without it the whole is streamed")))
}

/// Percent-encoding of a value in a query.
pub fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'$');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn next_page(base: &str, file: &str, arguments: &HashMap<String, String>, limit: u64, cursor: &str) -> String {
    let said = ARGUMENTS.iter().filter_map(|key| arguments.get(*key).map(|value| format!("{key}={}&", escaped(value))));
    format!("{base}/bi/v1/{file}?{}limit={limit}&cursor={cursor}", said.collect::<String>())
}

/// A dataset, page by page.
pub struct Pages {
    cx: Cx,
    dataset: &'static Dataset,
    scene: Scene,
    after: Option<Vec<Cell>>,
    /// Of a daily dataset, the days to come: one statement looks at one day.
    days: VecDeque<(NaiveDate, DateTime<Utc>)>,
    /// Of days and figures, the rows to come; of a table none.
    made: Option<VecDeque<Row>>,
    /// Of credit, what gives its rows.
    feed: Option<Feed>,
}

impl Pages {
    /// From the beginning, or after a cursor.
    async fn of(cx: Cx, dataset: &'static Dataset, scene: Scene, cursor: Option<&str>) -> Result<Pages, Error> {
        let forms: Vec<_> = dataset.keys().map(|nth| dataset.fields[nth].form).collect();
        let after =
            cursor.map(|cursor| read::place(dataset, &forms, cursor).ok_or(Error::CursorInvalid)).transpose()?;
        let mut days = VecDeque::new();
        let mut feed = None;
        let made = match dataset.source {
            Source::Rows { daily, .. } => {
                if daily {
                    days = read::days(&scene)?.into();
                }
                None
            }
            Source::Days => Some(days::rows(&scene)?),
            Source::Figures => Some(figures::rows(&cx, &scene).await?),
            Source::Credit => {
                feed = Some(credit::feed(&scene, after.as_deref()).ok_or(Error::CursorInvalid)?);
                None
            }
        };
        let mut made = made.map(VecDeque::from);
        if let (Some(rows), Some(after)) = (&mut made, &after) {
            let at = rows.iter().position(|row| row[0] == after[0]).ok_or(Error::CursorInvalid)?;
            rows.drain(..=at);
        }
        if let (true, Some(Cell::Day(day))) = (dataset.is_daily(), after.as_ref().map(|after| &after[0])) {
            days.retain(|(other, _)| other >= day);
        }
        Ok(Pages { cx, dataset, scene, after, days, made, feed })
    }

    /// The place of a row.
    fn cursor(&self, row: &Row) -> String {
        let cells: Vec<Cell> = self.dataset.keys().map(|nth| row[nth].clone()).collect();
        read::cursor(self.dataset, &cells)
    }

    /// The next rows, at most `limit`; none at the end.
    async fn next(&mut self, limit: u64) -> Result<Vec<Row>, Error> {
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        if let Some(made) = &mut self.made {
            return Ok(made.drain(..Ord::min(size, made.len())).collect());
        }
        if self.cx.caller.expires_at.is_some_and(|end| end <= self.cx.clock.now()) {
            return Err(Error::TokenExpired);
        }
        if let Some(feed) = &mut self.feed {
            return credit::next(&self.cx, &self.scene, feed, limit).await;
        }
        let order = read::complete(self.dataset, Vec::new());
        let mut rows: Vec<Row> = Vec::new();
        loop {
            let days: Vec<_> = self.days.front().copied().into_iter().collect();
            let (cx, dataset, scene) = (&self.cx, self.dataset, &self.scene);
            let reading = Reading { cx, dataset, scene, filter: Vec::new(), order: order.clone() };
            let wanted = limit - rows.len() as u64;
            let page = reading.page(&days, self.after.as_deref(), 0, wanted).await?;
            if let Some(last) = page.last() {
                self.after = Some(reading.place(last));
            }
            let full = page.len() as u64 == wanted;
            rows.extend(page);
            if full {
                return Ok(rows);
            }
            // The day is at its end; the next one begins where it begins.
            self.days.pop_front();
            if self.days.is_empty() {
                return Ok(rows);
            }
        }
    }
}

/// The bytes of a whole dataset. Each page is read when the one before it was taken. What fails on the way breaks the transfer off, so
/// that nobody takes a part for the whole.
fn stream(
    mut pages: Pages,
    mut encoder: Box<dyn Encoder>,
    first: Vec<Row>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    async_stream::stream! {
        let mut rows = first;
        loop {
            let is_last = (rows.len() as u64) < CHUNK;
            match encoder.rows(&rows) {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => yield Ok(Bytes::from(bytes)),
                Err(error) => {
                    yield Err(error);
                    return;
                }
            }
            if is_last {
                break;
            }
            rows = match pages.next(CHUNK).await {
                Ok(rows) => rows,
                Err(error) => {
                    let Problem { code, message, .. } = error.into();
                    let said = encoder.broken(code, &message);
                    if !said.is_empty() {
                        yield Ok(Bytes::from(said));
                    }
                    yield Err(io::Error::other(code));
                    return;
                }
            };
        }
        yield encoder.end().map(Bytes::from);
    }
}
