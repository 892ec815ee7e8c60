//! `journey bi`.

use std::{process::ExitCode, time::Duration};

use clap::builder::FalseyValueParser;
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;

use crate::{
    app,
    bi::views::{self, By, Cuts, DEFAULT_BY, Filled, Grain, Granted, Refused, Revoked, Wish},
    cli::{Common, out, told},
    clock::Clock,
    config::{self, Config},
    store::Store,
};

/// SQL views for BI tools that read databases, with a login of their own
///
/// For PostgreSQL only; docs/bi.md says what the views show and what the login can and cannot do. A tenant's views lie in the schema
/// bi_<tenant>: figures as an analyst has them from /bi/v1, with small groups hidden. They show what was answered when they were filled
/// last: `journey bi refresh`, from a scheduler, fills them again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey bi show --tenant acme --database-url postgres://journey@db/journey           the SQL; writes nothing
  journey bi grant --tenant acme --database-url postgres://postgres@db/journey         an administrator's address
  17 * * * *  JOURNEY_DATABASE_URL=postgres://journey@db/journey journey bi refresh --tenant acme
  journey bi revoke --tenant acme --database-url postgres://postgres@db/journey

Exit codes: 0 done; 1 failed, or the login could do more than it should; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: Common,

    /// What to do.
    #[command(subcommand)]
    pub way: Way,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Way {
    /// Print the SQL that a first grant would run, without a password, and change nothing
    Show(Wanted),
    /// Make the schema, its views and its login, or change them, and fill them
    ///
    /// Prints the password of a new login, once. All of it is done, or nothing: where the login could do more than read its views, because
    /// of what PUBLIC may do, it is not made. Takes temporary tables in this database from PUBLIC, and large objects, too, where a superuser
    /// does it.
    Grant {
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would print it as the command's description")]
        wanted: Wanted,

        /// Give the login that there is a new password
        #[arg(long, env = "JOURNEY_BI_NEW_PASSWORD", value_parser = FalseyValueParser::new())]
        new_password: bool,
    },
    /// Fill the views anew
    ///
    /// Needs no more rights than the server has. Who reads meanwhile reads what was there before.
    Refresh(Of),
    /// Take the schema, its views and its login away, and end the login's sessions
    Revoke(Of),
}

/// Whose views.
#[derive(Clone, Debug, clap::Args)]
pub struct Of {
    /// The tenant's slug
    #[arg(long, value_name = "TENANT", env = "JOURNEY_TENANT")]
    pub tenant: String,
}

/// Which views, and for whom.
#[derive(Clone, Debug, clap::Args)]
pub struct Wanted {
    /// The tenant's slug
    #[arg(long, value_name = "TENANT", env = "JOURNEY_TENANT")]
    pub tenant: String,

    /// The login's name; roles are of all databases of a server [default: the one that there is, or the schema's name]
    #[arg(long, value_name = "NAME", env = "JOURNEY_BI_LOGIN")]
    pub login: Option<String>,

    /// How long a statement of the login may run, such as 30s or 5m
    #[arg(long, value_name = "TIME", env = "JOURNEY_BI_STATEMENT_TIMEOUT", default_value = "30s", value_parser = timeout)]
    pub statement_timeout: Duration,

    /// How many connections it may have at once
    #[arg(long, value_name = "N", env = "JOURNEY_BI_CONNECTIONS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub connections: u32,

    /// How long a bucket is: DAY, MONTH, QUARTER or YEAR; one, because one would give away what another hides
    #[arg(long, value_name = "GRAIN", env = "JOURNEY_BI_GRAIN", default_value = "MONTH", value_parser = views::grain)]
    pub grain: Grain,

    /// By which dimensions figures are told apart, each by itself, with commas; none where it is empty
    #[arg(long, value_name = "DIMENSIONS", env = "JOURNEY_BI_BY", default_value = DEFAULT_BY)]
    pub by: By,

    /// About how many years, this one being the last
    #[arg(long, value_name = "N", env = "JOURNEY_BI_YEARS", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10))]
    pub years: u32,
}

/// Whole milliseconds, as PostgreSQL counts them; 0 would be no limit.
fn timeout(text: &str) -> Result<Duration, String> {
    let time = config::duration::parse(text)?;
    match (1..=u128::from(i32::MAX.unsigned_abs())).contains(&time.as_millis()) {
        true => Ok(time),
        false => Err("more than 0s, and less than 24 days".to_owned()),
    }
}

impl Wanted {
    fn wish(self, new_password: bool) -> Wish {
        let Wanted { tenant: _, login, statement_timeout: timeout, connections, grain, by, years } = self;
        Wish { login, timeout, connections, cuts: Cuts { grain, by, years }, new_password }
    }
}

/// Does it.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let url = super::database_url(&config)?;
    let store = app::open(&config).await?;
    super::migrated(&store).await?;
    let server = url.expose_secret().parse::<PgConnectOptions>().ok();
    let server = server.map(|server| (server.get_host().to_owned(), server.get_port()));
    Box::pin(carry_out(&store, &Clock::System, args.way, server, &mut |line: &str| Ok(out::line(line)?))).await?;
    Ok(ExitCode::SUCCESS)
}

/// Does it to a database that has its tables, and tells in lines what was done. `server`: where its readers find it.
pub async fn carry_out(
    store: &Store,
    clock: &Clock,
    way: Way,
    server: Option<(String, u16)>,
    tell: &mut (dyn FnMut(&str) -> anyhow::Result<()> + Send),
) -> anyhow::Result<()> {
    match way {
        Way::Show(wanted) => {
            let slug = wanted.tenant.clone();
            for line in views::show(store, &slug, &wanted.wish(false)).await.map_err(words)? {
                tell(&line)?;
            }
        }
        Way::Grant { wanted, new_password } => {
            let slug = wanted.tenant.clone();
            let granted = views::grant(store, &slug, &wanted.wish(new_password)).await.map_err(words)?;
            for line in made(&granted, server) {
                tell(&line)?;
            }
            // The password is told by now: it is not lost if the figures fail.
            tell(&filled(&Box::pin(views::refresh(store, clock, &slug)).await.map_err(words)?))?;
        }
        Way::Refresh(Of { tenant }) => {
            tell(&filled(&Box::pin(views::refresh(store, clock, &tenant)).await.map_err(words)?))?;
        }
        Way::Revoke(Of { tenant }) => {
            let Revoked { schema, login } = views::revoke(store, &tenant).await.map_err(words)?;
            tell(&match login {
                Some(login) => format!("{schema} and the login {login} are gone"),
                None => format!("{schema} is gone; it had no login of its own"),
            })?;
        }
    }
    Ok(())
}

fn words(refused: Refused) -> anyhow::Error {
    match refused {
        Refused::House(error) => told(error),
        other => other.into(),
    }
}

fn made(granted: &Granted, server: Option<(String, u16)>) -> Vec<String> {
    let Granted { schema, login, password, database, left } = granted;
    let mut lines = vec![format!("{schema} is there for the login {login}")];
    match password {
        Some(password) => {
            lines.push(format!("password: {}", password.expose_secret()));
            lines.push("Nobody can tell it again; `journey bi grant --new-password` makes another.".to_owned());
        }
        None => lines.push("Its password stays as it is.".to_owned()),
    }
    if let Some((host, port)) = server {
        lines.push(format!("psql \"host={host} port={port} dbname={database} user={login}\""));
    }
    if let Some(left) = left {
        lines.push(format!(
            "It may make large objects, as everybody in this database. A superuser forbids that: {left};"
        ));
    }
    lines
}

fn filled(filled: &Filled) -> String {
    let Filled { questions, figures, refused } = filled;
    let mut line = format!("{figures} figures answer {questions} questions");
    if !refused.is_empty() {
        line += &format!("; {} of them are not answered:\n  {}", refused.len(), refused.join("\n  "));
    }
    line
}
