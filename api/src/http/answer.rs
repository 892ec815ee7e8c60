//! What goes back to a client: faults with their status, and results with causes masked.
//!
//! A [`Fault`] is anything that ends a request before a resolver ran. Errors of resolvers arrive inside a
//! `Response`; the last look at them is [`mask`]: what carries no code was not written for clients.

use std::collections::BTreeMap;

use async_graphql::{ErrorExtensionValues, Name, Response as Outcome, ServerError, Value};
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{accept::Media, door::Refused};

/// The error codes that this part of the server gives; resolvers have more.
pub mod code {
    /// No token, or not a good one.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// The request is not what the schema or the protocol asks for.
    pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
    /// The document asks for too much.
    pub const COST_EXCEEDED: &str = "COST_EXCEEDED";
    /// The reader fell behind.
    pub const CURSOR_EXPIRED: &str = "CURSOR_EXPIRED";
    /// Too many requests or too many operations at once.
    pub const RATE_LIMITED: &str = "RATE_LIMITED";
    /// It took too long.
    pub const TIMEOUT: &str = "TIMEOUT";
    /// Our fault; the cause is in the log under the request id.
    pub const INTERNAL: &str = "INTERNAL";
}

/// Why a request ended before a resolver ran.
#[derive(Clone, Debug)]
pub struct Fault {
    status: StatusCode,
    /// Well-formed requests that fail are answered 200 to clients that only know `application/json`.
    well_formed: bool,
    header: Option<(header::HeaderName, HeaderValue)>,
    /// What the operation would cost, where that is why it was refused.
    cost: Option<Cost>,
    error: Box<ServerError>,
}

/// What an operation costs, as the answer's `extensions.cost` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Predicted before it ran.
    pub requested: u64,
    /// Counted in the answer; none where nothing ran.
    pub actual: Option<u64>,
    /// The highest prediction that runs.
    pub limit: u64,
}

impl Cost {
    fn value(self) -> Value {
        let mut value = async_graphql::indexmap::IndexMap::new();
        value.insert(Name::new("requested"), self.requested.into());
        if let Some(actual) = self.actual {
            value.insert(Name::new("actual"), actual.into());
        }
        value.insert(Name::new("limit"), self.limit.into());
        Value::Object(value)
    }

    /// Puts it into an answer.
    pub(super) fn tell(self, outcome: &mut Outcome) {
        outcome.extensions.insert(COST.to_owned(), self.value());
    }
}

const COST: &str = "cost";

impl Fault {
    fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Fault {
        Fault { status, well_formed: false, header: None, cost: None, error: Box::new(coded(message, code)) }
    }

    /// The request is not one that the protocol knows: 400 for every client.
    pub fn malformed(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, message)
    }

    /// The request is well formed but its document cannot be run; `code` is one of the documented codes.
    pub fn document(code: &str, message: impl Into<String>) -> Fault {
        Fault { well_formed: true, ..Fault::new(StatusCode::BAD_REQUEST, code, message) }
    }

    /// Like [`Fault::document`], keeping the positions of the parser's error.
    pub(super) fn syntax(mut error: ServerError) -> Fault {
        set_code(&mut error, code::BAD_USER_INPUT);
        Fault { status: StatusCode::BAD_REQUEST, well_formed: true, header: None, cost: None, error: Box::new(error) }
    }

    /// The operation costs too much. A socket's refusal is a list of errors, so the error says the figures, too.
    pub(super) fn too_costly(requested: u64, limit: u64) -> Fault {
        let cost = Cost { requested, actual: None, limit };
        let message = format!("The operation costs {requested}: the limit is {limit}. Ask for smaller pages.");
        let mut fault = Fault { cost: Some(cost), ..Fault::document(code::COST_EXCEEDED, message) };
        fault.error.extensions.get_or_insert_with(ErrorExtensionValues::default).set(COST, cost.value());
        fault
    }

    /// Another method is needed.
    pub(super) fn method(allow: &'static str, message: &str) -> Fault {
        let header = Some((header::ALLOW, HeaderValue::from_static(allow)));
        Fault { header, ..Fault::new(StatusCode::METHOD_NOT_ALLOWED, code::BAD_USER_INPUT, message) }
    }

    /// Any other status with the code for bad input.
    pub(super) fn status(status: StatusCode, message: impl Into<String>) -> Fault {
        Fault::new(status, code::BAD_USER_INPUT, message)
    }

    /// The operation ran out of time.
    pub(super) fn timeout(message: &str) -> Fault {
        Fault::new(StatusCode::GATEWAY_TIMEOUT, code::TIMEOUT, message)
    }

    /// Our fault: opaque, with the id under which the log has the cause.
    pub(super) fn internal(request_id: &str) -> Fault {
        let mut fault = Fault::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, OPAQUE);
        set(&mut fault.error, "requestId", request_id);
        fault
    }

    /// The reader of a stream took nothing for too long.
    pub(super) fn slow_reader(resume: &str) -> Fault {
        let message = "The reader fell behind. Go on from `resume`.";
        Fault::document(code::CURSOR_EXPIRED, message).resume(Some(resume))
    }

    /// Tells the reader of a stream where to go on.
    pub(super) fn resume(mut self, cursor: Option<&str>) -> Fault {
        resume(&mut self.error, cursor);
        self
    }

    /// The code that the client reads.
    pub fn code(&self) -> &str {
        code_of(&self.error).unwrap_or(code::INTERNAL)
    }

    /// What the operation would cost, where that is why it was refused.
    pub(super) fn cost(&self) -> Option<Cost> {
        self.cost
    }

    /// Whether the request is well formed and only its document cannot be run.
    pub(super) fn is_of_document(&self) -> bool {
        self.well_formed
    }

    /// The error as the client reads it.
    pub fn into_error(self) -> ServerError {
        *self.error
    }

    /// The whole answer, in the media type that the client asked for.
    pub(super) fn answer(self, media: Media) -> Response {
        let status = match media {
            Media::Json if self.well_formed => StatusCode::OK,
            _ => self.status,
        };
        let header = self.header.clone();
        let extensions = self.cost.map(|cost| BTreeMap::from([(COST.to_owned(), cost.value())]));
        let wire = Wire { data: None, errors: &[*self.error], extensions: extensions.as_ref() };
        let mut response = body(status, media, &wire);
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        self.answer(Media::Json)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Fault {
        let (status, code, message, header) = match refused {
            Refused::Unauthenticated => (
                StatusCode::UNAUTHORIZED,
                code::UNAUTHENTICATED,
                "A valid bearer token is needed.",
                (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            ),
            Refused::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                code::INTERNAL,
                "The service is not available at the moment. Try again.",
                (header::RETRY_AFTER, HeaderValue::from_static("1")),
            ),
            Refused::TooMany(wait) => (
                StatusCode::TOO_MANY_REQUESTS,
                code::RATE_LIMITED,
                "Too many requests. Try again later.",
                (header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1))),
            ),
        };
        Fault { header: Some(header), ..Fault::new(status, code, message) }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        Fault::from(self).into_response()
    }
}

const OPAQUE: &str = "Something went wrong on our side.";

#[derive(Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<&'a std::collections::BTreeMap<String, Value>>,
}

/// Whether the executor refused the request before it ran: an error of a resolver has a path.
pub(super) fn is_request_error(outcome: &Outcome) -> bool {
    outcome.data == Value::Null && !outcome.errors.is_empty() && outcome.errors.iter().all(|e| e.path.is_empty())
}

/// A result as text: what a socket or an event carries. A request error has no `data` at all.
pub(super) fn text(outcome: &Outcome) -> String {
    serde_json::to_string(&wire(outcome)).unwrap_or_default()
}

/// Errors alone as a list: the payload of a socket's `error`.
pub(super) fn errors_text(errors: &[ServerError]) -> String {
    serde_json::to_string(errors).unwrap_or_else(|_| "[]".to_owned())
}

fn wire(outcome: &Outcome) -> Wire<'_> {
    Wire {
        data: (!is_request_error(outcome)).then_some(&outcome.data),
        errors: &outcome.errors,
        extensions: (!outcome.extensions.is_empty()).then_some(&outcome.extensions),
    }
}

/// The answer to a query or a mutation.
pub(super) fn result(outcome: &Outcome, media: Media) -> Response {
    let refused = is_request_error(outcome) && media != Media::Json;
    let status = if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    body(status, media, &wire(outcome))
}

fn body(status: StatusCode, media: Media, wire: &Wire<'_>) -> Response {
    match serde_json::to_vec(wire) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, media.content_type())], Body::from(bytes)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The last look before a result leaves: a request error without a code is the client's, an error of a resolver
/// without one is ours and becomes opaque. What is ours is logged here, once, and carries the request id.
pub(super) fn mask(outcome: &mut Outcome, request_id: &str) {
    let before = is_request_error(outcome);
    for error in &mut outcome.errors {
        match code_of(error) {
            Some(code::INTERNAL) => set(error, "requestId", request_id),
            Some(_) => {}
            None if before || is_input_error(&error.message) => {
                let code = if is_cost_error(&error.message) { code::COST_EXCEEDED } else { code::BAD_USER_INPUT };
                set_code(error, code);
            }
            None => {
                tracing::error!(request_id, path = ?error.path, cause = %error.message, "an error without a code was masked");
                error.message = OPAQUE.to_owned();
                set_code(error, code::INTERNAL);
                set(error, "requestId", request_id);
            }
        }
    }
}

/// Arguments are parsed while fields resolve, so the framework's complaints about them carry a path but no code.
fn is_input_error(message: &str) -> bool {
    message.starts_with("Failed to parse \"")
        || message.starts_with("Invalid value for argument")
        || (message.starts_with("Variable ") && message.ends_with(" is not defined."))
}

/// The framework's own words for its limits.
fn is_cost_error(message: &str) -> bool {
    message == "Query is nested too deep." || message.contains(" cannot be greater than `")
}

/// The code of an error, where it has one.
pub(super) fn code_of(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// Tells the reader of a stream where to go on after this error.
pub(super) fn resume(error: &mut ServerError, cursor: Option<&str>) {
    if let Some(cursor) = cursor {
        set(error, "resume", cursor);
    }
}

fn coded(message: impl Into<String>, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    set_code(&mut error, code);
    error
}

fn set_code(error: &mut ServerError, code: &str) {
    set(error, "code", code);
}

fn set(error: &mut ServerError, key: &str, value: &str) {
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set(key, value);
}
