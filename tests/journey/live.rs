//! Live timelines: where a page ends the stream goes on, without gap and without repeat, whatever happens to the line; and a
//! right that has gone ends it at the very next event.

mod cuts;
mod inbox;
mod processes;
mod rights;
mod slow;

use std::time::Duration;

use api::{
    graph::{GlobalId, Kind},
    journey::{Event, EventKind, Payload},
    policy::Role,
};
use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    codes::{Discipline, Interaction},
    marketing::touchpoint,
};
use serde_json::{Value, json};
use tests::{Client, Live, Said, Server, Transport, World, each_engine, id, rows};
use uuid::Uuid;

const FOLLOW: &str = "subscription($id: ID!, $filter: TimelineFilter, $after: String) {
    timelineChanged(subject: $id, filter: $filter, after: $after) { cursor event { id kind occurredAt } } }";
const PAGE: &str = "query($id: ID!, $first: Int) { timeline(subject: $id, first: $first) {
    nodes { id } pageInfo { liveCursor } } }";

/// An account of Sam's team, with him at READ.
async fn scene(world: &World) -> String {
    let sam = world.acme.cast.sam;
    world
        .work(async |work| {
            let account = rows::account(work, "Bolt", None, None).await?;
            rows::member(work, account.id, sam, Discipline::Sales, rows::READ, (work.now(), None)).await?;
            Ok(id(Kind::Account, account.id))
        })
        .await
}

/// Records one touch of the account, and gives its event as a client would name it.
async fn touch(world: &World, account: &str, at: DateTime<Utc>) {
    let account = uuid(account);
    world
        .work(async |work| {
            let row = rows::touchpoint(work, account, Interaction::PageViewed, "/presses").await?;
            work.record(Event::of::<touchpoint::Entity>(EventKind::PageViewed, &row, Payload::None).at(at));
            Ok(())
        })
        .await;
}

fn uuid(id: &str) -> Uuid {
    GlobalId::parse(id).unwrap().uuid
}

async fn follow(client: &Client, server: &Server, account: &str, after: &Value) -> Live {
    follow_by(Transport::Socket, client, server, account, after).await
}

async fn follow_by(by: Transport, client: &Client, server: &Server, account: &str, after: &Value) -> Live {
    client.follow_by(by, server, FOLLOW, json!({ "id": account, "after": after })).await
}

#[tokio::test]
async fn the_stream_goes_on_where_the_page_was_read() {
    each_engine(async |world: World| {
        let (account, server, sam) = (scene(&world).await, world.listen().await, world.sam());
        touch(&world, &account, world.now()).await;
        let page = sam.ask(PAGE, json!({ "id": account, "first": 100 })).await.must();
        let mut known = page.each("timeline.nodes", "id");
        // Between the page and the stream, one of them long ago.
        world.pass(TimeDelta::minutes(1));
        touch(&world, &account, world.now() - TimeDelta::days(30)).await;
        touch(&world, &account, world.now()).await;
        let mut live = follow(&sam, &server, &account, page.data("timeline.pageInfo.liveCursor")).await;
        for _ in 0..2 {
            known.push(live.data().await["timelineChanged"]["event"]["id"].clone());
        }
        world.pass(TimeDelta::minutes(1));
        touch(&world, &account, world.now()).await;
        touch(&world, &account, world.now() - TimeDelta::days(60)).await;
        for _ in 0..2 {
            known.push(live.data().await["timelineChanged"]["event"]["id"].clone());
        }
        let again = sam.ask(PAGE, json!({ "id": account, "first": 100 })).await.must();
        let mut all = again.each("timeline.nodes", "id");
        all.sort_by_key(|id| id.as_str().map(str::to_owned));
        known.sort_by_key(|id| id.as_str().map(str::to_owned));
        assert_eq!(known, all, "no gap, no repeat");
    })
    .await;
}

#[tokio::test]
async fn without_a_cursor_the_stream_starts_now_and_the_filter_holds() {
    each_engine(async |world: World| {
        let (account, server, sam) = (scene(&world).await, world.listen().await, world.sam());
        touch(&world, &account, world.now()).await;
        let filter = json!({ "domains": ["JOURNEY"] });
        let page = sam.ask(PAGE, json!({ "id": account })).await.must();
        let after = page.data("timeline.pageInfo.liveCursor");
        let mut live = sam.follow(&server, FOLLOW, json!({ "id": account, "after": after, "filter": filter })).await;
        touch(&world, &account, world.now()).await;
        let step = "mutation($id: ID!) { updateAccount(input: { id: $id, lifecycleStage: \"ENGAGED\" }) { userErrors { code } } }";
        world.ada().ask(step, json!({ "id": account })).await.must();
        assert_eq!(live.data().await["timelineChanged"]["event"]["kind"], "stage.entered");
    })
    .await;
}

#[tokio::test]
async fn a_cursor_that_was_never_given_out_is_refused() {
    each_engine(async |world: World| {
        let (account, server, sam) = (scene(&world).await, world.listen().await, world.sam());
        let row = sam
            .ask(
                "query($id: ID!) { timeline(subject: $id, filter: { minImportance: 0 }) { pageInfo { endCursor } } }",
                json!({ "id": account }),
            )
            .await
            .must();
        for cursor in [
            "x",
            "",
            &base64ish("live:999999:0"),
            &base64ish("live:-1:0"),
            &base64ish("live:1"),
            &base64ish("live:1:rights"),
            &base64ish("page:1"),
            row.text("timeline.pageInfo.endCursor"),
        ] {
            let mut live = follow(&sam, &server, &account, &json!(cursor)).await;
            assert_eq!(live.code().await, "CURSOR_INVALID", "{cursor}");
        }
    })
    .await;
}

/// URL-safe base64 without padding, as far as a test needs it.
fn base64ish(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            out.push(char::from(LETTERS[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    out
}

#[tokio::test]
async fn leaving_the_team_ends_the_stream_at_the_very_next_event() {
    each_engine(async |world: World| {
        let (account, server, tom) = (scene(&world).await, world.listen().await, world.tom());
        let ada = world.ada();
        let add = "mutation($a: ID!, $c: ID!) { addAccountTeamMember(input: { accountId: $a, colleagueId: $c, discipline: TECHNICAL }) {
            accountTeamMember { id } userErrors { code } } }";
        let colleague = id(Kind::Colleague, world.acme.cast.tom);
        let joined = ada.ask(add, json!({ "a": account, "c": colleague })).await.must();
        let member = joined.data("addAccountTeamMember.accountTeamMember.id").clone();
        world.pass(TimeDelta::seconds(1));

        let page = tom.ask(PAGE, json!({ "id": account })).await.must();
        let mut live = follow(&tom, &server, &account, page.data("timeline.pageInfo.liveCursor")).await;
        touch(&world, &account, world.now()).await;
        assert_eq!(live.data().await["timelineChanged"]["event"]["kind"], "page.viewed");

        let remove = "mutation($id: ID!) { removeAccountTeamMember(input: { id: $id }) { userErrors { code } } }";
        ada.ask(remove, json!({ "id": member })).await.must();
        touch(&world, &account, world.now()).await;
        assert_eq!(live.code().await, "RIGHTS_CHANGED", "not even the event that took the right away");
        assert_eq!(live.next().await, Said::Complete);
        let gone = tom.ask(PAGE, json!({ "id": account })).await;
        assert_eq!(gone.code(), Some("NOT_FOUND"));
    })
    .await;
}

#[tokio::test]
async fn a_membership_that_ends_by_its_own_date_ends_the_stream() {
    each_engine(async |world: World| {
        let (vera, server) = (world.vera(), world.listen().await);
        let ends = world.now() + TimeDelta::minutes(10);
        let account = world
            .work(async |work| {
                let account = rows::account(work, "Bolt", None, None).await?;
                let span = (work.now(), Some(ends));
                rows::member(work, account.id, world.acme.cast.vera, Discipline::Service, rows::EDIT, span).await?;
                Ok(id(Kind::Account, account.id))
            })
            .await;
        let page = vera.ask(PAGE, json!({ "id": account })).await.must();
        let mut live = follow(&vera, &server, &account, page.data("timeline.pageInfo.liveCursor")).await;
        world.pass(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
        touch(&world, &account, world.now()).await;
        assert_eq!(live.data().await["timelineChanged"]["event"]["kind"], "page.viewed");
        world.pass(TimeDelta::microseconds(1));
        touch(&world, &account, world.now()).await;
        assert_eq!(live.code().await, "RIGHTS_CHANGED");
    })
    .await;
}

#[tokio::test]
async fn a_right_that_was_given_ends_the_stream_too() {
    each_engine(async |world: World| {
        let (account, server, sam) = (scene(&world).await, world.listen().await, world.sam());
        let page = sam.ask(PAGE, json!({ "id": account })).await.must();
        let mut live = follow(&sam, &server, &account, page.data("timeline.pageInfo.liveCursor")).await;
        touch(&world, &account, world.now()).await;
        live.data().await;
        let owner = "mutation($id: ID!, $owner: ID!) { updateAccount(input: { id: $id, ownerId: $owner }) { userErrors { code } } }";
        let colleague = id(Kind::Colleague, world.acme.cast.sam);
        world.ada().ask(owner, json!({ "id": account, "owner": colleague })).await.must();
        assert_eq!(live.code().await, "RIGHTS_CHANGED");
    })
    .await;
}

#[tokio::test]
async fn the_end_of_the_token_ends_the_stream_and_a_new_one_goes_on() {
    each_engine(async |world: World| {
        let (account, server) = (scene(&world).await, world.listen().await);
        for by in Transport::ALL {
            let sam = world.client("acme", &[Role::Sales], "sam", Duration::from_secs(600));
            let page = sam.ask(PAGE, json!({ "id": account })).await.must();
            let mut live = follow_by(by, &sam, &server, &account, page.data("timeline.pageInfo.liveCursor")).await;
            touch(&world, &account, world.now()).await;
            let first = live.data().await["timelineChanged"].take();
            world.pass(TimeDelta::minutes(11));
            touch(&world, &account, world.now()).await;
            let error = live.error().await;
            assert_eq!(error["extensions"]["code"], "UNAUTHENTICATED", "{by:?}");
            assert_eq!(error["extensions"]["resume"], first["cursor"], "{by:?}");
            assert_eq!(live.next().await, Said::Complete);
            let mut live = follow_by(by, &world.sam(), &server, &account, &error["extensions"]["resume"]).await;
            let second = live.data().await["timelineChanged"].take();
            assert_ne!(second["event"]["id"], first["event"]["id"], "{by:?}");
        }
    })
    .await;
}

/// The number of statements says who looked: each look is several.
#[tokio::test]
async fn an_event_wakes_those_whom_it_concerns_and_nobody_else() {
    const READERS: u64 = 20;
    const ELSEWHERE: u64 = 10;
    each_engine(async |world: World| {
        let (mine, other, server, sam) = (scene(&world).await, scene(&world).await, world.listen().await, world.sam());
        let page = sam.ask(PAGE, json!({ "id": mine })).await.must();
        let mut streams = Vec::new();
        for _ in 0..READERS {
            streams.push(follow(&sam, &server, &mine, page.data("timeline.pageInfo.liveCursor")).await);
        }
        let mut heard = async || {
            touch(&world, &mine, world.now()).await;
            for live in &mut streams {
                live.data().await;
            }
        };
        heard().await;
        let before = world.statements();
        heard().await;
        let one = world.statements() - before;
        let before = world.statements();
        for _ in 0..ELSEWHERE {
            touch(&world, &other, world.now()).await;
        }
        heard().await;
        let all = world.statements() - before;
        // A write and the tail's look at it are fewer statements than there are readers; one look of each reader is many more.
        assert!(all < one + ELSEWHERE * READERS, "{all} statements, where one event that concerns them costs {one}");
    })
    .await;
}

#[tokio::test]
async fn what_supersedes_an_event_reaches_whoever_holds_it() {
    each_engine(async |world: World| {
        let server = world.listen().await;
        let sam = world.sam();
        let account = world
            .work(async |work| {
                Ok(id(Kind::Account, rows::account(work, "Bolt", Some(world.acme.cast.sam), None).await?.id))
            })
            .await;
        let call = json!({ "kind": "CALL", "direction": "OUTBOUND", "outcome": "CONNECTED", "accountId": account });
        let call = sam.act("recordActivity", "activity { id }", call).await.must();
        let call = call.text("recordActivity.activity.id").to_owned();
        let page = sam.ask(PAGE, json!({ "id": account, "first": 1 })).await.must();
        let held = page.data("timeline.nodes.0.id").clone();
        let query = "subscription($id: ID!, $filter: TimelineFilter, $after: String) {
            timelineChanged(subject: $id, filter: $filter, after: $after) { event { kind supersedes } } }";
        let after = page.data("timeline.pageInfo.liveCursor");
        // As it stands and with named kinds, a plain change would pass by.
        for filter in [json!({}), json!({ "kinds": ["call.connected"] })] {
            world.pass(TimeDelta::minutes(1));
            let mut live = sam.follow(&server, query, json!({ "id": account, "after": after, "filter": filter })).await;
            if filter == json!({}) {
                let change = json!({ "id": account, "description": "of no importance" });
                sam.act("updateAccount", "account { id }", change).await.must();
                sam.act("deleteActivity", "deletedId", json!({ "id": call })).await.must();
            }
            let heard = live.data().await["timelineChanged"]["event"].clone();
            assert_eq!(heard, json!({ "kind": "record.deleted", "supersedes": held }), "{filter}");
        }
    })
    .await;
}
