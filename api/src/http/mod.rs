//! 1: bytes in, bytes out. Machinery that knows no domain word and imports no wing.
//!
//! A request walks through [`edge`] (id, panics, log, metrics) to one of the transports: [`graphql`] over HTTP,
//! [`events`] (server-sent events) or [`socket`] (`graphql-transport-ws`). All three meet in [`run`]: the document is
//! judged by [`guard`], runs on the executor that the [`Door`] hands out, and its errors are masked in [`answer`].
//! [`serve()`] is the accept loop under it all. The application implements [`Door`] and calls [`router`] and [`serve()`].

mod accept;
mod answer;
mod assets;
mod body;
mod door;
mod edge;
mod events;
mod graphql;
pub mod guard;
mod limits;
pub mod metrics;
mod patient;
mod probes;
mod request;
mod run;
mod serve;
mod socket;
#[cfg(test)]
mod tests;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, header},
    middleware,
    routing::{get, post},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tower::ServiceBuilder;
use tower_http::{
    compression::CompressionLayer,
    cors::{AllowOrigin, CorsLayer},
    sensitive_headers::SetSensitiveRequestHeadersLayer,
    set_header::SetResponseHeaderLayer,
};

pub use self::{
    answer::{Fault, code},
    door::{Door, Execute, Executor, Refused},
    edge::RequestId,
    graphql::caller,
    limits::Limits,
    request::Asked,
    run::{Summary, bearer},
    serve::{Lifecycle, serve},
};

/// What the router needs beside the door.
#[derive(Clone, Default)]
pub struct Options {
    /// Origins whose pages may call the API from a browser, such as `https://sales.example`. None as it stands.
    pub origins: Vec<HeaderValue>,
    /// The installed recorder behind `/metrics`; without one the route answers 404.
    pub metrics: Option<PrometheusHandle>,
    /// When to stop; the same is given to [`serve()`].
    pub lifecycle: Lifecycle,
}

/// What every handler has.
#[derive(Clone)]
struct Front<D> {
    door: D,
    metrics: Option<PrometheusHandle>,
    lifecycle: Lifecycle,
}

/// The whole front door. `more` are the application's own routes (files for BI tools, uploads): they get the same
/// layers, find the [`RequestId`] in the request's extensions, the caller with [`caller`], and may put a [`Summary`]
/// into the response's extensions for the log line.
pub fn router<D: Door>(door: D, options: Options, more: Router) -> Router {
    let Options { origins, metrics, lifecycle } = options;
    let layers = ServiceBuilder::new()
        .layer(SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION, header::COOKIE]))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ))
        .layer(cors(origins))
        // within the headers, so that the answer to a panic has them too
        .layer(middleware::from_fn(edge::edge))
        // leaves event streams alone
        .layer(CompressionLayer::new());
    Router::new()
        .route("/graphql", post(graphql::post::<D>).get(graphql::get::<D>).fallback(graphql::other))
        .route("/schema.graphql", get(probes::sdl::<D>))
        .route("/healthz", get(probes::health))
        .route("/readyz", get(probes::ready::<D>))
        .route("/metrics", get(probes::metrics::<D>))
        .route("/graphiql", get(assets::slash))
        .route("/graphiql/", get(assets::page))
        .route("/graphiql/{*path}", get(assets::asset))
        .with_state(Front { door, metrics, lifecycle })
        .merge(more)
        .layer(layers)
}

fn cors(origins: Vec<HeaderValue>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([HeaderName::from_static("x-request-id"), header::RETRY_AFTER])
        .max_age(std::time::Duration::from_secs(600))
}
