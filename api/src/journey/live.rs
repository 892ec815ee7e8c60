//! Following the feed: whatever is followed, from where, and until when is the same. What differs is in [`Followed`].
//!
//! A stream reads the database, never a buffer: a reader that is slow or away costs nothing and misses nothing. It waits for
//! the tail to ring, reads what it may see from there on, and judges its rights after it has read.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::Stream;

use super::{
    ObjectType, feed,
    reader::{self, SeenEvent, Since},
    tail,
};
use crate::{
    graph::{Cx, Error, Place, Result},
    policy::{Caller, Held},
    store::Topic,
    tenancy,
};

/// How many events one look at the feed takes.
const BATCH: u64 = 100;

/// How long a judgement holds for events that were recorded before it: as long as a message may be on the line.
const FRESH: Duration = Duration::from_millis(100);

/// How soon a look is tried again while the database is away.
const AGAIN: Duration = Duration::from_millis(250);

/// What can be followed.
pub trait Followed: Send + Sync + 'static {
    /// The news that it is looked at for.
    fn topics(&self) -> Vec<Topic>;

    /// What was recorded after `position`, as far as the caller sees it: at most `limit` events.
    fn since(&self, cx: &Cx, position: i64, limit: u64) -> impl Future<Output = Result<Since>> + Send;

    /// A fingerprint of the rights that it stands on, beside who the caller is. NOT_FOUND where it may not be followed.
    fn reach(&self, cx: &Cx) -> impl Future<Output = Result<u64>> + Send;
}

/// A place in the feed, and the rights with which everything up to there was read: with other rights there would be other
/// events before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveCursor {
    /// The place.
    pub position: i64,
    /// The fingerprint of the rights.
    pub rights: u64,
}

impl LiveCursor {
    /// As clients have it: opaque.
    pub fn encode(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("live:{}:{:x}", self.position, self.rights))
    }

    fn decode(text: &str) -> Result<LiveCursor> {
        let read = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            let (position, rights) = text.strip_prefix("live:")?.split_once(':')?;
            let position = position.parse().ok().filter(|position| *position >= 0)?;
            Some(LiveCursor { position, rights: u64::from_str_radix(rights, 16).ok()? })
        };
        read().ok_or(Error::CursorInvalid)
    }
}

/// The fingerprint of anything.
pub(super) fn fingerprint(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// The rights of a caller on what is followed.
pub(super) async fn rights(cx: &Cx, followed: &impl Followed) -> Result<u64> {
    let Caller { colleague, discipline, queues, .. } = &cx.caller;
    let held = Held::from(&cx.caller);
    Ok(fingerprint(&(held, colleague, discipline, queues, followed.reach(cx).await?)))
}

/// The feed's position now, for what lies with the caller.
pub async fn now(cx: &Cx) -> Result<String> {
    // The rights first: see `read_page`.
    let rights = rights(cx, &Desk(ObjectType::Handover)).await?;
    let position = reader::position(&cx.caller, &cx.db()).await?;
    Ok(LiveCursor { position, rights }.encode())
}

/// Everything that is recorded after a cursor; without one, from now on. Each event comes with the cursor to go on from.
pub async fn follow<F: Followed>(
    ctx: &Context<'_>,
    followed: F,
    after: Option<String>,
) -> Result<impl Stream<Item = Result<(Arc<SeenEvent>, String)>> + use<F>> {
    let (cx, place) = (Cx::of(ctx).clone(), Place::of(ctx));
    // Joins before it reads the position: what is recorded later rings.
    let waiter = cx.store.topics(cx.caller.tenant).join(followed.topics());
    let now = reader::position(&cx.caller, &cx.db()).await?;
    tail::watch(&cx.store, cx.caller.tenant, now);
    let rights = rights(&cx, &followed).await?;
    let mut position = match after.as_deref().map(LiveCursor::decode).transpose()? {
        // A position that the feed has not reached was never given out.
        Some(after) if after.position > now => return Err(Error::CursorInvalid),
        Some(after) if after.rights != rights => return Err(Error::RightsChanged),
        Some(after) if after.position + 1 < feed::span(&cx.caller, &cx.db()).await?.oldest => {
            return Err(Error::CursorExpired { resume: None });
        }
        Some(after) => after.position,
        None => now,
    };
    let cursor = move |position| LiveCursor { position, rights }.encode();
    Ok(async_stream::try_stream! {
        loop {
            place.reach(cursor(position));
            let found = look(&cx, &followed, position, rights, &place).await?;
            let (mut judged, more) = (Instant::now(), found.events.len() as u64 == BATCH);
            for (at, event) in found.events {
                // A slow reader takes the next one much later: a right that has gone meanwhile stops the very next event.
                if judged.elapsed() > FRESH {
                    judge(&cx, &followed, rights, &place).await?;
                    judged = Instant::now();
                }
                place.reach(cursor(at));
                yield (event, cursor(at));
            }
            position = found.looked_to;
            if !more {
                position = position.max(waiter.rung().await - 1);
            }
        }
    })
}

/// Reads on, and judges afterwards: what was recorded in between must not slip out under an older moment. While the database
/// is away it tries again; nothing is lost by that.
async fn look<F: Followed>(cx: &Cx, followed: &F, position: i64, rights: u64, place: &Place) -> Result<Since> {
    let begun = Instant::now();
    loop {
        let found: Result<Since> = async {
            cx.caller.move_to(cx.clock.now());
            let found = followed.since(cx, position, BATCH).await?;
            judge(cx, followed, rights, place).await?;
            Ok(found)
        }
        .await;
        match found {
            Err(error) if error.is_outage() && begun.elapsed() < tail::OUTAGE => tokio::time::sleep(AGAIN).await,
            found => return found,
        }
    }
}

/// Whether the stream may go on now. Everything that is delivered next reads at this moment.
async fn judge<F: Followed>(cx: &Cx, followed: &F, before: u64, place: &Place) -> Result<()> {
    let now = cx.clock.now();
    if cx.caller.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::TokenExpired);
    }
    cx.caller.move_to(now);
    cx.forget_fields();
    let held = match tenancy::is_unchanged(&cx.store, &cx.caller).await? {
        true => rights(cx, followed).await.map(|rights| rights == before),
        false => Ok(false),
    };
    match held {
        Ok(true) => Ok(()),
        Ok(false) | Err(Error::NotFound | Error::Merged(_)) => {
            place.lose();
            Err(Error::RightsChanged)
        }
        Err(error) => Err(error),
    }
}

/// Rows of a type that lie with the caller: with itself, or with a queue that it works in.
pub struct Desk(pub ObjectType);

impl Followed for Desk {
    // Every event of the type, also of other desks: the first offer to a queue that the caller has just joined must not be
    // passed over in silence.
    fn topics(&self) -> Vec<Topic> {
        vec![tail::of_type(self.0)]
    }

    async fn since(&self, cx: &Cx, position: i64, limit: u64) -> Result<Since> {
        Ok(reader::lying_since(&cx.caller, &cx.db(), self.0, position, limit).await?)
    }

    async fn reach(&self, _: &Cx) -> Result<u64> {
        Ok(0)
    }
}
