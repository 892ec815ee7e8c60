//! `journey generate`.

use std::{process::ExitCode, time::Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    app,
    cli::{Common, out, told},
    config::Config,
    demo::synthetic::{self, Wanted},
};

/// Make up journeys, as many as you like, the same for the same seed
///
/// For measuring and for trying out: accounts with their contacts, campaigns, leads, deals, machines and tickets, skewed like life, where a
/// few key accounts have very many events. Rows are streamed, so that ten million events need little memory.
/// Missing tables are made.
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

    /// How many events, of all accounts together, beside those that record accounts and contacts
    #[arg(long, value_name = "M", env = "JOURNEY_EVENTS", default_value_t = 100_000)]
    pub events: u64,

    /// Another seed, other journeys
    #[arg(long, value_name = "S", env = "JOURNEY_SEED", default_value_t = 1)]
    pub seed: u64,

    /// The tenant's slug; it is founded if there is none
    #[arg(long, value_name = "TENANT", env = "JOURNEY_TENANT", default_value = "synthetic")]
    pub tenant: String,
}

/// Generates.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    super::database_url(&config)?;
    let store = app::open(&config).await?;
    migration::up(store.db()).await?;
    let Args { common: _, accounts, events, seed, tenant } = args;
    let wanted = Wanted { tenant, accounts, events, seed };
    let bar = ProgressBar::new(events);
    bar.set_style(ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} events, {per_sec}, {eta} left")?);
    let began = Instant::now();
    let made = synthetic::generate(&store, &wanted, |done| bar.set_position(done)).await.map_err(told)?;
    bar.finish_and_clear();
    let seconds = began.elapsed().as_secs_f64().max(0.001);
    out::line(&format!(
        "tenant {}: {} accounts, {} contacts, {} events in {seconds:.1} s, {:.0} events a second",
        wanted.tenant,
        made.accounts,
        made.contacts,
        made.events,
        made.events as f64 / seconds,
    ))?;
    Ok(ExitCode::SUCCESS)
}
