//! What attribution answers: a row for each channel, campaign or touch, the models side by side, and what was spent on it.

use std::collections::BTreeMap;

use async_graphql::SimpleObject;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use entities::marketing::{campaign, channel};
use numbers::{
    attribution::{Line, Row, Table},
    credit::WHOLE,
};
use uuid::Uuid;

use super::{AttributionInput, AttributionModel, AttributionView, Found};
use crate::{
    analytics::{
        aggregate::measure,
        answer::MAX_ROWS,
        ask::{Arguments, Ask, GroupByInput, Value},
        dimension::Dimension,
        metric::{Metric, Reason},
    },
    graph::{Cx, Error, GlobalId, Kind, Money, Result},
    journey::watermark,
    policy::{Class, Governed, Seen, Span},
};

/// What a row of the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
pub enum CreditRow {
    /// A channel.
    Channel,
    /// Touches without a channel.
    NoChannel,
    /// A campaign.
    Campaign,
    /// Touches without a campaign.
    NoCampaign,
    /// A single touch.
    Touch,
    /// Conversions without an eligible touch. A row like any other, never dropped.
    Unattributed,
}

/// What a row gets under one model.
#[derive(Clone, Debug, SimpleObject)]
pub struct ModelCredit {
    /// The model.
    pub model: AttributionModel,
    /// The value, to the minor unit: over all rows of an additive model it is the value of all conversions. Null where the model has
    /// no answer, and where the row is suppressed.
    pub value: Option<Money>,
    /// How many conversions, in parts: over all rows of an additive model it is their number. Null likewise.
    pub conversions: Option<f64>,
    /// Its share of all conversions; null where there are none.
    pub share: Option<f64>,
    /// What is lost without it, 0 to 1; of MARKOV only. Null for other models.
    pub removal_effect: Option<f64>,
    /// Return on what was spent: (value − cost) / cost. Null without cost.
    pub roi: Option<f64>,
    /// Return on ad spend: value / cost. Null without cost.
    pub roas: Option<f64>,
}

/// What a channel, a campaign or a touch gets.
#[derive(Clone, Debug, SimpleObject)]
pub struct AttributionRow {
    /// What it is.
    pub kind: CreditRow,
    /// Which one; null for what has no id.
    pub id: Option<GlobalId>,
    /// What people call it; null where it has no name that you may read.
    pub label: Option<String>,
    /// Converting paths on which it stands; of UNATTRIBUTED the conversions without a touch.
    pub paths: i32,
    /// Paths that did not convert on which it stands; 0 unless MARKOV was asked for.
    pub null_paths: i32,
    /// Whether it stands on fewer than 30 paths: too few to rely on.
    pub unstable: bool,
    /// The models side by side, in the order in which they were asked for. At most 15.
    pub credits: Vec<ModelCredit>,
    /// The lowest value among the additive models. Null where it is suppressed, or no additive model answers.
    pub lowest: Option<Money>,
    /// The highest. Null likewise.
    pub highest: Option<Money>,
    /// How far they lie apart. Null likewise.
    pub spread: Option<Money>,
    /// What was spent on it in the period, whether or not anything came of it; null where you may not know, and for touches.
    pub cost: Option<Money>,
    /// Whether it is hidden because too few persons or accounts stand behind it.
    pub suppressed: bool,
    /// The cursor of this row.
    pub cursor: String,
}

/// Conversions that do not count.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ConversionExclusion {
    /// Why. NO_AMOUNT: it converts, for nothing.
    pub reason: Reason,
    /// How many.
    pub count: i32,
}

/// Which models add up.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ModelMeta {
    /// The model.
    pub model: AttributionModel,
    /// Whether its rows add up to the total. Those of INFLUENCED may not be summed.
    pub additive: bool,
    /// Of MARKOV: the probability that a path converts. Null for other models, and for whoever reads no rows.
    pub conversion_probability: Option<f64>,
    /// Of MARKOV: no path without a conversion is known, so that effects only say which rows conversions pass through.
    pub no_null_paths: bool,
    /// Of MARKOV: there were too many states to solve; ask for a lower order or a shorter period.
    pub too_many_states: bool,
}

/// The credit for what was reached.
#[derive(Clone, Debug, SimpleObject)]
pub struct Attribution {
    /// The rows, those with an id first. At most 1,000 a page.
    pub rows: Vec<AttributionRow>,
    /// Whether more follow.
    pub has_next_page: bool,
    /// What is to be known of each model, in the order in which they were asked for. At most 15.
    pub models: Vec<ModelMeta>,
    /// How many conversions there were; null where they are too few to be told of, for whoever reads no rows.
    pub conversions: Option<i32>,
    /// What they are worth together. Null where they are too few to be told of.
    pub value: Option<Money>,
    /// Name and version of the definition.
    pub definition: String,
    /// When it was counted.
    pub as_of: DateTime<Utc>,
    /// When the last change was recorded that is counted; null in a tenant without one.
    pub data_through: Option<DateTime<Utc>>,
    /// The currency of money.
    pub currency: String,
    /// Which rows are counted.
    pub scope: Span,
    /// Conversions that do not count, by reason. At most 2.
    pub excluded: Vec<ConversionExclusion>,
}

/// The rows of an answer before they are named: credits and cost.
type Rows = BTreeMap<Row, Option<Line>>;

/// Shows what was found.
pub async fn shown(
    cx: &Cx,
    input: &AttributionInput,
    mut found: Found,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Attribution> {
    let first = first.unwrap_or(100);
    if !(1..=MAX_ROWS).contains(&first) {
        return Err(Error::BadInput(format!("first: between 1 and {MAX_ROWS}, not {first}")));
    }
    let after = after.map(|cursor| place(&cursor).ok_or(Error::CursorInvalid)).transpose()?;
    let costs = costs(cx, input, &mut found).await?;
    let table = match input.by {
        AttributionView::Channel => found.report.channels.clone(),
        AttributionView::Campaign => found.report.campaigns.clone(),
        AttributionView::Touch => found.report.touches.clone().unwrap_or_default(),
    };
    let mut rows: Rows = table.lines.iter().map(|line| (line.row, Some(line.clone()))).collect();
    // Spend on what brought nothing stays.
    for row in costs.iter().flat_map(|costs| costs.keys()) {
        rows.entry(*row).or_insert(None);
    }
    // By id, so that a page is the same however the rows were met.
    let mut ordered: Vec<(String, Row, Option<Line>)> =
        rows.into_iter().map(|(row, line)| (sort_key(&found, row), row, line)).collect();
    ordered.sort_by(|a, b| a.0.cmp(&b.0));
    let mut rest = ordered.into_iter().filter(|(key, ..)| after.as_ref().is_none_or(|after| key > after));
    let page: Vec<_> = rest.by_ref().take(usize::try_from(first).unwrap_or(0)).collect();
    let has_next_page = rest.next().is_some();
    let labels = labels(cx, &found, page.iter().map(|(_, row, _)| *row)).await?;
    let rows = page.into_iter().map(|(key, row, line)| {
        let spent = costs.as_ref().map(|costs| costs.get(&row).copied().unwrap_or(0));
        row_of(&found, &table, &labels, key, row, line, spent)
    });
    let rows: Vec<AttributionRow> = rows.collect();
    let meta = |(nth, model): (usize, &AttributionModel)| {
        let solved = table.markov.get(&nth).filter(|_| !found.basis.grouped);
        ModelMeta {
            model: *model,
            additive: found.report.models[nth].additive(),
            conversion_probability: solved
                .and_then(|solved| solved.as_ref().ok())
                .map(|solved| solved.conversion_probability),
            no_null_paths: solved.and_then(|solved| solved.as_ref().ok()).is_some_and(|solved| solved.no_null_paths),
            too_many_states: solved.is_some_and(Result::is_err),
        }
    };
    Ok(Attribution {
        rows,
        has_next_page,
        models: found.models.iter().enumerate().map(meta).collect(),
        conversions: (!found.all_hidden).then(|| i32::try_from(found.report.conversions).unwrap_or(i32::MAX)),
        value: Money::from_sum(found.report.value_minor, &found.ask.currency).filter(|_| !found.all_hidden),
        definition: "ATTRIBUTION@1".to_owned(),
        as_of: found.ask.as_of,
        data_through: watermark(cx).await?,
        currency: found.ask.currency.clone(),
        scope: found.basis.span,
        excluded: found
            .left_out
            .iter()
            .map(|(reason, n)| ConversionExclusion { reason: *reason, count: crate::graph::count(*n) })
            .collect(),
    })
}

/// What was spent in the period, by row; none where the caller may not know, or rows are touches.
async fn costs(cx: &Cx, input: &AttributionInput, found: &mut Found) -> Result<Option<BTreeMap<Row, i128>>> {
    let dimension = match input.by {
        AttributionView::Channel => Dimension::Channel,
        AttributionView::Campaign => Dimension::Campaign,
        AttributionView::Touch => return Ok(None),
    };
    if cx.caller.basis(Metric::CampaignCost.definition().needs).is_none() {
        return Ok(None);
    }
    let arguments = Arguments {
        metrics: vec![Metric::CampaignCost],
        group_by: vec![GroupByInput { dimension: Some(dimension), grain: None, level: None }],
        from: input.from,
        to: input.to,
        currency: input.currency.clone(),
        fx: input.fx,
        ..Arguments::default()
    };
    let ask = Ask::of(cx, arguments).await?;
    let counted = measure(cx, &ask, Metric::CampaignCost, None).await?;
    let mut costs = BTreeMap::new();
    for ((_, keys), tally) in counted.tallies.groups {
        let row = match (dimension, keys.first()) {
            (Dimension::Campaign, Some(Some(Value::Row(id)))) => Row::Campaign(found.names.campaign(*id)),
            (Dimension::Campaign, _) => Row::NoCampaign,
            (_, Some(Some(Value::Row(id)))) => Row::Channel(found.names.channel(*id)),
            (_, _) => Row::Channel(super::conversions::NO_CHANNEL),
        };
        *costs.entry(row).or_default() += tally.sum;
    }
    Ok(Some(costs))
}

fn id_of(found: &Found, row: Row) -> Option<GlobalId> {
    match row {
        Row::Channel(place) => found.names.channel_of(place).map(|id| GlobalId::new(Kind::Channel, id)),
        Row::Campaign(place) => found.names.campaign_of(place).map(|id| GlobalId::new(Kind::Campaign, id)),
        Row::Touch(id) => Some(GlobalId::new(Kind::Touchpoint, Uuid::from_u128(id))),
        Row::NoCampaign | Row::Unattributed => None,
    }
}

/// Rows with an id by their id, then those without.
fn sort_key(found: &Found, row: Row) -> String {
    match (id_of(found, row), row) {
        (Some(id), _) => format!("0{}", id.uuid),
        (None, Row::Unattributed) => "2".to_owned(),
        (None, _) => "1".to_owned(),
    }
}

fn place(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

async fn labels(cx: &Cx, found: &Found, rows: impl Iterator<Item = Row>) -> Result<BTreeMap<Uuid, String>> {
    let (mut channels, mut campaigns) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Channel(place) => channels.extend(found.names.channel_of(place)),
            Row::Campaign(place) => campaigns.extend(found.names.campaign_of(place)),
            Row::NoCampaign | Row::Touch(_) | Row::Unattributed => {}
        }
    }
    let mut labels = BTreeMap::new();
    read::<channel::Entity>(cx, found, channels, &mut labels, |seen| {
        seen.read(Class::P, "name", |row| row.name.clone())
    })
    .await?;
    read::<campaign::Entity>(cx, found, campaigns, &mut labels, |seen| {
        seen.read(Class::P, "name", |row| row.name.clone())
    })
    .await?;
    Ok(labels)
}

async fn read<E: Governed>(
    cx: &Cx,
    found: &Found,
    ids: Vec<Uuid>,
    labels: &mut BTreeMap<Uuid, String>,
    name: impl Fn(&Seen<E::Model>) -> Option<String>,
) -> Result<()> {
    for ids in ids.chunks(1_000) {
        let rows = found.basis.caller.rows_even_deleted::<E>().by_ids(ids.iter().copied());
        for seen in rows.all(&cx.db()).await? {
            labels.extend(name(&seen).map(|name| (E::id(seen.row()), name)));
        }
    }
    Ok(())
}

fn row_of(
    found: &Found,
    table: &Table,
    labels: &BTreeMap<Uuid, String>,
    key: String,
    row: Row,
    line: Option<Line>,
    spent: Option<i128>,
) -> AttributionRow {
    let currency = &found.ask.currency;
    let suppressed = found.all_hidden || found.hidden.contains(&row);
    let money = |minor: i128| Money::from_sum(minor, currency);
    let id = id_of(found, row);
    let all = found.report.conversions;
    let credit = |(nth, model): (usize, &AttributionModel)| {
        let credit = match &line {
            // What nobody touched gets nothing.
            None => Some(numbers::attribution::Credit::default()),
            Some(line) => line.credits[nth],
        };
        let credit = credit.filter(|_| !suppressed);
        let value = credit.map(|credit| credit.value_minor);
        let conversions = credit.map(|credit| credit.weight as f64 / WHOLE as f64);
        let spent = spent.filter(|spent| *spent > 0);
        let over = |above: i128, below: i128| above as f64 / below as f64;
        let effect =
            table.markov.get(&nth).and_then(|solved| solved.as_ref().ok()).and_then(|solved| solved.effects.get(&row));
        ModelCredit {
            model: *model,
            value: value.and_then(money),
            conversions,
            share: conversions.filter(|_| all > 0).map(|conversions| conversions / all as f64),
            removal_effect: effect.filter(|_| !suppressed).map(|effect| effect.conversions.effect),
            roi: value.zip(spent).map(|(value, spent)| over(value - spent, spent)),
            roas: value.zip(spent).map(|(value, spent)| over(value, spent)),
        }
    };
    let count = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    let shown = line.as_ref().filter(|_| !suppressed);
    let spread = shown.and_then(|line| line.value);
    AttributionRow {
        kind: match row {
            Row::Channel(_) if id.is_none() => CreditRow::NoChannel,
            Row::Channel(_) => CreditRow::Channel,
            Row::Campaign(_) => CreditRow::Campaign,
            Row::NoCampaign => CreditRow::NoCampaign,
            Row::Touch(_) => CreditRow::Touch,
            Row::Unattributed => CreditRow::Unattributed,
        },
        label: id.and_then(|id| labels.get(&id.uuid).cloned()),
        id,
        paths: shown.map_or(0, |line| count(line.paths)),
        null_paths: shown.map_or(0, |line| count(line.null_paths)),
        unstable: shown.is_none_or(|line| line.paths + line.null_paths < numbers::attribution::UNSTABLE_BELOW),
        credits: found.models.iter().enumerate().map(credit).collect(),
        lowest: spread.and_then(|spread| money(spread.lowest)),
        highest: spread.and_then(|spread| money(spread.highest)),
        spread: spread.and_then(|spread| money(spread.spread())),
        cost: spent.and_then(money),
        suppressed,
        cursor: URL_SAFE_NO_PAD.encode(key),
    }
}
