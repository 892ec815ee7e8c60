//! Traces as a collector receives them: a request, its operation and its statements are one way through the house.

use std::sync::{Arc, Mutex};

use api::telemetry::Traces;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{Request, header},
    routing::post,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use serde_json::json;
use tests::{World, each_engine};
use tracing_subscriber::{Registry, layer::SubscriberExt};

/// A collector of OTLP over HTTP.
struct Collector {
    address: String,
    received: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    async fn start() -> Collector {
        let received = Arc::new(Mutex::new(Vec::new()));
        let take = async |State(received): State<Arc<Mutex<Vec<Span>>>>, body: Bytes| {
            let batch = ExportTraceServiceRequest::decode(body).unwrap();
            let spans = batch.resource_spans.into_iter().flat_map(|of| of.scope_spans).flat_map(|of| of.spans);
            received.lock().unwrap().extend(spans);
        };
        let app = Router::new().route("/v1/traces", post(take)).with_state(received.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Collector { address, received }
    }
}

fn attribute<'a>(span: &'a Span, key: &str) -> &'a str {
    let found = span.attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.as_ref()?.value.as_ref()) {
        Some(opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(text)) => text,
        other => panic!("{key} of {}: {other:?}", span.name),
    }
}

#[tokio::test]
async fn a_request_its_operation_and_each_statement_are_spans_of_the_callers_trace() {
    each_engine(async |world: World| {
        let collector = Collector::start().await;
        let (layer, traces) = Traces::to(&collector.address).unwrap();
        let tracing = tracing::subscriber::set_default(Registry::default().with(layer));

        let query = "query Mine($name: String!) { accounts(first: 5, filter: { name: { eq: $name } }) { totalCount nodes { name } } }";
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", world.sam().token))
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .header("x-request-id", "the-caller-s-own")
            .body(Body::from(json!({ "query": query, "variables": { "name": "Secret GmbH" } }).to_string()))
            .unwrap();
        let before = world.statements();
        assert_eq!(world.send(request).await.0, 200);
        let statements = usize::try_from(world.statements() - before).unwrap();
        drop(tracing);
        tokio::task::spawn_blocking(move || drop(traces)).await.unwrap();

        let spans = collector.received.lock().unwrap().clone();
        let named = |name: &str| {
            let found: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
            assert_eq!(found.len(), 1, "{name} among {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>());
            found[0]
        };
        let (request, operation) = (named("request"), named("operation"));
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert!(spans.iter().all(|span| hex(&span.trace_id) == "0af7651916cd43dd8448eb211c80319c"));
        assert_eq!(hex(&request.parent_span_id), "b7ad6b7169203331");
        assert_eq!(request.kind, SpanKind::Server as i32);
        assert_eq!(attribute(request, "request_id"), "the-caller-s-own");
        assert_eq!(operation.parent_span_id, request.span_id);
        assert_eq!(attribute(operation, "graphql.operation.name"), "Mine");
        assert_eq!(attribute(operation, "role"), "sales");

        // who is calling is read for the request, the rows for the operation
        let asked: Vec<&Span> = spans.iter().filter(|span| span.kind == SpanKind::Client as i32).collect();
        assert_eq!(asked.len(), statements);
        assert!(asked.iter().all(|span| [&request.span_id, &operation.span_id].contains(&&span.parent_span_id)));
        let rows = asked.iter().filter(|span| span.parent_span_id == operation.span_id);
        let rows: Vec<&str> = rows.map(|span| attribute(span, "db.query.text")).collect();
        assert_eq!(rows.len(), 2, "a page and its total: {rows:?}");
        assert!(rows.iter().all(|text| text.contains("\"account\"")), "{rows:?}");
        assert!(asked.iter().all(|span| span.start_time_unix_nano <= span.end_time_unix_nano));
        assert!(!format!("{spans:?}").contains("Secret"), "a parameter");
    })
    .await;
}
