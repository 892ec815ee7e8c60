//! Imports of whole files: in by `POST /bulk/…`, taken by a runner, told by the graph and by the results, and taken back.

mod bad;
mod jobs;
mod killed;
mod undo;

use api::sync::bulk::Runner;
use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use tests::{Client, World};
use tokio_util::sync::CancellationToken;

pub use super::bi::{Got, get};

pub const NDJSON: &str = "application/x-ndjson";
pub const CSV: &str = "text/csv; charset=utf-8";

/// Brings a file, with further headers.
pub async fn bring(
    world: &World,
    client: &Client,
    path: &str,
    media: &str,
    more: &[(&str, &str)],
    body: impl Into<Body>,
) -> Got {
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    let mut request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", client.token))
        .header(header::CONTENT_TYPE, media);
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    let router = world.app.router(api::http::Options::default());
    let response = router.oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Got { status, headers, body: response.into_body().collect().await.unwrap().to_bytes() }
}

/// Brings accounts of the CRM, which must be accepted; the id of the job.
pub async fn accounts(world: &World, client: &Client, arguments: &str, media: &str, body: impl Into<Body>) -> String {
    let got = bring(world, client, &format!("/bulk/account?source=crm{arguments}"), media, &[], body).await;
    let told: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(got.status, 202, "{told}");
    assert_eq!(told["job"]["state"], "READY", "{told}");
    assert_eq!(got.headers[header::LOCATION], told["job"]["url"].as_str().unwrap());
    // The next job is a later one.
    world.pass(chrono::TimeDelta::milliseconds(10));
    told["job"]["id"].as_str().unwrap().to_owned()
}

/// Who takes imports up in this world.
pub fn runner(world: &World) -> Runner {
    world.app.runner(CancellationToken::new())
}

/// Takes up what waits, until nothing does.
pub async fn run(world: &World) {
    let runner = runner(world);
    while runner.turn().await.unwrap() {}
}

pub async fn job(world: &World, client: &Client, id: &str) -> Value {
    get(world, client, &format!("/bulk/jobs/{id}")).await.json()["job"].take()
}

/// What became of the rows that pass.
pub async fn results(world: &World, client: &Client, id: &str, which: &str) -> Vec<Value> {
    let text = get(world, client, &format!("/bulk/jobs/{id}/results.ndjson{which}")).await.text();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Of each row that passes: its line, its key, and what became of it.
pub async fn told(world: &World, client: &Client, id: &str, which: &str) -> Vec<(i64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = results(world, client, id, which).await;
    rows.iter().map(|row| (row["line"].as_i64().unwrap(), text(&row["externalId"]), text(&row["result"]))).collect()
}

pub fn row(line: i64, key: &str, result: &str) -> (i64, String, String) {
    (line, key.to_owned(), result.to_owned())
}

/// How many rows became what; what is not named is zero.
pub fn counts(named: &[(&str, i64)]) -> Value {
    let mut counts = json!({ "rows": 0, "created": 0, "updated": 0, "unchanged": 0, "deleted": 0, "skipped": 0, "conflict": 0, "failed": 0 });
    for (name, n) in named {
        counts[*name] = json!(n);
    }
    counts
}

/// Name, website and version of every account, by its name.
pub async fn held(world: &World) -> Vec<(String, Option<String>, i64)> {
    let (mut held, mut after) = (Vec::new(), Value::Null);
    loop {
        let text = "query($after: String) { accounts(first: 100, after: $after) {
            nodes { name website version } pageInfo { hasNextPage endCursor } } }";
        let page = world.ada().ask(text, json!({ "after": after })).await.must();
        for node in page.data("accounts.nodes").as_array().unwrap() {
            let text = |name: &str| node[name].as_str().map(str::to_owned);
            held.push((text("name").unwrap(), text("website"), node["version"].as_i64().unwrap()));
        }
        if page.data("accounts.pageInfo.hasNextPage") == false {
            held.sort();
            return held;
        }
        after = page.data("accounts.pageInfo.endCursor").clone();
    }
}

pub fn account(name: &str, website: Option<&str>, version: i64) -> (String, Option<String>, i64) {
    (name.to_owned(), website.map(str::to_owned), version)
}
