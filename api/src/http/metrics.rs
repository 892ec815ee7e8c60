//! What the front door counts. Labels take few values: kinds, roles, status classes, codes of our own table, and the names of the
//! first operations that the schema knew; never anything else that a client chose.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};

use super::run::Summary;

const DURATION: &str = "http_request_duration_seconds";
const STATEMENTS: &str = "http_request_statements";
const REQUESTS: &str = "http_requests_total";
const ERRORS: &str = "http_errors_total";
const PANICS: &str = "http_panics_total";
const CONNECTIONS: &str = "http_connections_open";
const SOCKETS: &str = "http_sockets_open";
const SUBSCRIPTIONS: &str = "graphql_subscriptions_active";
const POOL_OPEN: &str = "database_connections_open";
const POOL_USED: &str = "database_connections_in_use";

/// How many names of operations get a label of their own. Each is a family of series: clients that make names up must not fill
/// the memory of whoever scrapes.
const NAMES: usize = 100;

/// A Prometheus builder with the buckets that the figures need: durations from 1 ms to 30 s, statements from none to 200.
pub fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Full(DURATION.to_owned()),
            &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0],
        )?
        .set_buckets_for_metric(
            Matcher::Full(STATEMENTS.to_owned()),
            &[0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0],
        )
}

/// Says in the exposition what each figure means. Call once, after the recorder is installed.
pub fn describe() {
    metrics::describe_histogram!(DURATION, metrics::Unit::Seconds, "How long requests and socket operations took");
    metrics::describe_histogram!(STATEMENTS, "How many SQL statements requests and socket operations took");
    metrics::describe_counter!(
        REQUESTS,
        "Requests and socket operations, by operation, its type, role and status class"
    );
    metrics::describe_counter!(ERRORS, "Answers whose first error has this code");
    metrics::describe_counter!(PANICS, "Panics that were caught");
    metrics::describe_gauge!(CONNECTIONS, "Open connections, sockets included");
    metrics::describe_gauge!(SOCKETS, "Open GraphQL sockets");
    metrics::describe_gauge!(SUBSCRIPTIONS, "Subscriptions that run, on sockets and as event streams");
    metrics::describe_gauge!(POOL_OPEN, "Connections to the database");
    metrics::describe_gauge!(POOL_USED, "Connections to the database that are in use");
}

/// Counts a request or a socket operation; `status` is a class such as `2xx`, or `ws`.
pub(super) fn request(summary: &Summary, status: &'static str, elapsed: Duration) {
    let labels = [
        ("operation", operation(summary)),
        ("operation_type", or_none(summary.kind)),
        ("role", or_none(&summary.role)),
        ("status", status.to_owned()),
    ];
    counter!(REQUESTS, &labels).increment(1);
    histogram!(DURATION, &labels).record(elapsed);
    #[expect(clippy::cast_precision_loss, reason = "a request has not that many statements")]
    histogram!(STATEMENTS, &labels).record(summary.statements as f64);
    if let Some(code) = &summary.code {
        counter!(ERRORS, "code" => code.clone()).increment(1);
    }
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}

/// The name of an operation as a label. Only what the schema knew gets a name, and only the first [`NAMES`] of them.
fn operation(summary: &Summary) -> String {
    static KNOWN: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let Some(name) = &summary.name else { return "none".to_owned() };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if summary.known && known.len() < NAMES {
        known.insert(name.clone());
    }
    if known.contains(name) { name.clone() } else { "other".to_owned() }
}

/// Says how many connections to the database are open, and in use.
pub fn pool(open: u32, used: u32) {
    gauge!(POOL_OPEN).set(open);
    gauge!(POOL_USED).set(used);
}

/// Counts a caught panic.
pub(super) fn panic_caught() {
    counter!(PANICS).increment(1);
}

/// One more of something that is open, until dropped.
#[derive(Debug)]
pub(super) struct Open(&'static str);

impl Open {
    /// A connection.
    pub fn connection() -> Open {
        Open::new(CONNECTIONS)
    }

    /// A socket.
    pub fn socket() -> Open {
        Open::new(SOCKETS)
    }

    /// A subscription.
    pub fn subscription() -> Open {
        Open::new(SUBSCRIPTIONS)
    }

    fn new(name: &'static str) -> Open {
        gauge!(name).increment(1.0);
        Open(name)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        gauge!(self.0).decrement(1.0);
    }
}
