//! 7: the numbers. One engine for every door: a metric is declared once (`metric`), over a fact (`fact`) that carries the caller's row
//! rule in its FROM; a question is checked (`ask`), put to the database (`query`), added up (`tally`) and answered (`answer`) in one
//! shape, and every figure explains itself (`explain`). The arithmetic is the crate `numbers`.
//!
//! To add a metric: a block in `metric`, a hand-worked figure in `tests/journey/numbers`, `UPDATE_SCHEMA=1` for `docs/numbers.md`.

mod acquisition;
mod aggregate;
mod answer;
mod ask;
mod attribution;
mod business;
pub mod catalogue;
mod cohorts;
mod crowd;
mod dimension;
mod explain;
mod fact;
mod figure;
pub mod flat;
mod funnel;
mod health;
mod hide;
mod metric;
mod persons;
mod pipeline;
mod query;
mod response;
pub mod rollup;
mod scoreboard;
mod stages;
mod survey;
mod tally;
mod tickets;
mod ways;

use async_graphql::{Context, Object};
use chrono::{DateTime, NaiveDate, Utc};

pub use acquisition::{AcquisitionCost, CostLag};
pub use answer::Aggregate;
use ask::{Arguments, DimensionFilter, Fill, FxInput, Grain, GroupByInput, WeekStart};
pub use attribution::{Attribution, AttributionInput, CreditExplanation, feed as credit};
pub use catalogue::MetricDefinition;
pub use cohorts::Cohorts;
pub use explain::Explanation;
pub use funnel::{FunnelAnswer, FunnelInput};
pub use health::AccountHealth;
pub use metric::Metric;
pub use pipeline::{PipelineWaterfall, SalesVelocity};
pub use response::LeadResponse;
pub use rollup::ChangedBuckets;
pub use scoreboard::Scoreboard;
pub use stages::{StageTimeOf, StageTimes};
pub use tickets::TicketTimes;
pub use ways::JourneyTimes;

use crate::{
    graph::{Cx, GlobalId, Kind, Result},
    policy::{access, access_figure},
};

/// The numbers: one engine, one definition of each figure, the same for everybody. What you count is what you see; who reads no rows
/// counts groups that are large enough.
pub struct Analytics;

/// The numbers: one engine, one definition of each figure, the same for everybody. What you count is what you see; who reads no rows
/// counts groups that are large enough.
#[Object]
impl Analytics {
    /// The metrics that you may ask for, with their formulas, in the order of the customer's way. At most 100.
    async fn metrics(&self, ctx: &Context<'_>) -> Vec<MetricDefinition> {
        catalogue::of_caller(Cx::of(ctx))
    }

    /// Figures, told apart by dimensions and time. BAD_USER_INPUT names the argument that cannot be meant, and what is allowed.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    async fn aggregate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is asked for, 1 to 20.")] metrics: Vec<Metric>,
        #[graphql(desc = "By what figures are told apart: at most 4 dimensions and one grain.")] group_by: Option<
            Vec<GroupByInput>,
        >,
        #[graphql(name = "where", desc = "Which rows count: those that pass every one of these.")] filters: Option<
            Vec<DimensionFilter>,
        >,
        #[graphql(desc = "The period's first moment.")] from: DateTime<Utc>,
        #[graphql(desc = "The first moment after the period, at most 50 years later.")] to: DateTime<Utc>,
        #[graphql(desc = "What happened later counts as if it had not; now unless said.")] as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "The zone of buckets and days, an IANA name; the tenant's unless said.")] timezone: Option<
            String,
        >,
        #[graphql(desc = "The day on which weeks begin; Monday unless said.")] week_start: Option<WeekStart>,
        #[graphql(desc = "How many months after January the fiscal year begins, 0 to 11; 0 unless said.")]
        fiscal_offset: Option<i32>,
        #[graphql(desc = "The currency of money, ISO 4217; the tenant's unless said.")] currency: Option<String>,
        #[graphql(
            desc = "On which day's rate amounts are converted; by the metric's own rule unless said: the row's day, and for what is open the day of `asOf`."
        )]
        fx: Option<FxInput>,
        #[graphql(desc = "Whether buckets without a row are answered.", default)] fill: Fill,
        #[graphql(desc = "The first n rows, 1 to 1,000; 100 unless said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
    ) -> Result<Aggregate> {
        let arguments = Arguments {
            metrics,
            group_by: group_by.unwrap_or_default(),
            filters: filters.unwrap_or_default(),
            from,
            to,
            as_of,
            timezone,
            week_start,
            fiscal_offset,
            currency,
            fx,
            fill,
        };
        Box::pin(aggregate::aggregate(Cx::of(ctx), arguments, first, after)).await
    }

    /// The days whose figures may be others than they were at a cursor, so that whoever copied them copies these again and no more. It
    /// tells of metrics whose days are kept; of the others every day may have changed. Begin without a cursor.
    async fn buckets_changed_since(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The `endCursor` of the last answer; from the beginning unless said.")] cursor: Option<String>,
        #[graphql(desc = "The first n, 1 to 1,000; 100 unless said.")] first: Option<i32>,
    ) -> Result<ChangedBuckets> {
        Box::pin(rollup::changed_since(Cx::of(ctx), cursor, first)).await
    }

    /// The shared scoreboard: one fixed set of figures over the whole tenant, the same for everybody, with targets. Groups of fewer than 5
    /// contacts or 2 accounts are hidden for everybody alike.
    async fn scoreboard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The period's first moment.")] from: DateTime<Utc>,
        #[graphql(desc = "The first moment after the period.")] to: DateTime<Utc>,
        #[graphql(desc = "By which buckets, DAY or longer; the whole period unless said.")] grain: Option<Grain>,
        #[graphql(desc = "Of customers of this industry, with all below it.")] industry: Option<GlobalId>,
        #[graphql(desc = "Of this channel.")] channel: Option<GlobalId>,
    ) -> Result<Scoreboard> {
        let board = scoreboard::Board { from, to, grain, industry, channel };
        Box::pin(scoreboard::scoreboard(Cx::of(ctx), board)).await
    }

    /// Which channel, campaign or touch gets the credit for what was reached: every model side by side, with exact sums. Conversions
    /// without a touch are a row, UNATTRIBUTED, and what was spent for nothing stays. BAD_USER_INPUT names the argument that cannot be meant.
    #[graphql(directive = access_figure::apply("Attribution".into(), "M".into()))]
    async fn attribution(
        &self,
        ctx: &Context<'_>,
        input: AttributionInput,
        #[graphql(desc = "The first n rows, 1 to 1,000; 100 unless said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
    ) -> Result<Attribution> {
        Box::pin(attribution::attribution(Cx::of(ctx), input, first, after)).await
    }

    /// A value of an attribution explains itself, by the handle that it gave: its formula, and what each conversion gives to each touch,
    /// which adds up to it. The analyst gets counts only.
    #[graphql(directive = access_figure::apply("Attribution".into(), "M".into()))]
    async fn explain_credit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What `explain` of an attribution, or of one of its values, gave.")] handle: String,
        #[graphql(desc = "The first n rows, 1 to 100; 20 unless said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
    ) -> Result<CreditExplanation> {
        Box::pin(attribution::explain(Cx::of(ctx), &handle, first, after)).await
    }

    /// How many came how far: persons through the stages of the customer's way, or opportunities through their pipeline.
    async fn funnel(&self, ctx: &Context<'_>, input: FunnelInput) -> Result<FunnelAnswer> {
        Box::pin(funnel::count(Cx::of(ctx), input)).await
    }

    /// The pipeline of two moments and all that lies between, as an identity that adds up to the minor unit.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(directive = access::apply("Opportunity".into(), "M".into(), false))]
    async fn pipeline_waterfall(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first moment.")] from: DateTime<Utc>,
        #[graphql(desc = "The second moment.")] to: DateTime<Utc>,
        #[graphql(desc = "Only what is expected to close on or after this day; whatever it is, unless said.")]
        closes_from: Option<NaiveDate>,
        #[graphql(desc = "Only what is expected to close before this day.")] closes_to: Option<NaiveDate>,
        #[graphql(desc = "Only of this colleague.")] owner: Option<GlobalId>,
        #[graphql(name = "where", desc = "Which opportunities count.")] filters: Option<Vec<DimensionFilter>>,
        #[graphql(desc = "The currency, ISO 4217; the tenant's unless said.")] currency: Option<String>,
    ) -> Result<PipelineWaterfall> {
        let owner = owner.map(|owner| owner.expect(Kind::Colleague)).transpose()?;
        let filters = filters.unwrap_or_default();
        let between = pipeline::Between { from, to, closes_from, closes_to, owner, filters, currency };
        Box::pin(pipeline::between(Cx::of(ctx), between)).await
    }

    /// How fast the pipeline turns into money, with its four parts.
    #[graphql(directive = access_figure::apply("Opportunity".into(), "M".into()))]
    async fn sales_velocity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The moment; now unless said.")] as_of: Option<DateTime<Utc>>,
        #[graphql(name = "where", desc = "Which opportunities count.")] filters: Option<Vec<DimensionFilter>>,
        #[graphql(desc = "The currency, ISO 4217; the tenant's unless said.")] currency: Option<String>,
    ) -> Result<SalesVelocity> {
        Box::pin(pipeline::velocity(Cx::of(ctx), as_of, filters.unwrap_or_default(), currency)).await
    }

    /// How soon leads are answered that marketing offers to sales: by the clock of the lead and by that of each owner, in calendar and in
    /// business hours, with the bands into which the answers fall.
    async fn lead_response(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Offers made at or after this moment.")] from: DateTime<Utc>,
        #[graphql(desc = "And before this.")] to: DateTime<Utc>,
        #[graphql(desc = "What happened later is not known; now unless said.")] as_of: Option<DateTime<Utc>>,
        #[graphql(name = "where", desc = "Which offers count.")] filters: Option<Vec<DimensionFilter>>,
    ) -> Result<LeadResponse> {
        let asked = response::Asked { from, to, as_of, filters: filters.unwrap_or_default() };
        Box::pin(response::times(Cx::of(ctx), asked)).await
    }

    /// How long customers wait on tickets for answers and solutions, and how long we wait for them, in calendar and in business hours.
    async fn ticket_times(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Tickets created at or after this moment.")] from: DateTime<Utc>,
        #[graphql(desc = "And before this.")] to: DateTime<Utc>,
        #[graphql(desc = "What happened later is not known; now unless said.")] as_of: Option<DateTime<Utc>>,
        #[graphql(name = "where", desc = "Which tickets count.")] filters: Option<Vec<DimensionFilter>>,
    ) -> Result<TicketTimes> {
        let asked = tickets::Asked { from, to, as_of, filters: filters.unwrap_or_default() };
        Box::pin(tickets::times(Cx::of(ctx), asked)).await
    }

    /// What a new customer cost, and a lead, an opportunity: the cost of the period, or of the one before by the median sales cycle.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(directive = access_figure::apply("CampaignCost".into(), "M".into()))]
    async fn acquisition_cost(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The period's first moment.")] from: DateTime<Utc>,
        #[graphql(desc = "The first moment after it.")] to: DateTime<Utc>,
        #[graphql(desc = "Of which days the cost is counted.", default)] lag: CostLag,
        #[graphql(desc = "What happened later is not known; now unless said.")] as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "The currency, ISO 4217; the tenant's unless said.")] currency: Option<String>,
        #[graphql(name = "where", desc = "Which campaigns and channels count.")] filters: Option<Vec<DimensionFilter>>,
    ) -> Result<AcquisitionCost> {
        let filters = filters.unwrap_or_default();
        let asked = acquisition::Asked { from, to, lag, as_of, currency, filters };
        Box::pin(acquisition::cost(Cx::of(ctx), asked)).await
    }

    /// How long things stay in their stages.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    async fn stage_times(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What stays.")] of: StageTimeOf,
        #[graphql(desc = "Stays that began at or after this moment.")] from: DateTime<Utc>,
        #[graphql(desc = "And before this.")] to: DateTime<Utc>,
        #[graphql(desc = "What happened later is not known; now unless said.")] as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "Stays shorter than so many seconds are left out.", default)] min_dwell_seconds: i32,
        #[graphql(name = "where", desc = "Which objects count.")] filters: Option<Vec<DimensionFilter>>,
    ) -> Result<StageTimes> {
        let stays = stages::Stays { of, from, to, as_of, min_dwell_seconds, filters: filters.unwrap_or_default() };
        Box::pin(stages::times(Cx::of(ctx), stays)).await
    }

    /// Customers by the period of their first win, and what they did after: retention, revenue, and what a new customer cost.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(
        directive = access::apply("Opportunity".into(), "M".into(), false),
        directive = access::apply("Order".into(), "M".into(), false)
    )]
    async fn cohorts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "First wins from this moment on make a cohort.")] from: DateTime<Utc>,
        #[graphql(desc = "And before this.")] to: DateTime<Utc>,
        #[graphql(desc = "Into what time is cut, WEEK or longer; MONTH unless said.")] grain: Option<Grain>,
        #[graphql(desc = "What happened later is not known; now unless said.")] as_of: Option<DateTime<Utc>>,
        #[graphql(desc = "The currency, ISO 4217; the tenant's unless said.")] currency: Option<String>,
        #[graphql(name = "where", desc = "Which accounts count, by what is said of accounts.")] filters: Option<
            Vec<DimensionFilter>,
        >,
    ) -> Result<Cohorts> {
        let filters = filters.unwrap_or_default();
        let asked = cohorts::Asked { from, to, grain: grain.unwrap_or(Grain::Month), as_of, currency, filters };
        Box::pin(cohorts::count(Cx::of(ctx), asked)).await
    }

    /// How long customers take from milestone to milestone, and in which order they reach them.
    async fn journey_times(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Journeys that began at or after this moment.")] from: DateTime<Utc>,
        #[graphql(desc = "And before this.")] to: DateTime<Utc>,
        #[graphql(desc = "What happened later is not known; now unless said.")] as_of: Option<DateTime<Utc>>,
        #[graphql(name = "where", desc = "Which accounts count, by what is said of accounts.")] filters: Option<
            Vec<DimensionFilter>,
        >,
    ) -> Result<JourneyTimes> {
        let asked = ways::Asked { from, to, as_of, filters: filters.unwrap_or_default() };
        Box::pin(ways::times(Cx::of(ctx), asked)).await
    }

    /// The health of an account, with its parts and what they stand on. NOT_FOUND where you may not read it.
    #[graphql(directive = access::apply("Account".into(), "D".into(), false))]
    async fn account_health(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] id: GlobalId,
    ) -> Result<AccountHealth> {
        Box::pin(health::of(Cx::of(ctx), id)).await
    }

    /// A figure explains itself, by the handle that it gave: its formula, and the rows that add up to it. The analyst gets counts only.
    async fn explain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What a figure's `explain` gave.")] handle: String,
        #[graphql(desc = "The first n rows, 1 to 100; 20 unless said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
    ) -> Result<Explanation> {
        Box::pin(explain::explain(Cx::of(ctx), &handle, first, after)).await
    }
}

/// Asking for numbers.
#[derive(Default)]
pub struct AnalyticsQuery;

#[Object]
impl AnalyticsQuery {
    /// The numbers.
    #[graphql(directive = access::apply("Scoreboard".into(), "P".into(), false))]
    async fn analytics(&self) -> Analytics {
        Analytics
    }
}
