//! The search: what is found by which string, in which order, and that a hidden row is found by none.

use api::graph::Kind;
use entities::{
    account::{account, consent, contact, contact_point},
    codes::{ConsentPurpose, ConsentState, ContactPointKind, Discipline},
};
use sea_orm::Set;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};
use uuid::Uuid;

const SEARCH: &str = "query($text: String!, $types: [SearchEntity!], $first: Int) { search(text: $text, types: $types, first: $first) {
    score matchedField node { __typename ... on Account { name } ... on Contact { id } ... on Opportunity { title: name } ... on Ticket { id } } } }";

struct Rows {
    contact: Uuid,
    ticket: Uuid,
}

/// Sam's account Krüger with a person, a deal and a ticket; others that nobody's team reaches.
async fn found(world: &World) -> Rows {
    let cast = world.acme.cast;
    world
        .work(async |work| {
            let span = (work.now(), None);
            let named = |name: &str| account::ActiveModel {
                name: Set(name.to_owned()),
                domains: Set(json!(["krueger-pressen.example"])),
                lifecycle_stage: Set("TARGET".to_owned()),
                ..Default::default()
            };
            let kruger = work.insert::<account::Entity>(named("Krüger Pressen GmbH")).await?;
            rows::member(work, kruger.id, cast.sam, Discipline::Sales, rows::EDIT, span).await?;
            rows::account(work, "Bolt", None, None).await?;
            rows::account(work, "Bolt Brauereien", None, None).await?;
            rows::account(work, "Boltzmann & Söhne", None, None).await?;
            let person = work
                .insert::<contact::Entity>(contact::ActiveModel {
                    given_name: Set(Some("Zoë".to_owned())),
                    family_name: Set(Some("Quast".to_owned())),
                    account_id: Set(Some(kruger.id)),
                    lifecycle_stage: Set("LEAD".to_owned()),
                    ..Default::default()
                })
                .await?;
            for (kind, value) in [
                (ContactPointKind::Email, "zoe.quast@krueger-pressen.example"),
                (ContactPointKind::Phone, "+49 171 9876543"),
            ] {
                work.insert::<contact_point::Entity>(contact_point::ActiveModel {
                    contact_id: Set(Some(person.id)),
                    account_id: Set(Some(kruger.id)),
                    kind: Set(kind),
                    value: Set(Some(value.to_owned())),
                    is_primary: Set(true),
                    ..Default::default()
                })
                .await?;
            }
            rows::opportunity(work, kruger.id, "Linie Nordhafen").await?;
            let ticket = rows::ticket(work, Some(kruger.id), None, Some(world.acme.service_desk)).await?;
            Ok(Rows { contact: person.id, ticket: ticket.id })
        })
        .await
}

async fn search(client: &Client, text: &str) -> Vec<Value> {
    let answer = client.ask(SEARCH, json!({ "text": text })).await.must();
    answer.data("search").as_array().unwrap().clone()
}

fn names(hits: &[Value]) -> Vec<&str> {
    hits.iter().map(|hit| hit["node"]["name"].as_str().or(hit["node"]["title"].as_str()).unwrap_or("-")).collect()
}

#[tokio::test]
async fn names_are_found_in_any_spelling_the_likest_first() {
    each_engine(async |world: World| {
        found(&world).await;
        let sam = world.sam();
        for text in ["Krüger", "krueger", "KRUGER", "Krügr", "pressen krüger"] {
            assert_eq!(names(&search(&sam, text).await)[0], "Krüger Pressen GmbH", "{text}");
        }
        let bolt = search(&sam, "bolt").await;
        assert_eq!(names(&bolt), ["Bolt", "Bolt Brauereien", "Boltzmann & Söhne"]);
        assert!(bolt.is_sorted_by(|a, b| a["score"].as_f64() >= b["score"].as_f64()), "{bolt:?}");
        assert_eq!(bolt[0]["score"], 1.0);
        assert_eq!(names(&search(&sam, "Boltt").await)[0], "Bolt");
        assert_eq!(names(&search(&sam, "nordhaven").await), ["Linie Nordhafen"]);
        assert_eq!(search(&sam, "Anker").await, [] as [Value; 0]);
    })
    .await;
}

#[tokio::test]
async fn people_are_found_by_what_the_reader_may_read_of_them() {
    each_engine(async |world: World| {
        let rows = found(&world).await;
        let person = json!(id(Kind::Contact, rows.contact));
        let finds = async |client: &Client, text: &str| {
            search(client, text).await.iter().any(|hit| hit["node"]["id"] == person)
        };
        let (sam, mia, sue) = (world.sam(), world.mia(), world.sue());
        for text in ["Zoe Quast", "quast", "zoe.quast@krueger-pressen.example", "0171 9876543", "+49 (171) 98765-43"] {
            assert!(finds(&sam, text).await, "{text}");
            assert!(!finds(&sue, text).await, "{text}: Sue is not on the team");
            assert!(!finds(&world.tom(), text).await, "{text}: Tom is not on the team");
        }
        // Marketing reads every name, but mail and phone only with consent for that channel.
        assert!(finds(&mia, "Quast").await);
        assert!(!finds(&mia, "0171 9876543").await);
        world
            .work(async |work| {
                work.insert::<consent::Entity>(consent::ActiveModel {
                    contact_id: Set(rows.contact),
                    purpose: Set(ConsentPurpose::Marketing),
                    channel: Set(Some(ContactPointKind::Phone)),
                    state: Set(ConsentState::Given),
                    valid_from: Set(work.now()),
                    ..Default::default()
                })
                .await
            })
            .await;
        assert!(finds(&mia, "0171 9876543").await);
        let mail = search(&mia, "zoe.quast@krueger-pressen.example").await;
        let by: Vec<&Value> =
            mail.iter().filter(|hit| hit["node"]["id"] == person).map(|hit| &hit["matchedField"]).collect();
        assert!(!by.contains(&&json!("MAIL")), "{mail:?}");
    })
    .await;
}

#[tokio::test]
async fn a_hidden_row_is_found_by_no_string() {
    each_engine(async |world: World| {
        let rows = found(&world).await;
        let sue = world.sue();
        // Of a foreign account sales reads name and industry: the name finds it, the domain does not.
        assert_eq!(names(&search(&sue, "Krüger Pressen").await), ["Krüger Pressen GmbH"]);
        assert_eq!(
            search(&sue, "krueger-pressen.example").await.iter().filter(|hit| hit["matchedField"] == "DOMAIN").count(),
            0
        );
        assert_eq!(search(&sue, "Nordhafen").await, [] as [Value; 0]);
        assert_eq!(world.tom().ask(SEARCH, json!({ "text": "Krüger" })).await.must().data("search"), &json!([]));
        // The ticket waits in Vera's queue: she finds it, and no other service colleague would.
        let text = "{ ticket(id: \"ID\") { subject } }".replace("ID", &id(Kind::Ticket, rows.ticket));
        let subject = world.vera().ask(&text, json!({})).await.must().text("ticket.subject").to_owned();
        let tickets = json!({ "text": subject, "types": ["TICKET"] });
        assert_eq!(
            world.vera().ask(SEARCH, tickets.clone()).await.must().data("search.0.node.id"),
            &json!(id(Kind::Ticket, rows.ticket))
        );
        assert_eq!(sue.ask(SEARCH, tickets).await.must().data("search"), &json!([]));
        // Another tenant's rows do not exist.
        let other = world.of_other(api::policy::Role::Admin, "ada");
        assert_eq!(search(&other, "Krüger").await, [] as [Value; 0]);
        assert_eq!(search(&other, "Bolt").await, [] as [Value; 0]);
        // The analyst's schema has no search.
        let ana = world
            .as_roles(&[api::policy::Role::Analyst], "ana")
            .ask("{ search(text: \"Bolt\") { score } }", json!({}))
            .await;
        assert_eq!(ana.code(), Some("BAD_USER_INPUT"));
    })
    .await;
}

#[tokio::test]
async fn the_index_follows_every_change() {
    each_engine(async |world: World| {
        let sam = world.sam();
        let made = sam.ask("mutation { createAccount(input: { name: \"Wachtel AG\" }) { account { id } userErrors { code path message } } }", json!({})).await.must();
        let account = made.text("createAccount.account.id").to_owned();
        assert_eq!(names(&search(&sam, "Wachtel").await), ["Wachtel AG"]);
        let rename = "mutation($id: ID!) { updateAccount(input: { id: $id, name: \"Sperber AG\" }) { account { id } userErrors { code path message } } }";
        sam.ask(rename, json!({ "id": account })).await.must();
        assert_eq!(search(&sam, "Wachtel").await, [] as [Value; 0]);
        assert_eq!(names(&search(&sam, "Sperber").await), ["Sperber AG"]);
    })
    .await;
}

#[tokio::test]
async fn a_search_is_bounded_and_takes_the_same_statements_however_much_it_finds() {
    each_engine(async |world: World| {
        let ada = world.as_roles(&[api::policy::Role::Admin], "ada");
        world
            .work(async |work| {
                for n in 0..60 {
                    rows::account(work, &format!("Wachtel {n}"), None, None).await?;
                }
                rows::account(work, "Sperber", None, None).await
            })
            .await;
        let ask = async |text: &str, first: i32| ada.ask(SEARCH, json!({ "text": text, "first": first })).await;
        let (one, many) = (ask("Sperber", 50).await.must(), ask("Wachtel", 50).await.must());
        assert_eq!(one.data("search").as_array().unwrap().len(), 1);
        assert_eq!(many.data("search").as_array().unwrap().len(), 50);
        assert_eq!(one.statements, many.statements);
        for (text, first) in [("a", 20), ("", 20), (&*"x".repeat(201), 20), ("Wachtel", 0), ("Wachtel", 51)] {
            assert_eq!(ask(text, first).await.code(), Some("BAD_USER_INPUT"), "{text} {first}");
        }
        for text in ["\u{0}\u{0}", "%%", "' OR 1=1 --", "🦀🦀🦀"] {
            assert_eq!(ask(text, 20).await.must().data("search"), &json!([]), "{text:?}");
        }
    })
    .await;
}
