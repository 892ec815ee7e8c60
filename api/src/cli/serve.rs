//! `journey serve`.

use std::{net::SocketAddr, process::ExitCode};

use crate::{
    app,
    cli::Common,
    clock::Clock,
    config::{Config, Problems, Purpose},
};

/// Serve the API
///
/// Reads the configuration, checks all of it, and says what is wrong before anything is served. Later wins: the defaults, the
/// configuration file, variables (JOURNEY_<SECTION>__<OPTION>), flags. `--defaults` prints every option with its default and what it means.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey serve --defaults > journey.toml          every option, explained, to begin with
  journey serve --config journey.toml
  JOURNEY_DATABASE_URL=postgres://journey@db/journey journey serve --config journey.toml --listen 0.0.0.0:8080
  JOURNEY_LOG__FORMAT=json journey serve --config journey.toml

The server answers at /graphql; /healthz and /readyz tell whether it lives and whether it is ready. SIGTERM ends it after requests under way.
Exit codes: 0 ended as asked; 1 failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: Common,

    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT", env = "JOURNEY_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// Print the default configuration, which explains every option, and end
    #[arg(long)]
    pub defaults: bool,
}

impl Args {
    pub(super) fn config(&self) -> Result<Config, Problems> {
        if self.defaults {
            return Config::defaults();
        }
        let flags = self.listen.map(|listen| ("server.listen", listen.to_string()));
        self.common.load(Purpose::Serve, flags.into_iter().collect())
    }
}

/// Serves until it is asked to stop.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    if args.defaults {
        super::out::line(crate::config::DEFAULTS.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = app::open(&config).await?;
    let pending: Vec<String> = migration::status(store.db())
        .await?
        .into_iter()
        .filter(|(_, applied)| !applied)
        .map(|(name, _)| name)
        .collect();
    if !pending.is_empty() {
        anyhow::bail!("the database lacks {} migrations; run `journey migrate up` first", pending.len());
    }
    app::serve(&config, store, Clock::System, |address| {
        tracing::info!(%address, "serving at {}/graphql", config.server.base_url());
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}
