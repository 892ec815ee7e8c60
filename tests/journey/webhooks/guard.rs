//! Where a message never goes: whatever is not the public internet, by whatever name; and what an answer cannot do to us.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use api::{
    schema,
    webhooks::{Sender, address::Lookup},
};
use serde_json::{Value, json};
use tests::{World, each_engine};

use super::{
    Desk, one, options, product,
    receiver::{Received, Said},
};

#[tokio::test]
async fn an_endpoint_is_on_the_public_internet() {
    each_engine(async |world: World| {
        // This world allows what the configuration does by itself.
        let ina = world.ina();
        for url in [
            "http://example.com/hooks",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://0x7f.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:10.0.0.1]/",
            "https://name:secret@example.com/",
            "ftp://example.com/",
            "example.com",
            "https://exa mple.com/",
            "\u{7}",
            " ",
        ] {
            assert_eq!(ina.refused("createWebhookEndpoint", json!({ "url": url })).await, "INVALID at url", "{url}");
        }
        let long = format!("https://example.com/{}", "x".repeat(2_000));
        assert_eq!(ina.refused("createWebhookEndpoint", json!({ "url": long })).await, "INVALID at url");
        let good = json!({ "url": "https://example.com/hooks" });
        let made = ina.act("createWebhookEndpoint", "webhookEndpoint { id }", good.clone()).await.must();
        let endpoint = made.text("createWebhookEndpoint.webhookEndpoint.id").to_owned();
        let moved = json!({ "id": endpoint, "url": "https://10.0.0.1/" });
        assert_eq!(ina.refused("updateWebhookEndpoint", moved).await, "INVALID at url");
        for (types, at) in [
            (json!(["opportunity.won", "no.such"]), "eventTypes.1"),
            (json!(["webhook.test"]), "eventTypes.0"),
            (json!(vec!["lead.created"; 101]), "eventTypes"),
        ] {
            let mut wrong = good.clone();
            wrong["eventTypes"] = types;
            assert_eq!(ina.refused("createWebhookEndpoint", wrong).await, format!("INVALID at {at}"));
        }
    })
    .await;
}

/// A name that stands for these addresses.
fn stands_for(addresses: Vec<SocketAddr>, asked: &Arc<AtomicUsize>) -> Lookup {
    let asked = asked.clone();
    Arc::new(move |name| {
        assert_eq!(name, "hooks.example.com");
        asked.fetch_add(1, Ordering::SeqCst);
        let addresses = addresses.clone();
        Box::pin(async move { Ok(addresses) })
    })
}

#[tokio::test]
async fn addresses_are_judged_after_the_name_was_looked_up_and_each_of_them() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let world = &desk.world;
        // The rules of a server in production, and a name that stands for this machine, or for something harmless and this machine.
        let strict = api::config::Webhooks { allow_private_networks: false, ..options() };
        let here: SocketAddr = format!("127.0.0.1:{}", desk.receiver.port).parse().unwrap();
        let harmless: SocketAddr = "8.8.8.8:0".parse().unwrap();
        let mapped: SocketAddr = format!("[::ffff:127.0.0.1]:{}", desk.receiver.port).parse().unwrap();
        let url = format!("https://hooks.example.com:{}/", desk.receiver.port);
        let (endpoint, _) = desk.endpoint(&world.ina(), json!({ "url": url })).await;
        product(&world.ina(), "A").await;
        let asked = Arc::new(AtomicUsize::new(0));
        for (n, addresses) in [vec![here], vec![harmless, here], vec![mapped]].into_iter().enumerate() {
            let lookup = stands_for(addresses, &asked);
            let sender = Sender::resolving(
                world.store.clone(),
                world.clock.clone(),
                schema::field_names(),
                strict.clone(),
                lookup,
            )
            .unwrap();
            sender.turn().await.unwrap();
            let delivery = one(desk.deliveries(&endpoint).await);
            assert_eq!(delivery["problem"], "ADDRESS_REFUSED", "{delivery}");
            assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("PENDING"), &json!(n + 1)));
            assert_eq!(asked.load(Ordering::SeqCst), n + 1);
            world.ina().act("retryWebhookDelivery", "", json!({ "id": delivery["id"] })).await.must();
        }
        assert!(desk.receiver.all().is_empty(), "nobody was called");
        // An address that stands in the URL itself, from a time when that was allowed, is judged all the same.
        let (literal, _) = desk.endpoint(&world.ina(), json!({})).await;
        product(&world.ina(), "B").await;
        let lookup = stands_for(vec![here], &asked);
        let sender =
            Sender::resolving(world.store.clone(), world.clock.clone(), schema::field_names(), strict, lookup).unwrap();
        sender.turn().await.unwrap();
        assert_eq!(one(desk.deliveries(&literal).await)["problem"], "ADDRESS_REFUSED");
        assert!(desk.receiver.all().is_empty(), "nobody was called");
    })
    .await;
}

#[tokio::test]
async fn a_name_is_called_at_the_address_that_was_judged() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let world = &desk.world;
        let here: SocketAddr = format!("127.0.0.1:{}", desk.receiver.port).parse().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let url = format!("http://hooks.example.com:{}/there", desk.receiver.port);
        desk.endpoint(&world.ina(), json!({ "url": url })).await;
        product(&world.ina(), "A").await;
        let lookup = stands_for(vec![here], &asked);
        let sender =
            Sender::resolving(world.store.clone(), world.clock.clone(), schema::field_names(), options(), lookup)
                .unwrap();
        sender.turn().await.unwrap();
        let came = one(desk.receiver.all());
        assert_eq!((came.path.as_str(), came.header("host")), ("/there", url.split('/').nth(2).unwrap()));
        assert_eq!(asked.load(Ordering::SeqCst), 1, "asked once, so that there is no second answer");
    })
    .await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    each_engine(async |world: World| {
        let answers = Arc::new(|message: &Received| match message.path.as_str() {
            "/hooks" => Said::status(307).header("location", "/elsewhere"),
            _ => Said::status(200),
        });
        let desk = Desk::with(world, options(), answers).await;
        let (endpoint, _) = desk.endpoint(&desk.world.ina(), json!({})).await;
        product(&desk.world.ina(), "A").await;
        desk.sender.turn().await.unwrap();
        assert_eq!(one(desk.receiver.all()).path, "/hooks");
        let delivery = one(desk.deliveries(&endpoint).await);
        assert_eq!((&delivery["problem"], &delivery["responseStatus"]), (&json!("REDIRECT"), &json!(307)));
        assert_eq!(delivery["status"], "PENDING");
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_read_as_far_as_it_is_useful() {
    each_engine(async |world: World| {
        let endless = "ä\u{1b}[31m".repeat(200_000);
        let answers = Arc::new(move |_: &Received| Said::status(200).body(endless.clone()));
        let desk = Desk::with(world, options(), answers).await;
        let (endpoint, _) = desk.endpoint(&desk.world.ina(), json!({})).await;
        product(&desk.world.ina(), "A").await;
        desk.sender.turn().await.unwrap();
        let delivery = one(desk.deliveries(&endpoint).await);
        assert_eq!((&delivery["status"], &delivery["problem"]), (&json!("DELIVERED"), &Value::Null));
        let excerpt = delivery["responseExcerpt"].as_str().unwrap();
        assert_eq!(excerpt.chars().count(), 1_000);
        assert!(excerpt.starts_with("ä [31mä "), "no escapes: {excerpt}");
    })
    .await;
}

#[tokio::test]
async fn nobody_there_is_no_trouble_of_ours() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let world = &desk.world;
        // A port on which nobody listens any more.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (endpoint, _) = desk.endpoint(&world.ina(), json!({ "url": format!("http://127.0.0.1:{port}/") })).await;
        let (other, _) = desk.endpoint(&world.ina(), json!({})).await;
        product(&world.ina(), "A").await;
        desk.sender.turn().await.unwrap();
        let delivery = one(desk.deliveries(&endpoint).await);
        assert_eq!((&delivery["problem"], &delivery["responseStatus"]), (&json!("UNREACHABLE"), &Value::Null));
        assert_eq!(one(desk.deliveries(&other).await)["status"], "DELIVERED");
    })
    .await;
}
