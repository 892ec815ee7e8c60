//! What goes wrong at this door, as its clients read it: `{ "error": { "code", "message" } }`, as at the doors for BI tools.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::door::Denied;
use crate::graph::Error;

/// Why a request was refused.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// What kind of refusal; the codes of the API.
    pub code: &'static str,
    /// In words, for a developer: which argument, and what is allowed.
    pub message: String,
}

impl Problem {
    /// A refusal.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Problem {
        Problem { status, code, message: message.into() }
    }

    /// An argument that cannot be meant.
    pub fn bad(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message)
    }

    /// There is no such thing, or not for the caller.
    pub fn not_found(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// Something that is not as the request wants it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, code, message)
    }

    /// What the house needs does not answer.
    pub fn unavailable() -> Problem {
        let message = "The service is not available at the moment. Try again.";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "INTERNAL", message)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::BadInput(message) => Problem::bad(message),
            Error::Forbidden => Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "your role does not allow this"),
            Error::NotFound => Problem::not_found("there is no such object"),
            Error::TokenExpired => Denied::Unauthenticated.into(),
            Error::User(errors) => {
                Problem::bad(errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("; "))
            }
            error if error.is_outage() || error.is_transient() => Problem::unavailable(),
            error => {
                // Through the house's own way of saying it, which logs the cause once and keeps it from the client.
                let said = async_graphql::Error::from(error);
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", said.message)
            }
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        match denied {
            Denied::Unauthenticated => {
                Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "A valid bearer token is needed.")
            }
            Denied::Unavailable => Problem::unavailable(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        let body = serde_json::json!({ "error": { "code": self.code, "message": self.message } });
        (self.status, headers, Json(body)).into_response()
    }
}
