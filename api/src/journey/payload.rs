//! What an event keeps beside its columns: codes, ids, amounts, before and after. Never a name, an address or free text, so
//! that erasing a person need not touch the history.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The typed payloads. A shape that an older version wrote reads as [`Payload::Unknown`]; it is upcast here, never rewritten.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Payload {
    /// Nothing beside the columns.
    #[default]
    None,
    /// A marketing touch.
    Touch {
        /// The campaign.
        campaign_id: Option<Uuid>,
        /// The channel.
        channel_id: Option<Uuid>,
        /// The asset.
        content_asset_id: Option<Uuid>,
        /// Whether the customer came to us.
        is_inbound: bool,
    },
    /// A lead's score or status.
    Lead {
        /// The campaign that the lead is credited to when it was created.
        campaign_id: Option<Uuid>,
        /// The score before.
        score_before: Option<i32>,
        /// The score after.
        score_after: Option<i32>,
        /// The opportunity that it became.
        opportunity_id: Option<Uuid>,
        /// Why it was disqualified.
        reason: Option<String>,
    },
    /// A handover.
    Handover {
        /// The boundary that it crosses.
        boundary: String,
        /// What is handed over.
        subject_type: String,
        /// Which one.
        subject_id: Uuid,
        /// Why it was rejected or returned.
        reason: Option<String>,
        /// How good it was, 1 to 5.
        rating: Option<i32>,
    },
    /// A change of stage of an opportunity, with what it was worth.
    Stage {
        /// The stage before.
        from: Option<String>,
        /// The stage after.
        to: Option<String>,
        /// The amount at that time, minor units.
        amount_minor: Option<i64>,
        /// The amount's currency.
        currency: Option<String>,
    },
    /// A change of amount.
    Amount {
        /// Minor units before.
        before_minor: Option<i64>,
        /// Minor units after.
        after_minor: Option<i64>,
        /// The currency after.
        currency: Option<String>,
    },
    /// A moved date.
    Date {
        /// Before.
        before: Option<NaiveDate>,
        /// After.
        after: Option<NaiveDate>,
    },
    /// A meeting.
    Meeting {
        /// CALL, VISIT, DEMO …
        kind: String,
        /// When it starts.
        starts_at: DateTime<Utc>,
    },
    /// A call, mail, visit or trial.
    Activity {
        /// INBOUND or OUTBOUND.
        direction: String,
        /// Whether a machine did it.
        automatic: bool,
    },
    /// A requirement.
    Requirement {
        /// Its category.
        category: String,
    },
    /// An order or contract.
    Order {
        /// Its total, minor units.
        total_minor: Option<i64>,
        /// The currency.
        currency: Option<String>,
    },
    /// A ticket's change.
    Ticket {
        /// The status before.
        status_before: Option<String>,
        /// The status after.
        status_after: Option<String>,
        /// The priority.
        priority: Option<String>,
        /// Whom it went to.
        assignee_id: Option<Uuid>,
        /// The queue.
        queue_id: Option<Uuid>,
    },
    /// A promise, kept or broken.
    ServiceLevel {
        /// What was promised.
        metric: String,
        /// By when.
        due_at: Option<DateTime<Utc>>,
    },
    /// A survey's answer.
    Survey {
        /// The highest possible score.
        scale: i32,
        /// The score.
        score: i32,
    },
    /// A stage of a person or an account.
    Lifecycle {
        /// What moves: LIFECYCLE, ACCOUNT …
        object_type: String,
        /// The stage.
        stage: String,
        /// Since when it was in the stage that it leaves.
        entered_at: Option<DateTime<Utc>>,
    },
    /// Consent.
    Consent {
        /// What for.
        purpose: String,
        /// By which channel.
        channel: Option<String>,
    },
    /// A merge or a link.
    Identity {
        /// The operation, so that it can be undone.
        operation_id: Option<Uuid>,
        /// The other side.
        other_type: Option<String>,
        /// The other side's id.
        other_id: Option<Uuid>,
    },
    /// A team's member.
    Team {
        /// Who.
        colleague_id: Uuid,
        /// In which discipline.
        discipline: String,
    },
    /// A plain change: which fields.
    Record {
        /// The names of the fields that changed.
        fields: Vec<String>,
    },
    /// A shape of another version.
    #[serde(other)]
    Unknown,
}

impl Payload {
    /// What was written, read back.
    pub fn read(value: &serde_json::Value) -> Payload {
        serde_json::from_value(value.clone()).unwrap_or(Payload::Unknown)
    }

    /// As it is written.
    pub fn write(&self) -> serde_json::Value {
        // Codes, ids and numbers always serialise; were it ever otherwise, the event's columns still say what happened.
        serde_json::to_value(self).unwrap_or_default()
    }
}
