//! The clock of a handover: how soon it is decided, as the newest policy for HANDOVER_DECISION promises: one for its boundary,
//! else one for all. Without a policy there is no clock. The decision keeps it; an offer that ends without one stops it where it
//! is, unless it had broken by then.

use chrono::Duration;
use entities::{
    codes::{SlaMetric, SlaObject},
    marketing::handover,
    service::{sla_clock, sla_policy},
};
use sea_orm::{ColumnTrait, Condition, Set};

use super::clock::breached;
use crate::{
    graph::{Cx, Result},
    journey::Work,
};

/// Starts the clock of a new offer.
pub async fn start(cx: &Cx, work: &mut Work<'_>, offer: &handover::Model) -> Result<()> {
    let now = work.now();
    let held = cx
        .caller
        .rows::<sla_policy::Entity>()
        .filter(sla_policy::Column::Metric.eq(SlaMetric::HandoverDecision))
        .filter(
            Condition::any()
                .add(sla_policy::Column::Boundary.is_null())
                .add(sla_policy::Column::Boundary.eq(offer.boundary)),
        )
        .filter(sla_policy::Column::ValidFrom.lte(now))
        .filter(Condition::any().add(sla_policy::Column::ValidTo.is_null()).add(sla_policy::Column::ValidTo.gt(now)))
        .all(work.tx())
        .await?;
    let best = held
        .iter()
        .map(|seen| seen.row())
        .max_by_key(|policy| (policy.boundary.is_some(), policy.valid_from, policy.revision, policy.id));
    let Some(policy) = best else { return Ok(()) };
    work.insert::<sla_clock::Entity>(sla_clock::ActiveModel {
        object_type: Set(SlaObject::Handover),
        object_id: Set(offer.id),
        account_id: Set(offer.account_id),
        metric: Set(policy.metric),
        sla_policy_id: Set(Some(policy.id)),
        started_at: Set(now),
        due_at: Set(Some(now + Duration::milliseconds(policy.target_ms))),
        paused_ms: Set(0),
        ..Default::default()
    })
    .await?;
    Ok(())
}

/// Ends the clock of an offer that was decided now, or that ended undecided.
pub async fn end(work: &mut Work<'_>, offer: &handover::Model, decided: bool) -> Result<()> {
    let clocks = work.following_unscoped::<sla_clock::Entity>(sla_clock::Column::ObjectId, offer.id).await?;
    for clock in clocks {
        let now = work.now();
        let Some(due) = clock.due_at.filter(|_| clock.met_at.is_none() && clock.breached_at.is_none()) else {
            continue;
        };
        let row = match (due < now, decided) {
            (true, _) => sla_clock::ActiveModel { breached_at: Set(Some(due)), ..Default::default() },
            (false, true) => sla_clock::ActiveModel { met_at: Set(Some(now)), ..Default::default() },
            (false, false) => {
                sla_clock::ActiveModel { paused_since: Set(Some(now)), due_at: Set(None), ..Default::default() }
            }
        };
        let row = work.update_row::<sla_clock::Entity>(&clock, row).await?;
        if row.breached_at.is_some() {
            work.record(breached(&row).about(offer.subject_type, offer.subject_id));
        }
    }
    Ok(())
}
