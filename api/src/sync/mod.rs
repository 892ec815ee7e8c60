//! 8: integrators: what other systems know comes in by files, again and again, and is never taken twice.
//!
//! A row's way: a reader makes it a [`read::Record`], its key and hash say whether it is new, changed or left
//! ([`refs`]), a mapping makes rows of it ([`salesforce`], [`snowplow`], [`portable`]), and one unit of work takes a batch of them.

mod batch;
pub mod bulk;
mod mapped;
pub mod portable;
pub mod read;
pub mod refs;
mod report;
pub mod salesforce;
pub mod snowplow;
pub mod sources;
pub mod upsert;

use std::{path::PathBuf, sync::Arc};

use chrono_tz::Tz;
use mappings::Mapping;

pub use batch::{Context, Group, Item, Kind, Taken};
pub use mapped::singer;
pub use report::{Counts, Refusal, Report};

use crate::{
    graph::{Cx, Error},
    tenancy,
};

/// What wrote the files.
#[derive(Clone, Debug)]
pub enum Source {
    /// Whatever a mapping knows.
    Mapped(Arc<Mapping>),
    /// Snowplow: web events as CSV.
    Snowplow,
    /// Journey's own form: NDJSON.
    Journey,
}

impl Source {
    /// The code under which its keys are remembered.
    pub fn code(&self) -> &str {
        match self {
            Source::Mapped(mapping) => mapping.source(),
            Source::Snowplow => "snowplow",
            Source::Journey => "journey",
        }
    }
}

/// What to import.
#[derive(Clone, Debug)]
pub struct Options {
    /// What wrote the files.
    pub source: Source,
    /// Files, or folders of files.
    pub paths: Vec<PathBuf>,
    /// Tell what would happen, and change nothing.
    pub dry_run: bool,
}

/// Who watches.
pub trait Progress: Sync {
    /// So much was found: rows, or bytes of files that a mapping reads.
    fn found(&self, much: u64);
    /// So much more is done.
    fn done(&self, much: u64);
}

/// An import that could not run. Rows that were refused are no error: they stand in the report.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] read::ReadError),
    /// There is nothing to read.
    #[error("{0}")]
    Nothing(String),
    /// The database failed; what was committed before stays, and the import may simply be run again.
    #[error("the database did not take the import; run it again to go on where it stopped")]
    Database,
}

impl From<Error> for ImportError {
    fn from(error: Error) -> Self {
        // The driver quotes rows: its words stay out of the log.
        tracing::error!(code = error.code(), "an import stopped");
        ImportError::Database
    }
}

/// Imports files as `cx`'s caller, which is the house itself with the roles of an integrator and an admin.
pub async fn import(cx: &Cx, options: Options, progress: &dyn Progress) -> Result<Report, ImportError> {
    if let Source::Mapped(mapping) = options.source {
        return Box::pin(mapped::import(cx, mapping, &options.paths, options.dry_run, progress)).await;
    }
    let tenant = tenancy::tenant(&cx.store, cx.caller.tenant).await?;
    let zone: Tz = tenant.zone.parse().unwrap_or(Tz::UTC);
    let mut report = Report { dry_run: options.dry_run, ..Report::default() };
    let groups = match options.source {
        Source::Journey => portable::groups(&options.paths, &mut report)?,
        Source::Snowplow | Source::Mapped(_) => snowplow::groups(&options.paths, &mut report)?,
    };
    progress.found(groups.iter().map(|group| group.rows.len() as u64).sum());
    let mut run = batch::Run::new(cx, options.source, options.dry_run, Context::new(cx, zone, tenant.currency), report);
    for group in groups {
        run.group(group, progress).await?;
    }
    Ok(run.finish())
}
