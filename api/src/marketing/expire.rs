//! The end of offers that nobody decided in time.

use async_graphql::{Context, Object};
use entities::{
    codes::{HandoverOutcome, LeadStatus},
    marketing::handover,
};
use sea_orm::{ColumnTrait, Set, sea_query::Order};

use super::{decide::give_back, handover::event};
use crate::{
    graph::{Cx, Error, Result},
    journey::{EventKind, Work, attempt},
    payload,
    policy::{Class, access_field},
    service::decision,
};

/// How many offers one call takes.
const EXPIRED_AT_ONCE: u64 = 1000;

payload! {
    /// What `expireOverdueHandovers` answers.
    ExpireOverdueHandoversPayload {
        /// How many offers ended now; null if it was refused. When it is 1,000 there may be more: call again.
        expired: i32
    }
}

/// Ends the open offers that fell due, the oldest first, at most 1,000; gives how many. Only offers that the caller may write.
/// Harmless to repeat. A lead lies with who offered it again, as it was before.
pub async fn expire_overdue(cx: &Cx) -> Result<i32> {
    let mut work = Work::begin(cx).await?;
    let overdue = cx
        .caller
        .rows_to_write::<handover::Entity>()
        .filter(handover::Column::Outcome.is_null())
        .filter(handover::Column::DueAt.lt(work.now()))
        .order_by(handover::Column::DueAt, Order::Asc)
        .limit(EXPIRED_AT_ONCE)
        .all(work.tx())
        .await?;
    let mut count = 0;
    for seen in overdue.iter().filter(|seen| seen.rights().may_write(Class::P, "expire")) {
        let due = seen.row().due_at;
        let ended = handover::ActiveModel {
            outcome: Set(Some(HandoverOutcome::Expired)),
            decided_at: Set(due),
            ..Default::default()
        };
        let row = work.update::<handover::Entity>(seen, ended).await?;
        let lead = match give_back(&mut work, &row, LeadStatus::New).await {
            // A lead that has gone another way since stays where it is.
            Err(Error::User(_)) => None,
            given => given?,
        };
        let expired = event(EventKind::HandoverExpired, &row, lead.as_ref());
        work.record(expired.at(due.unwrap_or(work.now())));
        decision::end(&mut work, &row, false).await?;
        count += 1;
    }
    work.commit().await?;
    Ok(count)
}

/// Ending offers by hand.
#[derive(Default)]
pub struct ExpireMutation;

#[Object]
impl ExpireMutation {
    /// Ends the offers that fell due without a decision, at most 1,000 a call; calling again does no harm. Integrators and
    /// administrators end all, others those that they may decide. Event for each: `handover.expired`, dated when it fell due.
    #[graphql(directive = access_field::apply("Handover".into(), "P".into(), true, "expire".into()))]
    async fn expire_overdue_handovers(&self, ctx: &Context<'_>) -> Result<ExpireOverdueHandoversPayload> {
        let cx = Cx::of(ctx);
        ExpireOverdueHandoversPayload::of(attempt(|| expire_overdue(cx)).await)
    }
}
