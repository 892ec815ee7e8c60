//! What is asked of a batch.

use async_graphql::Enum;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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

    /// The prefix of its global ids.
    pub const fn kind(self) -> crate::graph::Kind {
        use crate::graph::Kind;
        match self {
            SyncEntity::Colleague => Kind::Colleague,
            SyncEntity::Channel => Kind::Channel,
            SyncEntity::Product => Kind::Product,
            SyncEntity::Account => Kind::Account,
            SyncEntity::Contact => Kind::Contact,
            SyncEntity::Campaign => Kind::Campaign,
            SyncEntity::CampaignCost => Kind::CampaignCost,
            SyncEntity::Touchpoint => Kind::Touchpoint,
            SyncEntity::Lead => Kind::Lead,
            SyncEntity::Opportunity => Kind::Opportunity,
            SyncEntity::OpportunityContact => Kind::OpportunityContact,
            SyncEntity::Meeting => Kind::Meeting,
            SyncEntity::Activity => Kind::Activity,
            SyncEntity::Note => Kind::Note,
            SyncEntity::Task => Kind::Task,
            SyncEntity::Order => Kind::Order,
            SyncEntity::OrderLine => Kind::OrderLine,
            SyncEntity::Contract => Kind::Contract,
            SyncEntity::Asset => Kind::Asset,
            SyncEntity::Ticket => Kind::Ticket,
            SyncEntity::TicketMessage => Kind::TicketMessage,
            SyncEntity::SurveyAnswer => Kind::SurveyAnswer,
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

/// What happens to a row that refers to a record which is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrphanRule {
    /// The row fails.
    #[default]
    Fail,
    /// The row goes in without the reference, and its outcome says so; the same row again sets it, once the other record is there. A
    /// record that cannot be without it fails.
    Leave,
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
    /// What happens to a row that refers to a record which is not known.
    pub orphans: OrphanRule,
    /// Tell what would happen, and change nothing.
    pub dry_run: bool,
    /// The same key with the same body answers what was answered then, for 24 hours.
    pub idempotency_key: Option<String>,
    /// Whether a person has decided that this is written: the field policy does not stand in the way.
    pub resolving: bool,
}

impl Ask {
    /// What is asked, in one number: the same key stands for the same ask.
    pub(super) fn fingerprint(&self, rows: impl Iterator<Item = String>) -> String {
        let mut hash = Sha256::new();
        let asked = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            self.entity, self.source, self.mode, self.error_policy, self.conflict, self.orphans
        );
        for part in std::iter::once(asked).chain(rows) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
