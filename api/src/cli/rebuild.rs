//! `journey rebuild`.

use std::{process::ExitCode, time::Instant};

use crate::{
    analytics::rollup,
    app,
    cli::{CommonWithData, out},
    clock::Clock,
    config::Config,
    journey::verify,
    tenancy,
};

/// Make anew what is kept so that figures are fast
///
/// Rows as figures count them, and their sums by day. A server keeps them up to date by itself; this begins it for a tenant that is large
/// already, and puts right whatever was changed past the program. Figures are the same with and without. May run beside a server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey rebuild --data /tmp/journey
  JOURNEY_DATABASE_URL=postgres://journey@db/journey journey rebuild --tenant acme

Exit codes: 0 done; 1 failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: CommonWithData,

    /// The tenant's slug [default: every tenant of the database]
    #[arg(long, value_name = "TENANT", env = "JOURNEY_TENANT")]
    pub tenant: Option<String>,
}

/// Rebuilds.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    super::database_url(&config)?;
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
        let began = Instant::now();
        let rebuilt = Box::pin(rollup::rebuild(&store, &Clock::System, id)).await.map_err(super::told)?;
        out::line(&format!(
            "tenant {slug}: {} rows, {} sums, up to change {} of the feed, in {:.1} s",
            rebuilt.rows,
            rebuilt.sums,
            rebuilt.position,
            began.elapsed().as_secs_f64(),
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
