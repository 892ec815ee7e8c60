//! Server-sent events.

use super::*;

const EVENTS: (&str, &str) = ("accept", "text/event-stream");

async fn events(door: TestDoor, token: &str, query: &str) -> Answer {
    let headers = [JSON, EVENTS, ("authorization", &*format!("Bearer {token}")), ("x-request-id", "e1")];
    send(&app(door), request("POST", "/graphql", &headers, json!({ "query": query }).to_string())).await
}

#[tokio::test]
async fn a_subscription_is_next_and_complete() {
    let answer = events(TestDoor::new(), "good", "subscription { count(to: 2) }").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("text/event-stream")));
    let expected = "event: next\ndata: {\"data\":{\"count\":1}}\n\nevent: next\ndata: {\"data\":{\"count\":2}}\n\nevent: complete\ndata: \n\n";
    assert_eq!(answer.text, expected);
}

#[tokio::test]
async fn a_query_goes_too_and_by_get() {
    let request = request("GET", "/graphql?query=%7Bhello%7D", &[EVENTS], "");
    let answer = send(&app(TestDoor::new()), request).await;
    assert_eq!(answer.text.lines().nth(1), Some(r#"data: {"data":{"hello":"hello"}}"#));
}

#[tokio::test]
async fn a_document_that_cannot_run_is_a_stream_of_its_error() {
    let answer = events(TestDoor::new(), "good", "subscription {").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("text/event-stream")));
    let lines: Vec<_> = answer.text.lines().collect();
    assert!(matches!(lines.as_slice(), ["event: next", error, "", "event: complete", "data: ", ""]
        if error.starts_with(r#"data: {"errors":["#) && error.contains(r#""code":"BAD_USER_INPUT""#)));
}

#[tokio::test]
async fn a_request_that_is_not_let_in_is_answered_by_status() {
    assert_eq!(events(TestDoor::new(), "forged", "subscription { quiet }").await.status, 401);
    let request = request("GET", "/graphql?variables=7", &[EVENTS], "");
    assert_eq!(send(&app(TestDoor::new()), request).await.status, 400);
}

#[tokio::test]
async fn a_panic_ends_the_stream_opaquely() {
    let answer = events(TestDoor::new(), "good", "subscription { explode }").await;
    let lines: Vec<_> = answer.text.lines().filter(|line| line.starts_with("data: {")).collect();
    let internal = r#"data: {"errors":[{"message":"Something went wrong on our side.","extensions":{"code":"INTERNAL","requestId":"e1"}}]}"#;
    assert_eq!(lines, [r#"data: {"data":{"explode":1}}"#, internal]);
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let answer = events(TestDoor::new(), "brief", "subscription { quiet }").await;
    let lines: Vec<_> = answer.text.lines().filter(|line| line.starts_with("data: {")).collect();
    let expired = r#"data: {"errors":[{"message":"The token has expired.","extensions":{"code":"UNAUTHENTICATED"}}]}"#;
    assert_eq!(lines, [r#"data: {"data":{"quiet":1}}"#, expired]);
}

#[tokio::test]
async fn a_stream_ends_with_the_server() {
    let options = Options::default();
    let stop = options.lifecycle.stop.clone();
    let app = router(TestDoor::new(), options, Router::new());
    let body = json!({ "query": "subscription { quiet }" }).to_string();
    let response = app.oneshot(request("POST", "/graphql", &[JSON, EVENTS], body)).await.unwrap();
    stop.cancel();
    assert!(read(response).await.text.ends_with("event: complete\ndata: \n\n"));
}

#[tokio::test]
async fn a_quiet_stream_shows_signs_of_life() {
    let door = TestDoor::new().with(|limits| limits.keep_alive_ms = 5);
    let body = json!({ "query": "subscription { quiet }" }).to_string();
    let response = app(door).oneshot(request("POST", "/graphql", &[JSON, EVENTS], body)).await.unwrap();
    let mut body = response.into_body();
    let mut frame = async || body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(&*frame().await, b"event: next\ndata: {\"data\":{\"quiet\":1}}\n\n");
    assert_eq!(&*frame().await, b":\n\n");
}
