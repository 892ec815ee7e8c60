//! 7: the numbers. One engine for every door: a metric is declared once (`metric`), over a fact (`fact`) that carries the caller's row
//! rule in its FROM; a question is checked (`ask`), put to the database (`query`), added up (`tally`) and answered (`answer`) in one
//! shape, and every figure explains itself (`explain`). The arithmetic is the crate `numbers`.
//!
//! To add a metric: a block in `metric`, a hand-worked figure in `tests/journey/numbers`, `UPDATE_SCHEMA=1` for `docs/numbers.md`.

mod aggregate;
mod answer;
mod ask;
pub mod catalogue;
mod dimension;
mod explain;
mod fact;
pub mod flat;
mod metric;
mod query;
mod scoreboard;
mod tally;

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};

pub use answer::Aggregate;
use ask::{Arguments, DimensionFilter, Fill, FxInput, Grain, GroupByInput, WeekStart};
pub use catalogue::MetricDefinition;
pub use explain::Explanation;
pub use metric::Metric;
pub use scoreboard::Scoreboard;

use crate::{
    graph::{Cx, GlobalId, Result},
    policy::access,
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

    /// The shared scoreboard: one fixed set of figures over the whole tenant, the same for everybody, with targets. Groups of fewer than 5
    /// contacts or 2 accounts are hidden for everybody alike.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
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
