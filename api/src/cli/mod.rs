//! The command line: one file a subcommand, each with its `Args` and its `run`.
//!
//! To add a command: a file with both, a variant of [`Command`], and a line in each `match` below, where the compiler asks for it.
//!
//! Exit codes: 0 done; 1 failed, or problems were found; 2 the command line or the configuration is wrong.

pub mod bi;
mod common;
mod data;
pub mod demo;
pub mod distribute;
pub mod found;
pub mod generate;
pub mod import;
mod log;
pub mod migrate;
pub mod out;
pub mod prune;
pub mod rebuild;
pub mod schema;
pub mod serve;
pub mod token;
pub mod verify;

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use common::{Common, CommonWithData, DatabaseUrl, Usage, database_url};
pub use data::Data;

use crate::{config::Problems, graph::Error, store::Store};

/// Something failed, or was found to be wrong.
pub const FAILURE: u8 = 1;
/// The command line or the configuration is wrong.
pub const USAGE: u8 = 2;

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 failed, or problems were found; 2 the command line or the configuration is wrong.

Every option can also be given as a variable, which --help names beside it.
Start with `journey demo`, and `journey help COMMAND`.";

/// One entity graph of the whole customer journey, served by GraphQL.
#[derive(Debug, Parser)]
#[command(
    name = "journey",
    version,
    about,
    long_about = "One entity graph of the whole customer journey: marketing, sales and service read the same accounts, contacts and events, \
                  each through a GraphQL schema of their own.",
    after_help = EXIT_CODES,
    propagate_version = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "clap would print it in place of what the command's own `Args` say")]
pub enum Command {
    Serve(serve::Args),
    Demo(demo::Args),
    Migrate(migrate::Args),
    Distribute(distribute::Args),
    Bi(bi::Args),
    Found(found::Args),
    Token(token::Args),
    Schema(schema::Args),
    Import(import::Args),
    Generate(generate::Args),
    Verify(verify::Args),
    Rebuild(rebuild::Args),
    Prune(prune::Args),
}

impl Cli {
    /// Reads a command line and its variables. Errors are clap's own: they know the usage and their exit code.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
        let matches = Cli::command().try_get_matches_from(arguments)?;
        let mut cli = Cli::from_arg_matches(&matches)?;
        if let Some((_, matches)) = matches.subcommand() {
            match &mut cli.command {
                Command::Token(args) => args.common.settle(matches),
                Command::Import(args) => args.common.settle(matches),
                Command::Verify(args) => args.common.settle(matches),
                Command::Rebuild(args) => args.common.settle(matches),
                Command::Prune(args) => args.common.settle(matches),
                Command::Serve(_)
                | Command::Demo(_)
                | Command::Migrate(_)
                | Command::Distribute(_)
                | Command::Bi(_)
                | Command::Found(_)
                | Command::Schema(_)
                | Command::Generate(_) => Ok(()),
            }?;
        }
        Ok(cli)
    }
}

/// Loads the configuration that the command asks for, begins to log, and runs it.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let config = match &cli.command {
        Command::Serve(args) => args.config()?,
        Command::Demo(args) => args.config()?,
        Command::Migrate(args) => args.common.config()?,
        Command::Distribute(args) => args.common.config()?,
        Command::Bi(args) => args.common.config()?,
        Command::Found(args) => args.common.config()?,
        Command::Token(args) => args.common.config()?,
        Command::Schema(args) => args.common.config()?,
        Command::Import(args) => args.common.config()?,
        Command::Generate(args) => args.common.config()?,
        Command::Verify(args) => args.common.config()?,
        Command::Rebuild(args) => args.common.config()?,
        Command::Prune(args) => args.common.config()?,
    };
    let _traces = log::begin(&config.log)?;
    match cli.command {
        Command::Serve(args) => serve::run(args, config).await,
        Command::Demo(args) => demo::run(args, config).await,
        Command::Migrate(args) => migrate::run(args, config).await,
        Command::Distribute(args) => distribute::run(args, config).await,
        Command::Bi(args) => bi::run(args, config).await,
        Command::Found(args) => found::run(args, config).await,
        Command::Token(args) => token::run(args, config).await,
        Command::Schema(args) => schema::run(args, config).await,
        Command::Import(args) => import::run(args, config).await,
        Command::Generate(args) => generate::run(args, config).await,
        Command::Verify(args) => verify::run(args, config).await,
        Command::Rebuild(args) => rebuild::run(args, config).await,
        Command::Prune(args) => prune::run(args, config).await,
    }
}

/// Says on the standard error what went wrong, and which exit code that is.
pub fn report(error: &anyhow::Error) -> ExitCode {
    out::error(&format!("journey: {error:#}"));
    let usage = error.chain().any(|cause| cause.is::<Problems>() || cause.is::<Usage>());
    ExitCode::from(if usage { USAGE } else { FAILURE })
}

/// Refuses a database whose tables are not those of this program.
pub(crate) async fn migrated(store: &Store) -> anyhow::Result<()> {
    match migration::status(store.db()).await?.iter().filter(|(_, applied)| !applied).count() {
        0 => Ok(()),
        pending => anyhow::bail!("the database lacks {pending} migrations; run `journey migrate up` first"),
    }
}

/// An error of the house in words, for whoever sits at the terminal: the cause, too, which a client would never see.
pub(crate) fn told(error: Error) -> anyhow::Error {
    match error {
        Error::Internal(cause) => anyhow::anyhow!("{cause}"),
        Error::Conflict(cause) => anyhow::anyhow!("other writers were in the way, again and again: {cause}"),
        Error::BadInput(words) => anyhow::anyhow!("{words}"),
        Error::User(errors) => {
            let words = errors.iter().map(|error| format!("{}: {}", error.path.join("."), error.message));
            anyhow::anyhow!("{}", words.collect::<Vec<_>>().join("; "))
        }
        Error::NotFound => anyhow::anyhow!("there is no such object"),
        Error::Forbidden => anyhow::anyhow!("the caller's roles do not allow this"),
        Error::CursorInvalid
        | Error::CursorExpired { .. }
        | Error::FeedExpired { .. }
        | Error::RightsChanged
        | Error::Merged(_)
        | Error::TokenExpired => anyhow::anyhow!("{}", error.code()),
    }
}

#[cfg(test)]
mod tests;
