//! Which days have changed: a feed for whoever keeps a copy of the figures.

use async_graphql::SimpleObject;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::NaiveDate;
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, ExprTrait, Order, Query},
};

use super::{State, day_of, watched};
use crate::{
    analytics::{
        ask::basis_of,
        metric::{Definition, Metric},
    },
    graph::{Cx, Error, Result},
    policy::Span,
    tenancy,
};

/// The most days of one answer.
const MOST: i32 = 1_000;

/// A day of a metric.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct ChangedBucket {
    /// Which metric.
    pub metric: Metric,
    /// A civil day of the tenant: every bucket that holds it may have changed.
    pub day: NaiveDate,
}

/// The days that have changed, oldest change first. A day that has changed twice is told once, at its latest change.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct ChangedBuckets {
    /// The days; at most 1,000.
    pub buckets: Vec<ChangedBucket>,
    /// Where to go on: also from an answer without days.
    pub end_cursor: String,
    /// Whether there are more by now.
    pub has_next_page: bool,
    /// The metrics that it tells of: those whose days are kept and that you count over the whole tenant. At most 100.
    pub metrics: Vec<Metric>,
    /// The zone of days: the tenant's.
    pub timezone: String,
    /// Whether the figures of this tenant are kept. While they are not, nothing is told, and every day may have changed.
    pub kept: bool,
}

/// See `bucketsChangedSince`.
pub async fn changed_since(cx: &Cx, cursor: Option<String>, first: Option<i32>) -> Result<ChangedBuckets> {
    let first = first.unwrap_or(100);
    if !(1..=MOST).contains(&first) {
        return Err(Error::BadInput(format!("first: between 1 and {MOST}, not {first}")));
    }
    let after = cursor.map(|cursor| Place::parse(&cursor).ok_or(Error::CursorInvalid)).transpose()?;
    // Whoever counts fewer rows than all would hear of changes of others: it asks anew for everything.
    let all = |definition: &Definition| basis_of(cx, definition).is_some_and(|basis| basis.span == Span::All);
    let metrics: Vec<Metric> = watched().filter(all).map(|definition| definition.metric).collect();
    let tenant = tenancy::tenant(&cx.store, cx.caller.tenant).await?;
    let kept = State::read(&cx.db(), &tenant).await?.is_some();
    let place = after.unwrap_or_default();
    let mut answer = ChangedBuckets {
        buckets: Vec::new(),
        end_cursor: place.text(),
        has_next_page: false,
        metrics,
        timezone: tenant.zone,
        kept,
    };
    if !kept || answer.metrics.is_empty() {
        return Ok(answer);
    }
    let col = |name: &'static str| Expr::col(name);
    let later = col("metric")
        .gt(place.metric.as_str())
        .or(col("metric").eq(place.metric.as_str()).and(col("day").gt(place.day)));
    let select = Query::select()
        .columns(["metric", "day", "position"])
        .from("figure_bucket")
        .and_where(col("tenant_id").eq(cx.caller.tenant))
        .and_where(col("metric").is_in(answer.metrics.iter().map(|metric| metric.code())))
        .and_where(col("position").gt(place.position).or(col("position").eq(place.position).and(later)))
        .order_by("position", Order::Asc)
        .order_by("metric", Order::Asc)
        .order_by("day", Order::Asc)
        .limit(u64::from(first.unsigned_abs()) + 1)
        .to_owned();
    let rows = cx.db().query_all(&select).await?;
    let page = usize::try_from(first).unwrap_or(0);
    answer.has_next_page = rows.len() > page;
    for row in rows.iter().take(page) {
        let place = Place {
            position: row.try_get("", "position")?,
            metric: row.try_get("", "metric")?,
            day: row.try_get("", "day")?,
        };
        answer.end_cursor = place.text();
        if let Some(metric) = Metric::parse(&place.metric) {
            answer.buckets.push(ChangedBucket { metric, day: day_of(place.day) });
        }
    }
    Ok(answer)
}

/// A place in the order of changes. Names of metrics are compared as bytes on both engines: they are ASCII capitals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    position: i64,
    metric: String,
    day: i32,
}

impl Place {
    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}/{}/{}", self.position, self.metric, self.day))
    }

    fn parse(cursor: &str) -> Option<Place> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let mut parts = text.split('/');
        let place = Place {
            position: parts.next()?.parse().ok().filter(|position| *position >= 0)?,
            metric: parts.next().filter(|metric| metric.len() <= 64)?.to_owned(),
            day: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Place { position: 7, metric: "TOUCHES".into(), day: -3 };
        assert_eq!(Place::parse(&place.text()), Some(place));
        for wrong in ["", "!", "Nw", &URL_SAFE_NO_PAD.encode("-1/A/2"), &URL_SAFE_NO_PAD.encode("1/A/2/3")] {
            assert_eq!(Place::parse(wrong), None, "{wrong}");
        }
    }
}
