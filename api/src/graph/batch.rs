//! Loading in batches: every edge asks for one key, and all keys that are asked for while the executor walks one level become
//! one statement.
//!
//! A key waits for one turn of the request's own task. By then the executor has polled every sibling, so the batch is
//! complete: no timer, no spawned task, and the number of statements never depends on how busy the machine is. The timer of
//! async-graphql's DataLoader splits a batch when a level takes longer than its delay.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

use super::{cx::Cx, error::Result};

/// A question that can be asked for many keys at once. A newtype a question; its name says what by what.
pub trait Key: Hash + Eq + Clone + Send + Sync + 'static {
    /// The answer.
    type Value: Clone + Send + Sync + 'static;

    /// Answers many keys in a number of statements that does not depend on how many. A key without an entry has no answer.
    fn load(cx: &Cx, keys: Vec<Self>) -> impl Future<Output = Result<HashMap<Self, Self::Value>>> + Send;
}

/// The batches of one request.
#[derive(Default)]
pub struct Batches {
    open: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

struct Batch<K: Key> {
    keys: Mutex<Vec<K>>,
    answer: OnceCell<Result<HashMap<K, K::Value>>>,
}

impl Cx {
    /// The answer to one key, loaded together with its siblings.
    pub async fn load<K: Key>(&self, key: K) -> Result<Option<K::Value>> {
        let batch = self.batches().join(key.clone());
        tokio::task::yield_now().await;
        let answer = batch
            .answer
            .get_or_init(|| async {
                self.batches().close(&batch);
                let mut keys = batch.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let mut seen = std::collections::HashSet::new();
                keys.retain(|key| seen.insert(key.clone()));
                K::load(self, keys).await
            })
            .await;
        match answer {
            Ok(values) => Ok(values.get(&key).cloned()),
            Err(error) => Err(error.clone()),
        }
    }
}

impl Batches {
    fn join<K: Key>(&self, key: K) -> Arc<Batch<K>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = open
            .get(&TypeId::of::<K>())
            .and_then(|batch| batch.clone().downcast::<Batch<K>>().ok())
            .unwrap_or_else(|| Arc::new(Batch { keys: Mutex::default(), answer: OnceCell::new() }));
        batch.keys.lock().unwrap_or_else(PoisonError::into_inner).push(key);
        open.insert(TypeId::of::<K>(), batch.clone());
        batch
    }

    /// From here on a new key opens a new batch.
    fn close<K: Key>(&self, batch: &Arc<Batch<K>>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = open
            .get(&TypeId::of::<K>())
            .and_then(|held| held.clone().downcast::<Batch<K>>().ok())
            .is_some_and(|held| Arc::ptr_eq(&held, batch));
        if is_open {
            open.remove(&TypeId::of::<K>());
        }
    }
}
