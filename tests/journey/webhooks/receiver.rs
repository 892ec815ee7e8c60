//! Somebody who receives webhooks: a listener on a free port that keeps what came, and answers as it is told to.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response, Uri},
};
use serde_json::Value;
use tokio::net::TcpListener;

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The record that it is about, and its version.
    pub fn about(&self) -> (String, i64) {
        let data = &self.json()["data"];
        (data["id"].as_str().unwrap().to_owned(), data["version"].as_i64().unwrap())
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Said {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    never: bool,
}

impl Said {
    pub fn status(status: u16) -> Said {
        Said { status, headers: Vec::new(), body: String::new(), never: false }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Said {
        self.headers.push((name, value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<String>) -> Said {
        self.body = body.into();
        self
    }

    /// No answer at all.
    pub fn nothing() -> Said {
        Said { never: true, ..Said::status(200) }
    }
}

type Answers = Arc<dyn Fn(&Received) -> Said + Send + Sync>;

#[derive(Clone)]
struct Held {
    answers: Answers,
    received: Arc<Mutex<Vec<Received>>>,
}

/// The listener.
pub struct Receiver {
    pub url: String,
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub async fn listen(answers: Answers) -> Receiver {
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let held = Held { answers, received: received.clone() };
        let router = Router::new().fallback(receive).with_state(held);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Receiver { url: format!("http://127.0.0.1:{port}/hooks"), port, received }
    }

    /// What has come so far, in the order in which it came.
    pub fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// What has come since it was last asked.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

async fn receive(State(held): State<Held>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let received = Received { path: uri.path().to_owned(), headers, body };
    let said = (held.answers)(&received);
    held.received.lock().unwrap().push(received);
    if said.never {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(said.status);
    for (name, value) in said.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(said.body)).unwrap()
}
