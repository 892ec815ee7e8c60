//! A database for each test: a copy of a migrated template, thrown away afterwards.
//!
//! The template is made once for each text of the migrations, by whichever test process comes first, and appears under its
//! name only when it is whole: by a rename.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
};

use futures::FutureExt;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

use crate::World;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// The server.
    Postgres,
}

/// The advisory lock under which the template is made: "template" in ASCII.
const LOCK: i64 = 0x7465_6d70_6c61_7465;

/// Runs `test` on both engines, one after the other, each in a database of its own.
pub async fn each_engine(test: impl AsyncFn(World)) {
    on_sqlite(&test).await;
    on_postgres(&test).await;
}

async fn on_sqlite(test: &impl AsyncFn(World)) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journey.db");
    std::fs::copy(sqlite_template().await, &file).unwrap();
    eprintln!("--- on SQLite");
    run(Engine::Sqlite, format!("sqlite://{}", file.display()), test).await;
}

async fn on_postgres(test: &impl AsyncFn(World)) {
    let server = std::env::var("JOURNEY_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let admin = match Database::connect(&server).await {
        Ok(admin) => admin,
        Err(error) => {
            assert!(std::env::var("CI").is_err(), "no PostgreSQL answers: {error}");
            eprintln!("\n*** the PostgreSQL half did not run: no server answers ***\n");
            return;
        }
    };
    let template = postgres_template(&admin, &server).await;
    let name = format!("journey_test_{}", unique());
    admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await.unwrap();
    eprintln!("--- on PostgreSQL, database {name}");
    let outcome = AssertUnwindSafe(run(Engine::Postgres, beside(&server, &name), test)).catch_unwind().await;
    admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    admin.close().await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn run(engine: Engine, url: String, test: &impl AsyncFn(World)) {
    let world = World::found(engine, url).await;
    let store = world.store.clone();
    test(world).await;
    store.db().clone().close().await.unwrap();
}

/// The address of another database of the same server.
fn beside(server: &str, name: &str) -> String {
    let (address, rest) = server.rsplit_once('/').expect("an address ends with /database");
    match rest.split_once('?') {
        Some((_, options)) => format!("{address}/{name}?{options}"),
        None => format!("{address}/{name}"),
    }
}

async fn sqlite_template() -> PathBuf {
    let template = std::env::temp_dir().join(format!("journey_template_{}.db", schema_hash()));
    if !template.exists() {
        let building = std::env::temp_dir().join(format!("journey_building_{}.db", unique()));
        let db = Database::connect(format!("sqlite://{}?mode=rwc", building.display())).await.unwrap();
        migration::up(&db).await.unwrap();
        db.close().await.unwrap();
        std::fs::rename(&building, &template).unwrap();
    }
    template
}

async fn postgres_template(admin: &DatabaseConnection, server: &str) -> String {
    let template = format!("journey_template_{}", schema_hash());
    if exists(admin, &template).await {
        return template;
    }
    // The lock is the session's: a connection of its own, closed at the end, whatever happens in between.
    let builder = Database::connect({
        let mut options = sea_orm::ConnectOptions::new(server);
        options.max_connections(1);
        options
    })
    .await
    .unwrap();
    builder.execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})")).await.unwrap();
    if !exists(&builder, &template).await {
        let building = format!("journey_building_{}", unique());
        builder.execute_unprepared(&format!("CREATE DATABASE {building}")).await.unwrap();
        let db = Database::connect(beside(server, &building)).await.unwrap();
        migration::up(&db).await.unwrap();
        db.close().await.unwrap();
        builder.execute_unprepared(&format!("ALTER DATABASE {building} RENAME TO {template}")).await.unwrap();
    }
    builder.close().await.unwrap();
    template
}

async fn exists(db: &DatabaseConnection, name: &str) -> bool {
    let text = "SELECT 1 FROM pg_database WHERE datname = $1";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, text, [name.into()]);
    db.query_one_raw(statement).await.unwrap().is_some()
}

/// The text of the migrations and of what they stand on.
fn schema_hash() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migration/src");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).unwrap().hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

#[expect(clippy::disallowed_methods, reason = "a name that no other test process has")]
fn unique() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
