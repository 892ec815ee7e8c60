//! The campaign: what the company says to the market, and the market's problem that it answers.

use std::{collections::HashMap, sync::Arc};

use async_graphql::Context;
use chrono::NaiveDate;
use entities::{
    account::{colleague, industry},
    codes::{CampaignStatus, CampaignType},
    marketing::{campaign, campaign_cost, campaign_industry, content_asset, handover, lead, lesson, touchpoint},
    sales::{opportunity, requirement},
};
use sea_orm::{ColumnTrait, QueryFilter};
use uuid::Uuid;

use super::{
    CampaignCost, ContentAsset, Handover, Lead, Lesson, Touchpoint,
    figures::{Acceptance, CostOfCampaign, LeadCount, LeadsOfCampaign, OffersOfCampaign, Reach, ReachOfCampaign},
};
use crate::{
    account::{Colleague, Industry},
    custom,
    graph::{AnyOf, Cx, DateFilter, Ids, Key, Money, MoneyFilter, Result, TextFilter, one},
    journey::timeline,
    listed, object,
    policy::{Class, access},
    removal,
    sales::{Opportunity, Requirement},
    teamwork,
};

object! {
    /// A campaign: what the company says to the market, through which channels, and the problem of the market that it answers.
    Campaign(campaign::Entity) as Campaign, id Campaign {
        /// What `utm_campaign` carries, unique in the tenant; null where links are not tagged.
        P code: String = |row| row.code.clone();
        /// What people call it.
        P name: String = |row| row.name.clone();
        /// What sort it is: ADVERTISING, TRADE_FAIR, OUTBOUND …
        P r#type: CampaignType = |row| row.campaign_type;
        /// What it is to achieve.
        P objective: String = |row| row.objective.clone();
        /// The problem of the market that it answers.
        P market_problem: String = |row| row.market_problem.clone();
        /// What it says.
        P message: String = |row| row.message.clone();
        /// Where it stands.
        P status: CampaignStatus = |row| row.status;
        /// Its first day; null while it is not planned.
        P start_date: NaiveDate = |row| row.start_date;
        /// Its last day, included; null for one without an end.
        P end_date: NaiveDate = |row| row.end_date;
        /// What it may cost in all; null where nobody said so. What it did cost: `costs`.
        M budget: Money = |row| {
            row.budget_minor.map(|minor| Money::from_minor(minor, row.currency.as_deref().unwrap_or("EUR")))
        };
        /// Notes for those who run it.
        T description: String = |row| row.description.clone();
    }
    refs {
        /// The colleague who is responsible; null while nobody is.
        P owner: Colleague = colleague::Entity, |row| row.owner_id;
        /// The campaign that it is part of; null for one of its own.
        P parent: Campaign = campaign::Entity, |row| row.parent_id;
    }
    lists {
        /// Its parts, oldest first.
        children: Campaign = campaign::Entity, campaign::Column::ParentId, Rising;
        /// The touches that it made, newest first.
        touchpoints: Touchpoint = touchpoint::Entity, touchpoint::Column::CampaignId, Falling;
        /// The leads that it made, newest first.
        leads: Lead = lead::Entity, lead::Column::CampaignId, Falling;
        /// What was handed over from it, and what became of it, newest first.
        handovers: Handover = handover::Entity, handover::Column::CampaignId, Falling;
        /// What was spent on it, newest first.
        costs: CampaignCost = campaign_cost::Entity, campaign_cost::Column::CampaignId, Falling;
        /// The content that was made for it.
        content_assets: ContentAsset = content_asset::Entity, content_asset::Column::CampaignId, Rising;
        /// The opportunities that it is the first campaign of, newest first.
        opportunities: Opportunity = opportunity::Entity, opportunity::Column::PrimaryCampaignId, Falling;
        /// What customers said that they need, and that this campaign answers, newest first.
        requirements: Requirement = requirement::Entity, requirement::Column::CampaignId, Falling;
        /// What its rejections taught, newest first.
        lessons: Lesson = lesson::Entity, lesson::Column::CampaignId, Falling;
        /// The lessons of earlier campaigns that it took up, newest first.
        lessons_applied: Lesson = lesson::Entity, lesson::Column::AppliedToCampaignId, Falling;
    }
    timeline Campaign;
    custom_fields Campaign raw T;
    teamwork Campaign;
    edges {
        /// The industries that it aims at, at most 100; empty: at no special one.
        #[graphql(directive = access::apply("Campaign".into(), "P".into(), false))]
        pub async fn target_industries(&self, ctx: &Context<'_>) -> Result<Vec<Industry>> {
            let cx = Cx::of(ctx);
            let Some(campaign) = self.0.read(Class::P, "target_industries", |row| row.id) else { return Ok(Vec::new()) };
            let ids = cx.load(IndustriesOfCampaign(campaign)).await?.unwrap_or_default();
            let found = futures::future::try_join_all(ids.iter().map(|id| one::<industry::Entity, Industry>(cx, *id)));
            Ok(found.await?.into_iter().flatten().collect())
        }

        /// What it cost: the sum of `costs`, at most one amount for each currency, in the order of their codes; empty for nothing yet.
        #[graphql(directive = access::apply("CampaignCost".into(), "M".into(), false))]
        pub async fn cost(&self, ctx: &Context<'_>) -> Result<Vec<Money>> {
            let sums = Cx::of(ctx).load(CostOfCampaign(self.0.row().id)).await?;
            Ok(sums.map(|sums| sums.to_vec()).unwrap_or_default())
        }

        /// Whom it reached, counted over the touches that you may see.
        #[graphql(directive = access::apply("Touchpoint".into(), "P".into(), false))]
        pub async fn reach(&self, ctx: &Context<'_>) -> Result<Reach> {
            Ok(Cx::of(ctx).load(ReachOfCampaign(self.0.row().id)).await?.unwrap_or_default())
        }

        /// Where its leads stand: every status once, at most 7, in the order of the way, counted over the leads that you may see.
        #[graphql(directive = access::apply("Lead".into(), "P".into(), false))]
        pub async fn lead_counts(&self, ctx: &Context<'_>) -> Result<Vec<LeadCount>> {
            LeadsOfCampaign(self.0.row().id).funnel(Cx::of(ctx)).await
        }

        /// How sales received its leads, counted over the handovers from marketing to sales that you may see.
        #[graphql(directive = access::apply("Handover".into(), "P".into(), false))]
        pub async fn acceptance(&self, ctx: &Context<'_>) -> Result<Acceptance> {
            OffersOfCampaign(self.0.row().id).acceptance(Cx::of(ctx)).await
        }
    }
}

/// The industries that a campaign aims at.
#[derive(Clone, PartialEq, Eq, Hash)]
struct IndustriesOfCampaign(Uuid);

impl Key for IndustriesOfCampaign {
    type Value = Arc<Vec<Uuid>>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let links = cx.caller.links::<campaign_industry::Entity>();
        let campaigns = keys.iter().map(|key| key.0);
        let links = links.filter(campaign_industry::Column::CampaignId.is_in(campaigns)).all(&cx.db()).await?;
        let mut industries: HashMap<Self, Vec<Uuid>> = HashMap::new();
        for link in links {
            industries.entry(IndustriesOfCampaign(link.campaign_id)).or_default().push(link.industry_id);
        }
        Ok(industries.into_iter().map(|(key, ids)| (key, Arc::new(ids))).collect())
    }
}

listed! {
    /// One campaign; null if there is none that you may see.
    campaign,
    /// The campaigns that you may see, oldest first unless sorted.
    campaigns: Campaign(campaign::Entity) as Campaign, id Campaign, Rising;
    query CampaignQuery, filter CampaignFilter, sort CampaignSort custom {
        /// By name.
        P name: TextFilter = Name;
        /// By what `utm_campaign` carries.
        P code: TextFilter = Code;
        /// By sort.
        P r#type: AnyOf<CampaignType> = CampaignType;
        /// By where it stands.
        P status: AnyOf<CampaignStatus> = Status;
        /// By the campaign that it is part of.
        P parent_id: Ids = ParentId, of Campaign;
        /// By its first day.
        P start_date: DateFilter = StartDate;
        /// By its last day.
        P end_date: DateFilter = EndDate;
        /// By what it may cost.
        M budget: MoneyFilter = BudgetMinor, in Currency;
        /// By the colleague who is responsible.
        P owner_id: Ids = OwnerId, of Colleague;
    }
}

removal! {
    /// Takes a campaign out of the lists. What it made stays.
    delete_campaign: campaign::Entity as Campaign, class P name;
    mutation CampaignRemoval, input DeleteCampaignInput, payload DeleteCampaignPayload;
}
