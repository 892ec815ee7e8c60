//! Round every request: an id, a net for panics, one log line, the metrics.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    metrics,
    run::{Summary, panicked},
};
use crate::{store::Statements, telemetry};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id under which a request is found in the log; also in the answer's `x-request-id`.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// The middleware.
pub(super) async fn edge(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    // the route and not the address: a GET carries its document and variables there, a link to a file its secret
    let path =
        request.extensions().get::<MatchedPath>().map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());

    let span = tracing::info_span!("request", request_id = &*id, %method, path, otel.kind = "server");
    telemetry::follow(&span, request.headers());
    let statements = Statements::default();
    let run = statements.count(next.run(request)).instrument(span);
    let caught = AssertUnwindSafe(run).catch_unwind().await;
    let mut response = caught.unwrap_or_else(|panic| {
        let fault = panicked(panic.as_ref(), &id);
        let summary = Summary::default().with_fault(&fault);
        let mut response = fault.into_response();
        response.extensions_mut().insert(summary);
        response
    });

    let elapsed = begun.elapsed();
    let mut summary = response.extensions_mut().remove::<Summary>().unwrap_or_default();
    summary.statements = statements.number();
    let status = response.status();
    metrics::request(&summary, class(status.as_u16()), elapsed);
    tracing::info!(
        request_id = &*id,
        %method,
        path,
        status = status.as_u16(),
        operation = summary.name.as_deref().unwrap_or("-"),
        operation_type = if summary.kind.is_empty() { "-" } else { summary.kind },
        code = summary.code.as_deref().unwrap_or("-"),
        role = if summary.role.is_empty() { "-" } else { &summary.role },
        cost_requested = summary.cost_requested,
        cost = summary.cost,
        statements = summary.statements,
        duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// The client's own id where it is sane, so that a trace goes through; else a new one.
fn request_id(request: &Request) -> Arc<str> {
    let sane = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    match request.headers().get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).filter(sane) {
        Some(id) => id.into(),
        #[expect(
            clippy::disallowed_methods,
            reason = "an id for the log: nothing is kept under it, and tests send their own"
        )]
        None => Uuid::new_v4().to_string().into(),
    }
}

fn class(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
