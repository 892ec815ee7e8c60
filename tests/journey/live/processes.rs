//! Two processes on one database: what one commits the other tells.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::json;
use tests::{Engine, OwnPostgres, Transport, World, each_engine, on_own_postgres};

use super::{PAGE, follow_by, scene, touch};

/// Far longer than any test waits: who hears something was woken.
const NEVER: Duration = Duration::from_secs(3_600);

/// A reader in `reader`, by both transports, hears what is written in `writer`.
async fn hears(reader: &World, writer: &World) {
    let (account, server, sam) = (scene(writer).await, reader.listen().await, reader.sam());
    let page = sam.ask(PAGE, json!({ "id": account })).await.must();
    let after = page.data("timeline.pageInfo.liveCursor");
    let mut streams = Vec::new();
    for by in Transport::ALL {
        streams.push(follow_by(by, &sam, &server, &account, after).await);
    }
    for _ in 0..3 {
        touch(writer, &account, writer.now()).await;
        let ids =
            [streams[0].data().await, streams[1].data().await].map(|data| data["timelineChanged"]["event"].clone());
        assert_eq!(ids[0], ids[1]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_writes_another_tells_at_once() {
    each_engine(async |world: World| {
        // SQLite has no way to wake another process: there it looks.
        let poll = if world.engine == Engine::Sqlite { Duration::from_millis(20) } else { NEVER };
        let reader = world.second_process(poll).await;
        hears(&reader, &world).await;
        hears(&world, &world).await;
        reader.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_wake_up_is_found_by_looking() {
    each_engine(async |world: World| {
        if world.engine == Engine::Sqlite {
            return;
        }
        let reader = world.second_process(Duration::from_millis(20)).await;
        // From here on a connection's words go nowhere.
        for text in [
            "CREATE SCHEMA mute",
            "CREATE FUNCTION mute.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''",
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = mute, pg_catalog, public', current_database()); END $$",
        ] {
            world.store.db().execute_unprepared(text).await.unwrap();
        }
        let writer = world.second_process(NEVER).await;
        hears(&reader, &writer).await;
        reader.close().await;
        writer.close().await;
    })
    .await;
}

/// The lines to the clients stand all the while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_outlives_a_crash_of_the_database() {
    on_own_postgres(async |world: World, postgres: &OwnPostgres| {
        let (account, server, sam) = (scene(&world).await, world.listen().await, world.sam());
        let page = sam.ask(PAGE, json!({ "id": account })).await.must();
        let after = page.data("timeline.pageInfo.liveCursor");
        let mut streams = Vec::new();
        for by in Transport::ALL {
            streams.push(follow_by(by, &sam, &server, &account, after).await);
        }
        for crash in [false, true, true] {
            if crash {
                postgres.crash();
                postgres.start();
            }
            // The first unit of work after the crash finds a connection that stands.
            touch(&world, &account, world.now()).await;
            let mut ids = Vec::new();
            for live in &mut streams {
                ids.push(live.data().await["timelineChanged"]["event"]["id"].clone());
            }
            assert_eq!(ids[0], ids[1]);
            let shown = sam.ask(PAGE, json!({ "id": account, "first": 1 })).await.must();
            assert_eq!(&ids[0], shown.data("timeline.nodes.0.id"));
            world.pass(chrono::TimeDelta::seconds(1));
        }
    })
    .await;
}
