//! A value of attribution explains itself: the formula, what was asked, which conversions and touches do not count and why, and the rows
//! that add up to it: which conversion gives which touch how much. It is the same pass over the same statements; a page is kept of what
//! passes by, so that memory is that of a page.

use std::{collections::BTreeMap, sync::Arc};

use async_graphql::{
    Enum, InputType, Name, SimpleObject, Value,
    resolver_utils::{EnumType, enum_value},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use entities::{
    account::account,
    marketing::lead,
    sales::{opportunity, sales_order},
};
use numbers::{
    attribution::{LeftOut, Model, Parting, Row, Touch, Unit},
    credit::WHOLE,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    AttributionInput, AttributionModel, AttributionView, Found, Question,
    answer::{ConversionExclusion, CreditRow, excluded, named},
    conversions::Converted,
    find,
    input::bad,
    reach::{reached, reached_touches},
    touches::{NO_CHANNEL, Names, SALES, Touches, touch_id},
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, MAX_PAGE, Money, Result},
    policy::Span,
};

/// What a value was asked as, so that it can be asked again: nothing of it is believed, it is checked like any question.
#[derive(Clone, Debug)]
pub struct CreditHandle {
    asked: Arc<(serde_json::Value, String)>,
    of: Option<(AttributionModel, CreditRow, Option<GlobalId>)>,
}

/// A handle as clients carry it.
#[derive(Serialize, Deserialize)]
struct Carried {
    /// The question, as a client would put it.
    #[serde(rename = "q")]
    question: serde_json::Value,
    /// By which definition it was answered.
    #[serde(rename = "d")]
    definition: String,
    /// Under which model, and of which row; none of the total.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    row: Option<String>,
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

/// The name of a code, as GraphQL has it.
pub fn code<T: EnumType>(value: T) -> String {
    match enum_value(value) {
        Value::Enum(name) => name.to_string(),
        other => other.to_string(),
    }
}

fn decoded<T: InputType>(text: &str) -> Option<T> {
    T::parse(Some(Value::Enum(Name::new(text)))).ok()
}

impl CreditHandle {
    /// The handle of all conversions of a question.
    pub fn of(input: &AttributionInput, definition: &str) -> CreditHandle {
        let question = input.to_value().into_json().unwrap_or_default();
        CreditHandle { asked: Arc::new((question, definition.to_owned())), of: None }
    }

    /// The handle of what a row gets under a model.
    pub fn to(&self, model: AttributionModel, row: CreditRow, id: Option<GlobalId>) -> CreditHandle {
        CreditHandle { asked: self.asked.clone(), of: Some((model, row, id)) }
    }

    /// As clients carry it.
    pub fn encode(&self) -> String {
        let (question, definition) = &*self.asked;
        let mut question = question.clone();
        // One model is asked for; the total is the same under any. Weights, and their revision, belong to CUSTOM.
        let model = self.of.map_or(AttributionModel::FirstTouch, |(model, ..)| model);
        let is_custom = model == AttributionModel::Custom;
        if let Some(fields) = question.as_object_mut() {
            fields.retain(|name, value| !value.is_null() && (is_custom || !name.starts_with("custom")));
            fields.insert("models".to_owned(), serde_json::json!([code(model)]));
        }
        let bare = definition.split('/').next().unwrap_or_default();
        let definition = if is_custom { definition.as_str() } else { bare };
        let carried = Carried {
            question,
            definition: definition.to_owned(),
            model: self.of.map(|(model, ..)| code(model)),
            row: self.of.map(|(_, row, _)| code(row)),
            id: self.of.and_then(|(.., id)| id).map(|id| id.to_string()),
        };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&carried).unwrap_or_default())
    }
}

/// Whose value a handle stands for.
type Subject = Option<(AttributionModel, CreditRow, Option<GlobalId>)>;

fn unknown() -> Error {
    bad("handle: one that `explain` of an attribution's value gave")
}

fn decode(handle: &str) -> Option<(AttributionInput, Subject, String)> {
    let carried: Carried = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(handle).ok()?).ok()?;
    let input = AttributionInput::parse(Some(Value::from_json(carried.question).ok()?)).ok()?;
    let subject = match (carried.model, carried.row) {
        (Some(model), Some(row)) => {
            let id = match carried.id {
                Some(id) => Some(GlobalId::parse(&id)?),
                None => None,
            };
            Some((decoded(&model)?, decoded(&row)?, id))
        }
        (None, None) => None,
        _ => return None,
    };
    Some((input, subject, carried.definition))
}

/// The row of the arithmetic that a handle names.
fn row_of(names: &mut Names, by: AttributionView, row: CreditRow, id: Option<GlobalId>) -> Option<Row> {
    use AttributionView as V;
    Some(match (by, row, id) {
        (V::Channel, CreditRow::Channel, Some(id)) if id.kind == Kind::Channel => Row::Channel(names.channel(id.uuid)),
        (V::Channel, CreditRow::NoChannel, None) => Row::Channel(NO_CHANNEL),
        (V::Channel, CreditRow::Sales, None) => Row::Channel(SALES),
        (V::Campaign, CreditRow::Campaign, Some(id)) if id.kind == Kind::Campaign => {
            Row::Campaign(names.campaign(id.uuid))
        }
        (V::Campaign, CreditRow::NoCampaign, None) => Row::NoCampaign,
        (V::Touch, CreditRow::Touch, Some(id)) => Row::Touch(id.uuid.as_u128()),
        (_, CreditRow::Unattributed, None) => Row::Unattributed,
        _ => return None,
    })
}

/// Why a touch does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum TouchReason {
    /// Its person refuses to be measured.
    NoConsent,
    /// It lies after the conversion, or before its look-back.
    OutsideLookback,
    /// Its channel is DIRECT.
    Direct,
    /// A transform took it off the path.
    Transformed,
}

/// Touches that do not count.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct TouchExclusion {
    /// Why: the first reason that holds.
    pub reason: TouchReason,
    /// How many: once for each conversion that they were looked at for; of NO_CONSENT once for each group.
    pub count: i32,
}

/// An argument by which a value was counted.
#[derive(Clone, Debug, SimpleObject)]
pub struct CreditArgument {
    /// Its name in AttributionInput.
    pub name: String,
    /// Its value, as it is written in GraphQL.
    pub value: String,
}

/// What one conversion gives to one touch.
#[derive(Clone, Debug, SimpleObject)]
pub struct CreditedRow {
    /// The lead, the opportunity or the order; null where you do not see it.
    pub conversion: Option<GlobalId>,
    /// When it converted.
    pub at: DateTime<Utc>,
    /// Its customer; null where it has none, or none that you see.
    pub account: Option<GlobalId>,
    /// The touchpoint, the activity or the meeting that gets it; null where you do not see it, and where no touch gets it.
    pub touch: Option<GlobalId>,
    /// When it happened; null where no touch gets it.
    pub touched_at: Option<DateTime<Utc>>,
    /// The place of the touch on the conversion's path, from 1; 0 where no touch gets it.
    pub place: i32,
    /// What it gets, to the minor unit; null where the sum is too large for an amount.
    pub value: Option<Money>,
    /// Which part of the conversion it gets.
    pub conversions: f64,
    /// The cursor of this row.
    pub cursor: String,
}

/// A value of an attribution, explained.
#[derive(Clone, Debug, SimpleObject)]
pub struct CreditExplanation {
    /// Under which model; null of the value of all conversions.
    pub model: Option<AttributionModel>,
    /// Of what; null of the value of all conversions.
    pub kind: Option<CreditRow>,
    /// Of which; null for what has no id.
    pub id: Option<GlobalId>,
    /// The value, counted again just now; null where it is suppressed, or the model has no answer.
    pub value: Option<Money>,
    /// How many conversions, in parts. Null likewise.
    pub conversions: Option<f64>,
    /// Whether it is hidden because too few persons or accounts stand behind it.
    pub suppressed: bool,
    /// Name and version of its definition: `ATTRIBUTION@2`, with the revision of the tenant's weights where they are asked for.
    pub definition: String,
    /// In words.
    pub formula: String,
    /// Whether the definition has changed since the handle was given: the value is by the new one.
    pub changed: bool,
    /// By which arguments it was counted, those that are set. At most 25.
    pub arguments: Vec<CreditArgument>,
    /// Which rows are counted.
    pub scope: Span,
    /// How many conversions give to it; null where they are too few to be told of.
    pub counted: Option<i32>,
    /// Conversions of the question that do not count, by reason. At most 2.
    pub excluded: Vec<ConversionExclusion>,
    /// Touches of these conversions' groups that do not count, by reason. Empty for whoever reads no rows. At most 4.
    pub excluded_touches: Vec<TouchExclusion>,
    /// Of MARKOV: what is lost without it, 0 to 1. Null for other models.
    pub removal_effect: Option<f64>,
    /// Of MARKOV: the sum of the effects of all that stood on a converting path, by which its own is divided. Null for other models.
    pub removal_effects: Option<f64>,
    /// What each conversion gives to each touch, in the order in which they converted, at most 100 a page: over all pages they add up
    /// to the value. Null where you read no rows, and of MARKOV, whose answer is for the set of paths.
    pub rows: Option<Vec<CreditedRow>>,
    /// Whether more rows follow.
    pub has_next_page: bool,
}

/// The place of a row: when it converted, which conversion (the half of its id that says nothing of its time), which touch.
type Place = (i64, u64, usize);

fn cursor((at, conversion, place): Place) -> String {
    URL_SAFE_NO_PAD.encode(format!("{at}/{conversion}/{place}"))
}

fn place(cursor: &str) -> Option<Place> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.split('/');
    let place = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(place)
}

/// A row before it is shown.
struct Line {
    conversion: Uuid,
    account: Option<Uuid>,
    touch: Option<Touch>,
    value_minor: i64,
    weight: i64,
}

/// What is seen while the touches pass by: one page of lines, and how many conversions and touches count.
struct Watch {
    parting: Parting,
    of: Option<(Model, Row, Unit)>,
    after: Option<Place>,
    size: usize,
    page: BTreeMap<Place, Line>,
    counted: i64,
    left_out: LeftOut,
}

impl Watch {
    fn see(&mut self, converted: &Converted, touches: &[Touch]) {
        let Watch { parting, of, after, size, page, counted, left_out } = self;
        let conversion = &converted.conversion;
        let LeftOut { outside, direct, transformed } = parting.path(conversion, touches.iter().copied());
        left_out.outside += outside;
        left_out.direct += direct;
        left_out.transformed += transformed;
        let mut gives = false;
        let mut line = |place: usize, touch: Option<Touch>, value_minor: i64, weight: i64| {
            gives = true;
            let place = (conversion.at, converted.id.as_u64_pair().1, place);
            if after.is_none_or(|after| place > after) {
                let line = Line { conversion: converted.id, account: converted.account, touch, value_minor, weight };
                page.insert(place, line);
                // One more than the page, to know whether it is the last.
                if page.len() > *size + 1 {
                    page.pop_last();
                }
            }
        };
        match of {
            None => line(0, None, conversion.value_minor, WHOLE),
            Some((model, row, view)) => parting.parts(conversion, model, *view, |part| {
                if part.row == *row {
                    let (place, touch) = part.touch.map_or((0, None), |(place, touch)| (place, Some(touch)));
                    line(place, touch, part.value_minor, part.weight);
                }
            }),
        }
        *counted += i64::from(gives);
    }
}

/// Explains the value of a handle.
pub async fn explain(cx: &Cx, handle: &str, first: Option<i32>, after: Option<String>) -> Result<CreditExplanation> {
    let first = first.unwrap_or(20);
    if !(1..=MAX_PAGE).contains(&first) {
        return Err(bad(format!("first: between 1 and {MAX_PAGE}, not {first}")));
    }
    let after = after.map(|cursor| place(&cursor).ok_or(Error::CursorInvalid)).transpose()?;
    let (input, subject, was) = decode(handle).ok_or_else(unknown)?;
    let mut question = Question::of(cx, &input).await?;
    let view = match input.by {
        AttributionView::Channel => Unit::Channel,
        AttributionView::Campaign => Unit::Campaign,
        AttributionView::Touch => Unit::Touch,
    };
    let row = match subject {
        None => None,
        Some((_, row, id)) => Some(row_of(&mut question.names, input.by, row, id).ok_or_else(unknown)?),
    };
    let model = question.models.first().copied();
    if question.models.len() != 1 {
        return Err(unknown());
    }
    let size = usize::try_from(first).unwrap_or(1);
    let mut watch = Watch {
        parting: Parting::new(question.unit, question.transforms.clone(), question.options),
        of: model.zip(row).map(|(model, row)| (model, row, view)),
        after,
        size,
        page: BTreeMap::new(),
        counted: 0,
        left_out: LeftOut::default(),
    };
    let found = find(cx, question, |converted, touches| watch.see(converted, touches)).await?;
    let refused = match found.question.basis.grouped {
        true => 0,
        false => {
            let (wanted, basis) = (&found.question.wanted, &found.question.basis);
            Touches { wanted, basis, groups: None, of_all: false }.refused(cx).await?
        }
    };
    shown(cx, &input, found, (subject, row), watch, refused, was).await
}

async fn shown(
    cx: &Cx,
    input: &AttributionInput,
    found: Found,
    (subject, row): (Subject, Option<Row>),
    watch: Watch,
    refused: i64,
    was: String,
) -> Result<CreditExplanation> {
    let grouped = found.question.basis.grouped;
    let suppressed = found.all_hidden || row.is_some_and(|row| found.hidden.contains(&row));
    let table = match input.by {
        AttributionView::Channel => Some(&found.report.channels),
        AttributionView::Campaign => Some(&found.report.campaigns),
        AttributionView::Touch => found.report.touches.as_ref(),
    };
    let is_markov = matches!(watch.of, Some((Model::Markov { .. }, ..)));
    let credit = match row {
        None => Some((found.report.value_minor, i128::from(found.report.conversions) * i128::from(WHOLE))),
        Some(row) => match table.and_then(|table| table.line(row)) {
            Some(line) => line.credits.first().copied().flatten().map(|credit| (credit.value_minor, credit.weight)),
            // A row that is not there gets nothing.
            None => Some((0, 0)),
        },
    };
    let credit = credit.filter(|_| !suppressed);
    let currency = &found.question.ask.currency;
    let solved = table.and_then(|table| table.markov.get(&0)).and_then(|solved| solved.as_ref().ok());
    let solved = solved.filter(|_| is_markov && !suppressed);
    let effect =
        solved.zip(row).and_then(|(solved, row)| solved.effects.get(&row)).map(|effect| effect.conversions.effect);
    let effects = solved.filter(|_| !grouped).map(|solved| {
        let converting = solved.effects.values().filter(|effect| effect.converting_paths > 0);
        converting.map(|effect| effect.conversions.effect).sum()
    });
    let (has_next_page, rows) = match grouped || is_markov {
        true => (false, None),
        false => {
            let has_next_page = watch.page.len() > watch.size;
            (has_next_page, Some(listed(cx, &found, watch.page.into_iter().take(watch.size).collect()).await?))
        }
    };
    let touch_reasons = [
        (TouchReason::NoConsent, refused.unsigned_abs()),
        (TouchReason::OutsideLookback, watch.left_out.outside),
        (TouchReason::Direct, watch.left_out.direct),
        (TouchReason::Transformed, watch.left_out.transformed),
    ];
    let count = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    let touch_reasons = touch_reasons.into_iter().filter(|(_, n)| !grouped && *n > 0);
    let (kind, id) = match row {
        Some(row) => {
            let (kind, id) = named(&found.question.names, &found.of_sales, row);
            (Some(kind), told(cx, kind, id).await?)
        }
        None => (None, None),
    };
    Ok(CreditExplanation {
        model: subject.map(|(model, ..)| model),
        kind,
        id,
        value: credit.and_then(|(value, _)| Money::from_sum(value, currency)),
        conversions: credit.map(|(_, weight)| weight as f64 / WHOLE as f64),
        suppressed,
        changed: was != found.question.definition,
        definition: found.question.definition.clone(),
        formula: match subject {
            Some((model, ..)) => model.formula().to_owned(),
            None => "the sum of the conversions' values".to_owned(),
        },
        arguments: arguments(input),
        scope: found.question.basis.span,
        counted: (!(suppressed || is_markov && grouped)).then(|| match is_markov {
            true => count(row.and_then(|row| table?.line(row)).map_or(0, |line| line.paths)),
            false => crate::graph::count(watch.counted),
        }),
        excluded: excluded(&found.left_out),
        excluded_touches: touch_reasons.map(|(reason, n)| TouchExclusion { reason, count: count(n) }).collect(),
        removal_effect: effect,
        removal_effects: effects,
        rows,
        has_next_page,
    })
}

/// The arguments that are set; `models` is said by `model`.
fn arguments(input: &AttributionInput) -> Vec<CreditArgument> {
    let Value::Object(fields) = input.to_value() else { return Vec::new() };
    let is_set = |(name, value): &(Name, Value)| *value != Value::Null && name != "models";
    let one = |(name, value): (Name, Value)| CreditArgument { name: name.to_string(), value: value.to_string() };
    fields.into_iter().filter(is_set).map(one).collect()
}

/// The id of what is explained: of a touch only where the caller reaches it.
async fn told(cx: &Cx, kind: CreditRow, id: Option<GlobalId>) -> Result<Option<GlobalId>> {
    if kind != CreditRow::Touch {
        return Ok(id);
    }
    let reached = reached_touches(cx, id).await?;
    Ok(id.filter(|id| reached.contains(&id.uuid)))
}

/// The rows of a page. A row names nothing that its reader does not reach; what it adds is told all the same.
async fn listed(cx: &Cx, found: &Found, page: Vec<(Place, Line)>) -> Result<Vec<CreditedRow>> {
    let object = found.question.wanted.kind.object();
    let ids = || page.iter().map(|(_, line)| line.conversion);
    let conversions = match object {
        Kind::Lead => reached::<lead::Entity>(cx, ids()).await?,
        Kind::Order => reached::<sales_order::Entity>(cx, ids()).await?,
        _ => reached::<opportunity::Entity>(cx, ids()).await?,
    };
    let accounts = reached::<account::Entity>(cx, page.iter().filter_map(|(_, line)| line.account)).await?;
    let touches = reached_touches(
        cx,
        page.iter().filter_map(|(_, line)| line.touch).map(|touch| touch_id(touch.source_rank, touch.id)),
    )
    .await?;
    let moment = |micros: i64| DateTime::from_timestamp_micros(micros).unwrap_or_default();
    let row = |(place, line): (Place, Line)| CreditedRow {
        conversion: conversions.contains(&line.conversion).then(|| GlobalId::new(object, line.conversion)),
        at: moment(place.0),
        account: line.account.filter(|id| accounts.contains(id)).map(|id| GlobalId::new(Kind::Account, id)),
        touch: line
            .touch
            .map(|touch| touch_id(touch.source_rank, touch.id))
            .filter(|touch| touches.contains(&touch.uuid)),
        touched_at: line.touch.map(|touch| moment(touch.at)),
        place: i32::try_from(place.2).unwrap_or(i32::MAX),
        value: Money::from_sum(line.value_minor.into(), &found.question.ask.currency),
        conversions: line.weight as f64 / WHOLE as f64,
        cursor: cursor(place),
    };
    Ok(page.into_iter().map(row).collect())
}
