//! What a campaign costs.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::NaiveDate;
use entities::{
    codes::CostKind,
    marketing::{campaign, campaign_cost, channel},
};
use sea_orm::{ActiveValue::NotSet, Set};

use super::{Campaign, Channel};
use crate::{
    graph::{
        AnyOf, Cx, DateFilter, Error, GlobalId, Ids, Kind, Money, MoneyFilter, MoneyInput, Result, patch_required,
    },
    input,
    journey::{Work, attempt},
    listed, object, payload,
    policy::access,
    removal,
};

object! {
    /// Money spent on a campaign, spread evenly over its days.
    CampaignCost(campaign_cost::Entity) as CampaignCost, id CampaignCost {
        /// The first day.
        P date_from: NaiveDate = |row| row.date_from;
        /// The last day, included.
        P date_to: NaiveDate = |row| row.date_to;
        /// What it bought.
        P kind: CostKind = |row| row.kind;
        /// How much.
        M amount: Money = |row| Money::from_minor(row.amount_minor, &row.currency);
    }
    refs {
        /// What it was spent for.
        P campaign: Campaign = campaign::Entity, |row| row.campaign_id;
        /// Through which channel; null when it served all.
        P channel: Channel = channel::Entity, |row| row.channel_id;
    }
}

input! {
    /// Money spent on a campaign.
    AddCampaignCostInput for CampaignCost {
        /// What for.
        P campaign_id: GlobalId;
        /// Through which channel; absent when it served all.
        P channel_id: Option<GlobalId>;
        /// The first day.
        P date_from: NaiveDate;
        /// The last day, included.
        P date_to: NaiveDate;
        /// What it bought.
        P kind: CostKind;
        /// How much, not below zero.
        M amount: MoneyInput;
    }
}

payload! {
    /// What `addCampaignCost` answers.
    AddCampaignCostPayload {
        /// The new cost; null if it was refused.
        campaign_cost: CampaignCost
    }
}

input! {
    /// A correction of a cost: absent leaves, null clears.
    UpdateCampaignCostInput for CampaignCost {
        /// Through which channel; null when it served all.
        P channel_id: MaybeUndefined<GlobalId>;
        /// The first day.
        P date_from: MaybeUndefined<NaiveDate>;
        /// The last day, included; not before the first.
        P date_to: MaybeUndefined<NaiveDate>;
        /// What it bought.
        P kind: MaybeUndefined<CostKind>;
        /// How much, not below zero.
        M amount: MaybeUndefined<MoneyInput>;
    }
    plain {
        /// Which cost.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `updateCampaignCost` answers.
    UpdateCampaignCostPayload {
        /// The corrected cost; null if it was refused.
        campaign_cost: CampaignCost
    }
}

/// Adds a cost.
pub async fn add(cx: &Cx, input: AddCampaignCostInput) -> Result<CampaignCost> {
    let written = input.written();
    let AddCampaignCostInput { campaign_id, channel_id, date_from, date_to, kind, amount } = input;
    if date_to < date_from {
        return Err(Error::invalid("dateTo", "the last day is not before the first"));
    }
    let (amount_minor, currency) = amount.into_price("amount")?;
    let mut work = Work::begin(cx).await?;
    let campaign = work.refer::<campaign::Entity>("campaignId", campaign_id).await?;
    let row = work
        .insert::<campaign_cost::Entity>(campaign_cost::ActiveModel {
            campaign_id: Set(campaign.row().id),
            channel_id: Set(work.refer_opt::<channel::Entity>("channelId", channel_id).await?),
            date_from: Set(date_from),
            date_to: Set(date_to),
            amount_minor: Set(amount_minor),
            currency: Set(currency),
            kind: Set(kind),
            ..Default::default()
        })
        .await?;
    let seen = work.reached::<campaign_cost::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(CampaignCost(seen))
}

/// Corrects a cost.
pub async fn update(cx: &Cx, input: UpdateCampaignCostInput) -> Result<CampaignCost> {
    let written = input.written();
    let UpdateCampaignCostInput { id, if_version, channel_id, date_from, date_to, kind, amount } = input;
    let id = id.named("id", Kind::CampaignCost)?;
    let (amount_minor, currency) = match amount {
        MaybeUndefined::Undefined => (NotSet, NotSet),
        MaybeUndefined::Null => return Err(Error::invalid("amount", "this cannot be cleared")),
        MaybeUndefined::Value(money) => {
            let (minor, currency) = money.into_price("amount")?;
            (Set(minor), Set(currency))
        }
    };
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<campaign_cost::Entity>(id, if_version, &written).await?;
    let row = campaign_cost::ActiveModel {
        channel_id: work.refer_patch::<channel::Entity>("channelId", channel_id).await?,
        date_from: patch_required("dateFrom", date_from)?,
        date_to: patch_required("dateTo", date_to)?,
        kind: patch_required("kind", kind)?,
        amount_minor,
        currency,
        ..Default::default()
    };
    let row = work.update::<campaign_cost::Entity>(&seen, row).await?;
    if row.date_to < row.date_from {
        return Err(Error::invalid("dateTo", "the last day is not before the first"));
    }
    let seen = work.reached::<campaign_cost::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(CampaignCost(seen))
}

/// Changing costs.
#[derive(Default)]
pub struct CostMutation;

#[Object]
impl CostMutation {
    /// Records money spent on a campaign.
    #[graphql(directive = access::apply("CampaignCost".into(), "M".into(), true))]
    async fn add_campaign_cost(
        &self,
        ctx: &Context<'_>,
        input: AddCampaignCostInput,
    ) -> Result<AddCampaignCostPayload> {
        let cx = Cx::of(ctx);
        AddCampaignCostPayload::of(attempt(|| add(cx, input.clone())).await)
    }

    /// Corrects what was recorded.
    #[graphql(directive = access::apply("CampaignCost".into(), "P".into(), true))]
    async fn update_campaign_cost(
        &self,
        ctx: &Context<'_>,
        input: UpdateCampaignCostInput,
    ) -> Result<UpdateCampaignCostPayload> {
        let cx = Cx::of(ctx);
        UpdateCampaignCostPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}

listed! {
    /// One cost; null if there is none that you may see.
    campaign_cost,
    /// The costs that you may see, newest first unless sorted.
    campaign_costs: CampaignCost(campaign_cost::Entity) as CampaignCost, id CampaignCost, Falling;
    query CampaignCostQuery, filter CampaignCostFilter, sort CampaignCostSort {
        /// By campaign.
        P campaign_id: Ids = CampaignId, of Campaign;
        /// By channel.
        P channel_id: Ids = ChannelId, of Channel;
        /// By what it bought.
        P kind: AnyOf<CostKind> = Kind;
        /// By its first day.
        P date_from: DateFilter = DateFrom;
        /// By its last day.
        P date_to: DateFilter = DateTo;
        /// By amount.
        M amount: MoneyFilter = AmountMinor, in Currency;
    }
}

removal! {
    /// Takes a cost away that was entered by mistake.
    delete_campaign_cost: campaign_cost::Entity as CampaignCost, class M amount;
    mutation CampaignCostRemoval, input DeleteCampaignCostInput, payload DeleteCampaignCostPayload;
}
