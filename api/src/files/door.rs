//! Where the bytes come in and go out, for files on local disk. The address is the credential: it names tenant, file, verb, size and
//! type, is signed with the tenant's key, and holds for minutes.

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use entities::service::file;
use sea_orm::EntityTrait;

use crate::{
    clock::Clock,
    store::{Brought, Store, Ticket, Verb, attachment},
    tenancy,
};

#[derive(Clone)]
struct Door {
    store: Store,
    clock: Clock,
}

/// `PUT` and `GET /files/{token}`.
pub fn routes(store: Store, clock: Clock) -> Router {
    // The size is the ticket's: judged while the bytes come.
    Router::new()
        .route("/files/{token}", get(fetch).put(bring))
        .layer(DefaultBodyLimit::disable())
        .with_state(Door { store, clock })
}

fn refused(status: StatusCode, message: &str) -> Response {
    (status, Json(serde_json::json!({ "error": message }))).into_response()
}

/// Whoever has no valid address hears the same, whatever is wrong with it.
fn forbidden() -> Response {
    refused(StatusCode::FORBIDDEN, "this address does not hold, or holds no more; ask for a new one")
}

fn failed(cause: &dyn std::error::Error) -> Response {
    tracing::error!(%cause, "the file store failed");
    refused(StatusCode::SERVICE_UNAVAILABLE, "the file store does not answer")
}

async fn opened(door: &Door, token: &str, verb: Verb) -> Option<Ticket> {
    let tenant = Ticket::claimed_tenant(token)?;
    let key = tenancy::key_of_tenant(&door.store, tenant).await.ok().flatten()?;
    let ticket = Ticket::open(&key.0, token, verb, door.clock.now())?;
    // The address outlives the file: what was taken away is not brought back by it, and what is complete is not brought again.
    // There is no caller here whose scope could be asked.
    let row = file::Entity::find_by_id((ticket.tenant, ticket.file)).one(door.store.db()).await.ok().flatten()?;
    let complete = row.stored_at.is_some();
    (row.deleted_at.is_none() && complete == (verb == Verb::Get)).then_some(ticket)
}

async fn bring(State(door): State<Door>, Path(token): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let Some(files) = door.store.files() else { return forbidden() };
    let Some(ticket) = opened(&door, &token, Verb::Put).await else { return forbidden() };
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if given.is_some_and(|given| given != ticket.content_type) {
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, &format!("this file is {}", ticket.content_type));
    }
    let Ticket { tenant, file, size, .. } = ticket;
    // As they come: a hundred slow uploads hold a hundred small buffers, not a hundred files.
    match files.bring(tenant, file, size, door.clock.random(), body.into_data_stream()).await {
        Ok(Brought::Kept) => StatusCode::NO_CONTENT.into_response(),
        Ok(Brought::Known) => refused(StatusCode::CONFLICT, "the bytes are here already; a file is never written over"),
        Ok(Brought::TooFew(came)) => {
            refused(StatusCode::BAD_REQUEST, &format!("this file has {size} bytes, not {came}"))
        }
        Ok(Brought::TooMany) => {
            refused(StatusCode::PAYLOAD_TOO_LARGE, &format!("this file has {size} bytes, not more"))
        }
        Ok(Brought::Broken) => refused(StatusCode::BAD_REQUEST, "the bytes broke off"),
        Err(error) => failed(&error),
    }
}

async fn fetch(State(door): State<Door>, Path(token): Path<String>) -> Response {
    let Some(files) = door.store.files() else { return forbidden() };
    let Some(ticket) = opened(&door, &token, Verb::Get).await else { return forbidden() };
    let (size, bytes) = match files.get(ticket.tenant, ticket.file).await {
        Ok(Some(found)) => found,
        Ok(None) => return forbidden(),
        Err(error) => return failed(&error),
    };
    let kind = HeaderValue::from_str(&ticket.content_type);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = Body::from_stream(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(named) = HeaderValue::from_str(&attachment(&ticket.name)) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    response
}
