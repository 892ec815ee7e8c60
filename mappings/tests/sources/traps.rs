//! What every importer trips over, source by source.

use mappings::{Entity, Mapping, Source};
use serde_json::{Value, json};

use crate::{take, take_with};

#[test]
fn a_report_with_15_characters_meets_an_export_with_18() {
    let taken = take(
        Source::Salesforce,
        &[
            ("Account.csv", "Id,Name\n001D000000IqhSLIAZ,Acme\n"),
            (
                "report.csv",
                "Contact ID,Last Name,Account ID,Email\n003D000000QYVhP,Doe,001D000000IqhSL,d@example.com\n",
            ),
        ],
    );
    assert_eq!(taken.told(), Vec::<String>::new());
    let contact = taken.of(Entity::Contact)[0];
    assert_eq!(contact.external_id, "003D000000QYVhPIAX");
    assert_eq!(contact.relations["account"], "001D000000IqhSLIAZ");
    assert_eq!(taken.orphans(), []);
}

#[test]
fn a_stage_is_what_its_label_says_not_its_id() {
    let pipelines = r#"{"results":[{"id":"default","label":"Sales","displayOrder":0,"stages":[
      {"id":"closedwon","label":"Contract review","displayOrder":3,"metadata":{"isClosed":"false","probability":"0.8"}},
      {"id":"1234","label":"Signed","displayOrder":4,"metadata":{"isClosed":"true","probability":"1.0"}}]}]}"#;
    let deals = r#"{"results":[
      {"id":"7","properties":{"dealname":"Press","dealstage":"closedwon","pipeline":"default","amount":"10"}},
      {"id":"8","properties":{"dealname":"Lathe","dealstage":"unheard","pipeline":"default"}}]}"#;
    let taken = take(Source::Hubspot, &[("deals.json", deals), ("deal_pipelines.json", pipelines)]);
    assert_eq!(taken.told(), Vec::<String>::new());
    assert_eq!(taken.row(Entity::Opportunity, "7").set["stage"], "Contract review");
    assert_eq!(taken.row(Entity::Opportunity, "8").set["stage"], "unheard", "carried, not lost");
    let review = taken.row(Entity::Stage, "closedwon");
    assert_eq!(
        Value::Object(review.set.clone()),
        json!({ "isOpen": true, "isWon": false, "name": "Contract review", "position": 3, "probability": 80 })
    );
    assert_eq!(review.on_create["code"], "CONTRACT_REVIEW");
    assert_eq!(review.relations["pipeline"], "default");
    let signed = taken.row(Entity::Stage, "1234");
    assert_eq!((&signed.set["isOpen"], &signed.set["isWon"]), (&json!(false), &json!(true)));
    assert_eq!(taken.row(Entity::Pipeline, "default").on_create["isDefault"], true);
}

#[test]
fn merged_ids_are_followed_to_the_survivor() {
    let audit = "canonical_vid,contact_id,vid_to_merge\n2,2,1\n3,3,2\n8,8,9\n9,9,8\n";
    let contacts =
        "id,property_lastname,property_hs_merged_object_ids\n3,Survivor,\n5,Other,6;7:1538000000000\n6,Six,\n";
    let roles = "contact_id,deal_id\n1,70\n2,70\n7,71\n8,72\n";
    let merged = "deal_id,merged_deal_id\n71,70\n";
    let deals = "deal_id,property_dealname\n71,Press\n";
    let taken = take(
        Source::Hubspot,
        &[
            ("deal_contact_data.csv", roles),
            ("contact_merge_audit_data.csv", audit),
            ("contact_data.csv", contacts),
            ("merged_deal_data.csv", merged),
            ("deal_data.csv", deals),
        ],
    );
    assert_eq!(taken.told(), Vec::<String>::new());
    let relations: Vec<(&str, &str, &str)> = taken
        .of(Entity::OpportunityContact)
        .iter()
        .map(|row| (row.external_id.as_str(), row.relations["opportunity"].as_str(), row.relations["contact"].as_str()))
        .collect();
    // 8 and 9 were merged into each other: a ring has no survivor, and nothing hangs.
    assert_eq!(relations, [("70/1", "71", "3"), ("70/2", "71", "3"), ("71/7", "71", "5"), ("72/8", "72", "8")]);
    assert_eq!(taken.row(Entity::Contact, "6").merged_into.as_deref(), Some("5"));
    assert_eq!(taken.row(Entity::Contact, "3").merged_into, None);
    assert_eq!(taken.orphans(), [("OPPORTUNITY_CONTACT", "contact", 1), ("OPPORTUNITY_CONTACT", "opportunity", 1)]);
}

#[test]
fn an_empty_cell_of_hubspot_leaves_and_one_of_salesforce_clears() {
    let taken = take(Source::Hubspot, &[("contacts.csv", "Record ID,First Name,Last Name,Job Title\n1,,Doe,\n")]);
    assert_eq!(Value::Object(taken.row(Entity::Contact, "1").set.clone()), json!({ "familyName": "Doe" }));
    let taken = take(Source::Salesforce, &[("Contact.csv", "Id,FirstName,LastName,Title\n003x,,Doe,\n")]);
    let set = Value::Object(taken.row(Entity::Contact, "003x").set.clone());
    assert_eq!(set, json!({ "familyName": "Doe", "givenName": null, "jobTitle": null }));
    // What a new object cannot do without is never cleared.
    let taken = take(Source::Salesforce, &[("Contact.csv", "Id,FirstName,LastName,Email\n003x,A,,a@example.com\n")]);
    let row = taken.row(Entity::Contact, "003x");
    assert_eq!((row.set.get("familyName"), &row.on_create["familyName"]), (None, &json!("a@example.com")));
}

#[test]
fn pipedrive_hashes_are_reported_until_somebody_declares_them() {
    let hash = "8d6e3c0f1b2a49578890a1b2c3d4e5f60718293a";
    let file = format!(
        "{{\"success\":true,\"data\":[{{\"id\":1,\"title\":\"Press\",\"value\":12.5,\"currency\":\"USD\",\"status\":\"open\",\"{hash}\":\"north\"}}]}}"
    );
    let taken = take(Source::Pipedrive, &[("deals.json", &file)]);
    assert_eq!(taken.report.files[0].unknown, [hash]);
    assert_eq!(taken.row(Entity::Opportunity, "1").set.get("custom"), None);

    let own = Source::Pipedrive.text().replace(
        "[[file.row]]\nentity = \"OPPORTUNITY\"\n",
        &format!("[[file.row]]\nentity = \"OPPORTUNITY\"\n[file.row.custom]\nregion = \"{hash}\"\n"),
    );
    let taken = take_with(Mapping::load(&own).unwrap(), vec![mappings::Input::bytes("deals.json", file.as_bytes())]);
    let row = taken.row(Entity::Opportunity, "1");
    assert_eq!(row.set["custom"], json!({ "region": "north" }));
    assert_eq!(row.set["amount"], json!({ "amount": "12.50", "currency": "USD" }));
    assert_eq!(taken.report.files[0].unknown, Vec::<String>::new());
}

#[test]
fn times_are_iso_and_milliseconds_in_one_file() {
    let meetings = r#"{"results":[
      {"id":"1","properties":{"hs_meeting_title":"a","hs_meeting_start_time":"2024-03-05T09:00:00.000Z"}},
      {"id":"2","properties":{"hs_meeting_title":"b","hs_meeting_start_time":"1709629200000"}},
      {"id":"3","properties":{"hs_meeting_title":"c","hs_meeting_start_time":1709629200000}},
      {"id":"4","properties":{"hs_meeting_title":"d","hs_meeting_start_time":"yesterday"}}]}"#;
    let taken = take(Source::Hubspot, &[("meetings.json", meetings)]);
    for key in ["1", "2", "3"] {
        assert_eq!(taken.row(Entity::Meeting, key).set["startsAt"], "2024-03-05T09:00:00Z", "{key}");
    }
    assert_eq!(taken.row(Entity::Meeting, "4").set.get("startsAt"), None);
    assert_eq!(taken.told(), ["meetings.json:5 (4) startsAt: the column properties.hs_meeting_start_time is no time"]);
}

#[test]
fn what_the_source_deleted_is_marked() {
    let taken = take(
        Source::Hubspot,
        &[("deal_data.csv", "deal_id,is_deleted,property_dealname\n1,TRUE,gone\n2,false,here\n")],
    );
    assert!(taken.row(Entity::Opportunity, "1").deleted && !taken.row(Entity::Opportunity, "2").deleted);
    let taken = take(Source::Hubspot, &[("contact_data.csv", "_fivetran_deleted,id,property_lastname\ntrue,1,gone\n")]);
    assert!(taken.row(Entity::Contact, "1").deleted);
    let taken = take(
        Source::Zendesk,
        &[(
            "tickets.json",
            r#"{"tickets":[{"id":1,"subject":"x","status":"deleted"},{"id":2,"subject":"y","status":"hold"}]}"#,
        )],
    );
    assert!(taken.row(Entity::Ticket, "1").deleted && !taken.row(Entity::Ticket, "2").deleted);
    assert_eq!(taken.row(Entity::Ticket, "2").set["status"], "ON_HOLD");
    let taken = take(Source::Salesforce, &[("Account.csv", "Id,Name,IsDeleted\n001A,gone,true\n")]);
    assert!(taken.row(Entity::Account, "001A").deleted);
}

#[test]
fn orphans_are_kept_and_counted_where_their_files_are_there() {
    let accounts = ("Account.csv", "Id,Name,ParentId\n001A,Acme,001B\n001B,Holding,001A\n001C,Lost,001Z\n");
    let contacts = ("Contact.csv", "Id,LastName,AccountId,OwnerId\n003A,Doe,001A,005A\n003B,Roe,001Y,005A\n");
    let taken = take(Source::Salesforce, &[contacts, accounts]);
    assert_eq!(taken.row(Entity::Contact, "003B").relations["account"], "001Y", "the relation is kept");
    // Two that name each other are no orphans; of owners there is no file, so nothing is known of them.
    assert_eq!(taken.orphans(), [("ACCOUNT", "parent", 1), ("CONTACT", "account", 1)]);
    let named: Vec<String> = taken
        .report
        .named
        .iter()
        .map(|orphan| format!("{} {} {}", orphan.place, orphan.external_id, orphan.target))
        .collect();
    assert_eq!(named, ["Account.csv:4 001C 001Z", "Contact.csv:3 003B 001Y"]);
    let alone = take(Source::Salesforce, &[contacts]);
    assert_eq!(alone.orphans(), []);
}

#[test]
fn a_key_twice_is_told_if_it_says_something_else() {
    let file = "Id,Name\n001A,Acme\n001A,Acme\n001A,Other\n";
    let taken = take(Source::Salesforce, &[("Account.csv", file)]);
    assert_eq!(taken.of(Entity::Account).len(), 1);
    assert_eq!(taken.told(), ["Account.csv:4 (001A): its key stands twice in this import; the first is taken"]);
    let report = &taken.report.files[0];
    assert_eq!((report.records, report.rows, report.refused, report.again), (3, 1, 1, 1));
}

#[test]
fn a_bad_cell_costs_itself_or_where_the_mapping_says_so_its_row() {
    let file = (
        "Account.csv",
        "Id,Name,AnnualRevenue,NumberOfEmployees\n001A,Nut,much,12\n001B,,5,1\n001C,Bolt,5,99999999999\n",
    );
    let taken = take(Source::Salesforce, &[file]);
    assert_eq!(
        taken.told(),
        [
            "Account.csv:2 (001A) annualRevenue: the column AnnualRevenue is no amount",
            "Account.csv:3 (001B): the column Name is empty",
            "Account.csv:4 (001C) employees: the column NumberOfEmployees is beyond what a number holds",
        ]
    );
    assert_eq!(taken.row(Entity::Account, "001A").set["employees"], 12, "the rest is taken");
    let strict = Source::Salesforce.text().replacen("rest = ", "bad_cell = \"refuse\"\nrest = ", 1);
    let taken = take_with(Mapping::load(&strict).unwrap(), vec![mappings::Input::bytes(file.0, file.1.as_bytes())]);
    assert_eq!(taken.of(Entity::Account).len(), 0);
    assert_eq!(taken.problems.len(), 3);
}
