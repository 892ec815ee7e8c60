//! `journey migrate`.

use std::process::ExitCode;

use crate::{
    app,
    cli::{Common, out},
    config::Config,
};

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
    /// Take the steps that are still to be taken: all, or none
    Up,
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
    super::database_url(&config)?;
    let store = app::open(&config).await?;
    match args.direction {
        Direction::Up => {
            let steps = migration::up(store.db()).await?;
            out::line(&format!("{steps} steps taken"))?;
        }
        Direction::Down { steps } => {
            let steps = migration::down(store.db(), Some(steps)).await?;
            out::line(&format!("{steps} steps taken back"))?;
        }
        Direction::Status => {
            let steps = migration::status(store.db()).await?;
            for (name, applied) in &steps {
                out::line(&format!("{}  {name}", if *applied { "applied" } else { "pending" }))?;
            }
            if steps.iter().any(|(_, applied)| !applied) {
                return Ok(ExitCode::from(super::FAILURE));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
