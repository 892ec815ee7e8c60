//! The accept loop. `axum::serve` has no timers, so one slow client per connection could hold them all: here a head has
//! a deadline (also the first one, and on idle connections), a client that takes nothing is cut, connections are capped, and a stop waits for work in flight.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{limits::Limits, metrics::Open, patient::Patient};

/// What the router and the accept loop share: when to stop, and which sockets are still open.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Cancelled when the server shall stop.
    pub stop: CancellationToken,
    /// Sockets outlive their HTTP connection; a stop waits for them here.
    pub(super) sockets: TaskTracker,
}

impl Lifecycle {
    /// Stops when `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Lifecycle {
        Lifecycle { stop, sockets: TaskTracker::new() }
    }
}

/// A place among the open connections; a socket keeps it after the HTTP connection is done.
#[derive(Clone)]
pub(super) struct ConnectionSlot(#[expect(dead_code, reason = "held, not read")] Arc<(OwnedSemaphorePermit, Open)>);

/// Serves until the lifecycle stops, then for at most the grace period until everything in flight is answered.
pub async fn serve(listener: TcpListener, router: Router, lifecycle: Lifecycle, limits: &Limits) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS)));
    let connections = TaskTracker::new();
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_timeout());
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.keep_alive())
        .keep_alive_timeout(limits.header_timeout())
        .max_concurrent_streams(100);
    let server = Arc::new(server);

    loop {
        let accepted = async {
            // past the cap a client waits in the kernel's queue: cheaper than to accept and refuse
            let slot = slots.clone().acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((listener.accept().await, slot))
        };
        let (accepted, slot) = tokio::select! {
            () = lifecycle.stop.cancelled() => break,
            accepted = accepted => accepted?,
        };
        match accepted {
            Ok((stream, _)) => {
                let slot = ConnectionSlot(Arc::new((slot, Open::connection())));
                // answers are small and whole; waiting to fill packets only delays them
                let _ = stream.set_nodelay(true);
                let connection = connection(
                    server.clone(),
                    Patient::new(stream, limits.stalled()),
                    router.clone(),
                    slot,
                    lifecycle.stop.clone(),
                    limits.header_timeout(),
                );
                connections.spawn(connection);
            }
            Err(error) => {
                // out of file descriptors, or the client is gone already: neither ends the server
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    drop(listener);
    connections.close();
    lifecycle.sockets.close();
    let finished = async {
        connections.wait().await;
        lifecycle.sockets.wait().await;
    };
    if tokio::time::timeout(limits.grace(), finished).await.is_err() {
        tracing::warn!(connections = connections.len(), sockets = lifecycle.sockets.len(), "the grace period is over");
    }
    Ok(())
}

async fn connection(
    server: Arc<Builder<TokioExecutor>>,
    stream: Patient<TcpStream>,
    router: Router,
    slot: ConnectionSlot,
    stop: CancellationToken,
    first_head: Duration,
) {
    let begun = Arc::new(AtomicBool::new(false));
    let service = {
        let begun = begun.clone();
        hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
            begun.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(slot.clone());
            router.clone().oneshot(request.map(axum::body::Body::new) as Request)
        })
    };
    let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let first = tokio::time::sleep(first_head);
    tokio::pin!(first);
    let (mut watch_first, mut watch_stop) = (true, true);
    loop {
        tokio::select! {
            // a reset or a head that did not come in time: the client's affair
            _ = connection.as_mut() => return,
            // hyper's own deadline only starts once it knows the protocol version
            () = &mut first, if watch_first => {
                if !begun.load(Ordering::Relaxed) {
                    return;
                }
                watch_first = false;
            }
            () = stop.cancelled(), if watch_stop => {
                connection.as_mut().graceful_shutdown();
                watch_stop = false;
            }
        }
    }
}
