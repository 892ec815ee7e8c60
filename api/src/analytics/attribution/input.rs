//! What is asked of attribution, checked: every argument that cannot be meant is refused with its name and what is allowed.

use std::{
    collections::BTreeSet,
    num::{NonZeroU64, NonZeroUsize},
};

use async_graphql::{Enum, InputObject};
use chrono::{DateTime, Utc};
use entities::{codes::DefinitionKind, codes::Interaction, tenant::definition};
use numbers::attribution::{self as arithmetic, Direct, Model, Options, Parts, Row, Shares, Transform, Unit};
use sea_orm::{ColumnTrait, Condition};

use super::{
    conversions::{BuyingGroup, ConversionKind},
    touches::{Kinds, NO_TOUCHES, Names, SalesTouch},
};
use crate::{
    analytics::ask::FxInput,
    graph::{Cx, Error, GlobalId, Kind, Result},
};

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
    /// Weights of your own, by `custom` or `customDefinition`.
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

/// What can be done to a path before a model sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum PathTransform {
    /// Nothing.
    Unique,
    /// Neighbours that are alike become one.
    Exposure,
    /// The first occurrence of each stays.
    First,
    /// All of one channel or campaign go, unless the path is nothing but that.
    RemoveIfNotAll,
    /// Those of one channel or campaign go that stand at the end, unless the path is nothing but that.
    RemoveIfLastAndNotAll,
    /// The last n touches stay.
    LastN,
}

/// One thing that is done to a path.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct PathTransformInput {
    /// What is done.
    pub kind: PathTransform,
    /// Of REMOVE_IF_NOT_ALL and REMOVE_IF_LAST_AND_NOT_ALL, and only of them: the channel, or the campaign where `unit` is CAMPAIGN.
    pub of: Option<GlobalId>,
    /// Of LAST_N, and only of it: how many touches stay, 1 to 1,000.
    pub n: Option<i32>,
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
    /// Which touches of marketing count, at most 30 kinds; all but EMAIL_SENT, EMAIL_BOUNCED and EMAIL_UNSUBSCRIBED unless said.
    pub interactions: Option<Vec<Interaction>>,
    /// Which touches of sales count, at most 10 kinds, none of them if the list is empty; all unless said.
    pub sales_touches: Option<Vec<SalesTouch>>,
    /// What is done to a path first, one after the other, at most 6; nothing unless said.
    pub transforms: Option<Vec<PathTransformInput>>,
    /// What the transforms take for the same.
    #[graphql(default)]
    pub unit: PathUnit,
    /// The half-life of TIME_DECAY in hours, 1 to 87,600.
    #[graphql(default = 168)]
    pub half_life_hours: i32,
    /// The weights of CUSTOM; needed by it unless `customDefinition` is said, and only by it.
    pub custom: Option<CustomWeights>,
    /// The code of a definition of kind ATTRIBUTION that the tenant holds now: its body has the weights of CUSTOM under the names of `custom`.
    pub custom_definition: Option<String>,
    /// How many channels back MARKOV remembers, 1 to 4.
    #[graphql(default = 1)]
    pub markov_order: i32,
    /// The currency of money, ISO 4217; the tenant's unless said.
    pub currency: Option<String>,
    /// On which day's rate amounts are converted: AT_EVENT unless said, the close date or the day of the order.
    pub fx: Option<FxInput>,
}

/// A refusal.
pub fn bad(text: impl Into<String>) -> Error {
    Error::BadInput(text.into())
}

fn within(name: &str, value: i32, range: std::ops::RangeInclusive<i32>) -> Result<u64> {
    match range.contains(&value) {
        true => Ok(value.unsigned_abs().into()),
        false => Err(bad(format!("{name}: between {} and {}, not {value}", range.start(), range.end()))),
    }
}

impl AttributionInput {
    /// A question with nothing said that need not be.
    pub fn plain(
        conversion: ConversionKind,
        models: Vec<AttributionModel>,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        currency: String,
    ) -> AttributionInput {
        AttributionInput {
            conversion,
            models,
            by: AttributionView::Channel,
            from,
            to,
            lookback_days: 90,
            buying_group: BuyingGroup::default(),
            direct: DirectHandling::default(),
            interactions: None,
            sales_touches: None,
            transforms: None,
            unit: PathUnit::default(),
            half_life_hours: 168,
            custom: None,
            custom_definition: None,
            markov_order: 1,
            currency: Some(currency),
            fx: None,
        }
    }

    /// The models in the order in which they were asked for, ALL spelt out. `weights`: those of CUSTOM.
    pub fn models(&self, weights: Option<CustomWeights>) -> Result<Vec<(AttributionModel, Model)>> {
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
        if weights.is_some() != asked.contains(&A::Custom) {
            return Err(bad(
                "custom: the weights of CUSTOM, which needs them, here or by customDefinition; not without it",
            ));
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
                A::Custom => Model::Custom(weights.unwrap_or_default().shares()?),
                A::Markov => Model::Markov { order, basis: arithmetic::Basis::Count },
                A::Influenced => Model::Influenced,
            })
        };
        asked.into_iter().map(|asked| Ok((asked, model(asked)?))).collect()
    }

    /// How touches become a path.
    pub fn options(&self) -> Result<Options> {
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

    /// What the transforms take for the same.
    pub fn unit(&self) -> Unit {
        match self.unit {
            PathUnit::Touch => Unit::Touch,
            PathUnit::Campaign => Unit::Campaign,
            PathUnit::Channel => Unit::Channel,
        }
    }

    /// What is done to a path, one after the other.
    pub fn transforms(&self, names: &mut Names) -> Result<Vec<Transform<Row>>> {
        let asked = self.transforms.as_deref().unwrap_or_default();
        if asked.len() > MAX_TRANSFORMS {
            return Err(bad(format!("transforms: at most {MAX_TRANSFORMS}")));
        }
        let mut row = |of: Option<GlobalId>| match (self.unit, of) {
            (PathUnit::Channel, Some(id)) if id.kind == Kind::Channel => Ok(Row::Channel(names.channel(id.uuid))),
            (PathUnit::Campaign, Some(id)) if id.kind == Kind::Campaign => Ok(Row::Campaign(names.campaign(id.uuid))),
            (PathUnit::Channel, _) => {
                Err(bad("transforms.of: REMOVE_IF_… needs the id of a channel, which is the unit"))
            }
            (PathUnit::Campaign, _) => {
                Err(bad("transforms.of: REMOVE_IF_… needs the id of a campaign, which is the unit"))
            }
            (PathUnit::Touch, _) => Err(bad("transforms.kind: REMOVE_IF_… needs `unit` CHANNEL or CAMPAIGN")),
        };
        let one = |PathTransformInput { kind, of, n }: &PathTransformInput| {
            use PathTransform as P;
            let transform = match kind {
                P::Unique => Transform::Unique,
                P::Exposure => Transform::Exposure,
                P::First => Transform::First,
                P::RemoveIfNotAll => Transform::RemoveIfNotAll(row(*of)?),
                P::RemoveIfLastAndNotAll => Transform::RemoveIfLastAndNotAll(row(*of)?),
                P::LastN => {
                    let n = n.ok_or_else(|| bad("transforms.n: LAST_N needs it, 1 to 1000"))?;
                    let n = usize::try_from(within("transforms.n", n, 1..=1_000)?).unwrap_or(1);
                    Transform::LastN(NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN))
                }
            };
            if of.is_some() && !matches!(kind, P::RemoveIfNotAll | P::RemoveIfLastAndNotAll) {
                return Err(bad("transforms.of: only of REMOVE_IF_NOT_ALL and REMOVE_IF_LAST_AND_NOT_ALL"));
            }
            if n.is_some() && *kind != P::LastN {
                return Err(bad("transforms.n: only of LAST_N"));
            }
            Ok(transform)
        };
        asked.iter().map(one).collect()
    }

    /// Which touches are eligible by their kind.
    pub fn kinds(&self) -> Result<Kinds> {
        let list = |name: &str, length: usize, most: usize| match length > most {
            true => Err(bad(format!("{name}: at most {most} kinds, not {length}"))),
            false => Ok(()),
        };
        list("interactions", self.interactions.as_deref().map_or(0, <[_]>::len), 30)?;
        list("salesTouches", self.sales_touches.as_deref().map_or(0, <[_]>::len), 10)?;
        let by_default = || Interaction::ALL.iter().copied().filter(|kind| !NO_TOUCHES.contains(kind)).collect();
        let interactions = self.interactions.clone().unwrap_or_else(by_default);
        let sales = self.sales_touches.clone().unwrap_or_else(|| SalesTouch::ALL.to_vec());
        match interactions.is_empty() && sales.is_empty() {
            true => Err(bad("interactions: at least one kind, or one of salesTouches")),
            false => Ok(Kinds { interactions, sales }),
        }
    }

    /// The weights of CUSTOM, and which revision of which definition they come from.
    pub async fn weights(&self, cx: &Cx) -> Result<(Option<CustomWeights>, Option<(String, i64)>)> {
        let Some(code) = &self.custom_definition else { return Ok((self.custom, None)) };
        if self.custom.is_some() {
            return Err(bad("customDefinition: either this or custom"));
        }
        // How touches share the credit is the same for everybody, whoever may read the tenant's settings.
        let house = cx.caller.shared_basis().ok_or_else(|| bad("customDefinition: not for your role"))?.caller;
        let now = cx.caller.now();
        use definition::Column as C;
        let held = house
            .rows::<definition::Entity>()
            .filter(C::Kind.eq(DefinitionKind::Attribution))
            .filter(C::Code.eq(code.as_str()))
            .filter(C::ValidFrom.lte(now))
            .filter(Condition::any().add(C::ValidTo.is_null()).add(C::ValidTo.gt(now)));
        let Some(seen) = held.one(&cx.db()).await? else {
            return Err(bad("customDefinition: the code of a definition of kind ATTRIBUTION that holds now"));
        };
        let row = seen.row();
        let weight = |name: &str| match &row.body[name] {
            serde_json::Value::Null => Ok(0),
            value => value
                .as_i64()
                .and_then(|weight| i32::try_from(weight).ok())
                .ok_or_else(|| bad(format!("customDefinition: {name} of {code} is no whole number of millionths"))),
        };
        let weights = CustomWeights {
            first: weight("first")?,
            lead: weight("lead")?,
            opportunity: weight("opportunity")?,
            close: weight("close")?,
            last: weight("last")?,
            others: weight("others")?,
        };
        Ok((Some(weights), Some((code.clone(), row.revision))))
    }
}

/// The most transforms of one path.
const MAX_TRANSFORMS: usize = 6;

/// Every model that needs no weights of the asker's.
pub const ALL: [AttributionModel; 14] = [
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

impl AttributionModel {
    /// In words.
    pub fn formula(self) -> &'static str {
        use AttributionModel as A;
        match self {
            A::All => "every model but CUSTOM",
            A::FirstTouch => "the whole value to the first touch of the path",
            A::LastTouch => "the whole value to the last touch of the path",
            A::LastNonDirect => "the whole value to the last touch that is not DIRECT; to the last if all are",
            A::Linear => "value / number of touches, to each touch",
            A::PositionBased => {
                "40 % to the first touch, 40 % to the last, 20 % in equal parts to those between; half each of two"
            }
            A::UShaped => "40 % first, 40 % lead creation, 20 % in equal parts to the others",
            A::WShaped => {
                "30 % each to first, lead creation and opportunity creation, 10 % in equal parts to the others"
            }
            A::FullPath => {
                "22.5 % each to first, lead creation, opportunity creation and close, 10 % in equal parts to the others"
            }
            A::JShaped => "20 % first, 60 % last, 20 % in equal parts to the others",
            A::InverseJ => "60 % first, 20 % last, 20 % in equal parts to the others",
            A::TimeDecay => "in proportion to 2^(−age / half-life)",
            A::PrimarySource => {
                "the whole value to the campaign in the deal's own field; by channel and touch, to its last touch on the path"
            }
            A::Custom => "by the weights of first, lead, opportunity, close, last and others",
            A::Markov => {
                "value of all conversions × removal effect / sum of removal effects; an answer for the set of paths, not for one conversion"
            }
            A::Influenced => "the whole value to everyone on the path, once a conversion; not additive",
        }
    }
}
