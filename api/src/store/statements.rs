//! The statements of one request: how many they are, and each with its text in the log and the trace. Never with its parameters:
//! those are the customers' data.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::telemetry;

tokio::task_local! {
    static MINE: Statements;
}

/// Counts the statements of what runs inside [`Statements::count`]. BEGIN and COMMIT are none.
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<AtomicU64>);

impl Statements {
    /// Runs `work`, whose statements are counted here. What it spawns is not.
    pub async fn count<F: Future>(&self, work: F) -> F::Output {
        MINE.scope(self.clone(), work).await
    }

    /// How many have run so far.
    pub fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A statement has run, in the task of whoever asked for it.
pub(super) fn ran(info: &sea_orm::metric::Info<'_>) {
    // outside of a request there is nobody to count for
    let _ = MINE.try_with(|mine| mine.0.fetch_add(1, Ordering::Relaxed));
    let text = info.statement.sql.as_str();
    let duration_us = u64::try_from(info.elapsed.as_micros()).unwrap_or(u64::MAX);
    tracing::debug!(text, duration_us, failed = info.failed, "statement");
    telemetry::statement(text, info.elapsed, info.failed);
}
