//! How lines become parts of figures: what the database counted is added up by group and bucket, and amounts are converted one by one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use entities::sync::fx_rate;
use numbers::{fx::Rates, hours::Revisions};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::{
    ask::{Ask, Fx, Value},
    business,
    dimension::KeyOf,
    hide::hide,
    metric::{Clock, Measure, Reason},
    query::{BUCKET, HALF, KEYS, Plan},
    rollup,
};
use crate::{
    graph::{Cx, Error, Result, decimals},
    policy::Basis,
};

/// The most groups of one answer.
pub const MAX_GROUPS: usize = 50_000;

/// The keys of a group, in the order of the question's dimensions, and its bucket.
pub type Key = (usize, Vec<Option<Value>>);

/// The parts of one figure: whatever is added when groups are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Rows that count.
    pub n: i64,
    /// Rows that pass, or what they are worth.
    pub hit: i128,
    /// Rows that fail.
    pub miss: i64,
    /// Rows that say an amount.
    pub valued: i64,
    /// The sum of a column, or of amounts in minor units.
    pub sum: i128,
    /// Durations in milliseconds, those that ended.
    pub samples: Vec<i64>,
    /// Those that have not.
    pub open: i64,
    /// What it is made of, where it is made of other figures.
    pub parts: Option<(Box<Tally>, Box<Tally>)>,
    /// Whether some group of it is too small to be shown.
    pub hidden: bool,
}

impl Tally {
    /// Adds another group's parts.
    pub fn add(&mut self, other: &Tally) {
        self.n += other.n;
        self.hit += other.hit;
        self.miss += other.miss;
        self.valued += other.valued;
        self.sum += other.sum;
        self.samples.extend(&other.samples);
        self.open += other.open;
    }

    /// Takes another group's parts away again: of whatever can be added.
    pub fn take(&mut self, other: &Tally) {
        self.n -= other.n;
        self.hit -= other.hit;
        self.miss -= other.miss;
        self.valued -= other.valued;
        self.sum -= other.sum;
        self.open -= other.open;
    }
}

/// All groups of a metric.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    /// By group.
    pub groups: BTreeMap<Key, Tally>,
    /// Rows that do not count, by reason.
    pub left_out: BTreeMap<Reason, i64>,
}

impl Tallies {
    /// That there are no more groups than an answer holds.
    pub fn are_few(&self) -> Result<()> {
        match self.groups.len() > MAX_GROUPS {
            true => Err(Error::BadInput(format!(
                "groupBy: more than {MAX_GROUPS} groups; ask for fewer dimensions, or a shorter period"
            ))),
            false => Ok(()),
        }
    }
}

/// What a question needs of the tenant to reckon with: exchange rates, and business hours.
pub struct Exchange {
    rates: Rates,
    hours: Option<Revisions>,
    fx: Option<Fx>,
    currency: String,
    as_of: NaiveDate,
    zone: chrono_tz::Tz,
}

impl Exchange {
    /// Reads the tenant's rates.
    pub async fn of(cx: &Cx, basis: &Basis, ask: &Ask) -> Result<Exchange> {
        let mut rates = Rates::new(&ask.pivot, decimals);
        for seen in basis.caller.rows::<fx_rate::Entity>().all(&cx.db()).await? {
            let row = seen.row();
            rates.add(&row.base, &row.quote, row.rate_date, row.rate_nano);
        }
        let as_of = ask.as_of.with_timezone(&ask.calendar.zone).date_naive();
        let hours = business::hours(cx, &basis.caller).await?;
        Ok(Exchange { rates, hours, fx: ask.fx, currency: ask.currency.clone(), as_of, zone: ask.calendar.zone })
    }

    /// An amount in the answer's currency; none without a rate.
    pub fn convert(&self, minor: i64, currency: &str, day: Option<NaiveDate>) -> Option<i64> {
        if currency == self.currency {
            return Some(minor);
        }
        let day = match self.fx {
            Some(Fx::On(day)) => day,
            Some(Fx::AtEvent) | None => day.unwrap_or(self.as_of),
        };
        self.rates.convert(minor, currency, &self.currency, day).ok()
    }

    fn day_of(&self, moment: DateTime<Utc>) -> NaiveDate {
        moment.with_timezone(&self.zone).date_naive()
    }
}

/// The keys of a line.
pub fn keys(ask: &Ask, line: &QueryResult) -> Result<Vec<Option<Value>>> {
    let key = |(nth, grouping): (usize, &super::ask::Grouping)| {
        Ok(match grouping.dimension.key() {
            KeyOf::Row(_) => line.try_get::<Option<Uuid>>("", KEYS[nth])?.map(Value::Row),
            KeyOf::Code => line.try_get::<Option<String>>("", KEYS[nth])?.map(Value::Code),
        })
    };
    ask.groupings.iter().enumerate().map(key).collect()
}

/// A sum that the database gave in two halves.
fn whole(line: &QueryResult) -> Result<i128> {
    let (high, low): (Option<i64>, Option<i64>) = (line.try_get("", "high")?, line.try_get("", "low")?);
    Ok(i128::from(high.unwrap_or(0)) * i128::from(HALF) + i128::from(low.unwrap_or(0)))
}

/// What a line of [`Plan::parts`] adds, and to which buckets.
pub fn tally(
    plan: &Plan<'_>,
    exchange: &Exchange,
    line: &QueryResult,
    out: &mut BTreeMap<Reason, i64>,
) -> Result<Vec<(usize, Tally)>> {
    let n: i64 = line.try_get("", "n")?;
    let bucket = usize::try_from(line.try_get::<i32>("", BUCKET)?).unwrap_or(0);
    let number = |column: &str| line.try_get::<Option<i64>>("", column).map(Option::unwrap_or_default);
    let mut leave = |reason: Reason, n: i64| *out.entry(reason).or_default() += n;
    let tally = match plan.definition.measure {
        Measure::Count | Measure::Standing => Tally { n, sum: n.into(), ..Tally::default() },
        Measure::Persons => Tally { n, sum: number("sum")?.into(), ..Tally::default() },
        Measure::Share { of: _, open } => {
            let open = if open.is_some() { number("open")? } else { 0 };
            Tally { n, hit: number("hit")?.into(), open, ..Tally::default() }
        }
        Measure::Balance { .. } => Tally { n, hit: number("hit")?.into(), miss: number("miss")?, ..Tally::default() },
        Measure::Sum(_) | Measure::Mean(_) => Tally { n, sum: number("sum")?.into(), ..Tally::default() },
        Measure::Duration { zero, clock, .. } => {
            let begins: Option<DateTime<Utc>> = line.try_get("", "begins")?;
            let ends: Option<DateTime<Utc>> = line.try_get("", "ends")?;
            let is_zero = zero.is_some() && line.try_get::<i32>("", "zero")? == 1;
            let took = match (is_zero, begins.zip(ends), clock) {
                (true, ..) => Some(0),
                (false, Some((begins, ends)), Clock::Calendar) => Some((ends - begins).num_milliseconds().max(0)),
                (false, Some((begins, ends)), Clock::Business) => {
                    let Some(took) = exchange.hours.as_ref().and_then(|hours| business::elapsed(hours, begins, ends))
                    else {
                        leave(Reason::NoCalendar, n);
                        return Ok(Vec::new());
                    };
                    Some(took)
                }
                (false, None, _) => None,
            };
            match took {
                Some(took) => {
                    let times = usize::try_from(n).unwrap_or(0);
                    Tally { n, samples: vec![took; times], ..Tally::default() }
                }
                None => Tally { n, open: n, ..Tally::default() },
            }
        }
        Measure::Money(_) | Measure::MoneyMean(_) | Measure::MoneyShare { .. } | Measure::StandingMoney { .. } => {
            let said: i64 = line.try_get("", "said")?;
            if said < n {
                leave(Reason::NoAmount, n - said);
            }
            let currency: Option<String> = line.try_get("", "currency")?;
            let Some(currency) = currency.filter(|_| said > 0) else {
                return Ok(vec![(bucket, Tally { n, ..Tally::default() })]);
            };
            let each: Option<i64> = line.try_get("", "each")?;
            let sum = match each {
                None => Some(whole(line)?),
                Some(each) => {
                    // Which of the two columns there are depends on the rule of the metric and on `fx`.
                    let day = line.try_get::<Option<NaiveDate>>("", "day").ok().flatten();
                    let day = day.or_else(|| {
                        let moment = line.try_get::<Option<DateTime<Utc>>>("", "moment_of").ok().flatten();
                        moment.map(|moment| exchange.day_of(moment))
                    });
                    // A sum of a day that is kept: the day itself.
                    let day = day.or_else(|| {
                        let of_day = line.try_get::<Option<i32>>("", "of_day").ok().flatten();
                        of_day.map(rollup::day_of)
                    });
                    let chance = match plan.definition.measure {
                        Measure::StandingMoney { weighted: true } => {
                            Some(i64::from(line.try_get::<Option<i32>>("", "probability")?.unwrap_or(0)))
                        }
                        _ => None,
                    };
                    let worth = exchange.convert(each, &currency, day);
                    worth.map(|worth| {
                        i128::from(chance.map_or(worth, |percent| percent_of(worth, percent))) * i128::from(said)
                    })
                }
            };
            let Some(sum) = sum else {
                leave(Reason::MissingRate, said);
                return Ok(vec![(bucket, Tally { n: n - said, ..Tally::default() })]);
            };
            let passes = match plan.definition.measure {
                Measure::MoneyShare { .. } => line.try_get::<i32>("", "passes")? == 1,
                _ => false,
            };
            Tally { n, sum, valued: said, hit: if passes { sum } else { 0 }, ..Tally::default() }
        }
        Measure::Spread => return spread(plan, exchange, line, n, out),
        Measure::Derived(_) => Tally::default(),
    };
    Ok(vec![(bucket, tally)])
}

/// A share of an amount in percent, rounded half away from zero.
fn percent_of(minor: i64, percent: i64) -> i64 {
    let whole = i128::from(minor) * i128::from(percent);
    i64::try_from((whole + whole.signum() * 50) / 100).unwrap_or(i64::MAX)
}

/// What falls on the `nth` of some days, when an amount is spread over them: equal parts, what is left over to the earliest; a
/// negative amount as its positive mirror.
fn amount_of_day(minor: i64, days: i64, nth: i64) -> i64 {
    let (size, days) = (minor.unsigned_abs(), days.max(1).unsigned_abs());
    let part = size / days + u64::from(nth.unsigned_abs() < size % days);
    minor.signum() * i64::try_from(part).unwrap_or(i64::MAX)
}

/// The days of a cost row, each with its part of the amount, in the buckets that hold them.
fn spread(
    plan: &Plan<'_>,
    exchange: &Exchange,
    line: &QueryResult,
    n: i64,
    out: &mut BTreeMap<Reason, i64>,
) -> Result<Vec<(usize, Tally)>> {
    let (first, last): (NaiveDate, NaiveDate) = (line.try_get("", "first_day")?, line.try_get("", "last_day")?);
    let amount: Option<i64> = line.try_get("", "minor")?;
    let currency: Option<String> = line.try_get("", "currency")?;
    let Some((minor, currency)) = amount.zip(currency) else {
        *out.entry(Reason::NoAmount).or_default() += n;
        return Ok(Vec::new());
    };
    let mut buckets: BTreeMap<usize, Tally> = BTreeMap::new();
    let mut missing = false;
    // Only the days of the period are looked at, however long the row is; what does not divide goes to its earliest days.
    let length = (last - first).num_days() + 1;
    let in_period = plan.ask.calendar.date_of(plan.ask.from)..=plan.ask.calendar.date_of(plan.ask.to);
    let (mut day, end) = (first.max(*in_period.start()), last.min(*in_period.end()));
    while day <= end {
        let nth = (day - first).num_days();
        let part = (amount_of_day(minor, length, nth), day);
        let (part, day) = (part.0, std::mem::replace(&mut day, part.1.succ_opt().unwrap_or(NaiveDate::MAX)));
        let moment = plan.ask.calendar.start_of_day(day);
        if moment < plan.ask.from || moment >= plan.ask.to || moment > plan.ask.as_of {
            continue;
        }
        let Some(worth) = exchange.convert(part, &currency, Some(day)) else {
            missing = true;
            continue;
        };
        let bucket = plan.ask.buckets.partition_point(|bucket| bucket.to <= moment);
        if plan.only.as_ref().is_some_and(|(_, only)| *only != bucket) {
            continue;
        }
        let held = buckets.entry(bucket).or_default();
        held.sum += i128::from(worth) * i128::from(n);
        held.n = n;
    }
    if missing {
        *out.entry(Reason::MissingRate).or_default() += n;
    }
    Ok(buckets.into_iter().collect())
}

/// Counts one metric of a question, from the rows themselves.
pub async fn count(cx: &Cx, plan: &Plan<'_>, exchange: &Exchange) -> Result<Tallies> {
    let db = cx.db();
    let mut tallies = Tallies::default();
    add(&db, plan, exchange, &mut tallies).await?;
    leave_out(&db, plan, &mut tallies).await?;
    if plan.basis.grouped {
        hide(&db, plan, &mut tallies).await?;
    }
    Ok(tallies)
}

/// Adds what a plan counts.
pub async fn add<C: ConnectionTrait>(
    db: &C,
    plan: &Plan<'_>,
    exchange: &Exchange,
    tallies: &mut Tallies,
) -> Result<()> {
    for line in db.query_all(&plan.parts()).await? {
        let keys = keys(plan.ask, &line)?;
        for (bucket, tally) in tally(plan, exchange, &line, &mut tallies.left_out)? {
            tallies.groups.entry((bucket, keys.clone())).or_default().add(&tally);
        }
        tallies.are_few()?;
    }
    Ok(())
}

/// Adds the rows that do not count. A number of them is a figure, too, and nobody knows how many stand behind it: whoever reads no rows
/// is told none.
pub async fn leave_out<C: ConnectionTrait>(db: &C, plan: &Plan<'_>, tallies: &mut Tallies) -> Result<()> {
    if plan.basis.grouped {
        tallies.left_out.clear();
        return Ok(());
    }
    if let Some(left_out) = plan.left_out()
        && let Some(line) = db.query_one(&left_out).await?
    {
        for (nth, (reason, _)) in plan.definition.excluded.iter().enumerate() {
            let n: i64 = line.try_get::<Option<i64>>("", &format!("x{nth}"))?.unwrap_or(0);
            if n > 0 {
                *tallies.left_out.entry(*reason).or_default() += n;
            }
        }
    }
    Ok(())
}

/// A metric made of two others, group by group.
pub fn derive(one: &Tallies, other: &Tallies) -> Tallies {
    let keys: BTreeSet<&Key> = one.groups.keys().chain(other.groups.keys()).collect();
    let part = |tallies: &Tallies, key: &Key| tallies.groups.get(key).cloned().unwrap_or_default();
    let groups = keys.into_iter().map(|key| {
        let (one, other) = (part(one, key), part(other, key));
        let hidden = one.hidden || other.hidden;
        let n = one.n + other.n;
        (key.clone(), Tally { n, hidden, parts: Some((Box::new(one), Box::new(other))), ..Tally::default() })
    });
    let mut left_out = one.left_out.clone();
    for (reason, n) in &other.left_out {
        *left_out.entry(*reason).or_default() += n;
    }
    Tallies { groups: groups.collect(), left_out }
}
