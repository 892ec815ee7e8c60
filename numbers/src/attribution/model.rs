//! The attribution models, their codes and their parameters (numbers.md 4.2).

use std::{
    fmt,
    num::{NonZeroU64, NonZeroUsize},
    str::FromStr,
};

use thiserror::Error;

use super::{Basis, DAY_US};

/// The half-life of `TIME_DECAY` when none is chosen: 7 days (Google).
pub const DEFAULT_HALF_LIFE_US: NonZeroU64 = NonZeroU64::new(7 * DAY_US).expect("seven days are not zero");

/// An attribution model: who on a path gets which part of the conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// All to the first touch (HubSpot First Interaction, Salesforce First Touch, Snowplow).
    FirstTouch,
    /// All to the last touch (HubSpot Last Interaction, Salesforce Last Touch, Snowplow).
    LastTouch,
    /// All to the last touch that is not DIRECT, or to the last if all are (GA4 "paid and organic last click").
    LastNonDirect,
    /// The same to each touch (HubSpot Linear, Salesforce Even Distribution, Snowplow).
    Linear,
    /// 40 % first, 40 % last, 20 % to those between (Google until 2023, Snowplow).
    PositionBased,
    /// 40 % first, 40 % lead creation, 20 % others (HubSpot). Not the same as [`PositionBased`](Self::PositionBased).
    UShaped,
    /// 30 % each first, lead creation and opportunity creation, 10 % others (HubSpot).
    WShaped,
    /// 22.5 % each first, lead creation, opportunity creation and close, 10 % others (HubSpot).
    FullPath,
    /// 20 % first, 60 % last, 20 % others (HubSpot).
    JShaped,
    /// 60 % first, 20 % last, 20 % others (the mirror of HubSpot's J).
    InverseJ,
    /// `2^(−Δt/h)`, normalised: a touch one half-life earlier counts half (Google). Δt is exact, not in days.
    TimeDecay {
        /// The half-life h in microseconds.
        half_life_us: NonZeroU64,
    },
    /// All to the campaign in the deal's own field (Salesforce's default model), whether or not one of its touches is on the
    /// path. By channel and by touch it is the campaign's last touch on the path; else, by channel, the channel that the
    /// caller gives for it; else `UNATTRIBUTED`, as is a deal whose field is empty.
    PrimarySource,
    /// The tenant's own shares (Salesforce custom models).
    Custom(Shares),
    /// Removal effects of a Markov chain of this order (Anderl et al. 2014, ChannelAttribution). An answer per set of paths,
    /// not per conversion, and so without rows by touch.
    Markov {
        /// How many channels back the chain remembers.
        order: NonZeroUsize,
        /// What the value is shared by.
        basis: Basis,
    },
    /// The whole value to everyone who took part: once a conversion and row. Not additive.
    Influenced,
}

impl Model {
    /// Every model, those with parameters at their defaults: 7 days, order 1 by count, and a custom model that nobody has customised
    /// (which is [`Linear`](Self::Linear)).
    pub const ALL: [Self; 15] = [
        Self::FirstTouch,
        Self::LastTouch,
        Self::LastNonDirect,
        Self::Linear,
        Self::PositionBased,
        Self::UShaped,
        Self::WShaped,
        Self::FullPath,
        Self::JShaped,
        Self::InverseJ,
        Self::TimeDecay { half_life_us: DEFAULT_HALF_LIFE_US },
        Self::PrimarySource,
        Self::Custom(Shares(Parts { others: Shares::ONE, ..Parts::NONE })),
        Self::Markov { order: NonZeroUsize::MIN, basis: Basis::Count },
        Self::Influenced,
    ];

    /// The model's name in queries, files and definitions. Parameters travel beside it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FirstTouch => "FIRST_TOUCH",
            Self::LastTouch => "LAST_TOUCH",
            Self::LastNonDirect => "LAST_NON_DIRECT",
            Self::Linear => "LINEAR",
            Self::PositionBased => "POSITION_BASED",
            Self::UShaped => "U_SHAPED",
            Self::WShaped => "W_SHAPED",
            Self::FullPath => "FULL_PATH",
            Self::JShaped => "J_SHAPED",
            Self::InverseJ => "INVERSE_J",
            Self::TimeDecay { half_life_us: _ } => "TIME_DECAY",
            Self::PrimarySource => "PRIMARY_SOURCE",
            Self::Custom(_) => "CUSTOM",
            Self::Markov { order: _, basis: _ } => "MARKOV",
            Self::Influenced => "INFLUENCED",
        }
    }

    /// Whether its rows may be summed. Those of `INFLUENCED` may not: each bears the whole value.
    pub fn additive(&self) -> bool {
        *self != Self::Influenced
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// No model has this code.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0:?} is no attribution model; known are {known}", known = Model::ALL.map(|model| model.code()).join(", "))]
pub struct UnknownModel(pub String);

impl FromStr for Model {
    type Err = UnknownModel;

    /// Reads a code; the parameters are the defaults of [`Model::ALL`].
    fn from_str(code: &str) -> Result<Self, UnknownModel> {
        Self::ALL.into_iter().find(|model| model.code() == code).ok_or_else(|| UnknownModel(code.to_owned()))
    }
}

/// Shares by position, in millionths of the conversion, not yet known to be whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parts {
    /// The first touch.
    pub first: u32,
    /// The touch of the lead's creation.
    pub lead: u32,
    /// The touch of the opportunity's creation.
    pub opportunity: u32,
    /// The touch of the close.
    pub close: u32,
    /// The last touch.
    pub last: u32,
    /// All touches that hold none of the positions above, together.
    pub others: u32,
}

impl Parts {
    pub(crate) const NONE: Self = Self { first: 0, lead: 0, opportunity: 0, close: 0, last: 0, others: 0 };
}

/// Shares by position that add up to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shares(Parts);

impl Shares {
    /// The whole conversion in the unit of shares: millionths.
    pub const ONE: u32 = 1_000_000;

    /// A tenant's shares.
    ///
    /// # Errors
    /// They must add up to [`Shares::ONE`].
    pub fn new(parts: Parts) -> Result<Self, NotOne> {
        let Parts { first, lead, opportunity, close, last, others } = parts;
        let sum = [first, lead, opportunity, close, last, others].into_iter().map(u64::from).sum();
        if sum == u64::from(Self::ONE) { Ok(Self(parts)) } else { Err(NotOne { sum }) }
    }

    /// The shares, each in millionths.
    pub fn parts(&self) -> Parts {
        self.0
    }
}

/// Shares that do not add up to 1.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the shares of a custom model must add up to {one} millionths, not {sum}", one = Shares::ONE)]
pub struct NotOne {
    /// Their sum in millionths.
    pub sum: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_read_back_from_its_code() {
        for model in Model::ALL {
            assert_eq!(model.to_string().parse(), Ok(model));
        }
        let error = "LAST".parse::<Model>().unwrap_err();
        assert!(error.to_string().starts_with("\"LAST\" is no attribution model; known are FIRST_TOUCH, "), "{error}");
    }

    #[test]
    fn only_influenced_is_not_additive() {
        let not: Vec<&str> = Model::ALL.iter().filter(|model| !model.additive()).map(Model::code).collect();
        assert_eq!(not, ["INFLUENCED"]);
    }

    #[test]
    fn shares_add_up_to_one_or_are_refused() {
        let parts = Parts { first: 500_000, others: 499_999, ..Parts::default() };
        assert_eq!(Shares::new(parts), Err(NotOne { sum: 999_999 }));
        assert_eq!(Shares::new(Parts { others: 500_000, ..parts }).map(|shares| shares.parts().others), Ok(500_000));
        let huge = Parts { first: u32::MAX, last: u32::MAX, ..Parts::default() };
        assert_eq!(Shares::new(huge), Err(NotOne { sum: 2 * u64::from(u32::MAX) }));
    }
}
