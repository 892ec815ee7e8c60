//! The answer's shape, the same for every figure: its parts beside its value, what it stands on, and a handle by which it explains
//! itself.

use std::collections::{BTreeMap, HashMap};

use async_graphql::SimpleObject;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, colleague, industry},
    marketing::{campaign, channel},
    sales::pipeline,
    tenant::queue,
};
use numbers::civil::Bucket;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    aggregate::Counted,
    ask::{Ask, Fill, Value},
    dimension::{Dimension, KeyOf},
    explain::Handle,
    figure::{Figure, figure},
    metric::{Definition, Derivation, Measure, Metric, Reason, Unit},
    tally::{Key, MAX_GROUPS, Tally},
};
use crate::{
    graph::{Cx, Error, Kind, Money, Result, decimals},
    policy::{Basis, Class, Governed, Seen, Span},
};

/// The most rows of one page.
pub const MAX_ROWS: i32 = 1_000;

/// One figure.
#[derive(Clone, Debug, SimpleObject)]
pub struct MetricValue {
    /// Which metric.
    pub metric: Metric,
    /// What it is counted in.
    pub unit: Unit,
    /// What is counted: rows, persons, amounts in the main unit of the answer's currency, or what passes of a share. Null for durations, and where it is suppressed.
    pub numerator: Option<Decimal>,
    /// Out of what; null where the figure is no ratio.
    pub denominator: Option<Decimal>,
    /// The figure: of a share numerator / denominator, of durations the median in milliseconds over those that ended. Null where
    /// there is nothing to divide by, where nothing ended, and where it is suppressed; never 0 for want of rows.
    pub value: Option<f64>,
    /// The amount, where it is money. Null for other figures, and where it is suppressed.
    pub money: Option<Money>,
    /// The lower end of the Wilson interval at 95 %; null unless it is a share of rows.
    pub low: Option<f64>,
    /// The upper end of the Wilson interval at 95 %; null unless it is a share of rows.
    pub high: Option<f64>,
    /// How durations lie; null for other figures.
    pub distribution: Option<Distribution>,
    /// Rows that count and have not ended, of durations; rows that may pass yet, of a cohort. Null where nothing can be open.
    pub open_count: Option<i32>,
    /// Whether all has happened that the figure waits for.
    pub mature: bool,
    /// Whether it is hidden because too few persons or accounts stand behind it, or behind what it would give away.
    pub suppressed: bool,
    /// How many rows stand behind it.
    pub rows: i32,
    /// What `explain` takes; null where it is suppressed.
    pub explain: Option<String>,
}

/// How durations lie, in milliseconds, over those that ended. Percentiles interpolate linearly (R type 7, `percentile_cont`). All null
/// where none ended.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Distribution {
    /// The arithmetic mean. Null where none ended.
    pub mean: Option<f64>,
    /// The median. Null where none ended.
    pub p50: Option<f64>,
    /// The upper quartile. Null where none ended.
    pub p75: Option<f64>,
    /// The 90th percentile. Null where none ended.
    pub p90: Option<f64>,
    /// The 95th percentile. Null where none ended.
    pub p95: Option<f64>,
}

/// By what a row of figures is told apart.
#[derive(Clone, Debug, SimpleObject)]
pub struct FigureKey {
    /// The dimension.
    pub dimension: Dimension,
    /// The id or the code; null for rows without one, and for those whose you may not read.
    pub key: Option<String>,
    /// What people call it; null where it has no name that you may read.
    pub label: Option<String>,
}

/// A stretch of time.
#[derive(Clone, Debug, SimpleObject)]
pub struct FigureBucket {
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// What people call it in the answer's zone: `2026-11-27`, `2026-W48`, `2026-11`, `2026-Q4`, `FY2027`, `2026-11-27T01:00+01:00`.
    pub label: String,
    /// Whether the period begins or ends within it.
    pub partial: bool,
}

impl From<&Bucket> for FigureBucket {
    fn from(bucket: &Bucket) -> FigureBucket {
        FigureBucket { from: bucket.from, to: bucket.to, label: bucket.label.clone(), partial: bucket.partial }
    }
}

/// The figures of one group.
#[derive(Clone, Debug, SimpleObject)]
pub struct FigureRow {
    /// By what it is told apart, in the order of `groupBy`. At most 4.
    pub keys: Vec<FigureKey>,
    /// When; null unless it is told apart by time.
    pub bucket: Option<FigureBucket>,
    /// A figure for each metric that was asked for, in that order. At most 20.
    pub values: Vec<MetricValue>,
    /// The cursor of this row.
    pub cursor: String,
}

/// Rows that were looked at and do not count.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Exclusion {
    /// Of which metric.
    pub metric: Metric,
    /// Why.
    pub reason: Reason,
    /// How many.
    pub count: i32,
}

/// Figures, and what they stand on.
#[derive(Clone, Debug, SimpleObject)]
pub struct Aggregate {
    /// The figures, by bucket and by key. At most 1,000 a page.
    pub rows: Vec<FigureRow>,
    /// Whether more follow after the last one.
    pub has_next_page: bool,
    /// Name and version of each metric: `WIN_RATE@1`. At most 20.
    pub definitions: Vec<String>,
    /// What happened later counts as if it had not.
    pub as_of: DateTime<Utc>,
    /// When the last change was recorded that these figures know; null in a tenant without one.
    pub data_through: Option<DateTime<Utc>>,
    /// The zone of buckets and days.
    pub timezone: String,
    /// The currency of money.
    pub currency: String,
    /// Which rows are counted: the narrowest of the metrics'.
    pub scope: Span,
    /// How many rows stand behind the figures of this question, over all pages, suppressed ones left out.
    pub rows_considered: i32,
    /// Rows of the period that do not count, by metric and reason. At most one line for each.
    pub excluded: Vec<Exclusion>,
}

/// A number of rows, as GraphQL's Int holds it.
fn int(n: i64) -> i32 {
    crate::graph::count(n)
}

/// Whether a metric's parts are amounts.
pub fn in_money(definition: &Definition, part: Part) -> bool {
    match definition.measure {
        Measure::Money(_) | Measure::StandingMoney { .. } | Measure::Spread | Measure::MoneyShare { .. } => true,
        Measure::MoneyMean(_) => part == Part::Numerator,
        Measure::Derived(Derivation::Over(one, other)) => {
            let [above, below] = [one, other].map(|metric| metric.definition());
            match part {
                Part::Numerator => in_money(&above, Part::Numerator),
                Part::Denominator => in_money(&below, Part::Numerator),
            }
        }
        Measure::Derived(Derivation::Return(..)) => true,
        Measure::Count
        | Measure::Persons
        | Measure::Share { .. }
        | Measure::Balance { .. }
        | Measure::Sum(_)
        | Measure::Mean(_)
        | Measure::Duration { .. }
        | Measure::Standing => false,
    }
}

/// Which part of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What is counted.
    Numerator,
    /// Out of what.
    Denominator,
}

/// One figure as clients see it.
pub fn shown(definition: &Definition, figure: Figure, currency: &str, explain: impl FnOnce() -> String) -> MetricValue {
    let Figure { numerator, denominator, value, interval, summary, open, mature, suppressed, rows } = figure;
    let part = |amount: Option<i128>, part: Part| {
        let scale = if in_money(definition, part) { decimals(currency) } else { 0 };
        amount.and_then(|amount| Decimal::try_from_i128_with_scale(amount, scale).ok())
    };
    let is_amount = definition.unit == Unit::Money && denominator.is_none();
    MetricValue {
        metric: definition.metric,
        unit: definition.unit,
        numerator: part(numerator, Part::Numerator),
        denominator: part(denominator, Part::Denominator),
        value,
        money: numerator.filter(|_| is_amount).and_then(|minor| Money::from_sum(minor, currency)),
        low: interval.map(|(low, _)| low),
        high: interval.map(|(_, high)| high),
        distribution: summary.map(|summary| Distribution {
            mean: summary.mean,
            p50: summary.p50,
            p75: summary.p75,
            p90: summary.p90,
            p95: summary.p95,
        }),
        open_count: open.map(int),
        mature,
        suppressed,
        rows: int(rows),
        explain: (!suppressed).then(explain),
    }
}

/// What people call the keys of an answer.
#[derive(Default)]
pub struct Labels(HashMap<(Kind, Uuid), String>);

impl Labels {
    /// Reads the names of rows, as far as whoever counts reads them.
    pub async fn of(cx: &Cx, basis: &Basis, keys: impl Iterator<Item = (Dimension, Uuid)>) -> Result<Labels> {
        let mut wanted: BTreeMap<Kind, Vec<Uuid>> = BTreeMap::new();
        for (dimension, id) in keys {
            if let KeyOf::Row(kind) = dimension.key() {
                wanted.entry(kind).or_default().push(id);
            }
        }
        let mut labels = Labels::default();
        for (kind, mut ids) in wanted {
            ids.sort_unstable();
            ids.dedup();
            let caller = &basis.caller;
            for ids in ids.chunks(1_000) {
                match kind {
                    Kind::Account => {
                        labels
                            .read::<account::Entity>(cx, caller, kind, ids, |s| {
                                s.read(Class::P, "name", |r| r.name.clone())
                            })
                            .await?
                    }
                    Kind::Industry => {
                        labels
                            .read::<industry::Entity>(cx, caller, kind, ids, |s| {
                                s.read(Class::P, "name", |r| r.name.clone())
                            })
                            .await?
                    }
                    Kind::Campaign => {
                        labels
                            .read::<campaign::Entity>(cx, caller, kind, ids, |s| {
                                s.read(Class::P, "name", |r| r.name.clone())
                            })
                            .await?
                    }
                    Kind::Channel => {
                        labels
                            .read::<channel::Entity>(cx, caller, kind, ids, |s| {
                                s.read(Class::P, "name", |r| r.name.clone())
                            })
                            .await?
                    }
                    Kind::Pipeline => {
                        labels
                            .read::<pipeline::Entity>(cx, caller, kind, ids, |s| {
                                s.read(Class::P, "name", |r| r.name.clone())
                            })
                            .await?
                    }
                    Kind::Queue => {
                        labels
                            .read::<queue::Entity>(cx, caller, kind, ids, |s| {
                                s.read(Class::P, "name", |r| r.name.clone())
                            })
                            .await?
                    }
                    Kind::Colleague => {
                        labels
                            .read::<colleague::Entity>(cx, caller, kind, ids, |s| {
                                s.read(Class::N, "name", |r| r.name.clone())
                            })
                            .await?
                    }
                    _ => {}
                }
            }
        }
        Ok(labels)
    }

    async fn read<E: Governed>(
        &mut self,
        cx: &Cx,
        caller: &crate::policy::Caller,
        kind: Kind,
        ids: &[Uuid],
        name: impl Fn(&Seen<E::Model>) -> Option<String>,
    ) -> Result<()> {
        // What was taken away since still has its name in the figures of its time.
        for seen in caller.rows_even_deleted::<E>().by_ids(ids.iter().copied()).all(&cx.db()).await? {
            if let Some(name) = name(&seen) {
                self.0.insert((kind, E::id(seen.row())), name);
            }
        }
        Ok(())
    }

    /// What people call a key.
    pub fn get(&self, dimension: Dimension, value: &Value) -> Option<String> {
        match (dimension.key(), value) {
            (KeyOf::Row(kind), Value::Row(id)) => self.0.get(&(kind, *id)).cloned(),
            _ => None,
        }
    }
}

/// The place of a row in an answer.
pub fn cursor(ask: &Ask, (bucket, keys): &Key) -> String {
    let keys: Vec<Option<String>> = texts(ask, keys);
    URL_SAFE_NO_PAD.encode(serde_json::json!([bucket, keys]).to_string())
}

/// The keys of a group as clients see them.
pub fn texts(ask: &Ask, keys: &[Option<Value>]) -> Vec<Option<String>> {
    let text =
        |(key, grouping): (&Option<Value>, &super::ask::Grouping)| key.as_ref().map(|key| key.text(grouping.dimension));
    keys.iter().zip(&ask.groupings).map(text).collect()
}

/// The group that keys name.
pub fn group(ask: &Ask, texts: &[Option<String>]) -> Option<Vec<Option<Value>>> {
    if texts.len() != ask.groupings.len() {
        return None;
    }
    let key = |(text, grouping): (&Option<String>, &super::ask::Grouping)| match text {
        None => Some(None),
        Some(text) => super::ask::value(grouping.dimension, text).ok().map(Some),
    };
    texts.iter().zip(&ask.groupings).map(key).collect()
}

fn place(ask: &Ask, cursor: &str) -> Result<Key> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::CursorInvalid)?;
    let (bucket, keys): (usize, Vec<Option<String>>) =
        serde_json::from_slice(&bytes).map_err(|_| Error::CursorInvalid)?;
    Ok((bucket, group(ask, &keys).ok_or(Error::CursorInvalid)?))
}

/// A page of the answer to a question.
pub async fn page(
    cx: &Cx,
    ask: &Ask,
    counted: &[Counted],
    first: i32,
    after: Option<String>,
) -> Result<(Vec<FigureRow>, bool)> {
    let after = after.map(|cursor| place(ask, &cursor)).transpose()?;
    let mut keys: std::collections::BTreeSet<Key> =
        counted.iter().flat_map(|counted| counted.tallies.groups.keys().cloned()).collect();
    // A question without groups has one answer, with or without rows.
    if ask.groupings.is_empty() && (ask.grain.is_none() || ask.fill == Fill::Zero) {
        keys.extend((0..ask.buckets.len()).map(|bucket| (bucket, Vec::new())));
    }
    if ask.fill == Fill::Zero {
        let groups: std::collections::BTreeSet<Vec<Option<Value>>> =
            keys.iter().map(|(_, keys)| keys.clone()).collect();
        if groups.len().saturating_mul(ask.buckets.len()) > MAX_GROUPS {
            return Err(Error::BadInput(format!(
                "fill: more than {MAX_GROUPS} groups and buckets; ask for fewer, or without"
            )));
        }
        keys.extend(groups.iter().flat_map(|group| (0..ask.buckets.len()).map(|bucket| (bucket, group.clone()))));
    }
    let mut rest = keys.into_iter().filter(|key| after.as_ref().is_none_or(|after| key > after));
    let page: Vec<Key> = rest.by_ref().take(usize::try_from(first).unwrap_or(0)).collect();
    let more = rest.next().is_some();
    let named = page.iter().flat_map(|(_, keys)| {
        let row = |(key, grouping): (&Option<Value>, &super::ask::Grouping)| match key {
            Some(Value::Row(id)) => Some((grouping.dimension, *id)),
            _ => None,
        };
        keys.iter().zip(&ask.groupings).filter_map(row)
    });
    let labels = match counted.first() {
        Some(first) => Labels::of(cx, &first.basis, named).await?,
        None => Labels::default(),
    };
    let nothing = Tally::default();
    let row = |key: &Key| {
        let values = counted.iter().map(|counted| {
            let tally = counted.tallies.groups.get(key).unwrap_or(&nothing);
            let value = figure(&counted.definition, tally, &ask.currency);
            shown(&counted.definition, value, &ask.currency, || Handle::of(ask, &counted.definition, key).encode())
        });
        let keys = key.1.iter().zip(&ask.groupings).map(|(value, grouping)| FigureKey {
            dimension: grouping.dimension,
            key: value.as_ref().map(|value| value.text(grouping.dimension)),
            label: value.as_ref().and_then(|value| labels.get(grouping.dimension, value)),
        });
        FigureRow {
            keys: keys.collect(),
            bucket: ask.grain.is_some().then(|| (&ask.buckets[key.0]).into()),
            values: values.collect(),
            cursor: cursor(ask, key),
        }
    };
    Ok((page.iter().map(row).collect(), more))
}

/// The rows that do not count, metric by metric.
pub fn excluded(counted: &[Counted]) -> Vec<Exclusion> {
    let of = |counted: &Counted| {
        let metric = counted.definition.metric;
        let line = move |(reason, n): (&Reason, &i64)| Exclusion { metric, reason: *reason, count: int(*n) };
        counted.tallies.left_out.iter().map(line).collect::<Vec<_>>()
    };
    counted.iter().flat_map(of).collect()
}

/// How many rows stand behind an answer.
pub fn considered(counted: &[Counted]) -> i32 {
    int(counted.iter().flat_map(|counted| counted.tallies.groups.values()).map(|tally| tally.n).sum())
}
