//! The demo's folder, guarded: one process makes the demo, any number serve it, and nobody throws it away meanwhile.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::ErrorKind,
    time::Duration,
};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};

use super::cast;
use crate::{
    app,
    cli::{Data, token::DEMO_TENANT, told},
    config::Config,
    store::Store,
    tenancy,
};

/// A demo that is ready. While this value lives, no other process can throw the demo away.
#[derive(Debug)]
pub struct Folder {
    _lock: File,
    /// The demo's database.
    pub store: Store,
    /// Whether it was made now, not found.
    pub made: bool,
}

impl Folder {
    /// Finds the demo or makes it. `config` names the folder's database.
    pub async fn open(data: &Data, config: &Config, now: DateTime<Utc>, mut fresh: bool) -> anyhow::Result<Folder> {
        let path = data.folder().join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.with_context(|| format!("{} cannot be opened", path.display()))?;
        let mut made = false;
        loop {
            // Alone: nobody makes or serves it, so that it may be made.
            match lock.try_lock() {
                Ok(()) => {
                    made |= make_unless_finished(data, config, now, fresh).await?;
                    fresh = false;
                    lock.unlock().context("the lock cannot be given back")?;
                }
                Err(TryLockError::WouldBlock) if fresh => {
                    bail!(
                        "the demo in {} is in use: end its server first, or leave --fresh out",
                        data.folder().display()
                    )
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error).context("the folder cannot be locked"),
            }
            // Together with others that serve it. Between the two locks somebody may have begun to make it anew: look again.
            match lock.try_lock_shared() {
                Ok(()) => {
                    let store = app::open(config).await?;
                    if finished(&store).await? {
                        return Ok(Folder { _lock: lock, store, made });
                    }
                    lock.unlock().context("the lock cannot be given back")?;
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(TryLockError::Error(error)) => return Err(error).context("the folder cannot be locked"),
            }
        }
    }
}

/// The demo in a database of its own that somebody names: found, or made. Nothing guards it but the database itself.
pub async fn in_database(config: &Config, now: DateTime<Utc>, fresh: bool) -> anyhow::Result<(Store, bool)> {
    let store = app::open(config).await?;
    migration::up(store.db()).await?;
    if !fresh && cast::was_told(&store).await? {
        return Ok((store, false));
    }
    let slugs = tenancy::slugs(&store).await.map_err(told)?;
    if slugs.iter().any(|slug| slug != DEMO_TENANT) {
        bail!("the database holds other tenants: the demo wants one of its own");
    }
    if !slugs.is_empty() {
        // Half told, or told before and not wanted any more: all of it is the demo's.
        migration::down(store.db(), None).await?;
        migration::up(store.db()).await?;
    }
    super::load(&store, now).await?;
    Ok((store, true))
}

async fn make_unless_finished(data: &Data, config: &Config, now: DateTime<Utc>, fresh: bool) -> anyhow::Result<bool> {
    if !fresh && data.database().exists() {
        let store = app::open(config).await?;
        // A demo of an older program gets its new tables, and keeps its story.
        migration::up(store.db()).await?;
        if finished(&store).await? {
            return Ok(false);
        }
        store.db().clone().close().await?;
    }
    remove(data)?;
    let store = app::open(config).await?;
    migration::up(store.db()).await?;
    super::load(&store, now).await?;
    store.db().clone().close().await?;
    Ok(true)
}

async fn finished(store: &Store) -> anyhow::Result<bool> {
    Ok(migration::status(store.db()).await?.iter().all(|(_, applied)| *applied) && cast::was_told(store).await?)
}

/// The database with what SQLite keeps beside it.
fn remove(data: &Data) -> anyhow::Result<()> {
    for tail in ["", "-wal", "-shm", "-journal"] {
        let mut path = data.database().into_os_string();
        path.push(tail);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} cannot be removed", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
