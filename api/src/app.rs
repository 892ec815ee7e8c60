//! The application behind the front door: it knows the issuers, the store and the schemas, and makes of a token a caller and
//! of a caller a context.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use async_graphql::Request;
use async_trait::async_trait;
use axum::{Router, http::HeaderValue};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    analytics::rollup,
    auth::Issuers,
    bi::{self, Denied, Gate},
    clock::Clock,
    config::{self, Config},
    files,
    graph::Cx,
    http::{self, Door, Executor, Lifecycle, Refused, guard::Documents},
    journey::retention,
    policy::{Caller, Known},
    schema::{self, Schemas},
    store::{self, FileOptions, Files, Store},
    sync::bulk,
    tenancy,
    webhooks::{self, Rules, Sender},
};

/// Everything that a request needs, shared by all of them.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    issuers: Arc<Issuers>,
    schemas: Schemas,
    limits: Arc<http::Limits>,
    documents: Arc<Documents>,
    base_url: Arc<str>,
    webhooks: Rules,
    bulk: bulk::Options,
}

impl App {
    /// Puts the application together; what is wrong with the configured keys is said here.
    pub fn new(config: &Config, store: Store, clock: Clock) -> anyhow::Result<App> {
        let store = match store.files() {
            Some(_) => store,
            None => store.with_files(Files::open(place_of(config)).context("[files]")?),
        };
        Ok(App {
            store,
            clock,
            issuers: Arc::new(Issuers::new(&config.auth)?),
            schemas: Schemas::new(config.limits.clone()),
            limits: Arc::new(front_limits(config)),
            documents: Arc::default(),
            base_url: config.server.base_url().into(),
            webhooks: Rules { allow_private_networks: config.webhooks.allow_private_networks },
            bulk: (&config.bulk).into(),
        })
    }

    /// The router of this application.
    pub fn router(&self, options: http::Options) -> Router {
        let files = files::routes(self.store.clone(), self.clock.clone());
        let bulk = bulk::routes(self.clone(), self.bulk.clone());
        http::router(self.clone(), options, files.merge(bi::routes(self.clone())).merge(bulk))
    }

    /// Who takes up imports, until it is stopped.
    pub fn runner(&self, stop: CancellationToken) -> bulk::Runner {
        bulk::Runner { store: self.store.clone(), clock: self.clock.clone(), options: self.bulk.clone(), stop }
    }
}

/// Opens the configured database.
pub async fn open(config: &Config) -> anyhow::Result<Store> {
    let options = store::Options {
        url: config.database.url.expose_secret().to_owned(),
        max_connections: match config.database.max_connections {
            // More of them than the processors can serve only get in each other's way.
            0 => {
                let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get().min(8));
                4 * u32::try_from(cores).unwrap_or(2)
            }
            given => given,
        },
        acquire_timeout: config.database.acquire_timeout,
        poll_interval: config.feed.poll_interval,
        recent: config.database.recent,
    };
    // The address may hold a password, and so may the driver's own words about it.
    Store::connect(&options)
        .await
        .map_err(|_| anyhow::anyhow!("the database does not answer at the configured address"))
}

/// Serves until SIGINT or SIGTERM, then lets requests under way finish. `ready` is called once with the address that listens.
pub async fn serve(config: &Config, store: Store, clock: Clock, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let app = App::new(config, store, clock)?;
    let recorder = http::metrics::builder()?.install_recorder().context("metrics")?;
    http::metrics::describe();
    webhooks::sender::describe();
    bulk::describe();
    let stop = CancellationToken::new();
    let lifecycle = Lifecycle::new(stop.clone());
    let origins = config
        .server
        .cors_origins
        .iter()
        .map(|origin| HeaderValue::from_str(origin).with_context(|| format!("server.cors_origins: {origin:?}")))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let options = http::Options { origins, metrics: Some(recorder), lifecycle: lifecycle.clone() };
    let router = app.router(options);
    let listener = TcpListener::bind(config.server.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.server.listen))?;
    ready(listener.local_addr()?);
    tokio::spawn(rollup::keep(app.store.clone(), app.clock.clone()));
    if config.webhooks.enabled {
        let (store, clock) = (app.store.clone(), app.clock.clone());
        match Sender::new(store, clock, schema::field_names(), config.webhooks.clone()) {
            Ok(sender) => drop(tokio::spawn(sender.keep())),
            // For want of certificates for example: messages wait, and everything else goes on.
            Err(error) => tracing::error!(%error, "webhooks are not sent"),
        }
    }
    tokio::spawn(retention::keep_keys(app.store.clone(), app.clock.clone()));
    if !config.feed.retention.is_zero() {
        tokio::spawn(retention::keep(app.store.clone(), app.clock.clone(), config.feed.retention));
    }
    let runners: Vec<_> =
        (0..config.bulk.runners).map(|_| tokio::spawn(bulk::keep(app.runner(stop.clone())))).collect();
    tokio::spawn(async move {
        asked_to_stop().await;
        tracing::info!("asked to stop: finishing what is under way");
        stop.cancel();
    });
    let served = http::serve(listener, router, lifecycle, &app.limits).await.context("the listener failed");
    // The batch under way is taken, and its import let go. What takes longer than that is as if the process had died: others go on.
    let _ = tokio::time::timeout(config.server.grace_period, futures::future::join_all(runners)).await;
    served
}

async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}

fn place_of(config: &Config) -> FileOptions {
    let config::Files { dir, bucket, endpoint, region, access_key_id, secret_access_key, max_bytes, types, link_ttl } =
        config.files.clone();
    let base_url = config.server.base_url();
    FileOptions {
        dir,
        bucket,
        endpoint,
        region,
        access_key_id,
        secret_access_key,
        max_bytes: max_bytes as u64,
        types,
        link_ttl,
        base_url,
    }
}

fn front_limits(config: &Config) -> http::Limits {
    let config::Limits {
        max_body_bytes,
        max_document_bytes,
        max_tokens,
        max_depth: _,
        max_complexity,
        max_nodes,
        max_aliases,
        max_root_fields,
        max_directives,
        max_fragments,
        max_variables,
        request_timeout,
        max_connections,
        socket_init_timeout,
        socket_operations,
        max_frame_bytes,
        slow_reader_timeout,
    } = config.limits.clone();
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    http::Limits {
        body_bytes: max_body_bytes,
        document_bytes: max_document_bytes,
        document_tokens: max_tokens,
        cost: max_complexity as u64,
        expanded_nodes: max_nodes as u64,
        aliases: max_aliases as u64,
        root_fields: max_root_fields as u64,
        directives: max_directives as u64,
        fragments: max_fragments,
        variables: max_variables,
        query_timeout_ms: millis(request_timeout),
        connections: max_connections,
        grace_ms: millis(config.server.grace_period),
        socket_message_bytes: max_frame_bytes,
        socket_operations,
        socket_init_ms: millis(socket_init_timeout),
        slow_reader_ms: millis(slow_reader_timeout),
        stalled_ms: millis(3 * slow_reader_timeout),
        ..http::Limits::default()
    }
}

#[async_trait]
impl Door for App {
    type Caller = Caller;

    async fn authenticate(&self, bearer: Option<&str>) -> Result<Arc<Caller>, Refused> {
        let token = bearer.ok_or(Refused::Unauthenticated)?;
        let now = self.clock.now();
        let claims = self.issuers.verify(token, now).await.map_err(|error| {
            // The reason helps the operator; the client hears the same for each.
            tracing::debug!(reason = error.reason(), "a token was refused");
            Refused::Unauthenticated
        })?;
        match tenancy::resolve(&self.store, &claims, now).await {
            Ok(Some(caller)) => Ok(Arc::new(caller)),
            Ok(None) => Err(Refused::Unauthenticated),
            Err(error) => {
                tracing::error!(?error, "the database did not say who the caller is");
                Err(Refused::Unavailable)
            }
        }
    }

    async fn executor(&self, caller: &Arc<Caller>) -> Result<Executor, Refused> {
        Ok(Arc::new(self.schemas.of(caller.roles)))
    }

    fn prepare(&self, caller: &Arc<Caller>, request: Request, _request_id: &str) -> Request {
        // An operation on a socket judges rights at its own moment, not at that of the socket's first word.
        let moment = self.clock.now().into();
        let caller = Caller { moment, levels: Known::default(), ..Caller::clone(caller) };
        request.data(Cx::new(caller, self.store.clone(), self.clock.clone())).data(self.webhooks)
    }

    fn expires_in(&self, caller: &Caller) -> Option<Duration> {
        caller.expires_at.map(|end| (end - self.clock.now()).to_std().unwrap_or_default())
    }

    fn role_label(&self, caller: &Caller) -> String {
        caller.roles.to_string()
    }

    async fn ready(&self) -> bool {
        self.store.answers().await
    }

    fn gauge(&self) {
        let (open, used) = self.store.connections();
        http::metrics::pool(open, used);
    }

    fn limits(&self) -> &http::Limits {
        &self.limits
    }

    fn documents(&self) -> &Documents {
        &self.documents
    }
}

#[async_trait]
impl Gate for App {
    async fn context(&self, token: &str) -> Result<Cx, Denied> {
        match self.authenticate(Some(token)).await {
            Ok(caller) => Ok(Cx::new(Caller::clone(&caller), self.store.clone(), self.clock.clone())),
            Err(Refused::Unauthenticated) => Err(Denied::Unauthenticated),
            Err(Refused::Unavailable | Refused::TooMany(_)) => Err(Denied::Unavailable),
        }
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }
}

#[async_trait]
impl bulk::Gate for App {
    async fn context(&self, token: &str) -> Result<Cx, bulk::Denied> {
        Gate::context(self, token).await.map_err(|denied| match denied {
            Denied::Unauthenticated => bulk::Denied::Unauthenticated,
            Denied::Unavailable => bulk::Denied::Unavailable,
        })
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }
}
