//! What an event can be about: the tables that the journal knows, with their line in the access table, their id prefix,
//! and the subjects whose timelines they belong to.

use entities::{
    account::{
        account, account_team_member, colleague, consent, contact, contact_point, employment, identity, identity_rule,
        industry, industry_team_member, visitor,
    },
    codes::{NoteVisibility, SubjectType, Wing},
    marketing::{campaign, campaign_cost, channel, content_asset, handover, lead, lesson, touchpoint},
    sales::{
        activity, contract, meeting, meeting_attendee, note, opportunity, opportunity_contact, order_line, pipeline,
        product, requirement, sales_order, stage, task,
    },
    service::{asset, business_calendar, file, sla_clock, sla_policy, survey_answer, ticket, ticket_message},
    sync::{field_policy, fx_rate, source_system, webhook_endpoint},
    tenant::{custom_field, definition, goal, queue, queue_member},
};
use sea_orm::{DbErr, IntoActiveModel, TryIntoModel};
use uuid::Uuid;

use super::AUDIENCE_TEAM;
use crate::{
    graph::Kind,
    policy::{Class, Governed, Type, wing_of},
    search::index::{self, Found},
};

/// Whom an event is about.
pub type Subjects = Vec<(SubjectType, Uuid)>;

/// A table whose rows the journal names.
pub trait Journaled: Governed<Model: IntoActiveModel<Self::ActiveModel>, ActiveModel: Send> {
    /// Its name in the journal.
    const OBJECT: ObjectType;
    /// Its name in the journal, where that depends on the row: an internal note is not a public message.
    fn object(_row: &Self::Model) -> ObjectType {
        Self::OBJECT
    }
    /// The wing that an event about this row belongs to, where that depends on the row: a note follows its record.
    fn wing(_row: &Self::Model) -> Option<Wing> {
        None
    }
    /// The account that the row belongs to now.
    fn account_id(row: &Self::Model) -> Option<Uuid>;
    /// Whom an event about this row is about.
    fn subjects(row: &Self::Model) -> Subjects;
    /// Who may see an event about this row, beside what the row rule says.
    fn audience(_row: &Self::Model) -> String {
        AUDIENCE_TEAM.to_owned()
    }
    /// By which words a search finds the row.
    fn found(_row: &Self::Model) -> Vec<Found> {
        Vec::new()
    }
    /// The row's version.
    fn version(row: &Self::Model) -> i64;
    /// The row that a fully set active model stands for.
    fn complete(row: Self::ActiveModel) -> Result<Self::Model, DbErr>;
}

macro_rules! objects {
    ($($(#[doc = $doc:literal])* $name:ident $code:literal $ty:ident $kind:ident;)*) => {
        /// What an event can be about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, async_graphql::Enum)]
        #[graphql(name = "FeedEntity")]
        pub enum ObjectType { $($(#[doc = $doc])* $name,)* }

        impl ObjectType {
            /// Every type.
            pub const ALL: &[ObjectType] = &[$(ObjectType::$name,)*];
            /// The name of its type in the graph.
            pub const fn name(self) -> &'static str {
                match self { $(ObjectType::$name => stringify!($name),)* }
            }
            /// The code in the journal.
            pub const fn code(self) -> &'static str {
                match self { $(ObjectType::$name => $code,)* }
            }
            /// The line of the access table that rules events about it.
            pub const fn access(self) -> Type {
                match self { $(ObjectType::$name => Type::$ty,)* }
            }
            /// The prefix of its global ids.
            pub const fn kind(self) -> Kind {
                match self { $(ObjectType::$name => Kind::$kind,)* }
            }
        }
    };
}

objects! {
    /// Account.
    Account "ACCOUNT" Account Account;
    /// Contact.
    Contact "CONTACT" Contact Contact;
    /// Contact point.
    ContactPoint "CONTACT_POINT" Contact ContactPoint;
    /// Employment.
    Employment "EMPLOYMENT" Contact Employment;
    /// Visitor.
    Visitor "VISITOR" Visitor Visitor;
    /// Identity.
    Identity "IDENTITY" Visitor Identity;
    /// Identity rule.
    IdentityRule "IDENTITY_RULE" Settings IdentityRule;
    /// Consent.
    Consent "CONSENT" Consent Consent;
    /// Colleague.
    Colleague "COLLEAGUE" Reference Colleague;
    /// Industry.
    Industry "INDUSTRY" Reference Industry;
    /// Account team member.
    AccountTeamMember "ACCOUNT_TEAM_MEMBER" AccountTeam AccountTeamMember;
    /// Industry team member.
    IndustryTeamMember "INDUSTRY_TEAM_MEMBER" IndustryTeam IndustryTeamMember;
    /// Queue.
    Queue "QUEUE" Queue Queue;
    /// Queue member.
    QueueMember "QUEUE_MEMBER" Queue QueueMember;
    /// The tenant itself.
    Tenant "TENANT" Settings Tenant;
    /// Goal.
    Goal "GOAL" Queue Goal;
    /// Definition.
    Definition "DEFINITION" Settings Definition;
    /// Exchange rate.
    FxRate "FX_RATE" Reference FxRate;
    /// A system that delivers rows.
    SourceSystem "SOURCE_SYSTEM" Source SourceSystem;
    /// Who wins where systems disagree about a field.
    FieldPolicy "FIELD_POLICY" Source FieldPolicy;
    /// A field of the tenant's own.
    CustomField "CUSTOM_FIELD" CustomField CustomField;
    /// Webhook endpoint.
    WebhookEndpoint "WEBHOOK_ENDPOINT" Webhook WebhookEndpoint;
    /// Campaign.
    Campaign "CAMPAIGN" Campaign Campaign;
    /// Channel.
    Channel "CHANNEL" Campaign Channel;
    /// Campaign cost.
    CampaignCost "CAMPAIGN_COST" CampaignCost CampaignCost;
    /// Content asset.
    ContentAsset "CONTENT_ASSET" Campaign ContentAsset;
    /// Touchpoint.
    Touchpoint "TOUCHPOINT" Touchpoint Touchpoint;
    /// Lead.
    Lead "LEAD" Lead Lead;
    /// Handover.
    Handover "HANDOVER" Handover Handover;
    /// Lesson.
    Lesson "LESSON" Lesson Lesson;
    /// Opportunity.
    Opportunity "OPPORTUNITY" Opportunity Opportunity;
    /// A contact's role in an opportunity.
    OpportunityContact "OPPORTUNITY_CONTACT" ContactRole OpportunityContact;
    /// Meeting.
    Meeting "MEETING" Meeting Meeting;
    /// Meeting attendee.
    MeetingAttendee "MEETING_ATTENDEE" Meeting MeetingAttendee;
    /// Requirement.
    Requirement "REQUIREMENT" Meeting Requirement;
    /// Activity.
    Activity "ACTIVITY" Activity Activity;
    /// Note.
    Note "NOTE" Note Note;
    /// Task.
    Task "TASK" Task Task;
    /// Product.
    Product "PRODUCT" Product Product;
    /// Order.
    Order "ORDER" Order Order;
    /// Order line.
    OrderLine "ORDER_LINE" Order OrderLine;
    /// Contract.
    Contract "CONTRACT" Order Contract;
    /// Pipeline.
    Pipeline "PIPELINE" Reference Pipeline;
    /// Stage.
    Stage "STAGE" Reference Stage;
    /// Asset.
    Asset "ASSET" Asset Asset;
    /// Ticket.
    Ticket "TICKET" Ticket Ticket;
    /// Public message of a ticket.
    TicketMessage "TICKET_MESSAGE" TicketMessage TicketMessage;
    /// Internal note of a ticket.
    TicketNote "TICKET_NOTE" TicketNote TicketMessage;
    /// File on a meeting.
    MeetingFile "MEETING_FILE" Meeting File;
    /// File on a ticket.
    TicketFile "TICKET_FILE" Ticket File;
    /// File on a contract.
    ContractFile "CONTRACT_FILE" Order File;
    /// Business calendar.
    BusinessCalendar "BUSINESS_CALENDAR" Queue BusinessCalendar;
    /// SLA policy.
    SlaPolicy "SLA_POLICY" Reference SlaPolicy;
    /// SLA clock.
    SlaClock "SLA_CLOCK" ServiceLevel SlaClock;
    /// Survey answer.
    SurveyAnswer "SURVEY_ANSWER" ServiceLevel SurveyAnswer;
}

impl ObjectType {
    /// The type of a code.
    pub fn parse(code: &str) -> Option<ObjectType> {
        ObjectType::ALL.iter().copied().find(|ty| ty.code() == code)
    }

    /// The wing whose team level counts for events about it; none where each event says its own, by its domain.
    pub const fn wing(self) -> Option<Wing> {
        match self {
            ObjectType::Note | ObjectType::Task => None,
            _ => Some(self.access().wing()),
        }
    }
}

/// The field by which an object names a subject, with its class: whoever may not read the field does not learn from the journal what it
/// says. None where the object is the subject's own, or its account: on that the team rule stands.
pub fn named_by(object: ObjectType, subject: SubjectType) -> Option<(Class, &'static str)> {
    let (own, field) = match subject {
        SubjectType::Account => return None,
        SubjectType::Contact => (ObjectType::Contact, "contact"),
        SubjectType::Visitor => (ObjectType::Visitor, "visitor"),
        SubjectType::Opportunity => (ObjectType::Opportunity, "opportunity"),
        SubjectType::Lead => (ObjectType::Lead, "lead"),
        SubjectType::Campaign => (ObjectType::Campaign, "campaign"),
        SubjectType::Ticket => (ObjectType::Ticket, "ticket"),
        SubjectType::Asset => (ObjectType::Asset, "asset"),
        SubjectType::Industry => (ObjectType::Industry, "industry"),
    };
    let class = match (object, subject) {
        // Who said it is a name.
        (ObjectType::SurveyAnswer, SubjectType::Contact) => Class::N,
        _ => Class::P,
    };
    // A merge names two of a kind, each by its own rights.
    (object != own).then_some((class, field))
}

macro_rules! journaled {
    ($($table:ident $object:ident |$row:ident| account $account:expr, subjects [$($subject:ident $id:expr),*] $(, record $record:expr, $which:expr)? $(, audience $audience:expr)? $(, named $named:expr)? $(, found $found:path)?;)*) => {$(
        impl Journaled for $table::Entity {
            const OBJECT: ObjectType = ObjectType::$object;

            fn account_id($row: &$table::Model) -> Option<Uuid> {
                let _ = $row;
                $account.into()
            }

            fn subjects($row: &$table::Model) -> Subjects {
                let _ = $row;
                #[allow(unused_mut, reason = "only notes and tasks are about any record")]
                let mut named: Vec<(SubjectType, Option<Uuid>)> = vec![$((SubjectType::$subject, $id.into())),*];
                $( named.extend($record.and_then(|record| SubjectType::parse(record.as_str())).map(|ty| (ty, $which)));
                   named.dedup(); )?
                named.into_iter().filter_map(|(ty, id)| Some((ty, id?))).collect()
            }

            $(fn wing($row: &$table::Model) -> Option<Wing> {
                Some($record.map_or(Wing::Account, wing_of))
            })?

            $(fn found(row: &$table::Model) -> Vec<Found> {
                $found(row)
            })?

            $(fn audience($row: &$table::Model) -> String {
                $audience
            })?

            $(fn object($row: &$table::Model) -> ObjectType {
                $named
            })?

            fn version(row: &$table::Model) -> i64 {
                row.version
            }

            fn complete(row: $table::ActiveModel) -> Result<$table::Model, DbErr> {
                row.try_into_model()
            }
        }
    )*};
}

/// No account.
const NONE: Option<Uuid> = None;

journaled! {
    account Account |row| account row.id, subjects [Account row.id], found index::account;
    contact Contact |row| account row.account_id, subjects [Contact row.id, Account row.account_id], found index::contact;
    contact_point ContactPoint |row| account row.account_id, subjects [Contact row.contact_id, Account row.account_id],
        found index::contact_point;
    employment Employment |row| account row.account_id, subjects [Contact row.contact_id, Account row.account_id];
    visitor Visitor |row| account row.account_id, subjects [Visitor row.id, Contact row.contact_id, Account row.account_id];
    identity Identity |row| account NONE, subjects [];
    consent Consent |row| account NONE, subjects [Contact row.contact_id];
    colleague Colleague |row| account NONE, subjects [];
    industry Industry |row| account NONE, subjects [Industry row.id];
    account_team_member AccountTeamMember |row| account row.account_id, subjects [Account row.account_id];
    industry_team_member IndustryTeamMember |row| account NONE, subjects [Industry row.industry_id];
    queue Queue |row| account NONE, subjects [];
    queue_member QueueMember |row| account NONE, subjects [];
    goal Goal |row| account NONE, subjects [];
    definition Definition |row| account NONE, subjects [];
    fx_rate FxRate |row| account NONE, subjects [];
    identity_rule IdentityRule |row| account NONE, subjects [];
    custom_field CustomField |row| account NONE, subjects [];
    webhook_endpoint WebhookEndpoint |row| account NONE, subjects [];
    source_system SourceSystem |row| account NONE, subjects [];
    field_policy FieldPolicy |row| account NONE, subjects [];
    campaign Campaign |row| account NONE, subjects [Campaign row.id];
    channel Channel |row| account NONE, subjects [];
    campaign_cost CampaignCost |row| account NONE, subjects [Campaign row.campaign_id];
    content_asset ContentAsset |row| account NONE, subjects [];
    touchpoint Touchpoint |row| account row.account_id, subjects [
        Account row.account_id, Contact row.contact_id, Visitor row.visitor_id, Campaign row.campaign_id];
    lead Lead |row| account row.account_id, subjects [
        Lead row.id, Account row.account_id, Contact row.contact_id, Visitor row.visitor_id, Campaign row.campaign_id];
    handover Handover |row| account row.account_id, subjects [Account row.account_id, Campaign row.campaign_id];
    lesson Lesson |row| account NONE, subjects [Campaign row.campaign_id];
    opportunity Opportunity |row| account row.account_id, subjects [
        Opportunity row.id, Account row.account_id, Lead row.lead_id, Campaign row.primary_campaign_id], found index::opportunity;
    opportunity_contact OpportunityContact |row| account NONE, subjects [Opportunity row.opportunity_id, Contact row.contact_id];
    meeting Meeting |row| account row.account_id, subjects [Account row.account_id, Opportunity row.opportunity_id];
    meeting_attendee MeetingAttendee |row| account NONE, subjects [Contact row.contact_id];
    requirement Requirement |row| account row.account_id, subjects [
        Account row.account_id, Contact row.contact_id, Opportunity row.opportunity_id, Industry row.industry_id, Campaign row.campaign_id];
    activity Activity |row| account row.account_id, subjects [
        Account row.account_id, Contact row.contact_id, Opportunity row.opportunity_id, Lead row.lead_id, Ticket row.ticket_id];
    note Note |row| account row.account_id, subjects [Account row.account_id], record Some(row.subject_type), row.subject_id.into(),
        audience match (row.visibility, row.discipline, row.author_id) {
            (NoteVisibility::Team, ..) => AUDIENCE_TEAM.to_owned(),
            (NoteVisibility::Discipline, Some(discipline), _) => format!("DISCIPLINE:{discipline}"),
            (_, _, author) => format!("PRIVATE:{}", author.unwrap_or_default()),
        };
    task Task |row| account row.account_id, subjects [Account row.account_id], record row.subject_type, row.subject_id;
    product Product |row| account NONE, subjects [];
    sales_order Order |row| account row.account_id, subjects [
        Account row.account_id, Contact row.contact_id, Visitor row.visitor_id, Opportunity row.opportunity_id];
    order_line OrderLine |row| account NONE, subjects [];
    contract Contract |row| account row.account_id, subjects [Account row.account_id, Opportunity row.opportunity_id];
    pipeline Pipeline |row| account NONE, subjects [];
    stage Stage |row| account NONE, subjects [];
    asset Asset |row| account row.account_id, subjects [Asset row.id, Account row.account_id];
    ticket Ticket |row| account row.account_id, subjects [
        Ticket row.id, Account row.account_id, Contact row.contact_id, Asset row.asset_id], found index::ticket;
    ticket_message TicketMessage |row| account row.account_id, subjects [Ticket row.ticket_id, Account row.account_id],
        named if row.is_public { ObjectType::TicketMessage } else { ObjectType::TicketNote };
    file TicketFile |row| account row.account_id, subjects [Account row.account_id, Ticket row.ticket_id],
        named match (row.meeting_id, row.contract_id) {
            (Some(_), _) => ObjectType::MeetingFile,
            (None, Some(_)) => ObjectType::ContractFile,
            (None, None) => ObjectType::TicketFile,
        };
    business_calendar BusinessCalendar |row| account NONE, subjects [];
    sla_policy SlaPolicy |row| account NONE, subjects [];
    sla_clock SlaClock |row| account row.account_id, subjects [Account row.account_id];
    survey_answer SurveyAnswer |row| account row.account_id, subjects [
        Account row.account_id, Contact row.contact_id, Ticket row.ticket_id];
}
