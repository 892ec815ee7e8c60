//! The opportunity: a deal that may come to be, with what it was at each moment.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Object};
use chrono::{DateTime, NaiveDate, Utc};
use entities::{
    account::{account, colleague},
    codes::{ForecastCategory, StageObject},
    marketing::{campaign, lead},
    sales::{meeting, opportunity, opportunity_contact, opportunity_snapshot, pipeline, sales_order, stage},
};
use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, ExprTrait, Order as Sort},
};
use uuid::Uuid;

use super::{Meeting, OpportunityContact, Order, Pipeline};
use crate::{
    account::{Account, Colleague},
    custom,
    graph::{AnyOf, Cx, DateFilter, Ids, IntFilter, Key, Money, MoneyFilter, Result, TextFilter, one},
    journey::{
        history::{self, StageInterval},
        timeline,
    },
    listed,
    marketing::{Campaign, Lead},
    object,
    policy::{Class, Seen, access},
    teamwork,
};

object! {
    /// A deal that may come to be.
    Opportunity(opportunity::Entity) as Opportunity, id Opportunity {
        /// What it is called.
        P name: String = |row| row.name.clone();
        /// The code of its stage: QUALIFICATION, DISCOVERY, PROPOSAL, NEGOTIATION, CLOSED_WON, CLOSED_LOST, or the tenant's own.
        P stage: String = |row| row.stage.clone();
        /// When it is expected to close, or closed.
        P close_date: NaiveDate = |row| row.close_date;
        /// How likely it is to be won, in percent.
        P probability: i32 = |row| row.probability;
        /// How the forecast counts it.
        P forecast_category: ForecastCategory = |row| row.forecast_category;
        /// Why it was won or lost; null while it is open.
        T close_reason: String = |row| row.close_reason.clone();
        /// What is to be done next.
        T next_step: String = |row| row.next_step.clone();
        /// What it is about.
        T description: String = |row| row.description.clone();
        /// What it is worth.
        M amount: Money = |row| row.amount_minor.zip(row.currency.as_deref()).map(|(minor, currency)| Money::from_minor(minor, currency));
        /// What it costs to deliver.
        G cost: Money = |row| row.cost_minor.zip(row.currency.as_deref()).map(|(minor, currency)| Money::from_minor(minor, currency));
    }
    refs {
        /// The customer.
        P account: Account = account::Entity, |row| row.account_id;
        /// Who runs it; null while nobody does.
        P owner: Colleague = colleague::Entity, |row| row.owner_id;
        /// The campaign that it is credited to first; null for none.
        P primary_campaign: Campaign = campaign::Entity, |row| row.primary_campaign_id;
        /// The lead that it came from; null for none.
        P lead: Lead = lead::Entity, |row| row.lead_id;
        /// The pipeline whose stages it walks.
        P pipeline: Pipeline = pipeline::Entity, |row| row.pipeline_id;
    }
    lists {
        /// The people in it, with their parts.
        contacts: OpportunityContact = opportunity_contact::Entity, opportunity_contact::Column::OpportunityId, Rising;
        /// Its meetings, newest first.
        meetings: Meeting = meeting::Entity, meeting::Column::OpportunityId, Falling;
        /// Its orders, newest first.
        orders: Order = sales_order::Entity, sales_order::Column::OpportunityId, Falling;
    }
    timeline Opportunity;
    custom_fields Opportunity raw T;
    teamwork Opportunity;
    edges {
        /// What it was at each moment, oldest first, at most the first 100.
        #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
        async fn snapshots(&self, ctx: &Context<'_>) -> Result<Vec<OpportunitySnapshot>> {
            let found = Cx::of(ctx).load(SnapshotsOf(self.0.row().id)).await?.unwrap_or_default();
            Ok(found.iter().cloned().map(OpportunitySnapshot).collect())
        }

        /// The stages that it was in, oldest first, at most the first 100. A stage that was entered twice stands here twice.
        #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
        async fn stage_intervals(&self, ctx: &Context<'_>) -> Result<Vec<StageInterval>> {
            history::stages(Cx::of(ctx), StageObject::Opportunity, self.0.row().id).await
        }
    }
}

/// What an opportunity was from one change to the next.
pub struct OpportunitySnapshot(Seen<opportunity_snapshot::Model>);

/// What an opportunity was from one change to the next.
#[Object]
impl OpportunitySnapshot {
    /// The stage.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn stage(&self) -> Option<String> {
        self.0.read(Class::P, "stage", |row| row.stage.clone())
    }

    /// What it was worth.
    #[graphql(directive = access::apply("Opportunity".into(), "M".into(), false))]
    async fn amount(&self) -> Option<Money> {
        self.0.read(Class::M, "amount", |row| {
            row.amount_minor.zip(row.currency.as_deref()).map(|(minor, currency)| Money::from_minor(minor, currency))
        })
    }

    /// When it was expected to close.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn close_date(&self) -> Option<NaiveDate> {
        self.0.read(Class::P, "close_date", |row| row.close_date)
    }

    /// How likely it seemed, in percent.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn probability(&self) -> Option<i32> {
        self.0.read(Class::P, "probability", |row| row.probability)
    }

    /// How the forecast counted it.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn forecast_category(&self) -> Option<ForecastCategory> {
        self.0.read(Class::P, "forecast_category", |row| row.forecast_category)
    }

    /// Who ran it; null where nobody did.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn owner(&self, ctx: &Context<'_>) -> Result<Option<Colleague>> {
        one::<colleague::Entity, _>(Cx::of(ctx), self.0.read(Class::P, "owner", |row| row.owner_id)).await
    }

    /// Since when.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn valid_from(&self) -> Option<DateTime<Utc>> {
        self.0.read(Class::P, "valid_from", |row| row.valid_from)
    }

    /// Until when, exclusive; null for what it is now.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn valid_to(&self) -> Option<DateTime<Utc>> {
        self.0.read(Class::P, "valid_to", |row| row.valid_to)
    }
}

/// How much of a history one opportunity shows.
const HISTORY: u64 = 100;

/// The snapshots of an opportunity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct SnapshotsOf(Uuid);

impl Key for SnapshotsOf {
    type Value = Arc<Vec<Seen<opportunity_snapshot::Model>>>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let parent = opportunity_snapshot::Column::OpportunityId;
        let rows = cx.caller.rows::<opportunity_snapshot::Entity>();
        let rows = rows.filter(parent.is_in(keys.iter().map(|key| key.0)));
        let oldest = [(opportunity_snapshot::Column::Id.into_expr(), Sort::Asc)];
        let mut of: HashMap<Uuid, Vec<Seen<opportunity_snapshot::Model>>> = HashMap::new();
        for row in rows.first_of_each(&cx.db(), parent, &oldest, HISTORY).await? {
            of.entry(row.row().opportunity_id).or_default().push(row);
        }
        Ok(of.into_iter().map(|(id, rows)| (SnapshotsOf(id), Arc::new(rows))).collect())
    }
}

/// Opportunities in a stage that is still open.
pub fn is_open(cx: &Cx) -> Expr {
    let open = cx
        .caller
        .rows::<stage::Entity>()
        .filter(stage::Column::IsOpen.eq(true))
        .filter(stage::Column::ObjectType.eq(StageObject::Opportunity));
    opportunity::Column::Stage.into_expr().in_subquery(open.into_column(stage::Column::Code))
}

listed! {
    /// One opportunity; null if there is none that you may see.
    opportunity,
    /// The opportunities that you may see, newest first unless sorted.
    opportunities: Opportunity(opportunity::Entity) as Opportunity, id Opportunity, Falling;
    query OpportunityQuery, filter OpportunityFilter, sort OpportunitySort custom {
        /// By name.
        P name: TextFilter = Name;
        /// By the code of its stage.
        P stage: TextFilter = Stage;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By pipeline.
        P pipeline_id: Ids = PipelineId, of Pipeline;
        /// By who runs it.
        P owner_id: Ids = OwnerId, of Colleague;
        /// By its first campaign.
        P primary_campaign_id: Ids = PrimaryCampaignId, of Campaign;
        /// By the lead that it came from.
        P lead_id: Ids = LeadId, of Lead;
        /// By when it is expected to close.
        P close_date: DateFilter = CloseDate;
        /// By how likely it is, in percent.
        P probability: IntFilter = Probability;
        /// By how the forecast counts it.
        P forecast_category: AnyOf<ForecastCategory> = ForecastCategory;
        /// By what is to be done next.
        T next_step: TextFilter = NextStep;
        /// By amount.
        M amount: MoneyFilter = AmountMinor, in Currency;
    }
}
