//! What is asked of a batch.

use async_graphql::Enum;
use serde::{Deserialize, Serialize};

/// A kind of record that other systems hold, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SyncEntity {
    /// A colleague: a user of the CRM.
    Colleague,
    /// A channel.
    Channel,
    /// A product.
    Product,
    /// An account.
    Account,
    /// A contact.
    Contact,
    /// A campaign.
    Campaign,
    /// What a campaign cost.
    CampaignCost,
    /// A touchpoint.
    Touchpoint,
    /// A lead.
    Lead,
    /// An opportunity.
    Opportunity,
    /// The role of a contact in an opportunity.
    OpportunityContact,
    /// A meeting.
    Meeting,
    /// A call, mail, chat or visit.
    Activity,
    /// A note.
    Note,
    /// A task.
    Task,
    /// An order.
    Order,
    /// A line of an order.
    OrderLine,
    /// A contract.
    Contract,
    /// An installed asset.
    Asset,
    /// A ticket.
    Ticket,
    /// A message of a ticket.
    TicketMessage,
    /// What a customer answered to a survey.
    SurveyAnswer,
}

impl SyncEntity {
    /// Every kind, in an order in which each comes after those that it refers to.
    pub const ALL: [SyncEntity; 22] = [
        SyncEntity::Colleague,
        SyncEntity::Channel,
        SyncEntity::Product,
        SyncEntity::Account,
        SyncEntity::Contact,
        SyncEntity::Campaign,
        SyncEntity::CampaignCost,
        SyncEntity::Touchpoint,
        SyncEntity::Lead,
        SyncEntity::Opportunity,
        SyncEntity::OpportunityContact,
        SyncEntity::Meeting,
        SyncEntity::Activity,
        SyncEntity::Note,
        SyncEntity::Task,
        SyncEntity::Order,
        SyncEntity::OrderLine,
        SyncEntity::Contract,
        SyncEntity::Asset,
        SyncEntity::Ticket,
        SyncEntity::TicketMessage,
        SyncEntity::SurveyAnswer,
    ];

    /// The name under which its keys are remembered (`external_ref.entity_type`), and in addresses: `campaign cost` is `campaign-cost`
    /// there.
    pub const fn name(self) -> &'static str {
        match self {
            SyncEntity::Colleague => "colleague",
            SyncEntity::Channel => "channel",
            SyncEntity::Product => "product",
            SyncEntity::Account => "account",
            SyncEntity::Contact => "contact",
            SyncEntity::Campaign => "campaign",
            SyncEntity::CampaignCost => "campaign cost",
            SyncEntity::Touchpoint => "touchpoint",
            SyncEntity::Lead => "lead",
            SyncEntity::Opportunity => "opportunity",
            SyncEntity::OpportunityContact => "opportunity contact",
            SyncEntity::Meeting => "meeting",
            SyncEntity::Activity => "activity",
            SyncEntity::Note => "note",
            SyncEntity::Task => "task",
            SyncEntity::Order => "order",
            SyncEntity::OrderLine => "order line",
            SyncEntity::Contract => "contract",
            SyncEntity::Asset => "asset",
            SyncEntity::Ticket => "ticket",
            SyncEntity::TicketMessage => "ticket message",
            SyncEntity::SurveyAnswer => "survey answer",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<SyncEntity> {
        SyncEntity::ALL.into_iter().find(|entity| entity.name() == name || entity.name().replace(' ', "-") == name)
    }
}

/// What happens to keys that are known, and to those that are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UpsertMode {
    /// A known key is updated, an unknown one created.
    #[default]
    Upsert,
    /// A known key is updated, an unknown one SKIPPED.
    UpdateOnly,
    /// An unknown key is created, a known one SKIPPED.
    CreateOnly,
}

/// What happens to the batch when a row fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorPolicy {
    /// Nothing happens if any row fails or conflicts; the others are SKIPPED.
    #[default]
    AllOrNothing,
    /// The rows that fail stay out; the others go in.
    SkipFailed,
}

/// What happens to a row of which the field policy refuses a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConflictRule {
    /// The field keeps its value, what was sent is kept as a conflict for a person to resolve, and the rest of the row goes in.
    #[default]
    Keep,
    /// The whole row is a CONFLICT, and nothing of it goes in.
    Refuse,
}

/// What is asked of a batch, beside its rows.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What the rows are.
    pub entity: SyncEntity,
    /// The code of the system that they come from, at most 100 characters.
    pub source: String,
    /// What happens to known and unknown keys.
    pub mode: UpsertMode,
    /// What happens when a row fails.
    pub error_policy: ErrorPolicy,
    /// What happens when the field policy refuses a field.
    pub conflict: ConflictRule,
    /// Tell what would happen, and change nothing.
    pub dry_run: bool,
    /// The same key with the same body answers what was answered then, for 24 hours.
    pub idempotency_key: Option<String>,
    /// Whether a person has decided that this is written: the field policy does not stand in the way.
    pub resolving: bool,
}
