//! `/graphql`: GraphQL over HTTP by the letter of its specification, written out because the ready handler runs
//! mutations by GET, takes plain text (which browsers send across origins without asking) and answers 200 to all.
//!
//! The caller comes first: nothing else of a request is looked at before its token.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use axum::{
    extract::{FromRequestParts, Request, State, WebSocketUpgrade},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use super::{
    Front,
    accept::{self, Accepted, Media},
    answer::{self, Fault, code},
    body,
    door::Door,
    edge::RequestId,
    events,
    request::Asked,
    run::{self, Operation, Summary},
    serve::ConnectionSlot,
    socket,
};

/// `POST /graphql`.
pub(super) async fn post<D: Door>(State(front): State<Front<D>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let accepted = accept::accepted(&parts.headers);
    let caller = match caller(&front.door, &parts.headers).await {
        Ok(caller) => caller,
        Err(fault) => {
            body::drain(body).await;
            return refuse(fault, Summary::default(), accepted);
        }
    };
    let summary = Summary::of_role(front.door.role_label(&caller));
    let refused = if accept::is_json(&parts.headers) {
        not_acceptable(accepted)
    } else {
        let message = "The body must be `application/json` in UTF-8.";
        Some(Fault::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
    };
    if let Some(fault) = refused {
        body::drain(body).await;
        return refuse(fault, summary, accepted);
    }
    let asked = match body::read(body, front.door.limits()).await {
        Ok(bytes) => Asked::from_body(&bytes),
        Err(fault) => Err(fault),
    };
    answer(&front, &caller, asked, &parts, accepted, summary).await
}

/// `GET /graphql`: a query in the query string, an event stream, or the way into a socket.
pub(super) async fn get<D: Door>(State(front): State<Front<D>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    if parts.headers.get(header::UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return upgrade(front, &mut parts).await;
    }
    let accepted = accept::accepted(&parts.headers);
    let caller = match caller(&front.door, &parts.headers).await {
        Ok(caller) => caller,
        Err(fault) => return refuse(fault, Summary::default(), accepted),
    };
    let summary = Summary::of_role(front.door.role_label(&caller));
    if let Some(fault) = not_acceptable(accepted) {
        return refuse(fault, summary, accepted);
    }
    let asked = Asked::from_query_string(parts.uri.query().unwrap_or_default());
    answer(&front, &caller, asked, &parts, accepted, summary).await
}

/// Any other method.
pub(super) async fn other() -> Response {
    Fault::method("GET, POST", "Use GET or POST.").into_response()
}

/// The caller of a request, or the refusal to send back: for routes of the application beside this one.
pub async fn caller<D: Door>(door: &D, headers: &HeaderMap) -> Result<Arc<D::Caller>, Fault> {
    Ok(door.authenticate(run::bearer(headers)?).await?)
}

fn not_acceptable(accepted: Accepted) -> Option<Fault> {
    (accepted.media.is_none() && !accepted.events).then(|| {
        let message = "Accept `application/graphql-response+json`, `application/json` or `text/event-stream`.";
        Fault::status(StatusCode::NOT_ACCEPTABLE, message)
    })
}

fn refuse(fault: Fault, summary: Summary, accepted: Accepted) -> Response {
    let summary = summary.with_fault(&fault);
    let streams_alone = accepted.events && accepted.media.is_none();
    let response = if streams_alone && fault.is_of_document() {
        events::refusal(fault)
    } else {
        fault.answer(accepted.media_or_json())
    };
    tagged(response, summary)
}

/// Tells the edge what to log.
fn tagged(mut response: Response, summary: Summary) -> Response {
    response.extensions_mut().insert(summary);
    response
}

async fn answer<D: Door>(
    front: &Front<D>,
    caller: &Arc<D::Caller>,
    asked: Result<Asked, Fault>,
    parts: &Parts,
    accepted: Accepted,
    summary: Summary,
) -> Response {
    let request_id = request_id(parts);
    let ready = match asked {
        Ok(asked) => run::ready(&front.door, caller, asked, &request_id).await,
        Err(fault) => Err(fault),
    };
    let operation = match ready {
        Ok(operation) => operation,
        Err(fault) => return refuse(fault, summary, accepted),
    };
    let summary = operation.summary.clone();
    if operation.kind == OperationType::Mutation && parts.method != Method::POST {
        return refuse(Fault::method("POST", "A mutation needs POST."), summary, accepted);
    }
    match (operation.kind, accepted.media, accepted.events) {
        // urql and others name every type that they know: a single answer is the better fit where there is only one
        (OperationType::Subscription, _, true) | (_, None, true) => {
            let expires_in = front.door.expires_in(caller);
            let lasts = events::Lasts {
                expires_in,
                stop: front.lifecycle.stop.clone(),
                keep_alive: front.door.limits().keep_alive(),
            };
            tagged(events::stream(operation, lasts), summary)
        }
        (OperationType::Subscription, ..) => {
            let message = "A subscription needs a WebSocket or `Accept: text/event-stream`.";
            refuse(Fault::document(code::BAD_USER_INPUT, message), summary, accepted)
        }
        (_, media, _) => single(operation, media.unwrap_or(Media::Json), summary).await,
    }
}

async fn single(operation: Operation, media: Media, mut summary: Summary) -> Response {
    match operation.once().await {
        Ok(answer) => {
            summary.see(&answer);
            tagged(answer::result(&answer.outcome, media), summary)
        }
        Err(fault) => {
            let summary = summary.with_fault(&fault);
            tagged(fault.answer(media), summary)
        }
    }
}

/// The way into a socket. No check of the origin: a token is sent by a script that holds it, never by the browser.
async fn upgrade<D: Door>(front: Front<D>, parts: &mut Parts) -> Response {
    match WebSocketUpgrade::from_request_parts(parts, &()).await {
        Ok(upgrade) => {
            let setup = socket::Setup {
                header: run::bearer(&parts.headers).map(|token| token.map(str::to_owned)),
                request_id: request_id(parts),
                slot: parts.extensions.get::<ConnectionSlot>().cloned(),
            };
            socket::accept(front, upgrade, setup)
        }
        Err(_) => Fault::malformed("This is not a WebSocket handshake that the server knows.").into_response(),
    }
}

fn request_id(parts: &Parts) -> Arc<str> {
    parts.extensions.get::<RequestId>().map_or_else(|| Arc::from(""), |id| id.0.clone())
}
