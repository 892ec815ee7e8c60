//! What new business cost (A14): the cost of a period for its new customers, leads and opportunities; with the lag, the cost of the
//! period in which they were won over, which lies before by the median sales cycle.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use numbers::{civil::Calendar, stats::Summary};

use super::{
    aggregate::measure,
    answer::{Exclusion, excluded},
    ask::{Arguments, Ask, DimensionFilter},
    dimension::Dimension,
    metric::{Definition, Metric},
    tally::Tally,
};
use crate::{
    graph::{Cx, Money, Result, count},
    policy::{Basis, Class, Need, Span, Type},
};

/// Of which days the cost is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum CostLag {
    /// Of the period itself.
    #[default]
    None,
    /// Of the days that lie before the period's by the median sales cycle of its wins, in whole days.
    MedianCycle,
}

/// What new business cost.
#[derive(Clone, Debug, SimpleObject)]
pub struct AcquisitionCost {
    /// All that was spent: on marketing and on sales. Null beyond what a decimal holds.
    pub cost: Option<Money>,
    /// What sales cost of it: the cost of campaigns of type OUTBOUND. Null beyond what a decimal holds.
    pub sales_cost: Option<Money>,
    /// How many accounts became customers. Null where it is hidden.
    pub new_customers: Option<i32>,
    /// `cost` / `newCustomers`. Null where there is none, or where it is hidden.
    pub per_customer: Option<Money>,
    /// Of each lead that came in. Null where there is none, or where it is hidden.
    pub per_lead: Option<Money>,
    /// Of each lead that qualified for marketing. Null where there is none, or where it is hidden.
    pub per_mql: Option<Money>,
    /// Of each offer that sales accepted. Null where there is none, or where it is hidden.
    pub per_sal: Option<Money>,
    /// Of each opportunity that was created. Null where there is none, or where it is hidden.
    pub per_opportunity: Option<Money>,
    /// The median sales cycle of the period's wins, in days. Null where nothing was won, or where it is hidden.
    pub median_cycle_days: Option<f64>,
    /// By how many days the cost lies before the period: 0 without a lag, and where nothing was won.
    pub lag_days: i32,
    /// The first moment of the cost.
    pub cost_from: DateTime<Utc>,
    /// The first moment after it.
    pub cost_to: DateTime<Utc>,
    /// Rows that do not count, by metric and reason. At most one line for each.
    pub excluded: Vec<Exclusion>,
    /// Name and version of the definition.
    pub definition: String,
    /// What happened later is not known.
    pub as_of: DateTime<Utc>,
    /// The currency.
    pub currency: String,
    /// Which rows are counted.
    pub scope: Span,
    /// Whether some of it is hidden because too few persons or accounts stand behind it.
    pub suppressed: bool,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The period's first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// Of which days the cost is counted.
    pub lag: CostLag,
    /// What happened later is not known.
    pub as_of: Option<DateTime<Utc>>,
    /// The currency.
    pub currency: Option<String>,
    /// Which campaigns and channels count.
    pub filters: Vec<DimensionFilter>,
}

/// All that new business is divided into.
const PER: [Metric; 5] =
    [Metric::NewCustomers, Metric::Leads, Metric::Mqls, Metric::Accepted, Metric::OpportunitiesCreated];

/// One figure of a question that is told apart by nothing.
async fn one(cx: &Cx, ask: &Ask, metric: Metric, basis: &Basis, out: &mut Vec<Exclusion>) -> Result<Tally> {
    let counted = Box::pin(measure(cx, ask, metric, Some(basis))).await?;
    out.extend(excluded(std::slice::from_ref(&counted)));
    Ok(counted.tallies.groups.into_values().next().unwrap_or_default())
}

/// So many days before a moment; of a midnight the midnight.
fn before(calendar: &Calendar, moment: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    let date = calendar.date_of(moment);
    match calendar.start_of_day(date) == moment {
        true => calendar.start_of_day(date - Duration::days(days)),
        false => moment - Duration::days(days),
    }
}

/// Counts.
pub async fn cost(cx: &Cx, asked: Asked) -> Result<AcquisitionCost> {
    const NEEDS: &[Need] = &[
        (Type::CampaignCost, Class::M, ""),
        (Type::Lead, Class::P, ""),
        (Type::Handover, Class::P, ""),
        (Type::Opportunity, Class::P, ""),
        (Type::Order, Class::P, ""),
    ];
    let definition = Definition { needs: NEEDS, ..Metric::Cac.definition() };
    let arguments = Arguments {
        metrics: PER.into_iter().chain([Metric::SalesCycle, Metric::CampaignCost]).collect(),
        from: asked.from,
        to: asked.to,
        as_of: asked.as_of,
        filters: asked.filters,
        currency: asked.currency,
        ..Arguments::default()
    };
    let ask = Ask::of(cx, arguments.clone()).await?;
    let basis = ask.basis(cx, &definition)?;
    let mut left_out = Vec::new();
    let mut per = Vec::with_capacity(PER.len());
    for metric in PER {
        per.push(one(cx, &ask, metric, &basis, &mut left_out).await?);
    }
    let cycle = one(cx, &ask, Metric::SalesCycle, &basis, &mut Vec::new()).await?;
    let suppressed = cycle.hidden || per.iter().any(|tally| tally.hidden);
    let median_cycle_days = Summary::of(cycle.samples).p50.map(|median| median / 86_400_000.0);
    // A cycle that is hidden has no samples, and shifts nothing.
    let lag_days = match asked.lag {
        CostLag::None => 0,
        CostLag::MedianCycle => median_cycle_days.map_or(0, |days| days.round() as i64),
    };
    let (cost_from, cost_to) = (before(&ask.calendar, ask.from, lag_days), before(&ask.calendar, ask.to, lag_days));
    let spent = Arguments { metrics: vec![Metric::CampaignCost], from: cost_from, to: cost_to, ..arguments };
    let of_all = Ask::of(cx, spent.clone()).await?;
    let cost = one(cx, &of_all, Metric::CampaignCost, &basis, &mut left_out).await?.sum;
    let outbound = DimensionFilter { dimension: Dimension::CampaignType, keys: vec![Some("OUTBOUND".to_owned())] };
    let filters = spent.filters.iter().cloned().chain([outbound]).collect();
    let of_sales = Ask::of(cx, Arguments { filters, ..spent }).await?;
    let sales = one(cx, &of_sales, Metric::CampaignCost, &basis, &mut Vec::new()).await?.sum;
    let each = |place: usize| {
        let n = per[place].sum;
        (!per[place].hidden && n > 0).then(|| Money::from_sum((cost + n / 2) / n, &ask.currency)).flatten()
    };
    Ok(AcquisitionCost {
        cost: Money::from_sum(cost, &ask.currency),
        sales_cost: Money::from_sum(sales, &ask.currency),
        new_customers: (!per[0].hidden).then(|| count(per[0].n)),
        per_customer: each(0),
        per_lead: each(1),
        per_mql: each(2),
        per_sal: each(3),
        per_opportunity: each(4),
        median_cycle_days,
        lag_days: i32::try_from(lag_days).unwrap_or(i32::MAX),
        cost_from,
        cost_to,
        excluded: left_out,
        definition: "ACQUISITION_COST@1".to_owned(),
        as_of: ask.as_of,
        currency: ask.currency.clone(),
        scope: basis.span,
        suppressed,
    })
}
