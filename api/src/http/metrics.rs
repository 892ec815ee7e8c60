//! What the front door counts. Labels take few values: kinds, roles, status classes, codes of our own table; never a
//! name that a client chose.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};

use super::run::Summary;

const DURATION: &str = "http_request_duration_seconds";
const REQUESTS: &str = "http_requests_total";
const ERRORS: &str = "http_errors_total";
const PANICS: &str = "http_panics_total";
const CONNECTIONS: &str = "http_connections_open";
const SOCKETS: &str = "http_sockets_open";

/// A Prometheus builder with the buckets that the durations need: from 1 ms to 30 s.
pub fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(
        Matcher::Full(DURATION.to_owned()),
        &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0],
    )
}

/// Says in the exposition what each figure means. Call once, after the recorder is installed.
pub fn describe() {
    metrics::describe_histogram!(DURATION, metrics::Unit::Seconds, "How long requests and socket operations took");
    metrics::describe_counter!(REQUESTS, "Requests and socket operations, by operation type, role and status class");
    metrics::describe_counter!(ERRORS, "Answers whose first error has this code");
    metrics::describe_counter!(PANICS, "Panics that were caught");
    metrics::describe_gauge!(CONNECTIONS, "Open connections, sockets included");
    metrics::describe_gauge!(SOCKETS, "Open GraphQL sockets");
}

/// Counts a request or a socket operation; `status` is a class such as `2xx`, or `ws`.
pub(super) fn request(summary: &Summary, status: &'static str, elapsed: Duration) {
    let kind = if summary.kind.is_empty() { "none" } else { summary.kind };
    let role = if summary.role.is_empty() { "none" } else { summary.role.as_str() };
    let labels = [("operation_type", kind.to_owned()), ("role", role.to_owned()), ("status", status.to_owned())];
    counter!(REQUESTS, &labels).increment(1);
    histogram!(DURATION, &labels).record(elapsed);
    if let Some(code) = &summary.code {
        counter!(ERRORS, "code" => code.clone()).increment(1);
    }
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
