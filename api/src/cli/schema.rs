//! `journey schema`.

use std::process::ExitCode;

use crate::{
    cli::{Common, out},
    config::Config,
    policy::{Role, RoleSet},
    schema,
};

/// Print the GraphQL schema, whole or as a role sees it
///
/// Without --role it is the whole graph. With roles it is what a token with these roles is served: fields that they may not read are not
/// hidden in it, they do not exist.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey schema > schema.graphql
  journey schema --role sales
  journey schema --role sales --role manager

Exit codes: 0 printed; 1 failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: Common,

    /// A role whose schema is wanted; may be given several times
    #[arg(long = "role", value_name = "ROLE", env = "JOURNEY_ROLE", value_delimiter = ',')]
    pub roles: Vec<Role>,
}

/// Prints the schema.
pub async fn run(args: Args, _config: Config) -> anyhow::Result<ExitCode> {
    let roles = match args.roles.as_slice() {
        [] => RoleSet::ALL,
        roles => roles.iter().copied().collect(),
    };
    out::line(schema::sdl(roles).trim_end())?;
    Ok(ExitCode::SUCCESS)
}
