//! The handler: statuses, media types, refusals, masks.

use axum::http::Method;
use rstest::rstest;

use super::*;

const OK: &str = r#"{"query":"{ hello }"}"#;
const DATA: &str = r#"{"data":{"hello":"hello"}}"#;

#[rstest]
#[case::query(OK, 200, 200, "")]
#[case::not_json("{", 400, 400, "BAD_USER_INPUT")]
#[case::not_an_object("7", 400, 400, "BAD_USER_INPUT")]
#[case::batch(r#"[{"query":"{ hello }"}]"#, 400, 400, "BAD_USER_INPUT")]
#[case::no_query("{}", 400, 400, "BAD_USER_INPUT")]
#[case::query_type(r#"{"query":1}"#, 400, 400, "BAD_USER_INPUT")]
#[case::name_type(r#"{"query":"{ hello }","operationName":1}"#, 400, 400, "BAD_USER_INPUT")]
#[case::variables_type(r#"{"query":"{ hello }","variables":[]}"#, 400, 400, "BAD_USER_INPUT")]
#[case::extensions_type(r#"{"query":"{ hello }","extensions":"x"}"#, 400, 400, "BAD_USER_INPUT")]
#[case::nulls(r#"{"query":"{ hello }","variables":null,"operationName":null,"extensions":null}"#, 200, 200, "")]
#[case::syntax(r#"{"query":"{"}"#, 400, 200, "BAD_USER_INPUT")]
#[case::unknown_field(r#"{"query":"{ nope }"}"#, 400, 200, "BAD_USER_INPUT")]
#[case::unknown_operation(r#"{"query":"query a { hello }","operationName":"b"}"#, 400, 200, "BAD_USER_INPUT")]
#[case::bad_variable(r#"{"query":"query($n: Int!) { hello(times: $n) }"}"#, 400, 200, "BAD_USER_INPUT")]
#[case::subscription(r#"{"query":"subscription { quiet }"}"#, 400, 200, "BAD_USER_INPUT")]
#[case::field_error(r#"{"query":"{ missing }"}"#, 200, 200, "NOT_FOUND")]
#[case::mutation(r#"{"query":"mutation { set(to: 1) }"}"#, 200, 200, "")]
#[tokio::test]
async fn posts_are_answered_by_the_table(
    #[case] body: &str,
    #[case] graphql: u16,
    #[case] json: u16,
    #[case] code: &str,
) {
    let app = app(TestDoor::new());
    for (accept, status) in [("application/graphql-response+json", graphql), ("application/json", json)] {
        let answer = send(&app, request("POST", "/graphql", &[JSON, ("accept", accept)], body.to_owned())).await;
        assert_eq!(answer.status.as_u16(), status, "{accept}: {}", answer.text);
        assert_eq!(answer.header("content-type"), Some(format!("{accept}; charset=utf-8").as_str()));
        assert_eq!(answer.code().unwrap_or_default(), code);
        // a request error has no data entry, an error of a resolver has one
        assert_eq!(answer.json().get("data").is_some(), graphql == 200, "{}", answer.text);
    }
}

#[rstest]
#[case("", "application/json")]
#[case("*/*", "application/json")]
#[case("application/*", "application/json")]
#[case("application/json, application/graphql-response+json", "application/graphql-response+json")]
#[case("application/json, application/graphql-response+json;q=0.5", "application/json")]
#[case("text/event-stream, application/json, multipart/mixed", "application/json")]
#[tokio::test]
async fn the_media_type_is_the_clients(#[case] accept: &str, #[case] expected: &str) {
    let answer = send(&app(TestDoor::new()), request("POST", "/graphql", &[JSON, ("accept", accept)], OK)).await;
    assert_eq!(answer.header("content-type"), Some(format!("{expected}; charset=utf-8").as_str()));
    assert_eq!(answer.text, DATA);
}

#[rstest]
#[case("text/html")]
#[case("application/json;q=0")]
#[tokio::test]
async fn nothing_acceptable_is_406(#[case] accept: &str) {
    let answer = send(&app(TestDoor::new()), request("POST", "/graphql", &[JSON, ("accept", accept)], OK)).await;
    assert_eq!(answer.status, 406);
}

#[rstest]
#[case("", 415)]
#[case("text/plain", 415)]
#[case("application/x-www-form-urlencoded", 415)]
#[case("multipart/form-data; boundary=x", 415)]
#[case("application/json; charset=latin1", 415)]
#[case("application/json; charset=UTF-8", 200)]
#[case("Application/JSON", 200)]
#[tokio::test]
async fn only_json_is_taken(#[case] kind: &str, #[case] status: u16) {
    let answer = send(&app(TestDoor::new()), request("POST", "/graphql", &[("content-type", kind)], OK)).await;
    assert_eq!(answer.status.as_u16(), status);
}

#[rstest]
#[case("?query=%7B+hello%20%7D", 200, DATA)]
#[case(
    "?query=query(%24n:Int)%7Bhello(times:%24n)%7D&variables=%7B%22n%22:2%7D",
    200,
    r#"{"data":{"hello":"hello hello"}}"#
)]
#[tokio::test]
async fn get_runs_queries(#[case] query: &str, #[case] status: u16, #[case] text: &str) {
    let answer = send(&app(TestDoor::new()), request("GET", &format!("/graphql{query}"), &[GRAPHQL], "")).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (status, text));
}

#[rstest]
#[case("", 400)]
#[case("?query=%7Bhello%7D&variables=7", 400)]
#[case("?query=%7Bhello%7D&variables=%7B", 400)]
#[case("?query=%FF", 400)]
#[case("?query=mutation%7Bset(to:1)%7D", 405)]
#[tokio::test]
async fn get_refuses_the_rest(#[case] query: &str, #[case] status: u16) {
    let answer = send(&app(TestDoor::new()), request("GET", &format!("/graphql{query}"), &[], "")).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_deref()), (status, Some("BAD_USER_INPUT")));
    assert_eq!(answer.header("allow"), (status == 405).then_some("POST"));
}

#[tokio::test]
async fn other_methods_are_405() {
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = send(&app(TestDoor::new()), request(method.as_str(), "/graphql", &[JSON], OK)).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET, POST")));
    }
}

#[rstest]
#[case::none("")]
#[case::unknown("Bearer forged")]
#[case::another_scheme("Basic Z29vZA==")]
#[case::empty("Bearer ")]
#[tokio::test]
async fn without_a_good_token_all_look_alike(#[case] authorization: &str) {
    // the body would be refused too: the token comes first
    let post = request("POST", "/graphql", &[("authorization", authorization)], "not json");
    let get = request("GET", "/graphql?query=%7B", &[("authorization", authorization)], "");
    let sdl = request("GET", "/schema.graphql", &[("authorization", authorization)], "");
    let app = app(TestDoor::new());
    for request in [post, get, sdl] {
        let answer = send(&app, request).await;
        assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, Some("Bearer")));
        let expected =
            r#"{"errors":[{"message":"A valid bearer token is needed.","extensions":{"code":"UNAUTHENTICATED"}}]}"#;
        assert_eq!(answer.text, expected);
    }
}

#[tokio::test]
async fn refusals_for_a_while_say_when_to_come_back() {
    let app = app(TestDoor::new());
    for (token, status, code, after) in [("down", 503, "INTERNAL", "1"), ("busy", 429, "RATE_LIMITED", "7")] {
        let headers = [JSON, ("authorization", &*format!("bearer {token}"))];
        let answer = send(&app, request("POST", "/graphql", &headers, OK)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_deref()), (status, Some(code)));
        assert_eq!(answer.header("retry-after"), Some(after));
    }
}

#[tokio::test]
async fn a_large_body_is_413_in_words() {
    let app = app(TestDoor::new().with(|limits| limits.body_bytes = 100));
    let answer = send(&app, request("POST", "/graphql", &[JSON], "x".repeat(101))).await;
    assert_eq!(answer.status, 413);
    let message = answer.json().pointer("/errors/0/message").cloned();
    assert_eq!(message, Some("The body is too large: the limit is 100 bytes.".into()));
    assert_eq!(send(&app, request("POST", "/graphql", &[JSON], OK)).await.text, DATA);
}

#[tokio::test]
async fn the_guard_stands_before_the_executor() {
    let app = app(TestDoor::new());
    let answer = query(&app, "{ ...a ...a } fragment a on Query { ...b ...b } fragment b on Query { ...a }").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_deref()), (400, Some("BAD_USER_INPUT")));
    let answer = query(&app, &format!("{{ {} }}", "hello ".repeat(31))).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_deref()), (400, Some("COST_EXCEEDED")));
    // the executor's own limits get the same code
    let answer = query(&app, &format!("{}hello{}", "{ again ".repeat(21) + "{", "}".repeat(22))).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_deref()), (400, Some("COST_EXCEEDED")));
}

#[tokio::test]
async fn a_panic_is_opaque_and_the_next_request_is_served() {
    let app = app(TestDoor::new());
    let body = json!({ "query": "{ boom }" }).to_string();
    let answer = send(&app, request("POST", "/graphql", &[JSON, ("x-request-id", "trace-7")], body)).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-request-id")), (500, Some("trace-7")));
    let error = json!({ "message": "Something went wrong on our side.", "extensions": { "code": "INTERNAL", "requestId": "trace-7" } });
    assert_eq!(answer.json(), json!({ "errors": [error] }));
    assert_eq!(query(&app, "{ hello }").await.text, DATA);
}

#[tokio::test]
async fn an_error_without_a_code_is_masked() {
    let answer = query(&app(TestDoor::new()), "{ hello leak }").await;
    assert!(!answer.text.contains("secrets"));
    let id = answer.header("x-request-id").unwrap().to_owned();
    let error = json!({
        "message": "Something went wrong on our side.",
        "locations": [{ "line": 1, "column": 9 }],
        "path": ["leak"],
        "extensions": { "code": "INTERNAL", "requestId": id },
    });
    assert_eq!(answer.json(), json!({ "data": { "hello": "hello", "leak": null }, "errors": [error] }));
}

#[tokio::test]
async fn the_frameworks_words_about_an_argument_stay_the_clients() {
    let app = app(TestDoor::new());
    let body = json!({ "query": "query($n: Int) { hello(times: $n) }", "variables": { "n": "x" } }).to_string();
    let answer = send(&app, request("POST", "/graphql", &[JSON, GRAPHQL], body)).await;
    assert_eq!(answer.code().as_deref(), Some("BAD_USER_INPUT"));
}

#[rstest]
#[case("{ never }")]
#[case("mutation { never }")]
#[tokio::test]
async fn what_takes_too_long_is_stopped(#[case] text: &str) {
    let answer = query(&app(TestDoor::new().with(|limits| limits.query_timeout_ms = 10)), text).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_deref()), (504, Some("TIMEOUT")));
}

#[tokio::test]
async fn each_caller_runs_on_their_own_schema() {
    let app = app(TestDoor::new());
    let headers = [JSON, GRAPHQL, ("authorization", "Bearer narrow")];
    let answer = send(&app, request("POST", "/graphql", &headers, OK)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(query(&app, "{ me }").await.text, r#"{"data":{"me":"good"}}"#);
}
