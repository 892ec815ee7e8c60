//! The statements of one request: how many they are, and each with its text in the log and the trace. Never with its parameters:
//! those are the customers' data.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

tokio::task_local! {
    static MINE: Statements;
}

/// Counts the statements of what runs inside [`Statements::count`]. BEGIN and COMMIT are none.
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<AtomicU64>);

impl Statements {
    /// Runs `work`, whose statements are counted here. What it spawns is not.
    pub async fn count<F: Future>(&self, work: F) -> F::Output {
        MINE.scope(self.clone(), work).await
    }

    /// How many have run so far.
    pub fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A statement has run, in the task of whoever asked for it.
pub(super) fn ran(info: &sea_orm::metric::Info<'_>) {
    // outside of a request there is nobody to count for
    let _ = MINE.try_with(|mine| mine.0.fetch_add(1, Ordering::Relaxed));
    let text = info.statement.sql.as_str();
    let duration_us = u64::try_from(info.elapsed.as_micros()).unwrap_or(u64::MAX);
    tracing::debug!(text, duration_us, failed = info.failed, "statement");
    #[cfg(feature = "otlp")]
    trace(info);
}

/// A span of the operation's trace, begun when the statement was.
#[cfg(feature = "otlp")]
fn trace(info: &sea_orm::metric::Info<'_>) {
    use opentelemetry::{
        KeyValue,
        trace::{Span as _, SpanKind, Status, Tracer as _},
    };
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;

    #[expect(clippy::disallowed_methods, reason = "traces are of the machine's time: nothing is kept under it")]
    let end = std::time::SystemTime::now();
    let tracer = opentelemetry::global::tracer("journey");
    let mut span = tracer
        .span_builder("statement")
        .with_kind(SpanKind::Client)
        .with_start_time(end - info.elapsed)
        .with_attributes([KeyValue::new("db.query.text", info.statement.sql.clone())])
        .start_with_context(&tracer, &tracing::Span::current().context());
    if info.failed {
        span.set_status(Status::error(""));
    }
    span.end_with_timestamp(end);
}
