//! Journey's questions, answered by hand on Journey's own tables: what the race compares with.
//!
//! No roles, no types, no policy: the tenant is bound, and that is all. `POST /rows/{question}` fetches rows and writes the JSON
//! here; `POST /json/{question}` has the database build it, for the timeline and the look-up. The body is that of the GraphQL
//! request: `{"variables": {…}}`; what a caller's token would say comes as the variable `me`.
//!
//! `DATABASE_URL`: `postgres://…` or `sqlite://path`; `PORT`; `TENANT`: its slug.

mod lite;
mod pg;
mod questions;
mod sql;
mod text;

use std::{env, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    questions::Touch,
    sql::Ask,
    text::{Cursor, Out},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whatever goes wrong is told and no more: this is no product.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// A row, whichever database it comes from.
pub trait Cells {
    fn id(&self, place: usize) -> Option<Uuid>;
    fn text(&self, place: usize) -> Option<&str>;
    fn number(&self, place: usize) -> Option<i64>;
    fn truth(&self, place: usize) -> bool;
    fn time(&self, place: usize) -> Option<DateTime<Utc>>;
    fn date(&self, place: usize) -> Option<NaiveDate>;
}

/// What is bound to a statement.
#[derive(Clone, Debug)]
pub enum Bound {
    Number(i64),
    Small(i32),
    Truth(bool),
    Id(Option<Uuid>),
    Text(Option<String>),
    Time(DateTime<Utc>),
    Json(serde_json::Value),
    Ids(Vec<Uuid>),
}

/// A part of an answer: what is asked, how a row is written, and how many rows it has at most: one more is asked for.
pub struct Part {
    pub ask: Ask,
    pub bound: Vec<Bound>,
    pub size: usize,
    pub write: fn(&dyn Cells, &mut Out),
    pub cursor: fn(&dyn Cells) -> Cursor,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    pub rows: Out,
    pub count: usize,
    pub more: bool,
    pub end: Option<Cursor>,
}

impl Part {
    fn row(&self, found: &mut Found, row: &dyn Cells) {
        if found.count == self.size {
            found.more = true;
            return;
        }
        (self.write)(row, &mut found.rows);
        found.count += 1;
        found.end = Some((self.cursor)(row));
    }
}

/// The database.
pub enum Store {
    Postgres(pg::Pool),
    Sqlite(lite::Pool),
}

impl Store {
    /// The first cell of the first row, a text.
    async fn text(&self, ask: Ask, bound: Vec<Bound>) -> Result<Option<Vec<u8>>> {
        match self {
            Store::Postgres(pool) => pool.text(ask, &bound).await,
            Store::Sqlite(pool) => pool.text(ask, bound).await,
        }
    }

    /// All parts of an answer: at once on PostgreSQL, where a connection takes the next question before it has answered the first.
    async fn parts<const N: usize>(&self, parts: [Part; N]) -> Result<[Found; N]> {
        match self {
            Store::Postgres(pool) => pool.parts(parts).await,
            Store::Sqlite(pool) => pool.parts(parts).await,
        }
    }

    async fn write(&self, touch: Touch) -> Result<()> {
        match self {
            Store::Postgres(pool) => pool.write(touch).await,
            Store::Sqlite(pool) => pool.write(touch).await,
        }
    }
}

pub struct App {
    store: Store,
    tenant: i64,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    variables: Variables,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Variables {
    id: Option<String>,
    after: Option<String>,
    filter: Option<Filter>,
    input: Option<Input>,
    me: Option<String>,
}

#[derive(Deserialize)]
struct Filter {
    kinds: [String; 2],
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    account_id: String,
    contact_id: Option<String>,
    campaign_id: Option<String>,
    interaction: String,
    page_url: Option<String>,
    is_inbound: Option<bool>,
}

async fn answer(
    State(app): State<Arc<App>>,
    Path((how, question)): Path<(String, String)>,
    body: Bytes,
) -> std::result::Result<Response, (StatusCode, String)> {
    let answered = match serde_json::from_slice::<Request>(&body) {
        Ok(request) => questions::answer(&app, &how, &question, request.variables).await,
        Err(error) => Err(error.into()),
    };
    match answered {
        Ok(json) => Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response()),
        Err(error) => Err((StatusCode::BAD_REQUEST, error.to_string())),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = env::var("DATABASE_URL").map_err(|_| "DATABASE_URL: postgres://… or sqlite://path")?;
    let store = match url.strip_prefix("sqlite://") {
        Some(path) => Store::Sqlite(lite::Pool::open(path, 4)?),
        None => Store::Postgres(pg::Pool::connect(&url, 8).await?),
    };
    let slug = env::var("TENANT").unwrap_or_else(|_| "synthetic".to_owned());
    let tenant = match &store {
        Store::Postgres(pool) => pool.tenant(&slug).await?,
        Store::Sqlite(pool) => pool.tenant(slug).await?,
    };
    let app = Arc::new(App { store, tenant });
    let router = Router::new()
        .route("/{how}/{question}", post(answer))
        .route("/readyz", get(|| async { "ready" }))
        .with_state(app);
    let port: u16 = env::var("PORT").map_err(|_| "PORT: where to listen")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, router).await?;
    Ok(())
}
