//! Who waits for which news of a tenant's feed. One reader of the feed, the tail, rings for all of them, so that an event wakes
//! those whom it concerns and nobody else.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use tokio::sync::Notify;
use uuid::Uuid;

/// A sort of news, and about which one. What the names mean is the readers' affair.
pub type Topic = (&'static str, Uuid);

/// The waiters of one tenant.
#[derive(Debug, Default)]
pub struct Topics(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    bells: HashMap<Topic, Vec<Arc<Bell>>>,
    has_tail: bool,
}

/// Holds the first position that a waiter has not looked at, and no list of them: a waiter that is busy costs no memory.
#[derive(Debug, Default)]
struct Bell {
    first: AtomicI64,
    rung: Notify,
}

/// One who waits, until it is dropped.
#[derive(Debug)]
pub struct Waiter {
    topics: Arc<Topics>,
    of: Vec<Topic>,
    bell: Arc<Bell>,
}

impl Topics {
    /// Waits from here on.
    pub fn join(self: &Arc<Self>, of: Vec<Topic>) -> Waiter {
        let bell = Arc::new(Bell::default());
        let mut waiting = self.lock();
        for topic in &of {
            waiting.bells.entry(*topic).or_default().push(bell.clone());
        }
        Waiter { topics: self.clone(), of, bell }
    }

    /// Whether the caller is to start the tail: there is none yet.
    pub fn wants_tail(&self) -> bool {
        !std::mem::replace(&mut self.lock().has_tail, true)
    }

    /// Whether anybody still waits. If not, the tail has ended with this answer.
    pub fn wanted(&self) -> bool {
        let mut waiting = self.lock();
        waiting.has_tail = !waiting.bells.is_empty();
        waiting.has_tail
    }

    /// Something of these topics stands at these positions.
    pub fn ring(&self, news: impl IntoIterator<Item = (Topic, i64)>) {
        let waiting = self.lock();
        for (topic, position) in news {
            waiting.bells.get(&topic).into_iter().flatten().for_each(|bell| bell.ring(position));
        }
    }

    /// Has everybody look from a position on.
    pub fn ring_all(&self, position: i64) {
        self.lock().bells.values().flatten().for_each(|bell| bell.ring(position));
    }

    /// Each change of the map is whole before the lock is given back.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bell {
    fn ring(&self, position: i64) {
        let earlier = |held| (held == 0 || position < held).then_some(position);
        let _ = self.first.fetch_update(Ordering::AcqRel, Ordering::Acquire, earlier);
        self.rung.notify_one();
    }
}

impl Waiter {
    /// The first position that rang since the last answer.
    pub async fn rung(&self) -> i64 {
        loop {
            match self.bell.first.swap(0, Ordering::AcqRel) {
                0 => self.bell.rung.notified().await,
                first => return first,
            }
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiting = self.topics.lock();
        for topic in &self.of {
            if let Some(bells) = waiting.bells.get_mut(topic) {
                bells.retain(|bell| !Arc::ptr_eq(bell, &self.bell));
                if bells.is_empty() {
                    waiting.bells.remove(topic);
                }
            }
        }
    }
}
