//! `journey prune`.

use std::{process::ExitCode, time::Duration};

use crate::{
    app,
    cli::{CommonWithData, out},
    clock::Clock,
    config::{self, Config},
    journey::{retention, verify},
    tenancy,
};

/// Remove what is too old of the change feed
///
/// A server does it by itself once an hour (feed.retention); this is for whoever runs none, or wants to keep less for once. The journal and its
/// timelines stay. Idempotency keys go that are older than a day. Followers that come back later are told so, and begin with a snapshot. May run beside a server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey prune --data /tmp/journey
  JOURNEY_DATABASE_URL=postgres://journey@db/journey journey prune --older-than 90d --tenant acme

What the kept figures have not taken in yet stays, what webhooks have not been told of for a week more, and the newest transaction.
Exit codes: 0 done; 1 failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: CommonWithData,

    /// How old it must be, such as 90d [default: feed.retention of the configuration]
    #[arg(long, value_name = "TIME", env = "JOURNEY_OLDER_THAN", value_parser = config::duration::parse)]
    pub older_than: Option<Duration>,

    /// The tenant's slug [default: every tenant of the database]
    #[arg(long, value_name = "TENANT", env = "JOURNEY_TENANT")]
    pub tenant: Option<String>,
}

/// Prunes.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    super::database_url(&config)?;
    let kept = match args.older_than {
        Some(older_than) => older_than,
        None if config.feed.retention.is_zero() => {
            return Err(super::Usage("feed.retention is 0s: say --older-than, such as 90d".to_owned()).into());
        }
        None => config.feed.retention,
    };
    let store = app::open(&config).await?;
    super::migrated(&store).await?;
    let tenants = match args.tenant {
        Some(slug) => match tenancy::tenant_id(&store, &slug).await {
            Ok(id) => vec![(id, slug)],
            Err(_) => anyhow::bail!("there is no tenant {slug:?} in this database"),
        },
        None => verify::tenants(&store).await?,
    };
    for (id, slug) in tenants {
        let gone = retention::prune(&store, &Clock::System, id, kept).await.map_err(super::told)?;
        retention::prune_keys(&store, &Clock::System, id).await.map_err(super::told)?;
        out::line(&format!("tenant {slug}: {gone} changes removed"))?;
    }
    Ok(ExitCode::SUCCESS)
}
