//! What follows from an attempt: when the next one is, and when an endpoint is switched off. Nobody is left to guess: whoever looks at the
//! endpoint reads why, the journal tells it, and a task asks somebody to see to it.

use std::time::Duration;

use chrono::TimeDelta;
use entities::{
    codes::{WebhookDeliveryStatus, WebhookDisabledReason, WebhookProblem, WebhookState},
    sales::task,
    sync::{webhook_delivery, webhook_endpoint},
};
use sea_orm::Set;
use uuid::Uuid;

use super::{
    super::{delivery::logged, rows},
    Ending, Outcome, Sender,
};
use crate::{
    graph::{Cx, Result},
    journey::{Work, attempt},
    policy::{Role, RoleSet},
    tenancy,
};

impl Sender {
    /// Writes down what became of an attempt, if the message is still this process's.
    pub async fn settle(&self, delivery: &webhook_delivery::Model, outcome: Outcome) -> Result<()> {
        let Outcome { ending, problem, status, excerpt, at, took_ms, put_off } = outcome;
        let (db, now) = (self.0.store.db(), self.0.clock.now());
        let (tenant, endpoint) = (delivery.tenant_id, delivery.endpoint_id);
        let mut row = webhook_delivery::ActiveModel { lease_until: Set(None), ..Default::default() };
        if matches!(ending, Ending::Delivered | Ending::Failed | Ending::Gone) {
            row.attempts = Set(delivery.attempts + 1);
            row.last_attempt_at = Set(Some(at));
            row.response_status = Set(status);
            row.response_excerpt = Set(excerpt);
            row.attempt_log = Set(logged(&delivery.attempt_log, at, took_ms, status, problem));
            row.problem = Set(problem);
        }
        let settled = match ending {
            Ending::Delivered => Some(WebhookDeliveryStatus::Delivered),
            Ending::Failed | Ending::Gone => {
                let delay = usize::try_from(delivery.step).ok();
                match delay.and_then(|step| self.0.options.retry_schedule.get(step)) {
                    Some(delay) => {
                        let wait = Ord::max(self.jittered(*delay), put_off.unwrap_or_default());
                        row.step = Set(delivery.step + 1);
                        row.next_attempt_at = Set(Some(now + wait));
                        None
                    }
                    None => Some(WebhookDeliveryStatus::Failed),
                }
            }
            Ending::Pointless => {
                row.problem = Set(problem);
                Some(match problem {
                    Some(WebhookProblem::NotReadable) => WebhookDeliveryStatus::Skipped,
                    _ => WebhookDeliveryStatus::Failed,
                })
            }
            Ending::Withdrawn | Ending::OwnerLeft => None,
        };
        if let Some(settled) = settled {
            row.status = Set(settled);
            row.next_attempt_at = Set(None);
            row.settled_at = Set(Some(now));
        }
        let word = match ending {
            Ending::Delivered => "delivered",
            Ending::Failed | Ending::Gone => "failed",
            Ending::Pointless | Ending::Withdrawn | Ending::OwnerLeft => "not_sent",
        };
        metrics::counter!("webhook_attempts_total", "outcome" => word).increment(1);
        if !rows::change(db, delivery, row, now).await? {
            // The lease had run out, and somebody else has it: their word counts.
            return Ok(());
        }
        match ending {
            Ending::Delivered => rows::failing(db, tenant, endpoint, None).await?,
            Ending::Gone => self.switch_off(tenant, endpoint, WebhookDisabledReason::Gone).await?,
            Ending::OwnerLeft => self.switch_off(tenant, endpoint, WebhookDisabledReason::OwnerLeft).await?,
            Ending::Failed => {
                rows::failing(db, tenant, endpoint, Some(now)).await?;
                let since = rows::active(db, tenant, endpoint).await?.and_then(|endpoint| endpoint.failing_since);
                let long = TimeDelta::from_std(self.0.options.disable_after).unwrap_or(TimeDelta::MAX);
                if since.is_some_and(|since| now - since >= long) {
                    self.switch_off(tenant, endpoint, WebhookDisabledReason::Failing).await?;
                }
            }
            Ending::Pointless | Ending::Withdrawn => {}
        }
        Ok(())
    }

    /// A delay, and up to so much more that those who failed together do not come back together.
    fn jittered(&self, delay: Duration) -> TimeDelta {
        let delay = TimeDelta::from_std(delay).unwrap_or_default();
        let most = delay.num_milliseconds().unsigned_abs() / 100 * u64::from(self.0.options.jitter_percent);
        let more = self.0.clock.random() % (most + 1);
        delay + TimeDelta::milliseconds(i64::try_from(more).unwrap_or_default())
    }

    /// Switches an endpoint off by the one write path, so that the journal tells it, and asks for somebody to see to it.
    pub(super) async fn switch_off(&self, tenant: i64, endpoint: Uuid, reason: WebhookDisabledReason) -> Result<()> {
        let (store, clock) = (&self.0.store, &self.0.clock);
        let roles: RoleSet = Role::Admin.into();
        let caller = tenancy::system_caller(store, tenant, clock.now(), roles, "a webhook is switched off").await?;
        let cx = Cx::new(caller, store.clone(), clock.clone());
        if attempt(|| off(&cx, endpoint, reason)).await? {
            tracing::warn!(tenant, %endpoint, reason = reason.as_str(), "a webhook endpoint was switched off");
            metrics::counter!("webhook_endpoints_disabled_total", "reason" => reason.as_str()).increment(1);
        }
        Ok(())
    }
}

/// Whether it was on.
async fn off(cx: &Cx, endpoint: Uuid, reason: WebhookDisabledReason) -> Result<bool> {
    let mut work = Work::begin(cx).await?;
    work.hold_unscoped::<webhook_endpoint::Entity>(endpoint).await?;
    let held = work.follow_unscoped::<webhook_endpoint::Entity>(endpoint).await?;
    let Some(held) = held.filter(|row| row.state == WebhookState::Active && row.deleted_at.is_none()) else {
        return Ok(false);
    };
    let row = webhook_endpoint::ActiveModel {
        state: Set(WebhookState::Disabled),
        disabled_reason: Set(Some(reason)),
        disabled_at: Set(Some(work.now())),
        ..Default::default()
    };
    work.update_row::<webhook_endpoint::Entity>(&held, row).await?;
    let why = match reason {
        WebhookDisabledReason::Gone => "it answered 410",
        WebhookDisabledReason::Failing => "it kept failing",
        WebhookDisabledReason::OwnerLeft => "its owner works here no longer",
        WebhookDisabledReason::Manual => "somebody switched it off",
    };
    let host = reqwest::Url::parse(&held.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host: String = host.unwrap_or_default().chars().take(150).collect();
    let notice = task::ActiveModel {
        title: Set(format!("Webhook to {host} was switched off: {why}")),
        assignee_id: Set(held.owner_id.filter(|_| reason != WebhookDisabledReason::OwnerLeft)),
        ..Default::default()
    };
    work.insert::<task::Entity>(notice).await?;
    work.commit().await?;
    Ok(true)
}
