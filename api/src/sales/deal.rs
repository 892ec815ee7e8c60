//! What is done with an opportunity: made, changed, moved through its stages, won, lost, reopened.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::NaiveDate;
use entities::{
    account::{account, colleague, contact},
    codes::{ContactRole, ForecastCategory, StageObject, SubjectType},
    marketing::{campaign, lead},
    sales::{opportunity, opportunity_contact, pipeline, stage},
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, Set, sea_query::Order};

use super::{Opportunity, OpportunityContact};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, MoneyInput, Result, UserErrorCode, patch, patch_required, remark, remark_patch, require_write, text},
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    marketing::{convert, person},
    payload,
    policy::{Class, access},
};

input! {
    /// A new opportunity. Whoever creates it owns it.
    CreateOpportunityInput for Opportunity {
        /// What it is called, at most 255 characters.
        P name: String;
        /// The customer.
        P account_id: GlobalId;
        /// The code of its first stage; the first open one of the default pipeline unless said otherwise.
        P stage: Option<String>;
        /// When it is expected to close.
        P close_date: Option<NaiveDate>;
        /// How the forecast counts it.
        P forecast_category: Option<ForecastCategory>;
        /// The campaign that it is credited to first; the lead's unless said otherwise.
        P primary_campaign_id: Option<GlobalId>;
        /// The lead that it comes from, which is converted by this.
        P lead_id: Option<GlobalId>;
        /// What is to be done next.
        T next_step: Option<String>;
        /// What it is about.
        T description: Option<String>;
        /// What it is worth.
        M amount: Option<MoneyInput>;
    }
}

input! {
    /// A change of an opportunity: absent leaves, null clears. The stage has a mutation of its own.
    UpdateOpportunityInput for Opportunity {
        /// What it is called.
        P name: MaybeUndefined<String>;
        /// When it is expected to close.
        P close_date: MaybeUndefined<NaiveDate>;
        /// How likely it is to be won, 0 to 100 percent.
        P probability: MaybeUndefined<i32>;
        /// How the forecast counts it.
        P forecast_category: MaybeUndefined<ForecastCategory>;
        /// Who runs it.
        P owner_id: MaybeUndefined<GlobalId>;
        /// The campaign that it is credited to first.
        P primary_campaign_id: MaybeUndefined<GlobalId>;
        /// What is to be done next.
        T next_step: MaybeUndefined<String>;
        /// What it is about.
        T description: MaybeUndefined<String>;
        /// What it is worth.
        M amount: MaybeUndefined<MoneyInput>;
    }
    plain {
        /// Which opportunity.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// A step to another stage.
    ChangeOpportunityStageInput for Opportunity {
        /// The code of the new stage, one of its pipeline's.
        P stage: String;
        /// Why it was won or lost.
        T close_reason: Option<String>;
    }
    plain {
        /// Which opportunity.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// A person's part in an opportunity.
    AddOpportunityContactInput for ContactRole {
        /// The part.
        P role: ContactRole;
        /// Whether this is the main person.
        P is_primary: Option<bool>;
    }
    plain {
        /// The opportunity.
        opportunity_id: GlobalId;
        /// The person.
        contact_id: GlobalId;
    }
}

payload! {
    /// What `createOpportunity` answers.
    CreateOpportunityPayload {
        /// The new opportunity; null if it was refused.
        opportunity: Opportunity
    }
}

payload! {
    /// What `updateOpportunity` answers.
    UpdateOpportunityPayload {
        /// The changed opportunity; null if it was refused.
        opportunity: Opportunity
    }
}

payload! {
    /// What `changeOpportunityStage` answers.
    ChangeOpportunityStagePayload {
        /// The moved opportunity; null if it was refused.
        opportunity: Opportunity
    }
}

payload! {
    /// What `addOpportunityContact` answers.
    AddOpportunityContactPayload {
        /// The person's part; null if it was refused.
        opportunity_contact: OpportunityContact
    }
}

/// The stage of a code in a pipeline.
async fn stage_of(work: &Work<'_>, cx: &Cx, pipeline: uuid::Uuid, code: &str) -> Result<stage::Model> {
    let rows = cx
        .caller
        .rows::<stage::Entity>()
        .filter(stage::Column::PipelineId.eq(pipeline))
        .filter(stage::Column::Code.eq(code));
    let found = rows.one(work.tx()).await?;
    found.map(|seen| seen.row().clone()).ok_or_else(|| Error::invalid("stage", "the pipeline has no such stage"))
}

fn stage_payload(from: Option<&str>, row: &opportunity::Model) -> Payload {
    Payload::Stage {
        from: from.map(str::to_owned),
        to: Some(row.stage.clone()),
        amount_minor: row.amount_minor,
        currency: row.currency.clone(),
    }
}

/// Creates an opportunity, out of a lead where one is named.
pub async fn create(cx: &Cx, input: CreateOpportunityInput) -> Result<Opportunity> {
    let written = input.written();
    let CreateOpportunityInput {
        name,
        account_id,
        stage,
        close_date,
        forecast_category,
        primary_campaign_id,
        lead_id,
        next_step,
        description,
        amount,
    } = input;
    let (amount_minor, currency) = amount.map(|money| money.into_price("amount")).transpose()?.unzip();
    let mut work = Work::begin(cx).await?;
    let account = work.refer::<account::Entity>("accountId", account_id).await?;
    let lead = match lead_id {
        Some(id) => {
            let id = id.named("leadId", Kind::Lead)?;
            let seen = cx.caller.rows_to_write::<lead::Entity>().by_id(id).one(work.tx()).await?;
            let seen = seen.ok_or_else(|| Error::missing("leadId"))?;
            require_write(seen.rights(), &[(Class::P, "status")])?;
            if seen.row().account_id.is_some_and(|of| of != account.row().id) {
                return Err(Error::invalid("leadId", "the lead belongs to another account"));
            }
            Some(seen.row().clone())
        }
        None => None,
    };
    let campaign = work.refer_opt::<campaign::Entity>("primaryCampaignId", primary_campaign_id).await?;
    let pipelines = cx
        .caller
        .rows::<pipeline::Entity>()
        .filter(pipeline::Column::ObjectType.eq(StageObject::Opportunity))
        .filter(pipeline::Column::IsDefault.eq(true));
    let pipeline = pipelines.one(work.tx()).await?.ok_or_else(|| Error::invalid("stage", "there is no pipeline"))?;
    let first = match stage {
        Some(code) => stage_of(&work, cx, pipeline.row().id, &code).await?,
        None => {
            let open = cx
                .caller
                .rows::<stage::Entity>()
                .filter(stage::Column::PipelineId.eq(pipeline.row().id))
                .filter(stage::Column::IsOpen.eq(true))
                .order_by(stage::Column::Position, Order::Asc);
            let open = open.one(work.tx()).await?.ok_or_else(|| Error::invalid("stage", "no stage is open"))?;
            open.row().clone()
        }
    };
    let row = work
        .insert::<opportunity::Entity>(opportunity::ActiveModel {
            account_id: Set(account.row().id),
            name: Set(text("name", name, 255)?),
            pipeline_id: Set(pipeline.row().id),
            stage: Set(first.code.clone()),
            amount_minor: Set(amount_minor),
            currency: Set(currency),
            close_date: Set(close_date),
            probability: Set(first.probability),
            forecast_category: Set(Some(forecast_category.unwrap_or(ForecastCategory::Pipeline))),
            owner_id: Set(cx.caller.colleague),
            primary_campaign_id: Set(campaign.or(lead.as_ref().and_then(|lead| lead.campaign_id))),
            lead_id: Set(lead.as_ref().map(|lead| lead.id)),
            next_step: Set(remark("nextStep", next_step)?),
            description: Set(remark("description", description)?),
            ..Default::default()
        })
        .await?;
    work.enter_stage::<opportunity::Entity>(StageObject::Opportunity, &row, &row.stage, "created", cx.caller.colleague)
        .await?;
    work.take_snapshot(&row).await?;
    let mut created = Event::of::<opportunity::Entity>(EventKind::OpportunityCreated, &row, stage_payload(None, &row));
    if let Some(lead) = lead {
        created = created.about(SubjectType::Contact, lead.contact_id);
        let person = lead.contact_id;
        work.record(created);
        convert(&mut work, &lead, row.id, "leadId").await?;
        person::advance(&mut work, cx, person, "OPPORTUNITY", "opportunity created").await?;
    } else {
        work.record(created);
    }
    move_account(&mut work, cx, row.account_id, &["TARGET", "ENGAGED"], "OPEN_OPPORTUNITY").await?;
    let seen = work.reached::<opportunity::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Opportunity(seen))
}

/// The customer relation follows the deal, whoever may change the account.
async fn move_account(work: &mut Work<'_>, cx: &Cx, account: uuid::Uuid, from: &[&str], to: &str) -> Result<()> {
    let Some(before) = work.follow_unscoped::<account::Entity>(account).await? else { return Ok(()) };
    if !from.contains(&before.lifecycle_stage.as_str()) {
        return Ok(());
    }
    let moved = account::ActiveModel { lifecycle_stage: Set(to.to_owned()), ..Default::default() };
    let row = work.update_row::<account::Entity>(&before, moved).await?;
    work.enter_stage::<account::Entity>(StageObject::Account, &row, to, "opportunity", cx.caller.colleague).await
}

/// Changes an opportunity.
pub async fn update(cx: &Cx, input: UpdateOpportunityInput) -> Result<Opportunity> {
    let written = input.written();
    let UpdateOpportunityInput {
        id,
        if_version,
        name,
        close_date,
        probability,
        forecast_category,
        owner_id,
        primary_campaign_id,
        next_step,
        description,
        amount,
    } = input;
    let id = id.named("id", Kind::Opportunity)?;
    if let MaybeUndefined::Value(percent) = &probability
        && !(0..=100).contains(percent)
    {
        return Err(Error::invalid("probability", "0 to 100 percent"));
    }
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<opportunity::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    let (amount_minor, currency) = match amount {
        MaybeUndefined::Undefined => (NotSet, NotSet),
        MaybeUndefined::Null if before.cost_minor.is_some() => (Set(None), NotSet),
        MaybeUndefined::Null => (Set(None), Set(None)),
        MaybeUndefined::Value(money) => {
            let (minor, currency) = money.into_price("amount")?;
            // The cost is kept in the amount's currency: another one would relabel it.
            if before.cost_minor.is_some() && before.currency.as_deref() != Some(&currency) {
                return Err(Error::invalid("amount", "the opportunity's cost is kept in another currency"));
            }
            (Set(Some(minor)), Set(Some(currency)))
        }
    };
    let row = opportunity::ActiveModel {
        name: match patch_required("name", name)? {
            Set(name) => Set(text("name", name, 255)?),
            other => other,
        },
        close_date: patch(close_date),
        probability: patch(probability),
        forecast_category: patch(forecast_category),
        owner_id: work.refer_patch::<colleague::Entity>("ownerId", owner_id).await?,
        primary_campaign_id: work.refer_patch::<campaign::Entity>("primaryCampaignId", primary_campaign_id).await?,
        next_step: remark_patch("nextStep", next_step)?,
        description: remark_patch("description", description)?,
        amount_minor,
        currency,
        ..Default::default()
    };
    let row = work.update::<opportunity::Entity>(&seen, row).await?;
    if (row.amount_minor, &row.currency) != (before.amount_minor, &before.currency) {
        let payload = Payload::Amount {
            before_minor: before.amount_minor,
            after_minor: row.amount_minor,
            currency: row.currency.clone().or_else(|| before.currency.clone()),
        };
        work.record(Event::of::<opportunity::Entity>(EventKind::OpportunityAmountChanged, &row, payload));
    }
    if row.close_date != before.close_date {
        let payload = Payload::Date { before: before.close_date, after: row.close_date };
        work.record(Event::of::<opportunity::Entity>(EventKind::OpportunityCloseDateMoved, &row, payload));
    }
    if row.version != before.version {
        work.take_snapshot(&row).await?;
    }
    let seen = work.reached::<opportunity::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Opportunity(seen))
}

/// Moves an opportunity to another stage; to the one that it is in, nothing happens.
pub async fn change_stage(cx: &Cx, input: ChangeOpportunityStageInput) -> Result<Opportunity> {
    let written = input.written();
    let ChangeOpportunityStageInput { id, if_version, stage, close_reason } = input;
    let id = id.named("id", Kind::Opportunity)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<opportunity::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    let to = stage_of(&work, cx, before.pipeline_id, &stage).await?;
    if to.code == before.stage {
        return Ok(Opportunity(seen));
    }
    let was_open = stage_of(&work, cx, before.pipeline_id, &before.stage).await.map_or(true, |stage| stage.is_open);
    let (kind, forecast) = match (was_open, to.is_open, to.is_won) {
        (_, false, true) => (EventKind::OpportunityWon, Set(Some(ForecastCategory::Closed))),
        (_, false, false) => (EventKind::OpportunityLost, Set(Some(ForecastCategory::Omitted))),
        (false, true, _) => (EventKind::OpportunityReopened, Set(Some(ForecastCategory::Pipeline))),
        (true, true, _) => (EventKind::OpportunityStageChanged, NotSet),
    };
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
    let people = work
        .following_unscoped::<opportunity_contact::Entity>(opportunity_contact::Column::OpportunityId, row.id)
        .await?;
    let mut event = Event::of::<opportunity::Entity>(kind, &row, stage_payload(Some(&before.stage), &row));
    for person in &people {
        event = event.about(SubjectType::Contact, person.contact_id);
    }
    work.record(event);
    if to.is_won {
        for person in &people {
            person::advance(&mut work, cx, Some(person.contact_id), "CUSTOMER", "opportunity won").await?;
        }
        move_account(&mut work, cx, row.account_id, &["TARGET", "ENGAGED", "OPEN_OPPORTUNITY"], "ONBOARDING").await?;
    }
    let seen = work.reached::<opportunity::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Opportunity(seen))
}

/// Names a person's part in an opportunity.
pub async fn add_contact(cx: &Cx, input: AddOpportunityContactInput) -> Result<OpportunityContact> {
    let written = input.written();
    let AddOpportunityContactInput { opportunity_id, contact_id, role, is_primary } = input;
    let mut work = Work::begin(cx).await?;
    let opportunity = work.refer::<opportunity::Entity>("opportunityId", opportunity_id).await?;
    let contact = work.refer::<contact::Entity>("contactId", contact_id).await?;
    // Who may not change the deal may not change its people either.
    let deal = cx.caller.rows_to_write::<opportunity::Entity>().by_id(opportunity.row().id).one(work.tx()).await?;
    require_write(deal.ok_or_else(|| Error::missing("opportunityId"))?.rights(), &[(Class::P, "contacts")])?;
    let already = cx
        .caller
        .rows::<opportunity_contact::Entity>()
        .filter(opportunity_contact::Column::OpportunityId.eq(opportunity.row().id))
        .filter(opportunity_contact::Column::ContactId.eq(contact.row().id))
        .filter(opportunity_contact::Column::Role.eq(role));
    if already.count(work.tx()).await? > 0 {
        return Err(Error::user(UserErrorCode::Duplicate, "contactId", "this person has this part already"));
    }
    let row = work
        .insert::<opportunity_contact::Entity>(opportunity_contact::ActiveModel {
            opportunity_id: Set(opportunity.row().id),
            contact_id: Set(contact.row().id),
            role: Set(role),
            is_primary: Set(is_primary.unwrap_or(false)),
            ..Default::default()
        })
        .await?;
    let payload = Payload::Record { fields: Vec::new() };
    work.record(
        Event::of::<opportunity_contact::Entity>(EventKind::RecordCreated, &row, payload)
            .account(opportunity.row().account_id),
    );
    // Who is in an open deal is past being a lead.
    person::advance(&mut work, cx, Some(row.contact_id), "OPPORTUNITY", "part in an opportunity").await?;
    let seen = work.reached::<opportunity_contact::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(OpportunityContact(seen))
}

/// Changing opportunities.
#[derive(Default)]
pub struct OpportunityMutation;

#[Object]
impl OpportunityMutation {
    /// Creates an opportunity; a named lead is converted by it.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), true))]
    async fn create_opportunity(
        &self,
        ctx: &Context<'_>,
        input: CreateOpportunityInput,
    ) -> Result<CreateOpportunityPayload> {
        let cx = Cx::of(ctx);
        CreateOpportunityPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes an opportunity that you may change. Each change of amount, date or owner leaves a snapshot.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), true))]
    async fn update_opportunity(
        &self,
        ctx: &Context<'_>,
        input: UpdateOpportunityInput,
    ) -> Result<UpdateOpportunityPayload> {
        let cx = Cx::of(ctx);
        UpdateOpportunityPayload::of(attempt(|| update(cx, input.clone())).await)
    }

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

    /// Names a person's part in an opportunity.
    #[graphql(directive = access::apply("ContactRole".into(), "P".into(), true))]
    async fn add_opportunity_contact(
        &self,
        ctx: &Context<'_>,
        input: AddOpportunityContactInput,
    ) -> Result<AddOpportunityContactPayload> {
        let cx = Cx::of(ctx);
        AddOpportunityContactPayload::of(attempt(|| add_contact(cx, input.clone())).await)
    }
}
