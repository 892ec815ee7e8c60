//! What operators and tools read: health, readiness, metrics, the caller's schema.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{Front, door::Door, graphql::caller, run::Summary};

/// The process runs.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// The process can serve. While it stops it says no, so that a balancer looks elsewhere.
pub(super) async fn ready<D: Door>(State(front): State<Front<D>>) -> Response {
    if !front.lifecycle.stop.is_cancelled() && front.door.ready().await {
        (StatusCode::OK, "ready\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
    }
}

/// The figures for Prometheus.
pub(super) async fn metrics<D: Door>(State(front): State<Front<D>>) -> Response {
    match &front.metrics {
        Some(handle) => {
            front.door.gauge();
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The caller's own schema.
pub(super) async fn sdl<D: Door>(State(front): State<Front<D>>, headers: HeaderMap) -> Response {
    let found = async {
        let caller = caller(&front.door, &headers).await?;
        let executor = front.door.executor(&caller).await?;
        Ok((Summary::of_role(front.door.role_label(&caller)), executor.sdl()))
    };
    match found.await {
        Ok((summary, sdl)) => {
            let mut response = ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], sdl).into_response();
            response.extensions_mut().insert(summary);
            response
        }
        Err(fault) => {
            let fault: super::answer::Fault = fault;
            let summary = Summary::default().with_fault(&fault);
            let mut response = fault.into_response();
            response.extensions_mut().insert(summary);
            response
        }
    }
}
