//! `journey generate`.

use std::process::ExitCode;

use crate::{cli::Common, config::Config};

/// Make up journeys, as many as you like, the same for the same seed
///
/// For measuring and for trying out: accounts with their contacts, campaigns, leads, deals, machines and tickets, skewed like life, where a
/// few key accounts have very many events. Rows are streamed, so that ten million events need little memory.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey generate --database-url sqlite:///tmp/load.sqlite --accounts 1000 --events 100000
  journey generate --database-url postgres://journey@db/load --accounts 50000 --events 10000000 --seed 7

Exit codes: 0 done; 1 failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: Common,

    /// How many accounts
    #[arg(long, value_name = "N", env = "JOURNEY_ACCOUNTS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub accounts: u64,

    /// How many events, of all accounts together
    #[arg(long, value_name = "M", env = "JOURNEY_EVENTS", default_value_t = 100_000)]
    pub events: u64,

    /// Another seed, other journeys
    #[arg(long, value_name = "S", env = "JOURNEY_SEED", default_value_t = 1)]
    pub seed: u64,
}

/// Generates.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let _url = super::database_url(&config)?;
    let _wanted = (args.accounts, args.events, args.seed);
    super::not_built_yet(&config)
}
