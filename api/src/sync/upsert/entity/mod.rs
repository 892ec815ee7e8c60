//! The kinds of records that other systems hold, one file each: their fields, and what follows from a new or a changed one.

mod account;
mod asset;
mod campaign;
mod campaign_cost;
mod channel;
mod colleague;
mod contact;
mod lead;
mod named;
mod stages;
mod survey_answer;
mod ticket;
mod ticket_message;
mod touchpoint;
mod ways;

pub use lead::LeadTouchSetInput;
pub use ways::ContactPointSetInput;

use async_graphql::MergedObject;

use super::{Answer, Ask, Beside, Incoming, JsonRow, SyncEntity, take};
use crate::graph::{Cx, Error, Result, UserError};

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
                #[allow(unreachable_patterns, reason = "every kind has a line")]
                _ => Err(Error::NotFound),
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
                #[allow(unreachable_patterns, reason = "every kind has a line")]
                _ => (Vec::new(), Vec::new()),
            }
        }
    };
}

kinds! {
    Colleague colleague::Colleagues;
    Channel channel::Channels;
    Account account::Accounts;
    Contact contact::Contacts;
    Campaign campaign::Campaigns;
    CampaignCost campaign_cost::CampaignCosts;
    Touchpoint touchpoint::Touchpoints;
    Lead lead::Leads;
    Asset asset::Assets;
    Ticket ticket::Tickets;
    TicketMessage ticket_message::TicketMessages;
    SurveyAnswer survey_answer::SurveyAnswers;
}

/// Everything that takes batches.
#[derive(MergedObject, Default)]
pub struct UpsertMutations(
    colleague::UpsertColleagues,
    channel::UpsertChannels,
    account::UpsertAccounts,
    contact::UpsertContacts,
    campaign::UpsertCampaigns,
    campaign_cost::UpsertCampaignCosts,
    touchpoint::UpsertTouchpoints,
    lead::UpsertLeads,
    asset::UpsertAssets,
    ticket::UpsertTickets,
    ticket_message::UpsertTicketMessages,
    survey_answer::UpsertSurveyAnswers,
);
