//! Probes, the schema, assets, and the headers on all of them.

use rstest::rstest;

use super::*;

async fn get(app: &Router, path: &str) -> Answer {
    send(app, request("GET", path, &[("authorization", "")], "")).await
}

#[tokio::test]
async fn health_and_readiness_are_two_questions() {
    let mut door = TestDoor::new();
    assert_eq!(get(&app(door.clone()), "/readyz").await.status, 200);
    door.ready = false;
    let down = app(door);
    assert_eq!(get(&down, "/healthz").await.status, 200);
    assert_eq!(get(&down, "/readyz").await.status, 503);
}

#[tokio::test]
async fn a_stopping_server_is_alive_but_not_ready() {
    let options = Options::default();
    options.lifecycle.stop.cancel();
    let app = router(TestDoor::new(), options, Router::new());
    assert_eq!(get(&app, "/readyz").await.status, 503);
    assert_eq!(get(&app, "/healthz").await.status, 200);
}

#[tokio::test]
async fn figures_count_by_kind_role_and_status() {
    let recorder = super::super::metrics::builder().unwrap().build_recorder();
    let handle = recorder.handle();
    let app = router(TestDoor::new(), Options { metrics: Some(handle), ..Options::default() }, Router::new());
    // a recorder of this thread alone, so that other tests do not count
    let _guard = metrics::set_default_local_recorder(&recorder);
    query(&app, "query Greeting { hello }").await;
    query(&app, "{ nope }").await;
    query(&app, "query madeUp { nope }").await;
    let text = get(&app, "/metrics").await.text;
    for (operation, status) in [("Greeting", "2xx"), ("none", "4xx"), ("other", "4xx")] {
        let line = format!(
            r#"http_requests_total{{operation="{operation}",operation_type="query",role="good",status="{status}"}} 1"#
        );
        assert!(text.contains(&line), "{line}: {text}");
    }
    assert!(text.contains(r#"http_errors_total{code="BAD_USER_INPUT"} 2"#), "{text}");
    assert!(text.contains("http_request_duration_seconds_bucket"), "{text}");
    assert!(text.contains("http_request_statements_bucket"), "{text}");
    // a name that the schema did not know is no label
    assert!(!text.contains("madeUp"));
    // nor is one more than there is room for
    for n in 0..101 {
        query(&app, &format!("query q{n} {{ hello }}")).await;
    }
    let text = get(&app, "/metrics").await.text;
    assert!(text.contains(r#"operation="q98""#) && !text.contains(r#"operation="q99""#), "{text}");
    assert!(text.contains(r#"operation="other",operation_type="query",role="good",status="2xx"} 2"#), "{text}");
    assert_eq!(get(&super::app(TestDoor::new()), "/metrics").await.status, 404);
}

#[tokio::test]
async fn the_schema_is_the_callers_own() {
    let app = app(TestDoor::new());
    let narrow = send(&app, request("GET", "/schema.graphql", &[("authorization", "Bearer narrow")], "")).await;
    assert!(narrow.text.contains("little: Int!") && !narrow.text.contains("hello"));
    assert!(send(&app, request("GET", "/schema.graphql", &[], "")).await.text.contains("type Subscription"));
}

#[rstest]
#[case("/graphiql/", "text/html; charset=utf-8")]
#[case("/graphiql/boot.js", "text/javascript; charset=utf-8")]
#[case("/graphiql/graphiql.min.js", "text/javascript; charset=utf-8")]
#[case("/graphiql/journey.css", "text/css; charset=utf-8")]
#[case("/graphiql/icon.svg", "image/svg+xml")]
#[case("/graphiql/licences/graphiql.txt", "text/plain; charset=utf-8")]
#[tokio::test]
async fn assets_come_from_the_binary_under_a_policy(#[case] path: &str, #[case] kind: &str) {
    let app = app(TestDoor::new());
    let answer = get(&app, path).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some(kind)));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe-eval"));
    let tag = answer.header("etag").unwrap();
    let known = send(&app, request("GET", path, &[("if-none-match", tag)], "")).await;
    assert_eq!((known.status.as_u16(), known.text.as_str()), (304, ""));
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let app = app(TestDoor::new());
    for path in ["/graphiql/nothing.js", "/graphiql/../Cargo.toml", "/graphiql/%2e%2e/%2e%2e/Cargo.toml", "/nothing"] {
        assert_eq!(get(&app, path).await.status, 404, "{path}");
    }
    assert_eq!(get(&app, "/graphiql").await.header("location"), Some("/graphiql/"));
}

#[tokio::test]
async fn every_answer_has_the_headers_that_browsers_heed() {
    let app = app(TestDoor::new());
    for answer in [query(&app, "{ hello }").await, get(&app, "/healthz").await, get(&app, "/graphql").await] {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-request-id").map(str::len), Some(36));
    }
}

#[tokio::test]
async fn an_id_that_is_not_sane_is_replaced() {
    let app = app(TestDoor::new());
    for (given, kept) in [("abc.D-1_2", true), ("a b", false), ("x@example.org", false), (&*"x".repeat(65), false)] {
        let answer = send(&app, request("GET", "/healthz", &[("x-request-id", given)], "")).await;
        assert_eq!(answer.header("x-request-id") == Some(given), kept);
    }
}

#[tokio::test]
async fn other_origins_are_let_in_by_configuration_alone() {
    let preflight = || {
        let headers =
            [("origin", "https://a.example"), ("access-control-request-method", "POST"), ("authorization", "")];
        request("OPTIONS", "/graphql", &headers, "")
    };
    let closed = send(&app(TestDoor::new()), preflight()).await;
    assert_eq!(closed.header("access-control-allow-origin"), None);
    let options = Options { origins: vec!["https://a.example".parse().unwrap()], ..Options::default() };
    let open = send(&router(TestDoor::new(), options, Router::new()), preflight()).await;
    assert_eq!(open.header("access-control-allow-origin"), Some("https://a.example"));
    assert_eq!(open.header("access-control-allow-credentials"), None);
}

#[tokio::test]
async fn routes_of_the_application_get_the_same_care() {
    let more = Router::new().route("/more", axum::routing::get(async || -> &'static str { panic!("the cause") }));
    let app = router(TestDoor::new(), Options::default(), more);
    let answer = get(&app, "/more").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_deref()), (500, Some("INTERNAL")));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}
