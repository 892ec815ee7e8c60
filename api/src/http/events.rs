//! Server-sent events, the "distinct connections mode" of graphql-sse: one operation a request, `next` for each result,
//! `complete` at the end.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream::iter};
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use super::{
    answer::{self, Fault, code},
    run::Operation,
};

/// How long a stream may last.
pub(super) struct Lasts {
    /// Until the token ends.
    pub expires_in: Option<Duration>,
    /// Until the server stops.
    pub stop: CancellationToken,
    /// With a comment in between, so that proxies keep the line open.
    pub keep_alive: Duration,
}

pub(super) fn stream(operation: Operation, lasts: Lasts) -> Response {
    let events = async_stream::stream! {
        let place = operation.place();
        let mut results = operation.stream();
        let ends = ends(lasts.expires_in, lasts.stop);
        tokio::pin!(ends);
        let mut beat = interval_at(Instant::now() + lasts.keep_alive, lasts.keep_alive);
        loop {
            let item = tokio::select! {
                biased;
                fault = &mut ends => fault.map(|fault| Err(fault.resume(place.cursor().as_deref()))),
                item = results.next() => item,
                _ = beat.tick() => {
                    yield Ok(":\n\n".to_owned());
                    continue;
                }
            };
            beat.reset();
            match item {
                Some(Ok(answer)) => yield event("next", &answer::text(&answer.outcome)),
                Some(Err(fault)) => {
                    let outcome = async_graphql::Response::from_errors(vec![fault.into_error()]);
                    yield event("next", &answer::text(&outcome));
                    break;
                }
                None => break,
            }
        }
        yield event("complete", "");
    };
    answer_with(Body::from_stream(events))
}

/// The refusal of a document to a client that reads event streams alone: the error is its one result.
pub(super) fn refusal(fault: Fault) -> Response {
    let outcome = async_graphql::Response::from_errors(vec![fault.into_error()]);
    answer_with(Body::from_stream(iter([event("next", &answer::text(&outcome)), event("complete", "")])))
}

fn answer_with(body: Body) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, body).into_response()
}

/// Waits for the end of the token, which is a fault, or of the server, which is not: the client comes back by itself.
async fn ends(expires_in: Option<Duration>, stop: CancellationToken) -> Option<Fault> {
    let expired = async {
        match expires_in {
            Some(after) => tokio::time::sleep(after).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = expired => Some(Fault::document(code::UNAUTHENTICATED, "The token has expired.")),
        () = stop.cancelled() => None,
    }
}

/// An event; `data` is JSON without line breaks. The line is there even when it is empty: a browser passes over events
/// without one.
fn event(name: &str, data: &str) -> Result<String, Infallible> {
    Ok(format!("event: {name}\ndata: {data}\n\n"))
}
