//! What attribution answers: a row for each channel, campaign or touch, the models side by side, and what was spent on it.

use std::collections::BTreeMap;

use async_graphql::{ComplexObject, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use entities::marketing::{campaign, channel};
use numbers::{
    attribution::{Line, Row, Table},
    credit::WHOLE,
};
use uuid::Uuid;

use super::{
    AttributionInput, AttributionModel, AttributionView, Found,
    explain::CreditHandle,
    reach::reached_touches,
    touches::{NO_CHANNEL, Names, SALES, touch_id},
};
use crate::{
    analytics::{
        aggregate::measure,
        answer::MAX_ROWS,
        ask::{Arguments, Ask, GroupByInput, Value},
        dimension::Dimension,
        explain::Handle,
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
    /// Touches of marketing without a channel.
    NoChannel,
    /// Touches of sales (calls, mails, chats, visits, meetings) for whose kind the tenant has no channel of group SALES.
    Sales,
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
#[graphql(complex)]
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
    #[graphql(skip)]
    handle: CreditHandle,
}

#[ComplexObject]
impl ModelCredit {
    /// The handle by which `explainCredit` explains value and conversions.
    async fn explain(&self) -> String {
        self.handle.encode()
    }
}

/// What a channel, a campaign or a touch gets.
#[derive(Clone, Debug, SimpleObject)]
pub struct AttributionRow {
    /// What it is.
    pub kind: CreditRow,
    /// Which one; null for what has no id, and for a touch that you do not see.
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
    /// The handle by which `explain` explains what was spent; null where nothing was, or you may not know.
    pub explain_cost: Option<String>,
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
#[graphql(complex)]
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
    #[graphql(skip)]
    handle: CreditHandle,
}

#[ComplexObject]
impl Attribution {
    /// The handle by which `explainCredit` explains the value of all conversions, and their number.
    async fn explain(&self) -> String {
        self.handle.encode()
    }
}

/// What was spent on a row, and the handle that explains it.
type Spent = (i128, String);

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
    let handle = CreditHandle::of(input, &found.question.definition);
    // A touch is named where the caller reaches it.
    let ids = page.iter().filter(|(_, row, _)| matches!(row, Row::Touch(_)));
    let ids = ids.filter_map(|(_, row, _)| named(&found.question.names, &found.of_sales, *row).1);
    let reached = reached_touches(cx, ids).await?;
    let rows = page.into_iter().map(|(key, row, line)| {
        let spent = costs.as_ref().map(|costs| costs.get(&row).cloned());
        row_of(&found, &table, &labels, &handle, key, (row, line), spent)
    });
    let told = |row: AttributionRow| {
        let id = row.id.filter(|id| row.kind != CreditRow::Touch || reached.contains(&id.uuid));
        AttributionRow { id, ..row }
    };
    let rows: Vec<AttributionRow> = rows.map(told).collect();
    let meta = |(nth, model): (usize, &AttributionModel)| {
        let solved = table.markov.get(&nth).filter(|_| !found.question.basis.grouped);
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
        models: found.question.asked.iter().enumerate().map(meta).collect(),
        conversions: (!found.all_hidden).then(|| i32::try_from(found.report.conversions).unwrap_or(i32::MAX)),
        value: Money::from_sum(found.report.value_minor, &found.question.ask.currency).filter(|_| !found.all_hidden),
        definition: found.question.definition.clone(),
        as_of: found.question.ask.as_of,
        data_through: watermark(cx).await?,
        currency: found.question.ask.currency.clone(),
        scope: found.question.basis.span,
        excluded: excluded(&found.left_out),
        handle,
    })
}

/// Conversions that do not count, as they are shown.
pub fn excluded(left_out: &BTreeMap<Reason, i64>) -> Vec<ConversionExclusion> {
    let one = |(reason, n): (&Reason, &i64)| ConversionExclusion { reason: *reason, count: crate::graph::count(*n) };
    left_out.iter().map(one).collect()
}

/// What was spent in the period, by row; none where the caller may not know, or rows are touches.
async fn costs(cx: &Cx, input: &AttributionInput, found: &mut Found) -> Result<Option<BTreeMap<Row, Spent>>> {
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
    let mut costs: BTreeMap<Row, Spent> = BTreeMap::new();
    let names = &mut found.question.names;
    for (key, tally) in &counted.tallies.groups {
        let row = match (dimension, key.1.first()) {
            (Dimension::Campaign, Some(Some(Value::Row(id)))) => Row::Campaign(names.campaign(*id)),
            (Dimension::Campaign, _) => Row::NoCampaign,
            (_, Some(Some(Value::Row(id)))) => Row::Channel(names.channel(*id)),
            (_, _) => Row::Channel(NO_CHANNEL),
        };
        let handle = Handle::of(&ask, &counted.definition, key).encode();
        costs.entry(row).or_insert((0, handle)).0 += tally.sum;
    }
    Ok(Some(costs))
}

/// What a row is, and its id in the graph where it has one. `of_sales`: of touches of sales, where they come from.
pub fn named(names: &Names, of_sales: &BTreeMap<u128, i32>, row: Row) -> (CreditRow, Option<GlobalId>) {
    match row {
        Row::Channel(NO_CHANNEL) => (CreditRow::NoChannel, None),
        Row::Channel(SALES) => (CreditRow::Sales, None),
        Row::Channel(place) => (CreditRow::Channel, names.channel_of(place).map(|id| GlobalId::new(Kind::Channel, id))),
        Row::Campaign(place) => {
            (CreditRow::Campaign, names.campaign_of(place).map(|id| GlobalId::new(Kind::Campaign, id)))
        }
        Row::Touch(id) => (CreditRow::Touch, Some(touch_id(of_sales.get(&id).copied().unwrap_or_default(), id))),
        Row::NoCampaign => (CreditRow::NoCampaign, None),
        Row::Unattributed => (CreditRow::Unattributed, None),
    }
}

/// Rows with an id by their id, then those without.
fn sort_key(found: &Found, row: Row) -> String {
    match named(&found.question.names, &found.of_sales, row) {
        (_, Some(id)) => format!("0{}", id.uuid),
        (CreditRow::Unattributed, _) => "3".to_owned(),
        (CreditRow::Sales, _) => "2".to_owned(),
        _ => "1".to_owned(),
    }
}

fn place(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

async fn labels(cx: &Cx, found: &Found, rows: impl Iterator<Item = Row>) -> Result<BTreeMap<Uuid, String>> {
    let (mut channels, mut campaigns) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Channel(place) => channels.extend(found.question.names.channel_of(place)),
            Row::Campaign(place) => campaigns.extend(found.question.names.campaign_of(place)),
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
        let rows = found.question.basis.caller.rows_even_deleted::<E>().by_ids(ids.iter().copied());
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
    handle: &CreditHandle,
    key: String,
    (row, line): (Row, Option<Line>),
    spent: Option<Option<Spent>>,
) -> AttributionRow {
    let currency = &found.question.ask.currency;
    let suppressed = found.all_hidden || found.hidden.contains(&row);
    let money = |minor: i128| Money::from_sum(minor, currency);
    let (kind, id) = named(&found.question.names, &found.of_sales, row);
    let explain_cost = spent.as_ref().and_then(|spent| Some(spent.as_ref()?.1.clone()));
    let spent = spent.map(|spent| spent.map_or(0, |(sum, _)| sum));
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
            handle: handle.to(*model, kind, id),
        }
    };
    let count = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    let shown = line.as_ref().filter(|_| !suppressed);
    let spread = shown.and_then(|line| line.value);
    AttributionRow {
        kind,
        label: id.and_then(|id| labels.get(&id.uuid).cloned()),
        id,
        paths: shown.map_or(0, |line| count(line.paths)),
        null_paths: shown.map_or(0, |line| count(line.null_paths)),
        unstable: shown.is_none_or(|line| line.paths + line.null_paths < numbers::attribution::UNSTABLE_BELOW),
        credits: found.question.asked.iter().enumerate().map(credit).collect(),
        lowest: spread.and_then(|spread| money(spread.lowest)),
        highest: spread.and_then(|spread| money(spread.highest)),
        spread: spread.and_then(|spread| money(spread.spread())),
        cost: spent.and_then(money),
        explain_cost,
        suppressed,
        cursor: URL_SAFE_NO_PAD.encode(key),
    }
}
