//! Wake-ups: in process by a watch channel per tenant, between processes by LISTEN/NOTIFY. Both are hints; a reader that
//! hears nothing polls.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::watch;

use super::{Recent, Topics};

/// The channel on which processes tell each other of a grown feed. The payload is the tenant, and where something has changed that
/// processes keep ([`Recent`]), a space and the word of the process.
pub(super) const CHANNEL: &str = "journey_feed";

/// The bells of this process.
#[derive(Debug)]
pub(super) struct Feed {
    bells: Mutex<HashMap<i64, watch::Sender<()>>>,
    topics: Mutex<HashMap<i64, Arc<Topics>>>,
}

/// A reader's bell.
#[derive(Debug)]
pub struct Woken(watch::Receiver<()>);

impl Woken {
    /// Waits for a commit, at most `limit`.
    pub async fn wait(&mut self, limit: Duration) {
        // A closed channel or a passed limit mean the same to a reader: look.
        let _ = tokio::time::timeout(limit, self.0.changed()).await;
    }
}

impl Feed {
    pub(super) fn new() -> Feed {
        Feed { bells: Mutex::default(), topics: Mutex::default() }
    }

    pub(super) fn wake(&self, tenant: i64) {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.get(&tenant) {
            // Nobody listens any more: the bell goes too, so that the map holds only tenants with readers.
            if bell.send(()).is_err() {
                bells.remove(&tenant);
            }
        }
    }

    fn wake_all(&self) {
        let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        for bell in bells.values() {
            let _ = bell.send(());
        }
    }

    pub(super) fn woken(&self, tenant: i64) -> Woken {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        Woken(bells.entry(tenant).or_insert_with(|| watch::channel(()).0).subscribe())
    }

    pub(super) fn topics(&self, tenant: i64) -> Arc<Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner).entry(tenant).or_default().clone()
    }
}

/// Listens for commits of other processes until the store is gone. A broken line is opened anew; what was missed in between
/// is found by polling.
pub(super) fn listen(feed: &Arc<Feed>, recent: Arc<Recent>, pool: PgPool) {
    let feed: Weak<Feed> = Arc::downgrade(feed);
    tokio::spawn(async move {
        let mut lost = false;
        while feed.strong_count() > 0 {
            if let Ok(mut listener) = PgListener::connect_with(&pool).await
                && listener.listen(CHANNEL).await.is_ok()
            {
                // Whatever was said before this line stood is found by looking.
                if let Some(feed) = feed.upgrade() {
                    feed.wake_all();
                }
                if lost {
                    recent.changed();
                }
                while let Ok(note) = listener.try_recv().await {
                    let Some(feed) = feed.upgrade() else { return };
                    // None: the line was lost, and has been opened anew by itself.
                    let Some(note) = note else {
                        recent.changed();
                        feed.wake_all();
                        continue;
                    };
                    let (tenant, word) = note.payload().split_once(' ').unwrap_or((note.payload(), ""));
                    if !word.is_empty() {
                        recent.heard(word);
                    }
                    match tenant.parse() {
                        Ok(tenant) => feed.wake(tenant),
                        Err(_) => feed.wake_all(),
                    }
                }
            }
            lost = true;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
}
