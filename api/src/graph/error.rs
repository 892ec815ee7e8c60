//! The one error type of the house, and its code table. Which belongs where: a refused business rule is [`Error::User`] and
//! travels as data in the mutation's payload; everything else is a top-level error with `extensions.code`.
//!
//! The type has no `Display` on purpose: async-graphql turns whatever displays into client text, and a database error would
//! show its tables.

use std::sync::Arc;

use async_graphql::{Enum, ErrorExtensions, SimpleObject};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::id::GlobalId;

/// The result of everything that a resolver calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whatever can go wrong.
#[derive(Clone, Debug)]
pub enum Error {
    /// The caller's roles do not allow this.
    Forbidden,
    /// Not there, or not the caller's: the same answer.
    NotFound,
    /// The record was merged into another, which the caller sees: ask for that one.
    Merged(GlobalId),
    /// An argument that cannot be understood: says which and why.
    BadInput(String),
    /// A cursor that this list did not give.
    CursorInvalid,
    /// A live reader that fell behind. Read again from `resume`; where there is none, read the page again.
    CursorExpired {
        /// The last position that was delivered for certain.
        resume: Option<String>,
    },
    /// A position of the feed whose entries are no longer kept: read a snapshot, and go on from where the feed stood before it.
    FeedExpired {
        /// The cursor from which everything that is kept follows.
        oldest: String,
        /// Where the feed stands now: the cursor to go on from after a snapshot.
        snapshot: String,
    },
    /// The caller's rights changed in mid-stream: read again.
    RightsChanged,
    /// The token ended in mid-stream.
    TokenExpired,
    /// Expected refusals of a mutation.
    User(Vec<UserError>),
    /// Two transactions met; the unit of work may be tried again.
    Conflict(Arc<DbErr>),
    /// A fault of the house. The cause goes to the log, never to the client.
    Internal(Arc<dyn std::error::Error + Send + Sync>),
}

/// Why a mutation was refused. Each code is documented and reached by a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserErrorCode {
    /// A value is missing, malformed or out of range.
    Invalid,
    /// A referenced object does not exist, or is not visible to the caller: both look the same.
    NotFound,
    /// The caller may not do this with this object.
    Forbidden,
    /// The object changed since `ifVersion` was read. Read again and decide anew.
    VersionConflict,
    /// There is one already.
    Duplicate,
    /// Two rows of one batch have the same key: neither is taken.
    DuplicateInBatch,
    /// The idempotency key was used for another request in the last 24 hours.
    IdempotencyMismatch,
    /// There is no marketing consent for this person and channel.
    ConsentMissing,
    /// The object's state does not allow this step: a decided handover, a closed ticket.
    StateConflict,
    /// The record was merged into another, which `newId` names: use that id from now on.
    Merged,
    /// What would be needed was destroyed when a person was erased: this cannot be undone any more.
    Erased,
}

/// An expected refusal: data, next to the object that it concerns.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject, Serialize, Deserialize)]
pub struct UserError {
    /// What kind of refusal.
    pub code: UserErrorCode,
    /// The input field that it concerns, as a path from `input`; empty if it concerns the whole.
    pub path: Vec<String>,
    /// In words, for a developer.
    pub message: String,
    /// The id that answers for the one that was given; null unless the code is MERGED.
    pub new_id: Option<GlobalId>,
}

impl Error {
    /// One refusal.
    pub fn user(code: UserErrorCode, path: &str, message: impl Into<String>) -> Error {
        let path = path.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Error::User(vec![UserError { code, path, message: message.into(), new_id: None }])
    }

    /// An id of a record that was merged into another.
    pub fn merged_at(path: &str, new_id: GlobalId) -> Error {
        match Error::user(UserErrorCode::Merged, path, "this was merged into another; use its id") {
            Error::User(errors) => {
                Error::User(errors.into_iter().map(|error| UserError { new_id: Some(new_id), ..error }).collect())
            }
            other => other,
        }
    }

    /// A value that will not do.
    pub fn invalid(path: &str, message: impl Into<String>) -> Error {
        Error::user(UserErrorCode::Invalid, path, message)
    }

    /// A reference that leads nowhere that the caller may see.
    pub fn missing(path: &str) -> Error {
        Error::user(UserErrorCode::NotFound, path, "there is no such object")
    }

    /// A right that the caller lacks on this object.
    pub fn forbidden(path: &str) -> Error {
        Error::user(UserErrorCode::Forbidden, path, "your role does not allow this here")
    }

    /// A violated unique key, as the refusal of the field that holds the key; anything else as it is.
    pub fn duplicate_at(self, path: &str) -> Error {
        match &self {
            Error::Internal(cause) if cause.downcast_ref::<DbErr>().is_some_and(is_duplicate) => {
                Error::user(UserErrorCode::Duplicate, path, "there is one already")
            }
            _ => self,
        }
    }

    /// The refusals at one field, said of the field that named it in this input.
    pub fn moved(self, from: &str, to: &str) -> Error {
        match self {
            Error::User(mut errors) => {
                errors
                    .iter_mut()
                    .filter(|error| error.path == [from])
                    .for_each(|error| error.path = vec![to.to_owned()]);
                Error::User(errors)
            }
            other => other,
        }
    }

    /// Somebody else was faster.
    pub fn version_conflict(current: i64) -> Error {
        Error::user(UserErrorCode::VersionConflict, "ifVersion", format!("the object is at version {current} now"))
    }

    /// A fault of the house.
    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::Internal(Arc::new(cause))
    }

    /// Whether a unique key of the database was violated.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Error::Internal(cause) if cause.downcast_ref::<DbErr>().is_some_and(is_duplicate))
    }

    /// Whether the unit of work may simply be tried again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Conflict(_))
    }

    /// Whether the database was not there, rather than at odds with a statement.
    pub fn is_outage(&self) -> bool {
        let Error::Internal(cause) = self else { return false };
        let cause = match cause.downcast_ref::<DbErr>() {
            Some(DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout)) => return true,
            Some(DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) => cause,
            _ => return false,
        };
        let sea_orm::RuntimeErr::SqlxError(cause) = cause else { return false };
        match cause.as_database_error() {
            // Connections, resources, an operator at work.
            Some(refused) => {
                refused.code().is_some_and(|code| ["08", "53", "57"].iter().any(|class| code.starts_with(class)))
            }
            None => matches!(**cause, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed),
        }
    }

    /// The code that `extensions.code` carries.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Forbidden => "FORBIDDEN",
            Error::NotFound => "NOT_FOUND",
            Error::Merged(_) => "MERGED",
            Error::BadInput(_) | Error::User(_) => "BAD_USER_INPUT",
            Error::CursorInvalid => "CURSOR_INVALID",
            Error::CursorExpired { .. } | Error::FeedExpired { .. } => "CURSOR_EXPIRED",
            Error::RightsChanged => "RIGHTS_CHANGED",
            Error::TokenExpired => "UNAUTHENTICATED",
            Error::Conflict(_) | Error::Internal(_) => "INTERNAL",
        }
    }
}

impl From<DbErr> for Error {
    fn from(cause: DbErr) -> Error {
        match is_transient(&cause) {
            true => Error::Conflict(Arc::new(cause)),
            false => Error::Internal(Arc::new(cause)),
        }
    }
}

/// 40001 and 40P01 on PostgreSQL, SQLITE_BUSY on SQLite: another transaction was in the way.
fn is_transient(cause: &DbErr) -> bool {
    let (DbErr::Exec(inner) | DbErr::Query(inner)) = cause else { return false };
    let sea_orm::RuntimeErr::SqlxError(inner) = inner else { return false };
    let Some(code) = inner.as_database_error().and_then(|error| error.code()) else { return false };
    matches!(code.as_ref(), "40001" | "40P01" | "5" | "517")
}

impl From<Error> for async_graphql::Error {
    fn from(error: Error) -> Self {
        let message = match &error {
            Error::Forbidden => "your role does not allow this".to_owned(),
            Error::NotFound => "there is no such object".to_owned(),
            Error::Merged(_) => "this was merged into another; ask for `newId`".to_owned(),
            Error::BadInput(message) => message.clone(),
            Error::CursorInvalid => "this cursor does not belong to this list".to_owned(),
            Error::CursorExpired { resume: Some(_) } => "the reader fell behind; read again from `resume`".to_owned(),
            Error::CursorExpired { resume: None } => {
                "the feed is not kept that far back; read the page again".to_owned()
            }
            Error::FeedExpired { .. } => {
                "the feed is not kept that far back; read everything, and go on from `snapshot`".to_owned()
            }
            Error::RightsChanged => "your rights on this subject have changed; read again".to_owned(),
            Error::TokenExpired => "the token has ended; connect with a new one".to_owned(),
            Error::User(errors) => errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join("; "),
            Error::Conflict(cause) => {
                tracing::warn!(%cause, "a unit of work gave up after retries");
                "the request could not be completed".to_owned()
            }
            Error::Internal(cause) => {
                // Logged once, here at the edge; the request id in the span leads to it.
                tracing::error!(cause = %chain(cause.as_ref()), "internal error");
                "internal error".to_owned()
            }
        };
        async_graphql::Error::new(message).extend_with(|_, values| {
            values.set("code", error.code());
            if let Error::Merged(new_id) = &error {
                values.set("newId", new_id.to_string());
            }
            if let Error::CursorExpired { resume: Some(resume) } = &error {
                values.set("resume", resume.clone());
            }
            if let Error::FeedExpired { oldest, snapshot } = &error {
                values.set("oldest", oldest.clone());
                values.set("snapshot", snapshot.clone());
            }
        })
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Whether `cause` is a violated unique key, and so a duplicate.
pub fn is_duplicate(cause: &DbErr) -> bool {
    matches!(cause.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

/// A row that the journal names but the table does not hold.
#[derive(Debug, thiserror::Error)]
#[error("row {0} has gone missing")]
pub struct MissingRow(pub Uuid);
