//! What goes wrong at these doors, as their clients read it: `{ "error": { "code", "message" } }`, which is OData's shape, too.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::Denied;
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
    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Problem {
        Problem { status: StatusCode::NOT_FOUND, code: "NOT_FOUND", message: message.into() }
    }

    /// An argument that cannot be meant.
    pub fn bad(message: impl Into<String>) -> Problem {
        Problem { status: StatusCode::BAD_REQUEST, code: "BAD_USER_INPUT", message: message.into() }
    }

    /// Not for the caller's roles.
    pub fn forbidden(message: impl Into<String>) -> Problem {
        Problem { status: StatusCode::FORBIDDEN, code: "FORBIDDEN", message: message.into() }
    }

    /// What the protocol knows and this server does not.
    pub fn not_implemented(message: impl Into<String>) -> Problem {
        Problem { status: StatusCode::NOT_IMPLEMENTED, code: "NOT_IMPLEMENTED", message: message.into() }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::BadInput(message) => Problem::bad(message),
            Error::CursorInvalid => Problem {
                code: "CURSOR_INVALID",
                ..Problem::bad("cursor: one that this dataset gave, with the same arguments")
            },
            Error::Forbidden => Problem::forbidden("your role does not allow this"),
            Error::NotFound | Error::Merged(_) => Problem::not_found("there is no such object"),
            Error::TokenExpired => Denied::Unauthenticated.into(),
            Error::User(errors) => {
                Problem::bad(errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("; "))
            }
            Error::CursorExpired { .. } | Error::FeedExpired { .. } | Error::RightsChanged => Problem {
                status: StatusCode::CONFLICT,
                code: "RIGHTS_CHANGED",
                message: "your rights have changed; read again".to_owned(),
            },
            Error::Conflict(_) | Error::Internal(_) => {
                let is_outage = error.is_outage();
                // Through the house's own way of saying it, which logs the cause once and keeps it from the client.
                let said = async_graphql::Error::from(error);
                match is_outage {
                    true => Denied::Unavailable.into(),
                    false => {
                        Problem { status: StatusCode::INTERNAL_SERVER_ERROR, code: "INTERNAL", message: said.message }
                    }
                }
            }
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        match denied {
            Denied::Unauthenticated => Problem {
                status: StatusCode::UNAUTHORIZED,
                code: "UNAUTHENTICATED",
                message: "A valid token is needed: as a bearer token, or as the password of Basic, with any user name."
                    .to_owned(),
            },
            Denied::Unavailable => Problem {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: "INTERNAL",
                message: "The service is not available at the moment. Try again.".to_owned(),
            },
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        match self.status {
            // Basic comes first: Excel and Power BI take the first that they know.
            StatusCode::UNAUTHORIZED => {
                let basic = HeaderValue::from_static("Basic realm=\"Journey\", charset=\"UTF-8\"");
                headers.append(header::WWW_AUTHENTICATE, basic);
                headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.append(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        let body = serde_json::json!({ "error": { "code": self.code, "message": self.message } });
        (self.status, headers, Json(body)).into_response()
    }
}
