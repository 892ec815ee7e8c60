//! `journey import`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::{ValueEnum, builder::FalseyValueParser};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    app,
    cli::{CommonWithData, Usage, token::DEMO_TENANT},
    clock::Clock,
    config::Config,
    graph::Cx,
    policy::{Role, RoleSet},
    store::Store,
    sync, tenancy,
};

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

    /// The tenant's slug [default: the database's only one; with --data the demo's]; where there is none, it is founded
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
    super::database_url(&config)?;
    let clock = Clock::System;
    let store = app::open(&config).await?;
    super::migrated(&store).await?;
    let tenant = match &args.tenant {
        Some(slug) => slug.clone(),
        None => match tenancy::slugs(&store).await.map_err(super::told)?.as_slice() {
            [only] => only.clone(),
            // An empty database: the import is how it begins.
            [] => "main".to_owned(),
            several if args.common.data().is_some() && several.iter().any(|slug| slug == DEMO_TENANT) => {
                DEMO_TENANT.to_owned()
            }
            several => {
                return Err(Usage(format!("name the tenant with --tenant: one of {}", several.join(", "))).into());
            }
        },
    };
    let id = tenant_of(&store, &clock, &tenant).await?;
    let roles: RoleSet = [Role::Integrator, Role::Admin].into_iter().collect();
    let caller = tenancy::system_caller(&store, id, clock.now(), roles, "import").await.map_err(super::told)?;
    let cx = Cx::new(caller, store, clock);
    let source = match args.source {
        Source::Salesforce => sync::Source::Salesforce,
        Source::Snowplow => sync::Source::Snowplow,
        Source::Journey => sync::Source::Journey,
    };
    let bar = Bar(ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} rows {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    ));
    let options = sync::Options { source, paths: args.paths, dry_run: args.dry_run };
    let report = sync::import(&cx, options, &bar).await?;
    bar.0.finish_and_clear();
    super::out::line(report.to_string().trim_end())?;
    Ok(if report.refusals.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The tenant of a slug. In a database without any, it is founded; in one with others, a slug that none has is a slip.
async fn tenant_of(store: &Store, clock: &Clock, slug: &str) -> anyhow::Result<i64> {
    if let Ok(id) = tenancy::tenant_id(store, slug).await {
        return Ok(id);
    }
    if !tenancy::slugs(store).await.map_err(super::told)?.is_empty() {
        bail!(Usage(format!("there is no tenant {slug:?}")));
    }
    let new = tenancy::NewTenant {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        zone: "UTC".to_owned(),
        currency: "EUR".to_owned(),
        language: "en".to_owned(),
    };
    super::out::error(&format!("the database held no tenant: {slug:?} is founded"));
    tenancy::found(store, clock, new).await.map_err(super::told)
}

/// A bar on the terminal's error side, so that the report can be piped.
struct Bar(ProgressBar);

impl sync::Progress for Bar {
    fn found(&self, rows: u64) {
        self.0.set_length(rows);
    }

    fn done(&self, rows: u64) {
        self.0.inc(rows);
    }
}
