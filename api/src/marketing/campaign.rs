//! The campaign: what the company says to the market, and the market's problem that it answers.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, InputObject, Object};
use chrono::NaiveDate;
use entities::{
    account::{colleague, industry},
    codes::{CampaignStatus, CampaignType},
    marketing::{campaign, campaign_cost, campaign_industry, content_asset, handover, lead, lesson, touchpoint},
    sales::{opportunity, requirement},
};
use sea_orm::{ColumnTrait, QueryFilter};
use uuid::Uuid;

use super::{CampaignCost, ContentAsset, Handover, Lead, Lesson, Touchpoint};
use crate::{
    account::{Colleague, Industry},
    graph::{Cx, Direction, GlobalId, Key, Kind, List, Money, PageArgs, Result, contains, cost, list, one},
    journey::timeline,
    object,
    policy::{Class, access},
    sales::{Opportunity, Requirement},
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
        /// The source's own fields that have no column here, as they came.
        T custom: async_graphql::Json<serde_json::Value> = |row| async_graphql::Json(row.custom.clone());
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
    edges {
        /// The industries that it aims at; empty: at no special one.
        #[graphql(directive = access::apply("Campaign".into(), "P".into(), false))]
        pub async fn target_industries(&self, ctx: &Context<'_>) -> Result<Vec<Industry>> {
            let cx = Cx::of(ctx);
            let Some(campaign) = self.0.read(Class::P, "target_industries", |row| row.id) else { return Ok(Vec::new()) };
            let ids = cx.load(IndustriesOfCampaign(campaign)).await?.unwrap_or_default();
            let found = futures::future::try_join_all(ids.iter().map(|id| one::<industry::Entity, Industry>(cx, *id)));
            Ok(found.await?.into_iter().flatten().collect())
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
        let links = links.filter(campaign_industry::Column::CampaignId.is_in(campaigns)).all(cx.store.db()).await?;
        let mut industries: HashMap<Self, Vec<Uuid>> = HashMap::new();
        for link in links {
            industries.entry(IndustriesOfCampaign(link.campaign_id)).or_default().push(link.industry_id);
        }
        Ok(industries.into_iter().map(|(key, ids)| (key, Arc::new(ids))).collect())
    }
}

/// Which campaigns to list.
#[derive(Clone, Debug, Default, InputObject)]
pub struct CampaignFilter {
    /// Those that stand so.
    pub status: Option<CampaignStatus>,
    /// Part of the name, whatever the case.
    pub name: Option<String>,
}

/// The campaigns that the caller may see, oldest first.
pub async fn campaigns(cx: &Cx, filter: Option<CampaignFilter>, args: PageArgs) -> Result<List<Campaign>> {
    let CampaignFilter { status, name } = filter.unwrap_or_default();
    let mut rows = cx.caller.rows::<campaign::Entity>();
    if let Some(status) = status {
        rows = rows.filter(campaign::Column::Status.eq(status));
    }
    if let Some(name) = name {
        rows = rows.filter(contains(campaign::Column::Name, &name));
    }
    list(cx, rows, args, Direction::Rising).await
}

/// Reading campaigns.
#[derive(Default)]
pub struct CampaignQuery;

#[Object]
impl CampaignQuery {
    /// One campaign; null if there is none that you may see.
    #[graphql(directive = access::apply("Campaign".into(), "*".into(), false))]
    async fn campaign(&self, ctx: &Context<'_>, id: GlobalId) -> Result<Option<Campaign>> {
        one::<campaign::Entity, _>(Cx::of(ctx), id.expect(Kind::Campaign)?).await
    }

    /// The campaigns that you may see, oldest first.
    #[graphql(directive = access::apply("Campaign".into(), "*".into(), false), complexity = "cost(first, last, child_complexity)")]
    async fn campaigns(
        &self,
        ctx: &Context<'_>,
        filter: Option<CampaignFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Campaign>> {
        campaigns(Cx::of(ctx), filter, PageArgs::new(first, after, last, before)).await
    }
}
