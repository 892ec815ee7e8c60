//! Why a socket ends.

use axum::extract::ws::CloseFrame;

/// The codes of the protocol, and the few of WebSocket itself that are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// 1000: the client closed.
    Normal,
    /// 1001: the server stops.
    GoingAway,
    /// 1002: frames that WebSocket does not know.
    Violation,
    /// 1007: text that is not UTF-8.
    NotUtf8,
    /// 1009: a message above the limit.
    TooBig,
    /// 1013: the caller could not be judged now.
    TryAgainLater,
    /// 4400: not a message of the protocol.
    Bad(&'static str),
    /// 4401: an operation before `connection_ack`.
    Unauthorized,
    /// 4403: the token is not good.
    Forbidden,
    /// 4403 as well: the token was good and has ended. The client comes back with a new one.
    Expired,
    /// 4406: the client did not offer `graphql-transport-ws`.
    Protocol,
    /// 4408: no `connection_init` in time.
    InitTimeout,
    /// 4409: the id is in use.
    Duplicate(String),
    /// 4429: a second `connection_init`.
    TooManyInits,
}

impl Close {
    /// The frame. A reason has room for 123 bytes.
    pub fn frame(&self) -> CloseFrame {
        let (code, reason) = match self {
            Close::Normal => (1000, "Bye"),
            Close::GoingAway => (1001, "The server stops"),
            Close::Violation => (1002, "Not a frame of WebSocket"),
            Close::NotUtf8 => (1007, "The text is not UTF-8"),
            Close::TooBig => (1009, "The message is too large"),
            Close::TryAgainLater => (1013, "Try again later"),
            Close::Bad(reason) => (4400, *reason),
            Close::Unauthorized => (4401, "Unauthorized"),
            Close::Forbidden => (4403, "Forbidden"),
            Close::Expired => (4403, "The token has expired"),
            Close::Protocol => (4406, "Subprotocol not acceptable"),
            Close::InitTimeout => (4408, "Connection initialisation timeout"),
            Close::Duplicate(id) => {
                let id: String = id.chars().take(16).collect();
                return CloseFrame { code: 4409, reason: format!("Subscriber for {id} already exists").into() };
            }
            Close::TooManyInits => (4429, "Too many initialisation requests"),
        };
        CloseFrame { code, reason: reason.into() }
    }
}
