//! Loading in batches: every edge asks for one key, and all keys that are asked for while the executor walks one level become
//! one statement.
//!
//! A batch waits until its request has come to rest: nothing is under way, and nothing was asked or answered for two turns
//! of the request's own task. By then the executor has polled every sibling, so the batch is complete: no timer, no spawned
//! task, and the number of statements never depends on how busy the machine is. All batches that wait then leave together. The timer of
//! async-graphql's DataLoader splits a batch when a level takes longer than its delay.

use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    future::{Future, poll_fn},
    hash::Hash,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::{Notify, OnceCell};

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
    /// Counts up with every key that joins and every answer that comes.
    steps: AtomicU64,
    /// How many statements are under way.
    busy: AtomicUsize,
    /// Counts up when the request has come to rest.
    rests: AtomicU64,
    /// Rung when a statement has been answered.
    answered: Notify,
}

/// A statement of the request is under way, until this is dropped.
pub struct Busy<'a>(&'a Batches);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.steps.fetch_add(1, Ordering::Relaxed);
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
        self.0.answered.notify_waiters();
    }
}

/// The database as resolvers read it. Each of its statements is known to the batches while it is under way.
pub struct Reading<'a>(&'a Cx);

#[async_trait]
impl ConnectionTrait for Reading<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.0.store.db().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let _busy = self.0.busy();
        self.0.store.db().execute_raw(statement).await
    }

    async fn execute_unprepared(&self, text: &str) -> Result<ExecResult, DbErr> {
        let _busy = self.0.busy();
        self.0.store.db().execute_unprepared(text).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let _busy = self.0.busy();
        self.0.store.db().query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let _busy = self.0.busy();
        self.0.store.db().query_all_raw(statement).await
    }
}

struct Batch<K: Key> {
    keys: Mutex<Vec<K>>,
    answer: OnceCell<Result<HashMap<K, K::Value>>>,
}

impl Cx {
    /// The database, for reading: a batch does not leave while a statement is under way, whose answer may ask for more.
    pub fn db(&self) -> Reading<'_> {
        Reading(self)
    }

    /// Says that a statement is under way beside [`Cx::db`].
    pub fn busy(&self) -> Busy<'_> {
        self.batches().busy.fetch_add(1, Ordering::Relaxed);
        Busy(self.batches())
    }

    /// The answer to one key, loaded together with its siblings.
    pub async fn load<K: Key>(&self, key: K) -> Result<Option<K::Value>> {
        let batch = self.batches().join([key.clone()]);
        Ok(self.answer(&batch).await?.get(&key).cloned())
    }

    /// The answers to many keys, loaded together with their siblings. A key without an answer is not among them.
    pub async fn load_many<K: Key>(&self, keys: HashSet<K>) -> Result<HashMap<K, K::Value>> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let batch = self.batches().join(keys.iter().cloned());
        let answer = self.answer(&batch).await?;
        Ok(keys.into_iter().filter_map(|key| answer.get(&key).cloned().map(|value| (key, value))).collect())
    }

    async fn answer<'a, K: Key>(&self, batch: &'a Batch<K>) -> Result<&'a HashMap<K, K::Value>> {
        // Without a budget: tokio would send every 128th waiter of a long page into a later turn, and its children with it.
        let answer = tokio::task::unconstrained(batch.answer.get_or_init(|| async {
            self.batches().rest().await;
            let _busy = self.busy();
            let mut keys = batch.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut seen = HashSet::new();
            keys.retain(|key| seen.insert(key.clone()));
            // Whoever waits for a batch holds its future: the loading of it would need a deep stack at each level.
            Box::pin(K::load(self, keys)).await
        }))
        .await;
        answer.as_ref().map_err(Clone::clone)
    }
}

/// Waits until the task's next turn. `yield_now` alone ends at any later poll, and a sibling that is woken twice in one turn
/// is polled twice in it: its batch would leave before the other siblings have come.
async fn turn() {
    let mut bell: Option<Arc<Bell>> = None;
    poll_fn(|cx| match &bell {
        Some(bell) if bell.rung.load(Ordering::Acquire) => Poll::Ready(()),
        Some(bell) => {
            bell.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(cx.waker());
            Poll::Pending
        }
        None => {
            let new = Arc::new(Bell { rung: AtomicBool::new(false), task: Mutex::new(cx.waker().clone()) });
            let waker = Waker::from(new.clone());
            bell = Some(new);
            // Asks the runtime to ring at the end of this turn.
            let _ = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&waker));
            Poll::Pending
        }
    })
    .await;
}

struct Bell {
    rung: AtomicBool,
    task: Mutex<Waker>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
    }
}

impl Batches {
    /// Waits until the request has come to rest. One quiet turn is not enough: a list of futures hands the turn back after
    /// two of its items have woken themselves, with the rest of them still to be polled.
    async fn rest(&self) {
        let rests = self.rests.load(Ordering::Relaxed);
        let (mut steps, mut quiet) = (self.steps.load(Ordering::Relaxed), 0);
        while quiet < 2 {
            let answered = self.answered.notified();
            if self.busy.load(Ordering::Relaxed) > 0 {
                answered.await;
            } else {
                turn().await;
            }
            if self.rests.load(Ordering::Relaxed) != rests {
                return;
            }
            let now = self.steps.load(Ordering::Relaxed);
            // A statement that began in this turn has taken no step yet.
            quiet = if now == steps && self.busy.load(Ordering::Relaxed) == 0 { quiet + 1 } else { 0 };
            steps = now;
        }
        self.rests.fetch_add(1, Ordering::Relaxed);
        // All that wait leave now, though some of them learn of it a turn later: from here on a key opens a new batch, also one that the
        // first answer brings before the last has left.
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn join<K: Key>(&self, keys: impl IntoIterator<Item = K>) -> Arc<Batch<K>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = open
            .get(&TypeId::of::<K>())
            .and_then(|batch| batch.clone().downcast::<Batch<K>>().ok())
            .unwrap_or_else(|| Arc::new(Batch { keys: Mutex::default(), answer: OnceCell::new() }));
        batch.keys.lock().unwrap_or_else(PoisonError::into_inner).extend(keys);
        self.steps.fetch_add(1, Ordering::Relaxed);
        open.insert(TypeId::of::<K>(), batch.clone());
        batch
    }
}
