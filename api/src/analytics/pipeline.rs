//! The pipeline between two moments, as an identity that always adds up (A8), and how fast it turns (A7).

use std::collections::HashMap;

use async_graphql::SimpleObject;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use numbers::{
    stats::{Ratio as Parts, Summary},
    velocity,
    waterfall::{After, Before, Opportunity, Part, Standing, waterfall},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    aggregate::measure,
    ask::{Arguments, Ask, DimensionFilter, Fx},
    fact::Fact,
    metric::{Definition, Metric},
    query::{Plan, Source},
    tally::Exchange,
};
use crate::{
    graph::{Cx, Error, Money, Ratio, Result},
    journey::watermark,
    policy::{Class, Span, Type},
    tenancy,
};

/// One part of the waterfall.
#[derive(Clone, Debug, SimpleObject)]
pub struct WaterfallPart {
    /// What it is worth, as the formula adds or subtracts it. Only `fx` has a sign of its own. Null beyond what a decimal holds.
    pub value: Option<Money>,
    /// How many opportunities it tells of.
    pub count: i32,
}

/// The pipeline of one moment, what came and went, and the pipeline of another: `start + created + reopened + increased − decreased − won −
/// lost − movedOut + movedIn + reassignedIn − reassignedOut + fx − removed = end`, to the minor unit.
#[derive(Clone, Debug, SimpleObject)]
pub struct PipelineWaterfall {
    /// Open at the first moment.
    pub start: WaterfallPart,
    /// New since.
    pub created: WaterfallPart,
    /// Closed at the first moment, and opened again.
    pub reopened: WaterfallPart,
    /// Worth more than before, at the old rates.
    pub increased: WaterfallPart,
    /// Worth less than before, at the old rates.
    pub decreased: WaterfallPart,
    /// Won.
    pub won: WaterfallPart,
    /// Lost.
    pub lost: WaterfallPart,
    /// The close date moved out of the window.
    pub moved_out: WaterfallPart,
    /// The close date moved into the window.
    pub moved_in: WaterfallPart,
    /// Came from another owner.
    pub reassigned_in: WaterfallPart,
    /// Went to another owner.
    pub reassigned_out: WaterfallPart,
    /// Worth more or less by the rates alone; signed.
    pub fx: WaterfallPart,
    /// Gone without being won or lost.
    pub removed: WaterfallPart,
    /// Open at the second moment.
    pub end: WaterfallPart,
    /// Open opportunities without an amount, or without a rate, at either moment: they count for nothing.
    pub unvalued: i32,
    /// Name and version of the definition.
    pub definition: String,
    /// When the last change was recorded that is counted; null in a tenant without one.
    pub data_through: Option<DateTime<Utc>>,
    /// The currency.
    pub currency: String,
    /// Which opportunities are counted.
    pub scope: Span,
}

/// What is asked of the pipeline.
#[derive(Clone, Debug)]
pub struct Between {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The second.
    pub to: DateTime<Utc>,
    /// Only what is expected to close on or after this day.
    pub closes_from: Option<NaiveDate>,
    /// Only what is expected to close before this day.
    pub closes_to: Option<NaiveDate>,
    /// Only of this owner.
    pub owner: Option<Uuid>,
    /// Which opportunities count.
    pub filters: Vec<DimensionFilter>,
    /// The currency.
    pub currency: Option<String>,
}

/// How an opportunity was at a moment.
struct State {
    standing: Standing,
    minor: Option<i64>,
    currency: Option<String>,
    close_date: Option<NaiveDate>,
    owner: Option<Uuid>,
}

/// The waterfall between two moments.
pub async fn between(cx: &Cx, between: Between) -> Result<PipelineWaterfall> {
    let Between { from, to, closes_from, closes_to, owner, filters, currency } = between;
    let needs: &'static [_] = &[(Type::Opportunity, Class::P, ""), (Type::Opportunity, Class::M, "")];
    let definition =
        Definition { fact: Fact::Snapshot, at: "at", only: None, excluded: &[], needs, ..Metric::Leads.definition() };
    let arguments = Arguments { from, to, filters, currency, ..Arguments::default() };
    let mut ask = Ask::of_history(cx, arguments, &definition, "WATERFALL").await?;
    let basis = ask.basis(cx, &definition)?;
    if basis.grouped {
        return Err(Error::BadInput(
            "analytics: the waterfall tells of single opportunities; it is not for your role".into(),
        ));
    }
    let (old, new) = (exchange(cx, &basis, &ask, from).await?, exchange(cx, &basis, &ask, to).await?);
    ask.from = DateTime::UNIX_EPOCH;
    ask.to = to + Duration::microseconds(1);
    ask.as_of = to;
    let plan = Plan {
        ask: &ask,
        definition: &definition,
        basis: &basis,
        roots: &[],
        only: None,
        source: Source::Rows,
        daily: false,
    };
    let columns = ["id", "at", "until", "standing", "duplicate", "minor", "currency", "close_date", "owner"];
    let mut states: HashMap<Uuid, (Option<State>, Option<State>, bool)> = HashMap::new();
    for line in cx.db().query_all(&plan.read(&columns)).await? {
        let id: Uuid = line.try_get("", "id")?;
        let since: DateTime<Utc> = line.try_get("", "at")?;
        let until: Option<DateTime<Utc>> = line.try_get("", "until")?;
        let standing: Option<String> = line.try_get("", "standing")?;
        let state = || -> Result<State> {
            Ok(State {
                standing: match standing.as_deref() {
                    Some("WON") => Standing::Won,
                    Some("LOST") => Standing::Lost,
                    _ => Standing::Open,
                },
                minor: line.try_get("", "minor")?,
                currency: line.try_get("", "currency")?,
                close_date: line.try_get("", "close_date")?,
                owner: line.try_get("", "owner")?,
            })
        };
        let held = |moment: DateTime<Utc>| since <= moment && until.is_none_or(|until| until > moment);
        let entry = states.entry(id).or_default();
        if held(from) {
            entry.0 = Some(state()?);
        }
        // Whatever was closed as a duplicate is gone, not lost.
        let is_gone = standing.as_deref() == Some("LOST") && line.try_get::<i32>("", "duplicate")? == 1;
        if held(to) && !is_gone {
            entry.1 = Some(state()?);
        }
        // Open at some moment in between.
        if since > from && standing.as_deref() == Some("OPEN") {
            entry.2 = true;
        }
    }
    let valued = |exchange: &Exchange, state: &State| {
        state.minor.zip(state.currency.as_deref()).and_then(|(minor, code)| exchange.convert(minor, code, None))
    };
    let worth = |exchange: &Exchange, state: &State| valued(exchange, state).unwrap_or(0);
    let unvalued = states.values().filter(|(before, after, _)| {
        let open = |state: &Option<State>, exchange: &Exchange| {
            state.as_ref().is_some_and(|state| state.standing == Standing::Open && valued(exchange, state).is_none())
        };
        open(before, &old) || open(after, &new)
    });
    let unvalued = i32::try_from(unvalued.count()).unwrap_or(i32::MAX);
    let in_period = |state: &State| {
        let Some(day) = state.close_date else { return closes_from.is_none() && closes_to.is_none() };
        closes_from.is_none_or(|from| day >= from) && closes_to.is_none_or(|to| day < to)
    };
    let in_group = |state: &State| owner.is_none_or(|owner| state.owner == Some(owner));
    let opportunities: Vec<Opportunity> = states
        .into_values()
        .map(|(before, after, opened)| {
            let closed = |state: &Option<State>| state.as_ref().is_some_and(|state| state.standing != Standing::Open);
            Opportunity {
                closed_again: closed(&before) && closed(&after) && opened,
                before: before.as_ref().map(|state| Before {
                    standing: state.standing,
                    in_period: in_period(state),
                    in_group: in_group(state),
                    value: worth(&old, state),
                }),
                after: after.as_ref().map(|state| After {
                    standing: state.standing,
                    in_period: in_period(state),
                    in_group: in_group(state),
                    at_old_rate: worth(&old, state),
                    value: worth(&new, state),
                }),
            }
        })
        .collect();
    let found = waterfall(opportunities);
    let part = |part: Part| WaterfallPart {
        value: Money::from_sum(part.minor.into(), &ask.currency),
        count: i32::try_from(part.n).unwrap_or(i32::MAX),
    };
    Ok(PipelineWaterfall {
        start: part(found.start),
        created: part(found.created),
        reopened: part(found.reopened),
        increased: part(found.increased),
        decreased: part(found.decreased),
        won: part(found.won),
        lost: part(found.lost),
        moved_out: part(found.moved_out),
        moved_in: part(found.moved_in),
        reassigned_in: part(found.reassigned_in),
        reassigned_out: part(found.reassigned_out),
        fx: part(found.fx),
        removed: part(found.removed),
        end: part(found.end),
        unvalued,
        definition: "WATERFALL@1".to_owned(),
        data_through: watermark(cx).await?,
        currency: ask.currency.clone(),
        scope: basis.span,
    })
}

/// The rates of a moment.
async fn exchange(cx: &Cx, basis: &crate::policy::Basis, ask: &Ask, at: DateTime<Utc>) -> Result<Exchange> {
    let day = at.with_timezone(&ask.calendar.zone).date_naive();
    Exchange::of(cx, basis, &Ask { fx: Some(Fx::On(day)), ..ask.clone() }).await
}

/// How fast the pipeline turns into money: open × win rate × average won value ÷ cycle, per day. The parts are of the 365 days before.
#[derive(Clone, Debug, SimpleObject)]
pub struct SalesVelocity {
    /// By the median cycle; null if any part is.
    pub by_median: Option<Money>,
    /// By the mean cycle, as most published versions have it. Null if any part is.
    pub by_mean: Option<Money>,
    /// Open opportunities.
    pub open: i32,
    /// Won of won and lost.
    pub win_rate: Ratio,
    /// What a won opportunity brings on average; null where none was won.
    pub average_won: Option<Money>,
    /// The sales cycle of those won, in days: the median; null where none was won.
    pub median_cycle_days: Option<f64>,
    /// The mean. Null where none was won.
    pub mean_cycle_days: Option<f64>,
    /// The moment that is asked about.
    pub as_of: DateTime<Utc>,
    /// Name and version of the definition.
    pub definition: String,
    /// Which opportunities are counted.
    pub scope: Span,
    /// Whether it is hidden because too few accounts stand behind it.
    pub suppressed: bool,
}

/// The midnight before a moment in the tenant's zone.
async fn midnight(cx: &Cx, moment: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let tenant = tenancy::tenant(&cx.store, cx.caller.tenant).await?;
    let calendar = super::ask::calendar(&tenant, None, None, None)?;
    Ok(calendar.start_of_day(calendar.date_of(moment)))
}

/// 365 days before, at midnight of the tenant's zone where it was midnight.
async fn year_before(cx: &Cx, moment: DateTime<Utc>) -> Result<DateTime<Utc>> {
    match midnight(cx, moment).await? == moment {
        true => midnight(cx, moment - Duration::days(365) + Duration::hours(12)).await,
        false => Ok(moment - Duration::days(365)),
    }
}

/// Sales velocity at a moment.
pub async fn velocity(
    cx: &Cx,
    as_of: Option<DateTime<Utc>>,
    filters: Vec<DimensionFilter>,
    currency: Option<String>,
) -> Result<SalesVelocity> {
    let to = as_of.unwrap_or_else(|| cx.caller.now());
    // Whoever reads no rows asks for whole days: of today up to this morning.
    let reads = cx.caller.basis(Metric::WonValue.definition().needs).is_some_and(|basis| !basis.grouped);
    let to = if reads || as_of.is_some() { to } else { midnight(cx, to).await? };
    let metrics = [Metric::OpenOpportunities, Metric::WinRate, Metric::WonValue, Metric::SalesCycle];
    let arguments = Arguments {
        metrics: metrics.to_vec(),
        from: year_before(cx, to).await?,
        to,
        as_of,
        filters,
        currency,
        ..Arguments::default()
    };
    let ask = Ask::of(cx, arguments).await?;
    let mut tallies = Vec::new();
    let mut span = Span::All;
    for metric in metrics {
        let counted = measure(cx, &ask, metric, None).await?;
        span = span.min(counted.basis.span);
        tallies.push(counted.tallies.groups.into_values().next().unwrap_or_default());
    }
    let suppressed = tallies.iter().any(|tally| tally.hidden);
    let whole = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
    let win_rate = Parts { numerator: whole(tallies[1].hit), denominator: tallies[1].n };
    let won = Parts { numerator: whole(tallies[2].sum), denominator: tallies[2].valued };
    let open = u64::try_from(tallies[0].sum).unwrap_or(0);
    let found = velocity::velocity(Some(open), win_rate, won, &Summary::of(std::mem::take(&mut tallies[3].samples)));
    let money = |minor: Option<f64>| {
        minor.filter(|_| !suppressed).and_then(|minor| Money::from_sum(minor.round() as i128, &ask.currency))
    };
    Ok(SalesVelocity {
        by_median: money(found.by_median),
        by_mean: money(found.by_mean),
        open: if suppressed { 0 } else { i32::try_from(open).unwrap_or(i32::MAX) },
        win_rate: if suppressed { Ratio::new(0, 0) } else { Ratio::new(win_rate.numerator, win_rate.denominator) },
        average_won: money(won.value()),
        median_cycle_days: found.median_cycle_days.filter(|_| !suppressed),
        mean_cycle_days: found.mean_cycle_days.filter(|_| !suppressed),
        as_of: to,
        definition: "VELOCITY@1".to_owned(),
        scope: span,
        suppressed,
    })
}
