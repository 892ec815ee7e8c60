//! Planning campaigns: creating and changing them.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::NaiveDate;
use entities::{
    account::industry,
    codes::{CampaignStatus, CampaignType},
    marketing::{campaign, campaign_industry},
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, DbErr, Set};
use uuid::Uuid;

use super::{Campaign, MAX_TEXT, patch_words, words};
use crate::{
    account::{giving::sees_all_deals, ground},
    graph::{
        Cx, Error, GlobalId, Kind, MoneyInput, Result, UserErrorCode, is_duplicate, patch, patch_required, price_patch,
        text,
    },
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    payload,
    policy::access,
};

input! {
    /// A new campaign. Whoever creates it owns it.
    CreateCampaignInput for Campaign {
        /// What people call it, at most 255 characters.
        P name: String;
        /// What sort it is.
        P r#type: CampaignType;
        /// What `utm_campaign` carries, unique in the tenant, at most 255 characters.
        P code: Option<String>;
        /// Where it stands; PLANNED unless said otherwise.
        P status: Option<CampaignStatus>;
        /// What it is to achieve.
        P objective: Option<String>;
        /// The problem of the market that it answers.
        P market_problem: Option<String>;
        /// What it says.
        P message: Option<String>;
        /// The campaign that it is part of.
        P parent_id: Option<GlobalId>;
        /// Its first day.
        P start_date: Option<NaiveDate>;
        /// Its last day, included.
        P end_date: Option<NaiveDate>;
        /// The industries that it aims at, at most 100.
        P target_industry_ids: Option<Vec<GlobalId>>;
        /// What it may cost in all.
        M budget: Option<MoneyInput>;
        /// Notes for those who run it.
        T description: Option<String>;
    }
}

input! {
    /// A change of a campaign: absent leaves, null clears.
    UpdateCampaignInput for Campaign {
        /// What people call it.
        P name: MaybeUndefined<String>;
        /// What sort it is.
        P r#type: MaybeUndefined<CampaignType>;
        /// What `utm_campaign` carries.
        P code: MaybeUndefined<String>;
        /// Where it stands.
        P status: MaybeUndefined<CampaignStatus>;
        /// What it is to achieve.
        P objective: MaybeUndefined<String>;
        /// The problem of the market that it answers.
        P market_problem: MaybeUndefined<String>;
        /// What it says.
        P message: MaybeUndefined<String>;
        /// The campaign that it is part of.
        P parent_id: MaybeUndefined<GlobalId>;
        /// Its first day.
        P start_date: MaybeUndefined<NaiveDate>;
        /// Its last day, included.
        P end_date: MaybeUndefined<NaiveDate>;
        /// The industries that it aims at from now on: the whole list.
        P target_industry_ids: MaybeUndefined<Vec<GlobalId>>;
        /// The colleague who is responsible; only its owner hands it over, or who sees all opportunities.
        P owner_id: MaybeUndefined<GlobalId>;
        /// What it may cost in all.
        M budget: MaybeUndefined<MoneyInput>;
        /// Notes for those who run it.
        T description: MaybeUndefined<String>;
    }
    plain {
        /// Which campaign.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createCampaign` answers.
    CreateCampaignPayload {
        /// The new campaign; null if it was refused.
        campaign: Campaign
    }
}

payload! {
    /// What `updateCampaign` answers.
    UpdateCampaignPayload {
        /// The changed campaign; null if it was refused.
        campaign: Campaign
    }
}

/// Creates a campaign.
pub async fn create(cx: &Cx, input: CreateCampaignInput) -> Result<Campaign> {
    let written = input.written();
    let CreateCampaignInput {
        name,
        r#type,
        code,
        status,
        objective,
        market_problem,
        message,
        parent_id,
        start_date,
        end_date,
        target_industry_ids,
        budget,
        description,
    } = input;
    let (budget_minor, currency) = budget.map(|money| money.into_price("budget")).transpose()?.unzip();
    let mut work = Work::begin(cx).await?;
    let row = work
        .insert::<campaign::Entity>(campaign::ActiveModel {
            name: Set(text("name", name, 255)?),
            campaign_type: Set(r#type),
            code: Set(code.map(|code| text("code", code, 255)).transpose()?),
            status: Set(status.unwrap_or(CampaignStatus::Planned)),
            objective: Set(words("objective", objective, MAX_TEXT)?),
            market_problem: Set(words("marketProblem", market_problem, MAX_TEXT)?),
            message: Set(words("message", message, MAX_TEXT)?),
            parent_id: Set(work.refer_opt::<campaign::Entity>("parentId", parent_id).await?),
            start_date: Set(start_date),
            end_date: Set(end_date),
            budget_minor: Set(budget_minor),
            currency: Set(currency),
            owner_id: Set(cx.caller.colleague),
            description: Set(words("description", description, MAX_TEXT)?),
            ..Default::default()
        })
        .await
        .map_err(duplicate_code)?;
    in_order(&row)?;
    aim(&mut work, cx, &row, target_industry_ids.unwrap_or_default()).await?;
    let seen = work.reached::<campaign::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Campaign(seen))
}

/// Changes a campaign.
pub async fn update(cx: &Cx, input: UpdateCampaignInput) -> Result<Campaign> {
    let written = input.written();
    let UpdateCampaignInput {
        id,
        if_version,
        name,
        r#type,
        code,
        status,
        objective,
        market_problem,
        message,
        parent_id,
        start_date,
        end_date,
        target_industry_ids,
        owner_id,
        budget,
        description,
    } = input;
    let id = id.named("id", Kind::Campaign)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<campaign::Entity>(id, if_version, &written).await?;
    let (budget_minor, currency) = price_patch("budget", budget)?;
    let parent_id = work.refer_patch::<campaign::Entity>("parentId", parent_id).await?;
    if parent_id == Set(Some(id)) {
        return Err(Error::invalid("parentId", "a campaign cannot be part of itself"));
    }
    let aims = !target_industry_ids.is_undefined();
    let owner_id = ground::owner_patch(&work, "ownerId", seen.row().owner_id, owner_id).await?;
    // Its owner sees the money of the deals that it brought: only who has it gives that on.
    let owns = cx.caller.colleague.is_some() && cx.caller.colleague == seen.row().owner_id;
    if matches!(&owner_id, Set(owner) if *owner != seen.row().owner_id) && !owns && !sees_all_deals(&cx.caller) {
        return Err(Error::forbidden("ownerId"));
    }
    let row = campaign::ActiveModel {
        name: match patch_required("name", name)? {
            Set(name) => Set(text("name", name, 255)?),
            other => other,
        },
        campaign_type: patch_required("type", r#type)?,
        code: match patch(code) {
            Set(Some(code)) => Set(Some(text("code", code, 255)?)),
            other => other,
        },
        status: patch_required("status", status)?,
        objective: patch_words("objective", objective, MAX_TEXT)?,
        market_problem: patch_words("marketProblem", market_problem, MAX_TEXT)?,
        message: patch_words("message", message, MAX_TEXT)?,
        parent_id,
        start_date: patch(start_date),
        end_date: patch(end_date),
        owner_id,
        budget_minor,
        currency,
        description: patch_words("description", description, MAX_TEXT)?,
        // The industries are rows of their own; the campaign's version rises with them.
        updated_at: if aims { Set(work.now()) } else { NotSet },
        ..Default::default()
    };
    let row = work.update::<campaign::Entity>(&seen, row).await.map_err(duplicate_code)?;
    in_order(&row)?;
    if aims {
        work.unlink::<campaign_industry::Entity>(campaign_industry::Column::CampaignId.eq(id)).await?;
        aim(&mut work, cx, &row, target_industry_ids.take().unwrap_or_default()).await?;
        let fields = vec!["target_industries".to_owned()];
        work.record(Event::of::<campaign::Entity>(EventKind::RecordUpdated, &row, Payload::Record { fields }));
    }
    let seen = work.reached::<campaign::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Campaign(seen))
}

/// Links a campaign to the industries that it aims at.
async fn aim(work: &mut Work<'_>, cx: &Cx, row: &campaign::Model, industries: Vec<GlobalId>) -> Result<()> {
    const PATH: &str = "targetIndustryIds";
    if industries.len() > 100 {
        return Err(Error::invalid(PATH, "at most 100 industries"));
    }
    let mut ids = industries
        .into_iter()
        .map(|id| id.named("targetIndustryIds", Kind::Industry))
        .collect::<Result<Vec<Uuid>>>()?;
    ids.sort_unstable();
    ids.dedup();
    let found = cx.caller.rows::<industry::Entity>().by_ids(ids.iter().copied()).all(work.tx()).await?;
    if found.len() != ids.len() {
        return Err(Error::missing(PATH));
    }
    let links = ids.into_iter().map(|industry_id| campaign_industry::ActiveModel {
        tenant_id: NotSet,
        campaign_id: Set(row.id),
        industry_id: Set(industry_id),
    });
    work.insert_technical::<campaign_industry::Entity>(links.collect()).await
}

fn in_order(row: &campaign::Model) -> Result<()> {
    match (row.start_date, row.end_date) {
        (Some(start), Some(end)) if end < start => Err(Error::invalid("endDate", "a campaign ends after it starts")),
        _ => Ok(()),
    }
}

/// The code is unique in the tenant; the key decides, not a look before.
fn duplicate_code(error: Error) -> Error {
    match &error {
        Error::Internal(cause) if cause.downcast_ref::<DbErr>().is_some_and(is_duplicate) => {
            Error::user(UserErrorCode::Duplicate, "code", "another campaign has this code")
        }
        _ => error,
    }
}

/// Changing campaigns.
#[derive(Default)]
pub struct CampaignMutation;

#[Object]
impl CampaignMutation {
    /// Creates a campaign; whoever creates it owns it.
    #[graphql(directive = access::apply("Campaign".into(), "P".into(), true))]
    async fn create_campaign(&self, ctx: &Context<'_>, input: CreateCampaignInput) -> Result<CreateCampaignPayload> {
        let cx = Cx::of(ctx);
        CreateCampaignPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a campaign.
    #[graphql(directive = access::apply("Campaign".into(), "P".into(), true))]
    async fn update_campaign(&self, ctx: &Context<'_>, input: UpdateCampaignInput) -> Result<UpdateCampaignPayload> {
        let cx = Cx::of(ctx);
        UpdateCampaignPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
