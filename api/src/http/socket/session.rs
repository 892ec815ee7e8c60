//! One socket from the handshake to its close.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures::{StreamExt, stream::SplitStream};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Setup,
    close::Close,
    message::{self, Incoming, Token},
    operations::{self, Operations, Start},
    writer,
};
use crate::http::{
    Front,
    door::{Door, Refused},
    metrics::Open,
};

/// How long a closed socket waits for the client's own close: dropping unread bytes would lose ours on the way.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs a socket to its end.
pub(super) async fn run<D: Door>(front: Front<D>, socket: WebSocket, mut setup: Setup, offered: bool) {
    let _held = (Open::socket(), setup.slot.take());
    let limits = front.door.limits().clone();
    let (sink, mut incoming) = socket.split();
    let (out, queue) = mpsc::channel(limits.socket_queue.max(1));
    let cut = CancellationToken::new();
    let writer = tokio::spawn(writer::run(sink, queue, cut.clone()));

    let close = if offered {
        let session = Session { front, setup, out: out.clone(), operations: Operations::default(), token: None };
        tokio::select! {
            close = session.talk(&mut incoming) => Some(close),
            () = cut.cancelled() => None,
        }
    } else {
        Some(Close::Protocol)
    };
    // the operations are gone with the session, so nothing comes after the close
    if let Some(close) = close {
        let _ = out.send(Message::Close(Some(close.frame()))).await;
    }
    drop(out);
    let _ = writer.await;
    let _ = timeout(FAREWELL, async { while let Some(Ok(_)) = incoming.next().await {} }).await;
}

struct Session<D: Door> {
    front: Front<D>,
    setup: Setup,
    out: mpsc::Sender<Message>,
    operations: Operations,
    /// What the session was opened with.
    token: Option<Option<String>>,
}

impl<D: Door> Session<D> {
    /// Takes messages until something ends the session, and says what.
    async fn talk(mut self, incoming: &mut SplitStream<WebSocket>) -> Close {
        let limits = self.front.door.limits().clone();
        let stop = self.front.lifecycle.stop.clone();
        // first the deadline of `connection_init`, after it the end of the token
        let deadline = sleep(limits.socket_init());
        tokio::pin!(deadline);
        let mut watch_deadline = true;
        let mut beat = interval_at(Instant::now() + limits.keep_alive(), limits.keep_alive());
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_beats = 0;
        loop {
            let message = tokio::select! {
                biased;
                () = stop.cancelled() => return Close::GoingAway,
                () = &mut deadline, if watch_deadline => {
                    return if self.token.is_some() { Close::Expired } else { Close::InitTimeout };
                }
                message = incoming.next() => message,
                _ = beat.tick() => {
                    silent_beats += 1;
                    if silent_beats > 2 {
                        return Close::GoingAway;
                    }
                    let _ = self.out.send(Message::Ping(Bytes::new())).await;
                    continue;
                }
            };
            silent_beats = 0;
            let text = match message {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Binary(_))) => return Close::Bad("Messages are text"),
                // the library answers pings itself
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_))) | None => return Close::Normal,
                Some(Err(error)) => return on_read_error(&error),
            };
            match self.take(&text).await {
                Ok(None) => {}
                Ok(Some(Lasts::Forever)) => watch_deadline = false,
                Ok(Some(Lasts::For(time))) => match Instant::now().checked_add(time) {
                    Some(end) => deadline.as_mut().reset(end),
                    None => watch_deadline = false,
                },
                Err(close) => return close,
            }
        }
    }

    /// Takes one message. The session's new end comes back where it is opened.
    async fn take(&mut self, text: &str) -> Result<Option<Lasts>, Close> {
        match message::parse(text)? {
            Incoming::Init(token) => return self.open(token).await.map(Some),
            Incoming::Ping => self.say(message::PONG).await,
            Incoming::Pong => {}
            Incoming::Complete { id } => self.operations.end(&id),
            Incoming::Subscribe { id, asked } => {
                let token = self.token.clone().ok_or(Close::Unauthorized)?;
                if self.operations.has(&id) {
                    return Err(Close::Duplicate(id));
                }
                let limit = self.front.door.limits().socket_operations;
                if self.operations.count() >= limit {
                    self.say(message::error(&id, &operations::too_many(limit))).await;
                    return Ok(None);
                }
                let start = Start {
                    door: self.front.door.clone(),
                    token,
                    request_id: self.setup.request_id.clone(),
                    out: self.out.clone(),
                };
                self.operations.start(id, asked, start);
            }
        }
        Ok(None)
    }

    async fn open(&mut self, token: Token) -> Result<Lasts, Close> {
        if self.token.is_some() {
            return Err(Close::TooManyInits);
        }
        let refused = |refused| match refused {
            Refused::Unauthenticated => Close::Forbidden,
            Refused::Unavailable | Refused::TooMany(_) => Close::TryAgainLater,
        };
        let token = match token {
            Token::Given(token) => Some(token),
            Token::Malformed => return Err(Close::Forbidden),
            Token::Absent => self.setup.header.clone().map_err(refused)?,
        };
        let door = &self.front.door;
        let caller = door.authenticate(token.as_deref()).await.map_err(refused)?;
        let lasts = door.expires_in(&caller).map_or(Lasts::Forever, Lasts::For);
        self.token = Some(token);
        self.say(message::ACK).await;
        Ok(lasts)
    }

    /// Waits where the queue is full: a client that asks must also read.
    async fn say(&self, text: impl Into<String>) {
        // an error means that the writer has gone, which ends the session by itself
        let _ = self.out.send(Message::text(text.into())).await;
    }
}

/// How long an opened session lasts.
enum Lasts {
    Forever,
    For(Duration),
}

/// What was wrong is told apart by the first words of the library's error, whose type is hidden behind axum's.
fn on_read_error(error: &axum::Error) -> Close {
    let text = error.to_string();
    let says = |words: &str| text.starts_with(words);
    if says("Space limit exceeded") {
        Close::TooBig
    } else if says("WebSocket protocol error") {
        Close::Violation
    } else if says("UTF-8 encoding error") {
        Close::NotUtf8
    } else {
        Close::Normal
    }
}
