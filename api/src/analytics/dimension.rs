//! By what figures are told apart. A dimension is the same for every metric; which of them a metric knows is decided by the fact that
//! it counts.

use async_graphql::Enum;
use sea_orm::sea_query::Expr;

use crate::{
    graph::Kind,
    policy::{Class, Type},
};

macro_rules! dimensions {
    ($($(#[doc = $doc:literal])* $name:ident = $key:ident, $place:ident $column:literal, $ty:ident $class:ident $(, $personal:ident)?;)*) => {
        /// By what figures are told apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enum)]
        pub enum Dimension { $($(#[doc = $doc])* $name,)* }

        impl Dimension {
            /// Every dimension.
            pub const ALL: &[Dimension] = &[$(Dimension::$name,)*];

            /// What its keys are.
            pub const fn key(self) -> KeyOf {
                match self { $(Dimension::$name => dimensions!(@key $key),)* }
            }

            /// Where a fact finds it.
            pub(super) const fn place(self) -> Place {
                match self { $(Dimension::$name => Place::$place($column),)* }
            }

            /// What a caller must read, or at least count, to tell figures apart by it.
            pub const fn needs(self) -> (Type, Class) {
                match self { $(Dimension::$name => (Type::$ty, Class::$class),)* }
            }

            /// Whether its keys are customers or colleagues: whoever reads no rows never sees them.
            pub const fn is_personal(self) -> bool {
                match self { $(Dimension::$name => dimensions!(@personal $($personal)?),)* }
            }
        }
    };
    (@key Code) => { KeyOf::Code };
    (@key $kind:ident) => { KeyOf::Row(Kind::$kind) };
    (@personal personal) => { true };
    (@personal) => { false };
}

/// What the keys of a dimension are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOf {
    /// Rows of the graph: the key is an id.
    Row(Kind),
    /// A closed list, or the tenant's own codes: the key is the code.
    Code,
}

/// Where a fact finds a dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A column of the fact itself.
    Own(&'static str),
    /// A column of the fact's account, as the caller sees it.
    Account(&'static str),
    /// A column of the fact's campaign.
    Campaign(&'static str),
    /// A column of the fact's channel.
    Channel(&'static str),
}

impl Place {
    /// The column in a statement over a fact that is joined with what it hangs on.
    pub(super) fn expr(self) -> Expr {
        match self {
            Place::Own(column) => Expr::col(("f", column)),
            Place::Account(column) => Expr::col(("fa", column)),
            Place::Campaign(column) => Expr::col(("fm", column)),
            Place::Channel(column) => Expr::col(("fc", column)),
        }
    }

    /// The fact's own column that it hangs on.
    pub(super) const fn hangs_on(self) -> &'static str {
        match self {
            Place::Own(column) => column,
            Place::Account(_) => "account",
            Place::Campaign(_) => "campaign",
            Place::Channel(_) => "channel",
        }
    }
}

dimensions! {
    /// The customer.
    Account = Account, Own "account", Account P, personal;
    /// The customer's industry. With `level`, industries are rolled up to their ancestor at that depth, 0 for the roots.
    Industry = Industry, Account "industry", Account P;
    /// The customer's country, ISO 3166-1.
    Country = Code, Account "country", Account P;
    /// The customer's region, as the tenant calls it.
    Region = Code, Account "region", Account P;
    /// The customer's size.
    SizeBand = Code, Account "size_band", Account P;
    /// The customer's tier: KEY, A, B, C.
    Tier = Code, Account "tier", Account P;
    /// The campaign; of an opportunity its primary one.
    Campaign = Campaign, Own "campaign", Campaign P;
    /// What sort of campaign it is.
    CampaignType = Code, Campaign "campaign_type", Campaign P;
    /// The channel.
    Channel = Channel, Own "channel", Campaign P;
    /// Who owns the stage that the channel plays on: PAID, OWNED, EARNED, SALES, PARTNER.
    ChannelGroup = Code, Channel "channel_group", Campaign P;
    /// Who is responsible now.
    Owner = Colleague, Own "owner", Reference P, personal;
    /// The queue in which it lies.
    Queue = Queue, Own "queue", Queue P, personal;
    /// The pipeline of an opportunity.
    Pipeline = Pipeline, Own "pipeline", Reference P;
    /// The code of the stage.
    Stage = Code, Own "stage", Reference P;
    /// Between which two disciplines something is handed over.
    Boundary = Code, Own "boundary", Reference P;
    /// What became of a handover.
    Outcome = Code, Own "outcome", Reference P;
    /// Why it was rejected or returned.
    Reason = Code, Own "reason", Reference P;
    /// How somebody was touched.
    Interaction = Code, Own "interaction", Reference P;
    /// Where a lead or a ticket stands now.
    Status = Code, Own "status", Reference P;
    /// How urgent a ticket is.
    Priority = Code, Own "priority", Reference P;
    /// What a ticket is about, as the tenant calls it.
    Category = Code, Own "category", Reference P;
    /// How a ticket came in.
    TicketChannel = Code, Own "ticket_channel", Reference P;
    /// What a promise measures.
    SlaMetric = Code, Own "sla_metric", Reference P;
    /// What money was spent on.
    CostKind = Code, Own "cost_kind", Reference P;
    /// The kind of a meeting or an activity.
    Kind = Code, Own "kind", Reference P;
}

impl Dimension {
    /// Its name in the schema.
    pub fn name(self) -> String {
        super::ask::enum_name(self)
    }

    /// The dimension of a name.
    pub fn named(name: &str) -> Option<Dimension> {
        Dimension::ALL.iter().copied().find(|dimension| dimension.name() == name)
    }
}
