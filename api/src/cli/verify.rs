//! `journey verify`.

use std::process::ExitCode;

use crate::{cli::CommonWithData, config::Config};

/// Check that the database agrees with itself
///
/// Compares rows, journal, subjects, feed and stages, and says where they do not agree. Reads only; may run beside a server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey verify --data /tmp/journey
  JOURNEY_DATABASE_URL=postgres://journey@db/journey journey verify

Exit codes: 0 everything agrees; 1 something does not, or it failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: CommonWithData,
}

/// Verifies.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let Args { common: _ } = args;
    let _url = super::database_url(&config)?;
    super::not_built_yet(&config)
}
