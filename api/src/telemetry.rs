//! Traces: a request, its operation and its statements as OpenTelemetry's spans, on their way to a collector.

use std::time::{Duration, SystemTime};

use opentelemetry::{
    KeyValue, global,
    propagation::TextMapPropagator,
    trace::{Span as _, SpanKind, Status, TraceContextExt, Tracer as _, TracerProvider as _},
};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::{Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    Layer,
    filter::{FilterExt, filter_fn},
    registry::LookupSpan,
};

/// The way of traces to their collector: spans go in batches, from a thread of its own. The last ones are sent when this is dropped, which
/// waits for the collector, at most five seconds.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Traces to a collector that takes OTLP over HTTP (protobuf) at `address`, and the layer that makes them of spans. How many are kept
    /// is said by OpenTelemetry's own variables: `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`; all, where they say nothing.
    ///
    /// # Errors
    /// The exporter cannot be made.
    pub fn to<S>(address: &str) -> Result<(impl Layer<S> + Send + Sync, Traces), ExporterBuildError>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let exporter = SpanExporter::builder().with_http().with_endpoint(address).build()?;
        let resource = Resource::builder().with_service_name("journey").build();
        let provider = SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("journey"));
        // Statements are known when they have run: they are made by hand, by `statement`.
        global::set_tracer_provider(provider.clone());
        // Spans alone, whatever is logged: log lines have their own way.
        let spans = filter_fn(|metadata| metadata.is_span()).and(LevelFilter::INFO);
        Ok((layer.with_filter(spans), Traces(provider)))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The trace goes on that a client or a proxy has begun: W3C Trace Context, `traceparent`.
pub(crate) fn follow(span: &Span, headers: &axum::http::HeaderMap) {
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    if caller.span().span_context().is_valid() {
        // An error means that nobody traces.
        let _untraced = span.set_parent(caller);
    }
}

/// A statement that took this long until now becomes a span of whatever it ran for, with its text, never with its parameters: those are
/// the customers' data.
pub(crate) fn statement(text: &str, elapsed: Duration, failed: bool) {
    let context = Span::current().context();
    if !context.span().span_context().is_sampled() {
        return;
    }
    #[expect(clippy::disallowed_methods, reason = "traces are of the machine's time: nothing is kept under it")]
    let end = SystemTime::now();
    let operation = text.split_whitespace().next().unwrap_or("statement").to_uppercase();
    let tracer = global::tracer("journey");
    let mut span = tracer
        .span_builder(operation.clone())
        .with_kind(SpanKind::Client)
        .with_start_time(end.checked_sub(elapsed).unwrap_or(end))
        .with_attributes([
            KeyValue::new("db.operation.name", operation),
            KeyValue::new("db.query.text", text.to_owned()),
        ])
        .start_with_context(&tracer, &context);
    if failed {
        span.set_status(Status::error(""));
    }
    span.end_with_timestamp(end);
}
