//! The kinds of records that other systems hold, one file each: their fields, and what follows from a new or a changed one.

mod about;
mod account;
mod activity;
mod asset;
mod campaign;
mod campaign_cost;
mod channel;
mod colleague;
mod columns;
mod contact;
mod contract;
mod deals;
mod lead;
mod meeting;
mod named;
mod note;
mod opportunity;
mod opportunity_contact;
mod order;
mod order_line;
mod product;
mod references;
mod stages;
mod survey_answer;
mod task;
mod ticket;
mod ticket_message;
mod touchpoint;
mod ways;

pub use about::RecordReferenceInput;
pub use lead::LeadTouchSetInput;
pub use ways::ContactPointSetInput;

use async_graphql::MergedObject;

use super::{Answer, Ask, Beside, Incoming, JsonRow, SyncEntity, take};
use crate::graph::{Cx, Result, UserError};

/// A row of a file: read, or not readable, with its key as far as it is known and the reason.
pub type Line = std::result::Result<JsonRow, (String, UserError)>;

macro_rules! kinds {
    ($($entity:ident $name:path;)*) => {
        /// Takes a batch of one kind of record whose rows are JSON, as files, jobs and mappings bring them. The answer holds one outcome
        /// per row, in their order. Rows that cannot be understood are outcomes, too; an error is a fault of the house, or of the whole
        /// ask.
        pub async fn take_json(cx: &Cx, ask: &Ask, rows: Vec<JsonRow>, beside: &dyn Beside) -> Result<Answer> {
            match ask.entity {
                $(SyncEntity::$entity => {
                    let rows = rows.into_iter().map(Incoming::<$name>::of_json).collect();
                    Box::pin(take::<$name>(cx, ask, rows, beside)).await
                })*
            }
        }

        /// The fields and the references of a kind of record, by their names in the graph.
        pub fn fields(entity: SyncEntity) -> (Vec<String>, Vec<(String, SyncEntity)>) {
            use super::Synced;
            use crate::graph::camel;
            match entity {
                $(SyncEntity::$entity => (
                    <$name as Synced>::FIELDS.iter().map(|spec| camel(spec.name)).collect(),
                    <$name as Synced>::RELATIONS.iter().map(|spec| (camel(spec.name), spec.to)).collect(),
                ),)*
            }
        }
    };
}

kinds! {
    Colleague colleague::Colleagues;
    Channel channel::Channels;
    Product product::Products;
    Account account::Accounts;
    Contact contact::Contacts;
    Campaign campaign::Campaigns;
    CampaignCost campaign_cost::CampaignCosts;
    Touchpoint touchpoint::Touchpoints;
    Lead lead::Leads;
    Opportunity opportunity::Opportunities;
    OpportunityContact opportunity_contact::OpportunityContacts;
    Meeting meeting::Meetings;
    Activity activity::Activities;
    Note note::Notes;
    Task task::Tasks;
    Order order::Orders;
    OrderLine order_line::OrderLines;
    Contract contract::Contracts;
    Asset asset::Assets;
    Ticket ticket::Tickets;
    TicketMessage ticket_message::TicketMessages;
    SurveyAnswer survey_answer::SurveyAnswers;
}

/// Batches of the house and of marketing. In two parts: a merged object walks its parts one inside the other.
#[derive(MergedObject, Default)]
pub struct UpsertFirst(
    colleague::UpsertColleagues,
    channel::UpsertChannels,
    product::UpsertProducts,
    account::UpsertAccounts,
    contact::UpsertContacts,
    campaign::UpsertCampaigns,
    campaign_cost::UpsertCampaignCosts,
    touchpoint::UpsertTouchpoints,
    lead::UpsertLeads,
);

/// Batches of sales and of service.
#[derive(MergedObject, Default)]
pub struct UpsertSecond(
    opportunity::UpsertOpportunities,
    opportunity_contact::UpsertOpportunityContacts,
    meeting::UpsertMeetings,
    activity::UpsertActivities,
    note::UpsertNotes,
    task::UpsertTasks,
    order::UpsertOrders,
    order_line::UpsertOrderLines,
    contract::UpsertContracts,
    asset::UpsertAssets,
    ticket::UpsertTickets,
    ticket_message::UpsertTicketMessages,
    survey_answer::UpsertSurveyAnswers,
);

/// Everything that takes batches.
#[derive(MergedObject, Default)]
pub struct UpsertMutations(UpsertFirst, UpsertSecond);
