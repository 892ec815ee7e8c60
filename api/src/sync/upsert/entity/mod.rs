//! The kinds of records that other systems hold, one file each: their fields, and what follows from a new or a changed one.

mod about;
mod account;
mod activity;
mod channel;
mod columns;
mod contact;
mod contract;
mod deals;
mod meeting;
mod named;
mod note;
mod opportunity;
mod opportunity_contact;
mod order;
mod order_line;
mod product;
mod stages;
mod task;
mod ways;

pub use about::RecordReferenceInput;
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
    Channel channel::Channels;
    Account account::Accounts;
    Contact contact::Contacts;
    Product product::Products;
    Opportunity opportunity::Opportunities;
    OpportunityContact opportunity_contact::OpportunityContacts;
    Meeting meeting::Meetings;
    Activity activity::Activities;
    Note note::Notes;
    Task task::Tasks;
    Order order::Orders;
    OrderLine order_line::OrderLines;
    Contract contract::Contracts;
}

/// Everything that takes batches.
#[derive(MergedObject, Default)]
pub struct UpsertMutations(
    channel::UpsertChannels,
    account::UpsertAccounts,
    contact::UpsertContacts,
    product::UpsertProducts,
    opportunity::UpsertOpportunities,
    opportunity_contact::UpsertOpportunityContacts,
    meeting::UpsertMeetings,
    activity::UpsertActivities,
    note::UpsertNotes,
    task::UpsertTasks,
    order::UpsertOrders,
    order_line::UpsertOrderLines,
    contract::UpsertContracts,
);
