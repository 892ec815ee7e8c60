//! What an event is about, as its reader sees it now: the present object under the reader's present rights.

use async_graphql::Union;
use entities::{account, marketing, sales, service};

use super::ObjectType;
use crate::{
    account::{Account, AccountTeamMember, Consent, Contact, IndustryTeamMember},
    graph::{Cx, Result, one, one_as},
    marketing::{Campaign, Handover, Lead, Touchpoint},
    policy::{Class, Type},
    sales::{Activity, Meeting, Opportunity, Order, Requirement},
    service::{Asset, SlaClock, SurveyAnswer, Ticket, TicketMessage, TicketNote},
    teamwork::{Note, Task},
};

/// What an event is about.
#[derive(Clone, Union)]
#[expect(missing_docs, reason = "each variant is the type of its name")]
pub enum JourneyObject {
    Account(Account),
    Contact(Contact),
    Consent(Consent),
    AccountTeamMember(AccountTeamMember),
    IndustryTeamMember(IndustryTeamMember),
    Campaign(Campaign),
    Touchpoint(Touchpoint),
    Lead(Lead),
    Handover(Handover),
    Opportunity(Opportunity),
    Meeting(Meeting),
    Requirement(Requirement),
    Activity(Activity),
    Order(Order),
    Asset(Asset),
    Ticket(Ticket),
    TicketMessage(TicketMessage),
    TicketNote(TicketNote),
    SlaClock(SlaClock),
    SurveyAnswer(SurveyAnswer),
    Note(Note),
    Task(Task),
}

impl JourneyObject {
    /// The object of an event; None if the reader may not see it, or if it has no type of its own in the graph. All objects of
    /// one type on a page are one statement.
    pub async fn load(cx: &Cx, ty: ObjectType, id: uuid::Uuid) -> Result<Option<JourneyObject>> {
        Ok(match ty {
            ObjectType::Account => one::<account::account::Entity, Account>(cx, id).await?.map(Into::into),
            ObjectType::Contact => one::<account::contact::Entity, Contact>(cx, id).await?.map(Into::into),
            ObjectType::Consent => one::<account::consent::Entity, Consent>(cx, id).await?.map(Into::into),
            ObjectType::AccountTeamMember => {
                one::<account::account_team_member::Entity, AccountTeamMember>(cx, id).await?.map(Into::into)
            }
            ObjectType::IndustryTeamMember => {
                one::<account::industry_team_member::Entity, IndustryTeamMember>(cx, id).await?.map(Into::into)
            }
            ObjectType::Campaign => one::<marketing::campaign::Entity, Campaign>(cx, id).await?.map(Into::into),
            ObjectType::Touchpoint => one::<marketing::touchpoint::Entity, Touchpoint>(cx, id).await?.map(Into::into),
            ObjectType::Lead => one::<marketing::lead::Entity, Lead>(cx, id).await?.map(Into::into),
            ObjectType::Handover => one::<marketing::handover::Entity, Handover>(cx, id).await?.map(Into::into),
            ObjectType::Opportunity => one::<sales::opportunity::Entity, Opportunity>(cx, id).await?.map(Into::into),
            ObjectType::Meeting => one::<sales::meeting::Entity, Meeting>(cx, id).await?.map(Into::into),
            ObjectType::Requirement => one::<sales::requirement::Entity, Requirement>(cx, id).await?.map(Into::into),
            ObjectType::Activity => one::<sales::activity::Entity, Activity>(cx, id).await?.map(Into::into),
            ObjectType::Order => one::<sales::sales_order::Entity, Order>(cx, id).await?.map(Into::into),
            ObjectType::Asset => one::<service::asset::Entity, Asset>(cx, id).await?.map(Into::into),
            ObjectType::Ticket => one::<service::ticket::Entity, Ticket>(cx, id).await?.map(Into::into),
            ObjectType::TicketMessage => {
                one::<service::ticket_message::Entity, TicketMessage>(cx, id).await?.map(Into::into)
            }
            ObjectType::TicketNote => {
                one_as::<service::ticket_message::Entity, TicketNote>(cx, Type::TicketNote, id).await?.map(Into::into)
            }
            ObjectType::SlaClock => one::<service::sla_clock::Entity, SlaClock>(cx, id).await?.map(Into::into),
            ObjectType::SurveyAnswer => {
                one::<service::survey_answer::Entity, SurveyAnswer>(cx, id).await?.map(Into::into)
            }
            ObjectType::Note => one::<sales::note::Entity, Note>(cx, id).await?.map(Into::into),
            ObjectType::Task => one::<sales::task::Entity, Task>(cx, id).await?.map(Into::into),
            ObjectType::ContactPoint
            | ObjectType::Employment
            | ObjectType::Visitor
            | ObjectType::Identity
            | ObjectType::Colleague
            | ObjectType::IdentityRule
            | ObjectType::Industry
            | ObjectType::Queue
            | ObjectType::QueueMember
            | ObjectType::Tenant
            | ObjectType::Goal
            | ObjectType::Definition
            | ObjectType::FxRate
            | ObjectType::CustomField
            | ObjectType::WebhookEndpoint
            | ObjectType::SourceSystem
            | ObjectType::FieldPolicy
            | ObjectType::Channel
            | ObjectType::CampaignCost
            | ObjectType::ContentAsset
            | ObjectType::Lesson
            | ObjectType::OpportunityContact
            | ObjectType::MeetingAttendee
            | ObjectType::Product
            | ObjectType::OrderLine
            | ObjectType::Contract
            | ObjectType::Pipeline
            | ObjectType::Stage
            | ObjectType::MeetingFile
            | ObjectType::TicketFile
            | ObjectType::ContractFile
            | ObjectType::BusinessCalendar
            | ObjectType::SlaPolicy => None,
        })
    }

    /// How the object is called, as far as the reader may read that.
    pub fn label(&self) -> Option<String> {
        match self {
            JourneyObject::Account(it) => it.0.read(Class::P, "name", |row| row.name.clone()),
            JourneyObject::Contact(it) => it.0.read(Class::N, "name", crate::account::contact::full_name),
            JourneyObject::Campaign(it) => it.0.read(Class::P, "name", |row| row.name.clone()),
            JourneyObject::Touchpoint(it) => it.0.read(Class::P, "page_url", |row| row.page_url.clone()),
            JourneyObject::Opportunity(it) => it.0.read(Class::P, "name", |row| row.name.clone()),
            JourneyObject::Meeting(it) => it.0.read(Class::P, "title", |row| row.title.clone()),
            JourneyObject::Requirement(it) => it.0.read(Class::T, "statement", |row| row.statement.clone()),
            JourneyObject::Activity(it) => it.0.read(Class::T, "subject", |row| row.subject.clone()),
            JourneyObject::Order(it) => it.0.read(Class::P, "number", |row| row.number.clone()),
            JourneyObject::Asset(it) => {
                it.0.read(Class::P, "name", |row| row.name.clone().or_else(|| row.serial.clone()))
            }
            JourneyObject::Ticket(it) => it.0.read(Class::T, "subject", |row| row.subject.clone()),
            JourneyObject::Task(it) => it.0.read(Class::T, "title", |row| row.title.clone()),
            JourneyObject::Consent(_)
            | JourneyObject::Note(_)
            | JourneyObject::AccountTeamMember(_)
            | JourneyObject::IndustryTeamMember(_)
            | JourneyObject::Lead(_)
            | JourneyObject::Handover(_)
            | JourneyObject::TicketMessage(_)
            | JourneyObject::TicketNote(_)
            | JourneyObject::SlaClock(_)
            | JourneyObject::SurveyAnswer(_) => None,
        }
    }
}
