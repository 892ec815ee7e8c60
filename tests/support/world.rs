//! Two tenants with their people, and a clock that stands until it is moved.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use api::{
    app::App,
    auth::{Grant, Mint},
    clock::Clock,
    config::{self, Config},
    graph::{self, Cx},
    http,
    journey::Work,
    policy::{Caller, Grants, Role, RoleSet},
    store::{Options, Store},
    tenancy::{self, NewTenant},
};
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    account::colleague,
    codes::Discipline,
    journey::feed_counter,
    tenant::{queue, queue_member},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Set, Statement};
use uuid::Uuid;

use crate::{Client, Engine};

/// The shared secret of the tests' issuer.
const SECRET: &str = "a secret of the tests, long enough to be taken";

/// A database with two tenants in it, and the application over it.
#[derive(Clone)]
pub struct World {
    /// What the database is.
    pub engine: Engine,
    /// Where the database is.
    pub url: String,
    /// The store; it counts its statements.
    pub store: Store,
    /// The clock; it stands until the test moves it.
    pub clock: Clock,
    /// The tenant that the clients belong to.
    pub acme: House,
    /// Another tenant with a cast of its own.
    pub other: House,
    /// The application behind the front door.
    pub app: App,
    pub(crate) router: Router,
    pub(crate) auth: Arc<config::Auth>,
    /// Where the files of this world are kept; gone with it.
    files: Arc<tempfile::TempDir>,
    statements: Arc<AtomicU64>,
}

/// A tenant and its people.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct House {
    /// The tenant's id.
    pub tenant: i64,
    /// Its slug.
    #[serde(skip)]
    pub slug: &'static str,
    /// Its people.
    pub cast: Cast,
    /// The queue in which sales finds its handovers; Sam works in it.
    pub sales_inbox: Uuid,
    /// The queue of the service; Vera works in it.
    pub service_desk: Uuid,
}

/// The colleagues. Ina, the integrator, is a machine and no colleague.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Cast {
    /// Marketing.
    pub mia: Uuid,
    /// Sales, in the sales inbox.
    pub sam: Uuid,
    /// Sales as well, in no queue.
    pub sue: Uuid,
    /// Service, at the service desk.
    pub vera: Uuid,
    /// Technical.
    pub tom: Uuid,
    /// The manager.
    pub max: Uuid,
    /// The analyst.
    pub ana: Uuid,
    /// The administrator.
    pub ada: Uuid,
}

/// A store that counts its statements.
async fn counted(options: &Options, statements: &Arc<AtomicU64>) -> Store {
    let statements = statements.clone();
    let counts = move || {
        statements.fetch_add(1, Ordering::SeqCst);
    };
    Store::connect(options).await.unwrap().observed(counts)
}

impl World {
    /// Founds both tenants. The clock stands at a Monday noon.
    pub(crate) async fn found(engine: Engine, url: String) -> World {
        let clock = Clock::at("2026-11-23T12:00:00Z".parse().unwrap());
        let statements = Arc::new(AtomicU64::new(0));
        let store = counted(&Options::new(&url), &statements).await;
        let acme = house(&store, &clock, "acme").await;
        let other = house(&store, &clock, "other").await;
        World::of(engine, url, store, statements, clock, acme, other)
    }

    /// The world of a database in which both tenants stand already.
    pub(crate) async fn again(engine: Engine, url: String, [mut acme, mut other]: [House; 2]) -> World {
        let clock = Clock::at("2026-11-23T12:00:00Z".parse().unwrap());
        let statements = Arc::new(AtomicU64::new(0));
        let store = counted(&Options::new(&url), &statements).await;
        (acme.slug, other.slug) = ("acme", "other");
        World::of(engine, url, store, statements, clock, acme, other)
    }

    fn of(
        engine: Engine,
        url: String,
        store: Store,
        statements: Arc<AtomicU64>,
        clock: Clock,
        acme: House,
        other: House,
    ) -> World {
        let mut config = Config::load(&config::Sources::default(), config::Purpose::Tool).unwrap();
        config.auth = config::Auth::development(SECRET.into());
        let files = Arc::new(tempfile::tempdir().unwrap());
        config.files.dir = files.path().to_owned();
        let app = App::new(&config, store.clone(), clock.clone()).unwrap();
        let router = app.router(http::Options::default());
        World { engine, url, store, clock, acme, other, app, router, auth: Arc::new(config.auth), files, statements }
    }

    /// A second process on the same database: a pool, a feed and a front door of its own. Its clock is this world's.
    pub async fn second_process(&self, poll_interval: Duration) -> World {
        self.process(|config| config.feed.poll_interval = poll_interval).await
    }

    /// Another process on the same database, with another configuration. PostgreSQL knows its connections as those of `reader`.
    pub async fn process(&self, change: impl FnOnce(&mut Config)) -> World {
        let mut config = Config::load(&config::Sources::default(), config::Purpose::Tool).unwrap();
        config.auth = config::Auth::clone(&self.auth);
        config.files.dir = self.files.path().to_owned();
        config.database.recent = Duration::ZERO;
        change(&mut config);
        let name = match (self.engine, self.url.contains('?')) {
            (Engine::Sqlite, _) => "",
            (Engine::Postgres, false) => "?application_name=reader",
            (Engine::Postgres, true) => "&application_name=reader",
        };
        let url = format!("{}{name}", self.url);
        let options =
            Options { poll_interval: config.feed.poll_interval, recent: config.database.recent, ..Options::new(url) };
        let statements = Arc::new(AtomicU64::new(0));
        let store = counted(&options, &statements).await;
        let app = App::new(&config, store.clone(), self.clock.clone()).unwrap();
        let router = app.router(http::Options::default());
        World { store, app, router, statements, ..self.clone() }
    }

    /// This world with its files kept elsewhere.
    pub fn keeping_files(&self, change: impl FnOnce(&mut config::Files)) -> World {
        let mut config = Config::load(&config::Sources::default(), config::Purpose::Tool).unwrap();
        config.auth = config::Auth::clone(&self.auth);
        config.files.dir = self.files.path().to_owned();
        change(&mut config.files);
        let app = App::new(&config, self.store.clone(), self.clock.clone()).unwrap();
        let router = app.router(http::Options::default());
        World { app, router, ..self.clone() }
    }

    /// Ends this process's connections to the database in an orderly way.
    pub async fn close(&self) {
        self.store.db().clone().close().await.unwrap();
    }

    /// Has PostgreSQL end all connections of the other processes, whatever they are doing.
    pub async fn cut_the_readers(&self) {
        let text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'reader'";
        self.store.db().query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await.unwrap();
    }

    /// Sends a request to the front door as it is; gives status, body and `Content-Disposition`.
    pub async fn send(
        &self,
        request: axum::http::Request<axum::body::Body>,
    ) -> (axum::http::StatusCode, Vec<u8>, Option<String>) {
        use http_body_util::BodyExt;
        use tower::ServiceExt;
        let response = self.router.clone().oneshot(request).await.unwrap();
        let named = response.headers().get(axum::http::header::CONTENT_DISPOSITION);
        let named = named.map(|value| value.to_str().unwrap().to_owned());
        let status = response.status();
        (status, response.into_body().collect().await.unwrap().to_bytes().to_vec(), named)
    }

    /// How many statements have run so far.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::SeqCst)
    }

    /// The moment at which the clock stands.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Moves the clock on.
    pub fn pass(&self, time: TimeDelta) {
        self.clock.set(self.clock.now() + time);
    }

    /// From now on the clock runs: each look at it is a microsecond later than the one before.
    pub fn let_the_clock_run(&self) {
        self.clock.run(TimeDelta::microseconds(1));
    }

    /// Mia, marketing.
    pub fn mia(&self) -> Client {
        self.as_roles(&[Role::Marketing], "mia")
    }
    /// Sam, sales.
    pub fn sam(&self) -> Client {
        self.as_roles(&[Role::Sales], "sam")
    }
    /// Sue, sales too.
    pub fn sue(&self) -> Client {
        self.as_roles(&[Role::Sales], "sue")
    }
    /// Vera, service.
    pub fn vera(&self) -> Client {
        self.as_roles(&[Role::Service], "vera")
    }
    /// Tom, technical.
    pub fn tom(&self) -> Client {
        self.as_roles(&[Role::Technical], "tom")
    }
    /// Max, manager.
    pub fn max(&self) -> Client {
        self.as_roles(&[Role::Manager], "max")
    }
    /// Ana, analyst.
    pub fn ana(&self) -> Client {
        self.as_roles(&[Role::Analyst], "ana")
    }
    /// Ada, administrator.
    pub fn ada(&self) -> Client {
        self.as_roles(&[Role::Admin], "ada")
    }
    /// Ina, integrator: a token without a colleague.
    pub fn ina(&self) -> Client {
        self.as_roles(&[Role::Integrator], "ina")
    }

    /// Somebody of `acme` with these roles.
    pub fn as_roles(&self, roles: &[Role], subject: &str) -> Client {
        self.client(self.acme.slug, roles, subject, Duration::from_secs(3600))
    }

    /// Somebody of the other tenant.
    pub fn of_other(&self, role: Role, subject: &str) -> Client {
        self.client(self.other.slug, &[role], subject, Duration::from_secs(3600))
    }

    /// Somebody whose token ends after `ttl`.
    pub fn client(&self, tenant: &str, roles: &[Role], subject: &str, ttl: Duration) -> Client {
        self.granted(tenant, roles, subject, Grants::default(), ttl)
    }

    /// Somebody whose token narrows what the roles may do.
    pub fn granted(&self, tenant: &str, roles: &[Role], subject: &str, grants: Grants, ttl: Duration) -> Client {
        let grant = Grant {
            subject: subject.to_owned(),
            tenant: tenant.to_owned(),
            roles: roles.iter().copied().collect(),
            grants,
            ttl,
            id: Uuid::from_u128(self.clock.random().into()),
        };
        let token = Mint::new(&self.auth).unwrap().mint(&grant, self.now()).unwrap();
        Client::new(self.clone(), token)
    }

    /// The caller that a client of `acme` is, for asking the policy itself.
    pub async fn caller(&self, roles: &[Role], subject: &str) -> Caller {
        let claims = api::auth::Claims {
            tenant: self.acme.slug.to_owned(),
            subject: subject.to_owned(),
            roles: roles.iter().copied().collect(),
            grants: Grants::default(),
            expires_at: self.now() + TimeDelta::hours(1),
        };
        tenancy::resolve(&self.store, &claims, self.now()).await.unwrap().unwrap()
    }

    /// A unit of work by the house itself, in `acme`, with every right.
    pub async fn work<T>(&self, body: impl AsyncFnOnce(&mut Work<'_>) -> graph::Result<T>) -> T {
        self.work_in(self.acme.tenant, body).await
    }

    /// A unit of work by the house itself.
    pub async fn work_in<T>(&self, tenant: i64, body: impl AsyncFnOnce(&mut Work<'_>) -> graph::Result<T>) -> T {
        work(&self.store, &self.clock, tenant, body).await
    }

    /// The feed's position in `acme`.
    pub async fn position(&self) -> i64 {
        let counter = feed_counter::Entity::find_by_id(self.acme.tenant).one(self.store.db()).await.unwrap();
        counter.expect("a founded tenant has a counter").position
    }
}

pub(crate) async fn work<T>(
    store: &Store,
    clock: &Clock,
    tenant: i64,
    body: impl AsyncFnOnce(&mut Work<'_>) -> graph::Result<T>,
) -> T {
    let caller =
        tenancy::system_caller(store, tenant, clock.now(), RoleSet::ALL, "a test sets its scene").await.unwrap();
    let cx = Cx::new(caller, store.clone(), clock.clone());
    let mut work = Work::begin(&cx).await.unwrap();
    let done = body(&mut work).await.unwrap();
    work.commit().await.unwrap();
    done
}

async fn house(store: &Store, clock: &Clock, slug: &'static str) -> House {
    let new = NewTenant {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        zone: "Europe/Berlin".to_owned(),
        currency: "EUR".to_owned(),
        language: "de".to_owned(),
    };
    let tenant = tenancy::found(store, clock, new).await.unwrap();
    let queue = async |code: &str| {
        let queues = queue::Entity::find().filter(queue::Column::TenantId.eq(tenant));
        queues.filter(queue::Column::Code.eq(code)).one(store.db()).await.unwrap().unwrap().id
    };
    let (sales_inbox, service_desk) = (queue("SALES_INBOX").await, queue("SERVICE_DESK").await);
    let cast = work(store, clock, tenant, async |work| {
        let mut hire = async |subject: &str, name: &str, department| {
            let row = colleague::ActiveModel {
                subject: Set(Some(subject.to_owned())),
                name: Set(name.to_owned()),
                email: Set(format!("{subject}@{slug}.example")),
                department: Set(department),
                is_active: Set(true),
                ..Default::default()
            };
            work.insert::<colleague::Entity>(row).await.map(|row| row.id)
        };
        let cast = Cast {
            mia: hire("mia", "Mia Marketing", Discipline::Marketing).await?,
            sam: hire("sam", "Sam Sales", Discipline::Sales).await?,
            sue: hire("sue", "Sue Sales", Discipline::Sales).await?,
            vera: hire("vera", "Vera Service", Discipline::Service).await?,
            tom: hire("tom", "Tom Technical", Discipline::Technical).await?,
            max: hire("max", "Max Manager", Discipline::Management).await?,
            ana: hire("ana", "Ana Analyst", Discipline::Management).await?,
            ada: hire("ada", "Ada Admin", Discipline::Management).await?,
        };
        for (queue, colleague) in [(sales_inbox, cast.sam), (service_desk, cast.vera)] {
            let row = queue_member::ActiveModel {
                queue_id: Set(queue),
                colleague_id: Set(colleague),
                valid_from: Set(work.now()),
                ..Default::default()
            };
            work.insert::<queue_member::Entity>(row).await?;
        }
        Ok(cast)
    })
    .await;
    House { tenant, slug, cast, sales_inbox, service_desk }
}
