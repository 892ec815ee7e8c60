//! Fivetran's tables with the columns as they are there. Their ids are scrambled and mostly do not join: everything goes in, and what
//! has no target is counted.

use mappings::{Entity, Source};
use serde_json::{Value, json};

use crate::{Taken, data, folder};

fn left(taken: &Taken) -> Vec<&str> {
    taken.report.files.iter().filter(|file| file.read_as.is_empty()).map(|file| file.file.as_str()).collect()
}

fn unknown(taken: &Taken) -> Vec<&str> {
    taken.report.files.iter().flat_map(|file| &file.unknown).map(String::as_str).collect()
}

#[test]
fn hubspot() {
    let taken = folder(Source::Hubspot, data("fivetran_hubspot"));
    assert_eq!(taken.told(), Vec::<String>::new());
    assert_eq!(
        taken.counts(),
        [
            ("INDUSTRY", 13),
            ("PIPELINE", 15),
            ("STAGE", 86),
            ("COLLEAGUE", 100),
            ("ACCOUNT", 24),
            ("CAMPAIGN", 100),
            ("CONTACT", 22),
            ("TOUCHPOINT", 4),
            ("OPPORTUNITY", 44),
            ("OPPORTUNITY_CONTACT", 11),
            ("MEETING", 100),
            ("ACTIVITY", 3),
            ("TICKET", 25),
            ("TICKET_MESSAGE", 25),
            ("NOTE", 1),
            ("TASK", 2),
        ]
    );
    assert_eq!(unknown(&taken), Vec::<&str>::new());
    assert_eq!(left(&taken), ["deal_stage_data.csv", "engagement_data.csv", "ticket_deal_data.csv", "users_data.csv"]);
    let contact = taken.row(Entity::Contact, "78971951");
    assert_eq!(contact.set["familyName"], "22370ea245fce0b355938327d41bd1e4");
    assert_eq!(
        contact.set["contactPoints"],
        json!([
            { "kind": "EMAIL", "value": "fcb67ef339b691956cc85fa12be6490c", "label": "email" },
            { "kind": "EMAIL", "value": "261d3936e165a33b3f31e5fdd0e3121d", "label": "second" },
        ])
    );
    assert_eq!(taken.row(Entity::Contact, "46897301").merged_into.as_deref(), Some("78971951"));
    let meeting = taken.row(Entity::Meeting, "3416212491");
    assert_eq!(
        (&meeting.set["startsAt"], &meeting.set["endsAt"]),
        (&json!("2019-09-26T13:00:00Z"), &json!("2019-09-26T14:30:00Z"))
    );
    let account = taken.row(Entity::Account, "2182162682");
    assert_eq!(account.set["annualRevenue"], json!({ "amount": "10000000.00", "currency": "EUR" }));
    let call = taken.row(Entity::Activity, "19732910159");
    assert_eq!(
        (&call.on_create["kind"], &call.on_create["occurredAt"], call.relations["contact"].as_str()),
        (&json!("CALL"), &json!("2014-08-27T20:50:44.778Z"), "501")
    );
    let stage = taken.row(Entity::Stage, "/n0+plNHbWErNq8Ek+NM3g==");
    assert_eq!(
        Value::Object(stage.set.clone()),
        json!({ "isOpen": false, "isWon": true, "name": "HloNyGJEOLMWtXLjmapLQw==", "position": 6, "probability": 100 })
    );
}

#[test]
fn salesforce() {
    let taken = folder(Source::Salesforce, data("fivetran_salesforce"));
    // A probability of a thousand percent costs itself.
    assert_eq!(
        taken.told(),
        ["sf_opportunity_data.csv:2 (006q000000HddohAAB) probability: the column probability is not between 0 and 100"]
    );
    assert_eq!(
        taken.counts(),
        [
            ("INDUSTRY", 1),
            ("COLLEAGUE", 10),
            ("ACCOUNT", 10),
            ("PRODUCT", 2),
            ("CONTACT", 4),
            ("LEAD", 1),
            ("OPPORTUNITY", 10),
            ("MEETING", 10),
            ("MEETING_ATTENDEE", 10),
            ("ORDER", 10),
            ("TASK", 10),
        ]
    );
    assert_eq!(
        left(&taken),
        [
            "sf_account_history_data.csv",
            "sf_contact_history_data.csv",
            "sf_opportunity_history_data.csv",
            "sf_opportunity_line_item_data.csv",
            "sf_user_role_data.csv",
        ]
    );
    let deal = taken.row(Entity::Opportunity, "006q000000HddohAAB");
    assert!(deal.deleted);
    assert_eq!(deal.set["amount"], json!({ "amount": "24120000.00", "currency": "EUR" }));
    assert_eq!(
        (&deal.set["closeDate"], &deal.set["stage"]),
        (&json!("2018-12-19"), &json!("GavUFuuf4DrnQAoiRGlWpQ=="))
    );
    assert_eq!(deal.on_create["forecastCategory"], "CLOSED");
    assert_eq!(taken.row(Entity::Opportunity, "006q000000HK8jdAAD").on_create["forecastCategory"], "OMITTED");
    assert_eq!(taken.row(Entity::Opportunity, "006q000000HdOhuAAF").on_create["forecastCategory"], "PIPELINE");
    assert_eq!(taken.row(Entity::Account, "001q0000013WMSUAA4").set["employees"], 120_210);
    let task = taken.row(Entity::Task, "00T1G00003Ufap9UAB");
    assert_eq!(task.relations["record"], "OPPORTUNITY:0061G00000N38JZQAZ");
    assert_eq!(taken.row(Entity::Task, "00T1G00003UffGjUAJ").relations["record"], "LEAD:00Q1G00000nOMcPUAW");
    let lead = taken.row(Entity::Lead, "00Q1G00000nDnM5UAK");
    assert_eq!(
        (lead.relations["contact"].as_str(), lead.relations["account"].as_str()),
        ("0031G00001QtDPlQAN", "0011G00000tLWKnQAO")
    );
    // Of ten tasks, events and orders no account is in the file of accounts.
    let orphans = taken.orphans();
    assert!(orphans.contains(&("ORDER", "account", 10)), "{orphans:?}");
    assert!(orphans.contains(&("MEETING_ATTENDEE", "contact", 10)), "{orphans:?}");
}

#[test]
fn zendesk() {
    let taken = folder(Source::Zendesk, data("fivetran_zendesk"));
    assert_eq!(taken.told(), Vec::<String>::new());
    assert_eq!(
        taken.counts(),
        [("QUEUE", 8), ("COLLEAGUE", 1), ("ACCOUNT", 10), ("CONTACT", 9), ("TICKET", 10), ("TICKET_MESSAGE", 20)]
    );
    assert_eq!(unknown(&taken), Vec::<&str>::new());
    assert_eq!(left(&taken), ["brand_data.csv", "ticket_tag_data.csv"]);
    let ticket = taken.row(Entity::Ticket, "11071");
    assert_eq!(
        Value::Object(ticket.set.clone()),
        json!({ "channel": "EMAIL", "priority": "URGENT", "status": "CLOSED", "subject": "subject1" })
    );
    assert_eq!((ticket.relations["contact"].as_str(), ticket.relations["owner"].as_str()), ("2222", "1111"));
    let deleted: Vec<&str> = taken.rows.iter().filter(|row| row.deleted).map(|row| row.external_id.as_str()).collect();
    assert_eq!(deleted, ["1595", "11013"]);
    let orphans = taken.orphans();
    assert!(orphans.contains(&("TICKET_MESSAGE", "ticket", 20)), "{orphans:?}");
    assert!(orphans.contains(&("TICKET", "contact", 9)), "{orphans:?}");
}
