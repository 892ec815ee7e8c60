//! The opportunity: a deal that may come to be, with what it was at each moment.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, NaiveDate, Utc};
use entities::{
    account::{account, colleague, contact},
    codes::{ContactRole, ForecastCategory, StageObject},
    marketing::{campaign, lead},
    sales::{
        meeting, opportunity, opportunity_contact, opportunity_snapshot, pipeline, sales_order, stage, stage_interval,
    },
};
use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, ExprTrait, Order as Sort},
};
use uuid::Uuid;

use super::{Meeting, Order};
use crate::{
    account::{Account, Colleague, Contact},
    graph::{Cx, Direction, GlobalId, Key, Kind, List, Money, PageArgs, Result, cost, list, one},
    journey::timeline,
    marketing::{Campaign, Lead},
    object,
    policy::{Class, Seen, access},
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
        /// The source's own fields that have no column here, as they came.
        T custom: async_graphql::Json<serde_json::Value> = |row| async_graphql::Json(row.custom.clone());
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
    edges {
        /// What it was at each moment, oldest first, at most the first 100.
        #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false), complexity = 100)]
        async fn snapshots(&self, ctx: &Context<'_>) -> Result<Vec<OpportunitySnapshot>> {
            let found = Cx::of(ctx).load(SnapshotsOf(self.0.row().id)).await?.unwrap_or_default();
            Ok(found.iter().cloned().map(OpportunitySnapshot).collect())
        }

        /// The stages that it was in, oldest first, at most the first 100. A stage that was entered twice stands here twice.
        #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false), complexity = 100)]
        async fn stage_intervals(&self, ctx: &Context<'_>) -> Result<Vec<StageInterval>> {
            let found = Cx::of(ctx).load(IntervalsOf(self.0.row().id)).await?.unwrap_or_default();
            Ok(found.iter().cloned().map(StageInterval).collect())
        }
    }
}

object! {
    /// A person's part in an opportunity.
    OpportunityContact(opportunity_contact::Entity) as ContactRole, id OpportunityContact {
        /// The part.
        P role: ContactRole = |row| row.role;
        /// Whether this is the main person.
        P is_primary: bool = |row| row.is_primary;
    }
    refs {
        /// The person.
        P contact: Contact = contact::Entity, |row| row.contact_id;
    }
}

object! {
    /// An order of stages.
    Pipeline(pipeline::Entity) as Reference, id Pipeline {
        /// Its code.
        P code: String = |row| row.code.clone();
        /// Its name.
        P name: String = |row| row.name.clone();
        /// What walks it.
        P object_type: StageObject = |row| row.object_type;
        /// Whether new objects start here.
        P is_default: bool = |row| row.is_default;
    }
    lists {
        /// Its stages, in the order in which they were made.
        stages: Stage = stage::Entity, stage::Column::PipelineId, Rising;
    }
}

object! {
    /// A step of a pipeline.
    Stage(stage::Entity) as Reference, id Stage {
        /// The code that objects carry.
        P code: String = |row| row.code.clone();
        /// Its name.
        P name: String = |row| row.name.clone();
        /// Its place in the pipeline, from 0.
        P position: i32 = |row| row.position;
        /// How likely it is to be won from here, in percent; null where that is no question.
        P probability: i32 = |row| row.probability;
        /// Whether it is still open.
        P is_open: bool = |row| row.is_open;
        /// Whether it is won.
        P is_won: bool = |row| row.is_won;
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

/// A stay in a stage.
pub struct StageInterval(Seen<stage_interval::Model>);

/// A stay in a stage.
#[Object]
impl StageInterval {
    /// The stage's code.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn stage(&self) -> Option<String> {
        self.0.read(Class::P, "stage", |row| row.stage.clone())
    }

    /// Since when.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn entered_at(&self) -> Option<DateTime<Utc>> {
        self.0.read(Class::P, "entered_at", |row| row.entered_at)
    }

    /// Until when, exclusive; null while it lasts.
    #[graphql(directive = access::apply("Opportunity".into(), "P".into(), false))]
    async fn exited_at(&self) -> Option<DateTime<Utc>> {
        self.0.read(Class::P, "exited_at", |row| row.exited_at)
    }
}

/// How much of a history one opportunity shows.
const HISTORY: u64 = 100;

macro_rules! history {
    ($(#[doc = $doc:literal])* $key:ident of $table:ident by $column:ident) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        struct $key(Uuid);

        impl Key for $key {
            type Value = Arc<Vec<Seen<$table::Model>>>;

            async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
                let rows = cx.caller.rows::<$table::Entity>().filter($table::Column::$column.is_in(keys.iter().map(|key| key.0)));
                let found = rows.first_of_each(cx.store.db(), $table::Column::$column, Sort::Asc, HISTORY).await?;
                let mut of: HashMap<Uuid, Vec<Seen<$table::Model>>> = HashMap::new();
                for row in found {
                    of.entry(history!(@parent row $column)).or_default().push(row);
                }
                Ok(of.into_iter().map(|(id, rows)| ($key(id), Arc::new(rows))).collect())
            }
        }
    };
    (@parent $row:ident OpportunityId) => { $row.row().opportunity_id };
    (@parent $row:ident ObjectId) => { $row.row().object_id };
}

history! {
    /// The snapshots of an opportunity.
    SnapshotsOf of opportunity_snapshot by OpportunityId
}
history! {
    /// The stage intervals of an opportunity.
    IntervalsOf of stage_interval by ObjectId
}

/// Which opportunities to list.
#[derive(Clone, Debug, Default, InputObject)]
pub struct OpportunityFilter {
    /// In this stage.
    pub stage: Option<String>,
    /// Of this account.
    pub account_id: Option<GlobalId>,
    /// Those that you run.
    pub mine: Option<bool>,
    /// Those that are neither won nor lost.
    pub open: Option<bool>,
}

/// Opportunities in a stage that is still open.
pub(super) fn is_open(cx: &Cx) -> Expr {
    let open = cx
        .caller
        .rows::<stage::Entity>()
        .filter(stage::Column::IsOpen.eq(true))
        .filter(stage::Column::ObjectType.eq(StageObject::Opportunity));
    opportunity::Column::Stage.into_expr().in_subquery(open.into_column(stage::Column::Code))
}

/// Reading opportunities and pipelines.
#[derive(Default)]
pub struct OpportunityQuery;

#[Object]
impl OpportunityQuery {
    /// One opportunity; null if there is none that you may see.
    #[graphql(directive = access::apply("Opportunity".into(), "*".into(), false))]
    async fn opportunity(&self, ctx: &Context<'_>, id: GlobalId) -> Result<Option<Opportunity>> {
        one::<opportunity::Entity, _>(Cx::of(ctx), id.expect(Kind::Opportunity)?).await
    }

    /// The opportunities that you may see, newest first.
    #[graphql(directive = access::apply("Opportunity".into(), "*".into(), false), complexity = "cost(first, last, child_complexity)")]
    async fn opportunities(
        &self,
        ctx: &Context<'_>,
        filter: Option<OpportunityFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Opportunity>> {
        let cx = Cx::of(ctx);
        let OpportunityFilter { stage, account_id, mine, open } = filter.unwrap_or_default();
        let mut rows = cx.caller.rows::<opportunity::Entity>();
        if let Some(stage) = stage {
            rows = rows.filter(opportunity::Column::Stage.eq(stage));
        }
        if let Some(account) = account_id {
            rows = rows.filter(opportunity::Column::AccountId.eq(account.expect(Kind::Account)?));
        }
        if mine == Some(true) {
            rows = rows.filter(match cx.caller.colleague {
                Some(me) => opportunity::Column::OwnerId.eq(me),
                None => Expr::val(1).eq(0),
            });
        }
        if let Some(open) = open {
            rows = rows.filter(if open { is_open(cx) } else { is_open(cx).not() });
        }
        list(cx, rows, PageArgs::new(first, after, last, before), Direction::Falling).await
    }

    /// The pipelines with their stages.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), false), complexity = "cost(first, last, child_complexity)")]
    async fn pipelines(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<List<Pipeline>> {
        let cx = Cx::of(ctx);
        list(cx, cx.caller.rows::<pipeline::Entity>(), PageArgs::new(first, after, last, before), Direction::Rising)
            .await
    }
}
