//! Marketing's desk: its work lists, and what the other disciplines answered.

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, industry},
    codes::HandoverOutcome,
    marketing::{campaign, handover, lead, lesson},
    sales::requirement,
};
use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, ExprTrait},
};

use super::{
    Campaign, Handover, Lead, Lesson,
    campaign::{CampaignFilter, CampaignSort},
    figures::{self, Acceptance, LeadCount},
    lead::{LeadFilter, LeadSort},
};
use crate::{
    account::{
        Industry,
        industry::{IndustryFilter, IndustrySort},
    },
    graph::{Cx, Direction, GlobalId, Kind, List, PageArgs, Result, SortDirection, list, listed},
    policy::access,
    sales::Requirement,
};

/// Marketing's desk.
#[derive(Clone, Copy, Debug, Default)]
pub struct MarketingDesk;

/// Marketing's desk: its work lists, and what the other disciplines answered.
#[Object]
impl MarketingDesk {
    /// The campaigns, oldest first unless sorted.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(directive = access::apply("Campaign".into(), "*".into(), false))]
    async fn campaigns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which campaigns.")] filter: Option<CampaignFilter>,
        #[graphql(desc = "In which order.")] sort: Option<CampaignSort>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Campaign>> {
        let cx = Cx::of(ctx);
        let rows = cx.caller.rows::<campaign::Entity>();
        listed(cx, rows, filter, sort, PageArgs::new(first, after, last, before), Direction::Rising).await
    }

    /// The leads, newest first unless sorted. `filter: { status: NEW }` leaves those that marketing works on.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(directive = access::apply("Lead".into(), "*".into(), false))]
    async fn leads(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which leads.")] filter: Option<LeadFilter>,
        #[graphql(desc = "In which order.")] sort: Option<LeadSort>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Lead>> {
        let cx = Cx::of(ctx);
        let rows = cx.caller.rows::<lead::Entity>();
        listed(cx, rows, filter, sort, PageArgs::new(first, after, last, before), Direction::Falling).await
    }

    /// The handovers that you offered, and what became of them, newest first.
    #[graphql(directive = access::apply("Handover".into(), "*".into(), false))]
    async fn handovers_sent(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "True: those that wait for a decision; false: those that are decided; absent: all.")]
        open: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Handover>> {
        let cx = Cx::of(ctx);
        let mine = match cx.caller.colleague {
            Some(colleague) => handover::Column::FromId.eq(colleague),
            None => Expr::val(1).eq(0),
        };
        let mut rows = cx.caller.rows::<handover::Entity>().filter(mine);
        rows = match open {
            Some(true) => rows.filter(handover::Column::Outcome.is_null()),
            Some(false) => rows.filter(handover::Column::Outcome.is_not_null()),
            None => rows,
        };
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Falling).await
    }

    /// What was rejected or given back, by whomever it was offered, with the reason: what the next campaign learns from.
    /// Newest first.
    #[graphql(directive = access::apply("Handover".into(), "*".into(), false))]
    async fn rejected_handovers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this campaign only.")] campaign_id: Option<GlobalId>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Handover>> {
        let cx = Cx::of(ctx);
        let refused = [HandoverOutcome::Rejected, HandoverOutcome::Returned];
        let mut rows = cx.caller.rows::<handover::Entity>().filter(handover::Column::Outcome.is_in(refused));
        if let Some(campaign) = campaign_id {
            rows = rows.filter(handover::Column::CampaignId.eq(campaign.expect(Kind::Campaign)?));
        }
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Falling).await
    }

    /// Where the leads stand: every status once, at most 7, in the order of the way, counted over the leads that you may see.
    #[graphql(directive = access::apply("Lead".into(), "P".into(), false))]
    async fn lead_counts(&self, ctx: &Context<'_>) -> Result<Vec<LeadCount>> {
        figures::all_leads(Cx::of(ctx)).await
    }

    /// How sales received what marketing offered, counted over the handovers that you may see. Offers belong to the time at
    /// which they were made.
    #[graphql(directive = access::apply("Handover".into(), "P".into(), false))]
    async fn acceptance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Offered at this moment or later.")] from: Option<DateTime<Utc>>,
        #[graphql(desc = "Offered before this moment.")] to: Option<DateTime<Utc>>,
    ) -> Result<Acceptance> {
        let cx = Cx::of(ctx);
        let mut rows = cx.caller.rows::<handover::Entity>();
        if let Some(from) = from {
            rows = rows.filter(handover::Column::OfferedAt.gte(from));
        }
        if let Some(to) = to {
            rows = rows.filter(handover::Column::OfferedAt.lt(to));
        }
        figures::acceptance(cx, rows).await
    }

    /// The industries in which you see an account, each with how many customers, people, leads and needs there are: `segment`. By
    /// code unless sorted.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(directive = access::apply("Account".into(), "P".into(), false))]
    async fn segments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which industries.")] filter: Option<IndustryFilter>,
        #[graphql(desc = "In which order.")] sort: Option<IndustrySort>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Industry>> {
        let cx = Cx::of(ctx);
        let served = account::Column::IndustryId;
        let of_accounts = cx.caller.rows::<account::Entity>().filter(served.is_not_null()).into_column(served);
        let rows = cx.caller.rows::<industry::Entity>();
        let rows = rows.filter(industry::Column::Id.in_subquery(of_accounts));
        let by_code = IndustrySort { code: Some(SortDirection::Asc), ..IndustrySort::default() };
        let args = PageArgs::new(first, after, last, before);
        listed(cx, rows, filter, Some(sort.unwrap_or(by_code)), args, Direction::Rising).await
    }

    /// The lessons, newest first.
    #[graphql(directive = access::apply("Lesson".into(), "*".into(), false))]
    async fn lessons(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Lesson>> {
        let cx = Cx::of(ctx);
        list(cx, cx.caller.rows::<lesson::Entity>(), PageArgs::new(first, after, last, before), Direction::Falling)
            .await
    }

    /// What customers said in meetings that they need: the voice of the market on its way back. Newest first.
    #[graphql(directive = access::apply("Meeting".into(), "*".into(), false))]
    async fn requirements_heard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this industry only.")] industry_id: Option<GlobalId>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Requirement>> {
        let cx = Cx::of(ctx);
        let mut rows = cx.caller.rows::<requirement::Entity>();
        if let Some(industry) = industry_id {
            rows = rows.filter(requirement::Column::IndustryId.eq(industry.expect(Kind::Industry)?));
        }
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Falling).await
    }
}

/// The way to the desk.
#[derive(Default)]
pub struct MarketingQuery;

#[Object]
impl MarketingQuery {
    /// Marketing's desk, for those who see what campaigns cost: marketing, manager, integrator, admin.
    #[graphql(directive = access::apply("CampaignCost".into(), "P".into(), false))]
    async fn marketing(&self) -> MarketingDesk {
        MarketingDesk
    }
}
