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
use tracing::Instrument;

use super::{
    answer::{self, Cost, Fault},
    door::{Door, Executor, Refused},
    metrics::{self, Open},
    request::Asked,
};
use crate::graph::{Place, Prediction};

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
    /// What it was predicted to cost; none where the document was not understood.
    pub cost_requested: Option<u64>,
    /// What its answers cost, all of them together; none where none came.
    pub cost: Option<u64>,
    /// How many statements it took.
    pub statements: u64,
    /// Whether the schema knows the operation, so that its name is worth a label of its own.
    pub known: bool,
}

impl Summary {
    /// About a caller whose operation is not known yet.
    pub fn of_role(role: String) -> Summary {
        Summary { role, ..Summary::default() }
    }

    /// The same with the code of a fault.
    pub fn with_fault(mut self, fault: &Fault) -> Summary {
        self.code = Some(fault.code().to_owned());
        self.cost_requested = self.cost_requested.or(fault.cost().map(|cost| cost.requested));
        self
    }

    /// Takes the code of the first error and adds the cost of an answer.
    pub(super) fn see(&mut self, answer: &Answer) {
        let Answer { outcome, cost } = answer;
        self.known |= !answer::is_request_error(outcome);
        if let Some(actual) = cost {
            self.cost = Some(self.cost.unwrap_or_default().saturating_add(*actual));
        }
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
    last: Last,
    timeout: Duration,
    slow_reader: Duration,
    place: Place,
}

/// One answer of an operation.
pub(super) struct Answer {
    pub outcome: Outcome,
    /// What it cost; none where the schema has no prices.
    pub cost: Option<u64>,
}

/// What is done to every answer before it leaves.
struct Last {
    request_id: Arc<str>,
    predicted: Option<Prediction>,
    limit: u64,
}

impl Last {
    fn answer(&self, mut outcome: Outcome) -> Answer {
        answer::mask(&mut outcome, &self.request_id);
        let cost = self.predicted.as_ref().map(|predicted| predicted.count(&outcome.data));
        if let Some(predicted) = &self.predicted {
            Cost { requested: predicted.requested, actual: cost, limit: self.limit }.tell(&mut outcome);
        }
        Answer { outcome, cost }
    }

    fn panicked(&self, panic: &(dyn std::any::Any + Send)) -> Fault {
        panicked(panic, &self.request_id)
    }
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
    let checked = door.documents().check(&text, asked.operation_name.as_deref(), limits)?;
    // the executor would find out only while fields resolve, when others have run already
    for (name, kind) in &checked.required {
        if asked.variables.get(name).is_none_or(serde_json::Value::is_null) {
            let message = format!("The variable `${name}` of type `{kind}` needs a value.");
            return Err(Fault::document(answer::code::BAD_USER_INPUT, message));
        }
    }
    let executor = door.executor(caller).await?;
    let predicted = match checked.operation() {
        Some(operation) => executor
            .judge(&checked.document, operation, &asked.variables)
            .map_err(|message| Fault::document(answer::code::BAD_USER_INPUT, message))?,
        None => None,
    };
    if let Some(predicted) = predicted.as_ref().filter(|predicted| predicted.requested > limits.cost) {
        return Err(Fault::too_costly(predicted.requested, limits.cost));
    }

    let place = Place::default();
    let mut request = Request::new(text).data(place.clone());
    request.operation_name = checked.name.clone();
    request.variables = Variables::from_json(serde_json::Value::Object(asked.variables));
    request.set_parsed_query(checked.document.clone());
    let summary = Summary {
        name: checked.name.as_ref().map(|name| name.chars().take(64).collect()),
        kind: match checked.kind {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        },
        cost_requested: predicted.as_ref().map(|predicted| predicted.requested),
        ..Summary::of_role(door.role_label(caller))
    };
    Ok(Operation {
        kind: checked.kind,
        summary,
        request: door.prepare(caller, request, request_id),
        executor,
        last: Last { request_id: request_id.clone(), predicted, limit: limits.cost },
        timeout: limits.query_timeout(),
        slow_reader: limits.slow_reader(),
        place,
    })
}

impl Operation {
    /// Runs a query or a mutation. A panic of a resolver is caught here and not only at the edge, so that the log line
    /// still knows the operation.
    pub async fn once(self) -> Result<Answer, Fault> {
        let Summary { name, kind, role, .. } = &self.summary;
        let span = tracing::info_span!("operation", graphql.operation.name = name, graphql.operation.type = kind, role);
        let run = AssertUnwindSafe(self.executor.execute(self.request).instrument(span)).catch_unwind();
        match tokio::time::timeout(self.timeout, run).await {
            Ok(Ok(outcome)) => Ok(self.last.answer(outcome)),
            Ok(Err(panic)) => Err(self.last.panicked(panic.as_ref())),
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
    pub fn stream(self) -> BoxStream<'static, Result<Answer, Fault>> {
        if self.kind != OperationType::Subscription {
            return stream::once(self.once()).boxed();
        }
        let Operation { executor, request, last, slow_reader, place, .. } = self;
        let results = async_stream::stream! {
            let _open = Open::subscription();
            let mut outcomes = AssertUnwindSafe(executor.stream(request)).catch_unwind();
            loop {
                let before = place.cursor();
                // Lost is what cannot be resumed; what has given out nothing yet resumes where it began.
                let resume = || place.start().map(|start| before.unwrap_or(start));
                let mut answer = match outcomes.next().await {
                    None => return,
                    Some(Err(panic)) => {
                        yield Err(last.panicked(panic.as_ref()).resume(resume().as_deref()));
                        return;
                    }
                    Some(Ok(outcome)) => last.answer(outcome),
                };
                if answer.outcome.data == Value::Null && !answer.outcome.errors.is_empty() {
                    let resume = resume();
                    answer.outcome.errors.iter_mut().for_each(|error| answer::resume(error, resume.as_deref()));
                    yield Ok(answer);
                    return;
                }
                let given = Instant::now();
                yield Ok(answer);
                if let (true, Some(cursor)) = (given.elapsed() > slow_reader, place.cursor()) {
                    let outcome = Outcome::from_errors(vec![Fault::slow_reader(&cursor).into_error()]);
                    yield Ok(Answer { outcome, cost: None });
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
        cost_requested = summary.cost_requested,
        cost = summary.cost,
        statements = summary.statements,
        duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "socket operation"
    );
}
