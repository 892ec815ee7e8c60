//! The shared scoreboard: one fixed set of figures over the whole tenant, the same for everybody who asks, each with its target and the
//! discipline that answers for it. So that marketing and sales argue about what to do, not about whose number is right.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use entities::{account::industry_closure, codes::Discipline, tenant::goal};
use rust_decimal::Decimal;
use sea_orm::{
    ColumnTrait, ConnectionTrait,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{
    aggregate::measure,
    answer::{Exclusion, FigureBucket, MetricValue, excluded, shown},
    ask::{Arguments, Ask, Fill, Grain, GroupByInput, Value},
    dimension::Dimension,
    explain::Handle,
    figure::figure,
    metric::Metric,
    tally::Tally,
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, Result, decimals},
    journey::watermark,
    policy::Basis,
};

/// The figures of the scoreboard, in the order of the customer's way.
pub const FIGURES: [Metric; 24] = [
    Metric::PersonsReached,
    Metric::CampaignCost,
    Metric::Leads,
    Metric::Mqls,
    Metric::MqlRate,
    Metric::Offers,
    Metric::Accepted,
    Metric::AcceptanceRate,
    Metric::OnTimeRate,
    Metric::LeadResponseTime,
    Metric::SpeedToLead,
    Metric::Sqls,
    Metric::OpportunitiesCreated,
    Metric::PipelineValue,
    Metric::Won,
    Metric::WonValue,
    Metric::WinRate,
    Metric::SalesCycle,
    Metric::NewCustomers,
    Metric::FirstResponseTime,
    Metric::ResolutionTime,
    Metric::SlaAttainment,
    Metric::Csat,
    Metric::RepeatCustomerRate,
];

/// One figure of the scoreboard over its buckets.
#[derive(Clone, Debug, SimpleObject)]
pub struct ScoreLine {
    /// Which figure.
    pub metric: Metric,
    /// The discipline that answers for it.
    pub discipline: Discipline,
    /// Name and version of its definition.
    pub definition: String,
    /// One value for each bucket, in the order of `buckets`; at most 400. Null where the figure knows no industry or no channel, and one was asked for.
    pub values: Option<Vec<MetricValue>>,
    /// What was wanted for each bucket: the goals of exactly that period, amounts in the scoreboard's currency. Null where there is none.
    pub targets: Vec<Option<Decimal>>,
}

/// The shared scoreboard.
#[derive(Clone, Debug, SimpleObject)]
pub struct Scoreboard {
    /// The stretches of time, at most 400; the whole period where no grain is asked for.
    pub buckets: Vec<FigureBucket>,
    /// The figures, in the order of the customer's way. At most 24.
    pub lines: Vec<ScoreLine>,
    /// What happened later is not known.
    pub as_of: DateTime<Utc>,
    /// When the last change was recorded that these figures know; null in a tenant without one.
    pub data_through: Option<DateTime<Utc>>,
    /// The zone of buckets and days: the tenant's.
    pub timezone: String,
    /// The currency of money: the tenant's.
    pub currency: String,
    /// Rows of the period that do not count, by metric and reason. At most one line for each.
    pub excluded: Vec<Exclusion>,
}

/// What the scoreboard may be asked for: never an account, a colleague, a campaign or a filter of another kind.
#[derive(Clone, Debug)]
pub struct Board {
    /// The period's first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// By which buckets.
    pub grain: Option<Grain>,
    /// Of customers of this industry, with all below it.
    pub industry: Option<GlobalId>,
    /// Of this channel.
    pub channel: Option<GlobalId>,
}

/// What a figure of the board stands on: the board's own questions only. Whoever asks for another metric, a campaign or an account by a
/// handle of the board is refused.
pub fn basis(cx: &Cx, ask: &Ask) -> Result<Basis> {
    let is_slice = |dimension: Dimension| matches!(dimension, Dimension::Industry | Dimension::Channel);
    let of_board = ask.is_now
        && ask.filters.is_empty()
        && ask.fx.is_none()
        && ask.calendar == tenant_calendar(ask)
        && ask.groupings.iter().all(|grouping| is_slice(grouping.dimension))
        && ask.metrics.iter().all(|metric| of_board(*metric));
    match of_board {
        true => {
            ask.is_coarse()?;
            cx.caller.shared_basis().ok_or(Error::Forbidden)
        }
        false => Err(Error::BadInput("handle: one that a figure's `explain` gave".into())),
    }
}

/// The board's time: the tenant's zone, weeks from Monday, years from January.
fn tenant_calendar(ask: &Ask) -> numbers::civil::Calendar {
    numbers::civil::Calendar::new(ask.zone.parse().unwrap_or(ask.calendar.zone))
}

/// Whether a metric stands on the board, or is a part of one that does.
fn of_board(metric: Metric) -> bool {
    FIGURES.contains(&metric)
}

/// The scoreboard, the same for everybody.
pub async fn scoreboard(cx: &Cx, board: Board) -> Result<Scoreboard> {
    let basis = cx.caller.shared_basis().ok_or(Error::Forbidden)?;
    let Board { from, to, grain, industry, channel } = board;
    // A slice is a cell of the table of all slices: what would give a small one away is hidden, too.
    let mut slices = Vec::new();
    if let Some(id) = industry {
        let id = id.expect(Kind::Industry)?;
        let level = depth(cx, &basis, id).await?.ok_or(Error::NotFound)?;
        slices.push((
            GroupByInput { dimension: Some(Dimension::Industry), grain: None, level: Some(level) },
            Value::Row(id),
        ));
    }
    if let Some(id) = channel {
        let id = id.expect(Kind::Channel)?;
        slices.push((GroupByInput { dimension: Some(Dimension::Channel), grain: None, level: None }, Value::Row(id)));
    }
    let by_time = grain.map(|grain| GroupByInput { dimension: None, grain: Some(grain), level: None });
    let keys: Vec<Option<Value>> = slices.iter().map(|(_, value)| Some(value.clone())).collect();
    let group_by: Vec<GroupByInput> = slices.iter().map(|(slice, _)| *slice).chain(by_time).collect();
    let mut lines = Vec::with_capacity(FIGURES.len());
    let mut left_out = Vec::new();
    // Everybody sees the same goals beside the same figures.
    let goals = basis.caller.rows::<goal::Entity>().filter(goal::Column::Metric.is_in(FIGURES.map(Metric::code)));
    let goals: Vec<goal::Model> = goals.all(&cx.db()).await?.iter().map(|seen| seen.row().clone()).collect();
    let mut board: Option<Ask> = None;
    for metric in FIGURES {
        let definition = metric.definition();
        let knows = slices.iter().filter_map(|(slice, _)| slice.dimension).all(|slice| definition.allows(slice));
        let arguments = Arguments {
            metrics: vec![metric],
            group_by: if knows { group_by.clone() } else { by_time.into_iter().collect() },
            from,
            to,
            fill: Fill::Zero,
            ..Arguments::default()
        };
        let ask = Ask::of(cx, arguments).await?;
        ask.is_coarse()?;
        let values = match knows {
            false => None,
            true => {
                let counted = measure(cx, &ask, metric, Some(&basis)).await?;
                left_out.extend(excluded(std::slice::from_ref(&counted)));
                let value = |bucket: usize| {
                    let key = (bucket, keys.clone());
                    let nothing = Tally::default();
                    let value =
                        figure(&definition, counted.tallies.groups.get(&key).unwrap_or(&nothing), &ask.currency);
                    shown(&definition, value, &ask.currency, || Handle::shared(&ask, &definition, &key).encode())
                };
                Some((0..ask.buckets.len()).map(value).collect())
            }
        };
        let targets = ask.buckets.iter().map(|bucket| {
            let first = ask.calendar.date_of(bucket.from);
            let last = ask.calendar.date_of(bucket.to - chrono::Duration::microseconds(1));
            target(&goals, metric, &ask.currency, first, last)
        });
        lines.push(ScoreLine {
            metric,
            discipline: definition.discipline,
            definition: definition.id(),
            values,
            targets: targets.collect(),
        });
        board.get_or_insert(ask);
    }
    let ask = board.ok_or(Error::NotFound)?;
    Ok(Scoreboard {
        buckets: ask.buckets.iter().map(Into::into).collect(),
        lines,
        as_of: ask.as_of,
        data_through: watermark(cx).await?,
        timezone: ask.calendar.zone.name().to_owned(),
        currency: ask.currency,
        excluded: left_out,
    })
}

/// How deep an industry lies, 0 for a root; none where there is no such industry.
async fn depth(cx: &Cx, basis: &Basis, industry: Uuid) -> Result<Option<i32>> {
    let select = Query::select()
        .expr_as(Expr::col(industry_closure::Column::Depth).max(), "depth")
        .from(industry_closure::Entity)
        .and_where(Expr::col(industry_closure::Column::TenantId).eq(basis.caller.tenant))
        .and_where(Expr::col(industry_closure::Column::DescendantId).eq(industry))
        .to_owned();
    match cx.db().query_one(&select).await? {
        Some(row) => Ok(row.try_get("", "depth")?),
        None => Ok(None),
    }
}

/// What was wanted of a metric in exactly one period: the goals of all disciplines together. Money in another currency is no goal of
/// this board.
fn target(
    goals: &[goal::Model],
    metric: Metric,
    currency: &str,
    first: chrono::NaiveDate,
    last: chrono::NaiveDate,
) -> Option<Decimal> {
    let of =
        goals.iter().filter(|goal| goal.metric == metric.code() && goal.date_from == first && goal.date_to == last);
    let amounts = of.filter(|goal| goal.currency.as_deref().is_none_or(|code| code == currency));
    amounts.map(|goal| Decimal::new(goal.target, goal.currency.as_deref().map_or(0, decimals))).reduce(|a, b| a + b)
}
