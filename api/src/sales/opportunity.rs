//! The opportunity: a deal that may come to be, with what it was at each moment.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Object};
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
    ColumnTrait, Set,
    sea_query::{Expr, ExprTrait, Order as Sort},
};
use uuid::Uuid;

use super::{Meeting, Order};
use crate::{
    account::{Account, Colleague, Contact},
    custom, editable,
    graph::{
        AnyOf, Cx, DateFilter, Error, GlobalId, Ids, IntFilter, Key, Kind, Money, MoneyFilter, Result, TextFilter,
        UserErrorCode,
    },
    journey::{Removable, Work, timeline},
    listed,
    marketing::{Campaign, Lead},
    object,
    policy::{Class, Seen, access},
    removal, teamwork,
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
                let oldest = [($table::Column::Id.into_expr(), Sort::Asc)];
                let found = rows.first_of_each(cx.store.db(), $table::Column::$column, &oldest, HISTORY).await?;
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

removal! {
    /// Takes an opportunity away that never was one. To give up on one is to lose it, with the reason.
    delete_opportunity: opportunity::Entity as Opportunity, class P name;
    mutation OpportunityRemoval, input DeleteOpportunityInput, payload DeleteOpportunityPayload;
}

listed! {
    /// One pipeline; null if there is none that you may see.
    pipeline,
    /// The pipelines that you may see, oldest first unless sorted.
    pipelines: Pipeline(pipeline::Entity) as Reference, id Pipeline, Rising;
    query PipelineQuery, filter PipelineFilter, sort PipelineSort {
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By what walks through it.
        P object_type: AnyOf<StageObject> = ObjectType;
        /// By whether new ones go there.
        P is_default: bool = IsDefault;
    }
}

listed! {
    /// One stage; null if there is none that you may see.
    stage,
    /// The stages that you may see, oldest first unless sorted.
    stages: Stage(stage::Entity) as Reference, id Stage, Rising;
    query StageQuery, filter StageFilter, sort StageSort {
        /// By pipeline.
        P pipeline_id: Ids = PipelineId, of Pipeline;
        /// By what walks through it.
        P object_type: AnyOf<StageObject> = ObjectType;
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By place.
        P position: IntFilter = Position;
        /// By whether it is open.
        P is_open: bool = IsOpen;
        /// By whether it is won.
        P is_won: bool = IsWon;
    }
}

editable! {
    /// Adds a pipeline. DUPLICATE if its code is known, even that of one taken away.
    create create_pipeline(CreatePipelineInput) -> CreatePipelinePayload;
    /// Changes a pipeline.
    update update_pipeline(UpdatePipelineInput) -> UpdatePipelinePayload;
    mutation PipelineMutation of pipeline: Pipeline(pipeline::Entity) as Reference, id Pipeline, class P;
    once {
        /// Its code, at most 100 characters, unique in the tenant, for ever.
        P code = code: key(100);
        /// What walks through it.
        P object_type = object_type: code(StageObject);
    }
    fields {
        /// What people call it, at most 255 characters.
        P name = name: name;
        /// Whether new ones go there; false unless said.
        P is_default = is_default: or(bool, false);
    }
    check one_default;
}

/// One default of a kind: the others step back.
async fn one_default(work: &mut Work<'_>, row: &pipeline::Model) -> Result<()> {
    if !row.is_default {
        return Ok(());
    }
    let others = work
        .caller()
        .rows_to_write::<pipeline::Entity>()
        .filter(pipeline::Column::ObjectType.eq(row.object_type))
        .filter(pipeline::Column::IsDefault.eq(true))
        .filter(pipeline::Column::Id.ne(row.id));
    for other in others.all(work.tx()).await? {
        work.update::<pipeline::Entity>(&other, pipeline::ActiveModel { is_default: Set(false), ..Default::default() })
            .await?;
    }
    Ok(())
}

editable! {
    /// Adds a stage to a pipeline. DUPLICATE if its code is known there.
    create create_stage(CreateStageInput) -> CreateStagePayload;
    /// Changes a stage, or its place.
    update update_stage(UpdateStageInput) -> UpdateStagePayload;
    mutation StageMutation of stage: Stage(stage::Entity) as Reference, id Stage, class P;
    once {
        /// The pipeline.
        P pipeline_id = pipeline_id: refer(pipeline::Entity);
        /// Its code, at most 100 characters, unique in the pipeline, for ever.
        P code = code: key(100);
        /// What walks through it: as its pipeline says.
        P object_type = object_type: code(StageObject);
    }
    fields {
        /// What people call it, at most 255 characters.
        P name = name: name;
        /// Its place, from 0.
        P position = position: code(i32);
        /// How likely what stands there is won, in percent.
        P probability = probability: opt(i32);
        /// Whether it is open; true unless said.
        P is_open = is_open: or(bool, true);
        /// Whether it is won; false unless said.
        P is_won = is_won: or(bool, false);
    }
    check stage_in_order;
}

async fn stage_in_order(work: &mut Work<'_>, row: &stage::Model) -> Result<()> {
    if row.probability.is_some_and(|percent| !(0..=100).contains(&percent)) {
        return Err(Error::invalid("probability", "between 0 and 100 percent"));
    }
    if row.position < 0 {
        return Err(Error::invalid("position", "a place is counted from 0"));
    }
    if row.is_open && row.is_won {
        return Err(Error::invalid("isWon", "what is won is not open"));
    }
    let id = GlobalId::new(Kind::Pipeline, row.pipeline_id);
    match work.refer::<pipeline::Entity>("pipelineId", id).await?.row().object_type == row.object_type {
        true => Ok(()),
        false => Err(Error::invalid("objectType", "the pipeline is for something else")),
    }
}

impl Removable for pipeline::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<pipeline::Model>) -> Result<()> {
        let used =
            work.tally_unscoped::<opportunity::Entity>(opportunity::Column::PipelineId.eq(seen.row().id)).await?;
        let stages = work.tally_unscoped::<stage::Entity>(stage::Column::PipelineId.eq(seen.row().id)).await?;
        match (used, stages) {
            (0, 0) => Ok(()),
            _ => Err(Error::user(UserErrorCode::StateConflict, "id", "the pipeline has stages or opportunities")),
        }
    }
}

impl Removable for stage::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<stage::Model>) -> Result<()> {
        let row = seen.row();
        let here =
            opportunity::Column::PipelineId.eq(row.pipeline_id).and(opportunity::Column::Stage.eq(row.code.as_str()));
        match work.tally_unscoped::<opportunity::Entity>(here).await? {
            0 => Ok(()),
            _ => Err(Error::user(UserErrorCode::StateConflict, "id", "there are opportunities in this stage")),
        }
    }
}

removal! {
    /// Takes a pipeline away. STATE_CONFLICT while it has stages or opportunities.
    delete_pipeline: pipeline::Entity as Reference, class P name, checked;
    mutation PipelineRemoval, input DeletePipelineInput, payload DeletePipelinePayload;
}

removal! {
    /// Takes a stage away. STATE_CONFLICT while an opportunity stands there.
    delete_stage: stage::Entity as Reference, class P name, checked;
    mutation StageRemoval, input DeleteStageInput, payload DeleteStagePayload;
}
