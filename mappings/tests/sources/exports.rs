//! Exports by hand and answers of APIs, as each of the four systems gives them.

use mappings::{Entity, Source};
use serde_json::{Value, json};

use crate::{Taken, take};

fn set(taken: &Taken, entity: Entity, key: &str) -> Value {
    Value::Object(taken.row(entity, key).set.clone())
}

#[test]
fn hubspot_pages_as_csv() {
    let companies = "Record ID,Company name,Company Domain Name,City,Country/Region,Industry,Annual Revenue,Number of Employees,Create Date,Company owner\n\
        901,\"Müller, Söhne\",Mueller.Example,Ulm,Germany,Machinery,\"1,250,000.5\",120,2024-01-02 10:00,Ada\n";
    let contacts = "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Primary Associated Company ID,Lifecycle Stage,Lead Status,Favourite colour\n\
        501,Jane,Doe,Jane@Example.com,+49 731 1,Ada,901,Marketing Qualified Lead,,blue\n";
    let deals = "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Deal owner,Associated Company IDs (Primary),Deal probability\n\
        701,Press,Contract Sent,Sales Pipeline,12000,2024-12-31 23:30,Ada,901,0.9\n";
    let tickets = "Ticket ID,Ticket name,Ticket status,Priority,Source,Create date\n31,It leaks,Waiting on contact,Medium,Phone,2024-02-02 08:00\n";
    let files = [
        ("hubspot-crm-exports-all-deals-2024-03-01.csv", deals),
        ("hubspot-crm-exports-all-tickets.csv", tickets),
        ("hubspot-crm-exports-all-contacts-2024-03-01.csv", contacts),
        ("hubspot-crm-exports-all-companies.csv", companies),
    ];
    let taken = take(Source::Hubspot, &files);
    assert_eq!(taken.told(), Vec::<String>::new());
    assert_eq!(
        set(&taken, Entity::Account, "901"),
        json!({
            "annualRevenue": { "amount": "1250000.50", "currency": "EUR" },
            "contactPoints": [{ "kind": "ADDRESS", "value": "Ulm\nGermany", "label": "address" }],
            "country": "Germany",
            "domains": ["mueller.example"],
            "employees": 120,
            "name": "Müller, Söhne",
        })
    );
    assert_eq!(taken.row(Entity::Account, "901").relations["industry"], "Machinery");
    assert_eq!(taken.row(Entity::Industry, "Machinery").on_create["code"], "MACHINERY");
    let contact = taken.row(Entity::Contact, "501");
    assert_eq!(contact.relations["account"], "901");
    assert_eq!(contact.on_update["lifecycleStage"], "MQL");
    assert_eq!(
        contact.set["contactPoints"][0],
        json!({ "kind": "EMAIL", "value": "Jane@Example.com", "label": "email" })
    );
    assert_eq!(
        set(&taken, Entity::Opportunity, "701"),
        json!({
            "amount": { "amount": "12000.00", "currency": "EUR" },
            "closeDate": "2024-12-31",
            "name": "Press",
            "probability": 90,
            "stage": "Contract Sent",
        })
    );
    assert_eq!(
        set(&taken, Entity::Ticket, "31"),
        json!({ "channel": "PHONE", "priority": "NORMAL", "status": "PENDING_CUSTOMER", "subject": "It leaks" })
    );
    let unknown: Vec<&str> = taken.report.files.iter().flat_map(|file| &file.unknown).map(String::as_str).collect();
    assert_eq!(unknown, ["Favourite colour"]);
    assert_eq!(taken.orphans(), [], "of pipelines and owners there is no file");
}

#[test]
fn hubspot_answers_with_associations_whole_and_by_the_line() {
    let deal = r#"{"id":"7","properties":{"dealname":"Press","amount":"99.5","deal_currency_code":"USD","closedate":"2024-05-05T22:30:00Z","hubspot_owner_id":"44"},"associations":{"companies":{"results":[{"id":"901","type":"deal_to_company"}]},"contacts":{"results":[{"id":"501","type":"x"},{"id":"502","type":"x"}]}}}"#;
    let page = format!("{{\"results\":[{deal}],\"paging\":{{\"next\":{{\"after\":\"1\"}}}}}}");
    for (name, text) in [("deals.json", &page), ("deals.ndjson", &format!("{deal}\n"))] {
        let taken = take(Source::Hubspot, &[(name, text)]);
        assert_eq!(taken.told(), Vec::<String>::new());
        assert_eq!(taken.counts(), [("OPPORTUNITY", 1), ("OPPORTUNITY_CONTACT", 2)], "{name}");
        let row = taken.row(Entity::Opportunity, "7");
        assert_eq!((row.relations["account"].as_str(), row.relations["owner"].as_str()), ("901", "44"));
        assert_eq!(row.set["amount"], json!({ "amount": "99.50", "currency": "USD" }));
        let role = taken.row(Entity::OpportunityContact, "7/502");
        assert_eq!((role.relations["opportunity"].as_str(), role.relations["contact"].as_str()), ("7", "502"));
        assert_eq!(role.on_create["role"], "INFLUENCER");
    }
}

#[test]
fn salesforce_answers_and_its_data_loader() {
    let query = r#"{"totalSize":2,"done":true,"records":[
      {"attributes":{"type":"Opportunity","url":"/services/data/v60.0/sobjects/Opportunity/006D000000ABCdeIAG"},"Id":"006D000000ABCdeIAG","Name":"Press","StageName":"Closed Won","Amount":1500.5,"CloseDate":"2024-06-30","IsWon":true,"IsClosed":true,"AccountId":"001D000000IqhSLIAZ","NextStep":null},
      {"attributes":{"type":"Lead","url":"/x"},"Id":"00QD000000ABCdeIAG","LastName":"Roe","Company":"Nuts","IsConverted":false,"ConvertedContactId":null,"Email":"roe@example.com"}]}"#;
    let taken = take(Source::Salesforce, &[("query.json", query)]);
    assert_eq!(taken.told(), Vec::<String>::new());
    let row = taken.row(Entity::Opportunity, "006D000000ABCdeIAG");
    assert_eq!(row.set["nextStep"], Value::Null, "the API says that it is empty");
    assert_eq!(row.set["amount"], json!({ "amount": "1500.50", "currency": "EUR" }));
    assert_eq!((&row.set["stage"], &row.on_create["forecastCategory"]), (&json!("Closed Won"), &json!("CLOSED")));
    assert_eq!(taken.row(Entity::Lead, "00QD000000ABCdeIAG").relations["contact"], "00QD000000ABCdeIAG");
    assert_eq!(taken.row(Entity::Contact, "00QD000000ABCdeIAG").set["familyName"], "Roe");

    let loader = "\"ID\",\"SUBJECT\",\"STARTDATETIME\",\"ENDDATETIME\",\"WHOID\",\"WHATID\",\"TYPE\"\n\
        \"00UD000000ABCdeIAG\",\"Demo\",\"2024-03-05T09:00:00.000Z\",\"2024-03-05T10:00:00.000Z\",\"003D000000QYVhPIAX\",\"006D000000ABCdeIAG\",\"Demo\"\n";
    let taken = take(Source::Salesforce, &[("Event.csv", loader)]);
    let meeting = taken.row(Entity::Meeting, "00UD000000ABCdeIAG");
    assert_eq!(
        (&meeting.set["startsAt"], &meeting.on_create["kind"]),
        (&json!("2024-03-05T09:00:00Z"), &json!("DEMO"))
    );
    assert_eq!(meeting.relations["opportunity"], "006D000000ABCdeIAG");
    assert_eq!(meeting.relations.get("account"), None, "a WhatId of 006 is no account");
    assert_eq!(taken.of(Entity::MeetingAttendee)[0].relations["contact"], "003D000000QYVhPIAX");
}

#[test]
fn pipedrive_lists_and_answers() {
    let deals = "Deal - ID,Deal - Title,Deal - Value,Deal - Currency,Deal - Stage,Deal - Status,Deal - Expected close date,Deal - Organization,Organization - ID,Person - ID\n\
        1,Press,\"12,000\",EUR,Negotiation,Open,2024-07-01,Acme,9,5\n2,Lathe,300,JPY,Negotiation,Won,,Acme,9,\n";
    let persons = "Person - ID,Person - Name,Person - Email - Work,Person - Phone - Mobile,Organization - ID\n5,Jane van Doe,jane@example.com,+49 1,9\n";
    let organizations = "Organization - ID,Organization - Name,Organization - Owner,Organization - Address\n9,Acme,Ada,\"Main St 1, Ulm\"\n";
    let taken = take(
        Source::Pipedrive,
        &[("deals-1234.csv", deals), ("people-1.csv", persons), ("organizations-1.csv", organizations)],
    );
    assert_eq!(taken.told(), Vec::<String>::new());
    assert_eq!(
        set(&taken, Entity::Opportunity, "1"),
        json!({ "amount": { "amount": "12000.00", "currency": "EUR" }, "closeDate": "2024-07-01", "name": "Press", "stage": "Negotiation" })
    );
    let won = taken.row(Entity::Opportunity, "2");
    assert_eq!((&won.set["stage"], &won.on_create["forecastCategory"]), (&json!("Closed won"), &json!("CLOSED")));
    assert_eq!(won.set["amount"], json!({ "amount": "300", "currency": "JPY" }));
    assert_eq!(taken.row(Entity::OpportunityContact, "1/5").relations["contact"], "5");
    assert_eq!(
        set(&taken, Entity::Contact, "5"),
        json!({
            "contactPoints": [
                { "kind": "EMAIL", "value": "jane@example.com", "label": "work" },
                { "kind": "PHONE", "value": "+49 1", "label": "mobile" },
            ],
            "familyName": "Doe",
            "givenName": "Jane van",
        })
    );
    assert_eq!(set(&taken, Entity::Account, "9")["contactPoints"][0]["value"], "Main St 1, Ulm");
    assert_eq!(taken.orphans(), []);

    let stages = r#"{"success":true,"data":[{"id":3,"name":"Proposal Made","order_nr":2,"pipeline_id":1,"deal_probability":60}]}"#;
    let deals = r#"{"success":true,"data":[{"id":4,"title":"Mill","value":5,"currency":"EUR","stage_id":3,"pipeline_id":1,"status":"open","org_id":{"name":"Acme","value":9},"person_id":{"name":"Jane","value":5,"email":[{"value":"x@example.com"}]},"user_id":{"id":11,"name":"Ada"}}],"additional_data":{"pagination":{"start":0}}}"#;
    let persons = r#"{"success":true,"data":[{"id":5,"name":"Jane Doe","email":[{"label":"work","value":"j@example.com","primary":true},{"label":"home","value":"k@example.com"}],"phone":[{"value":""}],"org_id":{"value":9}}]}"#;
    let taken = take(Source::Pipedrive, &[("deals.json", deals), ("stages.json", stages), ("persons.json", persons)]);
    assert_eq!(taken.told(), Vec::<String>::new());
    let deal = taken.row(Entity::Opportunity, "4");
    assert_eq!(deal.set["stage"], "Proposal Made");
    let relations: Vec<(&str, &str)> = deal.relations.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    assert_eq!(relations, [("account", "9"), ("owner", "11"), ("pipeline", "1")]);
    assert_eq!(taken.row(Entity::OpportunityContact, "4/5").relations["opportunity"], "4");
    assert_eq!(
        taken.row(Entity::Contact, "5").set["contactPoints"],
        json!([
            { "kind": "EMAIL", "value": "j@example.com", "label": "work" },
            { "kind": "EMAIL", "value": "k@example.com", "label": "home" },
        ])
    );
}

#[test]
fn zendesk_in_one_document_and_by_the_line() {
    let export = r#"{"users":[{"id":11,"name":"Art Agent","email":"art@example.com","role":"agent","active":true},
        {"id":12,"name":"Eve User","email":"eve@example.com","role":"end-user","active":true,"organization_id":21}],
      "organizations":[{"id":21,"name":"Acme","domain_names":["acme.example"]}],
      "groups":[{"id":31,"name":"Second line"}],
      "tickets":[{"id":41,"subject":"It leaks","description":"help","status":"pending","priority":"urgent","type":"incident","requester_id":12,"assignee_id":11,"organization_id":21,"group_id":31,"via":{"channel":"voice"},
        "comments":[{"id":51,"author_id":12,"body":"help","public":true},{"id":52,"author_id":11,"html_body":"<p>we come</p>","public":true},{"id":53,"author_id":11,"body":"again","public":false}]}],
      "satisfaction_ratings":[{"id":61,"ticket_id":41,"requester_id":12,"score":"good","comment":"quick","updated_at":"2024-03-05T09:00:00Z"},{"id":62,"ticket_id":41,"score":"offered"}],
      "count":1,"next_page":null}"#;
    let taken = take(Source::Zendesk, &[("export.json", export)]);
    assert_eq!(taken.told(), Vec::<String>::new());
    assert_eq!(
        taken.counts(),
        [
            ("QUEUE", 1),
            ("COLLEAGUE", 1),
            ("ACCOUNT", 1),
            ("CONTACT", 1),
            ("TICKET", 1),
            ("TICKET_MESSAGE", 2),
            ("TICKET_NOTE", 1),
            ("SURVEY_ANSWER", 1),
        ]
    );
    assert_eq!(
        set(&taken, Entity::Ticket, "41"),
        json!({ "category": "incident", "channel": "PHONE", "priority": "URGENT", "status": "PENDING_CUSTOMER", "subject": "It leaks" })
    );
    let relations: Vec<&str> = taken.row(Entity::Ticket, "41").relations.values().map(String::as_str).collect();
    assert_eq!(relations, ["21", "12", "11", "31"]);
    assert_eq!(taken.row(Entity::TicketMessage, "51").relations["contact"], "12", "it came in");
    let answer = taken.row(Entity::TicketMessage, "52");
    assert_eq!((answer.relations.get("contact"), &answer.on_create["body"]), (None, &json!("we come")));
    assert_eq!(taken.row(Entity::TicketNote, "53").relations["ticket"], "41");
    assert_eq!(set(&taken, Entity::Account, "21"), json!({ "domains": ["acme.example"], "name": "Acme" }));
    let rating = taken.row(Entity::SurveyAnswer, "61");
    assert_eq!((&rating.on_create["score"], &rating.on_create["scale"]), (&json!(5), &json!(5)));
    assert_eq!(taken.orphans(), []);

    let lines = "{\"id\":1,\"subject\":\"a\",\"status\":\"new\"}\n{\"id\":2,\"subject\":\"b\",\"status\":\"odd\"}\n";
    let taken = take(Source::Zendesk, &[("tickets.json", lines)]);
    assert_eq!(set(&taken, Entity::Ticket, "1"), json!({ "status": "NEW", "subject": "a" }));
    assert_eq!(taken.told(), ["tickets.json:2 (2) status: the column status is a code that the mapping does not know"]);
}
