//! What a message says and how it is signed: the same as the change feed, and to the letter of Standard Webhooks 1.0.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tests::{World, each_engine};

use super::{Desk, ENDPOINT, one, product, receiver::Received, rename};

fn signed(message: &Received) -> String {
    format!("{}.{}.{}", message.header("webhook-id"), message.header("webhook-timestamp"), message.body)
}

/// What the library of the specification reckons.
fn hmac(secret: &str, message: &Received) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    assert_eq!(key.len(), 32);
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(signed(message).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn is_signed_by(public: &str, signature: &str, message: &Received) -> bool {
    let key = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
    let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
    UnparsedPublicKey::new(&ED25519, key).verify(signed(message).as_bytes(), &signature).is_ok()
}

#[tokio::test]
async fn a_message_is_thin_and_signed() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let (world, ina) = (&desk.world, desk.world.ina());
        let (endpoint, secret) = desk.endpoint(&ina, json!({})).await;
        world.pass(TimeDelta::milliseconds(1_500));
        let press = product(&ina, "PRESS").await;
        rename(&ina, &press, "Presse").await;
        world.pass(TimeDelta::seconds(10));
        desk.sender.turn().await.unwrap();
        let came = desk.receiver.take();
        assert_eq!(came.len(), 2);
        let told: Vec<Value> = came.iter().map(Received::json).collect();
        let happened = "2026-11-23T12:00:01.500000Z";
        assert_eq!(
            told,
            [
                json!({ "type": "record.created", "timestamp": happened, "data": { "id": press, "version": 1, "changedFields": [] } }),
                json!({ "type": "record.updated", "timestamp": happened, "data": { "id": press, "version": 2, "changedFields": ["name"] } }),
            ]
        );
        // The very bytes: type, timestamp and data, in this order, and nothing between them.
        assert!(came[0].body.starts_with(&format!("{{\"type\":\"record.created\",\"timestamp\":\"{happened}\",\"data\":{{\"id\":")));
        for message in &came {
            assert_eq!(message.path, "/hooks");
            assert_eq!(message.header("content-type"), "application/json");
            assert_eq!(message.header("webhook-timestamp"), world.now().timestamp().to_string());
            assert!(message.header("webhook-id").starts_with("evt_"));
            assert_eq!(message.header("webhook-signature"), hmac(&secret, message));
            assert!(message.headers.get("authorization").is_none());
        }
        assert_ne!(came[0].header("webhook-id"), came[1].header("webhook-id"));
        let log = desk.deliveries(&endpoint).await;
        let ids: Vec<&str> = log.iter().map(|delivery| delivery["messageId"].as_str().unwrap()).collect();
        assert_eq!(ids, [came[0].header("webhook-id"), came[1].header("webhook-id")]);
        assert!(log.iter().all(|delivery| delivery["status"] == "DELIVERED" && delivery["attempts"] == 1));
        // Once is enough.
        desk.sender.turn().await.unwrap();
        assert!(desk.receiver.take().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_is_told_what_the_feed_tells_its_owner() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let (ina, ada) = (desk.world.ina(), desk.world.ada());
        let start = ina.ask("{ feed { position } }", json!({})).await.must().text("feed.position").to_owned();
        desk.endpoint(&ina, json!({})).await;
        desk.endpoint(&ina, json!({ "eventTypes": ["record.deleted", "record.deleted"] })).await;
        let account = ada.act("createAccount", "account { id }", json!({ "name": "Bolt" })).await.must();
        let account = account.text("createAccount.account.id").to_owned();
        let money = json!({ "amount": "5.00", "currency": "EUR" });
        ada.act("updateAccount", "", json!({ "id": account, "legalName": "Bolt AG", "annualRevenue": money }))
            .await
            .must();
        let press = product(&ada, "PRESS").await;
        // No integrator hears of definitions.
        ada.act("createDefinition", "", json!({ "kind": "SCORING", "code": "X", "body": {} })).await.must();
        ada.act("deleteProduct", "", json!({ "id": press })).await.must();
        desk.sender.turn().await.unwrap();
        let changes = "query($after: String) { changes(after: $after) { nodes { kind id version changedFields } } }";
        let feed = ina.ask(changes, json!({ "after": start })).await.must();
        let feed = feed.data("changes.nodes").as_array().unwrap().clone();
        assert!(feed.len() >= 4);
        let came = desk.receiver.take();
        let told = |message: &Received| {
            let mut data = message.json()["data"].clone();
            data["kind"] = message.json()["type"].clone();
            data
        };
        // One endpoint hears all of it, the other the end of it; both by the same id.
        for change in &feed {
            let times = came.iter().filter(|message| told(message) == *change).count();
            assert_eq!(times, if change["kind"] == "record.deleted" { 2 } else { 1 }, "{change}");
        }
        assert_eq!(came.len(), feed.len() + 1, "nothing else");
        let mut ids: Vec<&str> = came.iter().map(|message| message.header("webhook-id")).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), feed.len());
    })
    .await;
}

#[tokio::test]
async fn its_own_echo_is_left_out() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let ina = desk.world.ina();
        desk.endpoint(&ina, json!({ "excludeSource": "crm" })).await;
        let caller = api::tenancy::system_caller(
            &desk.world.store,
            desk.world.acme.tenant,
            desk.world.now(),
            api::policy::RoleSet::ALL,
            "a test",
        )
        .await
        .unwrap();
        let cx = api::graph::Cx::new(caller, desk.world.store.clone(), desk.world.clock.clone());
        let mut work = api::journey::Work::begin(&cx).await.unwrap().from_source("crm");
        tests::rows::industry(&mut work, "C25", None).await.unwrap();
        work.commit().await.unwrap();
        let press = product(&ina, "PRESS").await;
        desk.sender.turn().await.unwrap();
        let about: Vec<String> = desk.receiver.take().iter().map(|message| message.about().0).collect();
        assert_eq!(about, [press]);
    })
    .await;
}

#[tokio::test]
async fn two_secrets_sign_while_one_takes_over() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let (world, ina) = (&desk.world, desk.world.ina());
        let (endpoint, first) = desk.endpoint(&ina, json!({})).await;
        let rotate = async |more: Value| {
            let mut input = json!({ "id": endpoint });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            world.ina().act("rotateWebhookSecret", &format!("{ENDPOINT} secret"), input).await.must()
        };
        let rotated = rotate(json!({ "previousValidHours": 2 })).await;
        let second = rotated.text("rotateWebhookSecret.secret").to_owned();
        assert_ne!(first, second);
        assert_eq!(
            rotated.text("rotateWebhookSecret.webhookEndpoint.previousSecretUntil"),
            "2026-11-23T14:00:00+00:00"
        );
        let sent = async |code: &str| {
            product(&world.ina(), code).await;
            desk.sender.turn().await.unwrap();
            desk.receiver.take().pop().unwrap()
        };
        let message = sent("A").await;
        assert_eq!(
            message.header("webhook-signature"),
            format!("{} {}", hmac(&second, &message), hmac(&first, &message))
        );
        world.pass(TimeDelta::hours(2) - TimeDelta::microseconds(1));
        let message = sent("B").await;
        assert_eq!(
            message.header("webhook-signature"),
            format!("{} {}", hmac(&second, &message), hmac(&first, &message))
        );
        world.pass(TimeDelta::microseconds(1));
        let message = sent("C").await;
        assert_eq!(message.header("webhook-signature"), hmac(&second, &message));

        // To another scheme: who knows only the old secret still verifies.
        let rotated = rotate(json!({ "scheme": "ED25519" })).await;
        assert_eq!(rotated.data("rotateWebhookSecret.secret"), &Value::Null, "nobody needs to know it");
        let public = rotated.text("rotateWebhookSecret.webhookEndpoint.publicKey").to_owned();
        let message = sent("D").await;
        let (new, old) = message.header("webhook-signature").split_once(' ').unwrap();
        assert!(is_signed_by(&public, new, &message));
        assert_eq!(old, hmac(&second, &message));
        // At once, where nobody may be left who knows the old one.
        let rotated = rotate(json!({ "previousValidHours": 0 })).await;
        assert_eq!(rotated.data("rotateWebhookSecret.webhookEndpoint.previousSecretUntil"), &Value::Null);
        let next = rotated.text("rotateWebhookSecret.webhookEndpoint.publicKey").to_owned();
        let message = sent("E").await;
        assert!(is_signed_by(&next, message.header("webhook-signature"), &message));
        assert!(!is_signed_by(&public, message.header("webhook-signature"), &message));
        let refused =
            world.ina().refused("rotateWebhookSecret", json!({ "id": endpoint, "previousValidHours": 721 })).await;
        assert_eq!(refused, "INVALID at previousValidHours");
    })
    .await;
}

#[tokio::test]
async fn a_public_key_is_enough_to_verify() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let ina = desk.world.ina();
        let (endpoint, secret) = desk.endpoint(&ina, json!({ "scheme": "ED25519" })).await;
        assert_eq!(secret, "");
        let public = desk.read(&endpoint).await["publicKey"].as_str().unwrap().to_owned();
        let tried =
            ina.act("testWebhookEndpoint", "webhookDelivery { id type messageId status }", json!({ "id": endpoint }));
        let tried = tried.await.must();
        assert_eq!(tried.text("testWebhookEndpoint.webhookDelivery.type"), "webhook.test");
        desk.sender.turn().await.unwrap();
        let message = one(desk.receiver.take());
        assert!(is_signed_by(&public, message.header("webhook-signature"), &message));
        assert_eq!(message.header("webhook-id"), tried.text("testWebhookEndpoint.webhookDelivery.messageId"));
        assert_eq!(
            message.json(),
            json!({ "type": "webhook.test", "timestamp": "2026-11-23T12:00:00.000000Z",
                "data": { "id": endpoint, "version": 1, "changedFields": [] } })
        );
        // One byte more, and it is no longer what was signed.
        let spoilt = Received { body: format!("{} ", message.body), ..message.clone() };
        assert!(!is_signed_by(&public, message.header("webhook-signature"), &spoilt));
    })
    .await;
}
