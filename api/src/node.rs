//! Any object by its id. The id's prefix says the type; the loading is every type's own, batched and scoped.

pub mod changes;

use async_graphql::{Context, Interface, Object, PathSegment};
use entities::{account, marketing, sales, service, sync, tenant};
use futures::future::join_all;

use crate::{
    account::{
        Account, AccountTeamMember, Colleague, Consent, Contact, ContactPoint, Employment, Identity, IdentityRule,
        Industry, IndustryTeamMember, Queue, QueueMember, Visitor,
    },
    custom::CustomField,
    files::{ContractFile, MeetingFile, TicketFile},
    graph::{Cx, Error, GlobalId, Kind, MAX_PAGE, Result, one, one_as, or_merged},
    marketing::{Campaign, CampaignCost, Channel, ContentAsset, Handover, Lead, Lesson, Touchpoint},
    policy::Type,
    sales::{
        Activity, Contract, Meeting, MeetingAttendee, Opportunity, OpportunityContact, Order, OrderLine, Pipeline,
        Product, Requirement, Stage,
    },
    service::{Asset, BusinessCalendar, SlaClock, SlaPolicy, SurveyAnswer, Ticket, TicketMessage, TicketNote},
    sync::sources::{FieldPolicy, SourceSystem},
    teamwork::{Note, Task},
    tenant::{Definition, FxRate, Goal},
    webhooks::{WebhookDelivery, WebhookEndpoint},
};

/// Whatever has an id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "GlobalId", desc = "The global id."))]
#[expect(missing_docs, reason = "each is the type of its name")]
pub enum Node {
    Account(Account),
    AccountTeamMember(AccountTeamMember),
    Activity(Activity),
    Asset(Asset),
    Campaign(Campaign),
    Channel(Channel),
    Colleague(Colleague),
    Consent(Consent),
    Contact(Contact),
    ContactPoint(ContactPoint),
    ContentAsset(ContentAsset),
    Employment(Employment),
    Handover(Handover),
    Industry(Industry),
    Lead(Lead),
    Meeting(Meeting),
    Opportunity(Opportunity),
    Order(Order),
    Product(Product),
    Queue(Queue),
    Requirement(Requirement),
    SlaClock(SlaClock),
    SlaPolicy(SlaPolicy),
    SurveyAnswer(SurveyAnswer),
    Ticket(Ticket),
    TicketMessage(TicketMessage),
    TicketNote(TicketNote),
    Touchpoint(Touchpoint),
    Visitor(Visitor),
    CampaignCost(CampaignCost),
    Lesson(Lesson),
    Pipeline(Pipeline),
    Stage(Stage),
    Contract(Contract),
    OpportunityContact(OpportunityContact),
    MeetingAttendee(MeetingAttendee),
    OrderLine(OrderLine),
    CustomField(CustomField),
    SourceSystem(SourceSystem),
    FieldPolicy(FieldPolicy),
    Note(Note),
    Task(Task),
    BusinessCalendar(BusinessCalendar),
    Definition(Definition),
    FxRate(FxRate),
    Goal(Goal),
    Identity(Identity),
    IdentityRule(IdentityRule),
    IndustryTeamMember(IndustryTeamMember),
    QueueMember(QueueMember),
    MeetingFile(MeetingFile),
    TicketFile(TicketFile),
    ContractFile(ContractFile),
    WebhookEndpoint(WebhookEndpoint),
    WebhookDelivery(WebhookDelivery),
}

macro_rules! load {
    ($cx:expr, $id:expr, $table:path, $ty:ident) => {
        one::<$table, $ty>($cx, $id).await?.map(Node::$ty)
    };
}

/// The object of an id. A type that the caller's schema does not know has no rows that its scope reaches, so it answers like
/// an id that nobody has.
async fn load(cx: &Cx, GlobalId { kind, uuid: id }: GlobalId) -> Result<Option<Node>> {
    Ok(match kind {
        Kind::Account => {
            let found = load!(cx, id, account::account::Entity, Account);
            or_merged::<account::account::Entity, _>(cx, kind, id, found).await?
        }
        Kind::Contact => {
            let found = load!(cx, id, account::contact::Entity, Contact);
            or_merged::<account::contact::Entity, _>(cx, kind, id, found).await?
        }
        Kind::ContactPoint => load!(cx, id, account::contact_point::Entity, ContactPoint),
        Kind::Employment => load!(cx, id, account::employment::Entity, Employment),
        Kind::Consent => load!(cx, id, account::consent::Entity, Consent),
        Kind::Colleague => load!(cx, id, account::colleague::Entity, Colleague),
        Kind::Industry => load!(cx, id, account::industry::Entity, Industry),
        Kind::AccountTeamMember => load!(cx, id, account::account_team_member::Entity, AccountTeamMember),
        Kind::IndustryTeamMember => load!(cx, id, account::industry_team_member::Entity, IndustryTeamMember),
        Kind::Identity => load!(cx, id, account::identity::Entity, Identity),
        Kind::IdentityRule => load!(cx, id, account::identity_rule::Entity, IdentityRule),
        Kind::Queue => load!(cx, id, tenant::queue::Entity, Queue),
        Kind::QueueMember => load!(cx, id, tenant::queue_member::Entity, QueueMember),
        Kind::Goal => load!(cx, id, tenant::goal::Entity, Goal),
        Kind::Definition => load!(cx, id, tenant::definition::Entity, Definition),
        Kind::FxRate => load!(cx, id, sync::fx_rate::Entity, FxRate),
        Kind::BusinessCalendar => load!(cx, id, service::business_calendar::Entity, BusinessCalendar),
        Kind::Campaign => load!(cx, id, marketing::campaign::Entity, Campaign),
        Kind::Channel => load!(cx, id, marketing::channel::Entity, Channel),
        Kind::ContentAsset => load!(cx, id, marketing::content_asset::Entity, ContentAsset),
        Kind::Touchpoint => load!(cx, id, marketing::touchpoint::Entity, Touchpoint),
        Kind::Lead => load!(cx, id, marketing::lead::Entity, Lead),
        Kind::Handover => load!(cx, id, marketing::handover::Entity, Handover),
        Kind::Opportunity => load!(cx, id, sales::opportunity::Entity, Opportunity),
        Kind::Meeting => load!(cx, id, sales::meeting::Entity, Meeting),
        Kind::Requirement => load!(cx, id, sales::requirement::Entity, Requirement),
        Kind::Activity => load!(cx, id, sales::activity::Entity, Activity),
        Kind::Order => load!(cx, id, sales::sales_order::Entity, Order),
        Kind::Product => load!(cx, id, sales::product::Entity, Product),
        Kind::Asset => load!(cx, id, service::asset::Entity, Asset),
        Kind::Ticket => load!(cx, id, service::ticket::Entity, Ticket),
        Kind::TicketMessage => match load!(cx, id, service::ticket_message::Entity, TicketMessage) {
            Some(message) => Some(message),
            // Messages and notes share a prefix; what the caller may not see is neither.
            None => one_as::<service::ticket_message::Entity, _>(cx, Type::TicketNote, id).await?.map(Node::TicketNote),
        },
        Kind::SlaClock => load!(cx, id, service::sla_clock::Entity, SlaClock),
        Kind::SlaPolicy => load!(cx, id, service::sla_policy::Entity, SlaPolicy),
        Kind::SurveyAnswer => load!(cx, id, service::survey_answer::Entity, SurveyAnswer),
        Kind::Visitor => load!(cx, id, account::visitor::Entity, Visitor),
        Kind::CampaignCost => load!(cx, id, marketing::campaign_cost::Entity, CampaignCost),
        Kind::Lesson => load!(cx, id, marketing::lesson::Entity, Lesson),
        Kind::Pipeline => load!(cx, id, sales::pipeline::Entity, Pipeline),
        Kind::Stage => load!(cx, id, sales::stage::Entity, Stage),
        Kind::Contract => load!(cx, id, sales::contract::Entity, Contract),
        Kind::OpportunityContact => load!(cx, id, sales::opportunity_contact::Entity, OpportunityContact),
        Kind::MeetingAttendee => load!(cx, id, sales::meeting_attendee::Entity, MeetingAttendee),
        Kind::OrderLine => load!(cx, id, sales::order_line::Entity, OrderLine),
        Kind::CustomField => load!(cx, id, tenant::custom_field::Entity, CustomField),
        Kind::WebhookEndpoint => load!(cx, id, sync::webhook_endpoint::Entity, WebhookEndpoint),
        Kind::WebhookDelivery => load!(cx, id, sync::webhook_delivery::Entity, WebhookDelivery),
        Kind::SourceSystem => load!(cx, id, sync::source_system::Entity, SourceSystem),
        Kind::FieldPolicy => load!(cx, id, sync::field_policy::Entity, FieldPolicy),
        Kind::Note => load!(cx, id, sales::note::Entity, Note),
        Kind::Task => load!(cx, id, sales::task::Entity, Task),
        // Files share a table and a prefix; each is read under the line of its record.
        Kind::File => {
            let ticket = one::<service::file::Entity, TicketFile>(cx, id).await?.map(Node::TicketFile);
            let meeting =
                one_as::<service::file::Entity, MeetingFile>(cx, Type::Meeting, id).await?.map(Node::MeetingFile);
            let contract =
                one_as::<service::file::Entity, ContractFile>(cx, Type::Order, id).await?.map(Node::ContractFile);
            ticket.or(meeting).or(contract)
        }
        // An event is read where it belongs, on a timeline, a conflict and a merge with their records, an import by `importJob`; of the
        // tenant there is but one, `tenant`.
        Kind::Event | Kind::FieldConflict | Kind::ImportJob | Kind::Merge | Kind::Tenant => None,
    })
}

/// Finding anything by its id.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The object of an id; null if there is none that you may see. MERGED with `newId` for the id of a record that was merged into
    /// another.
    async fn node(&self, ctx: &Context<'_>, id: GlobalId) -> Result<Option<Node>> {
        load(Cx::of(ctx), id).await
    }

    /// The objects of at most 100 ids, in their order; null for each that you may not see, and for each that was merged into another:
    /// then an error MERGED with `newId` comes along.
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<GlobalId>) -> Result<Vec<Option<Node>>> {
        if ids.len() > usize::try_from(MAX_PAGE).unwrap_or_default() {
            return Err(Error::BadInput(format!("at most {MAX_PAGE} ids, not {}", ids.len())));
        }
        let cx = Cx::of(ctx);
        let found = join_all(ids.into_iter().map(|id| load(cx, id))).await;
        let found = found.into_iter().enumerate().map(|(place, found)| match found {
            // The others are there all the same.
            Err(error @ Error::Merged(_)) => {
                let said = async_graphql::Error::from(error).into_server_error(ctx.item.pos);
                let mut said = ctx.set_error_path(said);
                said.path.push(PathSegment::Index(place));
                ctx.add_error(said);
                Ok(None)
            }
            found => found,
        });
        found.collect()
    }
}
