//! `graphql-transport-ws`, written out over `execute_stream` because the ready one closes with wrong codes.
//!
//! Three parts: [`session`] reads messages in order and decides; each operation runs in a task of its own
//! ([`operations`]), so that a slow or panicking one leaves the others alone; one task ([`writer`]) owns the outgoing
//! half behind a bounded queue. A client that does not read fills the queue, and its streams wait: for a while, then they
//! end and say where to resume. When nothing can be sent for too long the connection is cut. Close codes: [`close::Close`].

mod close;
mod message;
mod operations;
mod session;
mod writer;

use std::sync::Arc;

use axum::{extract::ws::WebSocketUpgrade, http::HeaderValue, response::Response};

use super::{
    Front,
    door::{Door, Refused},
    serve::ConnectionSlot,
};

/// The one sub-protocol. The older `graphql-ws` has other messages under a similar name and is not spoken.
const PROTOCOL: &str = "graphql-transport-ws";

/// Bytes of the buffers that a socket holds all its life. The library's own 128 KiB would be most of what an idle one costs.
const BUFFER: usize = 4 * 1024;

/// What the upgrade request says about a socket.
pub(super) struct Setup {
    /// The token of the request's header; browsers cannot send one and put it into `connection_init`.
    pub header: Result<Option<String>, Refused>,
    /// The id of the upgrade request; every operation logs under it.
    pub request_id: Arc<str>,
    /// The socket's place among the open connections.
    pub slot: Option<ConnectionSlot>,
}

/// Answers the handshake and runs the socket. A client that did not offer the protocol is let in to be told so by a
/// close code: a failed handshake would tell a browser nothing.
pub(super) fn accept<D: Door>(front: Front<D>, upgrade: WebSocketUpgrade, setup: Setup) -> Response {
    let limits = front.door.limits();
    let mut upgrade = upgrade
        .max_message_size(limits.socket_message_bytes)
        .max_frame_size(limits.socket_message_bytes)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    let offered = upgrade.requested_protocols().any(|protocol| protocol.as_bytes() == PROTOCOL.as_bytes());
    if offered {
        upgrade.set_selected_protocol(HeaderValue::from_static(PROTOCOL));
    }
    let sockets = front.lifecycle.sockets.clone();
    upgrade.on_upgrade(move |socket| sockets.track_future(session::run(front, socket, setup, offered)))
}
