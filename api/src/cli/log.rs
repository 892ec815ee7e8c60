//! Logging and tracing begin here: lines to the standard error, as text for people or JSON for machines, and traces to a collector where
//! one is configured.

use opentelemetry_otlp::ExporterBuildError;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    config::{Log, LogFormat},
    telemetry::Traces,
};

/// Begins to log and to trace. The configuration was checked. A second call changes nothing, as tests need it. What comes back sends the
/// last traces when it is dropped.
///
/// # Errors
/// The exporter of traces cannot be made.
pub(super) fn begin(config: &Log) -> Result<Option<Traces>, ExporterBuildError> {
    let Log { format, filter, traces } = config;
    let filter = EnvFilter::builder().parse_lossy(filter);
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let (layer, traces) = match traces.as_str() {
        "" => (None, None),
        collector => {
            let (layer, traces) = Traces::to(collector)?;
            (Some(layer), Some(traces))
        }
    };
    // An error means that somebody else already logs: a test, or a program that embeds this one.
    let _already = Registry::default().with(lines).with(layer).try_init();
    Ok(traces)
}
