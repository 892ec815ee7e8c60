//! The outgoing half of a socket.

use axum::extract::ws::{Message, WebSocket};
use futures::{SinkExt, stream::SplitSink};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Sends what the queue holds until it is closed, a close frame went out, or the connection is cut, be it because the client
/// takes nothing for too long: then `cut` ends the session. No close code can reach such a client, since its line is full.
pub(super) async fn run(
    mut sink: SplitSink<WebSocket, Message>,
    mut queue: mpsc::Receiver<Message>,
    cut: CancellationToken,
) {
    let _cut = cut.drop_guard();
    while let Some(message) = queue.recv().await {
        let last = matches!(message, Message::Close(_));
        if sink.send(message).await.is_err() || last {
            return;
        }
    }
}
