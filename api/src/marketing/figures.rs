//! What came of campaigns, in figures: their cost, whom they reached, what became of their leads, how sales received them. Each
//! figure of a page of campaigns is one statement, over the rows that the caller sees.

use std::{collections::HashMap, sync::Arc};

use async_graphql::SimpleObject;
use entities::{
    codes::{HandoverBoundary, HandoverOutcome, LeadStatus, ReasonCode},
    marketing::{campaign_cost, handover, lead, touchpoint},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryResult,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use crate::{
    graph::{Cx, Key, Money, Ratio, Result, count, counted, sum_of, summed},
    policy::{Class, Rows},
};

/// What a campaign cost.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CostOfCampaign(pub Uuid);

impl Key for CostOfCampaign {
    type Value = Arc<Vec<Money>>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        use campaign_cost::Column;
        let rows = cx.caller.rows::<campaign_cost::Entity>();
        let rows = rows.filter(Column::CampaignId.is_in(keys.iter().map(|key| key.0))).into_fields(
            &cx.caller,
            &[
                ("campaign", Class::P, "campaign", Column::CampaignId),
                ("minor", Class::M, "amount", Column::AmountMinor),
                ("currency", Class::M, "amount", Column::Currency),
            ],
        );
        let mut sums: HashMap<Uuid, Vec<Money>> = HashMap::new();
        for row in cx.db().query_all(&summed(rows, &["campaign", "currency"])).await? {
            if let (Some(campaign), Some(sum)) = (row.try_get("", "campaign")?, sum_of(&row)?) {
                sums.entry(campaign).or_default().push(sum);
            }
        }
        let sorted = |mut sums: Vec<Money>| {
            sums.sort_by(|a, b| a.currency.cmp(&b.currency));
            Arc::new(sums)
        };
        Ok(sums.into_iter().map(|(campaign, sums)| (CostOfCampaign(campaign), sorted(sums))).collect())
    }
}

/// Whom a campaign reached.
#[derive(Clone, Copy, Debug, Default, SimpleObject)]
pub struct Reach {
    /// How many touches there were.
    pub touches: i32,
    /// How many different contacts were touched.
    pub contacts: i32,
    /// How many different visitors were touched before a name was known. Somebody who came on two devices is two.
    pub visitors: i32,
    /// Contacts and visitors together.
    pub persons: i32,
}

/// Whom a campaign reached.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ReachOfCampaign(pub Uuid);

impl Key for ReachOfCampaign {
    type Value = Reach;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        use touchpoint::Column;
        let rows = cx.caller.rows::<touchpoint::Entity>();
        let rows = rows.filter(Column::CampaignId.is_in(keys.iter().map(|key| key.0))).into_fields(
            &cx.caller,
            &[
                ("campaign", Class::P, "campaign", Column::CampaignId),
                ("contact", Class::P, "contact", Column::ContactId),
                ("visitor", Class::P, "visitor", Column::VisitorId),
            ],
        );
        let nameless: Expr = Expr::case(Expr::col("contact").is_null(), Expr::col("visitor")).into();
        let select = counted(rows, &["campaign"])
            .expr_as(Expr::col("contact").count_distinct(), "contacts")
            .expr_as(nameless.count_distinct(), "visitors")
            .to_owned();
        let mut reached = HashMap::new();
        for row in cx.db().query_all(&select).await? {
            let Some(campaign) = row.try_get("", "campaign")? else { continue };
            let number = |column: &str| row.try_get::<i64>("", column);
            let (contacts, visitors) = (number("contacts")?, number("visitors")?);
            let reach = Reach {
                touches: count(number("n")?),
                contacts: count(contacts),
                visitors: count(visitors),
                persons: count(contacts + visitors),
            };
            reached.insert(ReachOfCampaign(campaign), reach);
        }
        Ok(reached)
    }
}

/// How many leads stand at one place of their way.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct LeadCount {
    /// Where they stand.
    pub status: LeadStatus,
    /// How many.
    pub count: i32,
}

/// Every status once, in the order of the way; 0 where there is no lead.
fn funnel(lines: &[(LeadStatus, i64)]) -> Vec<LeadCount> {
    let of = |status: LeadStatus| lines.iter().filter(|line| line.0 == status).map(|line| line.1).sum();
    LeadStatus::ALL.iter().map(|status| LeadCount { status: *status, count: count(of(*status)) }).collect()
}

/// What became of a campaign's leads.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LeadsOfCampaign(pub Uuid);

impl LeadsOfCampaign {
    /// The funnel of a campaign.
    pub async fn funnel(self, cx: &Cx) -> Result<Vec<LeadCount>> {
        Ok(funnel(&cx.load(self).await?.unwrap_or_default()))
    }
}

impl Key for LeadsOfCampaign {
    type Value = Arc<Vec<(LeadStatus, i64)>>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        use lead::Column;
        let rows = cx.caller.rows::<lead::Entity>().filter(Column::CampaignId.is_in(keys.iter().map(|key| key.0)));
        let fields =
            [("campaign", Class::P, "campaign", Column::CampaignId), ("status", Class::P, "status", Column::Status)];
        let select = counted(rows.into_fields(&cx.caller, &fields), &["campaign", "status"]);
        let mut lines: HashMap<Uuid, Vec<(LeadStatus, i64)>> = HashMap::new();
        for row in cx.db().query_all(&select).await? {
            if let (Some(campaign), Some(status)) = (row.try_get("", "campaign")?, row.try_get("", "status")?) {
                lines.entry(campaign).or_default().push((status, row.try_get("", "n")?));
            }
        }
        Ok(lines.into_iter().map(|(campaign, lines)| (LeadsOfCampaign(campaign), Arc::new(lines))).collect())
    }
}

/// What became of all leads that the caller sees.
pub(super) async fn all_leads(cx: &Cx) -> Result<Vec<LeadCount>> {
    let fields = [("status", Class::P, "status", lead::Column::Status)];
    let select = counted(cx.caller.rows::<lead::Entity>().into_fields(&cx.caller, &fields), &["status"]);
    let mut lines = Vec::new();
    for row in cx.db().query_all(&select).await? {
        if let Some(status) = row.try_get("", "status")? {
            lines.push((status, row.try_get("", "n")?));
        }
    }
    Ok(funnel(&lines))
}

/// How often a reason was given.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ReasonCount {
    /// Why something was rejected.
    pub reason: ReasonCode,
    /// How many rejections gave it.
    pub count: i32,
}

/// How sales received what marketing offered. The unit is the offer: a lead that was offered twice counts twice. An offer stands
/// under what became of it last.
#[derive(Clone, Debug, SimpleObject)]
pub struct Acceptance {
    /// All offers: the sum of the six numbers that follow.
    pub offered: i32,
    /// Those that sales took and kept.
    pub accepted: i32,
    /// Those that sales refused.
    pub rejected: i32,
    /// Those that sales took first and gave back later.
    pub returned: i32,
    /// Those that nobody decided in time.
    pub expired: i32,
    /// Those that were taken back by who offered them.
    pub recalled: i32,
    /// Those that still wait for a decision.
    pub open: i32,
    /// Accepted out of accepted and rejected: the other offers were not decided, or not for good.
    pub rate: Ratio,
    /// Why offers were rejected, at most one line for each reason, the most frequent first.
    pub reasons: Vec<ReasonCount>,
}

/// Some offers of one sort.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offers {
    outcome: Option<HandoverOutcome>,
    reason: Option<ReasonCode>,
    n: i64,
}

impl Acceptance {
    fn of(lines: &[Offers]) -> Acceptance {
        let sum = |of: &dyn Fn(&Offers) -> bool| lines.iter().filter(|line| of(line)).map(|line| line.n).sum::<i64>();
        let ended = |outcome| sum(&|line: &Offers| line.outcome == Some(outcome));
        let (accepted, rejected) = (ended(HandoverOutcome::Accepted), ended(HandoverOutcome::Rejected));
        let given = |reason: ReasonCode| {
            let why = |line: &Offers| line.outcome == Some(HandoverOutcome::Rejected) && line.reason == Some(reason);
            ReasonCount { reason, count: count(sum(&why)) }
        };
        let mut reasons: Vec<ReasonCount> = ReasonCode::ALL.iter().map(|reason| given(*reason)).collect();
        reasons.retain(|reason| reason.count > 0);
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        Acceptance {
            offered: count(sum(&|_| true)),
            accepted: count(accepted),
            rejected: count(rejected),
            returned: count(ended(HandoverOutcome::Returned)),
            expired: count(ended(HandoverOutcome::Expired)),
            recalled: count(ended(HandoverOutcome::Recalled)),
            open: count(sum(&|line| line.outcome.is_none())),
            rate: Ratio::new(accepted, accepted + rejected),
            reasons,
        }
    }
}

const CAMPAIGN: &str = "campaign";
const OUTCOME: &str = "outcome";
const REASON: &str = "reason";

/// Marketing's offers, counted by what became of them.
async fn offers(cx: &Cx, rows: Rows<handover::Entity>, by: &[&'static str]) -> Result<Vec<QueryResult>> {
    use handover::Column;
    let rows = rows.filter(Column::Boundary.eq(HandoverBoundary::MarketingToSales)).into_fields(
        &cx.caller,
        &[
            (CAMPAIGN, Class::P, "campaign", Column::CampaignId),
            (OUTCOME, Class::P, "outcome", Column::Outcome),
            (REASON, Class::P, "reason_code", Column::ReasonCode),
        ],
    );
    Ok(cx.db().query_all(&counted(rows, by)).await?)
}

fn line(row: &QueryResult) -> Result<Offers> {
    Ok(Offers { outcome: row.try_get("", OUTCOME)?, reason: row.try_get("", REASON)?, n: row.try_get("", "n")? })
}

/// How sales received a campaign's leads.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct OffersOfCampaign(pub Uuid);

impl OffersOfCampaign {
    /// The figures of a campaign.
    pub async fn acceptance(self, cx: &Cx) -> Result<Acceptance> {
        Ok(Acceptance::of(&cx.load(self).await?.unwrap_or_default()))
    }
}

impl Key for OffersOfCampaign {
    type Value = Arc<Vec<Offers>>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let campaigns = handover::Column::CampaignId.is_in(keys.iter().map(|key| key.0));
        let rows = cx.caller.rows::<handover::Entity>().filter(campaigns);
        let mut lines: HashMap<Uuid, Vec<Offers>> = HashMap::new();
        for row in offers(cx, rows, &[CAMPAIGN, OUTCOME, REASON]).await? {
            if let Some(campaign) = row.try_get("", CAMPAIGN)? {
                lines.entry(campaign).or_default().push(line(&row)?);
            }
        }
        Ok(lines.into_iter().map(|(campaign, lines)| (OffersOfCampaign(campaign), Arc::new(lines))).collect())
    }
}

/// How sales received some of the offers that the caller sees.
pub(super) async fn acceptance(cx: &Cx, rows: Rows<handover::Entity>) -> Result<Acceptance> {
    let rows = offers(cx, rows, &[OUTCOME, REASON]).await?;
    Ok(Acceptance::of(&rows.iter().map(line).collect::<Result<Vec<Offers>>>()?))
}
