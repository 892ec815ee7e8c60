//! An opportunity is made, out of a lead where one is named, and changed.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::NaiveDate;
use entities::{
    account::account,
    codes::{ForecastCategory, StageObject, SubjectType},
    marketing::{campaign, lead},
    sales::{opportunity, pipeline, stage},
};
use sea_orm::{ColumnTrait, Set, sea_query::Order};

use super::{
    Opportunity,
    progress::{stage_of, stage_payload},
};
use crate::{
    account::{
        ground,
        relation::{self, Turn},
    },
    graph::{
        Cx, Error, GlobalId, Kind, MoneyInput, Result, name_patch, patch, remark, remark_patch, require_write, text,
    },
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    marketing::{convert, person},
    payload,
    policy::{Class, Seen, access},
};

input! {
    /// A new opportunity. Whoever creates it owns it.
    CreateOpportunityInput for Opportunity {
        /// What it is called, at most 255 characters.
        P name: String;
        /// The customer.
        P account_id: GlobalId;
        /// The pipeline whose stages it walks; the default one of opportunities unless said otherwise.
        P pipeline_id: Option<GlobalId>;
        /// The code of its first stage, an open one; the first open one of the pipeline unless said otherwise.
        P stage: Option<String>;
        /// When it is expected to close.
        P close_date: Option<NaiveDate>;
        /// How the forecast counts it.
        P forecast_category: Option<ForecastCategory>;
        /// The campaign that it is credited to first; the lead's unless said otherwise.
        P primary_campaign_id: Option<GlobalId>;
        /// The lead that it comes from, which is converted by this.
        P lead_id: Option<GlobalId>;
        /// What is to be done next, at most 20,000 characters.
        T next_step: Option<String>;
        /// What it is about, at most 20,000 characters.
        T description: Option<String>;
        /// What it is worth; not negative.
        M amount: Option<MoneyInput>;
    }
}

input! {
    /// A change of an opportunity: absent leaves, null clears. The stage has a mutation of its own.
    UpdateOpportunityInput for Opportunity {
        /// What it is called, at most 255 characters.
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
        /// What is to be done next, at most 20,000 characters.
        T next_step: MaybeUndefined<String>;
        /// What it is about, at most 20,000 characters.
        T description: MaybeUndefined<String>;
        /// What it is worth; not negative.
        M amount: MaybeUndefined<MoneyInput>;
    }
    plain {
        /// Which opportunity.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
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

/// Creates an opportunity, out of a lead where one is named.
pub async fn create(cx: &Cx, input: CreateOpportunityInput) -> Result<Opportunity> {
    let written = input.written();
    let CreateOpportunityInput {
        name,
        account_id,
        pipeline_id,
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
    let pipeline = pipeline_of(&work, pipeline_id).await?;
    let first = match stage {
        Some(code) => stage_of(&work, pipeline.row().id, &code).await?,
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
    if !first.is_open {
        return Err(Error::invalid("stage", "a new opportunity is open"));
    }
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
    relation::follow(&mut work, cx, row.account_id, Turn::Opened).await?;
    let seen = work.reached::<opportunity::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Opportunity(seen))
}

/// The pipeline that an input names, or the default one.
async fn pipeline_of(work: &Work<'_>, id: Option<GlobalId>) -> Result<Seen<pipeline::Model>> {
    if let Some(id) = id {
        let named = work.refer::<pipeline::Entity>("pipelineId", id).await?;
        return match named.row().object_type == StageObject::Opportunity {
            true => Ok(named),
            false => Err(Error::invalid("pipelineId", "this pipeline is not for opportunities")),
        };
    }
    let default = work
        .caller()
        .rows::<pipeline::Entity>()
        .filter(pipeline::Column::ObjectType.eq(StageObject::Opportunity))
        .filter(pipeline::Column::IsDefault.eq(true));
    default.one(work.tx()).await?.ok_or_else(|| Error::invalid("pipelineId", "there is no default pipeline"))
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
    let (amount_minor, currency) = super::worth("amount", amount, before.cost_minor, before.currency.as_ref())?;
    let row = opportunity::ActiveModel {
        name: name_patch("name", name)?,
        close_date: patch(close_date),
        probability: patch(probability),
        forecast_category: patch(forecast_category),
        owner_id: ground::owner_patch(&work, "ownerId", before.owner_id, owner_id).await?,
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
}
