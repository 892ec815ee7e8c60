//! `journey import`.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::bail;
use clap::{ValueEnum, builder::FalseyValueParser};
use indicatif::{ProgressBar, ProgressStyle};
use mappings::Mapping;

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

/// Bring in what other systems hold, from files or from a tap
///
/// Reads exports as they come, and reports what was created, updated, left as it was, and refused, with file, line and reason. A broken row
/// does not stop the others. The same files again change nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey import --source hubspot --data /tmp/journey --dry-run exports/
  journey import --draft-mapping customers.csv > customers.toml
  journey import --source csv --mapping customers.toml --data /tmp/journey customers.csv
  tap-hubspot --config tap.json | journey import --source singer --mapping hubspot --data /tmp/journey > state.json
  journey import --source snowplow --database-url postgres://journey@db/journey --tenant acme events.csv
  journey import --source journey --data /tmp/journey events.ndjson

Exit codes: 0 everything went in; 1 rows were refused, or it failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: CommonWithData,

    /// What wrote the files
    #[arg(long, value_enum, env = "JOURNEY_SOURCE", required_unless_present = "draft_mapping")]
    pub source: Option<Source>,

    /// How to read the files: a mapping file, or the name of one that is built in (hubspot, salesforce, pipedrive, zendesk)
    #[arg(long, value_name = "FILE", env = "JOURNEY_MAPPING")]
    pub mapping: Option<String>,

    /// Write the draft of a mapping for a CSV file to the standard output, and import nothing
    #[arg(long, env = "JOURNEY_DRAFT_MAPPING", value_parser = FalseyValueParser::new())]
    pub draft_mapping: bool,

    /// Files, or folders of files; none where a tap writes to the standard input
    #[arg(value_name = "PATH")]
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
    /// A HubSpot export: CSV or JSON of its API
    Hubspot,
    /// A Salesforce export: records as JSON trees or CSV
    Salesforce,
    /// A Pipedrive export: CSV or JSON of its API
    Pipedrive,
    /// A Zendesk export: CSV or JSON of its API
    Zendesk,
    /// Any CSV or JSON that a mapping file knows
    Csv,
    /// What a Singer tap writes, on the standard input; its states go to the standard output once they are committed
    Singer,
    /// Snowplow's web events
    Snowplow,
    /// This program's own form: NDJSON
    Journey,
}

/// Imports.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    if args.draft_mapping {
        return draft(&args.paths);
    }
    let Some(from) = args.source else { bail!(Usage("name what wrote the files with --source".into())) };
    let singer = from == Source::Singer;
    if args.paths.is_empty() != singer {
        bail!(Usage(
            if singer { "a tap is read on the standard input" } else { "name files, or folders of files" }.into()
        ));
    }
    let mapping = mapping(from, args.mapping.as_deref())?;
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
    if let (true, Some(mapping)) = (singer, &mapping) {
        let tell = |state: &serde_json::Value| {
            super::out::line(&state.to_string()).map_err(|error| sync::ImportError::Nothing(error.to_string()))
        };
        let input = std::io::BufReader::new(std::io::stdin());
        let report = sync::singer::import(&cx, mapping.clone(), input, args.dry_run, tell).await?;
        // The standard output is the states'.
        super::out::error(report.to_string().trim_end());
        return Ok(if report.refusals.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let (source, style) = match (from, mapping) {
        (Source::Snowplow, _) => (sync::Source::Snowplow, "{bar:40} {pos}/{len} rows {elapsed}"),
        (_, Some(mapping)) => (sync::Source::Mapped(mapping), "{bar:40} {bytes}/{total_bytes} {elapsed}"),
        (_, None) => (sync::Source::Journey, "{bar:40} {pos}/{len} rows {elapsed}"),
    };
    let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = Bar(ProgressBar::new(0).with_style(style));
    let options = sync::Options { source, paths: args.paths, dry_run: args.dry_run };
    let report = sync::import(&cx, options, &bar).await?;
    bar.0.finish_and_clear();
    super::out::line(report.to_string().trim_end())?;
    Ok(if report.refusals.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The mapping that the files are read by: the one that is named, else the source's own.
fn mapping(from: Source, named: Option<&str>) -> anyhow::Result<Option<Arc<Mapping>>> {
    let built_in = |name: &str| {
        Some(match name {
            "hubspot" => mappings::Source::Hubspot,
            "salesforce" => mappings::Source::Salesforce,
            "pipedrive" => mappings::Source::Pipedrive,
            "zendesk" => mappings::Source::Zendesk,
            _ => return None,
        })
    };
    let own = match from {
        Source::Hubspot => Some(mappings::Source::Hubspot),
        Source::Salesforce => Some(mappings::Source::Salesforce),
        Source::Pipedrive => Some(mappings::Source::Pipedrive),
        Source::Zendesk => Some(mappings::Source::Zendesk),
        Source::Csv | Source::Singer => None,
        Source::Snowplow | Source::Journey => {
            return match named {
                Some(_) => Err(Usage("this source needs no mapping".into()).into()),
                None => Ok(None),
            };
        }
    };
    let loaded = match (named, own) {
        (Some(name), _) => match built_in(name) {
            Some(source) => Mapping::of(source),
            None => {
                let text = std::fs::read_to_string(name).map_err(|error| Usage(format!("{name}: {error}")))?;
                Mapping::load(&text)
            }
        },
        (None, Some(source)) => Mapping::of(source),
        (None, None) => bail!(Usage("name a mapping with --mapping; --draft-mapping writes one".into())),
    };
    Ok(Some(Arc::new(loaded.map_err(|error| Usage(format!("the mapping: {error}")))?)))
}

/// A draft to begin with.
fn draft(paths: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let [path] = paths else { bail!(Usage("name one CSV file".into())) };
    let file = std::fs::File::open(path).map_err(|error| Usage(format!("{}: {error}", path.display())))?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let text = mappings::draft::draft(file, &name).map_err(|error| Usage(error.to_string()))?;
    super::out::line(text.trim_end())?;
    Ok(ExitCode::SUCCESS)
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
    fn found(&self, much: u64) {
        self.0.set_length(much);
    }

    fn done(&self, much: u64) {
        self.0.inc(much);
    }
}
