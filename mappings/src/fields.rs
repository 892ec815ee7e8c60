//! The one table of what the upsert takes: each entity's fields and relations, as the inputs of the API have them. A mapping that
//! names anything else is refused when it is loaded.
//!
//! A field is one of `Create…Input` or `Update…Input` of the entity (or of the mutation that plays that part: `RecordTouchpointInput`,
//! `ScheduleMeetingInput`, `PlaceOrderInput`, and `Change…Status` for a status); `xId` there is the relation `x` here. Beside
//! them stand `contactPoints` of accounts and contacts, and `custom`, the tenant's own fields by code.

use std::fmt;

/// What a row is. In the order in which rows come out: what others refer to comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the names of the API
pub enum Entity {
    Industry,
    Queue,
    Pipeline,
    Stage,
    Channel,
    Colleague,
    Account,
    Campaign,
    CampaignCost,
    ContentAsset,
    Product,
    Contact,
    Employment,
    Touchpoint,
    Lead,
    Opportunity,
    OpportunityContact,
    Meeting,
    MeetingAttendee,
    Activity,
    Order,
    OrderLine,
    Ticket,
    TicketMessage,
    TicketNote,
    SurveyAnswer,
    Note,
    Task,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// A decimal number, as text.
    Decimal,
    /// Yes or no.
    Bool,
    /// `{amount, currency}`.
    Money,
    /// A civil date.
    Date,
    /// A moment, in UTC.
    Time,
    /// One of these.
    Code(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// Ways to reach somebody: a list of `{kind, value, label}`.
    Points,
    /// The tenant's own fields: an object by code.
    Custom,
    /// As the source has it.
    Json,
}

/// A field of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the API.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// A new object cannot do without it, so that an empty cell never clears it.
    pub required: bool,
}

/// A field that names another object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Its name: that of the API without `Id`.
    pub name: &'static str,
    /// What it may name. Of several, a row says which.
    pub to: &'static [Entity],
}

/// What the upsert takes of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Its fields.
    pub fields: &'static [Field],
    /// Its relations.
    pub relations: &'static [Relation],
}

impl Fields {
    /// A field by name.
    pub fn field(&self, name: &str) -> Option<Field> {
        self.fields.iter().find(|field| field.name == name).copied()
    }

    /// A relation by name.
    pub fn relation(&self, name: &str) -> Option<Relation> {
        self.relations.iter().find(|relation| relation.name == name).copied()
    }
}

/// The ways by which somebody is reached.
pub(crate) const POINT_KINDS: &[&str] = &["EMAIL", "PHONE", "ADDRESS", "SOCIAL"];
const DISCIPLINES: &[&str] = &["MARKETING", "SALES", "TECHNICAL", "SERVICE", "MANAGEMENT"];
const ROLES: &[&str] = &["DECISION_MAKER", "CHAMPION", "INFLUENCER", "USER", "BLOCKER", "BUYER"];
const SIZES: &[&str] = &["MICRO", "SMALL", "MEDIUM", "LARGE", "ENTERPRISE"];
const SENIORITY: &[&str] = &["C_LEVEL", "VP", "DIRECTOR", "MANAGER", "SENIOR", "STAFF"];
const CAMPAIGN_STATUS: &[&str] = &["PLANNED", "ACTIVE", "PAUSED", "COMPLETED", "CANCELLED"];
const CAMPAIGN_TYPES: &[&str] = &[
    "ADVERTISING",
    "CONTENT",
    "EMAIL",
    "SOCIAL",
    "SEARCH",
    "EVENT",
    "WEBINAR",
    "TRADE_FAIR",
    "OUTBOUND",
    "REFERRAL",
    "PARTNER",
    "ACCOUNT_BASED",
    "OTHER",
];
const INTERACTIONS: &[&str] = &[
    "AD_CLICKED",
    "PAGE_VIEWED",
    "CONTENT_DOWNLOADED",
    "FORM_SUBMITTED",
    "EMAIL_SENT",
    "EMAIL_CLICKED",
    "EMAIL_BOUNCED",
    "EMAIL_UNSUBSCRIBED",
    "WEBINAR_REGISTERED",
    "WEBINAR_ATTENDED",
    "EVENT_ATTENDED",
    "TRADEFAIR_BOOTH_SCANNED",
    "SOCIAL_ENGAGED",
    "CAMPAIGN_RESPONDED",
    "RESEARCH_FOUND",
    "REFERRAL_RECEIVED",
    "PARTNER_INTRODUCED",
    "CALL_ATTEMPTED",
    "CALL_CONNECTED",
];
const CONTENT_KINDS: &[&str] = &[
    "PAGE",
    "BLOG_POST",
    "WHITEPAPER",
    "CASE_STUDY",
    "BROCHURE",
    "DATASHEET",
    "VIDEO",
    "WEBINAR",
    "NEWSLETTER",
    "FORM",
    "AD",
    "CALCULATOR",
    "OTHER",
];
const FORECASTS: &[&str] = &["PIPELINE", "BEST_CASE", "COMMIT", "CLOSED", "OMITTED"];
const MEETING_KINDS: &[&str] = &["CALL", "VISIT", "DEMO", "ONLINE", "TRADE_FAIR", "WORKSHOP"];
const ACTIVITY_KINDS: &[&str] = &["CALL", "EMAIL", "CHAT", "SITE_VISIT", "TRIAL"];
const ACTIVITY_OUTCOMES: &[&str] =
    &["CONNECTED", "NO_ANSWER", "VOICEMAIL", "BOUNCED", "REPLIED", "COMPLETED", "CANCELLED"];
const ORDER_STATUS: &[&str] = &["DRAFT", "PLACED", "CONFIRMED", "SHIPPED", "DELIVERED", "INVOICED", "CANCELLED"];
const TICKET_CHANNELS: &[&str] = &["EMAIL", "PHONE", "CHAT", "WEB", "PORTAL", "SOCIAL", "ON_SITE", "API"];
const TICKET_STATUS: &[&str] = &["NEW", "OPEN", "PENDING_CUSTOMER", "ON_HOLD", "SOLVED", "CLOSED"];

/// The entities with their fields and relations.
macro_rules! table {
    ($($entity:ident $code:literal { $($name:ident $(! $need:tt)? : $kind:expr),* $(,)? ; $($relation:ident -> $($to:ident)|+),* $(,)? })*) => {
        impl Entity {
            /// All of them, in their order.
            pub const ALL: &'static [Entity] = &[$(Entity::$entity),*];

            /// Its name as the API has it.
            pub const fn code(self) -> &'static str {
                match self { $(Entity::$entity => $code),* }
            }
        }

        /// What the upsert takes of an entity.
        pub const fn fields(entity: Entity) -> Fields {
            match entity {
                $(Entity::$entity => Fields {
                    fields: &[$(Field { name: stringify!($name), kind: $kind, required: table!(@need $($need)?) }),*],
                    relations: &[$(Relation { name: stringify!($relation), to: &[$(Entity::$to),+] }),*],
                }),*
            }
        }
    };
    (@need) => { false };
    (@need required) => { true };
}

table! {
    Industry "INDUSTRY" {
        code! required: Kind::Text,
        name! required: Kind::Text,
        ;
        parent -> Industry,
    }
    Queue "QUEUE" {
        code! required: Kind::Text,
        name! required: Kind::Text,
        wing! required: Kind::Code(&["ACCOUNT", "MARKETING", "SALES", "SERVICE"]),
        ;
    }
    Pipeline "PIPELINE" {
        code! required: Kind::Text,
        name! required: Kind::Text,
        objectType! required: Kind::Code(&["LIFECYCLE", "OPPORTUNITY", "TICKET", "ACCOUNT"]),
        isDefault: Kind::Bool,
        ;
    }
    Stage "STAGE" {
        code! required: Kind::Text,
        name! required: Kind::Text,
        objectType! required: Kind::Code(&["LIFECYCLE", "OPPORTUNITY", "TICKET", "ACCOUNT"]),
        position! required: Kind::Int,
        isOpen: Kind::Bool,
        isWon: Kind::Bool,
        probability: Kind::Int,
        ;
        pipeline -> Pipeline,
    }
    Channel "CHANNEL" {
        code! required: Kind::Text,
        name! required: Kind::Text,
        group! required: Kind::Code(&["PAID", "OWNED", "EARNED", "SALES", "PARTNER"]),
        isDirect: Kind::Bool,
        ;
    }
    Colleague "COLLEAGUE" {
        name! required: Kind::Text,
        email! required: Kind::Text,
        department! required: Kind::Code(DISCIPLINES),
        subject: Kind::Text,
        title: Kind::Text,
        isActive: Kind::Bool,
        ;
    }
    Account "ACCOUNT" {
        name! required: Kind::Text,
        legalName: Kind::Text,
        website: Kind::Text,
        domains: Kind::Texts,
        country: Kind::Text,
        region: Kind::Text,
        description: Kind::Text,
        employees: Kind::Int,
        annualRevenue: Kind::Money,
        sizeBand: Kind::Code(SIZES),
        tier: Kind::Code(&["KEY", "A", "B", "C"]),
        lifecycleStage: Kind::Text,
        contactPoints: Kind::Points,
        custom: Kind::Custom,
        ;
        industry -> Industry,
        parent -> Account,
        owner -> Colleague,
    }
    Campaign "CAMPAIGN" {
        name! required: Kind::Text,
        type! required: Kind::Code(CAMPAIGN_TYPES),
        code: Kind::Text,
        status: Kind::Code(CAMPAIGN_STATUS),
        budget: Kind::Money,
        startDate: Kind::Date,
        endDate: Kind::Date,
        description: Kind::Text,
        objective: Kind::Text,
        message: Kind::Text,
        marketProblem: Kind::Text,
        custom: Kind::Custom,
        ;
        parent -> Campaign,
        owner -> Colleague,
    }
    CampaignCost "CAMPAIGN_COST" {
        amount! required: Kind::Money,
        dateFrom! required: Kind::Date,
        dateTo! required: Kind::Date,
        kind! required: Kind::Code(&["MEDIA", "PRODUCTION", "STAFF"]),
        ;
        campaign -> Campaign,
        channel -> Channel,
    }
    ContentAsset "CONTENT_ASSET" {
        title! required: Kind::Text,
        kind! required: Kind::Code(CONTENT_KINDS),
        description: Kind::Text,
        language: Kind::Text,
        url: Kind::Text,
        ;
        campaign -> Campaign,
    }
    Product "PRODUCT" {
        code! required: Kind::Text,
        name! required: Kind::Text,
        description: Kind::Text,
        family: Kind::Text,
        unit: Kind::Text,
        unitPrice: Kind::Money,
        isActive: Kind::Bool,
        custom: Kind::Custom,
        ;
    }
    Contact "CONTACT" {
        familyName! required: Kind::Text,
        givenName: Kind::Text,
        salutation: Kind::Text,
        jobTitle: Kind::Text,
        language: Kind::Text,
        seniority: Kind::Code(SENIORITY),
        buyingRole: Kind::Code(ROLES),
        lifecycleStage: Kind::Text,
        contactPoints: Kind::Points,
        marketingConsent: Kind::Json,
        custom: Kind::Custom,
        ;
        account -> Account,
        owner -> Colleague,
    }
    Employment "EMPLOYMENT" {
        title: Kind::Text,
        validFrom: Kind::Time,
        validTo: Kind::Time,
        ;
        contact -> Contact,
        account -> Account,
    }
    Touchpoint "TOUCHPOINT" {
        interaction! required: Kind::Code(INTERACTIONS),
        occurredAt: Kind::Time,
        isInbound: Kind::Bool,
        cost: Kind::Money,
        pageUrl: Kind::Text,
        referrer: Kind::Text,
        utmSource: Kind::Text,
        utmMedium: Kind::Text,
        utmCampaign: Kind::Text,
        utmContent: Kind::Text,
        utmTerm: Kind::Text,
        custom: Kind::Custom,
        ;
        account -> Account,
        contact -> Contact,
        campaign -> Campaign,
        channel -> Channel,
        contentAsset -> ContentAsset,
    }
    Lead "LEAD" {
        description: Kind::Text,
        custom: Kind::Custom,
        ;
        account -> Account,
        contact -> Contact,
        campaign -> Campaign,
        channel -> Channel,
        owner -> Colleague,
        queue -> Queue,
    }
    Opportunity "OPPORTUNITY" {
        name! required: Kind::Text,
        amount: Kind::Money,
        closeDate: Kind::Date,
        stage: Kind::Text,
        probability: Kind::Int,
        forecastCategory: Kind::Code(FORECASTS),
        nextStep: Kind::Text,
        description: Kind::Text,
        custom: Kind::Custom,
        ;
        account -> Account,
        owner -> Colleague,
        lead -> Lead,
        pipeline -> Pipeline,
        primaryCampaign -> Campaign,
    }
    OpportunityContact "OPPORTUNITY_CONTACT" {
        role! required: Kind::Code(ROLES),
        isPrimary: Kind::Bool,
        ;
        opportunity -> Opportunity,
        contact -> Contact,
    }
    Meeting "MEETING" {
        title! required: Kind::Text,
        startsAt! required: Kind::Time,
        endsAt: Kind::Time,
        kind! required: Kind::Code(MEETING_KINDS),
        location: Kind::Text,
        summary: Kind::Text,
        nextStep: Kind::Text,
        outcome: Kind::Code(&["HELD", "NO_SHOW", "CANCELLED"]),
        custom: Kind::Custom,
        ;
        account -> Account,
        opportunity -> Opportunity,
    }
    MeetingAttendee "MEETING_ATTENDEE" {
        response: Kind::Code(&["PENDING", "ACCEPTED", "TENTATIVE", "DECLINED"]),
        ;
        meeting -> Meeting,
        contact -> Contact,
        colleague -> Colleague,
    }
    Activity "ACTIVITY" {
        kind! required: Kind::Code(ACTIVITY_KINDS),
        direction! required: Kind::Code(&["INBOUND", "OUTBOUND"]),
        subject: Kind::Text,
        body: Kind::Text,
        occurredAt: Kind::Time,
        durationS: Kind::Int,
        outcome: Kind::Code(ACTIVITY_OUTCOMES),
        custom: Kind::Custom,
        ;
        account -> Account,
        contact -> Contact,
        lead -> Lead,
        opportunity -> Opportunity,
    }
    Order "ORDER" {
        currency! required: Kind::Text,
        number: Kind::Text,
        orderedAt: Kind::Time,
        status: Kind::Code(ORDER_STATUS),
        custom: Kind::Custom,
        ;
        account -> Account,
        contact -> Contact,
        opportunity -> Opportunity,
    }
    OrderLine "ORDER_LINE" {
        quantity! required: Kind::Decimal,
        unitPrice! required: Kind::Decimal,
        description: Kind::Text,
        ;
        order -> Order,
        product -> Product,
    }
    Ticket "TICKET" {
        subject! required: Kind::Text,
        status: Kind::Code(TICKET_STATUS),
        priority: Kind::Code(&["LOW", "NORMAL", "HIGH", "URGENT"]),
        category: Kind::Text,
        channel: Kind::Code(TICKET_CHANNELS),
        custom: Kind::Custom,
        ;
        account -> Account,
        contact -> Contact,
        owner -> Colleague,
        queue -> Queue,
    }
    TicketMessage "TICKET_MESSAGE" {
        body! required: Kind::Text,
        isBot: Kind::Bool,
        ;
        ticket -> Ticket,
        contact -> Contact,
    }
    TicketNote "TICKET_NOTE" {
        body! required: Kind::Text,
        ;
        ticket -> Ticket,
    }
    SurveyAnswer "SURVEY_ANSWER" {
        kind! required: Kind::Code(&["CSAT", "NPS", "CES"]),
        scale! required: Kind::Int,
        score! required: Kind::Int,
        answeredAt: Kind::Time,
        comment: Kind::Text,
        ;
        account -> Account,
        contact -> Contact,
        ticket -> Ticket,
    }
    Note "NOTE" {
        body! required: Kind::Text,
        visibility! required: Kind::Code(&["TEAM", "DISCIPLINE", "PRIVATE"]),
        ;
        record -> Account | Contact | Campaign | Lead | Opportunity | Meeting | Order | Ticket,
    }
    Task "TASK" {
        title! required: Kind::Text,
        description: Kind::Text,
        dueAt: Kind::Time,
        ;
        assignee -> Colleague,
        queue -> Queue,
        record -> Account | Contact | Campaign | Lead | Opportunity | Meeting | Order | Ticket,
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::str::FromStr for Entity {
    type Err = ();

    fn from_str(code: &str) -> Result<Entity, ()> {
        Entity::ALL.iter().copied().find(|entity| entity.code() == code).ok_or(())
    }
}
