//! The messages of `graphql-transport-ws`, checked by hand: the protocol wants every oddity answered with 4400, and
//! derived parsers are lenient where it is not.

use serde_json::{Map, Value};

use super::close::Close;
use crate::http::{request::Asked, run::bearer_token};

/// The longest id of an operation; clients use numbers or UUIDs.
const ID_BYTES: usize = 128;

/// What a client says.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    /// Opens the session, with the token that it carries.
    Init(Token),
    /// Starts an operation.
    Subscribe { id: String, asked: Asked },
    /// Ends an operation.
    Complete { id: String },
    /// Asks for a sign of life.
    Ping,
    /// Gives one.
    Pong,
}

/// The token in the payload of `connection_init`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// None: the header of the upgrade request counts.
    Absent,
    /// There is something in its place that is no token.
    Malformed,
    /// This one.
    Given(String),
}

/// Reads one message.
pub(super) fn parse(text: &str) -> Result<Incoming, Close> {
    let Ok(Value::Object(mut message)) = serde_json::from_str(text) else {
        return Err(Close::Bad("A message must be a JSON object"));
    };
    let payload = message.remove("payload");
    let kind = message.remove("type");
    match kind.as_ref().and_then(Value::as_str) {
        Some("connection_init") => Ok(Incoming::Init(token(&optional(payload)?))),
        Some("ping") => optional(payload).map(|_| Incoming::Ping),
        Some("pong") => optional(payload).map(|_| Incoming::Pong),
        Some("complete") => Ok(Incoming::Complete { id: id(&mut message)? }),
        Some("subscribe") => {
            let id = id(&mut message)?;
            let asked = payload.ok_or(Close::Bad("`subscribe` needs a payload"))?;
            let asked = Asked::from_json(asked).map_err(|_| Close::Bad("The payload is not a GraphQL request"))?;
            Ok(Incoming::Subscribe { id, asked })
        }
        _ => Err(Close::Bad("The type of the message is not known")),
    }
}

fn optional(payload: Option<Value>) -> Result<Map<String, Value>, Close> {
    match payload {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(payload)) => Ok(payload),
        Some(_) => Err(Close::Bad("A payload must be an object")),
    }
}

fn id(message: &mut Map<String, Value>) -> Result<String, Close> {
    match message.remove("id") {
        Some(Value::String(id)) if (1..=ID_BYTES).contains(&id.len()) => Ok(id),
        _ => Err(Close::Bad("The message needs an id of 1 to 128 bytes")),
    }
}

/// `Authorization: Bearer …` in either case, or the bare `token`.
fn token(payload: &Map<String, Value>) -> Token {
    let header = payload.get("Authorization").or_else(|| payload.get("authorization"));
    let found = match (header, payload.get("token")) {
        (None | Some(Value::Null), None | Some(Value::Null)) => return Token::Absent,
        (Some(Value::String(header)), _) => bearer_token(header),
        (_, Some(Value::String(token))) => Some(token.trim()).filter(|token| !token.is_empty()),
        _ => None,
    };
    found.map_or(Token::Malformed, |token| Token::Given(token.to_owned()))
}

/// `connection_ack`.
pub(super) const ACK: &str = r#"{"type":"connection_ack"}"#;
/// `pong`.
pub(super) const PONG: &str = r#"{"type":"pong"}"#;

/// A result of an operation; `result` is JSON already.
pub(super) fn next(id: &str, result: &str) -> String {
    format!(r#"{{"id":{},"type":"next","payload":{result}}}"#, quoted(id))
}

/// The operation was refused before it ran; `errors` is a JSON list already.
pub(super) fn error(id: &str, errors: &str) -> String {
    format!(r#"{{"id":{},"type":"error","payload":{errors}}}"#, quoted(id))
}

/// The operation is done.
pub(super) fn complete(id: &str) -> String {
    format!(r#"{{"id":{},"type":"complete"}}"#, quoted(id))
}

fn quoted(id: &str) -> Value {
    Value::String(id.to_owned())
}
