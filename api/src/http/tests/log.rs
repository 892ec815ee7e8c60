//! What a log line says, and what it never says.

use std::{
    io,
    sync::{Arc, Mutex},
};

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The lines of the front door since the last look.
    fn take(&self) -> Vec<Value> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn one_line_a_request_without_anything_personal() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .without_time()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let app = app(TestDoor::new());
    // tests run side by side, and tracing remembers a place in the code as unheard when a thread without a subscriber
    // came by first: come by once, then let it ask again
    query(&app, "{ hello }").await;
    tracing::callsite::rebuild_interest_cache();
    lines.take();

    let body = json!({ "query": "query Greet($n: Int!) { hello(times: $n) missing }", "variables": { "n": 77, "mail": "jo@example.org" } });
    send(&app, request("POST", "/graphql", &[JSON, ("x-request-id", "r1")], body.to_string())).await;
    let mut seen = lines.take();
    let mut line = seen.pop().unwrap();
    assert_eq!(seen, Vec::<Value>::new());
    assert!(line.as_object_mut().unwrap().remove("duration_ms").unwrap().is_u64());
    let expected = json!({
        "level": "INFO", "message": "request", "target": "api::http::edge", "request_id": "r1", "method": "POST", "path": "/graphql",
        "status": 200, "operation": "Greet", "operation_type": "query", "code": "NOT_FOUND", "role": "good",
        "statements": 0,
    });
    assert_eq!(line, expected);

    // what a GET carries in its address, and a token that is refused, stay out as well
    send(&app, request("GET", "/graphql?query=%7Bhello%7D&variables=%7B%22mail%22:%22jo@example.org%22%7D", &[], ""))
        .await;
    send(&app, request("POST", "/graphql", &[JSON, ("authorization", "Bearer forged")], "jo@example.org")).await;
    let seen = lines.take();
    assert_eq!(seen.len(), 2);
    let text = Value::from(seen).to_string();
    for never in ["jo@", "forged", "hello", "Bearer"] {
        assert!(!text.contains(never), "{never}: {text}");
    }
}
