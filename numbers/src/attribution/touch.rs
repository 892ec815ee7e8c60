//! What the arithmetic is given: touches and conversions, their names replaced by numbers.

/// One touchpoint that the caller found eligible by its kind, consent and buying group (numbers.md 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// When it happened, in microseconds since 1970 UTC.
    pub at: i64,
    /// Which source is believed to come first when two touches bear the same time.
    pub source_rank: i32,
    /// The place in the source's own order.
    pub source_seq: i64,
    /// The touch's id, the last word on order; a touch handed over twice (a contact with two roles) counts once.
    pub id: u128,
    /// The channel, as a number of the caller's.
    pub channel: u32,
    /// The campaign, as a number of the caller's. `None` is the row `NO_CAMPAIGN`.
    pub campaign: Option<u32>,
    /// Whether the channel is DIRECT: nobody knows what brought the person here.
    pub direct: bool,
    /// Whose touch it is. No figure depends on it: merging, splitting or erasing people changes no total (I5, I9).
    pub person: u32,
}

impl Touch {
    /// The order of all "first" and "last" (numbers.md 3.0, rule 7): never the time alone.
    pub(crate) fn order(&self) -> (i64, i32, i64, u128) {
        (self.at, self.source_rank, self.source_seq, self.id)
    }
}

/// What credit is given for: a lead, an MQL, an opportunity, a won deal, an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conversion {
    /// When it happened (τ), in microseconds since 1970 UTC.
    pub at: i64,
    /// Its value in minor units of one currency; negative for a credit note. The caller runs one accumulator per currency,
    /// or converts before.
    pub value_minor: i64,
    /// The milestones on the way, as far as they are known.
    pub milestones: Milestones,
    /// The campaign in the deal's own field, for `PRIMARY_SOURCE`.
    pub primary_campaign: Option<u32>,
    /// The channel of that campaign as the caller knows it, for `PRIMARY_SOURCE` when no touch of the campaign is on the path.
    pub primary_channel: Option<u32>,
}

/// The dated steps that the U, W and full-path models reward. They are looked at in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Milestones {
    /// The lead was created.
    pub lead: Option<Milestone>,
    /// The opportunity was created.
    pub opportunity: Option<Milestone>,
    /// The deal was closed.
    pub close: Option<Milestone>,
}

/// One milestone that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// When, in microseconds since 1970 UTC.
    pub at: i64,
    /// The id of the touch that brought it about, if known. It counts if no touch lies between the previous milestone and
    /// this one, and only if it is on the path itself.
    pub cause: Option<u128>,
}

/// What a row of the answer stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// A channel.
    Channel(u32),
    /// A campaign.
    Campaign(u32),
    /// `NO_CAMPAIGN`: touches without a campaign, in the view by campaign.
    NoCampaign,
    /// A single touch.
    Touch(u128),
    /// `UNATTRIBUTED`: conversions without an eligible touch. A row like any other, never dropped.
    Unattributed,
}

/// What a transform takes for the same (numbers.md 4.1, "unit of the path").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unit {
    /// `TOUCH`: every touch is its own.
    Touch,
    /// `CAMPAIGN`: touches of one campaign are alike; those without one are alike too.
    Campaign,
    /// `CHANNEL`: touches of one channel are alike.
    #[default]
    Channel,
}

impl Unit {
    /// The row of a touch in the view by this unit.
    pub fn row(self, touch: &Touch) -> Row {
        match self {
            Self::Touch => Row::Touch(touch.id),
            Self::Campaign => touch.campaign.map_or(Row::NoCampaign, Row::Campaign),
            Self::Channel => Row::Channel(touch.channel),
        }
    }
}
