//! `journey found`.

use std::process::ExitCode;

use crate::{
    app,
    cli::{Common, out, told},
    clock::Clock,
    config::Config,
    tenancy::{self, NewTenant},
    tenant::settings,
};

/// Found an empty tenant
///
/// Makes its row, its feed, and what it starts with: pipelines, stages, channels, queues. Colleagues are entered through the API, with
/// the token of an admin. The database must have its tables.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey found --tenant acme --name \"Acme AG\" --zone Europe/Vienna --language de
  JOURNEY_DATABASE_URL=postgres://journey@db/journey journey found --tenant acme

Exit codes: 0 done; 1 failed, or there is such a tenant; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: Common,

    /// Its slug, for good: the one that tokens carry
    #[arg(long, value_name = "TENANT", env = "JOURNEY_TENANT")]
    pub tenant: String,

    /// The company's name [default: the slug]
    #[arg(long, value_name = "NAME", env = "JOURNEY_TENANT_NAME")]
    pub name: Option<String>,

    /// Its civil time, an IANA zone
    #[arg(long, value_name = "ZONE", env = "JOURNEY_TENANT_ZONE", default_value = "UTC")]
    pub zone: String,

    /// Its currency, an ISO 4217 code
    #[arg(long, value_name = "CODE", env = "JOURNEY_TENANT_CURRENCY", default_value = "EUR")]
    pub currency: String,

    /// Its language, a BCP 47 tag
    #[arg(long, value_name = "TAG", env = "JOURNEY_TENANT_LANGUAGE", default_value = "en")]
    pub language: String,
}

/// Founds.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    super::database_url(&config)?;
    let Args { common: _, tenant: slug, name, zone, currency, language } = args;
    let name = name.unwrap_or_else(|| slug.clone());
    let new = settings::sound(NewTenant { slug, name, zone, currency, language }).map_err(told)?;
    let store = app::open(&config).await?;
    super::migrated(&store).await?;
    let slug = new.slug.clone();
    if tenancy::tenant_id(&store, &slug).await.is_ok() {
        anyhow::bail!("there is a tenant {slug:?} already");
    }
    tenancy::found(&store, &Clock::System, new).await.map_err(told)?;
    out::line(&format!("tenant {slug} is founded"))?;
    Ok(ExitCode::SUCCESS)
}
