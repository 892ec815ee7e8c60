//! Following live: a real listener on a free port, and a socket that speaks `graphql-transport-ws`.

use std::net::SocketAddr;

use api::http::{self, Lifecycle};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::{Client, PATIENCE, World};

/// A listening application. It stops when it is dropped.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    lifecycle: Lifecycle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.lifecycle.stop.cancel();
    }
}

impl World {
    /// Listens on a free port.
    pub async fn listen(&self) -> Server {
        let lifecycle = Lifecycle::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = http::Options { lifecycle: lifecycle.clone(), ..http::Options::default() };
        let router = self.app.router(options);
        let serving = lifecycle.clone();
        tokio::spawn(async move { http::serve(listener, router, serving, &http::Limits::default()).await });
        Server { address, lifecycle }
    }
}

/// One subscription on a socket of its own.
pub struct Live {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What the server said.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A result.
    Next(Value),
    /// The operation was refused before it ran.
    Refused(Value),
    /// The operation has ended.
    Complete,
    /// The socket was closed with this code.
    Closed(u16),
}

impl Client {
    /// Opens a socket and subscribes. Comes back when the server has acknowledged the session; the subscription itself
    /// stands a moment later, so a test gives a cursor to start from.
    pub async fn follow(&self, server: &Server, query: &str, variables: Value) -> Live {
        let mut request = format!("ws://{}/graphql", server.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut live = Live { socket };
        let bearer = format!("Bearer {}", self.token);
        live.say(json!({ "type": "connection_init", "payload": { "Authorization": bearer } })).await;
        let ack = live.hear().await;
        assert_eq!(ack, Ok(json!({ "type": "connection_ack" })));
        let payload = json!({ "query": query, "variables": variables });
        live.say(json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
        live
    }
}

impl Live {
    async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Result<Value, u16> {
        loop {
            let heard = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("the server says nothing");
            match heard {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    /// What comes next.
    pub async fn next(&mut self) -> Said {
        match self.hear().await {
            Err(code) => Said::Closed(code),
            Ok(mut message) => match message["type"].as_str() {
                Some("next") => Said::Next(message["payload"].take()),
                Some("error") => Said::Refused(message["payload"].take()),
                Some("complete") => Said::Complete,
                _ => panic!("an unknown message: {message}"),
            },
        }
    }

    /// The next result's `data`; anything else is a failure.
    pub async fn data(&mut self) -> Value {
        match self.next().await {
            Said::Next(mut payload) if payload.get("errors").is_none() => payload["data"].take(),
            said => panic!("expected data, heard {said:?}"),
        }
    }

    /// The code of the error that comes next; anything else is a failure.
    pub async fn code(&mut self) -> String {
        let error = match self.next().await {
            Said::Next(payload) => payload["errors"][0].clone(),
            Said::Refused(errors) => errors[0].clone(),
            said => panic!("expected an error, heard {said:?}"),
        };
        let code = error["extensions"]["code"].as_str();
        code.unwrap_or_else(|| panic!("an error without a code: {error}")).to_owned()
    }
}
