//! Global ids: a prefix that names the type, and a UUID v7: `acc_0198…`. The wrong type of id is an input error, not a miss.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use uuid::Uuid;

use super::error::{Error, Result};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident $prefix:literal;)*) => {
        /// What an id names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($(#[doc = $doc])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$name,)*];
            /// The prefix of its ids.
            pub const fn prefix(self) -> &'static str {
                match self { $(Kind::$name => $prefix,)* }
            }
        }
    };
}

kinds! {
    /// Account.
    Account "acc";
    /// Contact.
    Contact "con";
    /// Contact point.
    ContactPoint "cpt";
    /// Employment.
    Employment "emp";
    /// Visitor.
    Visitor "vis";
    /// Consent.
    Consent "cns";
    /// Colleague.
    Colleague "col";
    /// Industry.
    Industry "ind";
    /// Account team member.
    AccountTeamMember "atm";
    /// Industry team member.
    IndustryTeamMember "itm";
    /// Identity: a value that recognises somebody.
    Identity "idn";
    /// Identity rule.
    IdentityRule "idr";
    /// A merge of two records.
    Merge "mrg";
    /// Queue.
    Queue "que";
    /// Queue member.
    QueueMember "qmb";
    /// The tenant itself.
    Tenant "ten";
    /// Goal.
    Goal "goa";
    /// Definition.
    Definition "dfn";
    /// Exchange rate.
    FxRate "fxr";
    /// Campaign.
    Campaign "cmp";
    /// Channel.
    Channel "chn";
    /// Campaign cost.
    CampaignCost "cst";
    /// Content asset.
    ContentAsset "cta";
    /// Touchpoint.
    Touchpoint "tch";
    /// Lead.
    Lead "lea";
    /// Handover.
    Handover "hnd";
    /// Lesson.
    Lesson "les";
    /// Pipeline.
    Pipeline "pip";
    /// Stage.
    Stage "stg";
    /// Opportunity.
    Opportunity "opp";
    /// Meeting.
    Meeting "mtg";
    /// A contact's part in an opportunity.
    OpportunityContact "opc";
    /// Meeting attendee.
    MeetingAttendee "att";
    /// Order line.
    OrderLine "oln";
    /// Requirement.
    Requirement "req";
    /// Activity.
    Activity "act";
    /// Order.
    Order "ord";
    /// Contract.
    Contract "ctr";
    /// Product.
    Product "prd";
    /// Asset.
    Asset "ast";
    /// Ticket.
    Ticket "tic";
    /// Ticket message.
    TicketMessage "msg";
    /// SLA clock.
    SlaClock "sla";
    /// SLA policy.
    SlaPolicy "slp";
    /// Business calendar.
    BusinessCalendar "cal";
    /// Survey answer.
    SurveyAnswer "srv";
    /// A field of the tenant's own.
    CustomField "cfd";
    /// Webhook endpoint.
    WebhookEndpoint "whe";
    /// Message to a webhook endpoint.
    WebhookDelivery "whd";
    /// Note.
    Note "not";
    /// Task.
    Task "tsk";
    /// System that delivers rows.
    SourceSystem "sys";
    /// Who wins where systems disagree about a field.
    FieldPolicy "fpo";
    /// What a system said that was not taken.
    FieldConflict "fco";
    /// File.
    File "fil";
    /// Import job.
    ImportJob "imp";
    /// Event.
    Event "evt";
}

/// A global id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct GlobalId {
    /// What it names.
    pub kind: Kind,
    /// Which one.
    pub uuid: Uuid,
}

impl GlobalId {
    /// The id of `uuid`, as the type that it is.
    pub fn new(kind: Kind, uuid: Uuid) -> GlobalId {
        GlobalId { kind, uuid }
    }

    /// The UUID, if the id is of the expected type; else an input error that names both.
    pub fn expect(self, kind: Kind) -> Result<Uuid> {
        match self.kind == kind {
            true => Ok(self.uuid),
            false => Err(Error::BadInput(format!(
                "this is an id of type {}_…, expected {}_…",
                self.kind.prefix(),
                kind.prefix()
            ))),
        }
    }

    /// [`GlobalId::expect`] for a field of a mutation's input: the refusal is data, like every other.
    pub fn named(self, path: &str, kind: Kind) -> Result<Uuid> {
        self.expect(kind).map_err(|error| match error {
            Error::BadInput(message) => Error::invalid(path, message),
            other => other,
        })
    }

    /// Reads an id.
    pub fn parse(text: &str) -> Option<GlobalId> {
        let (prefix, uuid) = text.split_once('_')?;
        let kind = Kind::ALL.iter().copied().find(|kind| kind.prefix() == prefix)?;
        // One spelling only: a cache or a join on the client must not see two names of one thing.
        let parsed = Uuid::try_parse(uuid).ok()?;
        (parsed.as_hyphenated().to_string() == uuid).then_some(GlobalId { kind, uuid: parsed })
    }
}

impl From<GlobalId> for String {
    fn from(id: GlobalId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for GlobalId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<GlobalId, Self::Error> {
        GlobalId::parse(&text).ok_or("not an id of this API")
    }
}

impl std::fmt::Display for GlobalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.kind.prefix(), self.uuid.as_hyphenated())
    }
}

/// A typed, readable id: a prefix for the type and a UUID, such as `acc_0198a1b2-…`. Stable for ever.
#[Scalar(name = "ID")]
impl ScalarType for GlobalId {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        GlobalId::parse(text).ok_or_else(|| {
            InputValueError::custom("not an id of this API; ids read like acc_0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
        })
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_wrong_types_are_input_errors() {
        let id = GlobalId::new(Kind::Account, Uuid::from_u128(7));
        assert_eq!(id.to_string(), "acc_00000000-0000-0000-0000-000000000007");
        assert_eq!(GlobalId::parse(&id.to_string()), Some(id));
        assert_eq!(GlobalId::parse("acc_7"), None);
        assert_eq!(GlobalId::parse("xyz_00000000-0000-0000-0000-000000000007"), None);
        assert_eq!(GlobalId::parse("acc_00000000000000000000000000000007"), None);
        assert!(matches!(id.expect(Kind::Contact), Err(Error::BadInput(_))));
    }
}
