//! The operations that run on one socket.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::extract::ws::Message;
use futures::StreamExt;
use tokio::{sync::mpsc, task::AbortHandle};
use tracing::Instrument;

use super::message;
use crate::http::{
    answer::{self, Fault, code},
    door::Door,
    request::Asked,
    run::{self, Summary},
};
use crate::store::Statements;

/// Handles by id. Dropped with the session, it ends them all.
#[derive(Default)]
pub(super) struct Operations {
    running: Arc<Mutex<HashMap<String, AbortHandle>>>,
}

/// What an operation needs to run.
pub(super) struct Start<D: Door> {
    pub door: D,
    /// Each operation is judged like a request: a socket lives long, and whoever opened it may have left since.
    pub token: Option<String>,
    pub request_id: Arc<str>,
    pub out: mpsc::Sender<Message>,
}

impl Operations {
    /// Whether an operation of this id runs.
    pub fn has(&self, id: &str) -> bool {
        lock(&self.running).contains_key(id)
    }

    /// How many run.
    pub fn count(&self) -> usize {
        lock(&self.running).len()
    }

    /// Ends one; its client wants nothing more of it, not even `complete`.
    pub fn end(&self, id: &str) {
        if let Some(running) = lock(&self.running).remove(id) {
            running.abort();
        }
    }

    /// Starts one.
    pub fn start<D: Door>(&self, id: String, asked: Asked, start: Start<D>) {
        let running = self.running.clone();
        // the lock is held until the handle is in, so that the task cannot finish before it is known
        let mut known = lock(&self.running);
        let task = tokio::spawn({
            let id = id.clone();
            async move {
                let out = start.out.clone();
                let span = tracing::info_span!("request", request_id = &*start.request_id, transport = "ws");
                let last = Box::pin(run(&id, asked, start).instrument(span)).await;
                // the id is free before the client learns that it is
                lock(&running).remove(&id);
                // nobody listens any more: the session has ended
                let _ = out.send(Message::text(last)).await;
            }
        });
        known.insert(id, task.abort_handle());
    }
}

impl Drop for Operations {
    fn drop(&mut self) {
        for (_, running) in lock(&self.running).drain() {
            running.abort();
        }
    }
}

/// The map stays whole whatever panics while it is locked: inserts and removals are single steps.
fn lock(running: &Mutex<HashMap<String, AbortHandle>>) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The refusal of one more operation than a socket may run.
pub(super) fn too_many(limit: usize) -> String {
    let message = format!("Too many operations on this socket: the limit is {limit} at a time.");
    errors(Fault::document(code::RATE_LIMITED, message))
}

fn errors(fault: Fault) -> String {
    answer::errors_text(&[fault.into_error()])
}

/// Runs an operation, sends its results, and gives back its last message: `complete`, or `error`.
async fn run<D: Door>(id: &str, asked: Asked, start: Start<D>) -> String {
    let (begun, statements) = (Instant::now(), Statements::default());
    let ready = async {
        match start.door.authenticate(start.token.as_deref()).await {
            Ok(caller) => (
                Summary::of_role(start.door.role_label(&caller)),
                run::ready(&start.door, &caller, asked, &start.request_id).await,
            ),
            Err(refused) => (Summary::default(), Err(refused.into())),
        }
    };
    let (mut summary, ready) = statements.count(ready).await;
    let last = match ready {
        Err(fault) => {
            summary = summary.with_fault(&fault);
            message::error(id, &errors(fault))
        }
        Ok(operation) => {
            summary = operation.summary.clone();
            let mut results = operation.stream();
            let mut first = true;
            loop {
                let answer = match statements.count(results.next()).await {
                    None => break message::complete(id),
                    Some(Err(fault)) => {
                        summary = summary.with_fault(&fault);
                        break message::error(id, &errors(fault));
                    }
                    Some(Ok(answer)) => answer,
                };
                summary.see(&answer);
                let outcome = answer.outcome;
                if first && answer::is_request_error(&outcome) {
                    break message::error(id, &answer::errors_text(&outcome.errors));
                }
                first = false;
                if start.out.send(Message::text(message::next(id, &answer::text(&outcome)))).await.is_err() {
                    break message::complete(id);
                }
            }
        }
    };
    summary.statements = statements.number();
    run::report_socket_operation(&summary, begun, &start.request_id);
    last
}
