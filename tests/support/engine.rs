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
use serde::{Deserialize, Serialize};

use crate::{House, World};

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

/// What a test begins with, where it takes long to tell: told once for each build of the tests, and copied from then on.
pub trait Told: Serialize + Deserialize<'static> {
    /// Its name among databases.
    const NAME: &'static str;

    /// Tells it to a fresh world.
    fn tell(world: &World) -> impl Future<Output = Self>;
}

/// [`each_engine`], in worlds that have been told something.
pub async fn each_engine_told<S: Told>(test: impl AsyncFn(World, S)) {
    let template = sqlite_told::<S>().await;
    let memory = std::fs::read_to_string(template.with_extension("json")).unwrap();
    in_sqlite(template, &async |url| {
        let (world, told) = remembered(Engine::Sqlite, url, &memory).await;
        with(world, &async |world| test(world, remember::<S>(&told)).await).await;
    })
    .await;
    let Some((admin, server)) = postgres().await else { return };
    let (template, memory) = postgres_told::<S>(&admin, &server).await;
    in_postgres(admin, &server, &template, &async |url| {
        let (world, told) = remembered(Engine::Postgres, url, &memory).await;
        with(world, &async |world| test(world, remember::<S>(&told)).await).await;
    })
    .await;
}

/// The houses and what was told, as they are written down beside the database.
#[derive(Serialize, Deserialize)]
struct Memory {
    houses: [House; 2],
    told: serde_json::Value,
}

async fn remembered(engine: Engine, url: String, memory: &str) -> (World, String) {
    let Memory { houses, told } = serde_json::from_str(memory).unwrap();
    (World::again(engine, url, houses).await, told.to_string())
}

/// What was told. Its texts live as long as the test's process.
fn remember<S: Told>(told: &str) -> S {
    serde_json::from_str(Box::leak(told.to_owned().into_boxed_str())).unwrap()
}

async fn tell<S: Told>(engine: Engine, url: String) -> String {
    let world = World::found(engine, url).await;
    let told = serde_json::to_value(S::tell(&world).await).unwrap();
    if engine == Engine::Sqlite {
        world.store.db().execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    }
    let memory = Memory { houses: [world.acme.clone(), world.other.clone()], told };
    world.store.db().clone().close().await.unwrap();
    serde_json::to_string(&memory).unwrap()
}

async fn sqlite_told<S: Told>() -> PathBuf {
    let template = std::env::temp_dir().join(format!("journey_{}_{}.db", S::NAME, build_hash()));
    if !template.exists() {
        let building = std::env::temp_dir().join(format!("journey_building_{}.db", unique()));
        std::fs::copy(sqlite_template().await, &building).unwrap();
        let memory = tell::<S>(Engine::Sqlite, format!("sqlite://{}", building.display())).await;
        let written = building.with_extension("json");
        std::fs::write(&written, memory).unwrap();
        std::fs::rename(&written, template.with_extension("json")).unwrap();
        std::fs::rename(&building, &template).unwrap();
    }
    template
}

async fn postgres_told<S: Told>(admin: &DatabaseConnection, server: &str) -> (String, String) {
    let template = format!("journey_{}_{}", S::NAME, build_hash());
    if !exists(admin, &template).await {
        let bare = postgres_template(admin, server).await;
        alone(server, &template, async |builder, building| {
            // Those of older builds have nobody who asks for them.
            let old = format!("SELECT datname::text FROM pg_database WHERE datname LIKE 'journey\\_{}\\_%'", S::NAME);
            for row in builder.query_all_raw(Statement::from_string(DbBackend::Postgres, old)).await.unwrap() {
                let old: String = row.try_get_by_index(0).unwrap();
                builder.execute_unprepared(&format!("DROP DATABASE IF EXISTS {old} WITH (FORCE)")).await.unwrap();
            }
            builder.execute_unprepared(&format!("CREATE DATABASE {building} TEMPLATE {bare}")).await.unwrap();
            builder
                .execute_unprepared(&format!("ALTER DATABASE {building} SET synchronous_commit = off"))
                .await
                .unwrap();
            let memory = tell::<S>(Engine::Postgres, beside(server, building)).await.replace('\'', "''");
            builder.execute_unprepared(&format!("COMMENT ON DATABASE {building} IS '{memory}'")).await.unwrap();
        })
        .await;
    }
    let text = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, text, [template.as_str().into()]);
    let memory = admin.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    (template, memory)
}

async fn on_sqlite(test: &impl AsyncFn(World)) {
    in_sqlite(sqlite_template().await, &async |url| with(World::found(Engine::Sqlite, url).await, test).await).await;
}

async fn in_sqlite(template: PathBuf, body: &impl AsyncFn(String)) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journey.db");
    std::fs::copy(template, &file).unwrap();
    eprintln!("--- on SQLite");
    body(format!("sqlite://{}", file.display())).await;
}

/// The server, and its address; none where none answers.
async fn postgres() -> Option<(DatabaseConnection, String)> {
    let server = std::env::var("JOURNEY_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    match Database::connect(&server).await {
        Ok(admin) => Some((admin, server)),
        Err(error) => {
            assert!(std::env::var("CI").is_err(), "no PostgreSQL answers: {error}");
            eprintln!("\n*** the PostgreSQL half did not run: no server answers ***\n");
            None
        }
    }
}

async fn on_postgres(test: &impl AsyncFn(World)) {
    let Some((admin, server)) = postgres().await else { return };
    let template = postgres_template(&admin, &server).await;
    let founded = async |url| with(World::found(Engine::Postgres, url).await, test).await;
    in_postgres(admin, &server, &template, &founded).await;
}

async fn in_postgres(admin: DatabaseConnection, server: &str, template: &str, body: &impl AsyncFn(String)) {
    let name = format!("journey_test_{}", unique());
    admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await.unwrap();
    // Nobody pulls the plug of the server: what a test writes need not be on the disk before the test goes on.
    admin.execute_unprepared(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await.unwrap();
    eprintln!("--- on PostgreSQL, database {name}");
    let outcome = AssertUnwindSafe(body(beside(server, &name))).catch_unwind().await;
    admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    admin.close().await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn with(world: World, test: &impl AsyncFn(World)) {
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
    if !exists(admin, &template).await {
        alone(server, &template, async |builder, building| {
            builder.execute_unprepared(&format!("CREATE DATABASE {building}")).await.unwrap();
            let db = Database::connect(beside(server, building)).await.unwrap();
            migration::up(&db).await.unwrap();
            db.close().await.unwrap();
        })
        .await;
    }
    template
}

/// Makes a template under another name, alone, and gives it its own when it is whole; unless somebody else has meanwhile.
async fn alone(server: &str, template: &str, make: impl AsyncFnOnce(&DatabaseConnection, &str)) {
    // The lock is the session's: a connection of its own, closed at the end, whatever happens in between.
    let builder = Database::connect({
        let mut options = sea_orm::ConnectOptions::new(server);
        options.max_connections(1);
        options
    })
    .await
    .unwrap();
    builder.execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})")).await.unwrap();
    if !exists(&builder, template).await {
        let building = format!("journey_building_{}", unique());
        make(&builder, &building).await;
        builder.execute_unprepared(&format!("ALTER DATABASE {building} RENAME TO {template}")).await.unwrap();
    }
    builder.close().await.unwrap();
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

/// The build of the tests: another one may tell things otherwise.
fn build_hash() -> String {
    let program = std::env::current_exe().unwrap().metadata().unwrap();
    let mut hasher = DefaultHasher::new();
    (program.len(), program.modified().unwrap()).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[expect(clippy::disallowed_methods, reason = "a name that no other test process has")]
fn unique() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
