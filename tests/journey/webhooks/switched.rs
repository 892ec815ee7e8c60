//! An endpoint that wants no more, that keeps failing, or whose owner has gone, is switched off; and nobody has to guess why.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use api::graph::Kind;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{World, each_engine, id};

use super::{Desk, one, options, product, receiver::Said, rename};

fn says(status: &Arc<AtomicU16>) -> Arc<dyn Fn(&super::Received) -> Said + Send + Sync> {
    let status = status.clone();
    Arc::new(move |_| Said::status(status.load(Ordering::SeqCst)))
}

/// What there is to do, as an admin reads it.
async fn tasks(world: &World) -> Value {
    let read = world.ada().ask("{ tasks { nodes { title assignee { name } } } }", json!({})).await.must();
    read.data("tasks.nodes").clone()
}

#[tokio::test]
async fn gone_means_gone_until_somebody_says_otherwise() {
    each_engine(async |world: World| {
        let status = Arc::new(AtomicU16::new(410));
        let desk = Desk::with(world, options(), says(&status)).await;
        let world = &desk.world;
        let (endpoint, _) = desk.endpoint(&world.ina(), json!({})).await;
        let start = world.ada().ask("{ feed { position } }", json!({})).await.must().text("feed.position").to_owned();
        let press = product(&world.ina(), "PRESS").await;
        desk.sender.turn().await.unwrap();
        assert_eq!(desk.receiver.all().len(), 1);
        let off = desk.read(&endpoint).await;
        assert_eq!((&off["state"], &off["disabledReason"], &off["version"]), (&json!("DISABLED"), &json!("GONE"), &json!(2)));
        assert_eq!(off["disabledAt"], json!(world.now().to_rfc3339()));
        // The journal tells it, and a task asks for somebody.
        let changes = "query($after: String) { changes(after: $after, entities: [WEBHOOK_ENDPOINT]) { nodes { kind id changedFields } } }";
        let told = world.ada().ask(changes, json!({ "after": start })).await.must();
        let fields = json!(["state", "disabledReason", "disabledAt"]);
        assert_eq!(told.data("changes.nodes"), &json!([{ "kind": "record.updated", "id": endpoint, "changedFields": fields }]));
        let notice = json!([{ "title": "Webhook to 127.0.0.1 was switched off: it answered 410", "assignee": null }]);
        assert_eq!(tasks(world).await, notice);
        // Whatever happens, and however late it is.
        rename(&world.ina(), &press, "Two").await;
        world.pass(TimeDelta::days(2));
        desk.sender.turn().await.unwrap();
        assert_eq!(desk.receiver.all().len(), 1);
        assert_eq!(world.ina().refused("testWebhookEndpoint", json!({ "id": endpoint })).await, "STATE_CONFLICT at id");

        status.store(200, Ordering::SeqCst);
        world.ina().act("enableWebhookEndpoint", "", json!({ "id": endpoint, "ifVersion": 2 })).await.must();
        desk.sender.turn().await.unwrap();
        // The task is a record, too; it is of no interest here.
        let came: Vec<_> = desk.receiver.all().into_iter().filter(|message| message.about().0 == press).collect();
        let versions: Vec<i64> = came.iter().map(|message| message.about().1).collect();
        assert_eq!(versions, [1, 1, 2], "what waited, and what came meanwhile");
        assert_eq!(came[0].header("webhook-id"), came[1].header("webhook-id"));
        let on = desk.read(&endpoint).await;
        assert_eq!((&on["state"], &on["disabledReason"], &on["disabledAt"]), (&json!("ACTIVE"), &Value::Null, &Value::Null));
    })
    .await;
}

#[tokio::test]
async fn five_days_without_a_success_are_enough() {
    each_engine(async |world: World| {
        let status = Arc::new(AtomicU16::new(500));
        let desk = Desk::with(world, options(), says(&status)).await;
        let world = &desk.world;
        let (endpoint, _) = desk.endpoint(&world.ina(), json!({})).await;
        product(&world.ina(), "A").await;
        desk.sender.turn().await.unwrap();
        let since = world.now();
        // One success in between, and the days are counted anew.
        world.pass(TimeDelta::days(4));
        status.store(200, Ordering::SeqCst);
        desk.sender.turn().await.unwrap();
        assert_eq!(desk.read(&endpoint).await["failingSince"], Value::Null);
        status.store(500, Ordering::SeqCst);
        product(&world.ina(), "B").await;
        desk.sender.turn().await.unwrap();
        assert_eq!(desk.read(&endpoint).await["failingSince"], json!((since + TimeDelta::days(4)).to_rfc3339()));
        world.pass(TimeDelta::days(5) - TimeDelta::microseconds(1));
        product(&world.ina(), "C").await;
        desk.sender.turn().await.unwrap();
        assert_eq!(desk.read(&endpoint).await["state"], "ACTIVE");
        assert_eq!(tasks(world).await, json!([]));
        world.pass(TimeDelta::hours(1));
        desk.sender.turn().await.unwrap();
        let off = desk.read(&endpoint).await;
        assert_eq!((&off["state"], &off["disabledReason"]), (&json!("DISABLED"), &json!("FAILING")));
        assert_eq!(tasks(world).await.as_array().unwrap().len(), 1);
        let so_far = desk.receiver.all().len();
        world.pass(TimeDelta::days(3));
        desk.sender.turn().await.unwrap();
        assert_eq!(desk.receiver.all().len(), so_far);
        // By hand, it begins anew.
        status.store(200, Ordering::SeqCst);
        world.ina().act("enableWebhookEndpoint", "", json!({ "id": endpoint })).await.must();
        desk.sender.turn().await.unwrap();
        assert!(desk.deliveries(&endpoint).await.iter().all(|delivery| delivery["status"] == "DELIVERED"));
        assert_eq!(desk.read(&endpoint).await["failingSince"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn somebody_switches_it_off_and_on_and_takes_it_away() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let world = &desk.world;
        let (endpoint, _) = desk.endpoint(&world.ina(), json!({})).await;
        let step = async |mutation: &str| {
            world
                .ina()
                .act(mutation, "webhookEndpoint { state disabledReason version }", json!({ "id": endpoint }))
                .await
                .must()
        };
        let off = step("disableWebhookEndpoint").await;
        let expected = json!({ "state": "DISABLED", "disabledReason": "MANUAL", "version": 2 });
        assert_eq!(off.data("disableWebhookEndpoint.webhookEndpoint"), &expected);
        let position = world.position().await;
        assert_eq!(step("disableWebhookEndpoint").await.data("disableWebhookEndpoint.webhookEndpoint"), &expected);
        assert_eq!(world.position().await, position, "once is enough");
        product(&world.ina(), "A").await;
        desk.sender.turn().await.unwrap();
        assert!(desk.receiver.all().is_empty());
        step("enableWebhookEndpoint").await;
        desk.sender.turn().await.unwrap();
        assert_eq!(desk.receiver.take().len(), 1, "what came meanwhile");
        assert_eq!(
            world.ina().refused("deleteWebhookEndpoint", json!({ "id": endpoint, "ifVersion": 1 })).await,
            "VERSION_CONFLICT at ifVersion"
        );
        product(&world.ina(), "B").await;
        world.ina().act("deleteWebhookEndpoint", "deletedId", json!({ "id": endpoint })).await.must();
        desk.sender.turn().await.unwrap();
        assert!(desk.receiver.all().is_empty());
        assert_eq!(desk.read(&endpoint).await, Value::Null);
        assert!(desk.deliveries(&endpoint).await.is_empty(), "its messages are gone with it");
    })
    .await;
}

#[tokio::test]
async fn who_has_left_is_told_nothing() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let world = &desk.world;
        let (endpoint, _) = desk.endpoint(&world.ada(), json!({})).await;
        product(&world.ada(), "A").await;
        desk.sender.turn().await.unwrap();
        assert_eq!(desk.receiver.take().iter().filter(|message| message.about().0.starts_with("prd_")).count(), 1);
        let ada = id(Kind::Colleague, world.acme.cast.ada);
        world.ina().act("updateColleague", "", json!({ "id": ada, "isActive": false })).await.must();
        product(&world.ina(), "B").await;
        desk.sender.turn().await.unwrap();
        assert!(desk.receiver.all().is_empty());
        // Another admin sees why.
        let max = world.as_roles(&[api::policy::Role::Admin], "max");
        let read = max
            .ask("{ webhookEndpoints { nodes { id state disabledReason } } tasks { nodes { title } } }", json!({}))
            .await
            .must();
        assert_eq!(
            read.data("webhookEndpoints.nodes"),
            &json!([{ "id": endpoint, "state": "DISABLED", "disabledReason": "OWNER_LEFT" }])
        );
        let notice = one(read.data("tasks.nodes").as_array().unwrap().clone());
        assert_eq!(notice["title"], "Webhook to 127.0.0.1 was switched off: its owner works here no longer");
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_is_slow_is_not_waited_for() {
    each_engine(async |world: World| {
        let mut options = options();
        options.timeout = Duration::from_millis(200);
        let desk = Desk::with(world, options, Arc::new(|_| Said::nothing())).await;
        let (endpoint, _) = desk.endpoint(&desk.world.ina(), json!({})).await;
        product(&desk.world.ina(), "A").await;
        desk.sender.turn().await.unwrap();
        let delivery = one(desk.deliveries(&endpoint).await);
        assert_eq!((&delivery["problem"], &delivery["responseStatus"]), (&json!("TIMEOUT"), &Value::Null));
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("PENDING"), &json!(1)));
    })
    .await;
}
