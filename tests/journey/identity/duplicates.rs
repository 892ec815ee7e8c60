//! Suggestions of duplicates: the score and its parts, by what each reader may read.

use api::{graph::Kind, policy::Role};
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id, rows};

const CONTACTS: &str =
    "query($of: ID, $first: Int, $min: Int) { duplicateContacts(contactId: $of, first: $first, minScore: $min) {
    contact { id } other { id } score parts { reason points } } }";
const ACCOUNTS: &str = "query($of: ID, $min: Int) { duplicateAccounts(accountId: $of, minScore: $min) {
    account { id } other { id } score parts { reason points } } }";

async fn ask(client: &Client, query: &str, variables: Value) -> Vec<Value> {
    let answer = client.ask(query, variables).await.must();
    let list = if query == CONTACTS { "duplicateContacts" } else { "duplicateAccounts" };
    answer.data(list).as_array().unwrap().clone()
}

fn part(reason: &str, points: i32) -> Value {
    json!({ "reason": reason, "points": points })
}

/// Four contacts: Anna, her twin at the same company with the same address, number and name, a namesake elsewhere, and a colleague with the
/// same number.
async fn scene(world: &World) -> ([String; 4], String) {
    let cast = world.acme.cast;
    let (ids, bolt) = world
        .work(async |work| {
            let bolt = rows::account(work, "Bolt", Some(cast.sam), None).await?.id;
            let volt = rows::account(work, "Volt", Some(cast.sue), None).await?.id;
            let mut ids = Vec::new();
            for (account, given, family) in
                [(bolt, "Anna", "Steiner"), (bolt, "anna", "STEINER"), (volt, "Anna", "Steiner"), (bolt, "Cem", "Can")]
            {
                ids.push(id(Kind::Contact, rows::contact(work, Some(account), given, family).await?.id));
            }
            Ok((ids, id(Kind::Account, bolt)))
        })
        .await;
    let ids: [String; 4] = ids.try_into().unwrap();
    for (person, kind, value) in [
        (0, "EMAIL", "anna@bolt.example"),
        (1, "EMAIL", "ANNA@bolt.example"),
        (0, "PHONE", "+49 711 1"),
        (1, "PHONE", "+497111"),
        (3, "PHONE", "+49 7111"),
    ] {
        let way = json!({ "contactId": ids[person], "kind": kind, "value": value });
        world.ina().act("addContactPoint", "", way).await.must();
    }
    (ids, bolt)
}

#[tokio::test]
async fn contacts_are_suggested_with_a_score_and_its_parts() {
    each_engine(async |world: World| {
        let ([anna, twin, namesake, colleague], _) = scene(&world).await;
        let pair = |one: &String, other: &String, score: i32, parts: Vec<Value>| {
            json!({ "contact": { "id": one }, "other": { "id": other }, "score": score, "parts": parts })
        };
        let best = pair(&anna, &twin, 100, vec![part("EMAIL", 60), part("PHONE", 35), part("NAME", 40), part("ACCOUNT", 20)]);
        let number = |one| pair(one, &colleague, 55, vec![part("PHONE", 35), part("ACCOUNT", 20)]);
        let name = |one| pair(one, &namesake, 40, vec![part("NAME", 40)]);
        let ina = world.ina();
        let all = [best.clone(), number(&anna), number(&twin), name(&anna), name(&twin)];
        assert_eq!(ask(&ina, CONTACTS, json!({})).await, all);
        assert_eq!(ask(&ina, CONTACTS, json!({ "first": 2 })).await, all[..2]);
        assert_eq!(ask(&ina, CONTACTS, json!({ "min": 56 })).await, all[..1]);
        assert_eq!(ask(&ina, CONTACTS, json!({ "of": namesake })).await, all[3..]);
        // The manager reads names and no addresses: those make no points for it.
        let named = |one: &String, other: &String, employer: bool| {
            let mut parts = vec![part("NAME", 40)];
            parts.extend(employer.then(|| part("ACCOUNT", 20)));
            pair(one, other, if employer { 60 } else { 40 }, parts)
        };
        let seen = [named(&anna, &twin, true), named(&anna, &namesake, false), named(&twin, &namesake, false)];
        assert_eq!(ask(&world.max(), CONTACTS, json!({})).await, seen);
        // Sam sees the people of Bolt, Sue those of Volt: nobody twice.
        assert_eq!(ask(&world.sam(), CONTACTS, json!({})).await, all[..3]);
        assert_eq!(ask(&world.sue(), CONTACTS, json!({})).await, [] as [Value; 0]);
        assert_eq!(ask(&world.of_other(Role::Admin, "ada"), CONTACTS, json!({})).await, [] as [Value; 0]);
        assert_eq!(world.ana().ask(CONTACTS, json!({})).await.code(), Some("BAD_USER_INPUT"));
        for wrong in [json!({ "first": 0 }), json!({ "first": 101 }), json!({ "min": 0 }), json!({ "min": 101 }), json!({ "of": id(Kind::Account, uuid::Uuid::from_u128(7)) })] {
            assert_eq!(ina.ask(CONTACTS, wrong).await.code(), Some("BAD_USER_INPUT"));
        }
        // What is one already is not suggested again.
        super::merge(&ina, "mergeContacts", &anna, &twin).await;
        assert_eq!(ask(&ina, CONTACTS, json!({})).await, [number(&anna), name(&anna)]);
    })
    .await;
}

#[tokio::test]
async fn accounts_are_suggested_by_name_address_and_domain() {
    each_engine(async |world: World| {
        let ada = world.ada();
        let mut ids = Vec::new();
        for input in [
            json!({ "name": "Bolt", "website": "https://bolt.example", "domains": ["bolt.example", "bolt.de"], "country": "DE" }),
            json!({ "name": "BOLT", "domains": ["bolt.de"], "country": "DE" }),
            json!({ "name": "Bolt Holding", "website": "HTTPS://bolt.example", "country": "AT" }),
        ] {
            let made = ada.act("createAccount", "account { id }", input).await.must();
            ids.push(made.text("createAccount.account.id").to_owned());
            // In the order of their ids.
            world.pass(chrono::TimeDelta::milliseconds(1));
        }
        let pair = |one: usize, other: usize, score: i32, parts: Vec<Value>| {
            json!({ "account": { "id": ids[one] }, "other": { "id": ids[other] }, "score": score, "parts": parts })
        };
        let same = pair(0, 1, 100, vec![part("NAME", 50), part("DOMAIN", 40), part("COUNTRY", 10)]);
        let site = pair(0, 2, 40, vec![part("WEBSITE", 40)]);
        assert_eq!(ask(&ada, ACCOUNTS, json!({})).await, [same.clone(), site.clone()]);
        assert_eq!(ask(&ada, ACCOUNTS, json!({ "of": ids[2] })).await, [site]);
        assert_eq!(ask(&ada, ACCOUNTS, json!({ "min": 41 })).await, [same]);
    })
    .await;
}
