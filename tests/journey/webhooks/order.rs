//! Order, and what happened once more: of two messages about one record the later one waits; a range of the feed is told again under the same
//! ids.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use api::journey::retention;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{World, each_engine};

use super::{
    Desk, options, product,
    receiver::{Received, Said},
    rename,
};

#[tokio::test]
async fn a_later_message_about_a_record_waits_for_the_earlier_one() {
    each_engine(async |world: World| {
        let refuses = Arc::new(AtomicBool::new(true));
        let down = refuses.clone();
        // Only the first version of the first product is not taken.
        let answers = Arc::new(move |message: &Received| {
            let is_first = message.json()["type"] == "record.created" && message.body.contains("\"version\":1");
            match is_first && down.load(Ordering::SeqCst) {
                true => Said::status(500),
                false => Said::status(200),
            }
        });
        let desk = Desk::with(world, options(), answers).await;
        let world = &desk.world;
        let (endpoint, _) = desk.endpoint(&world.ina(), json!({})).await;
        let press = product(&world.ina(), "PRESS").await;
        rename(&world.ina(), &press, "Two").await;
        rename(&world.ina(), &press, "Three").await;
        desk.sender.turn().await.unwrap();
        assert_eq!(about(&desk.receiver.take()), [(press.clone(), 1)], "the others wait");
        refuses.store(false, Ordering::SeqCst);
        // Another record does not wait for it, nor does what comes late about it go before.
        let lathe = product(&world.ina(), "LATHE").await;
        rename(&world.ina(), &press, "Four").await;
        desk.sender.turn().await.unwrap();
        assert_eq!(about(&desk.receiver.take()), [(lathe, 1)]);
        let waiting = desk.deliveries(&endpoint).await;
        assert_eq!(waiting.iter().filter(|delivery| delivery["status"] == "PENDING").count(), 4);
        world.pass(TimeDelta::seconds(5));
        desk.sender.turn().await.unwrap();
        let versions: Vec<i64> = about(&desk.receiver.take()).into_iter().map(|(_, version)| version).collect();
        assert_eq!(versions, [1, 2, 3, 4]);
    })
    .await;
}

#[tokio::test]
async fn what_has_failed_for_good_holds_nothing_up() {
    each_engine(async |world: World| {
        let mut options = options();
        options.retry_schedule = vec![Duration::from_secs(5)];
        let answers = Arc::new(|message: &Received| {
            Said::status(if message.body.contains("\"version\":1,") { 500 } else { 200 })
        });
        let desk = Desk::with(world, options, answers).await;
        let world = &desk.world;
        desk.endpoint(&world.ina(), json!({})).await;
        let press = product(&world.ina(), "PRESS").await;
        rename(&world.ina(), &press, "Two").await;
        desk.sender.turn().await.unwrap();
        world.pass(TimeDelta::seconds(5));
        desk.sender.turn().await.unwrap();
        let versions: Vec<i64> = about(&desk.receiver.take()).into_iter().map(|(_, version)| version).collect();
        assert_eq!(versions, [1, 1, 2]);
    })
    .await;
}

fn about(came: &[Received]) -> Vec<(String, i64)> {
    came.iter().map(Received::about).collect()
}

#[tokio::test]
async fn a_range_is_told_once_more_under_the_same_ids() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let world = &desk.world;
        let (endpoint, _) = desk.endpoint(&world.ina(), json!({})).await;
        let mut moments = Vec::new();
        for code in ["A", "B", "C"] {
            world.pass(TimeDelta::hours(1));
            moments.push(world.now());
            product(&world.ina(), code).await;
        }
        desk.sender.turn().await.unwrap();
        let mut first = desk.receiver.take();
        assert_eq!(first.len(), 3);
        // Different records do not wait for each other: in the order in which they happened.
        first.sort_by(|one, other| one.header("webhook-id").cmp(other.header("webhook-id")));
        world.pass(TimeDelta::hours(1));
        let replay = async |from: String, to: Value| {
            let input = json!({ "id": endpoint, "from": from, "to": to });
            world.ina().act("replayWebhookEvents", "webhookEndpoint { isReplaying version }", input).await
        };
        // From the second on, and before the third.
        let begun = replay(moments[1].to_rfc3339(), json!(moments[2].to_rfc3339())).await.must();
        assert_eq!(begun.data("replayWebhookEvents.webhookEndpoint"), &json!({ "isReplaying": true, "version": 1 }));
        assert_eq!(
            replay(moments[0].to_rfc3339(), Value::Null).await.refusal("replayWebhookEvents"),
            "STATE_CONFLICT at id"
        );
        // What happens meanwhile is told, too, once.
        let fresh = product(&world.ina(), "D").await;
        desk.sender.turn().await.unwrap();
        let mut came = desk.receiver.take();
        came.sort_by_key(|message| message.about().0 == fresh);
        assert_eq!(came.len(), 2);
        assert_eq!((came[0].header("webhook-id"), &came[0].body), (first[1].header("webhook-id"), &first[1].body));
        assert_eq!(came[1].about(), (fresh, 1));
        let log = desk.deliveries(&endpoint).await;
        let again: Vec<&Value> = log.iter().filter(|delivery| delivery["isReplay"] == true).collect();
        assert_eq!((again.len(), &again[0]["messageId"]), (1, &json!(first[1].header("webhook-id"))));
        assert_eq!(desk.read(&endpoint).await["isReplaying"], false);
        // All that there is.
        replay(moments[0].to_rfc3339(), Value::Null).await.must();
        desk.sender.turn().await.unwrap();
        assert_eq!(desk.receiver.take().len(), 4);
        // A time in which nothing was recorded.
        world.pass(TimeDelta::minutes(1));
        let empty = replay(world.now().to_rfc3339(), json!((world.now() + TimeDelta::hours(1)).to_rfc3339()));
        assert_eq!(empty.await.must().data("replayWebhookEvents.webhookEndpoint.isReplaying"), false);
        assert_eq!(
            replay(moments[1].to_rfc3339(), json!(moments[1].to_rfc3339())).await.refusal("replayWebhookEvents"),
            "INVALID at to"
        );
    })
    .await;
}

#[tokio::test]
async fn the_feed_waits_for_an_endpoint_that_is_sent_to_and_not_for_ever() {
    each_engine(async |world: World| {
        let desk = Desk::of(world).await;
        let world = &desk.world;
        let (day, tenant) = (Duration::from_secs(86_400), world.acme.tenant);
        let prune = async || retention::prune(&world.store, &world.clock, tenant, day).await.unwrap();
        let (endpoint, _) = desk.endpoint(&world.ina(), json!({})).await;
        world.pass(TimeDelta::minutes(1));
        let press = product(&world.ina(), "PRESS").await;
        world.pass(TimeDelta::days(3));
        // The newest transaction always stays; this is it.
        product(&world.ina(), "NEW").await;
        prune().await;
        desk.sender.turn().await.unwrap();
        assert!(about(&desk.receiver.take()).contains(&(press, 1)), "three days late, and told");
        // Now nobody needs it any more, nor the entry of the endpoint itself.
        assert_eq!(prune().await, 2);
        let input = json!({ "id": endpoint, "from": (world.now() - TimeDelta::days(4)).to_rfc3339() });
        assert_eq!(world.ina().refused("replayWebhookEvents", input).await, "INVALID at from");

        // Who is switched off holds nothing, and is told that something is missing.
        world.ina().act("disableWebhookEndpoint", "", json!({ "id": endpoint })).await.must();
        world.pass(TimeDelta::minutes(1));
        let missed = product(&world.ina(), "MISSED").await;
        world.pass(TimeDelta::days(3));
        let last = product(&world.ina(), "LAST").await;
        assert!(prune().await > 0);
        world.ina().act("enableWebhookEndpoint", "", json!({ "id": endpoint })).await.must();
        desk.sender.turn().await.unwrap();
        let came = about(&desk.receiver.take());
        assert!(came.contains(&(last, 1)) && !came.contains(&(missed, 1)), "{came:?}");
        assert_eq!(desk.read(&endpoint).await["missedEventsAt"], json!(world.now().to_rfc3339()));

        // And where nobody sends at all, a week is enough.
        world.pass(TimeDelta::minutes(1));
        let lost = product(&world.ina(), "LOST").await;
        world.pass(TimeDelta::days(9));
        let newest = product(&world.ina(), "NEWEST").await;
        assert!(prune().await > 0);
        desk.sender.turn().await.unwrap();
        let came = about(&desk.receiver.take());
        assert!(came.contains(&(newest, 1)) && !came.contains(&(lost, 1)), "{came:?}");
    })
    .await;
}
