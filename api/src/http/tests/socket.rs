//! `graphql-transport-ws` against a real server: each close code, operations side by side, slow and dead readers.

use futures::{SinkExt, StreamExt};
use rstest::rstest;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::*;

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

const SUBSCRIBE_QUIET: &str = r#"{"id":"1","type":"subscribe","payload":{"query":"subscription { quiet }"}}"#;

impl Client {
    /// A socket with these headers of the handshake; an empty protocol sends none.
    async fn connect(server: &Server, protocol: &str, authorization: &str) -> Client {
        let mut request = format!("ws://{}/graphql", server.address).into_client_request().unwrap();
        if !authorization.is_empty() {
            request.headers_mut().insert("authorization", authorization.parse().unwrap());
        }
        if !protocol.is_empty() {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        Client(connect_async(request).await.unwrap().0)
    }

    /// An opened session.
    async fn open(server: &Server) -> Client {
        let mut client = Client::connect(server, "graphql-transport-ws", "").await;
        client.say(r#"{"type":"connection_init","payload":{"token":"good"}}"#).await;
        assert_eq!(client.hear().await, json!({ "type": "connection_ack" }));
        client
    }

    async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(&json!({ "id": id, "type": "subscribe", "payload": { "query": query } }).to_string()).await;
    }

    /// The next message; pings are passed over.
    async fn hear(&mut self) -> Value {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("not a text: {other:?}"),
            }
        }
    }

    /// The code and reason of the close, past anything before it.
    async fn closed(mut self) -> (u16, String) {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.to_string()),
                Message::Close(None) => panic!("a close without a code"),
                _ => {}
            }
        }
    }
}

fn next(id: &str, data: Value) -> Value {
    json!({ "id": id, "type": "next", "payload": { "data": data } })
}

fn complete(id: &str) -> Value {
    json!({ "id": id, "type": "complete" })
}

#[rstest]
#[case::not_json(&["x"], 4400)]
#[case::a_list(&["[]"], 4400)]
#[case::unknown_type(&[r#"{"type":"hello"}"#], 4400)]
#[case::payload_type(&[r#"{"type":"connection_init","payload":"x"}"#], 4400)]
#[case::before_ack(&[SUBSCRIBE_QUIET], 4401)]
#[case::no_token(&[r#"{"type":"connection_init"}"#], 4403)]
#[case::forged(&[r#"{"type":"connection_init","payload":{"token":"forged"}}"#], 4403)]
#[case::not_a_token(&[r#"{"type":"connection_init","payload":{"Authorization":7}}"#], 4403)]
#[case::another_scheme(&[r#"{"type":"connection_init","payload":{"Authorization":"Basic good"}}"#], 4403)]
#[case::unavailable(&[r#"{"type":"connection_init","payload":{"token":"down"}}"#], 1013)]
#[case::second_init(&[r#"{"type":"connection_init","payload":{"token":"good"}}"#; 2], 4429)]
#[case::duplicate(&[r#"{"type":"connection_init","payload":{"token":"good"}}"#, SUBSCRIBE_QUIET, SUBSCRIBE_QUIET], 4409)]
#[case::no_id(&[r#"{"type":"connection_init","payload":{"token":"good"}}"#, r#"{"type":"subscribe","payload":{"query":"{ hello }"}}"#], 4400)]
#[case::no_payload(&[r#"{"type":"connection_init","payload":{"token":"good"}}"#, r#"{"id":"1","type":"subscribe"}"#], 4400)]
#[case::query_type(&[r#"{"type":"connection_init","payload":{"token":"good"}}"#, r#"{"id":"1","type":"subscribe","payload":{"query":1}}"#], 4400)]
#[tokio::test]
async fn each_breach_has_its_code(#[case] says: &[&str], #[case] code: u16) {
    let server = Server::start(TestDoor::new()).await;
    let mut client = Client::connect(&server, "graphql-transport-ws", "").await;
    for text in says {
        client.say(text).await;
    }
    assert_eq!(client.closed().await.0, code);
}

#[rstest]
#[case("")]
#[case("graphql-ws")]
#[case("graphql-transport-ws2")]
#[tokio::test]
async fn another_protocol_is_4406(#[case] protocol: &str) {
    let server = Server::start(TestDoor::new()).await;
    let mut request = format!("ws://{}/graphql", server.address).into_client_request().unwrap();
    if !protocol.is_empty() {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => assert_eq!(Client(socket).closed().await, (4406, "Subprotocol not acceptable".to_owned())),
        // a client that insists on an agreed protocol gives up by itself
        Err(error) => assert!(!protocol.is_empty(), "{error}"),
    }
}

#[tokio::test]
async fn the_protocol_is_agreed_among_others() {
    let server = Server::start(TestDoor::new()).await;
    let mut client = Client::connect(&server, "graphql-ws, graphql-transport-ws", "Bearer good").await;
    // the token of the handshake counts where the payload has none
    client.say(r#"{"type":"connection_init","payload":{}}"#).await;
    assert_eq!(client.hear().await, json!({ "type": "connection_ack" }));
    client.subscribe("q", "{ me }").await;
    assert_eq!(client.hear().await, next("q", json!({ "me": "good" })));
}

#[tokio::test]
async fn silence_is_4408() {
    let server = Server::start(TestDoor::new().with(|limits| limits.socket_init_ms = 20)).await;
    let client = Client::connect(&server, "graphql-transport-ws", "").await;
    assert_eq!(client.closed().await.0, 4408);
}

#[tokio::test]
async fn a_socket_ends_with_its_token() {
    let server = Server::start(TestDoor::new()).await;
    let mut client = Client::connect(&server, "graphql-transport-ws", "").await;
    client.say(r#"{"type":"connection_init","payload":{"Authorization":"Bearer brief"}}"#).await;
    assert_eq!(client.closed().await, (4403, "The token has expired".to_owned()));
}

#[tokio::test]
async fn an_opened_socket_outlives_the_deadline_of_its_opening() {
    let server = Server::start(TestDoor::new().with(|limits| {
        limits.socket_init_ms = 30;
        limits.query_timeout_ms = 90;
    }))
    .await;
    let mut client = Client::open(&server).await;
    client.subscribe("slow", "{ never }").await;
    let message = client.hear().await;
    assert_eq!(message.pointer("/payload/0/extensions/code"), Some(&"TIMEOUT".into()));
}

#[tokio::test]
async fn all_kinds_of_operations_run() {
    let server = Server::start(TestDoor::new()).await;
    let mut client = Client::open(&server).await;
    client.subscribe("q", "{ hello }").await;
    assert_eq!(client.hear().await, next("q", json!({ "hello": "hello" })));
    assert_eq!(client.hear().await, complete("q"));
    client.subscribe("m", "mutation { set(to: 3) }").await;
    assert_eq!(client.hear().await, next("m", json!({ "set": 3 })));
    assert_eq!(client.hear().await, complete("m"));
    // an id is free again once it is complete
    client.subscribe("q", "subscription { count(to: 2) }").await;
    assert_eq!(client.hear().await, next("q", json!({ "count": 1 })));
    assert_eq!(client.hear().await, next("q", json!({ "count": 2 })));
    assert_eq!(client.hear().await, complete("q"));
    client.say(r#"{"type":"ping","payload":{"a":1}}"#).await;
    assert_eq!(client.hear().await, json!({ "type": "pong" }));
}

#[rstest]
#[case::syntax("{", "BAD_USER_INPUT")]
#[case::validation("{ nope }", "BAD_USER_INPUT")]
#[case::subscription("subscription { nope }", "BAD_USER_INPUT")]
#[case::guard("{ ...a } fragment a on Query { ...a }", "BAD_USER_INPUT")]
#[case::panic("{ boom }", "INTERNAL")]
#[tokio::test]
async fn what_cannot_run_is_an_error_and_the_socket_goes_on(#[case] query: &str, #[case] code: &str) {
    let server = Server::start(TestDoor::new()).await;
    let mut client = Client::open(&server).await;
    client.subscribe("1", query).await;
    let message = client.hear().await;
    assert_eq!((message.get("type"), message.get("id")), (Some(&"error".into()), Some(&"1".into())));
    assert_eq!(message.pointer("/payload/0/extensions/code"), Some(&code.into()));
    assert!(!message.to_string().contains("the cause"));
    client.subscribe("1", "{ missing }").await;
    assert_eq!(client.hear().await.pointer("/payload/errors/0/extensions/code"), Some(&"NOT_FOUND".into()));
}

#[tokio::test]
async fn a_panic_in_a_stream_ends_that_stream_alone() {
    let server = Server::start(TestDoor::new()).await;
    let mut client = Client::open(&server).await;
    client.subscribe("quiet", "subscription { quiet }").await;
    assert_eq!(client.hear().await, next("quiet", json!({ "quiet": 1 })));
    client.subscribe("x", "subscription { explode }").await;
    assert_eq!(client.hear().await, next("x", json!({ "explode": 1 })));
    assert_eq!(client.hear().await.pointer("/payload/0/extensions/code"), Some(&"INTERNAL".into()));
    // the other one still runs: its id is taken
    client.say(SUBSCRIBE_QUIET.replace("\"1\"", "\"quiet\"").as_str()).await;
    assert_eq!(client.closed().await, (4409, "Subscriber for quiet already exists".to_owned()));
}

#[tokio::test]
async fn complete_ends_an_operation_without_an_echo() {
    let server = Server::start(TestDoor::new()).await;
    let mut client = Client::open(&server).await;
    client.say(SUBSCRIBE_QUIET).await;
    assert_eq!(client.hear().await, next("1", json!({ "quiet": 1 })));
    client.say(r#"{"id":"1","type":"complete"}"#).await;
    client.say(r#"{"id":"unknown","type":"complete"}"#).await;
    client.say(SUBSCRIBE_QUIET).await;
    assert_eq!(client.hear().await, next("1", json!({ "quiet": 1 })));
}

#[tokio::test]
async fn operations_on_a_socket_are_limited() {
    let server = Server::start(TestDoor::new().with(|limits| limits.socket_operations = 1)).await;
    let mut client = Client::open(&server).await;
    client.say(SUBSCRIBE_QUIET).await;
    assert_eq!(client.hear().await, next("1", json!({ "quiet": 1 })));
    client.subscribe("2", "{ hello }").await;
    let message = client.hear().await;
    assert_eq!((message.get("type"), message.get("id")), (Some(&"error".into()), Some(&"2".into())));
    assert_eq!(message.pointer("/payload/0/extensions/code"), Some(&"RATE_LIMITED".into()));
}

#[tokio::test]
async fn messages_are_limited_in_kind_and_size() {
    let server = Server::start(TestDoor::new().with(|limits| limits.socket_message_bytes = 1000)).await;
    let mut client = Client::open(&server).await;
    client.say(&"x".repeat(1001)).await;
    assert_eq!(client.closed().await.0, 1009);
    let mut client = Client::open(&server).await;
    client.0.send(Message::binary("{}")).await.unwrap();
    assert_eq!(client.closed().await.0, 4400);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut() {
    let server = Server::start(TestDoor::new().with(|limits| {
        limits.stalled_ms = 50;
        limits.socket_queue = 2;
    }))
    .await;
    let mut client = Client::open(&server).await;
    client.subscribe("f", "subscription { flood }").await;
    // nothing is read; the server gives up on the socket, although the client never closed it
    server.lifecycle.sockets.close();
    server.lifecycle.sockets.wait().await;
    drop(client);
}

#[tokio::test]
async fn a_client_that_is_dead_is_cut() {
    let server = Server::start(TestDoor::new().with(|limits| limits.keep_alive_ms = 10)).await;
    let client = Client::open(&server).await;
    // a client that does not read does not answer pings either
    server.lifecycle.sockets.close();
    server.lifecycle.sockets.wait().await;
    drop(client);
}

#[tokio::test]
async fn a_stop_closes_sockets_with_1001_and_waits_for_them() {
    let server = Server::start(TestDoor::new()).await;
    let mut client = Client::open(&server).await;
    client.say(SUBSCRIBE_QUIET).await;
    assert_eq!(client.hear().await, next("1", json!({ "quiet": 1 })));
    server.lifecycle.stop.cancel();
    assert_eq!(client.closed().await, (1001, "The server stops".to_owned()));
    server.done.await.unwrap().unwrap();
}
