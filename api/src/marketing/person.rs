//! What becomes of the person behind a lead: their lifecycle stage follows the lead's fate.

use std::collections::{BTreeMap, BTreeSet};

use entities::{account::contact, codes::StageObject};
use sea_orm::Set;
use uuid::Uuid;

use crate::{
    graph::{Cx, Result},
    journey::Work,
};

/// The stages of a person, in the order in which one is won.
const LADDER: [&str; 9] =
    ["ANONYMOUS", "SUBSCRIBER", "LEAD", "MQL", "SAL", "SQL", "OPPORTUNITY", "CUSTOMER", "ADVOCATE"];

/// The stages beside the ladder: from each, a person may start again.
const BESIDE: [&str; 3] = ["DISQUALIFIED", "RECYCLED", "FORMER_CUSTOMER"];

fn step(stage: &str) -> Option<usize> {
    LADDER.iter().position(|known| *known == stage)
}

/// Moves a person up to `stage`, unless they are there or further. A stage that the tenant made itself stays as it is.
pub async fn advance(work: &mut Work<'_>, cx: &Cx, contact: Option<Uuid>, stage: &str, cause: &str) -> Result<()> {
    enter(work, cx, contact, stage, cause, |now| climbs(now, stage)).await
}

/// Whether who stands at `now` moves up to `stage`.
fn climbs(now: &str, stage: &str) -> bool {
    BESIDE.contains(&now) || step(now) < step(stage) && step(now).is_some()
}

/// Whether a person stands on the ladder at `stage` or further. Nobody, where nobody knows yet who it is: the first to say so
/// is heard again.
pub(super) async fn is_at_least(work: &Work<'_>, contact: Option<Uuid>, stage: &str) -> Result<bool> {
    let Some(contact) = contact else { return Ok(false) };
    let row = work.follow_unscoped::<contact::Entity>(contact).await?;
    Ok(row.is_some_and(|row| step(&row.lifecycle_stage) >= step(stage)))
}

/// Sets a person aside (RECYCLED, DISQUALIFIED) of whom nothing came before an opportunity. Who is in one, or a customer, stays
/// so.
pub async fn set_aside(work: &mut Work<'_>, cx: &Cx, contact: Option<Uuid>, stage: &str, cause: &str) -> Result<()> {
    enter(work, cx, contact, stage, cause, |now| {
        now == "RECYCLED" || step(now).is_some_and(|now| Some(now) < step("OPPORTUNITY"))
    })
    .await
}

/// [`advance`] for many people, in few statements.
pub async fn advance_many(
    work: &mut Work<'_>,
    people: impl IntoIterator<Item = (Uuid, &'static str)>,
    cause: &str,
) -> Result<()> {
    let mut wanted: BTreeMap<Uuid, &'static str> = BTreeMap::new();
    for (person, stage) in people {
        let held = wanted.entry(person).or_insert(stage);
        if step(held) < step(stage) {
            *held = stage;
        }
    }
    let ids: Vec<Uuid> = wanted.keys().copied().collect();
    let rows = work.following_many_unscoped::<contact::Entity>(contact::Column::Id, &ids).await?;
    let moved = rows.into_iter().filter_map(|row| {
        let stage = *wanted.get(&row.id)?;
        let now = row.lifecycle_stage.as_str();
        let up = climbs(now, stage);
        let moved = contact::ActiveModel { lifecycle_stage: Set(stage.to_owned()), ..Default::default() };
        (up && row.erased_at.is_none()).then_some((row, moved))
    });
    let moved = moved.collect();
    let moved = work.update_many::<contact::Entity>(moved).await?;
    let staged: Vec<_> = moved.into_iter().map(|row| (row.after.clone(), row.after.lifecycle_stage)).collect();
    if staged.is_empty() {
        return Ok(());
    }
    work.enter_stages::<contact::Entity>(StageObject::Lifecycle, &staged, cause).await
}

/// [`set_aside`] for many people, in few statements.
pub async fn set_aside_many(
    work: &mut Work<'_>,
    people: impl IntoIterator<Item = Uuid>,
    stage: &'static str,
    cause: &str,
) -> Result<()> {
    let ids: BTreeSet<Uuid> = people.into_iter().collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let rows = work.following_many_unscoped::<contact::Entity>(contact::Column::Id, &ids).await?;
    let moved = rows.into_iter().filter_map(|row| {
        let now = row.lifecycle_stage.as_str();
        let may = now == "RECYCLED" || step(now).is_some_and(|now| Some(now) < step("OPPORTUNITY"));
        let moved = contact::ActiveModel { lifecycle_stage: Set(stage.to_owned()), ..Default::default() };
        (may && row.erased_at.is_none()).then_some((row, moved))
    });
    let moved = moved.collect();
    let moved = work.update_many::<contact::Entity>(moved).await?;
    let staged: Vec<_> = moved.into_iter().map(|row| (row.after.clone(), row.after.lifecycle_stage)).collect();
    if staged.is_empty() {
        return Ok(());
    }
    work.enter_stages::<contact::Entity>(StageObject::Lifecycle, &staged, cause).await
}

async fn enter(
    work: &mut Work<'_>,
    cx: &Cx,
    contact: Option<Uuid>,
    stage: &str,
    cause: &str,
    may_leave: impl Fn(&str) -> bool,
) -> Result<()> {
    let Some(contact) = contact else { return Ok(()) };
    // Whoever may decide on the lead need not reach the person: the stage follows all the same.
    let Some(before) = work.follow_unscoped::<contact::Entity>(contact).await? else { return Ok(()) };
    if before.erased_at.is_some() || before.deleted_at.is_some() || !may_leave(&before.lifecycle_stage) {
        return Ok(());
    }
    let moved = contact::ActiveModel { lifecycle_stage: Set(stage.to_owned()), ..Default::default() };
    let row = work.update_row::<contact::Entity>(&before, moved).await?;
    work.enter_stage::<contact::Entity>(StageObject::Lifecycle, &row, stage, cause, cx.caller.colleague).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_ends_where_sales_takes_over() {
        assert_eq!(step("SAL"), Some(4));
        assert!(step("SUBSCRIBER") < step("LEAD"));
        assert!(BESIDE.iter().all(|stage| step(stage).is_none()));
    }
}
