//! The goal: what a discipline wants to reach in a period. A manager sets goals, everybody reads them.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::NaiveDate;
use entities::{codes::Discipline, tenant::goal};
use rust_decimal::Decimal;
use sea_orm::{ActiveValue::NotSet, Set};

use crate::{
    graph::{
        AnyOf, Cx, DateFilter, Error, GlobalId, Kind, Result, TextFilter, decimals, is_currency, patch_required, text,
        to_minor,
    },
    input,
    journey::{Work, attempt},
    listed, object, payload,
    policy::access,
    removal,
};

object! {
    /// What a discipline wants to reach in a period.
    Goal(goal::Entity) as Queue, id Goal {
        /// The figure that is meant, by its name.
        P metric: String = |row| row.metric.clone();
        /// The first day of the period, in the tenant's zone.
        P date_from: NaiveDate = |row| row.date_from;
        /// The last day of the period.
        P date_to: NaiveDate = |row| row.date_to;
        /// The figure wanted: an amount in the main unit of `currency`, or else a whole number in the metric's own unit.
        P target: Decimal = |row| Decimal::new(row.target, row.currency.as_deref().map_or(0, decimals));
        /// The currency of the target, ISO 4217; null where it is no money.
        P currency: String = |row| row.currency.clone();
        /// Whose goal it is.
        P discipline: Discipline = |row| row.discipline;
    }
}

input! {
    /// A new goal.
    CreateGoalInput for Queue {
        /// The figure that is meant, by its name, at most 100 characters.
        P metric: String;
        /// Whose goal it is.
        P discipline: Discipline;
        /// The first day of the period.
        P date_from: NaiveDate;
        /// The last day of the period, not before the first.
        P date_to: NaiveDate;
        /// The figure wanted, not negative: an amount in the main unit of `currency`, or else a whole number.
        P target: Decimal;
        /// The currency of the target, ISO 4217; none where it is no money.
        P currency: Option<String>;
    }
}

input! {
    /// A change of a goal: absent leaves, null clears. Metric and discipline never change.
    UpdateGoalInput for Queue {
        /// The first day of the period.
        P date_from: MaybeUndefined<NaiveDate>;
        /// The last day of the period, not before the first.
        P date_to: MaybeUndefined<NaiveDate>;
        /// The figure wanted, not negative.
        P target: MaybeUndefined<Decimal>;
        /// The currency of the target; only together with `target`.
        P currency: MaybeUndefined<String>;
    }
    plain {
        /// Which goal.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createGoal` answers.
    CreateGoalPayload {
        /// The new goal; null if it was refused.
        goal: Goal
    }
}

payload! {
    /// What `updateGoal` answers.
    UpdateGoalPayload {
        /// The changed goal; null if it was refused.
        goal: Goal
    }
}

/// Sets a goal.
pub async fn create(cx: &Cx, input: CreateGoalInput) -> Result<Goal> {
    let written = input.written();
    let CreateGoalInput { metric, discipline, date_from, date_to, target, currency } = input;
    let mut work = Work::begin(cx).await?;
    let row = goal::ActiveModel {
        metric: Set(text("metric", metric, 100)?),
        discipline: Set(discipline),
        date_from: Set(date_from),
        date_to: Set(date_to),
        target: Set(whole(target, currency.as_deref())?),
        currency: Set(currency),
        ..Default::default()
    };
    let row = work.insert::<goal::Entity>(row).await?;
    in_order(&row)?;
    let seen = work.reached::<goal::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Goal(seen))
}

/// Changes a goal.
pub async fn update(cx: &Cx, input: UpdateGoalInput) -> Result<Goal> {
    let written = input.written();
    let UpdateGoalInput { id, if_version, date_from, date_to, target, currency } = input;
    let id = id.named("id", Kind::Goal)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<goal::Entity>(id, if_version, &written).await?;
    let (target, currency) = match (patch_required("target", target)?, currency) {
        (Set(target), currency) => {
            let currency = match currency {
                MaybeUndefined::Undefined => seen.row().currency.clone(),
                MaybeUndefined::Null => None,
                MaybeUndefined::Value(code) => Some(code),
            };
            (Set(whole(target, currency.as_deref())?), Set(currency))
        }
        (_, MaybeUndefined::Undefined) => (NotSet, NotSet),
        // Another currency alone would make another amount of the same digits.
        _ => return Err(Error::invalid("target", "a currency is changed together with the target")),
    };
    let row = goal::ActiveModel {
        date_from: patch_required("dateFrom", date_from)?,
        date_to: patch_required("dateTo", date_to)?,
        target,
        currency,
        ..Default::default()
    };
    let row = work.update::<goal::Entity>(&seen, row).await?;
    in_order(&row)?;
    let seen = work.reached::<goal::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Goal(seen))
}

/// The target as the row holds it: minor units of money, or the number itself.
fn whole(target: Decimal, currency: Option<&str>) -> Result<i64> {
    if currency.is_some_and(|code| !is_currency(code)) {
        return Err(Error::invalid("currency", "an ISO 4217 code in capitals, such as EUR"));
    }
    if target.is_sign_negative() && !target.is_zero() {
        return Err(Error::invalid("target", "a goal is not negative"));
    }
    // A currency without decimals counts like a plain number.
    to_minor(target, currency.unwrap_or("JPY"))
        .ok_or_else(|| Error::invalid("target", "more decimals than the unit has, or too large"))
}

fn in_order(row: &goal::Model) -> Result<()> {
    match row.date_from <= row.date_to {
        true => Ok(()),
        false => Err(Error::invalid("dateTo", "a period does not end before it begins")),
    }
}

listed! {
    /// One goal; null if there is none that you may see.
    goal,
    /// The goals of all disciplines, oldest first unless sorted.
    goals: Goal(goal::Entity) as Queue, id Goal, Rising;
    query GoalQuery, filter GoalFilter, sort GoalSort {
        /// By the figure that is meant.
        P metric: TextFilter = Metric;
        /// By whose goal it is.
        P discipline: AnyOf<Discipline> = Discipline;
        /// By the first day.
        P date_from: DateFilter = DateFrom;
        /// By the last day.
        P date_to: DateFilter = DateTo;
        /// By the currency of the target.
        P currency: TextFilter = Currency;
    }
}

removal! {
    /// Takes a goal away.
    delete_goal: goal::Entity as Queue, class P target;
    mutation GoalRemoval, input DeleteGoalInput, payload DeleteGoalPayload;
}

/// Setting goals.
#[derive(Default)]
pub struct GoalMutation;

#[Object]
impl GoalMutation {
    /// Sets a goal. Event: `record.created`.
    #[graphql(directive = access::apply("Queue".into(), "P".into(), true))]
    async fn create_goal(&self, ctx: &Context<'_>, input: CreateGoalInput) -> Result<CreateGoalPayload> {
        let cx = Cx::of(ctx);
        CreateGoalPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a goal. Event: `record.updated`.
    #[graphql(directive = access::apply("Queue".into(), "P".into(), true))]
    async fn update_goal(&self, ctx: &Context<'_>, input: UpdateGoalInput) -> Result<UpdateGoalPayload> {
        let cx = Cx::of(ctx);
        UpdateGoalPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
