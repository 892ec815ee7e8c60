//! `journey demo`.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::builder::FalseyValueParser;

use crate::{
    app,
    cli::{Common, Data, Usage, out},
    clock::Clock,
    config::{self, Config, Problems, Purpose},
    demo::{self, Folder, guide},
};

/// Try it out: a company with a history, tokens, and queries
///
/// Makes a database with the story of a machine builder and its customers, prints a token per role, ready-made queries and the address
/// of GraphiQL, and serves. A demo that exists is used again, with its data; --fresh makes it anew.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  journey demo
  journey demo --data /tmp/journey --listen 127.0.0.1:9000 --fresh
  journey token --data /tmp/journey --role sales       another token for it

Exit codes: 0 ended as asked; 1 failed; 2 the command line or the configuration is wrong.")]
pub struct Args {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it as the command's description")]
    pub common: Common,

    /// Folder for the database and the secret [default: journey in the user's data folder]
    #[arg(long, value_name = "DIR", env = "JOURNEY_DATA")]
    pub data: Option<PathBuf>,

    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT", env = "JOURNEY_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Throw the demo's database away and make it anew
    #[arg(long, env = "JOURNEY_FRESH", value_parser = FalseyValueParser::new())]
    pub fresh: bool,
}

impl Args {
    pub(super) fn config(&self) -> Result<Config, Problems> {
        // Not `Serve`: the database and the issuer come from the folder.
        self.common.load(Purpose::Tool, vec![("server.listen", self.listen.to_string())])
    }

    /// The demo's folder: as named, or the user's.
    pub fn data(&self) -> Result<Data, Usage> {
        let named = self.data.clone().filter(|path| !path.as_os_str().is_empty());
        let folder = named.or_else(Data::default_folder);
        folder
            .map(Data::new)
            .ok_or_else(|| Usage("there is no home folder to put the demo in: name one with --data DIR".to_owned()))
    }
}

/// Makes the demo where there is none, and serves it.
pub async fn run(args: Args, mut config: Config) -> anyhow::Result<ExitCode> {
    let data = args.data()?;
    data.create()?;
    config.auth = config::Auth::development(data.secret()?);
    config.files.dir = data.folder().join("files");
    // A year that was told today is to be followed from its beginning.
    config.feed.retention = Duration::ZERO;
    let clock = Clock::System;
    let began = Instant::now();
    let (store, made, _guard) = match args.common.given_url().cloned() {
        // A database that is named, such as one on a PostgreSQL server; the folder keeps the secret only.
        Some(url) => {
            config.database.url = url;
            let (store, made) = demo::in_database(&config, clock.now(), args.fresh).await?;
            (store, made, None)
        }
        None => {
            config.database.url = data.database_url()?;
            let folder = Folder::open(&data, &config, clock.now(), args.fresh).await?;
            (folder.store.clone(), folder.made, Some(folder))
        }
    };
    if made {
        out::error(&format!("made the demo in {:.1} s", began.elapsed().as_secs_f64()));
    }
    let guide = guide::write(&data, &config, &clock)?;
    app::serve(&config, store, clock, |address| {
        // Nobody reads any more: the server serves all the same.
        if let Err(error) = out::line(&guide.told_for(address)) {
            tracing::warn!(%error, "the guide could not be printed");
        }
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}
