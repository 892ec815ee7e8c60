//! Following live: a real listener on a free port, and a subscription on a line of its own: a socket that speaks
//! `graphql-transport-ws`, or a stream of server-sent events.

use std::net::SocketAddr;

use api::http::{self, Door, Lifecycle};
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
        let (router, limits) = (self.app.router(options), self.app.limits().clone());
        let serving = lifecycle.clone();
        tokio::spawn(async move { http::serve(listener, router, serving, &limits).await });
        Server { address, lifecycle }
    }
}

/// What carries a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket.
    Socket,
    /// Server-sent events.
    Events,
}

impl Transport {
    /// Both.
    pub const ALL: [Transport; 2] = [Transport::Socket, Transport::Events];
}

/// One subscription on a line of its own.
pub struct Live(Line);

enum Line {
    Socket(WebSocketStream<MaybeTlsStream<TcpStream>>),
    Events {
        answer: reqwest::Response,
        heard: Vec<u8>,
    },
    /// It did not come to stand; what was said instead.
    Refused(Said),
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
    /// The line was closed, with this code where it is a socket; 1006 without a word.
    Closed(u16),
}

impl Client {
    /// Subscribes by a socket. Comes back when the server has acknowledged the session; the subscription itself stands a moment
    /// later, so a test gives a cursor to start from.
    pub async fn follow(&self, server: &Server, query: &str, variables: Value) -> Live {
        self.follow_by(Transport::Socket, server, query, variables).await
    }

    /// Subscribes. A refusal is the first that is heard.
    pub async fn follow_by(&self, by: Transport, server: &Server, query: &str, variables: Value) -> Live {
        let payload = json!({ "query": query, "variables": variables });
        Live(match by {
            Transport::Socket => self.socket(server, payload).await,
            Transport::Events => self.events(server, payload).await,
        })
    }

    async fn socket(&self, server: &Server, payload: Value) -> Line {
        let mut request = format!("ws://{}/graphql", server.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let bearer = format!("Bearer {}", self.token);
        say(&mut socket, json!({ "type": "connection_init", "payload": { "Authorization": bearer } })).await;
        if let Err(code) = hear(&mut socket).await {
            return Line::Refused(Said::Closed(code));
        }
        say(&mut socket, json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
        Line::Socket(socket)
    }

    async fn events(&self, server: &Server, payload: Value) -> Line {
        let request = reqwest::Client::new()
            .post(format!("http://{}/graphql", server.address))
            .bearer_auth(&self.token)
            .header("accept", "text/event-stream")
            .json(&payload);
        let answer = request.send().await.unwrap();
        match answer.headers()["content-type"] == "text/event-stream" {
            true => Line::Events { answer, heard: Vec::new() },
            false => Line::Refused(Said::Refused(answer.json::<Value>().await.unwrap()["errors"].take())),
        }
    }
}

async fn say(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

async fn hear(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> Result<Value, u16> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
            // A sign of life.
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(1006),
        }
    }
}

/// The next event of the stream, as its name and its data.
async fn event(answer: &mut reqwest::Response, heard: &mut Vec<u8>) -> Option<(String, String)> {
    loop {
        if let Some(end) = heard.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = heard.drain(..end + 2).collect();
            let block = String::from_utf8(block).unwrap();
            let field = |name| block.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
            match field("event: ") {
                Some(name) => return Some((name, field("data: ").unwrap_or_default())),
                // A sign of life.
                None => continue,
            }
        }
        heard.extend_from_slice(&answer.chunk().await.ok().flatten()?);
    }
}

impl Live {
    /// What comes next. May be given up and asked again: nothing is lost by it.
    pub async fn next(&mut self) -> Said {
        tokio::time::timeout(PATIENCE, self.said()).await.expect("the server says nothing")
    }

    async fn said(&mut self) -> Said {
        match &mut self.0 {
            Line::Socket(socket) => match hear(socket).await {
                Err(code) => Said::Closed(code),
                Ok(mut message) => match message["type"].as_str() {
                    Some("next") => Said::Next(message["payload"].take()),
                    Some("error") => Said::Refused(message["payload"].take()),
                    Some("complete") => Said::Complete,
                    _ => panic!("an unknown message: {message}"),
                },
            },
            Line::Events { answer, heard } => match event(answer, heard).await {
                None => Said::Closed(1006),
                Some((name, data)) if name == "next" => Said::Next(serde_json::from_str(&data).unwrap()),
                Some((name, _)) if name == "complete" => Said::Complete,
                Some(other) => panic!("an unknown event: {other:?}"),
            },
            Line::Refused(said) => std::mem::replace(said, Said::Closed(1006)),
        }
    }

    /// Asks something else on the same socket, while nothing comes on the subscription.
    pub async fn ask(&mut self, query: &str, variables: Value) -> Said {
        let Line::Socket(socket) = &mut self.0 else { panic!("only a socket carries several operations") };
        let payload = json!({ "query": query, "variables": variables });
        say(socket, json!({ "id": "2", "type": "subscribe", "payload": payload })).await;
        let answer = self.next().await;
        assert_eq!(self.next().await, Said::Complete);
        answer
    }

    /// The next result's `data`; anything else is a failure.
    pub async fn data(&mut self) -> Value {
        match self.next().await {
            Said::Next(mut payload) if payload.get("errors").is_none() => payload["data"].take(),
            said => panic!("expected data, heard {said:?}"),
        }
    }

    /// The error that comes next; anything else is a failure.
    pub async fn error(&mut self) -> Value {
        match self.next().await {
            Said::Next(payload) => payload["errors"][0].clone(),
            Said::Refused(errors) => errors[0].clone(),
            said => panic!("expected an error, heard {said:?}"),
        }
    }

    /// The code of the error that comes next; anything else is a failure.
    pub async fn code(&mut self) -> String {
        let error = self.error().await;
        let code = error["extensions"]["code"].as_str();
        code.unwrap_or_else(|| panic!("an error without a code: {error}")).to_owned()
    }
}
