//! Attribution: which channel, campaign or touch gets the credit for what was reached, every model side by side, with exact sums. The
//! arithmetic and its sources are in `numbers::attribution`; here it is said whose touches and conversions are counted.
//!
//! The access table rules it by a line of its own: marketing sees what came of its campaigns in the whole tenant, though it reads no
//! foreign opportunity; sales sees that of its accounts.

mod answer;
mod conversions;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::{NonZeroU64, NonZeroUsize},
};

use async_graphql::{Enum, InputObject};
use chrono::{DateTime, Duration, Utc};
use numbers::{
    attribution::{self as arithmetic, Direct, Model, Options, Parts, Report, Row, Shares, Transform, Unit},
    suppress::{self, Group, Thresholds},
};
use uuid::Uuid;

pub use answer::Attribution;
pub use conversions::{BuyingGroup, ConversionKind};

use super::{
    ask::{Arguments, Ask, FxInput},
    metric::{Metric, Reason},
    tally::Exchange,
};
use crate::{
    graph::{Cx, Error, Result},
    policy::{Basis, Class, Type},
};
use conversions::{Names, Wanted};

/// Which part of a conversion each touch of its path gets. docs/numbers.md, 4.2, says who defines each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enum)]
pub enum AttributionModel {
    /// Every model but CUSTOM, side by side.
    All,
    /// All to the first touch.
    FirstTouch,
    /// All to the last touch.
    LastTouch,
    /// All to the last touch that is not DIRECT, or to the last if all are.
    LastNonDirect,
    /// The same to each touch.
    Linear,
    /// 40 % to the first, 40 % to the last, 20 % to those between.
    PositionBased,
    /// 40 % first, 40 % lead creation, 20 % others.
    UShaped,
    /// 30 % each first, lead creation and opportunity creation, 10 % others.
    WShaped,
    /// 22.5 % each first, lead creation, opportunity creation and close, 10 % others.
    FullPath,
    /// 20 % first, 60 % last, 20 % others.
    JShaped,
    /// 60 % first, 20 % last, 20 % others.
    InverseJ,
    /// A touch one half-life earlier counts half.
    TimeDecay,
    /// All to the campaign in the deal's own field.
    PrimarySource,
    /// Weights of your own, by `custom`.
    Custom,
    /// Removal effects of a Markov chain, solved exactly: an answer per set of paths.
    Markov,
    /// The whole value to everyone who took part. Not additive: its rows are never summed.
    Influenced,
}

/// What a row of the answer stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum AttributionView {
    /// Channels.
    #[default]
    Channel,
    /// Campaigns.
    Campaign,
    /// Single touches. MARKOV has no answer for them.
    Touch,
}

/// What becomes of touches whose channel is DIRECT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum DirectHandling {
    /// They count like any other.
    #[default]
    Keep,
    /// They count only if the whole path is direct.
    DropIfOthers,
    /// They never count.
    Drop,
}

/// What is done to a path before a model sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum PathTransform {
    /// Nothing.
    #[default]
    Unique,
    /// Neighbours that are alike become one.
    Exposure,
    /// The first occurrence of each stays.
    First,
}

/// What the transform takes for the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum PathUnit {
    /// Every touch is its own.
    Touch,
    /// Touches of one campaign.
    Campaign,
    /// Touches of one channel.
    #[default]
    Channel,
}

/// Weights of your own in parts of a million; together 1,000,000.
#[derive(Clone, Copy, Debug, Default, InputObject)]
#[graphql(name = "CustomWeightsInput")]
pub struct CustomWeights {
    /// Of the first touch.
    #[graphql(default)]
    pub first: i32,
    /// Of the touch of the lead's creation.
    #[graphql(default)]
    pub lead: i32,
    /// Of the touch of the opportunity's creation.
    #[graphql(default)]
    pub opportunity: i32,
    /// Of the touch of the close.
    #[graphql(default)]
    pub close: i32,
    /// Of the last touch.
    #[graphql(default)]
    pub last: i32,
    /// Of all others together.
    #[graphql(default)]
    pub others: i32,
}

/// What is asked.
#[derive(Clone, Debug, InputObject)]
pub struct AttributionInput {
    /// What credit is given for.
    pub conversion: ConversionKind,
    /// Which models, 1 to 15.
    pub models: Vec<AttributionModel>,
    /// What a row stands for.
    #[graphql(default)]
    pub by: AttributionView,
    /// The first moment of the period in which conversions count. Touches may lie before it.
    pub from: DateTime<Utc>,
    /// The first moment after that period.
    pub to: DateTime<Utc>,
    /// How far back from its conversion a touch counts, in days of exactly 24 hours, 1 to 3,650.
    #[graphql(default = 90)]
    pub lookback_days: i32,
    /// Whose touches count.
    #[graphql(default)]
    pub buying_group: BuyingGroup,
    /// What becomes of DIRECT touches.
    #[graphql(default)]
    pub direct: DirectHandling,
    /// What is done to a path first.
    #[graphql(default)]
    pub transform: PathTransform,
    /// What the transform takes for the same.
    #[graphql(default)]
    pub unit: PathUnit,
    /// At most the last n touches of a path, 1 to 1,000; all unless said.
    pub last_touches: Option<i32>,
    /// The half-life of TIME_DECAY in hours, 1 to 87,600.
    #[graphql(default = 168)]
    pub half_life_hours: i32,
    /// The weights of CUSTOM; needed by it, and only by it.
    pub custom: Option<CustomWeights>,
    /// How many channels back MARKOV remembers, 1 to 4.
    #[graphql(default = 1)]
    pub markov_order: i32,
    /// The currency of money, ISO 4217; the tenant's unless said.
    pub currency: Option<String>,
    /// On which day's rate amounts are converted: AT_EVENT unless said, the close date or the day of the order.
    pub fx: Option<FxInput>,
}

fn bad(text: impl Into<String>) -> Error {
    Error::BadInput(text.into())
}

fn within(name: &str, value: i32, range: std::ops::RangeInclusive<i32>) -> Result<u64> {
    match range.contains(&value) {
        true => Ok(value.unsigned_abs().into()),
        false => Err(bad(format!("{name}: between {} and {}, not {value}", range.start(), range.end()))),
    }
}

impl AttributionInput {
    fn models(&self) -> Result<Vec<(AttributionModel, Model)>> {
        use AttributionModel as A;
        let mut asked: Vec<A> = Vec::new();
        for model in &self.models {
            match model {
                A::All => asked.extend(ALL),
                one => asked.push(*one),
            }
        }
        let mut known = BTreeSet::new();
        asked.retain(|model| known.insert(*model));
        if asked.is_empty() {
            return Err(bad("models: at least one, or ALL"));
        }
        if self.custom.is_some() != asked.contains(&A::Custom) {
            return Err(bad("custom: the weights of CUSTOM, which needs them; not without it"));
        }
        let half_life = within("halfLifeHours", self.half_life_hours, 1..=87_600)? * 3_600_000_000;
        let half_life_us = NonZeroU64::new(half_life).ok_or_else(|| bad("halfLifeHours: not zero"))?;
        let order = usize::try_from(within("markovOrder", self.markov_order, 1..=4)?).unwrap_or(1);
        let order = NonZeroUsize::new(order).unwrap_or(NonZeroUsize::MIN);
        let model = |model: A| -> Result<Model> {
            Ok(match model {
                A::FirstTouch | A::All => Model::FirstTouch,
                A::LastTouch => Model::LastTouch,
                A::LastNonDirect => Model::LastNonDirect,
                A::Linear => Model::Linear,
                A::PositionBased => Model::PositionBased,
                A::UShaped => Model::UShaped,
                A::WShaped => Model::WShaped,
                A::FullPath => Model::FullPath,
                A::JShaped => Model::JShaped,
                A::InverseJ => Model::InverseJ,
                A::TimeDecay => Model::TimeDecay { half_life_us },
                A::PrimarySource => Model::PrimarySource,
                A::Custom => Model::Custom(self.custom.unwrap_or_default().shares()?),
                A::Markov => Model::Markov { order, basis: arithmetic::Basis::Count },
                A::Influenced => Model::Influenced,
            })
        };
        asked.into_iter().map(|asked| Ok((asked, model(asked)?))).collect()
    }

    fn options(&self) -> Result<Options> {
        let days = within("lookbackDays", self.lookback_days, 1..=3_650)?;
        Ok(Options {
            lookback_us: days * arithmetic::DAY_US,
            direct: match self.direct {
                DirectHandling::Keep => Direct::Keep,
                DirectHandling::DropIfOthers => Direct::DropIfOthers,
                DirectHandling::Drop => Direct::Drop,
            },
            touch_rows: self.by == AttributionView::Touch,
            ..Options::default()
        })
    }

    fn transforms(&self) -> Result<Vec<Transform<Row>>> {
        let mut transforms = match self.transform {
            PathTransform::Unique => Vec::new(),
            PathTransform::Exposure => vec![Transform::Exposure],
            PathTransform::First => vec![Transform::First],
        };
        if let Some(n) = self.last_touches {
            let n = usize::try_from(within("lastTouches", n, 1..=1_000)?).unwrap_or(1);
            transforms.extend(NonZeroUsize::new(n).map(Transform::LastN));
        }
        Ok(transforms)
    }
}

/// Every model that needs no weights of the asker's.
const ALL: [AttributionModel; 14] = [
    AttributionModel::FirstTouch,
    AttributionModel::LastTouch,
    AttributionModel::LastNonDirect,
    AttributionModel::Linear,
    AttributionModel::PositionBased,
    AttributionModel::UShaped,
    AttributionModel::WShaped,
    AttributionModel::FullPath,
    AttributionModel::JShaped,
    AttributionModel::InverseJ,
    AttributionModel::TimeDecay,
    AttributionModel::PrimarySource,
    AttributionModel::Markov,
    AttributionModel::Influenced,
];

impl CustomWeights {
    fn shares(self) -> Result<Shares> {
        let CustomWeights { first, lead, opportunity, close, last, others } = self;
        let part = |part: i32| u32::try_from(part).map_err(|_| bad("custom: no weight is negative"));
        let parts = Parts {
            first: part(first)?,
            lead: part(lead)?,
            opportunity: part(opportunity)?,
            close: part(close)?,
            last: part(last)?,
            others: part(others)?,
        };
        Shares::new(parts).map_err(|wrong| bad(format!("custom: the weights add up to 1,000,000, not {}", wrong.sum)))
    }
}

/// What attribution stands on for this caller.
fn basis(cx: &Cx) -> Result<Basis> {
    cx.caller
        .basis_beyond(&[(Type::Attribution, Class::P, ""), (Type::Attribution, Class::M, "")])
        .ok_or_else(|| bad("analytics: attribution is not for your role"))
}

/// What was found, before it is shown.
pub struct Found {
    /// The models, in the order of every line's credits.
    pub models: Vec<AttributionModel>,
    /// The arithmetic's answer.
    pub report: Report,
    /// What its numbers stand for.
    pub names: Names,
    /// Conversions that do not count, by reason.
    pub left_out: BTreeMap<Reason, i64>,
    /// Rows behind which too few persons or accounts stand.
    pub hidden: BTreeSet<Row>,
    /// Whether all conversions together are too few to be told of.
    pub all_hidden: bool,
    /// On whose rows it stands.
    pub basis: Basis,
    /// Currency, period and zone.
    pub ask: Ask,
}

/// Counts. One pass over the touches, whatever the models.
pub async fn find(cx: &Cx, input: &AttributionInput) -> Result<Found> {
    let basis = basis(cx)?;
    let (asked, models): (Vec<AttributionModel>, Vec<Model>) = input.models()?.into_iter().unzip();
    let options = input.options()?;
    let transforms = input.transforms()?;
    let arguments = Arguments {
        metrics: vec![Metric::CampaignCost],
        from: input.from,
        to: input.to,
        currency: input.currency.clone(),
        fx: input.fx,
        ..Arguments::default()
    };
    let ask = Ask::of(cx, arguments).await?;
    let unit = match input.unit {
        PathUnit::Touch => Unit::Touch,
        PathUnit::Campaign => Unit::Campaign,
        PathUnit::Channel => Unit::Channel,
    };
    let wanted = Wanted {
        kind: input.conversion,
        group: input.buying_group,
        from: input.from,
        to: input.to,
        lookback: Duration::days(input.lookback_days.into()),
    };
    let exchange = Exchange::of(cx, &basis, &ask).await?;
    let mut names = Names::of(cx, &basis).await?;
    let mut left_out: BTreeMap<Reason, i64> = BTreeMap::new();
    let mut groups = wanted.conversions(cx, &basis).await?;
    for converted in groups.values_mut().flatten() {
        converted.conversion.primary_campaign = converted.campaign.map(|id| names.campaign(id));
    }
    // What has no rate cannot be summed: it is left out, and said so. What names no amount converts for nothing.
    for group in groups.values_mut() {
        group.retain_mut(|converted| match &converted.amount {
            None => {
                if matches!(input.conversion, ConversionKind::OpportunityCreated | ConversionKind::ClosedWon) {
                    *left_out.entry(Reason::NoAmount).or_default() += 1;
                }
                true
            }
            Some((minor, currency)) => match exchange.convert(*minor, currency, converted.day) {
                Some(worth) => {
                    converted.conversion.value_minor = worth;
                    true
                }
                None => {
                    *left_out.entry(Reason::MissingRate).or_default() += 1;
                    false
                }
            },
        });
    }
    // Paths that did not convert teach MARKOV, and nobody else.
    let teaches = models.iter().any(|model| matches!(model, Model::Markov { .. }));
    let mut counted = arithmetic::Attribution::new(models, unit, transforms, options);
    let mut behind = Behind::default();
    let (end, count_persons) = (input.to.timestamp_micros(), names.count_persons);
    wanted
        .each_group(cx, &basis, teaches, &mut names, |group, touches| match groups.remove(&Some(group)) {
            Some(converted) => {
                for converted in &converted {
                    counted.add(&converted.conversion, touches.iter().copied());
                    if count_persons {
                        behind.add(converted, touches, options.lookback_us);
                    }
                }
            }
            None => counted.add_null(end, touches.iter().copied(), 1),
        })
        .await?;
    for converted in groups.values().flatten() {
        counted.add(&converted.conversion, std::iter::empty());
        if count_persons {
            behind.add(converted, &[], options.lookback_us);
        }
    }
    let report = counted.report();
    let hidden = if basis.grouped { behind.small(&report, input.by) } else { BTreeSet::new() };
    let all_hidden = basis.grouped && Thresholds::default().small(Behind::size(&behind.all));
    if basis.grouped {
        left_out.clear();
        ask.is_coarse()?;
    }
    Ok(Found { models: asked, report, names, left_out, hidden, all_hidden, basis, ask })
}

/// The persons and the customers behind some conversions.
type People = (BTreeSet<Uuid>, BTreeSet<u32>, BTreeSet<Uuid>);

/// Who stands behind rows: whose conversions give them their credit.
#[derive(Default)]
struct Behind {
    rows: BTreeMap<Row, People>,
    all: People,
}

impl Behind {
    fn add(&mut self, converted: &conversions::Converted, touches: &[arithmetic::Touch], lookback_us: u64) {
        let at = converted.conversion.at;
        let eligible = |touch: &&arithmetic::Touch| touch.at <= at && (at - touch.at).unsigned_abs() < lookback_us;
        let eligible: Vec<&arithmetic::Touch> = touches.iter().filter(eligible).collect();
        let rows: BTreeSet<Row> = match eligible.is_empty() {
            true => BTreeSet::from([Row::Unattributed]),
            false => eligible.iter().flat_map(|touch| [Unit::Channel.row(touch), Unit::Campaign.row(touch)]).collect(),
        };
        let into = |people: &mut People, of: &dyn Fn(&arithmetic::Touch) -> bool| {
            people.0.extend(converted.person);
            people
                .1
                .extend(eligible.iter().filter(|touch| of(touch)).map(|touch| touch.person).filter(|p| *p != u32::MAX));
            people.2.extend(converted.account);
        };
        into(&mut self.all, &|_| true);
        for row in rows {
            let on = |touch: &arithmetic::Touch| Unit::Channel.row(touch) == row || Unit::Campaign.row(touch) == row;
            into(self.rows.entry(row).or_default(), &on);
        }
    }

    /// Persons by the one or the other way of knowing them; a row of nobody that is known is one of few.
    fn size((converted, touched, accounts): &People) -> Group {
        let contacts = converted.len().max(touched.len()) as u64;
        Group { contacts: contacts.max(u64::from(accounts.is_empty())), accounts: accounts.len() as u64 }
    }

    /// The rows behind which too few stand, and whatever would give them away beside the total.
    fn small(&self, report: &Report, by: AttributionView) -> BTreeSet<Row> {
        let lines = match by {
            AttributionView::Channel => &report.channels.lines,
            AttributionView::Campaign => &report.campaigns.lines,
            // Who reads no rows is shown no touch.
            AttributionView::Touch => {
                return report.touches.iter().flat_map(|table| &table.lines).map(|line| line.row).collect();
            }
        };
        // Rows that only paths without a conversion know tell of nobody who converted.
        let rows: Vec<Row> = lines.iter().map(|line| line.row).collect();
        let size = |line: &arithmetic::Line| match self.rows.get(&line.row) {
            Some(people) => Behind::size(people),
            None if line.credits.iter().flatten().any(|credit| credit.weight != 0) => {
                Group { contacts: 1, accounts: 0 }
            }
            None => Group::default(),
        };
        let groups: Vec<Group> = lines.iter().map(size).collect();
        let hidden = suppress::suppress(&groups, Thresholds::default(), true);
        rows.into_iter().zip(hidden).filter(|(_, hidden)| *hidden).map(|(row, _)| row).collect()
    }
}

/// The answer.
pub async fn attribution(
    cx: &Cx,
    input: AttributionInput,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Attribution> {
    let found = find(cx, &input).await?;
    answer::shown(cx, &input, found, first, after).await
}
