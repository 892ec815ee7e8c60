//! What a question is put with, beside its dataset: period, civil time, currency; for figures, which and by what.

use std::collections::HashMap;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use entities::sync::fx_rate;
use numbers::{civil::Calendar, fx::Rates};
use rust_decimal::Decimal;

use super::dataset::{Dataset, Make, Origin, Source};
use crate::{
    analytics::flat::{Dimension, Grain, Metric, calendar},
    graph::{Cx, Error, Result, decimals, is_currency},
    tenancy,
};

/// The arguments that both doors take.
pub const ARGUMENTS: [&str; 7] = ["from", "to", "grain", "timezone", "currency", "metrics", "by"];

/// How far back a question without a period looks: 50 years.
const MAX_DAYS: i64 = 50 * 365;

/// The checked arguments.
pub struct Scene {
    /// `from`, and `to` where it is said.
    pub period: Option<(DateTime<Utc>, Option<DateTime<Utc>>)>,
    /// The asked zone.
    pub calendar: Calendar,
    /// The asked currency.
    pub currency: String,
    /// How long a bucket is.
    pub grain: Grain,
    /// The metrics that were asked for; all of the caller's without.
    pub metrics: Vec<Metric>,
    /// By what figures are told apart, beside time.
    pub by: Vec<Dimension>,
    /// The moment of the request.
    pub now: DateTime<Utc>,
    rates: Option<Rates>,
}

fn bad(text: impl Into<String>) -> Error {
    Error::BadInput(text.into())
}

/// A moment, or the first moment of a civil day.
fn moment(argument: &str, text: &str, calendar: &Calendar) -> Result<DateTime<Utc>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&Utc));
    }
    let day = text.parse::<NaiveDate>().map_err(|_| {
        bad(format!(
            "{argument}: a day such as 2026-01-31, or a moment such as 2026-01-31T12:00:00Z (a + is written %2B)"
        ))
    })?;
    Ok(calendar.start_of_day(day))
}

fn listed(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

impl Scene {
    /// Checks the arguments of a dataset; those that it has no use for are refused, so that nobody takes them for obeyed.
    pub async fn of(cx: &Cx, dataset: &Dataset, arguments: &HashMap<String, String>) -> Result<Scene> {
        let is_figures = matches!(dataset.source, Source::Figures);
        let is_credit = matches!(dataset.source, Source::Credit);
        let is_bucketed = dataset.fields.iter().any(|field| matches!(field.origin, Origin::Made(Make::Bucket(_))));
        let is_converted =
            dataset.fields.iter().any(|field| matches!(field.origin, Origin::Made(Make::Converted { .. })));
        for (argument, text) in arguments {
            let is_used = match argument.as_str() {
                "from" | "to" => dataset.dated.is_some(),
                "timezone" => dataset.dated.is_some(),
                "grain" => is_figures || is_bucketed,
                "currency" => is_figures || is_converted || is_credit,
                "metrics" | "by" => is_figures,
                _ => true,
            };
            if !is_used {
                return Err(bad(format!("{argument}: {} has no use for it", dataset.name)));
            }
            if text.is_empty() {
                return Err(bad(format!("{argument}: is empty")));
            }
        }
        let given = |argument: &str| arguments.get(argument).map(String::as_str);
        let tenant = tenancy::tenant(&cx.store, cx.caller.tenant).await?;
        let calendar = calendar(&tenant, given("timezone").map(str::to_owned), None, None)?;
        let end = |argument: &str| given(argument).map(|text| moment(argument, text, &calendar)).transpose();
        let period = match (end("from")?, end("to")?) {
            (None, None) => None,
            (None, Some(_)) => return Err(bad("from: is needed where `to` is said")),
            (Some(from), Some(to)) if from >= to => {
                return Err(bad(
                    "to: after from; the period is half-open, from its first moment to the first moment after it",
                ));
            }
            (Some(from), to) => Some((from, to)),
        };
        let grain = match given("grain") {
            None => Grain::Day,
            Some(name) => Grain::named(name)
                .ok_or_else(|| bad("grain: HOUR, DAY, WEEK, MONTH, QUARTER, YEAR, FISCAL_QUARTER or FISCAL_YEAR"))?,
        };
        let metrics = listed(given("metrics").unwrap_or_default()).into_iter().map(|code| {
            Metric::parse(code)
                .ok_or_else(|| bad(format!("metrics: there is no {code}; `analytics.metrics` lists them")))
        });
        let by = listed(given("by").unwrap_or_default()).into_iter().map(|name| {
            Dimension::named(name).ok_or_else(|| {
                let all: Vec<String> = Dimension::ALL.iter().map(|dimension| dimension.name()).collect();
                bad(format!("by: there is no {name}; there are {}", all.join(", ")))
            })
        });
        let (metrics, by) = (metrics.collect::<Result<Vec<_>>>()?, by.collect::<Result<Vec<_>>>()?);
        let currency = given("currency").unwrap_or(&tenant.currency).to_owned();
        if !is_currency(&currency) {
            return Err(bad("currency: an ISO 4217 code in capitals, such as EUR"));
        }
        let rates = match is_converted {
            true => Some(rates(cx, &tenant.currency).await?),
            false => None,
        };
        let now = cx.caller.now();
        Ok(Scene { period, calendar, currency, grain, metrics, by, now, rates })
    }

    /// The period's first moment and the first moment after it: without a period all that has happened, in the reach of one question.
    pub fn span(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let now = self.now + Duration::microseconds(1);
        let (from, to) = self.period.unwrap_or((now - Duration::days(MAX_DAYS), None));
        (from, to.unwrap_or(Ord::max(now, from + Duration::microseconds(1))))
    }

    /// The first civil day that begins at a moment or later.
    pub fn first_day(&self, moment: DateTime<Utc>) -> NaiveDate {
        let day = self.calendar.date_of(moment);
        match self.calendar.start_of_day(day) < moment {
            true => day.succ_opt().unwrap_or(day),
            false => day,
        }
    }

    /// What people call the bucket of a moment.
    pub fn label(&self, at: DateTime<Utc>) -> String {
        self.calendar.bucket_of(at, self.grain.into()).label
    }

    /// An amount in the asked currency; none without a rate on or before the day.
    pub fn convert(&self, amount: Decimal, currency: &str, on: Option<NaiveDate>) -> Option<Decimal> {
        let minor = i64::try_from(amount.mantissa()).ok()?;
        let on = on.unwrap_or_else(|| self.calendar.date_of(self.now));
        let worth = self.rates.as_ref()?.convert(minor, currency, &self.currency, on).ok()?;
        Some(Decimal::new(worth, decimals(&self.currency)))
    }
}

async fn rates(cx: &Cx, pivot: &str) -> Result<Rates> {
    let mut rates = Rates::new(pivot, decimals);
    for seen in cx.caller.rows::<fx_rate::Entity>().all(&cx.db()).await? {
        let row = seen.row();
        rates.add(&row.base, &row.quote, row.rate_date, row.rate_nano);
    }
    Ok(rates)
}
