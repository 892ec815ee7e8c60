//! What was read a moment ago and rarely changes, kept in this process for a moment: who a token's subject is, which campaign an id
//! names. Whoever changes such a thing here says so at its commit, and it is read anew at once; what another process changes, when its
//! word comes by LISTEN/NOTIFY, and when the lifetime ends at the latest.

use std::{
    any::{Any, TypeId},
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;
use uuid::Uuid;

/// How many things are kept: a row is a kilobyte or two.
const KEPT: usize = 4_096;

/// The name of a thing within its type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// A row of a tenant.
    Row(i64, Uuid),
    /// Anything that two words name.
    Words(String, String),
}

struct Kept {
    value: Arc<dyn Any + Send + Sync>,
    read_at: Instant,
    generation: u64,
}

/// Things of any type by their names, each for a moment.
pub struct Recent {
    /// Unlike that of any other process.
    process: u64,
    lifetime: Duration,
    /// Counts up with every change: what was read before one is not believed after it.
    generation: AtomicU64,
    /// Nothing is believed before this moment: how a change ended is not known.
    doubted: Mutex<Option<Instant>>,
    kept: Cache<(TypeId, Name), Arc<Kept>>,
}

/// When a thing was begun to be read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    generation: u64,
    at: Instant,
}

/// How long a change may take that nobody waits for any more.
const DOUBT: Duration = Duration::from_secs(60);

/// Something is being changed. Dropped without [`Changing::ended`], the change may still come.
pub struct Changing<'a>(&'a Recent);

impl Changing<'_> {
    /// The change has come.
    pub fn ended(self) {
        self.0.changed();
        std::mem::forget(self);
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        *self.0.doubted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + DOUBT);
        self.0.changed();
    }
}

impl Recent {
    /// Keeps things for `lifetime`; for zero, nothing.
    pub fn new(lifetime: Duration) -> Recent {
        let process = RandomState::new().build_hasher().finish();
        Recent { process, lifetime, generation: AtomicU64::new(0), doubted: Mutex::default(), kept: Cache::new(KEPT) }
    }

    /// Ask for it before you read what you want to keep. None where nothing is kept, and while it is not known what has changed.
    pub fn reading(&self) -> Option<Reading> {
        let reading = || Reading { generation: self.generation.load(Ordering::SeqCst), at: Instant::now() };
        let is_doubtful =
            |at| self.doubted.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| at < until);
        (!self.lifetime.is_zero()).then(reading).filter(|reading| !is_doubtful(reading.at))
    }

    /// A thing that was read a moment ago, and that nothing in this process has changed since.
    pub fn get<T: Send + Sync + 'static>(&self, reading: Reading, name: Name) -> Option<Arc<T>> {
        let kept = self.kept.get(&(TypeId::of::<T>(), name))?;
        let holds = kept.generation == reading.generation && reading.at.duration_since(kept.read_at) < self.lifetime;
        holds.then(|| kept.value.clone().downcast().ok()).flatten()
    }

    /// Keeps a thing as it was read.
    pub fn keep<T: Send + Sync + 'static>(&self, reading: Reading, name: Name, value: Arc<T>) {
        let Reading { generation, at } = reading;
        self.kept.insert((TypeId::of::<T>(), name), Arc::new(Kept { value, read_at: at, generation }));
    }

    /// What other processes are told of a change.
    pub(super) fn word(&self) -> String {
        format!("{:x}", self.process)
    }

    /// A process says that it has changed something; what it says itself it knows.
    pub(super) fn heard(&self, word: &str) {
        if word != self.word() {
            self.changed();
        }
    }

    /// Whatever was read is read anew.
    pub(super) fn changed(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// To be held from before a change until it has ended.
    pub fn changing(&self) -> Changing<'_> {
        Changing(self)
    }
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recent").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Name {
        Name::Words("a".to_owned(), "thing".to_owned())
    }

    #[test]
    fn a_thing_is_kept_until_something_changes() {
        let recent = Recent::new(Duration::from_secs(3_600));
        let reading = recent.reading().unwrap();
        recent.keep(reading, name(), Arc::new(7_i32));
        assert_eq!(recent.get::<i32>(recent.reading().unwrap(), name()).as_deref(), Some(&7));
        assert_eq!(recent.get::<u32>(recent.reading().unwrap(), name()), None, "another type, another thing");
        recent.changing().ended();
        assert_eq!(recent.get::<i32>(recent.reading().unwrap(), name()), None);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let recent = Recent::new(Duration::from_secs(3_600));
        let reading = recent.reading().unwrap();
        recent.changing().ended();
        recent.keep(reading, name(), Arc::new(7_i32));
        assert_eq!(recent.get::<i32>(recent.reading().unwrap(), name()), None);
    }

    #[test]
    fn nothing_is_believed_after_a_change_whose_end_is_not_known() {
        let recent = Recent::new(Duration::from_secs(3_600));
        let reading = recent.reading().unwrap();
        recent.keep(reading, name(), Arc::new(7_i32));
        drop(recent.changing());
        assert!(recent.reading().is_none());
        assert_eq!(recent.get::<i32>(reading, name()).as_deref(), Some(&7), "of before, for whoever began before");
    }

    #[test]
    fn nothing_lives_longer_than_it_may() {
        assert!(Recent::new(Duration::ZERO).reading().is_none());
        let recent = Recent::new(Duration::from_secs(1));
        let reading = recent.reading().unwrap();
        recent.keep(reading, name(), Arc::new(7_i32));
        let later = Reading { at: reading.at + Duration::from_secs(1), ..reading };
        assert_eq!(recent.get::<i32>(later, name()), None);
    }
}
