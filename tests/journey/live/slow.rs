//! A reader that takes nothing for too long is told where to resume; nothing is passed over, and nothing piles up.

use std::{fmt::Write, time::Duration};

use api::journey::{Event, EventKind, Payload};
use chrono::TimeDelta;
use entities::{codes::Interaction, marketing::touchpoint};
use serde_json::{Value, json};
use tests::{Said, Transport, World, each_engine, rows};

use super::{PAGE, scene, uuid};

/// More than a line has room for.
const EVENTS: usize = 2_000;

/// A result of some fifteen kilobytes: all of them are more than a line on this machine has room for.
fn wide() -> String {
    let mut aliases = String::new();
    (0..95).for_each(|n| write!(aliases, " {}{n}: id", "a".repeat(100)).unwrap());
    format!(
        "subscription($id: ID!, $after: String) {{ timelineChanged(subject: $id, after: $after) {{ cursor event {{ id {aliases} }} }} }}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_told_where_to_resume() {
    each_engine(async |world: World| {
        let hasty = world.process(|config| config.limits.slow_reader_timeout = Duration::from_secs(2)).await;
        let (account, sam, servers) = (scene(&world).await, world.sam(), (hasty.listen().await, world.listen().await));
        let page = sam.ask(PAGE, json!({ "id": account })).await.must();
        let start = page.data("timeline.pageInfo.liveCursor").clone();
        world
            .work(async |work| {
                let row = rows::touchpoint(work, uuid(&account), Interaction::PageViewed, "/presses").await?;
                for n in 0..EVENTS {
                    let at = work.now() - TimeDelta::seconds(i64::try_from(n).unwrap());
                    work.record(Event::of::<touchpoint::Entity>(EventKind::PageViewed, &row, Payload::None).at(at));
                }
                Ok(())
            })
            .await;
        let mut all = Vec::new();
        for by in Transport::ALL {
            let mut arrived: Vec<Value> = Vec::new();
            let ask = |after: &Value| json!({ "id": account, "after": after });
            let mut live = sam.follow_by(by, &servers.0, &wide(), ask(&start)).await;
            let resume = loop {
                // The pause is the matter of this test: nobody reads, for longer than a reader may and shorter than a line may.
                tokio::time::sleep(Duration::from_secs(4)).await;
                assert!(arrived.len() < EVENTS, "{by:?}: whoever pauses is told");
                let mut expired = None;
                while let Ok(said) = tokio::time::timeout(Duration::from_millis(200), live.next()).await {
                    match said {
                        Said::Next(payload) if payload["errors"][0]["extensions"]["code"] == "CURSOR_EXPIRED" => {
                            expired = Some(payload["errors"][0]["extensions"]["resume"].clone());
                            break;
                        }
                        Said::Next(payload) => arrived.push(payload["data"]["timelineChanged"].clone()),
                        // A machine that is busy elsewhere: the pause was so long that the connection was cut. It knows its place.
                        Said::Closed(_) => {
                            let after = arrived.last().map_or(&start, |change| &change["cursor"]);
                            live = sam.follow_by(by, &servers.0, &wide(), ask(after)).await;
                            break;
                        }
                        said => panic!("{by:?}: {said:?}"),
                    }
                }
                if let Some(resume) = expired {
                    break resume;
                }
            };
            assert_eq!(live.next().await, Said::Complete);
            assert!(arrived.len() < EVENTS, "{by:?}: {} were on the line", arrived.len());
            assert_eq!(resume, arrived.last().unwrap()["cursor"], "{by:?}: exactly where it stood");

            let mut live = sam.follow_by(by, &servers.1, &wide(), ask(&resume)).await;
            while arrived.len() < EVENTS {
                arrived.push(live.data().await["timelineChanged"].take());
            }
            let ids: Vec<Value> = arrived.iter().map(|change| change["event"]["id"].clone()).collect();
            all.push(ids);
        }
        let mut once = all[0].clone();
        once.sort_by_key(Value::to_string);
        once.dedup();
        assert_eq!(once.len(), EVENTS, "no repeat");
        assert_eq!(all[0], all[1], "the same order by both");
        hasty.close().await;
    })
    .await;
}
