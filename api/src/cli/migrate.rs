//! `journey migrate`.

use std::process::ExitCode;

use crate::{cli::Common, config::Config};

/// Bring the database's tables up to date, or back
///
/// Several processes may do so at once; one works, the others wait. Every step is a transaction: it is done, or nothing of it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey migrate up --database-url sqlite:///var/lib/journey/journey.sqlite
  JOURNEY_DATABASE_URL=postgres://journey@db/journey journey migrate status
  journey migrate down --steps 1 --database-url postgres://journey@db/journey

Exit codes: 0 done; 1 failed, or, for status, steps are still to be taken; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: Common,

    /// Which way.
    #[command(subcommand)]
    pub direction: Direction,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Direction {
    /// Take the steps that are still to be taken
    Up {
        /// How many, at most [default: all]
        #[arg(long, value_name = "N", env = "JOURNEY_STEPS", value_parser = clap::value_parser!(u32).range(1..))]
        steps: Option<u32>,
    },
    /// Take steps back; what their tables held is gone
    Down {
        /// How many
        #[arg(long, value_name = "N", env = "JOURNEY_STEPS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// Tell which steps were taken
    Status,
}

/// Migrates.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let _url = super::database_url(&config)?;
    match args.direction {
        Direction::Up { .. } | Direction::Down { .. } | Direction::Status => super::not_built_yet(&config),
    }
}
