//! Whose endpoints they are, and what they are told: an integrator has its own, an admin all of the tenant, nobody else any; what the owner
//! may not read is not sent, also where that has changed since.

use std::sync::Arc;

use api::{graph::Kind, policy::Role};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Client, World, each_engine, id};
use uuid::Uuid;

use super::{Desk, ENDPOINT, one, options, product, receiver::Said};

/// Every mutation on an endpoint that is there.
const STEPS: [&str; 7] = [
    "updateWebhookEndpoint",
    "rotateWebhookSecret",
    "enableWebhookEndpoint",
    "disableWebhookEndpoint",
    "testWebhookEndpoint",
    "replayWebhookEvents",
    "deleteWebhookEndpoint",
];

fn input(step: &str, endpoint: &str) -> Value {
    match step {
        "updateWebhookEndpoint" => json!({ "id": endpoint, "description": "mine" }),
        "replayWebhookEvents" => json!({ "id": endpoint, "from": "2026-11-23T11:00:00Z" }),
        _ => json!({ "id": endpoint }),
    }
}

async fn sees(client: &Client, endpoint: &str, delivery: &str) -> Value {
    let text = "query($endpoint: ID!, $delivery: ID!) {
        webhookEndpoints { totalCount } webhookDeliveries { totalCount } webhookEndpoint(id: $endpoint) { id }
        webhookDelivery(id: $delivery) { id } nodes(ids: [$endpoint, $delivery]) { id } }";
    client.ask(text, json!({ "endpoint": endpoint, "delivery": delivery })).await.must().body["data"].clone()
}

fn nothing() -> Value {
    json!({ "webhookEndpoints": { "totalCount": 0 }, "webhookDeliveries": { "totalCount": 0 }, "webhookEndpoint": null,
        "webhookDelivery": null, "nodes": [null, null] })
}

#[tokio::test]
async fn an_integrator_has_its_own_and_an_admin_all_of_the_tenant() {
    each_engine(async |world: World| {
        let desk = Desk::with(world, options(), Arc::new(|_| Said::status(500))).await;
        let world = &desk.world;
        let ina = world.ina();
        let (endpoint, secret) = desk.endpoint(&ina, json!({ "description": "for the warehouse" })).await;
        product(&ina, "A").await;
        desk.sender.turn().await.unwrap();
        let delivery = one(desk.deliveries(&endpoint).await)["id"].as_str().unwrap().to_owned();
        let all = json!({ "webhookEndpoints": { "totalCount": 1 }, "webhookDeliveries": { "totalCount": 1 },
            "webhookEndpoint": { "id": endpoint }, "webhookDelivery": { "id": delivery },
            "nodes": [{ "id": endpoint }, { "id": delivery }] });
        assert_eq!(sees(&ina, &endpoint, &delivery).await, all);
        assert_eq!(sees(&world.ada(), &endpoint, &delivery).await, all);
        // Another machine, the same role, another subject; and people of another tenant, whatever they may there.
        let ivo = world.as_roles(&[Role::Integrator], "ivo");
        let theirs = world.of_other(Role::Admin, "ada");
        let same_name = world.of_other(Role::Integrator, "ina");
        let unknown = (id(Kind::WebhookEndpoint, Uuid::from_u128(7)), id(Kind::WebhookDelivery, Uuid::from_u128(7)));
        for stranger in [&ivo, &theirs, &same_name] {
            assert_eq!(sees(stranger, &endpoint, &delivery).await, nothing());
            for step in STEPS {
                assert_eq!(stranger.refused(step, input(step, &endpoint)).await, "NOT_FOUND at id", "{step}");
                assert_eq!(stranger.refused(step, input(step, &unknown.0)).await, "NOT_FOUND at id", "{step}");
            }
            assert_eq!(stranger.refused("retryWebhookDelivery", json!({ "id": delivery })).await, "NOT_FOUND at id");
            assert_eq!(stranger.refused("retryWebhookDelivery", json!({ "id": unknown.1 })).await, "NOT_FOUND at id");
        }
        // Nobody else knows that there is such a thing.
        for role in [Role::Marketing, Role::Sales, Role::Service, Role::Technical, Role::Manager, Role::Analyst] {
            let client = world.as_roles(&[role], "sam");
            assert_eq!(
                client.ask("{ webhookEndpoints { totalCount } }", json!({})).await.code(),
                Some("BAD_USER_INPUT"),
                "{role}"
            );
            let make = json!({ "url": "https://example.com/hooks" });
            assert_eq!(client.refused("createWebhookEndpoint", make).await, "BAD_USER_INPUT", "{role}");
            for step in STEPS {
                assert_eq!(client.refused(step, input(step, &endpoint)).await, "BAD_USER_INPUT", "{role} {step}");
            }
            let read = client.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": endpoint })).await;
            assert!(!read.body.to_string().contains(&endpoint), "{role}: {read}");
        }
        let edges =
            "query($id: ID!) { webhookEndpoint(id: $id) { owner { id } deliveries { nodes { id endpoint { id } } } } }";
        let edges = ina.ask(edges, json!({ "id": endpoint })).await.must();
        assert_eq!(
            edges.data("webhookEndpoint"),
            &json!({ "owner": null, "deliveries": { "nodes": [{ "id": delivery, "endpoint": { "id": endpoint } }] } })
        );
        let read = desk.read(&endpoint).await;
        assert_eq!(
            (&read["version"], &read["ownerSubject"], &read["ownerRoles"]),
            (&json!(1), &json!("ina"), &json!("integrator"))
        );
        assert!(!read.to_string().contains(&secret), "it is told once");
        // An admin may do with it what its owner may; whose it is stays.
        let less = json!({ "id": endpoint, "ifVersion": 1, "eventTypes": ["record.deleted"] });
        let changed = world.ada().act("updateWebhookEndpoint", ENDPOINT, less).await.must();
        let changed = changed.data("updateWebhookEndpoint.webhookEndpoint");
        assert_eq!(
            (&changed["ownerRoles"], &changed["eventTypes"]),
            (&json!("integrator"), &json!(["record.deleted"]))
        );
    })
    .await;
}

#[tokio::test]
async fn what_the_owner_may_not_read_is_not_sent() {
    each_engine(async |world: World| {
        let desk = Desk::with(world, options(), Arc::new(|_| Said::status(500))).await;
        let world = &desk.world;
        let bot = |roles: &[Role]| world.as_roles(roles, "bot");
        let (endpoint, _) = desk.endpoint(&bot(&[Role::Admin]), json!({ "eventTypes": ["record.created"] })).await;
        world.pass(TimeDelta::seconds(1));
        world.ada().act("createDefinition", "", json!({ "kind": "SCORING", "code": "X", "body": {} })).await.must();
        product(&world.ada(), "A").await;
        desk.sender.turn().await.unwrap();
        let told: Vec<String> = desk.receiver.take().iter().map(|message| message.about().0[..3].to_owned()).collect();
        // An admin hears of definitions, and of the endpoint itself.
        for prefix in ["dfn", "prd", "whe"] {
            assert_eq!(told.iter().filter(|about| *about == prefix).count(), 1, "{told:?}");
        }
        // From now on it is an integrator's: a token of the same subject with less. What failed is not sent again as it was.
        bot(&[Role::Integrator])
            .act("updateWebhookEndpoint", "", json!({ "id": endpoint, "description": "less" }))
            .await
            .must();
        assert_eq!(desk.read(&endpoint).await["ownerRoles"], "integrator");
        world.pass(TimeDelta::seconds(5));
        desk.sender.turn().await.unwrap();
        let told: Vec<String> = desk.receiver.take().iter().map(|message| message.about().0[..3].to_owned()).collect();
        assert_eq!(told, ["prd"]);
        let mut ends: Vec<(String, String, Value)> = desk
            .deliveries(&endpoint)
            .await
            .iter()
            .map(|it| {
                (
                    it["recordId"].as_str().unwrap()[..3].to_owned(),
                    it["status"].as_str().unwrap().to_owned(),
                    it["problem"].clone(),
                )
            })
            .collect();
        ends.sort_by(|one, two| one.0.cmp(&two.0));
        let skipped = |about: &str| (about.to_owned(), "SKIPPED".to_owned(), json!("NOT_READABLE"));
        assert_eq!(ends, [skipped("dfn"), ("prd".to_owned(), "PENDING".to_owned(), json!("STATUS")), skipped("whe")]);
        // And of a definition that comes now, no message is made.
        world.ada().act("createDefinition", "", json!({ "kind": "SCORING", "code": "Y", "body": {} })).await.must();
        assert_eq!(desk.sender.turn().await.unwrap().made, 0);
    })
    .await;
}

#[tokio::test]
async fn fields_are_those_that_the_owner_reads() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let world = &desk.world;
        let account = world.ina().act("createAccount", "account { id }", json!({ "name": "Bolt" })).await.must();
        let account = account.text("createAccount.account.id").to_owned();
        desk.endpoint(&world.ina(), json!({})).await;
        let contact = json!({ "familyName": "Ohm", "accountId": account });
        let contact = world.ina().act("createContact", "contact { id }", contact).await.must();
        let contact = contact.text("createContact.contact.id").to_owned();
        world
            .ina()
            .act("updateContact", "", json!({ "id": contact, "familyName": "Öz", "jobTitle": "CTO" }))
            .await
            .must();
        desk.sender.turn().await.unwrap();
        let changed = desk.receiver.take().into_iter().find(|message| message.about() == (contact.clone(), 2)).unwrap();
        let mut fields: Vec<String> = serde_json::from_value(changed.json()["data"]["changedFields"].clone()).unwrap();
        fields.sort_unstable();
        assert_eq!(fields, ["familyName", "jobTitle"]);
        // The names are there, what they hold is not.
        assert!(!changed.body.contains("CTO") && !changed.body.contains("Öz"), "{}", changed.body);
    })
    .await;
}
