//! The schema, one file a step, up and down, on SQLite and PostgreSQL.
//!
//! A step is never changed once it is released, and never depends on living code: the codes stand in it as literals.
//!
//! Beside the steps stands what is for large PostgreSQL databases only, and taken by whoever operates one: the journal in months
//! ([`partitions`]) and the tables on many servers ([`citus`]).

pub mod citus;
mod distribute;
mod m20261123_000001_tenant;
mod m20261123_000002_account;
mod m20261123_000003_marketing;
mod m20261123_000004_service_levels;
mod m20261123_000005_sales;
mod m20261123_000006_service;
mod m20261123_000007_journey;
mod m20261123_000008_sync;
mod m20261123_000009_search;
mod m20261123_000010_files;
mod m20261123_000011_removal;
mod m20261123_000012_custom_fields;
mod m20261123_000013_teamwork;
mod m20261127_000014_house;
mod m20261127_000016_service;
mod m20261127_000017_reach;
mod m20261128_000018_figures;
mod m20261128_000019_webhooks;
mod m20261128_000020_identity;
mod m20261128_000021_sources;
mod m20261128_000022_bulk;
pub mod partitions;
mod table;

pub use distribute::{Plan, Refused};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use sea_orm_migration::{
    MigrationStatus,
    prelude::{DbErr, MigrationTrait, MigratorTrait},
};

/// All steps, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_tenant::STEP),
            Box::new(m20261123_000002_account::STEP),
            Box::new(m20261123_000003_marketing::STEP),
            Box::new(m20261123_000004_service_levels::STEP),
            Box::new(m20261123_000005_sales::STEP),
            Box::new(m20261123_000006_service::STEP),
            Box::new(m20261123_000007_journey::STEP),
            Box::new(m20261123_000008_sync::STEP),
            Box::new(m20261123_000009_search::STEP),
            Box::new(m20261123_000010_files::STEP),
            Box::new(m20261123_000011_removal::STEP),
            Box::new(m20261123_000012_custom_fields::STEP),
            Box::new(m20261123_000013_teamwork::STEP),
            Box::new(m20261127_000014_house::STEP),
            Box::new(m20261127_000016_service::STEP),
            Box::new(m20261127_000017_reach::STEP),
            Box::new(m20261128_000018_figures::STEP),
            Box::new(m20261128_000019_webhooks::STEP),
            Box::new(m20261128_000020_identity::STEP),
            Box::new(m20261128_000021_sources::STEP),
            Box::new(m20261128_000022_bulk::STEP),
        ]
    }
}

/// The advisory lock of PostgreSQL that one migrating process holds: "journey" in ASCII.
const LOCK: i64 = 0x006a_6f75_726e_6579;

/// Applies what is missing, all of it or nothing, and says how many steps that were.
///
/// # Errors
/// When the database refuses, or holds steps that this program does not know.
pub async fn up(db: &DatabaseConnection) -> Result<u32, DbErr> {
    let tx = begin_alone(db).await?;
    let pending = Migrator::get_pending_migrations(&tx).await?.len();
    Migrator::up(&tx, None).await?;
    tx.commit().await?;
    count(pending)
}

/// Takes back the last `steps`, or all of them and the ledger too, and says how many that were.
///
/// # Errors
/// When the database refuses, or holds steps that this program does not know.
pub async fn down(db: &DatabaseConnection, steps: Option<u32>) -> Result<u32, DbErr> {
    let tx = begin_alone(db).await?;
    let before = Migrator::get_applied_migrations(&tx).await?.len();
    let undone = match steps {
        Some(steps) => {
            Migrator::down(&tx, Some(steps)).await?;
            before - Migrator::get_applied_migrations(&tx).await?.len()
        }
        None => {
            Migrator::reset(&tx).await?;
            before
        }
    };
    tx.commit().await?;
    count(undone)
}

/// Every step by name, and whether it is applied. Writes nothing.
///
/// # Errors
/// When the database refuses, or holds steps that this program does not know.
pub async fn status(db: &DatabaseConnection) -> Result<Vec<(String, bool)>, DbErr> {
    let steps = Migrator::get_migration_with_status_read_only(db).await?;
    Ok(steps.iter().map(|step| (step.name().to_owned(), step.status() == MigrationStatus::Applied)).collect())
}

/// Opens the transaction that only one process may hold: a second one waits, and then finds the work done.
async fn begin_alone(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let tx = db
        .begin_with_options(TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    }
    Ok(tx)
}

fn count(steps: usize) -> Result<u32, DbErr> {
    u32::try_from(steps).map_err(|error| DbErr::Custom(error.to_string()))
}
