//! What a generator cannot know of a mutation: the one obvious place to say it. A mutation whose input is plain needs no line.

use api::graph::Kind;

/// What is special about a mutation's input.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    pub mutation: &'static str,
    /// Of which kind its `id` is, where its name does not say so.
    pub id: Option<Kind>,
    /// Optional fields that must be there.
    pub needs: &'static [&'static str],
    /// Fields that cannot stand beside the others.
    pub without: &'static [&'static str],
    /// Values, as JSON.
    pub with: &'static str,
}

const PLAIN: Recipe = Recipe { mutation: "", id: None, needs: &[], without: &[], with: "{}" };

/// The recipes, by name.
pub const RECIPES: &[Recipe] = &[
    Recipe { mutation: "createGoal", with: r#"{"target":"10"}"#, ..PLAIN },
    Recipe { mutation: "updateGoal", needs: &["target"], with: r#"{"target":"10"}"#, ..PLAIN },
    Recipe { mutation: "createSlaPolicy", without: &["boundary"], ..PLAIN },
    Recipe { mutation: "updateSlaPolicy", without: &["boundary"], ..PLAIN },
    Recipe { mutation: "moveAsset", without: &["contractId"], with: r#"{"accountId":"@newAccountId"}"#, ..PLAIN },
    Recipe { mutation: "updatePipeline", with: r#"{"isDefault":false}"#, ..PLAIN },
    Recipe { mutation: "updateLead", without: &["visitorId"], ..PLAIN },
    Recipe { mutation: "updateSurveyAnswer", with: r#"{"score":5}"#, ..PLAIN },
    Recipe {
        mutation: "addIndustryTeamMember",
        with: r#"{"colleagueId":"@newColleagueId","discipline":"SALES"}"#,
        ..PLAIN
    },
    Recipe { mutation: "addQueueMember", with: r#"{"colleagueId":"@newColleagueId"}"#, ..PLAIN },
    Recipe { mutation: "createWebhookEndpoint", with: r#"{"eventTypes":["lead.created"]}"#, ..PLAIN },
    Recipe { mutation: "updateWebhookEndpoint", with: r#"{"eventTypes":["lead.created"]}"#, ..PLAIN },
    Recipe { mutation: "rotateWebhookSecret", id: Some(Kind::WebhookEndpoint), ..PLAIN },
    Recipe { mutation: "replayWebhookEvents", id: Some(Kind::WebhookEndpoint), ..PLAIN },
    Recipe { mutation: "createFxRate", with: r#"{"base":"EUR","quote":"USD"}"#, ..PLAIN },
    Recipe { mutation: "createContact", with: r#"{"contactPoints.kind":"EMAIL"}"#, ..PLAIN },
    Recipe {
        mutation: "addContactPoint",
        needs: &["contactId"],
        without: &["accountId"],
        with: r#"{"kind":"EMAIL","value":"new@example.com"}"#,
        ..PLAIN
    },
    Recipe {
        mutation: "addAccountTeamMember",
        with: r#"{"colleagueId":"@newColleagueId","discipline":"SALES"}"#,
        ..PLAIN
    },
    Recipe { mutation: "assignTicket", needs: &["ownerId"], ..PLAIN },
    Recipe { mutation: "changeTicketStatus", with: r#"{"status":"OPEN"}"#, ..PLAIN },
    Recipe { mutation: "changeOpportunityStage", id: Some(Kind::Opportunity), ..PLAIN },
    Recipe { mutation: "completeTicketFile", id: Some(Kind::File), ..PLAIN },
    Recipe { mutation: "completeMeetingFile", id: Some(Kind::File), ..PLAIN },
    Recipe { mutation: "completeContractFile", id: Some(Kind::File), ..PLAIN },
    Recipe { mutation: "deleteTicketFile", id: Some(Kind::File), ..PLAIN },
    Recipe { mutation: "deleteMeetingFile", id: Some(Kind::File), ..PLAIN },
    Recipe { mutation: "deleteContractFile", id: Some(Kind::File), ..PLAIN },
    Recipe { mutation: "createCustomField", needs: &["choices"], with: r#"{"type":"CHOICE"}"#, ..PLAIN },
    Recipe {
        mutation: "setCustomFields",
        id: Some(Kind::Account),
        with: r#"{"values":[{"code":"held","value":"x"}]}"#,
        ..PLAIN
    },
    Recipe {
        mutation: "setFieldPolicy",
        needs: &["ownerSourceId"],
        without: &["ifVersion"],
        with: r#"{"entity":"ACCOUNT","field":"name","rule":"OWNER"}"#,
        ..PLAIN
    },
    Recipe { mutation: "resolveFieldConflict", with: r#"{"take":false}"#, ..PLAIN },
    Recipe { mutation: "cancelImport", id: Some(Kind::ImportJob), ..PLAIN },
    Recipe { mutation: "undoImport", id: Some(Kind::ImportJob), ..PLAIN },
    Recipe { mutation: "createLead", needs: &["contactId"], without: &["visitorId"], ..PLAIN },
    Recipe { mutation: "createStage", with: r#"{"objectType":"OPPORTUNITY","isOpen":true,"isWon":false}"#, ..PLAIN },
    Recipe { mutation: "createTask", without: &["queueId"], ..PLAIN },
    Recipe { mutation: "updateTask", without: &["queueId"], ..PLAIN },
    Recipe { mutation: "updateStage", with: r#"{"isOpen":false}"#, ..PLAIN },
    Recipe { mutation: "offerHandover", needs: &["toColleagueId"], without: &["toQueueId"], ..PLAIN },
    Recipe { mutation: "createOpportunity", without: &["pipelineId"], ..PLAIN },
    Recipe { mutation: "addMeetingAttendee", needs: &["contactId"], without: &["colleagueId"], ..PLAIN },
    Recipe { mutation: "updateOrder", with: r#"{"status":"CONFIRMED"}"#, ..PLAIN },
    Recipe { mutation: "recordActivity", needs: &["accountId"], ..PLAIN },
    Recipe {
        mutation: "recordSurveyAnswer",
        needs: &["accountId"],
        with: r#"{"kind":"CSAT","scale":5,"score":4}"#,
        ..PLAIN
    },
    Recipe { mutation: "recordTouchpoint", needs: &["contactId"], without: &["visitorId"], ..PLAIN },
    Recipe {
        mutation: "recordTouchpoints",
        needs: &["touchpoints.contactId"],
        without: &["touchpoints.visitorId"],
        ..PLAIN
    },
    Recipe { mutation: "updateAccount", with: r#"{"lifecycleStage":"ENGAGED"}"#, ..PLAIN },
    Recipe { mutation: "updateContact", with: r#"{"lifecycleStage":"MQL"}"#, ..PLAIN },
];

/// The recipe of a mutation.
pub fn recipe(mutation: &str) -> Recipe {
    RECIPES.iter().copied().find(|recipe| recipe.mutation == mutation).unwrap_or(PLAIN)
}

/// What an id field names. `id` is the mutation's own business.
pub fn named(field: &str) -> Option<Kind> {
    Some(match field {
        "accountId" | "newAccountId" | "recordId" => Kind::Account,
        "contactId" | "newContactId" | "contactIds" => Kind::Contact,
        "visitorId" => Kind::Visitor,
        "mergeId" => Kind::Merge,
        "colleagueId" | "colleagueIds" | "ownerId" | "toColleagueId" | "assigneeId" | "mentionIds"
        | "newColleagueId" => Kind::Colleague,
        "industryId" | "targetIndustryIds" => Kind::Industry,
        "queueId" | "toQueueId" => Kind::Queue,
        "campaignId" | "primaryCampaignId" | "appliedToCampaignId" => Kind::Campaign,
        "channelId" => Kind::Channel,
        "contentAssetId" => Kind::ContentAsset,
        "touchpointId" => Kind::Touchpoint,
        "leadId" => Kind::Lead,
        "opportunityId" => Kind::Opportunity,
        "meetingId" => Kind::Meeting,
        "pipelineId" => Kind::Pipeline,
        "productId" => Kind::Product,
        "orderId" => Kind::Order,
        "contractId" => Kind::Contract,
        "calendarId" => Kind::BusinessCalendar,
        "slaPolicyId" => Kind::SlaPolicy,
        "subjectId" => Kind::Lead,
        "assetId" => Kind::Asset,
        "ticketId" => Kind::Ticket,
        "ownerSourceId" => Kind::SourceSystem,
        _ => return None,
    })
}

/// A good value of a text field; `n` makes it the only one.
pub fn text(field: &str, n: u32) -> String {
    match field {
        "code" => format!("CODE_{n}"),
        "number" => format!("N-{n}"),
        "currency" => "EUR".to_owned(),
        "country" => "DE".to_owned(),
        "language" => "de".to_owned(),
        "zone" => "Europe/Berlin".to_owned(),
        "domains" => format!("d{n}.example.com"),
        "url" | "website" | "pageUrl" | "referrer" => format!("https://example.com/{n}"),
        "value" | "email" => format!("m{n}@example.com"),
        "from" => "08:00".to_owned(),
        "to" => "17:00".to_owned(),
        "stage" => "DISCOVERY".to_owned(),
        "contentType" => "application/pdf".to_owned(),
        "name" | "serial" | "title" | "givenName" | "familyName" | "label" => format!("Ätna {n}"),
        _ => format!("Some words, {n}"),
    }
}

/// A good whole number.
pub fn number(field: &str) -> i32 {
    match field {
        "rating" => 4,
        _ => 7,
    }
}

/// Whether a moment or day is the later of a pair.
pub fn is_end(field: &str) -> bool {
    ["dueAt", "endsAt", "validTo", "dateTo", "endDate", "closeDate", "warrantyUntil", "renewalDate", "to", "until"]
        .contains(&field)
}

/// What begins and what ends.
pub const PAIRS: [(&str, &str); 5] = [
    ("startDate", "endDate"),
    ("dateFrom", "dateTo"),
    ("validFrom", "validTo"),
    ("startsAt", "endsAt"),
    ("from", "to"),
];

/// Numbers that may be below zero, each with its reason.
pub const MAY_BE_NEGATIVE: [(&str, &str); 1] = [("scoreLead.score", "what speaks against a lead takes points away")];

/// Mutations without an input, each with its reason.
pub const WITHOUT_INPUT: [(&str, &str); 2] = [
    ("breachOverdueClocks", "looks at every clock of the tenant: there is nothing to say"),
    ("expireOverdueHandovers", "looks at every open offer of the tenant: there is nothing to say"),
];
