//! Read-only OData 4.0, the part of it that BI tools need: service document, `$metadata`, and the datasets as entity sets with `$select`,
//! `$filter`, `$orderby`, `$top`, `$skip`, `$count` and pages by `@odata.nextLink`. The arguments of the flat door are custom options.

pub mod filter;
mod metadata;
mod options;

use std::cmp::Ordering;

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{
    Gate, auth,
    cell::{Cell, Form, Row},
    dataset::{self, Dataset, Source},
    days,
    facts::credit,
    figures,
    flat::{escaped, may},
    problem::Problem,
    read::{self, By, CHUNK, Reading},
    scene::Scene,
    write::{json, object},
};
use crate::graph::{Cx, Error};
use options::{Options, PAGE};

const VERSION: (HeaderName, HeaderValue) = (HeaderName::from_static("odata-version"), HeaderValue::from_static("4.0"));

fn versioned(answer: Result<Response, Problem>) -> Response {
    let mut response = answer.into_response();
    let (name, value) = VERSION;
    response.headers_mut().insert(name, value);
    response
}

/// `GET /odata/`: the service document.
pub async fn root<G: Gate>(State(gate): State<G>, headers: HeaderMap) -> Response {
    let answer = async {
        let cx = auth::context(&gate, &headers).await?;
        let document = metadata::service(gate.base_url(), dataset::of_caller(&cx.caller));
        let mut response = Json(document).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        Ok(response)
    };
    versioned(answer.await)
}

const JSON: &str = "application/json;odata.metadata=minimal;charset=utf-8";

/// `GET /odata/$metadata`, `/odata/{set}` and `/odata/{set}/$count`.
pub async fn resource<G: Gate>(
    State(gate): State<G>,
    Path(path): Path<String>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let cx = auth::context(&gate, &headers).await?;
        if path == "$metadata" {
            let datasets: Vec<&Dataset> = dataset::of_caller(&cx.caller).collect();
            let xml = metadata::xml(datasets.iter().copied());
            return Ok(([(header::CONTENT_TYPE, "application/xml;charset=utf-8")], xml).into_response());
        }
        let (set, rest) = path.split_once('/').unwrap_or((&path, ""));
        if set.contains('(') || !matches!(rest, "" | "$count") {
            let message = "an address is that of an entity set, or of its $count; a single row is found by $filter";
            return Err(Problem::not_implemented(message));
        }
        let dataset = may(&cx, set)?;
        let Query(pairs) = pairs.map_err(|_| Problem::bad("the options after ? cannot be read"))?;
        let options = Options::of(dataset, pairs)?;
        let scene = Scene::of(&cx, dataset, &options.arguments).await?;
        let asked = Asked { cx: &cx, dataset, scene: &scene, options: &options };
        if rest == "$count" {
            let count = asked.read(0, true).await?.count.unwrap_or(0);
            return Ok(([(header::CONTENT_TYPE, "text/plain;charset=utf-8")], count.to_string()).into_response());
        }
        asked.answer(gate.base_url(), page_size(&headers)).await
    };
    versioned(answer.await)
}

/// The rows of a page, as the client prefers.
fn page_size(headers: &HeaderMap) -> u64 {
    let prefer = headers.get("prefer").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sizes = prefer.split([',', ';']).filter_map(|part| {
        let (name, size) = part.trim().split_once('=')?;
        let is_size = matches!(name.trim(), "odata.maxpagesize" | "maxpagesize");
        is_size.then(|| size.trim().parse::<u64>().ok()).flatten()
    });
    sizes.filter(|size| (1..=PAGE).contains(size)).min().unwrap_or(PAGE)
}

/// A question about an entity set.
struct Asked<'a> {
    cx: &'a Cx,
    dataset: &'static Dataset,
    scene: &'a Scene,
    options: &'a Options,
}

/// A page of the answer.
#[derive(Default)]
struct Answer {
    rows: Vec<Row>,
    /// Where the next page begins; none at the end.
    next: Option<String>,
    count: Option<u64>,
}

impl Asked<'_> {
    async fn answer(&self, base: &str, page: u64) -> Result<Response, Problem> {
        let Answer { rows, next, count } = self.read(page, self.options.count).await?;
        let all = (0..self.dataset.fields.len()).collect();
        let columns = self.options.select.as_ref().unwrap_or(&all);
        let names: Vec<&str> = columns.iter().map(|nth| self.dataset.fields[*nth].name).collect();
        let selected = if self.options.select.is_some() { format!("({})", names.join(",")) } else { String::new() };
        let context = format!("{base}/odata/$metadata#{}{selected}", self.dataset.name);
        let mut body = format!("{{\"@odata.context\":{}", json(&context));
        if let Some(count) = count {
            body.push_str(&format!(",\"@odata.count\":{count}"));
        }
        body.push_str(",\"value\":[");
        for (nth, row) in rows.iter().enumerate() {
            if nth > 0 {
                body.push(',');
            }
            object(&mut body, self.dataset.fields, columns.iter().copied(), row);
        }
        body.push(']');
        if let Some(token) = next {
            let link = self.next_link(base, &token, rows.len() as u64);
            body.push_str(&format!(",\"@odata.nextLink\":{}", json(&link)));
        }
        body.push('}');
        let mut response = Body::from(body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        if page != PAGE {
            let applied = HeaderValue::from_str(&format!("odata.maxpagesize={page}"));
            headers.insert("preference-applied", applied.unwrap_or(HeaderValue::from_static("")));
        }
        Ok(response)
    }

    fn next_link(&self, base: &str, token: &str, given: u64) -> String {
        let kept = self.options.kept.iter().map(|(key, value)| format!("{}={}&", escaped(key), escaped(value)));
        let top = self.options.top.map(|top| format!("$top={}&", top.saturating_sub(given))).unwrap_or_default();
        format!("{base}/odata/{}?{}{top}$skiptoken={token}", self.dataset.name, kept.collect::<String>())
    }

    /// A page of rows, and how many there are in all.
    async fn read(&self, page: u64, counts: bool) -> Result<Answer, Problem> {
        let wanted = self.options.top.map_or(page, |top| Ord::min(top, page));
        // The rows that `$top` asks for end with it; others may go on.
        let goes_on = self.options.top.is_none_or(|top| top > page);
        match self.dataset.source {
            Source::Rows { .. } => self.read_rows(wanted, goes_on, counts).await,
            Source::Days => self.read_made(days::rows(self.scene)?, wanted, goes_on, counts),
            Source::Figures => {
                let rows = figures::rows(self.cx, self.scene).await?;
                self.read_made(rows, wanted, goes_on, counts)
            }
            Source::Credit => self.read_credit(wanted, goes_on, counts).await,
        }
    }

    /// The same of credit, which is read in the order of its keys and filtered as it comes: one pass, of which a page is kept. A token
    /// is the row after which to go on.
    async fn read_credit(&self, wanted: u64, goes_on: bool, counts: bool) -> Result<Answer, Problem> {
        let (dataset, passes) = (self.dataset, |row: &Row| self.options.filter.iter().all(|one| one.passes(row)));
        if !self.options.order.is_empty() {
            return Err(Problem::not_implemented(format!(
                "$orderby: {} comes in the order of its keys, and in no other",
                dataset.name
            )));
        }
        let forms: Vec<Form> = dataset.keys().map(|nth| dataset.fields[nth].form).collect();
        let token = self.options.token.as_ref();
        let after = token.map(|token| read::place(dataset, &forms, token).ok_or_else(wrong_token)).transpose()?;
        let mut skip = if after.is_some() { 0 } else { self.options.skip };
        let mut feed = credit::feed(self.scene, after.as_deref()).ok_or_else(wrong_token)?;
        let (mut rows, enough): (Vec<Row>, u64) = (Vec::new(), wanted + u64::from(goes_on));
        while (rows.len() as u64) < enough {
            let page = credit::next(self.cx, self.scene, &mut feed, CHUNK).await?;
            let is_last = (page.len() as u64) < CHUNK;
            for row in page.into_iter().filter(passes) {
                match skip {
                    0 => rows.push(row),
                    _ => skip -= 1,
                }
            }
            if is_last {
                break;
            }
        }
        let more = goes_on && rows.len() as u64 > wanted;
        rows.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        let keys = |row: &Row| dataset.keys().map(|nth| row[nth].clone()).collect::<Vec<Cell>>();
        let next = rows.last().filter(|_| more).map(|last| read::cursor(dataset, &keys(last)));
        let mut count = None;
        if counts {
            // All of them, whatever the page.
            let mut feed = credit::feed(self.scene, None).ok_or_else(wrong_token)?;
            let mut n = 0;
            loop {
                let page = credit::next(self.cx, self.scene, &mut feed, CHUNK).await?;
                n += page.iter().filter(|row| passes(row)).count() as u64;
                if (page.len() as u64) < CHUNK {
                    break;
                }
            }
            count = Some(n);
        }
        Ok(Answer { rows, next, count })
    }

    async fn read_rows(&self, wanted: u64, goes_on: bool, counts: bool) -> Result<Answer, Problem> {
        let days = if self.dataset.is_daily() { read::days(self.scene)? } else { Vec::new() };
        let order = read::complete(self.dataset, self.options.order.clone());
        let (cx, dataset, scene) = (self.cx, self.dataset, self.scene);
        let reading = Reading { cx, dataset, scene, filter: self.options.filter.clone(), order };
        let forms = reading.forms();
        let token = self.options.token.as_ref();
        let after = token.map(|token| read::place(dataset, &forms, token).ok_or_else(wrong_token)).transpose()?;
        // The protocol's own $skip is an OFFSET, which this house has nowhere else: it is bounded, and only the first page has it. The
        // pages that follow go on by key.
        let skip = if after.is_some() { 0 } else { self.options.skip };
        let mut rows = match wanted {
            0 => Vec::new(),
            _ => reading.page(&days, after.as_deref(), skip, wanted + u64::from(goes_on)).await?,
        };
        let more = rows.len() as u64 > wanted;
        rows.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| more).map(|last| read::cursor(dataset, &reading.place(last)));
        let count = if counts { Some(reading.count(&days).await?) } else { None };
        Ok(Answer { rows, next, count })
    }

    /// The same of rows that stand in memory; a token is a number of rows.
    fn read_made(&self, rows: Vec<Row>, wanted: u64, goes_on: bool, counts: bool) -> Result<Answer, Problem> {
        let mut rows: Vec<Row> = rows
            .into_iter()
            .filter(|row| self.options.filter.iter().all(|comparison| comparison.passes(row)))
            .collect();
        let count = counts.then_some(rows.len() as u64);
        rows.sort_by(|one, other| compared(&self.options.order, one, other));
        let begin = match &self.options.token {
            None => self.options.skip,
            Some(token) => match read::place(self.dataset, &[Form::Integer], token).as_deref() {
                Some([Cell::Integer(n)]) => n.unsigned_abs(),
                _ => return Err(wrong_token()),
            },
        };
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let end = begin.saturating_add(wanted);
        let more = goes_on && (rows.len() as u64) > end;
        let next = more.then(|| read::cursor(self.dataset, &[Cell::Integer(i64::try_from(end).unwrap_or(i64::MAX))]));
        Ok(Answer { rows: rows.into_iter().skip(size(begin)).take(size(wanted)).collect(), next, count })
    }
}

fn compared(order: &[By], one: &Row, other: &Row) -> Ordering {
    let by = |by: &By| match (one[by.field].order(&other[by.field]), by.falling) {
        (order, false) => order,
        (order, true) => order.reverse(),
    };
    order.iter().map(by).find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
}

fn wrong_token() -> Problem {
    Problem {
        message: "$skiptoken: one that @odata.nextLink gave, with the same options".to_owned(),
        ..Error::CursorInvalid.into()
    }
}
