//! Opportunities.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, NaiveDate, Utc};
use entities::{
    codes::{ForecastCategory, StageObject, SubjectType},
    marketing::lead,
    sales::{opportunity, pipeline, stage},
};
use sea_orm::{ActiveValue, ColumnTrait, Set};
use uuid::Uuid;

use super::{
    super::{Fields, Followed, Known, New, Scene, SyncEntity, plain},
    columns::{at, happened, is_possible, stays, stays_once, unless_said, will_be},
    stages::{Stages, normal},
};
use crate::{
    account::relation::{self, Turn},
    graph::{Error, Result, UserError, UserErrorCode, name_patch, percent_patch, remark_patch, require_write},
    journey::{Event, EventKind, Payload, Work},
    marketing::{person, qualify},
    policy::{Class, Seen, Type},
    sales::{
        self,
        progress::{people_of_many, stage_payload, step, with_open},
    },
    synced,
};

synced! {
    /// What a source says of an opportunity: absent leaves, null clears.
    Opportunities of Opportunity: opportunity::Entity as Opportunity;
    set OpportunitySetInput, row UpsertOpportunityRowInput, input UpsertOpportunitiesInput;
    /// Creates and updates opportunities, each known by its key in a source. Another `stage` writes an interval and a snapshot, and the
    /// people and the customer follow, as when a colleague moves it. The `lead` of a new one is converted.
    mutation UpsertOpportunities, upsert_opportunities, class P;
    fields {
        /// What it is called, at most 255 characters. A new opportunity needs it.
        P name: String = name by name_patch;
        /// Its stage, by code or name, one of its pipeline's; the first open one unless said.
        P stage: String = stage by name_patch;
        /// When it is expected to close, or closed; the day of the batch where it closes and nothing is said.
        P close_date: NaiveDate = close_date by plain;
        /// How likely it is to be won, 0 to 100 percent; its stage's where that is new and nothing is said.
        P probability: i32 = probability by percent_patch;
        /// How the forecast counts it; as its stage is open, won or lost where that is new and nothing is said.
        P forecast_category: ForecastCategory = forecast_category by plain;
        /// Why it was won or lost, at most 20,000 characters; not kept while it is open.
        T close_reason: String = close_reason by remark_patch;
        /// What is to be done next, at most 20,000 characters.
        T next_step: String = next_step by remark_patch;
        /// What it is about, at most 20,000 characters.
        T description: String = description by remark_patch;
    }
    money {
        /// What it is worth; not negative.
        M amount = amount_minor, currency;
    }
    beside {
        /// The pipeline whose stages it walks, by code or name; the default one unless said.
        P pipeline: String;
        /// When it was opened in its system: then a new one's `opportunity.created` happened. Unless said, when it was closed, or now.
        P opened_at: DateTime<Utc>;
        /// When it was won or lost in its system: then that event happened. Now unless said, and of one that comes closed that time is
        /// marked as not known.
        P closed_at: DateTime<Utc>;
    }
    relations OpportunityRelationsInput {
        /// The customer. A new opportunity needs it; it stays.
        P account: Account = account_id required;
        /// The colleague who runs it.
        P owner: Colleague = owner_id;
        /// The campaign that it is credited to first; the lead's unless said.
        P primary_campaign: Campaign = primary_campaign_id;
        /// The lead that it came from, which is converted by it; once it is there, it stays.
        P lead: Lead = lead_id;
    }
    require ["name"];
    lookup Lookup;
    removable;
}

/// What a batch of opportunities looks up.
pub struct Lookup {
    stages: Stages,
    pipelines: Vec<pipeline::Model>,
    leads: HashMap<Uuid, Seen<lead::Model>>,
}

impl Lookup {
    fn pipeline(&self, name: &str) -> Option<Uuid> {
        let wanted = normal(name);
        let exact = self.pipelines.iter().find(|pipeline| pipeline.code == name);
        let named = |p: &&pipeline::Model| normal(&p.code) == wanted || normal(&p.name) == wanted;
        exact.or_else(|| self.pipelines.iter().find(named)).map(|pipeline| pipeline.id)
    }

    fn stage(&self, pipeline: Uuid, code: &str) -> Option<&stage::Model> {
        self.stages.known.iter().find(|stage| stage.pipeline_id == pipeline && stage.code == code)
    }

    /// The stage that a row names, in its pipeline.
    fn named(&self, pipeline: Uuid, name: &str) -> Result<&stage::Model> {
        let wanted = normal(name);
        let named =
            |s: &&stage::Model| s.pipeline_id == pipeline && (normal(&s.code) == wanted || normal(&s.name) == wanted);
        let found = self.stage(pipeline, name).or_else(|| self.stages.known.iter().find(named));
        found.ok_or_else(|| Error::invalid("set.stage", "the pipeline has no such stage"))
    }

    fn is_open(&self, row: &opportunity::Model) -> bool {
        self.stage(row.pipeline_id, &row.stage).is_none_or(|stage| stage.is_open)
    }

    /// The lead that a row comes from, if it may be converted by it.
    fn convertible(&self, id: Uuid, account: Option<Uuid>) -> Result<&lead::Model> {
        let path = "relations.lead";
        let seen = self.leads.get(&id).ok_or_else(|| Error::missing(path))?;
        require_write(seen.rights(), &[(Class::P, "status")]).map_err(|error| at(error, path))?;
        let lead = seen.row();
        if lead.account_id.is_some() && lead.account_id != account {
            return Err(Error::invalid(path, "the lead belongs to another account"));
        }
        match converted_already(lead) {
            true => Ok(lead),
            false => qualify::may_convert(lead, path).map(|()| lead),
        }
    }
}

/// A lead that its system knows as converted, and nobody here knows into what.
fn converted_already(lead: &lead::Model) -> bool {
    lead.status == entities::codes::LeadStatus::Converted && lead.converted_opportunity_id.is_none()
}

impl Opportunities {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&OpportunitySetInput]) -> Result<Lookup> {
        // A stage that a source does not know is made in the default pipeline, which is where its rows go.
        let named = sets.iter().filter(|set| set.pipeline.is_undefined()).map(|set| &set.stage);
        let stages = Stages::load(work, scene, StageObject::Opportunity, named).await?;
        let pipelines = work.caller().rows::<pipeline::Entity>();
        let pipelines = pipelines.filter(pipeline::Column::ObjectType.eq(StageObject::Opportunity));
        let pipelines = pipelines.all(work.tx()).await?.into_iter().map(|seen| seen.row().clone()).collect();
        let leads = work.many_to_change::<lead::Entity>(Type::Lead, scene.ids(SyncEntity::Lead)).await?;
        Ok(Lookup { stages, pipelines, leads })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &OpportunitySetInput,
        held: Option<&opportunity::Model>,
        row: &mut opportunity::ActiveModel,
    ) -> Result<()> {
        stays(
            &row.account_id,
            held.map(|held| &held.account_id),
            "relations.account",
            "an opportunity stays with its account",
        )?;
        stays_once(&row.lead_id, held.map(|held| &held.lead_id), "relations.lead", "it came from another lead")?;
        let account = will_be(&row.account_id, held.map(|held| &held.account_id));
        if let (Set(Some(lead)), None) = (&row.lead_id, held.and_then(|held| held.lead_id)) {
            let lead = lookup.convertible(*lead, account)?;
            if held.is_none() && lead.campaign_id.is_some() {
                unless_said(&mut row.primary_campaign_id, lead.campaign_id);
            }
        }
        let pipeline = match &set.pipeline {
            MaybeUndefined::Null => return Err(Error::invalid("set.pipeline", "this cannot be cleared")),
            MaybeUndefined::Value(name) => {
                let found = lookup.pipeline(name);
                found.ok_or_else(|| Error::invalid("set.pipeline", "there is no such pipeline"))?
            }
            MaybeUndefined::Undefined => match held {
                Some(held) => held.pipeline_id,
                None => {
                    let default = lookup.stages.pipeline;
                    default.ok_or_else(|| Error::invalid("set.pipeline", "there is no default pipeline"))?
                }
            },
        };
        row.pipeline_id = Set(pipeline);
        if held.is_none() {
            unless_said(&mut row.owner_id, scene.cx.caller.colleague);
        }
        if let Some(held) = held {
            let amount = (row.amount_minor.clone(), row.currency.clone());
            (row.amount_minor, row.currency) =
                sales::beside_cost("set.amount", amount, held.cost_minor, held.currency.as_ref())?;
        }
        move_on(lookup, scene, pipeline, set.closed_at.value().copied(), held, row)
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        lookup: &Lookup,
        new: &[New<Opportunities>],
        known: &[Known<Opportunities>],
    ) -> Result<Followed> {
        let mut followed = Followed::default();
        let mut turns: Vec<(Uuid, Turn)> = Vec::new();
        let (mut buyers, mut lost) = (BTreeSet::new(), BTreeSet::new());
        begin(work, scene, lookup, new, &mut turns, &mut buyers).await?;
        progress(work, scene, lookup, known, &mut turns, &mut buyers, &mut lost).await?;
        convert(work, lookup, new, known, &mut followed.refused).await?;
        person::advance_many(work, buyers.into_iter().map(|person| (person, "CUSTOMER")), "opportunity won").await?;
        let lost: Vec<Uuid> = lost.into_iter().collect();
        let open = with_open(work, &lost).await?;
        turns.extend(
            lost.into_iter().filter(|account| !open.contains(account)).map(|account| (account, Turn::NoneOpen)),
        );
        relation::follow_many(work, &turns).await?;
        for known in known.iter().filter(|known| known.rows.before.pipeline_id != known.rows.after.pipeline_id) {
            let before = lookup.pipelines.iter().find(|pipeline| pipeline.id == known.rows.before.pipeline_id);
            let before = before.map(|pipeline| pipeline.code.clone());
            followed.changed.insert(known.place, Fields::from_iter([("pipeline".to_owned(), before.into())]));
        }
        Ok(followed)
    }
}

/// The stage, and what follows from another one unless the row says it itself.
fn move_on(
    lookup: &Lookup,
    scene: &Scene<'_>,
    pipeline: Uuid,
    closed_at: Option<DateTime<Utc>>,
    held: Option<&opportunity::Model>,
    row: &mut opportunity::ActiveModel,
) -> Result<()> {
    let said = match (&row.stage, held) {
        (Set(name), Some(held)) if *name == held.stage && held.pipeline_id == pipeline => None,
        (Set(name), _) => Some(name.clone()),
        (ActiveValue::Unchanged(_) | ActiveValue::NotSet, _) => None,
    };
    let to = match (said, held) {
        (Some(name), _) => lookup.named(pipeline, &name)?,
        (None, Some(held)) if held.pipeline_id != pipeline => {
            let found = lookup.stage(pipeline, &held.stage);
            found.ok_or_else(|| Error::invalid("set.stage", "say the stage in the other pipeline, too"))?
        }
        (None, Some(held)) => {
            let is_open = lookup.is_open(held);
            if is_open && matches!(row.close_reason, Set(Some(_))) {
                row.close_reason = Set(None);
            }
            return Ok(());
        }
        (None, None) => {
            let first = lookup.stages.known.iter().find(|stage| stage.pipeline_id == pipeline && stage.is_open);
            first.ok_or_else(|| Error::invalid("set.stage", "no stage is open"))?
        }
    };
    row.stage = Set(to.code.clone());
    let forecast = match held {
        Some(held) if held.stage == to.code => None,
        Some(held) => {
            unless_said(&mut row.probability, to.probability);
            step(lookup.is_open(held), to).1
        }
        None => {
            unless_said(&mut row.probability, to.probability);
            Some(step(true, to).1.unwrap_or(ForecastCategory::Pipeline))
        }
    };
    if let Some(forecast) = forecast {
        unless_said(&mut row.forecast_category, Some(forecast));
    }
    let is_new = held.is_none_or(|held| held.stage != to.code);
    if is_new && !to.is_open {
        let closed = closed_at.filter(|closed| is_possible(*closed, scene.now)).unwrap_or(scene.now);
        unless_said(&mut row.close_date, Some(closed.date_naive()));
    }
    if to.is_open && (matches!(row.close_reason, Set(Some(_))) || held.is_some_and(|held| held.close_reason.is_some()))
    {
        row.close_reason = Set(None);
    }
    Ok(())
}

/// New opportunities: how they began, and, where they are closed, how they ended.
async fn begin(
    work: &mut Work<'_>,
    scene: &Scene<'_>,
    lookup: &Lookup,
    new: &[New<Opportunities>],
    turns: &mut Vec<(Uuid, Turn)>,
    buyers: &mut BTreeSet<Uuid>,
) -> Result<()> {
    let rows: Vec<opportunity::Model> = new.iter().map(|new| new.row.clone()).collect();
    work.begin_snapshots(&rows).await?;
    let staged: Vec<_> = rows.into_iter().map(|row| (row.clone(), row.stage)).collect();
    work.begin_stages::<opportunity::Entity>(StageObject::Opportunity, &staged, "imported").await?;
    for New { set, row, .. } in new {
        let person = row.lead_id.and_then(|lead| lookup.leads.get(&lead)).and_then(|lead| lead.row().contact_id);
        let created = Event::of::<opportunity::Entity>(EventKind::OpportunityCreated, row, stage_payload(None, row));
        let closed = set.closed_at.value().copied();
        let opened = set.opened_at.value().copied().or(closed);
        work.record(happened(created.about(SubjectType::Contact, person), opened, scene.now));
        let stage = lookup.stage(row.pipeline_id, &row.stage);
        let Some(stage) = stage.filter(|stage| !stage.is_open) else {
            turns.push((row.account_id, Turn::Opened));
            continue;
        };
        if stage.is_won {
            turns.push((row.account_id, Turn::Won));
            buyers.extend(person);
        }
        let ended = Event::of::<opportunity::Entity>(step(true, stage).0, row, stage_payload(None, row));
        let ended = ended.about(SubjectType::Contact, person);
        work.record(match closed {
            Some(_) => happened(ended, closed, scene.now),
            None => ended.time_uncertain(true),
        });
    }
    Ok(())
}

/// What the source changed, as the desk itself would have recorded it.
async fn progress(
    work: &mut Work<'_>,
    scene: &Scene<'_>,
    lookup: &Lookup,
    known: &[Known<Opportunities>],
    turns: &mut Vec<(Uuid, Turn)>,
    buyers: &mut BTreeSet<Uuid>,
    lost: &mut BTreeSet<Uuid>,
) -> Result<()> {
    let changed: Vec<&Known<Opportunities>> =
        known.iter().filter(|known| known.rows.before.version != known.rows.after.version).collect();
    let moved = changed.iter().filter(|known| known.rows.before.stage != known.rows.after.stage);
    let moved: Vec<&opportunity::Model> = moved.map(|known| &known.rows.after).collect();
    if !moved.is_empty() {
        let entered: Vec<_> = moved.iter().map(|row| ((*row).clone(), row.stage.clone())).collect();
        work.enter_stages::<opportunity::Entity>(StageObject::Opportunity, &entered, "imported").await?;
    }
    let people = people_of_many(work, &moved).await?;
    for Known { set, rows, .. } in &changed {
        let (before, after) = (&rows.before, &rows.after);
        let to = lookup.stage(after.pipeline_id, &after.stage).filter(|_| after.stage != before.stage);
        if let Some(to) = to {
            let was_open = lookup.is_open(before);
            let event = Event::of::<opportunity::Entity>(
                step(was_open, to).0,
                after,
                stage_payload(Some(&before.stage), after),
            );
            let people: Vec<Uuid> = people.get(&after.id).into_iter().flatten().copied().collect();
            let event = people.iter().fold(event, |event, person| event.about(SubjectType::Contact, *person));
            let closed = set.closed_at.value().copied().filter(|_| !to.is_open);
            work.record(happened(event, closed, scene.now));
            match (to.is_open, to.is_won) {
                (_, true) => {
                    turns.push((after.account_id, Turn::Won));
                    buyers.extend(people);
                }
                (true, false) if !was_open => turns.push((after.account_id, Turn::Opened)),
                (true, false) => {}
                (false, false) => drop(lost.insert(after.account_id)),
            }
        }
        if (after.amount_minor, &after.currency) != (before.amount_minor, &before.currency) {
            let payload = Payload::Amount {
                before_minor: before.amount_minor,
                after_minor: after.amount_minor,
                currency: after.currency.clone().or_else(|| before.currency.clone()),
            };
            work.record(Event::of::<opportunity::Entity>(EventKind::OpportunityAmountChanged, after, payload));
        }
        if after.close_date != before.close_date && to.is_none_or(|to| to.is_open) {
            let payload = Payload::Date { before: before.close_date, after: after.close_date };
            work.record(Event::of::<opportunity::Entity>(EventKind::OpportunityCloseDateMoved, after, payload));
        }
    }
    let rows: Vec<opportunity::Model> = changed.iter().map(|known| known.rows.after.clone()).collect();
    work.take_snapshots(&rows).await
}

/// The leads that became opportunities, and their people.
async fn convert(
    work: &mut Work<'_>,
    lookup: &Lookup,
    new: &[New<Opportunities>],
    known: &[Known<Opportunities>],
    refused: &mut Vec<(usize, Vec<UserError>)>,
) -> Result<()> {
    let made = new.iter().map(|new| (new.place, &new.row));
    let linked = known.iter().filter(|known| known.rows.before.lead_id.is_none());
    let linked = linked.map(|known| (known.place, &known.rows.after));
    let (mut taken, mut people) = (HashSet::new(), BTreeSet::new());
    let (mut leads, mut links) = (Vec::new(), Vec::new());
    for (place, row) in made.chain(linked) {
        let Some(lead) = row.lead_id.and_then(|lead| lookup.leads.get(&lead)) else { continue };
        if !taken.insert(lead.row().id) {
            let message = "another row of the batch comes from this lead";
            let path = vec!["relations".to_owned(), "lead".to_owned()];
            refused.push((
                place,
                vec![UserError { code: UserErrorCode::StateConflict, path, message: message.to_owned(), new_id: None }],
            ));
            continue;
        }
        people.extend(lead.row().contact_id.filter(|_| lookup.is_open(row)));
        match converted_already(lead.row()) {
            true => links.push((lead.row().clone(), into(row.id))),
            false => leads.push((lead.row().clone(), row.id)),
        }
    }
    work.update_many::<lead::Entity>(links).await?;
    qualify::convert_many(work, leads).await?;
    person::advance_many(work, people.into_iter().map(|person| (person, "OPPORTUNITY")), "opportunity created").await
}

fn into(opportunity: Uuid) -> lead::ActiveModel {
    lead::ActiveModel { converted_opportunity_id: ActiveValue::Set(Some(opportunity)), ..Default::default() }
}
