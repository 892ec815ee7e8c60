//! What a client asked, before anything is judged: the parameters of GraphQL over HTTP from a body, a query string or a
//! socket message.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::answer::Fault;

/// The parameters of one request. Their types are checked, their meaning is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The document's text.
    pub query: Option<String>,
    /// Which operation of the document to run.
    pub operation_name: Option<String>,
    /// Values for the operation's variables.
    pub variables: Map<String, Value>,
    /// Protocol extensions, such as the hash of a stored document.
    pub extensions: Map<String, Value>,
}

impl Asked {
    /// From a JSON body.
    pub fn from_body(body: &[u8]) -> Result<Asked, Fault> {
        // serde_json's words name a line and a column, never the content
        let value = serde_json::from_slice(body)
            .map_err(|error| Fault::malformed(format!("The body is not valid JSON: {error}.")))?;
        match value {
            Value::Array(_) => Err(Fault::malformed("Batches are not supported: send one request at a time.")),
            value => Asked::from_json(value),
        }
    }

    /// From a JSON object.
    pub fn from_json(value: Value) -> Result<Asked, Fault> {
        let Value::Object(mut object) = value else {
            return Err(Fault::malformed(
                "A request is a JSON object with `query`, `operationName`, `variables` and `extensions`.",
            ));
        };
        Ok(Asked {
            query: string("query", object.remove("query"))?,
            operation_name: string("operationName", object.remove("operationName"))?,
            variables: map("variables", object.remove("variables"))?,
            extensions: map("extensions", object.remove("extensions"))?,
        })
    }

    /// From a query string, where maps are JSON texts.
    pub fn from_query_string(query: &str) -> Result<Asked, Fault> {
        let mut asked = Asked::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value =
                || percent_decode(value).ok_or_else(|| Fault::malformed(format!("`{name}` is not valid UTF-8.")));
            match name {
                "query" => asked.query = Some(value()?),
                "operationName" => asked.operation_name = Some(value()?).filter(|name| !name.is_empty()),
                "variables" => asked.variables = map("variables", json("variables", &value()?)?)?,
                "extensions" => asked.extensions = map("extensions", json("extensions", &value()?)?)?,
                _ => {}
            }
        }
        Ok(asked)
    }
}

fn json(name: &str, text: &str) -> Result<Option<Value>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text)
        .map(Some)
        .map_err(|error| Fault::malformed(format!("`{name}` is not valid JSON: {error}.")))
}

fn string(name: &str, value: Option<Value>) -> Result<Option<String>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Fault::malformed(format!("`{name}` must be a string."))),
    }
}

fn map(name: &str, value: Option<Value>) -> Result<Map<String, Value>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(Fault::malformed(format!("`{name}` must be an object."))),
    }
}

/// Decodes `%41` and `+`; `None` where the bytes are not UTF-8. Written out because the ready decoders put the
/// replacement character in place of bad bytes, and a changed document is worse than a refused one.
fn percent_decode(text: &str) -> Option<String> {
    let text = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).ok()?);
                rest = tail.get(2..)?;
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}
