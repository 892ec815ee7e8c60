//! Options that several commands share, and the configuration they make.

use std::{path::PathBuf, str::FromStr};

use clap::{ArgMatches, Args, parser::ValueSource};
use secrecy::{ExposeSecret, SecretString};

use super::Data;
use crate::config::{self, Config, Problems, Purpose, Sources};

/// A command line that cannot be followed, found after it was read. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The address of a database; it may hold a password, which is never shown.
#[derive(Clone, Debug)]
pub struct DatabaseUrl(pub SecretString);

impl FromStr for DatabaseUrl {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // An empty variable, as container files like to leave behind, counts as none.
        if !text.is_empty() {
            config::check_database_url(text)?;
        }
        Ok(Self(text.into()))
    }
}

/// Every command: which configuration, which database.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// Configuration file; it needs only what differs from the defaults
    #[arg(long, value_name = "FILE", env = "JOURNEY_CONFIG", global = true, help_heading = "Where")]
    pub config: Option<PathBuf>,

    /// Database: sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(
        long,
        value_name = "URL",
        env = "JOURNEY_DATABASE_URL",
        global = true,
        hide_env_values = true,
        help_heading = "Where"
    )]
    pub database_url: Option<DatabaseUrl>,
}

impl Common {
    /// The configuration for a command that says itself what it needs.
    pub fn config(&self) -> Result<Config, Problems> {
        self.load(Purpose::Tool, Vec::new())
    }

    /// The configuration, with what further flags set.
    pub(super) fn load(&self, purpose: Purpose, mut flags: Vec<(&'static str, String)>) -> Result<Config, Problems> {
        if let Some(url) = self.given_url() {
            flags.push(("database.url", url.expose_secret().to_owned()));
        }
        // A variable that is no UTF-8 sets no option of ours.
        let environment =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let file = self.config.clone().filter(|path| !path.as_os_str().is_empty());
        Config::load(&Sources { file, environment: environment.collect(), flags }, purpose)
    }

    pub(super) fn given_url(&self) -> Option<&SecretString> {
        self.database_url.as_ref().map(|url| &url.0).filter(|url| !url.expose_secret().is_empty())
    }
}

/// Commands that can also work on a demo's folder.
#[derive(Clone, Debug, Default, Args)]
pub struct CommonWithData {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: Common,

    /// Folder of a demo: its database and its secret are used
    #[arg(long, value_name = "DIR", env = "JOURNEY_DATA", help_heading = "Where")]
    pub data: Option<PathBuf>,
}

impl CommonWithData {
    /// `--data` and `--database-url` both name a database. What was typed wins over a variable; of two of a kind neither may win in
    /// silence, or an import ends up in the wrong database.
    pub(super) fn settle(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        if self.data.is_none() || self.common.database_url.is_none() {
            return Ok(());
        }
        let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        match (typed("data"), typed("database_url")) {
            (true, false) => self.common.database_url = None,
            (false, true) => self.data = None,
            _ => {
                let message = "--data (JOURNEY_DATA) and --database-url (JOURNEY_DATABASE_URL) both name a database: give one of them\n";
                return Err(clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, message));
            }
        }
        Ok(())
    }

    /// The configuration; with `--data` the demo's database and its issuer stand in it.
    pub fn config(&self) -> anyhow::Result<Config> {
        let mut config = self.common.config()?;
        if let Some(folder) = self.data() {
            config.database.url = folder.database_url()?;
            config.auth = config::Auth::development(folder.secret()?);
        }
        Ok(config)
    }

    /// The demo's folder, where one was named.
    pub fn data(&self) -> Option<Data> {
        self.data.as_ref().filter(|path| !path.as_os_str().is_empty()).map(Data::new)
    }
}

/// The database that a command is to work on, or how to name one.
pub fn database_url(config: &Config) -> Result<&SecretString, Usage> {
    match config.database.url.expose_secret() {
        "" => Err(Usage("no database is named: give --database-url sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME, or set JOURNEY_DATABASE_URL".to_owned())),
        _ => Ok(&config.database.url),
    }
}
