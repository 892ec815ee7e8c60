//! `journey verify`.

use std::process::ExitCode;

use crate::{
    app,
    cli::{CommonWithData, out},
    config::Config,
    journey::verify::{self, Check, MOST},
    tenancy,
};

/// Check that the database agrees with itself
///
/// Compares rows, journal, subjects, feed and stages, and says where they do not agree. Reads only; may run beside a server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey verify --data /tmp/journey
  JOURNEY_DATABASE_URL=postgres://journey@db/journey journey verify

Each finding says what does not agree, where, and what was expected; at most 100 a check.
Exit codes: 0 everything agrees; 1 something does not, or it failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: CommonWithData,

    /// The tenant's slug [default: every tenant of the database]
    #[arg(long, value_name = "TENANT", env = "JOURNEY_TENANT")]
    pub tenant: Option<String>,
}

/// Verifies.
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
    let mut clean = true;
    for (id, slug) in tenants {
        out::line(&format!("tenant {slug}"))?;
        for check in verify::tenant(&store, id).await? {
            clean &= check.findings.is_empty();
            for line in lines(&check) {
                out::line(&line)?;
            }
        }
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(super::FAILURE) })
}

fn lines(check: &Check) -> Vec<String> {
    let verdict = match (check.findings.len(), check.more) {
        (0, _) => "ok".to_owned(),
        (findings, false) => format!("{findings} WRONG"),
        (_, true) => format!("more than {MOST} WRONG"),
    };
    let mut lines = vec![format!("  {}: {verdict} ({} looked at)", check.name, check.looked_at)];
    let tell = |finding: &verify::Finding| {
        format!("    {}: expected {}, found {}", finding.id, finding.expected, finding.found)
    };
    lines.extend(check.findings.iter().map(tell));
    lines
}
