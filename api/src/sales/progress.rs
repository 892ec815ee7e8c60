//! An opportunity walks through the stages of its pipeline: forward, back, won, lost, open again. Each step leaves an interval
//! and a snapshot; the people in it and the customer relation follow.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::{Context, Object};
use entities::{
    codes::{ForecastCategory, StageObject, SubjectType},
    marketing::lead,
    sales::{opportunity, opportunity_contact, stage},
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, Condition, Set, sea_query::ExprTrait};
use uuid::Uuid;

use super::{Opportunity, opportunity::is_open};
use crate::{
    account::relation::{self, Turn},
    graph::{Cx, Error, GlobalId, Kind, MAX_LINE, Result, remark, text},
    input,
    journey::{Event, EventKind, Payload, Removable, Work, attempt},
    marketing::person,
    payload,
    policy::{Seen, access},
    removal,
};

input! {
    /// A step to another stage.
    ChangeOpportunityStageInput for Opportunity {
        /// The code of the new stage, one of its pipeline's.
        P stage: String;
        /// Why it was won or lost, at most 20,000 characters; not kept while it is open.
        T close_reason: Option<String>;
    }
    plain {
        /// Which opportunity.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `changeOpportunityStage` answers.
    ChangeOpportunityStagePayload {
        /// The moved opportunity; null if it was refused.
        opportunity: Opportunity
    }
}

/// The stage of a code in a pipeline.
pub(super) async fn stage_of(work: &Work<'_>, pipeline: Uuid, code: &str) -> Result<stage::Model> {
    // Judged before it is asked for: PostgreSQL takes no NUL, not even in a question.
    text("stage", code.to_owned(), MAX_LINE)?;
    let rows = work
        .caller()
        .rows::<stage::Entity>()
        .filter(stage::Column::PipelineId.eq(pipeline))
        .filter(stage::Column::Code.eq(code));
    let found = rows.one(work.tx()).await?;
    found.map(|seen| seen.row().clone()).ok_or_else(|| Error::invalid("stage", "the pipeline has no such stage"))
}

/// What an event says of where an opportunity stands.
pub(crate) fn stage_payload(from: Option<&str>, row: &opportunity::Model) -> Payload {
    Payload::Stage {
        from: from.map(str::to_owned),
        to: Some(row.stage.clone()),
        amount_minor: row.amount_minor,
        currency: row.currency.clone(),
    }
}

/// What a step is called, and how the forecast counts what made it; None: as before.
pub(crate) fn step(was_open: bool, to: &stage::Model) -> (EventKind, Option<ForecastCategory>) {
    match (was_open, to.is_open, to.is_won) {
        (_, false, true) => (EventKind::OpportunityWon, Some(ForecastCategory::Closed)),
        (_, false, false) => (EventKind::OpportunityLost, Some(ForecastCategory::Omitted)),
        (false, true, _) => (EventKind::OpportunityReopened, Some(ForecastCategory::Pipeline)),
        (true, true, _) => (EventKind::OpportunityStageChanged, None),
    }
}

/// [`people_of`] many, by opportunity.
pub(crate) async fn people_of_many(
    work: &Work<'_>,
    rows: &[&opportunity::Model],
) -> Result<HashMap<Uuid, BTreeSet<Uuid>>> {
    let deals: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let leads: Vec<Uuid> = rows.iter().filter_map(|row| row.lead_id).collect();
    let mut people: HashMap<Uuid, BTreeSet<Uuid>> = HashMap::new();
    let deal = opportunity_contact::Column::OpportunityId;
    for part in work.following_many_unscoped::<opportunity_contact::Entity>(deal, &deals).await? {
        people.entry(part.opportunity_id).or_default().insert(part.contact_id);
    }
    let leads = work.following_many_unscoped::<lead::Entity>(lead::Column::Id, &leads).await?;
    let persons: HashMap<Uuid, Uuid> = leads.iter().filter_map(|lead| Some((lead.id, lead.contact_id?))).collect();
    for row in rows {
        if let Some(person) = row.lead_id.and_then(|lead| persons.get(&lead)) {
            people.entry(row.id).or_default().insert(*person);
        }
    }
    Ok(people)
}

/// Which of some customers have an opportunity that is open.
pub(crate) async fn with_open(work: &Work<'_>, accounts: &[Uuid]) -> Result<HashSet<Uuid>> {
    let open = Condition::all().add(is_open(work.cx()));
    let open =
        work.following_those_unscoped::<opportunity::Entity>(opportunity::Column::AccountId, accounts, open).await?;
    Ok(open.into_iter().map(|row| row.account_id).collect())
}

/// Who is in it, whoever may see them: those with a part, and the person of the lead that it came from.
async fn people_of(work: &Work<'_>, row: &opportunity::Model) -> Result<Vec<Uuid>> {
    let deal = opportunity_contact::Column::OpportunityId;
    let parts = work.following_unscoped::<opportunity_contact::Entity>(deal, row.id).await?;
    let lead = match row.lead_id {
        Some(lead) => work.follow_unscoped::<lead::Entity>(lead).await?,
        None => None,
    };
    let mut people: Vec<Uuid> = parts.into_iter().map(|part| part.contact_id).collect();
    people.extend(lead.and_then(|lead| lead.contact_id));
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// Whether the customer has no other opportunity that is open.
async fn none_other_open(work: &Work<'_>, row: &opportunity::Model) -> Result<bool> {
    let others = opportunity::Column::AccountId
        .eq(row.account_id)
        .and(opportunity::Column::Id.ne(row.id))
        .and(is_open(work.cx()));
    Ok(work.tally_unscoped::<opportunity::Entity>(others).await? == 0)
}

/// Moves an opportunity to another stage; to the one that it is in, nothing happens.
pub async fn change_stage(cx: &Cx, input: ChangeOpportunityStageInput) -> Result<Opportunity> {
    let written = input.written();
    let ChangeOpportunityStageInput { id, if_version, stage, close_reason } = input;
    let close_reason = remark("closeReason", close_reason)?;
    let id = id.named("id", Kind::Opportunity)?;
    let close_reason = remark("closeReason", close_reason)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<opportunity::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    let to = stage_of(&work, before.pipeline_id, &stage).await?;
    if to.code == before.stage {
        return Ok(Opportunity(seen));
    }
    let was_open = stage_of(&work, before.pipeline_id, &before.stage).await.map_or(true, |stage| stage.is_open);
    let (kind, forecast) = step(was_open, &to);
    let forecast = forecast.map_or(NotSet, |forecast| Set(Some(forecast)));
    let row = opportunity::ActiveModel {
        stage: Set(to.code.clone()),
        probability: Set(to.probability),
        forecast_category: forecast,
        close_date: if to.is_open { NotSet } else { Set(Some(work.now().date_naive())) },
        close_reason: match (to.is_open, close_reason) {
            (true, _) => Set(None),
            (false, Some(reason)) => Set(Some(reason)),
            (false, None) => NotSet,
        },
        ..Default::default()
    };
    let row = work.update::<opportunity::Entity>(&seen, row).await?;
    work.enter_stage::<opportunity::Entity>(StageObject::Opportunity, &row, &row.stage, "changed", cx.caller.colleague)
        .await?;
    work.take_snapshot(&row).await?;
    let people = people_of(&work, &row).await?;
    let event = Event::of::<opportunity::Entity>(kind, &row, stage_payload(Some(&before.stage), &row));
    work.record(people.iter().fold(event, |event, person| event.about(SubjectType::Contact, *person)));
    if to.is_won {
        for person in &people {
            person::advance(&mut work, cx, Some(*person), "CUSTOMER", "opportunity won").await?;
        }
    }
    let turn = match (to.is_open, to.is_won) {
        (_, true) => Some(Turn::Won),
        (true, false) => (!was_open).then_some(Turn::Opened),
        (false, false) => none_other_open(&work, &row).await?.then_some(Turn::NoneOpen),
    };
    if let Some(turn) = turn {
        relation::follow(&mut work, cx, row.account_id, turn).await?;
    }
    let seen = work.reached::<opportunity::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Opportunity(seen))
}

impl Removable for opportunity::Entity {
    /// The customer relation is as if it had not been; the parts that people played go with it.
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<opportunity::Model>) -> Result<()> {
        if none_other_open(work, seen.row()).await? {
            let cx = work.cx();
            relation::follow(work, cx, seen.row().account_id, Turn::NoneOpen).await?;
        }
        let of_deal = opportunity_contact::Column::OpportunityId;
        work.remove_following_unscoped::<opportunity_contact::Entity>(of_deal, seen.row().id).await
    }
}

removal! {
    /// Takes an opportunity away that never was one. To give up on one is to lose it, with the reason.
    delete_opportunity: opportunity::Entity as Opportunity, class P name, checked;
    mutation OpportunityRemoval, input DeleteOpportunityInput, payload DeleteOpportunityPayload;
}

/// Moving opportunities.
#[derive(Default)]
pub struct ProgressMutation;

#[Object]
impl ProgressMutation {
    /// Moves an opportunity to another stage of its pipeline: forward, back, won, lost, or open again.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), true))]
    async fn change_opportunity_stage(
        &self,
        ctx: &Context<'_>,
        input: ChangeOpportunityStageInput,
    ) -> Result<ChangeOpportunityStagePayload> {
        let cx = Cx::of(ctx);
        ChangeOpportunityStagePayload::of(attempt(|| change_stage(cx, input.clone())).await)
    }
}
