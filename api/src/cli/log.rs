//! Logging and tracing begin here: lines to the standard error, as text for people or JSON for machines, and traces to a collector
//! where one is configured and the program was built for it.

use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

/// Begins to log. The filter was checked with the configuration. A second call changes nothing, as tests need it. What comes back
/// sends the last traces when it is dropped.
pub(super) fn begin(config: &Log) -> Traces {
    let Log { format, filter, traces } = config;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => Box::new(lines),
        LogFormat::Json => Box::new(lines.json().flatten_event(true)),
    };
    let layers = Vec::from([lines]);
    let (layers, traces) = Traces::begin(traces, layers);
    // An error means that somebody else already logs: a test, or a program that embeds this one.
    let _already = Registry::default().with(layers.with_filter(EnvFilter::builder().parse_lossy(filter))).try_init();
    traces
}

type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// The way of traces to their collector.
#[cfg(not(feature = "otlp"))]
pub(super) struct Traces;

#[cfg(not(feature = "otlp"))]
impl Traces {
    /// This program was built without it: the check of the configuration says so to whoever asks for it.
    fn begin(_collector: &str, layers: Layers) -> (Layers, Traces) {
        (layers, Traces)
    }
}

/// The way of traces to their collector.
#[cfg(feature = "otlp")]
pub(super) struct Traces(Option<opentelemetry_sdk::trace::SdkTracerProvider>);

#[cfg(feature = "otlp")]
impl Traces {
    fn begin(collector: &str, mut layers: Layers) -> (Layers, Traces) {
        use opentelemetry::trace::TracerProvider as _;
        use opentelemetry_otlp::WithExportConfig as _;

        if collector.is_empty() {
            return (layers, Traces(None));
        }
        let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().with_endpoint(collector).build();
        let exporter = match exporter {
            Ok(exporter) => exporter,
            Err(error) => {
                super::out::error(&format!("journey: log.traces: {error}; no traces are sent"));
                return (layers, Traces(None));
            }
        };
        let resource = opentelemetry_sdk::Resource::builder().with_service_name("journey").build();
        let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        layers.push(Box::new(tracing_opentelemetry::layer().with_tracer(provider.tracer("journey"))));
        // statements are spans of the past when they are known: the store makes them by hand
        opentelemetry::global::set_tracer_provider(provider.clone());
        (layers, Traces(Some(provider)))
    }
}

#[cfg(feature = "otlp")]
impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take()
            && let Err(error) = provider.shutdown()
        {
            super::out::error(&format!("journey: the last traces were not sent: {error}"));
        }
    }
}
