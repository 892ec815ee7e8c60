//! 6: files and feeds for BI tools, most of which cannot speak GraphQL: `/bi/v1/{dataset}.{csv|ndjson|parquet}` (`flat`) and read-only
//! OData 4 under `/odata/` (`odata`); and SQL views for those that read databases (`views`). A dataset is declared once (`facts`, `dims`, `days`, `figures`); names, forms, schema, metadata and
//! `docs/bi.md` are made of that.
//!
//! Row grain is for those who read rows, each its own (`read`: the row rule in the FROM); whoever reads none has the figures, with
//! small groups hidden.
//!
//! To add a dataset: a block of `dataset!`, its name in `dataset::DATASETS`, `UPDATE_SCHEMA=1` for `docs/bi.md`.

mod auth;
mod cell;
mod dataset;
mod days;
mod dims;
pub mod docs;
mod facts;
mod figures;
mod filter;
mod flat;
pub mod odata;
mod problem;
mod read;
mod scene;
pub mod views;
mod write;

use async_trait::async_trait;
use axum::{Router, routing::get};

use crate::graph::Cx;

/// Why a caller is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No token, or not a good one.
    Unauthenticated,
    /// The token could not be judged now.
    Unavailable,
}

/// What stands behind these doors.
#[async_trait]
pub trait Gate: Clone + Send + Sync + 'static {
    /// The context of whoever calls with a token.
    async fn context(&self, token: &str) -> Result<Cx, Denied>;

    /// Where clients find this server, without a slash at the end: links to further pages begin with it.
    fn base_url(&self) -> &str;
}

/// `GET /bi/v1/…` and `GET /odata/…`.
pub fn routes<G: Gate>(gate: G) -> Router {
    Router::new()
        .route("/bi/v1", get(flat::index::<G>))
        .route("/bi/v1/{file}", get(flat::file::<G>))
        .route("/odata", get(odata::root::<G>))
        .route("/odata/", get(odata::root::<G>))
        .route("/odata/{*path}", get(odata::resource::<G>))
        .with_state(gate)
}
