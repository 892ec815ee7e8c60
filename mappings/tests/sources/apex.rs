//! Salesforce's own recipes: record trees and CSVs with hostile words, byte for byte.

use std::path::PathBuf;

use mappings::{Entity, Input, Mapping, Source};
use serde_json::{Value, json};

use crate::{Taken, folder, take_with};

fn recipes() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/salesforce_apex_recipes")
}

fn source(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(recipes().join(file)).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["records"].as_array().unwrap().clone()
}

/// The same field of ours and of theirs, in order; empty texts are none.
fn same(taken: &Taken, entity: Entity, ours: &str, file: &str, theirs: &str) {
    let ours: Vec<Option<String>> =
        taken.of(entity).iter().map(|row| row.set.get(ours).and_then(Value::as_str).map(str::to_owned)).collect();
    let theirs: Vec<Option<String>> = source(file)
        .iter()
        .map(|record| record.get(theirs).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned))
        .collect();
    assert_eq!(ours, theirs, "{file}");
}

#[test]
fn the_folder_comes_in_whole_with_no_edit() {
    let taken = folder(Source::Salesforce, recipes());
    assert_eq!(taken.told(), Vec::<String>::new());
    let industries: std::collections::BTreeSet<String> = source("Accounts.json")
        .iter()
        .filter_map(|record| record["industry"].as_str().filter(|name| !name.is_empty()).map(str::to_owned))
        .collect();
    assert_eq!(
        taken.counts(),
        [
            ("INDUSTRY", industries.len() as u64),
            ("ACCOUNT", 50),
            ("CAMPAIGN", 15),
            ("CAMPAIGN_COST", 15),
            ("CONTACT", 150),
            ("OPPORTUNITY", 50),
        ]
    );
    assert_eq!(taken.orphans(), [], "all keys join");
    same(&taken, Entity::Account, "name", "Accounts.json", "name");
    same(&taken, Entity::Account, "description", "Accounts.json", "description");
    same(&taken, Entity::Account, "website", "Accounts.json", "website");
    same(&taken, Entity::Contact, "familyName", "Contacts.json", "lastName");
    same(&taken, Entity::Contact, "givenName", "Contacts.json", "firstName");
    same(&taken, Entity::Contact, "jobTitle", "Contacts.json", "title");
    same(&taken, Entity::Opportunity, "name", "Opportunities.json", "name");
    same(&taken, Entity::Opportunity, "description", "Opportunities.json", "description");
    same(&taken, Entity::Opportunity, "stage", "Opportunities.json", "StageName");
    for (row, record) in taken.of(Entity::Account).iter().zip(source("Accounts.json")) {
        let kind = record["type"].as_str().filter(|kind| !kind.is_empty());
        assert_eq!(row.set.get("custom").and_then(|custom| custom["type"].as_str()), kind);
    }
    for (row, record) in taken.of(Entity::Contact).iter().zip(source("Contacts.json")) {
        let key = record["accountId"].as_str().unwrap().trim_start_matches('@');
        assert_eq!(row.relations.get("account").map(String::as_str), Some(key));
        let mail = row.set["contactPoints"].as_array().unwrap().iter().find(|point| point["kind"] == "EMAIL");
        assert_eq!(mail.map(|point| &point["value"]), record.get("email"));
    }
    for (row, record) in taken.of(Entity::Opportunity).iter().zip(source("Opportunities.json")) {
        assert_eq!(row.set["amount"], json!({ "amount": record["amount"], "currency": "EUR" }));
        assert_eq!(row.set["closeDate"].as_str(), record["closedate"].as_str().and_then(|time| time.get(..10)));
    }
    let first = taken.row(Entity::Account, "AccountRef1");
    assert_eq!(
        Value::Object(first.set.clone()),
        json!({
            "annualRevenue": { "amount": "5117586.00", "currency": "EUR" },
            "contactPoints": [
                { "kind": "PHONE", "value": "1(302)556-4395", "label": "phone" },
                { "kind": "PHONE", "value": "1(256)771-8962", "label": "fax" },
                { "kind": "ADDRESS", "value": "4 Del Mar Pass\n19725\nNewark\nDE\nUnited States", "label": "billing" },
                { "kind": "ADDRESS", "value": "85 Burning Wood Hill\n35895\nHuntsville\nAL", "label": "shipping" },
            ],
            "country": "United States",
            "custom": { "type": "Customer" },
            "description": "Sample description",
            "employees": 28549,
            "name": "Zoonoodle 37",
            "region": "DE",
            "website": "http://1688.com/at/nunc/commodo/placerat/praesent/blandit.aspx",
        })
    );
    assert_eq!(first.on_create["lifecycleStage"], "ACTIVE", "it is a customer");
    assert_eq!(first.relations["industry"], "n/a");
    let cost = taken.row(Entity::CampaignCost, "CampaignRef1");
    assert_eq!(cost.set["amount"], json!({ "amount": "1735.49", "currency": "EUR" }));
    assert_eq!((&cost.on_create["dateFrom"], &cost.on_create["kind"]), (&json!("2026-01-15"), &json!("MEDIA")));
    assert_eq!(cost.relations["campaign"], "CampaignRef1");

    let left: Vec<(&str, &str)> = taken
        .report
        .files
        .iter()
        .flat_map(|file| file.left_out.iter().map(|why| (file.file.as_str(), why.as_str())))
        .collect();
    assert_eq!(
        left,
        [
            ("Accounts.csv", "Accounts.json holds the same records with their keys"),
            ("Campaigns.csv", "Campaigns.json holds the same records with their keys"),
            ("Contacts.csv", "Contacts.json holds the same records with their keys"),
            ("Junction.json", "records of Junction__c: the mapping does not know them"),
            ("Opportunities.csv", "Opportunities.json holds the same records with their keys"),
            ("data-plan.json", "a plan names files and holds no records"),
            ("data-plan2.json", "a plan names files and holds no records"),
        ]
    );
}

#[test]
fn the_csvs_alone_join_by_their_places() {
    let file = |name: &str| Input::file(recipes().join(name));
    let inputs = vec![file("Contacts.csv"), file("Opportunities.csv"), file("Campaigns.csv"), file("Accounts.csv")];
    let taken = take_with(Mapping::of(Source::Salesforce).unwrap(), inputs);
    assert_eq!(taken.told(), Vec::<String>::new());
    let counts = taken.counts();
    let count = |entity: &str| counts.iter().find(|(code, _)| *code == entity).map(|(_, count)| *count);
    assert_eq!(
        [count("ACCOUNT"), count("CAMPAIGN"), count("CONTACT"), count("OPPORTUNITY")],
        [Some(50), Some(15), Some(150), Some(50)]
    );
    assert_eq!(taken.orphans(), [], "AccountRef10 is the tenth account");
    assert_eq!(taken.row(Entity::Contact, "ContactRef1").relations["account"], "AccountRef10");
    assert_eq!(taken.row(Entity::Account, "AccountRef2").set["name"], "Quire 203");
}

#[test]
fn records_inside_records_name_their_parent() {
    let tree = r#"{"records":[{"attributes":{"type":"Account","referenceId":"A1"},"Name":"Acme",
      "Contacts":{"records":[{"attributes":{"type":"Contact","referenceId":"C1"},"LastName":"Doe"}]}}]}"#;
    let taken = crate::take(Source::Salesforce, &[("tree.json", tree)]);
    assert_eq!(taken.told(), Vec::<String>::new());
    assert_eq!(taken.row(Entity::Contact, "C1").relations["account"], "A1");
    assert_eq!(taken.orphans(), []);
}
