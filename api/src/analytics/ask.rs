//! What is asked for, checked: every argument that cannot be meant is refused with its name and what is allowed.

use async_graphql::{Enum, InputObject};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use entities::tenant::tenant;
use numbers::civil::{Bucket, Calendar};
use uuid::Uuid;

use super::{
    dimension::{Dimension, KeyOf},
    metric::{Definition, Measure, Metric},
};
use crate::{
    graph::{Cx, Error, GlobalId, Result, is_currency},
    policy::Basis,
    tenancy,
};

/// The longest period of one question.
const MAX_YEARS: i64 = 50;
/// The most metrics of one question.
const MAX_METRICS: usize = 20;
/// The most dimensions of one question.
const MAX_DIMENSIONS: usize = 4;
/// The most buckets of one question: each is a comparison in the statement.
pub const MAX_BUCKETS: usize = 2_000;
/// The most buckets of a metric that stands at the end of each: each is a look at the whole history.
pub const MAX_MOMENTS: usize = 400;
/// The most filters of one question.
const MAX_FILTERS: usize = 20;
/// The most values of one filter.
const MAX_VALUES: usize = 100;

/// How long a bucket of time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "numbers::civil::Grain")]
pub enum Grain {
    /// An hour. An hour that the clock repeats in autumn is two.
    Hour,
    /// A civil day: of 23 or 25 hours where the clock changes.
    Day,
    /// A week, from `weekStart` on.
    Week,
    /// A month.
    Month,
    /// A quarter of the calendar's year.
    Quarter,
    /// A year.
    Year,
    /// A quarter of the fiscal year.
    FiscalQuarter,
    /// A fiscal year, named after the calendar year in which it ends.
    FiscalYear,
}

/// The day on which a week begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "numbers::civil::WeekStart")]
pub enum WeekStart {
    /// ISO 8601.
    Monday,
    /// North America.
    Sunday,
}

/// Whether buckets without a row are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum Fill {
    /// Only what there is.
    #[default]
    None,
    /// Every bucket of every group that occurs in the period, with zeros.
    Zero,
}

/// On which day's exchange rate amounts in another currency are converted. The latest rate on or before that day counts; a row without one is left out,
/// under MISSING_RATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum FxMode {
    /// The day of the row: of an opportunity its close date.
    AtEvent,
    /// The day of `asOf`.
    AtReport,
    /// One day, `date`.
    Fixed,
}

/// How amounts in another currency are converted.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct FxInput {
    /// On which day's rate.
    pub mode: FxMode,
    /// The day of FIXED; not with another mode.
    pub date: Option<NaiveDate>,
}

/// By what figures are told apart: either a dimension or time.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct GroupByInput {
    /// By a dimension.
    pub dimension: Option<Dimension>,
    /// By time; at most once.
    pub grain: Option<Grain>,
    /// With INDUSTRY only: rolled up to the ancestor at this depth, 0 for the roots.
    pub level: Option<i32>,
}

/// Which rows count: those whose dimension has one of some keys.
#[derive(Clone, Debug, InputObject)]
pub struct DimensionFilter {
    /// Which dimension.
    pub dimension: Dimension,
    /// Its keys, 1 to 100: ids, or codes. Null stands for rows without one. An industry stands for all below it.
    pub keys: Vec<Option<String>>,
}

/// A key of a dimension.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// A row.
    Row(Uuid),
    /// A code.
    Code(String),
}

/// By what figures are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grouping {
    /// The dimension.
    pub dimension: Dimension,
    /// Of industries: the depth that they are rolled up to.
    pub level: Option<i32>,
}

/// How amounts are converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fx {
    /// By the row's day.
    AtEvent,
    /// By one day.
    On(NaiveDate),
}

/// The arguments of a question, as they came.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// See `aggregate`.
    pub metrics: Vec<Metric>,
    /// See `aggregate`.
    pub group_by: Vec<GroupByInput>,
    /// See `aggregate`.
    pub filters: Vec<DimensionFilter>,
    /// See `aggregate`.
    pub from: DateTime<Utc>,
    /// See `aggregate`.
    pub to: DateTime<Utc>,
    /// See `aggregate`.
    pub as_of: Option<DateTime<Utc>>,
    /// See `aggregate`.
    pub timezone: Option<String>,
    /// See `aggregate`.
    pub week_start: Option<WeekStart>,
    /// See `aggregate`.
    pub fiscal_offset: Option<i32>,
    /// See `aggregate`.
    pub currency: Option<String>,
    /// See `aggregate`.
    pub fx: Option<FxInput>,
    /// See `aggregate`.
    pub fill: Fill,
}

/// A question, checked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What is asked for.
    pub metrics: Vec<Metric>,
    /// By what it is told apart, beside time.
    pub groupings: Vec<Grouping>,
    /// By which buckets, if by time.
    pub grain: Option<Grain>,
    /// Which rows count.
    pub filters: Vec<(Dimension, Vec<Option<Value>>)>,
    /// The period's first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// What happened later is not known.
    pub as_of: DateTime<Utc>,
    /// Civil time.
    pub calendar: Calendar,
    /// The buckets; one that is the whole period where time does not tell apart.
    pub buckets: Vec<Bucket>,
    /// The currency of money.
    pub currency: String,
    /// The tenant's own currency, through which two others meet.
    pub pivot: String,
    /// The tenant's own zone.
    pub zone: String,
    /// Whether `asOf` was left to be now.
    pub is_now: bool,
    /// How amounts are converted; by the metric's own rule without.
    pub fx: Option<Fx>,
    /// Whether empty buckets are answered.
    pub fill: Fill,
}

fn bad(text: impl Into<String>) -> Error {
    Error::BadInput(text.into())
}

impl Ask {
    /// Checks the arguments.
    pub async fn of(cx: &Cx, arguments: Arguments) -> Result<Ask> {
        if arguments.metrics.is_empty() || arguments.metrics.len() > MAX_METRICS {
            return Err(bad(format!("metrics: 1 to {MAX_METRICS} of those that analytics.metrics lists")));
        }
        let ask = Ask::checked(cx, arguments).await?;
        for metric in &ask.metrics {
            ask.suits(metric.code(), &metric.definition())?;
        }
        Ok(ask)
    }

    /// Checks the arguments of a figure with a question of its own, by its name.
    pub async fn of_history(cx: &Cx, arguments: Arguments, definition: &Definition, name: &str) -> Result<Ask> {
        let ask = Ask::checked(cx, arguments).await?;
        ask.suits(name, definition)?;
        Ok(ask)
    }

    async fn checked(cx: &Cx, arguments: Arguments) -> Result<Ask> {
        let tenant = tenancy::tenant(&cx.store, cx.caller.tenant).await?;
        Ask::of_tenant(tenant, cx.caller.now(), arguments)
    }

    /// Checks the arguments by what the tenant has settled: all but whether the metrics know the dimensions.
    pub fn of_tenant(tenant: tenant::Model, now: DateTime<Utc>, arguments: Arguments) -> Result<Ask> {
        let Arguments {
            mut metrics,
            group_by,
            filters,
            from,
            to,
            as_of,
            timezone,
            week_start,
            fiscal_offset,
            currency,
            fx,
            fill,
        } = arguments;
        let mut known = std::collections::HashSet::new();
        metrics.retain(|metric| known.insert(*metric));
        if from >= to {
            return Err(bad(
                "to: after from; the period is half-open, from its first moment to the first moment after it",
            ));
        }
        if to - from > Duration::days(MAX_YEARS * 366) {
            return Err(bad(format!("to: at most {MAX_YEARS} years after from")));
        }
        let calendar = calendar(&tenant, timezone, week_start, fiscal_offset)?;
        let currency = currency.unwrap_or_else(|| tenant.currency.clone());
        if !is_currency(&currency) {
            return Err(bad("currency: an ISO 4217 code in capitals, such as EUR"));
        }
        let is_now = as_of.is_none();
        let as_of = as_of.unwrap_or(now);
        let fx = match fx {
            None => None,
            Some(FxInput { mode: FxMode::Fixed, date: Some(date) }) => Some(Fx::On(date)),
            Some(FxInput { mode: FxMode::AtEvent, date: None }) => Some(Fx::AtEvent),
            Some(FxInput { mode: FxMode::AtReport, date: None }) => {
                Some(Fx::On(as_of.with_timezone(&calendar.zone).date_naive()))
            }
            Some(_) => return Err(bad("fx: `date` belongs to mode FIXED, which needs it")),
        };
        let (groupings, grain) = groupings(group_by)?;
        let buckets = match grain {
            None => vec![Bucket { from, to, label: String::new(), partial: false }],
            Some(grain) => calendar
                .buckets(from, to, grain.into(), MAX_BUCKETS)
                .map_err(|_| bad(format!("groupBy: this period has more than {MAX_BUCKETS} buckets of this grain")))?,
        };
        let filters = filters.into_iter().map(filter).collect::<Result<Vec<_>>>()?;
        let (pivot, zone) = (tenant.currency, tenant.zone);
        if filters.len() > MAX_FILTERS {
            return Err(bad(format!("where: at most {MAX_FILTERS} filters")));
        }
        let ask = Ask {
            metrics,
            groupings,
            grain,
            filters,
            from,
            to,
            as_of,
            calendar,
            buckets,
            currency,
            pivot,
            zone,
            is_now,
            fx,
            fill,
        };
        Ok(ask)
    }

    /// That a metric knows the dimensions that are asked for.
    fn suits(&self, code: &str, definition: &Definition) -> Result<()> {
        let asked = self.groupings.iter().map(|grouping| ("groupBy", grouping.dimension));
        let asked = asked.chain(self.filters.iter().map(|(dimension, _)| ("where", *dimension)));
        for (argument, dimension) in asked {
            if !definition.allows(dimension) {
                let allowed: Vec<String> = definition.dimensions().iter().map(|dimension| dimension.name()).collect();
                return Err(bad(format!(
                    "{argument}: {code} does not know {}; it knows {}",
                    dimension.name(),
                    allowed.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// That nothing finer than the tenant's own days and money is asked for: what is told of groups only could be taken apart by the
    /// hour, by other zones, or by currencies that few rows are in.
    pub fn is_coarse(&self) -> Result<()> {
        if self.grain == Some(Grain::Hour) {
            return Err(bad("groupBy: no grain under DAY for your role"));
        }
        if self.calendar.zone.name() != self.zone {
            return Err(bad("timezone: the tenant's own for your role"));
        }
        if self.currency != self.pivot || self.fx.is_some() {
            return Err(bad("currency: the tenant's own for your role, at the metric's own rates"));
        }
        let starts = |moment: DateTime<Utc>| self.calendar.start_of_day(self.calendar.date_of(moment)) == moment;
        if !starts(self.from) || !starts(self.to) {
            return Err(bad("from: whole days for your role, from midnight to midnight in the tenant's zone"));
        }
        match self.is_now || starts(self.as_of) {
            true => Ok(()),
            false => Err(bad("asOf: a midnight in the tenant's zone for your role")),
        }
    }

    /// What the metric stands on for this caller, and that the caller may tell figures apart as it asks.
    pub fn basis(&self, cx: &Cx, definition: &Definition) -> Result<Basis> {
        let basis = basis_of(cx, definition).ok_or_else(|| {
            let allowed = metrics_of(cx);
            let allowed: Vec<&str> = allowed.iter().map(|metric| metric.code()).collect();
            bad(format!("metrics: {} is not for your role; yours are {}", definition.metric.code(), allowed.join(", ")))
        })?;
        let asked = self.groupings.iter().map(|grouping| ("groupBy", grouping.dimension));
        for (argument, dimension) in asked.chain(self.filters.iter().map(|(dimension, _)| ("where", *dimension))) {
            if !may(cx, &basis, dimension) {
                let dimensions = definition.dimensions();
                let allowed = dimensions.iter().filter(|other| may(cx, &basis, **other));
                let allowed: Vec<String> = allowed.map(|dimension| dimension.name()).collect();
                return Err(bad(format!(
                    "{argument}: {} is not for your role; yours are {}",
                    dimension.name(),
                    allowed.join(", ")
                )));
            }
        }
        if basis.grouped {
            self.is_coarse()?;
        }
        Ok(basis)
    }
}

/// What a metric stands on for a caller. What is made of two figures needs both over the same rows: a tenant's cost is not set against
/// a team's wins.
pub fn basis_of(cx: &Cx, definition: &Definition) -> Option<Basis> {
    let basis = cx.caller.basis(definition.needs)?;
    if let Measure::Derived(derivation) = definition.measure {
        let [one, other] = derivation.parts().map(|part| cx.caller.basis(part.definition().needs));
        let alike = |one: &Basis, other: &Basis| one.span == other.span && one.grouped == other.grouped;
        if !one.zip(other).is_some_and(|(one, other)| alike(&one, &other)) {
            return None;
        }
    }
    Some(basis)
}

/// Whether the caller may tell figures apart by a dimension.
pub fn may(cx: &Cx, basis: &Basis, dimension: Dimension) -> bool {
    let (ty, class) = dimension.needs();
    match basis.grouped {
        true => !dimension.is_personal() && cx.caller.basis(&[(ty, class, "")]).is_some(),
        false => cx.caller.basis(&[(ty, class, "")]).is_some_and(|basis| !basis.grouped),
    }
}

/// The metrics that the caller may ask for.
pub fn metrics_of(cx: &Cx) -> Vec<Metric> {
    let may = |metric: &&Metric| basis_of(cx, &metric.definition()).is_some();
    Metric::ALL.iter().filter(may).copied().collect()
}

/// Civil time, as a question asks for it: the tenant's zone, weeks from Monday, fiscal years from January unless it says otherwise.
pub fn calendar(
    tenant: &tenant::Model,
    timezone: Option<String>,
    week_start: Option<WeekStart>,
    fiscal_offset: Option<i32>,
) -> Result<Calendar> {
    let name = timezone.unwrap_or_else(|| tenant.zone.clone());
    let zone: Tz = name.parse().map_err(|_| bad("timezone: an IANA time zone, such as Europe/Berlin"))?;
    let fiscal_offset_months = match u8::try_from(fiscal_offset.unwrap_or(0)) {
        Ok(months) if months < 12 => months,
        _ => return Err(bad("fiscalOffset: 0 to 11 months after January")),
    };
    let week_start = week_start.unwrap_or(WeekStart::Monday).into();
    Ok(Calendar { zone, week_start, fiscal_offset_months })
}

fn groupings(group_by: Vec<GroupByInput>) -> Result<(Vec<Grouping>, Option<Grain>)> {
    let (mut groupings, mut grain): (Vec<Grouping>, _) = (Vec::new(), None);
    for input in group_by {
        match input {
            GroupByInput { dimension: Some(dimension), grain: None, level } => {
                if level.is_some_and(|level| level < 0 || dimension != Dimension::Industry) {
                    return Err(bad("groupBy: `level` belongs to INDUSTRY and is not negative"));
                }
                if groupings.iter().any(|known| known.dimension == dimension) {
                    return Err(bad(format!("groupBy: {} twice", dimension.name())));
                }
                groupings.push(Grouping { dimension, level });
            }
            GroupByInput { dimension: None, grain: Some(by), level: None } if grain.is_none() => grain = Some(by),
            _ => return Err(bad("groupBy: each is either a dimension or a grain, and one is a grain at most")),
        }
    }
    match groupings.len() <= MAX_DIMENSIONS {
        true => Ok((groupings, grain)),
        false => Err(bad(format!("groupBy: at most {MAX_DIMENSIONS} dimensions"))),
    }
}

fn filter(filter: DimensionFilter) -> Result<(Dimension, Vec<Option<Value>>)> {
    let DimensionFilter { dimension, keys } = filter;
    if keys.is_empty() || keys.len() > MAX_VALUES {
        return Err(bad(format!("where: {} takes 1 to {MAX_VALUES} keys", dimension.name())));
    }
    let keys = keys.into_iter().map(|key| key.map(|key| value(dimension, &key)).transpose());
    Ok((dimension, keys.collect::<Result<Vec<_>>>()?))
}

/// The key of a dimension that a text names.
pub fn value(dimension: Dimension, key: &str) -> Result<Value> {
    match dimension.key() {
        KeyOf::Code => Ok(Value::Code(key.to_owned())),
        KeyOf::Row(kind) => match GlobalId::parse(key).and_then(|id| id.expect(kind).ok()) {
            Some(id) => Ok(Value::Row(id)),
            None => {
                Err(bad(format!("where: the keys of {} are ids that begin with {}_", dimension.name(), kind.prefix())))
            }
        },
    }
}

impl Grain {
    /// Its name in the schema.
    pub fn name(self) -> String {
        enum_name(self)
    }

    /// The grain of a name.
    pub fn named(name: &str) -> Option<Grain> {
        use Grain::{Day, FiscalQuarter, FiscalYear, Hour, Month, Quarter, Week, Year};
        [Hour, Day, Week, Month, Quarter, Year, FiscalQuarter, FiscalYear]
            .into_iter()
            .find(|grain| grain.name() == name)
    }
}

/// The name of an enum's item in the schema.
pub(super) fn enum_name<T: async_graphql::resolver_utils::EnumType>(item: T) -> String {
    match async_graphql::resolver_utils::enum_value(item) {
        async_graphql::Value::Enum(name) => name.to_string(),
        other => other.to_string(),
    }
}

impl Value {
    /// As clients see it.
    pub fn text(&self, dimension: Dimension) -> String {
        match (self, dimension.key()) {
            (Value::Row(id), KeyOf::Row(kind)) => GlobalId::new(kind, *id).to_string(),
            (Value::Row(id), KeyOf::Code) => id.to_string(),
            (Value::Code(code), _) => code.clone(),
        }
    }
}
