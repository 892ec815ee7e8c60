//! Logging begins here: to the standard error, as text for people or JSON for machines.

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Begins to log. The filter was checked with the configuration. A second call changes nothing, as tests need it.
pub(super) fn begin(config: &Log) {
    let Log { format, filter } = config;
    let builder = fmt().with_env_filter(EnvFilter::builder().parse_lossy(filter)).with_writer(std::io::stderr);
    // An error means that somebody else already logs: a test, or a program that embeds this one.
    let _already = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
