//! When a message is sent again, and when no more: the schedule to the second, what a receiver may wish, and what somebody does by hand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{World, each_engine};

use super::{Desk, one, options, product, receiver::Said};

/// The schedule of the specification, in seconds.
const SCHEDULE: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// A receiver whose answers change.
fn says(status: &Arc<AtomicU16>) -> Arc<dyn Fn(&super::Received) -> Said + Send + Sync> {
    let status = status.clone();
    Arc::new(move |_| Said::status(status.load(Ordering::SeqCst)).body("not now"))
}

#[tokio::test]
async fn a_message_is_tried_ten_times_in_three_days() {
    each_engine(async |world: World| {
        let status = Arc::new(AtomicU16::new(500));
        let mut options = options();
        options.disable_after = Duration::from_secs(30 * 86_400);
        let desk = Desk::with(world, options, says(&status)).await;
        let world = &desk.world;
        let (endpoint, _) = desk.endpoint(&world.ina(), json!({})).await;
        product(&world.ina(), "PRESS").await;
        let begin = world.now();
        desk.sender.turn().await.unwrap();
        for (n, delay) in SCHEDULE.into_iter().enumerate() {
            let delivery = one(desk.deliveries(&endpoint).await);
            assert_eq!(delivery["status"], "PENDING");
            assert_eq!(delivery["attempts"], n + 1);
            assert_eq!((&delivery["problem"], &delivery["responseStatus"]), (&json!("STATUS"), &json!(500)));
            assert_eq!(delivery["responseExcerpt"], "not now");
            assert_eq!(
                moment(&delivery["nextAttemptAt"]),
                world.now() + TimeDelta::seconds(delay),
                "after attempt {}",
                n + 1
            );
            world.pass(TimeDelta::seconds(delay) - TimeDelta::microseconds(1));
            desk.sender.turn().await.unwrap();
            assert_eq!(desk.receiver.all().len(), n + 1, "not a moment too early");
            world.pass(TimeDelta::microseconds(1));
            desk.sender.turn().await.unwrap();
            assert_eq!(desk.receiver.all().len(), n + 2);
        }
        // The tenth was the last: 75 hours, 35 minutes and 5 seconds after the first.
        assert_eq!((world.now() - begin).num_seconds(), 75 * 3_600 + 35 * 60 + 5);
        let delivery = one(desk.deliveries(&endpoint).await);
        assert_eq!(
            (&delivery["status"], &delivery["attempts"], &delivery["nextAttemptAt"]),
            (&json!("FAILED"), &json!(10), &Value::Null)
        );
        assert_eq!(moment(&delivery["settledAt"]), world.now());
        assert_eq!(delivery["attemptLog"].as_array().unwrap().len(), 10);
        world.pass(TimeDelta::days(9));
        desk.sender.turn().await.unwrap();
        let came = desk.receiver.all();
        assert_eq!(came.len(), 10);
        // The same message each time, with the moment of the attempt.
        assert!(came.iter().all(|message| message.header("webhook-id") == came[0].header("webhook-id")));
        assert!(came.iter().all(|message| message.body == came[0].body));
        let sent: Vec<i64> = came.iter().map(|message| message.header("webhook-timestamp").parse().unwrap()).collect();
        let apart: Vec<i64> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(apart, SCHEDULE);
        assert_eq!(moment(&desk.read(&endpoint).await["failingSince"]), begin);

        // By hand once more, with the whole schedule before it.
        status.store(500, Ordering::SeqCst);
        let retry = async || {
            let input = json!({ "id": delivery["id"] });
            world.ina().act("retryWebhookDelivery", "webhookDelivery { status attempts }", input).await
        };
        let again = retry().await.must();
        assert_eq!(again.data("retryWebhookDelivery.webhookDelivery"), &json!({ "status": "PENDING", "attempts": 10 }));
        desk.sender.turn().await.unwrap();
        let delivery = one(desk.deliveries(&endpoint).await);
        assert_eq!(moment(&delivery["nextAttemptAt"]), world.now() + TimeDelta::seconds(5));
        status.store(200, Ordering::SeqCst);
        retry().await.must();
        desk.sender.turn().await.unwrap();
        let delivery = one(desk.deliveries(&endpoint).await);
        assert_eq!(
            (&delivery["status"], &delivery["attempts"], &delivery["problem"]),
            (&json!("DELIVERED"), &json!(12), &Value::Null)
        );
        assert_eq!(desk.read(&endpoint).await["failingSince"], Value::Null, "one success ends it");
        assert_eq!(retry().await.refusal("retryWebhookDelivery"), "STATE_CONFLICT at id");
    })
    .await;
}

#[tokio::test]
async fn delays_are_longer_by_chance_and_never_shorter() {
    each_engine(async |world: World| {
        let mut options = options();
        options.jitter_percent = 10;
        let desk = Desk::with(world, options, Arc::new(|_| Said::status(503))).await;
        let (endpoint, _) = desk.endpoint(&desk.world.ina(), json!({})).await;
        for n in 0..20 {
            product(&desk.world.ina(), &format!("P{n}")).await;
        }
        desk.sender.turn().await.unwrap();
        let deliveries = desk.deliveries(&endpoint).await;
        assert_eq!(deliveries.len(), 20);
        let mut waits: Vec<i64> = deliveries
            .iter()
            .map(|delivery| (moment(&delivery["nextAttemptAt"]) - desk.world.now()).num_milliseconds())
            .collect();
        assert!(waits.iter().all(|wait| (5_000..=5_500).contains(wait)), "{waits:?}");
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 10, "they do not come back together: {waits:?}");
    })
    .await;
}

#[tokio::test]
async fn a_receiver_may_put_us_off() {
    each_engine(async |world: World| {
        let answers = Arc::new(|_: &super::Received| Said::status(429).header("retry-after", "3600"));
        let desk = Desk::with(world, options(), answers).await;
        let (endpoint, _) = desk.endpoint(&desk.world.ina(), json!({})).await;
        product(&desk.world.ina(), "PRESS").await;
        desk.sender.turn().await.unwrap();
        let delivery = one(desk.deliveries(&endpoint).await);
        assert_eq!(moment(&delivery["nextAttemptAt"]), desk.world.now() + TimeDelta::hours(1));
    })
    .await;
}

#[tokio::test]
async fn a_process_that_dies_loses_nothing() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let world = &desk.world;
        let (endpoint, _) = desk.endpoint(&world.ina(), json!({})).await;
        product(&world.ina(), "PRESS").await;
        // A first turn makes nothing but messages: nobody has a place to send.
        let idle = api::config::Webhooks { concurrency: 0, ..options() };
        let maker =
            api::webhooks::Sender::new(world.store.clone(), world.clock.clone(), api::schema::field_names(), idle)
                .unwrap();
        assert_eq!(maker.turn().await.unwrap().made, 1);
        let pending = desk.deliveries(&endpoint).await;
        assert_eq!((pending.len(), &pending[0]["attempts"]), (1, &json!(0)));

        // It dies with the message in hand, before it sends it.
        assert_eq!(desk.sender.lease(10).await.unwrap().len(), 1);
        assert_eq!(desk.sender.turn().await.unwrap().begun, 0, "it is somebody's");
        world.pass(TimeDelta::seconds(60));
        // The next one dies after it has sent it, before it has written that down.
        let taken = one(desk.sender.lease(10).await.unwrap());
        let outcome = desk.sender.send(&taken).await.unwrap();
        assert_eq!(desk.sender.turn().await.unwrap().begun, 0);
        let first = desk.receiver.take();
        assert_eq!(first.len(), 1);
        assert_eq!(desk.deliveries(&endpoint).await[0]["status"], "PENDING");
        world.pass(TimeDelta::seconds(60));
        assert_eq!(desk.sender.turn().await.unwrap().begun, 1);
        let second = desk.receiver.take();
        assert_eq!(second.len(), 1);
        assert_eq!(
            first[0].header("webhook-id"),
            second[0].header("webhook-id"),
            "the receiver can tell that it is the same"
        );
        // Who wakes up too late has nothing more to say.
        let before = desk.deliveries(&endpoint).await;
        assert_eq!((&before[0]["status"], &before[0]["attempts"]), (&json!("DELIVERED"), &json!(1)));
        desk.sender.settle(&taken, outcome).await.unwrap();
        assert_eq!(desk.deliveries(&endpoint).await, before);
    })
    .await;
}

#[tokio::test]
async fn two_processes_send_each_message_once() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        desk.endpoint(&desk.world.ina(), json!({})).await;
        for n in 0..25 {
            product(&desk.world.ina(), &format!("P{n}")).await;
        }
        let other = desk.world.second_process(Duration::from_secs(60)).await;
        let other =
            api::webhooks::Sender::new(other.store.clone(), other.clock.clone(), api::schema::field_names(), options())
                .unwrap();
        let (one, two) = tokio::join!(desk.sender.turn(), other.turn());
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!((one.made + two.made, one.begun + two.begun), (25, 25));
        let mut ids: Vec<String> =
            desk.receiver.all().iter().map(|message| message.header("webhook-id").to_owned()).collect();
        assert_eq!(ids.len(), 25);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 25);
    })
    .await;
}

#[tokio::test]
async fn the_log_is_kept_for_a_while() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let (endpoint, _) = desk.endpoint(&desk.world.ina(), json!({})).await;
        product(&desk.world.ina(), "OLD").await;
        desk.sender.turn().await.unwrap();
        desk.world.pass(TimeDelta::days(29));
        product(&desk.world.ina(), "NEW").await;
        desk.sender.turn().await.unwrap();
        assert_eq!(desk.sender.tidy().await.unwrap(), 0);
        desk.world.pass(TimeDelta::days(2));
        assert_eq!(desk.sender.tidy().await.unwrap(), 1);
        let left = desk.deliveries(&endpoint).await;
        assert_eq!((left.len(), &left[0]["status"]), (1, &json!("DELIVERED")));
        assert_eq!(moment(&left[0]["settledAt"]), desk.world.now() - TimeDelta::days(2));
    })
    .await;
}
