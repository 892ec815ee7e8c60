//! From a request to its result, alike for all three transports: document, guard, executor, deadline, panic net, mask.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::{Request, Response as Outcome, Value, Variables, parser::types::OperationType};
use axum::http::{HeaderMap, header};
use futures::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};

use super::{
    answer::{self, Fault},
    door::{Door, Executor, Refused},
    guard, metrics, omitted,
    request::Asked,
};
use crate::graph::Place;

/// What a log line and the metrics say about an operation: nothing that a client could put personal data into.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The operation's name: a GraphQL name, cut to 64 characters.
    pub name: Option<String>,
    /// `query`, `mutation` or `subscription`; empty where none was reached.
    pub kind: &'static str,
    /// The code of the first error.
    pub code: Option<String>,
    /// The roles of the caller.
    pub role: String,
}

impl Summary {
    /// About a caller whose operation is not known yet.
    pub fn of_role(role: String) -> Summary {
        Summary { role, ..Summary::default() }
    }

    /// The same with the code of a fault.
    pub fn with_fault(mut self, fault: &Fault) -> Summary {
        self.code = Some(fault.code().to_owned());
        self
    }

    /// Takes the code of the first error.
    pub fn see(&mut self, outcome: &Outcome) {
        if let (None, Some(error)) = (&self.code, outcome.errors.first()) {
            self.code = answer::code_of(error).map(str::to_owned);
        }
    }
}

/// The bearer token of a request. A header that is there but is no bearer token is refused, not ignored: its sender
/// means to be someone.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refused> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    value.to_str().ok().and_then(bearer_token).map(Some).ok_or(Refused::Unauthenticated)
}

/// The token in a text like `Bearer abc`.
pub(super) fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// An operation that may run.
pub(super) struct Operation {
    pub kind: OperationType,
    pub summary: Summary,
    request: Request,
    executor: Executor,
    request_id: Arc<str>,
    timeout: Duration,
    slow_reader: Duration,
    place: Place,
}

/// Looks up the document, judges it and makes it ready.
pub(super) async fn ready<D: Door>(
    door: &D,
    caller: &Arc<D::Caller>,
    asked: Asked,
    request_id: &Arc<str>,
) -> Result<Operation, Fault> {
    let limits = door.limits();
    let text = door.document(caller, &asked).await?;
    let mut checked = guard::check(&text, asked.operation_name.as_deref(), limits)?;
    // the executor would find out only while fields resolve, when others have run already
    for (name, kind) in &checked.required {
        if asked.variables.get(name).is_none_or(serde_json::Value::is_null) {
            let message = format!("The variable `${name}` of type `{kind}` needs a value.");
            return Err(Fault::document(answer::code::BAD_USER_INPUT, message));
        }
    }
    omitted::take_out(&mut checked.document, checked.name.as_deref(), &asked.variables);
    let executor = door.executor(caller).await?;

    let place = Place::default();
    let mut request = Request::new(text).data(place.clone());
    request.operation_name = checked.name.clone();
    request.variables = Variables::from_json(serde_json::Value::Object(asked.variables));
    request.set_parsed_query(checked.document);
    let summary = Summary {
        name: checked.name.map(|name| name.chars().take(64).collect()),
        kind: match checked.kind {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        },
        code: None,
        role: door.role_label(caller),
    };
    Ok(Operation {
        kind: checked.kind,
        summary,
        request: door.prepare(caller, request, request_id),
        executor,
        request_id: request_id.clone(),
        timeout: limits.query_timeout(),
        slow_reader: limits.slow_reader(),
        place,
    })
}

impl Operation {
    /// Runs a query or a mutation. A panic of a resolver is caught here and not only at the edge, so that the log line
    /// still knows the operation.
    pub async fn once(self) -> Result<Outcome, Fault> {
        let run = AssertUnwindSafe(self.executor.execute(self.request)).catch_unwind();
        match tokio::time::timeout(self.timeout, run).await {
            Ok(Ok(mut outcome)) => {
                answer::mask(&mut outcome, &self.request_id);
                Ok(outcome)
            }
            Ok(Err(panic)) => Err(panicked(panic.as_ref(), &self.request_id)),
            Err(_) => Err(Fault::timeout(match self.kind {
                OperationType::Mutation => {
                    "The mutation took too long and was stopped. Read the object to see whether it was changed."
                }
                _ => "The query took too long and was stopped. Ask for less at a time.",
            })),
        }
    }

    /// Where the stream of this operation stands.
    pub fn place(&self) -> Place {
        self.place.clone()
    }

    /// Runs any operation. A fault is the last item, and so is whatever breaks a stream: an error that leaves nothing of a
    /// result would else be a gap. It says where to resume, where that can be said.
    pub fn stream(self) -> BoxStream<'static, Result<Outcome, Fault>> {
        if self.kind != OperationType::Subscription {
            return stream::once(self.once()).boxed();
        }
        let Operation { executor, request, request_id, slow_reader, place, .. } = self;
        let results = async_stream::stream! {
            let mut outcomes = AssertUnwindSafe(executor.stream(request)).catch_unwind();
            loop {
                let before = place.cursor();
                // Lost is what cannot be resumed; what has given out nothing yet resumes where it began.
                let resume = || place.start().map(|start| before.unwrap_or(start));
                let mut outcome = match outcomes.next().await {
                    None => return,
                    Some(Err(panic)) => {
                        yield Err(panicked(panic.as_ref(), &request_id).resume(resume().as_deref()));
                        return;
                    }
                    Some(Ok(outcome)) => outcome,
                };
                answer::mask(&mut outcome, &request_id);
                if outcome.data == Value::Null && !outcome.errors.is_empty() {
                    let resume = resume();
                    outcome.errors.iter_mut().for_each(|error| answer::resume(error, resume.as_deref()));
                    yield Ok(outcome);
                    return;
                }
                let given = Instant::now();
                yield Ok(outcome);
                if let (true, Some(cursor)) = (given.elapsed() > slow_reader, place.cursor()) {
                    yield Ok(Outcome::from_errors(vec![Fault::slow_reader(&cursor).into_error()]));
                    return;
                }
            }
        };
        results.boxed()
    }
}

/// Writes down a panic, once, and makes it a fault that says nothing.
pub(super) fn panicked(panic: &(dyn std::any::Any + Send), request_id: &str) -> Fault {
    let cause = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(request_id, cause, "a panic was caught");
    metrics::panic_caught();
    Fault::internal(request_id)
}

/// Writes the one log line and the metrics of an operation on a socket; over HTTP the edge does it.
pub(super) fn report_socket_operation(summary: &Summary, begun: Instant, request_id: &str) {
    let elapsed = begun.elapsed();
    metrics::request(summary, "ws", elapsed);
    tracing::info!(
        request_id,
        transport = "ws",
        operation = summary.name.as_deref().unwrap_or("-"),
        operation_type = summary.kind,
        code = summary.code.as_deref().unwrap_or("-"),
        role = summary.role,
        duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "socket operation"
    );
}
