//! All credit row by row, for files: which conversion gives which touch how much under which model. Conversions come in the order of
//! their ids, some at a time; of touches the paths of those are held, and of rows a page.

use std::collections::VecDeque;

use chrono::{DateTime, Duration, Utc};
use entities::account::account;
use numbers::attribution::{Model, Parting, Touch, Unit};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    AttributionInput, Question,
    conversions::{ConversionKind, Converted},
    explain::code,
    input::{ALL, AttributionModel},
    reach::{reached, reached_touches},
    touches::{Touches, touch_id},
};
use crate::graph::{Cx, GlobalId, Result, decimals};

/// How many conversions are read at a time.
const CONVERSIONS: u64 = 50;

/// Where a row is in the order of all: the kind of its conversion, the conversion, the model, the place on the path.
pub type Place = (String, Uuid, String, i64);

/// What one conversion gives to one touch under one model.
#[derive(Clone, Debug)]
pub struct CreditLine {
    /// The kind of conversion, the conversion, the model, and the place of the touch on the path, from 1; 0 where no touch gets it.
    pub place: Place,
    /// What converted.
    pub conversion: GlobalId,
    /// When.
    pub at: DateTime<Utc>,
    /// Its customer, where the caller reaches it.
    pub account: Option<Uuid>,
    /// The touch, where the caller reaches it.
    pub touch: Option<GlobalId>,
    /// When it happened.
    pub touched_at: Option<DateTime<Utc>>,
    /// Its channel.
    pub channel: Option<Uuid>,
    /// Its campaign; of PRIMARY_SOURCE the deal's.
    pub campaign: Option<Uuid>,
    /// Whether it is a touch of sales.
    pub of_sales: Option<bool>,
    /// What it gets, in the main unit of the asked currency.
    pub value: Decimal,
    /// Which part of the conversion it gets, in billionths.
    pub billionths: i64,
    /// Whether the rows of the model add up to the value.
    pub additive: bool,
}

/// The kinds and models of the rows are codes, in the order of their names.
fn models() -> Vec<(String, AttributionModel)> {
    let models = ALL.into_iter().filter(|model| *model != AttributionModel::Markov);
    let mut models: Vec<_> = models.map(|model| (code(model), model)).collect();
    models.sort_by(|one, other| one.0.cmp(&other.0));
    models
}

/// A conversion that has been read, with the touches of its group.
struct Read {
    converted: Converted,
    touches: Vec<Touch>,
}

/// All credit of a period, as it is read.
pub struct Feed {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    currency: String,
    /// The kinds that are still to come, the first of them being read.
    kinds: VecDeque<ConversionKind>,
    question: Option<Question>,
    /// The last conversion that was read of this kind.
    read: Option<Uuid>,
    held: VecDeque<Read>,
    models: Vec<(String, AttributionModel)>,
    /// The next model of the first conversion that is held.
    model: usize,
    lines: VecDeque<CreditLine>,
    /// Where to go on.
    after: Option<Place>,
}

impl Feed {
    /// From the beginning, or after a place.
    pub fn of(from: DateTime<Utc>, to: DateTime<Utc>, currency: String, after: Option<Place>) -> Feed {
        let mut kinds: VecDeque<ConversionKind> = ConversionKind::ALL.into();
        let mut read = None;
        if let Some((kind, conversion, ..)) = &after {
            while kinds.front().is_some_and(|first| code(*first) < *kind) {
                kinds.pop_front();
            }
            // The conversion itself is read once more: it may have more to give.
            if kinds.front().is_some_and(|first| code(*first) == *kind) {
                read = conversion.as_u128().checked_sub(1).map(Uuid::from_u128);
            }
        }
        let (models, held, lines) = (models(), VecDeque::new(), VecDeque::new());
        Feed { from, to, currency, kinds, question: None, read, held, models, model: 0, lines, after }
    }

    /// The question of a kind of conversion: every model that answers for one conversion, on the same basis as `attribution`; of the
    /// conversions those that the caller reaches itself.
    async fn question(&self, cx: &Cx, kind: ConversionKind) -> Result<Question> {
        let models = self.models.iter().map(|(_, model)| *model).collect();
        let input = AttributionInput::plain(kind, models, (self.from, self.to), self.currency.clone());
        let mut question = Question::of(cx, &input).await?;
        question.wanted.reach = Some(cx.caller.clone());
        Ok(question)
    }

    /// Reads some more conversions with their touches. Whether there are any.
    async fn fill(&mut self, cx: &Cx) -> Result<bool> {
        while let Some(kind) = self.kinds.front().copied() {
            let mut question = match self.question.take() {
                Some(question) => question,
                None => Box::pin(self.question(cx, kind)).await?,
            };
            let found = question.wanted.page(cx, &question.basis, self.read, CONVERSIONS).await?;
            let Some(last) = found.last() else {
                self.kinds.pop_front();
                self.read = None;
                continue;
            };
            self.read = Some(last.id);
            let mut held: Vec<Read> = Vec::new();
            for mut converted in found {
                // What has no rate has no value: it does not count, here as there.
                if question.value(&mut converted, &mut Default::default()) {
                    held.push(Read { converted, touches: Vec::new() });
                }
            }
            let groups: Vec<Uuid> = held.iter().filter_map(|read| read.converted.group).collect();
            let times = held.iter().filter_map(|read| DateTime::from_timestamp_micros(read.converted.conversion.at));
            if let (false, Some(first), Some(last)) = (groups.is_empty(), times.clone().min(), times.max()) {
                let mut wanted = question.wanted.clone();
                (wanted.from, wanted.to) = (first, last + Duration::microseconds(1));
                let lookback = wanted.lookback.num_microseconds().unwrap_or(i64::MAX);
                let Question { basis, names, .. } = &mut question;
                let touches = Touches { wanted: &wanted, basis, groups: Some(&groups), of_all: false };
                touches
                    .each_group(cx, names, |group, touches| {
                        for read in held.iter_mut().filter(|read| read.converted.group == Some(group)) {
                            let at = read.converted.conversion.at;
                            let near = touches.iter().filter(|touch| touch.at <= at && at - touch.at < lookback);
                            read.touches = near.copied().collect();
                        }
                    })
                    .await?;
            }
            self.held.extend(held);
            self.question = Some(question);
            if !self.held.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the next model of the first conversion that is held.
    fn take(&mut self) {
        let (Some(question), Some(read)) = (&self.question, self.held.front()) else { return };
        let Some((name, asked)) = self.models.get(self.model) else {
            self.held.pop_front();
            self.model = 0;
            return;
        };
        self.model += 1;
        let Some(model) = question.asked.iter().position(|model| model == asked).map(|nth| question.models[nth]) else {
            return;
        };
        let (kind, conversion) = (question.wanted.kind, &read.converted.conversion);
        let decimals = decimals(&self.currency);
        let moment = |micros: i64| DateTime::from_timestamp_micros(micros).unwrap_or_default();
        let mut parting = Parting::new(Unit::Touch, question.transforms.clone(), question.options);
        parting.path(conversion, read.touches.iter().copied());
        let (lines, after) = (&mut self.lines, &self.after);
        let primary = conversion.primary_campaign.filter(|_| model == Model::PrimarySource);
        parting.parts(conversion, &model, Unit::Touch, |part| {
            let (nth, touch) = part.touch.map_or((0, None), |(nth, touch)| (nth, Some(touch)));
            let place = (code(kind), read.converted.id, name.clone(), i64::try_from(nth).unwrap_or(i64::MAX));
            if after.as_ref().is_some_and(|after| place <= *after) {
                return;
            }
            let campaign = primary.or(touch.and_then(|touch| touch.campaign));
            lines.push_back(CreditLine {
                place,
                conversion: GlobalId::new(kind.object(), read.converted.id),
                at: moment(conversion.at),
                account: read.converted.account,
                touch: touch.map(|touch| touch_id(touch.source_rank, touch.id)),
                touched_at: touch.map(|touch| moment(touch.at)),
                channel: touch.and_then(|touch| question.names.channel_of(touch.channel)),
                campaign: campaign.and_then(|campaign| question.names.campaign_of(campaign)),
                of_sales: touch.map(|touch| touch.source_rank > 0),
                value: Decimal::new(part.value_minor, decimals),
                billionths: part.weight,
                additive: model.additive(),
            });
        });
    }

    /// The next rows, at most `limit`; none at the end.
    pub async fn next(&mut self, cx: &Cx, limit: u64) -> Result<Vec<CreditLine>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        while self.lines.len() < limit {
            if self.held.is_empty() && !Box::pin(self.fill(cx)).await? {
                break;
            }
            self.take();
        }
        let page: Vec<CreditLine> = self.lines.drain(..limit.min(self.lines.len())).collect();
        let accounts = reached::<account::Entity>(cx, page.iter().filter_map(|line| line.account)).await?;
        let touches = reached_touches(cx, page.iter().filter_map(|line| line.touch)).await?;
        let told = |line: CreditLine| CreditLine {
            account: line.account.filter(|id| accounts.contains(id)),
            touch: line.touch.filter(|touch| touches.contains(&touch.uuid)),
            ..line
        };
        Ok(page.into_iter().map(told).collect())
    }
}
