//! A figure explains itself: its formula and version, its filters, the rows that it counts, and those that it leaves out and why. The
//! rows that are listed add up to the figure.

use std::collections::BTreeMap;

use async_graphql::SimpleObject;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDate, Utc};
use entities::account::account;
use rust_decimal::Decimal;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    aggregate::{Counted, measure, roots},
    answer::{self, Exclusion, FigureBucket, FigureKey, Labels, MetricValue, Part, in_money, shown, texts},
    ask::{Arguments, Ask, DimensionFilter, Fx, FxInput, FxMode, Grain, GroupByInput, Value, WeekStart},
    dimension::Dimension,
    figure::{Figure, figure},
    metric::{Definition, Measure, Metric},
    query::{Plan, Source},
    scoreboard,
    tally::{Exchange, Key, Tally, tally as tally_of},
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, MAX_PAGE, Result, decimals, many},
    policy::Span,
};

/// What a figure was asked as, so that it can be asked again: nothing of it is believed, it is checked like any question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handle {
    #[serde(rename = "m")]
    metric: String,
    #[serde(rename = "v")]
    version: u16,
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    dimensions: Vec<(String, Option<i32>)>,
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<Option<String>>,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    grain: Option<String>,
    #[serde(rename = "b", default)]
    bucket: usize,
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    filters: Vec<(String, Vec<Option<String>>)>,
    #[serde(rename = "f")]
    from: DateTime<Utc>,
    #[serde(rename = "t")]
    to: DateTime<Utc>,
    /// None: as of when it is explained.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    as_of: Option<DateTime<Utc>>,
    #[serde(rename = "z")]
    zone: String,
    #[serde(rename = "s", default)]
    sunday: bool,
    #[serde(rename = "o", default)]
    fiscal_offset: u8,
    #[serde(rename = "c")]
    currency: String,
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    fx: Option<Option<NaiveDate>>,
    /// Of the shared scoreboard: the tenant's figure, whose rows nobody lists by it.
    #[serde(rename = "h", default, skip_serializing_if = "std::ops::Not::not")]
    shared: bool,
}

impl Handle {
    /// The handle of one figure.
    pub fn of(ask: &Ask, definition: &Definition, (bucket, keys): &Key) -> Handle {
        let filter = |(dimension, values): &(Dimension, Vec<Option<Value>>)| {
            let values = values.iter().map(|value| value.as_ref().map(|value| value.text(*dimension)));
            (dimension.name(), values.collect())
        };
        Handle {
            metric: definition.metric.code().to_owned(),
            version: definition.version,
            dimensions: ask.groupings.iter().map(|grouping| (grouping.dimension.name(), grouping.level)).collect(),
            keys: texts(ask, keys),
            grain: ask.grain.map(|grain| grain.name()),
            bucket: *bucket,
            filters: ask.filters.iter().map(filter).collect(),
            from: ask.from,
            to: ask.to,
            as_of: (!ask.is_now).then_some(ask.as_of),
            zone: ask.calendar.zone.name().to_owned(),
            sunday: ask.calendar.week_start == WeekStart::Sunday.into(),
            fiscal_offset: ask.calendar.fiscal_offset_months,
            currency: ask.currency.clone(),
            fx: ask.fx.map(|fx| match fx {
                Fx::AtEvent => None,
                Fx::On(day) => Some(day),
            }),
            shared: false,
        }
    }

    /// The handle of a figure on the shared scoreboard.
    pub fn shared(ask: &Ask, definition: &Definition, key: &Key) -> Handle {
        Handle { shared: true, ..Handle::of(ask, definition, key) }
    }

    /// As clients carry it.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn decode(text: &str) -> Option<Handle> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    /// The question that it stands for; none if it names what there is not.
    fn arguments(&self) -> Option<Arguments> {
        let dimension = Dimension::named;
        let mut group_by = Vec::new();
        for (name, level) in &self.dimensions {
            group_by.push(GroupByInput { dimension: Some(dimension(name)?), grain: None, level: *level });
        }
        if let Some(grain) = &self.grain {
            group_by.push(GroupByInput { dimension: None, grain: Some(Grain::named(grain)?), level: None });
        }
        let filter = |(name, keys): &(String, Vec<Option<String>>)| {
            Some(DimensionFilter { dimension: dimension(name)?, keys: keys.clone() })
        };
        Some(Arguments {
            metrics: vec![Metric::parse(&self.metric)?],
            group_by,
            filters: self.filters.iter().map(filter).collect::<Option<Vec<_>>>()?,
            from: self.from,
            to: self.to,
            as_of: self.as_of,
            timezone: Some(self.zone.clone()),
            week_start: Some(if self.sunday { WeekStart::Sunday } else { WeekStart::Monday }),
            fiscal_offset: Some(i32::from(self.fiscal_offset)),
            currency: Some(self.currency.clone()),
            fx: self.fx.map(|day| match day {
                None => FxInput { mode: FxMode::AtEvent, date: None },
                Some(day) => FxInput { mode: FxMode::Fixed, date: Some(day) },
            }),
            fill: super::ask::Fill::None,
        })
    }
}

/// A row that a figure counts.
#[derive(Clone, Debug, SimpleObject)]
pub struct ExplainedRow {
    /// Which object; `node` finds it where you may see it.
    pub id: GlobalId,
    /// When it counts; null where it has no such date.
    pub at: Option<DateTime<Utc>>,
    /// Its customer; null where it has none, or none that you may see.
    pub account: Option<GlobalId>,
    /// What it adds to the numerator: 1 or 0 for a row, an amount in the main unit, −1 for a detractor. Null for durations.
    pub numerator: Option<Decimal>,
    /// What it adds to the denominator; null where the figure is no ratio.
    pub denominator: Option<Decimal>,
    /// How long it took, in milliseconds; null where it has not ended, and for other figures.
    pub milliseconds: Option<f64>,
    /// The cursor of this row.
    pub cursor: String,
}

/// A figure, explained.
#[derive(Clone, Debug, SimpleObject)]
pub struct Explanation {
    /// The figure, counted again just now.
    pub value: MetricValue,
    /// Name and version of its definition: `WIN_RATE@1`.
    pub definition: String,
    /// In words.
    pub formula: String,
    /// Who defines it so.
    pub source: String,
    /// Whether the definition has changed since the handle was given: the value is by the new one.
    pub changed: bool,
    /// By what it is told apart. At most 4.
    pub keys: Vec<FigureKey>,
    /// When.
    pub bucket: FigureBucket,
    /// Which rows are counted.
    pub scope: Span,
    /// How many rows were counted.
    pub counted: i32,
    /// Rows of the question that do not count, by reason. At most one for each reason.
    pub excluded: Vec<Exclusion>,
    /// The metrics that it is made of, with their own handles. Empty unless it is derived. At most 2.
    pub parts: Vec<MetricValue>,
    /// The rows that count, oldest first, at most 100 a page: over all pages they add up to the figure. Null where you read no
    /// rows, and for a figure that is made of others.
    pub rows: Option<Vec<ExplainedRow>>,
    /// Whether more rows follow.
    pub has_next_page: bool,
}

fn unknown() -> Error {
    Error::BadInput("handle: one that a figure's `explain` gave".into())
}

/// Explains the figure of a handle.
pub async fn explain(cx: &Cx, handle: &str, first: Option<i32>, after: Option<String>) -> Result<Explanation> {
    let first = first.unwrap_or(20);
    if !(1..=MAX_PAGE).contains(&first) {
        return Err(Error::BadInput(format!("first: between 1 and {MAX_PAGE}, not {first}")));
    }
    let handle = Handle::decode(handle).ok_or_else(unknown)?;
    let ask = Ask::of(cx, handle.arguments().ok_or_else(unknown)?).await?;
    let group = answer::group(&ask, &handle.keys).ok_or_else(unknown)?;
    let bucket = ask.buckets.get(handle.bucket).ok_or_else(unknown)?;
    let key: Key = (handle.bucket, group);
    let metric = ask.metrics[0];
    // Counted like the question that it came from: what was hidden there is hidden here.
    let shared = match handle.shared {
        true => Some(scoreboard::basis(cx, &ask)?),
        false => None,
    };
    let counted = measure(cx, &ask, metric, shared.as_ref()).await?;
    let Counted { definition, basis, tallies } = &counted;
    let tally = tallies.groups.get(&key).cloned().unwrap_or_default();
    let value = figure(definition, &tally, &ask.currency);
    let rows = value.rows;
    let shown_value = shown(definition, value, &ask.currency, || {
        Handle { shared: handle.shared, ..Handle::of(&ask, definition, &key) }.encode()
    });
    let parts = match (definition.measure, &tally.parts) {
        (Measure::Derived(derivation), Some((one, other))) => {
            let [first, second] = derivation.parts();
            let part = |metric: Metric, tally| {
                let definition = metric.definition();
                shown(&definition, figure(&definition, tally, &ask.currency), &ask.currency, || {
                    Handle { shared: handle.shared, ..Handle::of(&ask, &definition, &key) }.encode()
                })
            };
            vec![part(first, one), part(second, other)]
        }
        _ => Vec::new(),
    };
    let listed = match (basis.grouped, definition.measure) {
        (true, _) | (_, Measure::Derived(_)) => None,
        _ => Some(list(cx, &ask, &counted, &key, first, after).await?),
    };
    let named = key.1.iter().zip(&ask.groupings).filter_map(|(value, grouping)| match value {
        Some(Value::Row(id)) => Some((grouping.dimension, *id)),
        _ => None,
    });
    let labels = Labels::of(cx, basis, named).await?;
    let keys = key.1.iter().zip(&ask.groupings).map(|(value, grouping)| FigureKey {
        dimension: grouping.dimension,
        key: value.as_ref().map(|value| value.text(grouping.dimension)),
        label: value.as_ref().and_then(|value| labels.get(grouping.dimension, value)),
    });
    let has_next_page = listed.as_ref().is_some_and(|(_, more)| *more);
    Ok(Explanation {
        value: shown_value,
        definition: definition.id(),
        formula: definition.formula.to_owned(),
        source: definition.source.to_owned(),
        changed: handle.version != definition.version,
        keys: keys.collect(),
        bucket: bucket.into(),
        scope: basis.span,
        counted: crate::graph::count(rows),
        excluded: answer::excluded(std::slice::from_ref(&counted)),
        parts,
        rows: listed.map(|(rows, _)| rows),
        has_next_page,
    })
}

fn cursor(at: DateTime<Utc>, id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}/{id}", at.timestamp_micros()))
}

fn place(cursor: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (micros, id) = text.split_once('/')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
}

/// A page of the rows behind a figure.
async fn list(
    cx: &Cx,
    ask: &Ask,
    counted: &Counted,
    key: &Key,
    first: i32,
    after: Option<String>,
) -> Result<(Vec<ExplainedRow>, bool)> {
    let Counted { definition, basis, .. } = counted;
    let after = after.map(|cursor| place(&cursor).ok_or(Error::CursorInvalid)).transpose()?;
    let roots = roots(cx, ask, basis).await?;
    let only = Some((key.1.clone(), key.0));
    let plan = Plan { ask, definition, basis, roots: &roots, only, source: Source::Rows, daily: false };
    let exchange = Exchange::of(cx, basis, ask).await?;
    let size = usize::try_from(first).unwrap_or(0);
    let lines = cx.db().query_all(&plan.list(after, first.unsigned_abs().into())).await?;
    let full = lines.len() == size;
    let rows = lines.iter().map(|line| row(&plan, &exchange, line)).collect::<Result<Vec<_>>>()?;
    let last = rows.last().map(|(row, _)| row.cursor.clone());
    // What was looked at and does not count is under `excluded`.
    let mut rows: Vec<ExplainedRow> = rows.into_iter().filter(|(_, counts)| *counts).map(|(row, _)| row).collect();
    // Whoever reaches a row by its queue may not reach its customer.
    let accounts = many::<account::Entity>(cx, rows.iter().filter_map(|row| Some(row.account?.uuid)).collect()).await?;
    for row in &mut rows {
        row.account = row.account.filter(|account| accounts.contains_key(&account.uuid));
    }
    // One more statement only where a page is full.
    let more = match last.and_then(|last| place(&last)).filter(|_| full) {
        Some(last) => !cx.db().query_all(&plan.list(Some(last), 1)).await?.is_empty(),
        None => false,
    };
    Ok((rows, more))
}

/// A row, and whether it counts.
fn row(plan: &Plan<'_>, exchange: &Exchange, line: &sea_orm::QueryResult) -> Result<(ExplainedRow, bool)> {
    let definition = plan.definition;
    let id: Uuid = line.try_get("", "row_id")?;
    let at: Option<DateTime<Utc>> = match definition.measure {
        Measure::Spread => {
            let day: Option<NaiveDate> = line.try_get("", "dated")?;
            day.map(|day| plan.ask.calendar.start_of_day(day))
        }
        _ => line.try_get("", "dated")?,
    };
    let account: Option<Uuid> = line.try_get("", "of_account")?;
    let mut tally = Tally::default();
    let parts = tally_of(plan, exchange, line, &mut BTreeMap::new())?;
    let counts = !parts.is_empty();
    for (_, part) in parts {
        tally.add(&part);
    }
    let (numerator, denominator) = match definition.measure {
        Measure::Duration { .. } => (None, None),
        _ => {
            let Figure { numerator, denominator, .. } = figure(definition, &tally, &plan.ask.currency);
            (numerator, denominator)
        }
    };
    let milliseconds = tally.samples.first().map(|took| *took as f64);
    let part = |amount: Option<i128>, part: Part| {
        let scale = if in_money(definition, part) { decimals(&plan.ask.currency) } else { 0 };
        amount.and_then(|amount| Decimal::try_from_i128_with_scale(amount, scale).ok())
    };
    let row = ExplainedRow {
        id: GlobalId::new(definition.fact.kind(), id),
        at,
        account: account.map(|account| GlobalId::new(Kind::Account, account)),
        numerator: part(numerator, Part::Numerator),
        denominator: part(denominator, Part::Denominator),
        milliseconds,
        cursor: cursor(at.unwrap_or_default(), id),
    };
    Ok((row, counts))
}
