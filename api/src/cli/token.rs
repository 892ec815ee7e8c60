//! `journey token`.

use std::{process::ExitCode, time::Duration};

use uuid::{Builder, Uuid};

use crate::{
    auth::{Grant, Mint},
    cli::{CommonWithData, Usage, out},
    clock::Clock,
    config::{self, Config},
    demo::cast,
    policy::{Grants, Role, RoleSet, Type, TypeSet},
};

/// Print a token for development
///
/// Signs with the secret of a demo (--data), or with the first issuer of the configuration that has a secret. Prints the token and nothing else.
/// For production there is an identity provider, which this program trusts and does not replace.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey token --data /tmp/journey --role sales
  journey token --config journey.toml --role marketing --role manager --tenant acme --colleague col_0190... --ttl 8h
  journey token --data /tmp/journey --role integrator --entities Account,Contact --sources hubspot
  curl -H \"Authorization: Bearer $(journey token --data /tmp/journey --role service)\" \\
       -H 'Content-Type: application/json' -d '{\"query\":\"{ me { roles } }\"}' http://127.0.0.1:8080/graphql

Roles: marketing, sales, service, technical, manager, analyst, integrator, admin.
Entities are lines of docs/access.md: with --entities all other lines are as if the roles had no rights there.
Exit codes: 0 printed; 1 failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: CommonWithData,

    /// A role that the token carries; may be given several times
    #[arg(long = "role", value_name = "ROLE", env = "JOURNEY_ROLE", value_delimiter = ',', required = true)]
    pub roles: Vec<Role>,

    /// The only entities that it is for; may be given several times [default: all that the roles may]
    #[arg(long, value_name = "ENTITY", env = "JOURNEY_ENTITIES", value_delimiter = ',', value_parser = entity)]
    pub entities: Vec<Type>,

    /// The only systems that it speaks for, by their codes; may be given several times [default: any]
    #[arg(long, value_name = "SOURCE", env = "JOURNEY_SOURCES", value_delimiter = ',')]
    pub sources: Vec<String>,

    /// The tenant's slug [default: the issuer's own, or demo]
    #[arg(long, value_name = "TENANT", env = "JOURNEY_TENANT")]
    pub tenant: Option<String>,

    /// Whose token it is: the sub claim [default: the demo's colleague with that role]
    #[arg(long, value_name = "COLLEAGUE", env = "JOURNEY_COLLEAGUE")]
    pub colleague: Option<String>,

    /// How long it is good, such as 30m, 1h or 7d
    #[arg(long, value_name = "TIME", env = "JOURNEY_TTL", default_value = "1h", value_parser = config::duration::parse)]
    pub ttl: Duration,
}

fn entity(name: &str) -> Result<Type, String> {
    let known = || Type::ALL.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(", ");
    Type::named(name).ok_or_else(|| format!("unknown; known are {}", known()))
}

/// The tenant of the demo.
pub const DEMO_TENANT: &str = "demo";

/// Who a token speaks for when nobody is named: the demo's colleague with the first of its roles.
pub fn default_subject(roles: RoleSet) -> String {
    roles.iter().next().map_or("nobody", cast::subject_of).to_owned()
}

/// Makes the token; `subject_of` names the colleague where the command line does not.
pub fn make(
    args: &Args,
    config: &Config,
    clock: &Clock,
    subject_of: impl FnOnce(RoleSet) -> String,
) -> anyhow::Result<String> {
    if args.ttl < Duration::from_secs(1) {
        return Err(Usage("--ttl: a token must be good for a second at least".to_owned()).into());
    }
    let mint = Mint::new(&config.auth)
        .map_err(|error| Usage(format!("{error}; or name the folder of a demo with --data DIR")))?;
    let roles: RoleSet = args.roles.iter().copied().collect();
    let tenant = args.tenant.as_deref().or(mint.fixed_tenant()).unwrap_or(DEMO_TENANT).to_owned();
    let subject = args.colleague.clone().unwrap_or_else(|| subject_of(roles));
    let grants = Grants {
        types: match args.entities.as_slice() {
            [] => TypeSet::ALL,
            entities => entities.iter().copied().collect(),
        },
        sources: (!args.sources.is_empty()).then(|| args.sources.iter().cloned().collect()),
    };
    let grant = Grant { subject, tenant, roles, grants, ttl: args.ttl, id: token_id(clock) };
    Ok(mint.mint(&grant, clock.now())?)
}

/// A `jti`: a random UUID.
pub fn token_id(clock: &Clock) -> Uuid {
    let bits = u128::from(clock.random()) << 64 | u128::from(clock.random());
    Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
}

/// Prints a token.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let token = make(&args, &config, &Clock::System, default_subject)?;
    out::line(&token)?;
    Ok(ExitCode::SUCCESS)
}
