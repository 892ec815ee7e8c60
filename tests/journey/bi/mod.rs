//! The doors for BI tools, by the front door: files and OData; and SQL views, by a login of their own.

mod credit;
mod door;
mod feed;
mod rows;
mod views;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::Value;
use tests::{Client, World};
use tower::ServiceExt;

/// The period in which the market was told, as an argument.
pub const YEAR: &str = "from=2025-11-01T00:00:00Z&to=2026-11-01T00:00:00Z";

/// What came back.
pub struct Got {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Sends a GET with an `Authorization`.
pub async fn get_as(world: &World, authorization: Option<&str>, path: &str) -> Got {
    let mut request = Request::get(path);
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    let router = world.app.router(api::http::Options::default());
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Got { status, headers, body: response.into_body().collect().await.unwrap().to_bytes() }
}

pub async fn get(world: &World, client: &Client, path: &str) -> Got {
    get_as(world, Some(&format!("Bearer {}", client.token)), path).await
}

impl Got {
    /// The body of a good answer.
    pub fn good(self) -> Bytes {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.body));
        self.body
    }

    pub fn json(self) -> Value {
        serde_json::from_slice(&self.good()).unwrap()
    }

    pub fn text(self) -> String {
        String::from_utf8(self.good().to_vec()).unwrap()
    }

    /// Status, code and message of a refusal.
    pub fn refused(self) -> (u16, String, String) {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |key: &str| body["error"][key].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), text("code"), text("message"))
    }

    /// Where the next page is, without the server.
    pub fn next(&self) -> Option<String> {
        let link = self.headers.get(header::LINK)?.to_str().unwrap();
        let url = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        Some(path(url))
    }
}

/// An address without its server.
pub fn path(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

/// A CSV as objects, in its order.
pub fn table(csv: &str) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let record = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.unwrap();
        let cells = names.iter().cloned().zip(record.iter().map(|cell| Value::from(cell.to_owned())));
        Value::Object(cells.collect())
    };
    reader.records().map(record).collect()
}

/// A CSV of a dataset as objects.
pub async fn csv(world: &World, client: &Client, path: &str) -> Vec<Value> {
    table(&get(world, client, path).await.text())
}

/// The objects of an NDJSON.
pub async fn ndjson(world: &World, client: &Client, path: &str) -> Vec<Value> {
    get(world, client, path).await.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
