//! The database: connection, writing transactions, and what differs between the two engines, in one place. Knows no domain
//! word.

mod feed;
mod files;
mod recent;
mod statements;
mod topics;

use std::{sync::Arc, time::Duration};

pub use feed::Woken;
pub use files::{Brought, FileOptions, Files, Held, Link, Received, Ticket, Verb, attachment};
pub use recent::{Changing, Name, Reading, Recent};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
pub use statements::Statements;
pub use topics::{Topic, Topics, Waiter};

/// How long a connection may lie idle before it is asked whether it still stands.
const IDLE: Duration = Duration::from_millis(50);

/// How the pool is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://path` or `postgres://…`.
    pub url: String,
    /// The largest number of connections.
    pub max_connections: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How often a reader looks at the feed when nobody wakes it.
    pub poll_interval: Duration,
    /// How long what rarely changes is believed without asking again; zero: never.
    pub recent: Duration,
}

impl Options {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>) -> Options {
        Options {
            url: url.into(),
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            poll_interval: Duration::from_secs(1),
            recent: Duration::ZERO,
        }
    }
}

/// A connected database.
#[derive(Clone, Debug)]
pub struct Store {
    db: DatabaseConnection,
    feed: Arc<feed::Feed>,
    poll_interval: Duration,
    recent: Arc<Recent>,
    files: Option<Arc<Files>>,
    rehearsal: Option<Arc<DatabaseTransaction>>,
}

impl Store {
    /// Connects. SQLite: the file is created, WAL, foreign keys on, writers wait for each other.
    pub async fn connect(options: &Options) -> Result<Store, DbErr> {
        let mut connect = ConnectOptions::new(options.url.clone());
        connect
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            // One that has lain idle may have lost its server: better to find out before a statement does.
            .test_before_acquire_if_idle_for(IDLE)
            .sqlx_logging(false);
        if options.url.starts_with("sqlite:") {
            connect.map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .create_if_missing(true)
                    .foreign_keys(true)
                    .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
                    .synchronous(sqlx::sqlite::SqliteSynchronous::Normal)
                    .busy_timeout(Duration::from_secs(30))
                    // Batches of many lengths are many texts: more of them kept only cost memory in a long load.
                    .statement_cache_capacity(128)
            });
        }
        if options.url.starts_with("postgres") {
            // Compiling a statement pays off for reports that run for seconds. Ours run for a millisecond, and a page of timelines that
            // was compiled took 40 s instead of 2.
            connect.map_sqlx_postgres_opts(|postgres| postgres.options([("jit", "off")]));
        }
        let mut db = Database::connect(connect).await?;
        db.set_metric_callback(statements::ran);
        let (feed, recent) = (Arc::new(feed::Feed::new()), Arc::new(Recent::new(options.recent)));
        if db.get_database_backend() == DbBackend::Postgres {
            feed::listen(&feed, recent.clone(), db.get_postgres_connection_pool().clone());
        }
        Ok(Store { db, feed, poll_interval: options.poll_interval, recent, files: None, rehearsal: None })
    }

    /// Calls `seen` after each statement, so that statements can be counted. BEGIN and COMMIT are none.
    pub fn observed(mut self, seen: impl Fn() + Send + Sync + 'static) -> Store {
        self.db.set_metric_callback(move |info| {
            statements::ran(info);
            seen();
        });
        self
    }

    /// With a place for files.
    pub fn with_files(mut self, files: Files) -> Store {
        self.files = Some(Arc::new(files));
        self
    }

    /// The place for files; none where the house has none.
    pub fn files(&self) -> Option<&Files> {
        self.files.as_deref()
    }

    /// The pool, for reading. Scopes of the policy run on it.
    pub fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.db.get_database_backend() == DbBackend::Postgres
    }

    /// Opens a writing transaction. IMMEDIATE on SQLite: a deferred one that becomes a writer half way is refused with
    /// "database is locked" whenever another writer was faster.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        if let Some(rehearsal) = &self.rehearsal {
            return rehearsal.begin().await;
        }
        self.db
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: (!self.is_postgres()).then_some(SqliteTransactionMode::Immediate),
                ..Default::default()
            })
            .await
    }

    /// The same database, in one transaction that is never committed: what is committed by it can be seen by what follows in it, and by
    /// nobody else; with the last copy of this store all of it is gone. Writers wait for each other there as ever, so it serves one.
    pub async fn rehearsal(&self) -> Result<Store, DbErr> {
        let rehearsal = self.begin().await?;
        Ok(Store { rehearsal: Some(Arc::new(rehearsal)), ..self.clone() })
    }

    /// Opens a transaction whose reads all see one moment.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        self.db
            .begin_with_options(TransactionOptions {
                isolation_level: self.is_postgres().then_some(sea_orm::IsolationLevel::RepeatableRead),
                ..Default::default()
            })
            .await
    }

    /// Connections of the pool: open, and of these in use.
    pub fn connections(&self) -> (u32, u32) {
        let (open, idle) = if self.is_postgres() {
            let pool = self.db.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        } else {
            let pool = self.db.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        };
        (open, open.saturating_sub(u32::try_from(idle).unwrap_or(u32::MAX)))
    }

    /// Whether the database answers, at once. A pool remembers connections that have since been cut: one that fails is thrown
    /// away, and a second one is new.
    pub async fn answers(&self) -> bool {
        let ping = async { self.db.ping().await.is_ok() || self.db.ping().await.is_ok() };
        tokio::time::timeout(Duration::from_secs(2), ping).await.unwrap_or(false)
    }

    /// What was read a moment ago.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// How often a reader of the feed looks by itself.
    pub fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    /// Tells other processes, at the commit of `tx`, that a tenant's feed has grown, and whether something has changed that they keep.
    pub async fn announce(&self, tx: &DatabaseTransaction, tenant: i64, is_kept: bool) -> Result<(), DbErr> {
        let text = "SELECT pg_notify($1, $2)";
        let note = if is_kept { format!("{tenant} {}", self.recent.word()) } else { tenant.to_string() };
        let values = [feed::CHANNEL.into(), note.into()];
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, text, values)).await?;
        Ok(())
    }

    /// Tells the readers of this process that a tenant's feed has grown. Other processes hear it from the database.
    pub fn wake(&self, tenant: i64) {
        self.feed.wake(tenant);
    }

    /// A reader's bell: rings after each commit of the tenant. A hint; the truth is polling.
    pub fn woken(&self, tenant: i64) -> Woken {
        self.feed.woken(tenant)
    }

    /// Who waits in this process for which news of a tenant.
    pub fn topics(&self, tenant: i64) -> Arc<Topics> {
        self.feed.topics(tenant)
    }
}

/// Tries a unit of work again when another transaction was in the way (40001, 40P01, SQLITE_BUSY): at most three times.
pub async fn retry<T, E, F, Fut>(is_transient: impl Fn(&E) -> bool, mut work: F) -> Result<T, E>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    for _ in 0..2 {
        match work().await {
            Err(error) if is_transient(&error) => {}
            result => return result,
        }
    }
    work().await
}
