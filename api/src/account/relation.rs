//! What becomes of the customer relation: the account's stage follows what happens with it, whoever may change the account.
//! TARGET → ENGAGED → OPEN_OPPORTUNITY → ONBOARDING → ACTIVE → RENEWAL or EXPANSION → AT_RISK → CHURNED. RENEWAL and CHURNED are
//! people's word, by `updateAccount`; so is every stage of the tenant's own, which nothing here leaves.

use std::collections::{BTreeMap, BTreeSet};

use entities::{account::account, codes::StageObject};
use sea_orm::Set;
use uuid::Uuid;

use crate::{
    graph::{Cx, Result},
    journey::Work,
};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Somebody there became a lead, or met us.
    Engaged,
    /// An opportunity is open.
    Opened,
    /// An opportunity was won.
    Won,
    /// The last open opportunity was lost.
    NoneOpen,
    /// What was sold went into use.
    InUse,
    /// A contract was renewed.
    Renewed,
    /// A contract was cancelled.
    Cancelled,
}

impl Turn {
    /// The stage after it, and why in words; None where it changes nothing.
    fn after(self, stage: &str) -> Option<(&'static str, &'static str)> {
        Some(match (self, stage) {
            (Turn::Engaged, "TARGET") => ("ENGAGED", "first contact"),
            (Turn::Opened, "TARGET" | "ENGAGED" | "CHURNED") => ("OPEN_OPPORTUNITY", "opportunity opened"),
            (Turn::Opened, "ACTIVE" | "RENEWAL") => ("EXPANSION", "opportunity opened"),
            (Turn::Won, "TARGET" | "ENGAGED" | "OPEN_OPPORTUNITY" | "CHURNED") => ("ONBOARDING", "opportunity won"),
            (Turn::Won, "EXPANSION") => ("ACTIVE", "opportunity won"),
            (Turn::NoneOpen, "OPEN_OPPORTUNITY") => ("ENGAGED", "opportunity lost"),
            (Turn::NoneOpen, "EXPANSION") => ("ACTIVE", "opportunity lost"),
            (Turn::InUse, "ONBOARDING") => ("ACTIVE", "in use"),
            (Turn::Renewed, "RENEWAL" | "AT_RISK") => ("ACTIVE", "contract renewed"),
            (Turn::Cancelled, "ACTIVE" | "RENEWAL" | "EXPANSION") => ("AT_RISK", "contract cancelled"),
            _ => return None,
        })
    }
}

/// Lets many accounts follow, in few statements.
pub async fn follow_many(work: &mut Work<'_>, accounts: impl IntoIterator<Item = Uuid>, turn: Turn) -> Result<()> {
    let accounts: BTreeSet<Uuid> = accounts.into_iter().collect();
    let accounts: Vec<Uuid> = accounts.into_iter().collect();
    let rows = work.following_many_unscoped::<account::Entity>(account::Column::Id, &accounts).await?;
    let mut by_cause: BTreeMap<&'static str, Vec<(account::Model, account::ActiveModel)>> = BTreeMap::new();
    for row in rows {
        if let Some((stage, cause)) = turn.after(&row.lifecycle_stage) {
            let moved = account::ActiveModel { lifecycle_stage: Set(stage.to_owned()), ..Default::default() };
            by_cause.entry(cause).or_default().push((row, moved));
        }
    }
    for (cause, moved) in by_cause {
        let moved = work.update_many::<account::Entity>(moved).await?;
        let staged: Vec<_> = moved.into_iter().map(|row| (row.after.clone(), row.after.lifecycle_stage)).collect();
        work.enter_stages::<account::Entity>(StageObject::Account, &staged, cause).await?;
    }
    Ok(())
}

/// Lets the account follow.
pub async fn follow(work: &mut Work<'_>, cx: &Cx, account: impl Into<Option<Uuid>>, turn: Turn) -> Result<()> {
    let Some(account) = account.into() else { return Ok(()) };
    let Some(before) = work.follow_unscoped::<account::Entity>(account).await? else { return Ok(()) };
    let Some((stage, cause)) = turn.after(&before.lifecycle_stage).filter(|_| before.deleted_at.is_none()) else {
        return Ok(());
    };
    let moved = account::ActiveModel { lifecycle_stage: Set(stage.to_owned()), ..Default::default() };
    let row = work.update_row::<account::Entity>(&before, moved).await?;
    work.enter_stage::<account::Entity>(StageObject::Account, &row, stage, cause, cx.caller.colleague).await
}
