//! Singer: messages of taps as rows, states in their places.

use std::{io::BufReader, sync::Arc};

use mappings::{
    Mapping, Source,
    singer::{Message, Reader},
};
use serde_json::json;

use crate::options;

fn read(source: Source, text: &str) -> Vec<Message> {
    let mapping = Arc::new(Mapping::of(source).unwrap());
    Reader::new(BufReader::new(text.as_bytes()), mapping, &options()).collect()
}

fn told(messages: &[Message]) -> Vec<String> {
    let words = |message: &Message| match message {
        Message::Row(row) => format!("{} {}{}", row.entity, row.external_id, if row.deleted { " deleted" } else { "" }),
        Message::Problem(problem) => problem.to_string(),
        Message::State(state) => format!("state {state}"),
    };
    messages.iter().map(words).collect()
}

#[test]
fn rows_and_states_come_in_the_order_of_the_tap() {
    let text = r#"{"type":"SCHEMA","stream":"companies","key_properties":["companyId"],"schema":{"properties":{"companyId":{"type":"integer"},"property_name":{"anyOf":[{"type":"string"},{"type":"null"}]}}}}
{"type":"RECORD","stream":"companies","record":{"companyId":901,"property_name":"Acme"},"time_extracted":"2024-01-01T00:00:00Z"}
{"type":"STATE","value":{"bookmarks":{"companies":{"offset":1}}}}
{"type":"ACTIVATE_VERSION","stream":"companies","version":17}
{"type":"SCHEMA","stream":"contacts","key_properties":["vid"],"schema":{"properties":{"vid":{"type":["null","integer"]}}}}
{"type":"RECORD","stream":"contacts","record":{"vid":501,"properties":{"firstname":{"value":"Jane"},"lastname":{"value":"Doe"}},"associated-company":{"company-id":901},"_sdc_deleted_at":"2024-01-02T00:00:00Z"}}
{"type":"STATE","value":{"bookmarks":{"contacts":"x"}}}
"#;
    let messages = read(Source::Hubspot, text);
    assert_eq!(
        told(&messages),
        [
            "ACCOUNT 901",
            r#"state {"bookmarks":{"companies":{"offset":1}}}"#,
            "CONTACT 501 deleted",
            r#"state {"bookmarks":{"contacts":"x"}}"#,
        ]
    );
    let Message::Row(contact) = &messages[2] else { panic!("no row") };
    assert_eq!((&contact.set["givenName"], contact.relations["account"].as_str()), (&json!("Jane"), "901"));
}

#[test]
fn the_streams_of_all_four_taps_are_known() {
    let one = |source, stream: &str, record: &str| {
        let text = format!(
            "{{\"type\":\"SCHEMA\",\"stream\":\"{stream}\",\"key_properties\":[],\"schema\":{{}}}}\n{{\"type\":\"RECORD\",\"stream\":\"{stream}\",\"record\":{record}}}\n"
        );
        told(&read(source, &text))
    };
    assert_eq!(
        one(
            Source::Hubspot,
            "deals",
            r#"{"dealId":7,"property_dealname":"Press","associations":{"associatedVids":[1]}}"#
        ),
        ["OPPORTUNITY 7", "OPPORTUNITY_CONTACT 7/1"]
    );
    assert_eq!(
        one(Source::Salesforce, "Account", r#"{"Id":"001A","Name":"Acme","IsDeleted":true}"#),
        ["ACCOUNT 001A deleted"]
    );
    assert_eq!(one(Source::Salesforce, "Contact", r#"{"Id":"003A","LastName":"Doe"}"#), ["CONTACT 003A"]);
    assert_eq!(
        one(Source::Salesforce, "Opportunity", r#"{"Id":"006A","Name":"Press","StageName":"x"}"#),
        ["OPPORTUNITY 006A"]
    );
    assert_eq!(one(Source::Pipedrive, "persons", r#"{"id":5,"name":"Jane Doe"}"#), ["CONTACT 5"]);
    assert_eq!(one(Source::Pipedrive, "organizations", r#"{"id":9,"name":"Acme"}"#), ["ACCOUNT 9"]);
    assert_eq!(one(Source::Pipedrive, "deals", r#"{"id":4,"title":"Mill"}"#), ["OPPORTUNITY 4"]);
    assert_eq!(one(Source::Zendesk, "users", r#"{"id":12,"name":"Eve","role":"end-user"}"#), ["CONTACT 12"]);
    assert_eq!(one(Source::Zendesk, "tickets", r#"{"id":41,"subject":"x","status":"new"}"#), ["TICKET 41"]);
    assert_eq!(
        one(Source::Zendesk, "ticket_comments", r#"{"id":1,"ticket_id":41,"body":"x","public":true}"#),
        ["TICKET_MESSAGE 1"]
    );
    assert_eq!(
        one(Source::Zendesk, "weather", "{}"),
        ["standard input:2: the mapping does not know the stream weather"]
    );
}

#[test]
fn a_broken_line_costs_itself_and_never_a_state() {
    let long = "x".repeat(3 << 20);
    let text = format!(
        r#"{{"type":"RECORD","stream":"users","record":{{"id":1,"name":"A","role":"end-user"}}}}
not json
{{"type":"RECORD","stream":"users","record":{{"id":2,"name":"{long}"}}}}
[1]
{{"type":"SCHEMA","stream":"users","key_properties":["id"],"schema":{{"properties":{{"id":{{"type":"integer"}}}}}}}}
{{"type":"RECORD","stream":"users","record":{{"name":"keyless","role":"end-user"}}}}
{{"type":"RECORD","stream":"users","record":{{"id":"three","name":"C","role":"end-user"}}}}
{{"type":"RECORD","stream":"users","record":5}}
{{"type":"BATCH","stream":"users"}}
{{"type":"STATE","value":1}}"#
    );
    assert_eq!(
        told(&read(Source::Zendesk, &text)),
        [
            "standard input:1: the stream users begins without a schema; its records are taken as they are",
            "CONTACT 1",
            "standard input:2: it is no JSON object",
            "standard input:3: it is longer than 1048576 bytes",
            "standard input:4: it is no JSON object",
            "standard input:6: its key id is empty",
            "standard input:7 id: it is of another type than the schema says; it is taken as it is",
            "CONTACT three",
            "standard input:8: its record is no object",
            "standard input:9: messages of the type BATCH are not read",
            "state 1",
        ]
    );
}
