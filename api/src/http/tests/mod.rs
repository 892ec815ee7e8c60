//! The front door from outside: through the router in one step, or over a real socket on a free port.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod door;
mod events;
mod graphql;
mod log;
mod probes;
mod serving;
mod socket;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, Response, StatusCode},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use self::door::TestDoor;
use super::{Lifecycle, Options, router, serve};

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The code of the first error.
    fn code(&self) -> Option<String> {
        self.json().pointer("/errors/0/extensions/code").and_then(Value::as_str).map(str::to_owned)
    }
}

fn app(door: TestDoor) -> Router {
    router(door, Options::default(), Router::new())
}

async fn read(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

async fn send(app: &Router, request: Request<Body>) -> Answer {
    read(app.clone().oneshot(request).await.unwrap()).await
}

/// A request with the good token, and the given headers instead or in addition.
fn request(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    request.headers_mut().insert("authorization", "Bearer good".parse().unwrap());
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        match *value {
            "" => _ = request.headers_mut().remove(name),
            value => _ = request.headers_mut().insert(name, value.parse().unwrap()),
        }
    }
    request
}

const JSON: (&str, &str) = ("content-type", "application/json");
const GRAPHQL: (&str, &str) = ("accept", "application/graphql-response+json");

/// A query by POST from a client that knows the specification.
async fn query(app: &Router, text: &str) -> Answer {
    send(app, request("POST", "/graphql", &[JSON, GRAPHQL], json!({ "query": text }).to_string())).await
}

/// A server on a free port, and what stops it.
struct Server {
    address: std::net::SocketAddr,
    lifecycle: Lifecycle,
    done: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(door: TestDoor) -> Server {
        let lifecycle = Lifecycle::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = door.limits.clone();
        let options = Options { lifecycle: lifecycle.clone(), ..Options::default() };
        let app = router(door, options, Router::new());
        let done = tokio::spawn({
            let lifecycle = lifecycle.clone();
            async move { serve(listener, app, lifecycle, &limits).await }
        });
        Server { address, lifecycle, done }
    }
}
