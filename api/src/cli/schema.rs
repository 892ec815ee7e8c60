//! `journey schema`.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use crate::{
    cli::{Common, FAILURE, out},
    config::Config,
    policy::{Role, RoleSet},
    schema::{
        self,
        changes::{Change, Harm, Kind, changes},
    },
};

/// Print the GraphQL schema, whole or as a role sees it, or say what has changed in it
///
/// Without --role it is the whole graph. With roles it is what a token with these roles is served: fields that they may not read are not
/// hidden in it, they do not exist.
///
/// With --check-against nothing is printed but what has changed since: an older schema.graphql, or a folder that holds one, with one
/// ROLE.graphql a role (the folder schema/released of the source is such a folder). Each change is BREAKING, DANGEROUS or SAFE, by the
/// rules of graphql-js.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey schema > schema.graphql
  journey schema --role sales
  journey schema --role sales --role manager
  journey schema --check-against schema/released
  journey schema --role sales --check-against sales-of-last-month.graphql

Exit codes: 0 printed, or nothing breaks; 1 failed, or something breaks; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: Common,

    /// A role whose schema is wanted; may be given several times
    #[arg(long = "role", value_name = "ROLE", env = "JOURNEY_ROLE", value_delimiter = ',')]
    pub roles: Vec<Role>,

    /// Say what has changed since this schema, or since the schemas of this folder
    #[arg(long, value_name = "FILE|FOLDER", env = "JOURNEY_CHECK_AGAINST")]
    pub check_against: Option<PathBuf>,

    /// End with 0 also where something breaks
    #[arg(long, env = "JOURNEY_ALLOW_BREAKING", requires = "check_against")]
    pub allow_breaking: bool,
}

/// Prints the schema, or what has changed in it.
pub async fn run(args: Args, _config: Config) -> anyhow::Result<ExitCode> {
    let roles = match args.roles.as_slice() {
        [] => RoleSet::ALL,
        roles => roles.iter().copied().collect(),
    };
    let Some(old) = args.check_against else {
        out::line(schema::sdl(roles).trim_end())?;
        return Ok(ExitCode::SUCCESS);
    };
    let compared = if old.is_dir() {
        let mut pairs = vec![("the whole graph".to_owned(), old.join("schema.graphql"), RoleSet::ALL)];
        pairs.extend(Role::ALL.map(|role| (role.to_string(), old.join(format!("{role}.graphql")), role.into())));
        pairs
    } else {
        vec![(roles.to_string(), old, roles)]
    };
    let mut breaks = false;
    for (whose, file, roles) in compared {
        if !file.exists() {
            out::line(&format!("{whose}: new, {} is not there", file.display()))?;
            continue;
        }
        let before = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let found =
            changes(&before, &schema::sdl(roles)).with_context(|| format!("{} is no schema", file.display()))?;
        breaks |= found.iter().any(|change| change.kind.harm() == Harm::Breaking);
        say(&whose, &found)?;
    }
    Ok(if breaks && !args.allow_breaking { ExitCode::from(FAILURE) } else { ExitCode::SUCCESS })
}

/// Each change that somebody notices on a line of its own; of the others how many there are of each kind.
fn say(whose: &str, found: &[Change]) -> std::io::Result<()> {
    let count = |harm| found.iter().filter(|change| change.kind.harm() == harm).count();
    let [breaking, dangerous, safe] = [Harm::Breaking, Harm::Dangerous, Harm::Safe].map(count);
    out::line(&format!("{whose}: {breaking} breaking, {dangerous} dangerous, {safe} safe"))?;
    let mut quiet = BTreeMap::<Kind, usize>::new();
    for change in found {
        match change.kind.harm() {
            Harm::Safe => *quiet.entry(change.kind).or_default() += 1,
            _ => out::line(&format!("  {change}"))?,
        }
    }
    for (kind, number) in quiet {
        out::line(&format!("  {:9} {} ({number})", kind.harm(), kind.name()))?;
    }
    Ok(())
}
