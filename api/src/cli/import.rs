//! `journey import`.

use std::{path::PathBuf, process::ExitCode};

use clap::{ValueEnum, builder::FalseyValueParser};

use crate::{cli::CommonWithData, config::Config};

/// Bring in accounts, contacts and events from files
///
/// Reads exports as they come, and reports what was created, updated, left as it was, and refused, with file, line and reason. A broken row
/// does not stop the others. The same files again change nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey import --source salesforce --data /tmp/journey --dry-run exports/
  journey import --source snowplow --database-url postgres://journey@db/journey --tenant acme events.csv
  journey import --source journey --data /tmp/journey events.ndjson

Exit codes: 0 everything went in; 1 rows were refused, or it failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: CommonWithData,

    /// What wrote the files
    #[arg(long, value_enum, env = "JOURNEY_SOURCE")]
    pub source: Source,

    /// Files, or folders of files
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Tell what would happen, and change nothing
    #[arg(long, env = "JOURNEY_DRY_RUN", value_parser = FalseyValueParser::new())]
    pub dry_run: bool,

    /// The tenant's slug [default: the database's only one]
    #[arg(long, value_name = "TENANT", env = "JOURNEY_TENANT")]
    pub tenant: Option<String>,
}

/// What wrote the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// A Salesforce export: records as JSON trees or CSV
    Salesforce,
    /// Snowplow's web events
    Snowplow,
    /// This program's own form: NDJSON
    Journey,
}

/// Imports.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let _url = super::database_url(&config)?;
    let _wanted = (args.source, args.paths, args.dry_run, args.tenant);
    super::not_built_yet(&config)
}
