//! The one write path: rows and events together, or neither; one feed without gaps, whoever writes and whoever reads.

use std::collections::BTreeSet;

use api::{
    graph::{Error, Kind, Page},
    journey::{Work, reader},
    policy::Role,
};
use entities::{
    account::account,
    codes::SubjectType,
    journey::{change_log, event_subject, feed_counter, journey_event},
    sales::stage_interval,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::json;
use tests::{World, each_engine, id, rows};

const CREATE: &str = "mutation($name: String!) { createAccount(input: { name: $name }) {
    account { id } userErrors { code path } } }";

async fn feed(world: &World, after: i64) -> Vec<change_log::Model> {
    change_log::Entity::find()
        .filter(change_log::Column::TenantId.eq(world.acme.tenant))
        .filter(change_log::Column::Position.gt(after))
        .order_by_asc(change_log::Column::Position)
        .all(world.store.db())
        .await
        .unwrap()
}

/// How many rows each table of the journal and the accounts hold.
async fn counts(world: &World) -> [u64; 6] {
    let db = world.store.db();
    [
        account::Entity::find().count(db).await.unwrap(),
        stage_interval::Entity::find().count(db).await.unwrap(),
        journey_event::Entity::find().count(db).await.unwrap(),
        event_subject::Entity::find().count(db).await.unwrap(),
        change_log::Entity::find().count(db).await.unwrap(),
        u64::try_from(world.position().await).unwrap(),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_writers_at_once_leave_one_feed_without_gaps() {
    const WRITERS: usize = 8;
    const EACH: usize = 6;
    each_engine(async |world: World| {
        let start = world.position().await;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let client = world.ada();
                tokio::spawn(async move {
                    let mut made = Vec::new();
                    for n in 0..EACH {
                        let answer = client.ask(CREATE, json!({ "name": format!("{writer}-{n}") })).await.must();
                        made.push(answer.text("createAccount.account.id").to_owned());
                    }
                    made
                })
            })
            .collect();

        // A reader that polls: whatever it has seen is final, so each look goes on where the last one ended.
        let (mut read, mut position) = (Vec::new(), start);
        while created(&read) < WRITERS * EACH {
            let more = feed(&world, position).await;
            position = more.last().map_or(position, |change: &change_log::Model| change.position);
            read.extend(more);
            tokio::task::yield_now().await;
        }
        let mut made = Vec::new();
        for writer in writers {
            made.push(writer.await.unwrap());
        }

        assert_eq!(read, feed(&world, start).await, "nothing appeared behind the reader");
        let positions: Vec<i64> = read.iter().map(|change| change.position).collect();
        let gapless: Vec<i64> = (start + 1..).take(read.len()).collect();
        assert_eq!(positions, gapless);
        let events: BTreeSet<_> = read.iter().map(|change| change.event_id).collect();
        assert_eq!(events.len(), read.len(), "no event twice");
        let recorded: Vec<_> = read.iter().map(|change| change.recorded_at).collect();
        assert!(recorded.windows(2).all(|pair| pair[0] <= pair[1]), "recorded in the order of the feed");
        let moments: BTreeSet<_> = recorded.iter().collect();
        assert_eq!(moments.len(), WRITERS * EACH, "each commit has a moment of its own");

        // Each writer's accounts stand in the feed in the order in which it made them.
        for made in made {
            let places: Vec<usize> = made
                .iter()
                .map(|made| read.iter().position(|c| id(Kind::Account, c.object_id) == *made).expect("missed"))
                .collect();
            assert!(places.is_sorted(), "{places:?}");
        }
    })
    .await;
}

/// The distinct accounts that the feed names.
fn created(feed: &[change_log::Model]) -> usize {
    feed.iter().filter(|c| c.object_type == "ACCOUNT").map(|c| c.object_id).collect::<BTreeSet<_>>().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_polling_reader_of_one_subject_misses_nothing_and_sees_nothing_twice() {
    const WRITERS: usize = 8;
    const EACH: usize = 5;
    each_engine(async |world: World| {
        let account = world.work(async |work| rows::account(work, "Bolt", None, None).await).await.id;
        let caller = world.caller(&[Role::Admin], "ada").await;
        let text = "mutation($account: ID!, $name: String!) { createContact(input: { familyName: $name, accountId: $account }) {
            contact { id } userErrors { code path } } }";
        let start = world.position().await;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let client = world.ina();
                tokio::spawn(async move {
                    for n in 0..EACH {
                        let name = format!("{writer}-{n}");
                        client.ask(text, json!({ "account": id(Kind::Account, account), "name": name })).await.must();
                    }
                })
            })
            .collect();
        let subject = reader::Subject { ty: SubjectType::Account, id: account };
        let filter = reader::Filter { min_importance: Some(0), ..Default::default() };
        let (mut read, mut position) = (Vec::new(), start);
        let mut finished = false;
        loop {
            // Small batches, so that the reader is often in the middle of a commit's events.
            let since = reader::since(&caller, world.store.db(), subject, &filter, position, 3).await.unwrap();
            position = since.looked_to;
            let quiet = since.events.is_empty();
            read.extend(since.events.into_iter().map(|(at, event)| (at, event.row.id)));
            if quiet && finished {
                break;
            }
            finished = writers.iter().all(tokio::task::JoinHandle::is_finished);
            tokio::task::yield_now().await;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        assert!(read.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order, and nothing twice");
        let all = reader::since(&caller, world.store.db(), subject, &filter, start, 10_000).await.unwrap();
        let all: Vec<_> = all.events.into_iter().map(|(at, event)| (at, event.row.id)).collect();
        assert_eq!(read, all);
        let page = Page { size: 10_000, from_end: false, after: None, before: None };
        let (db, of, wanted) = (world.store.db(), [(subject.id, None)], reader::Wanted::default());
        let pages = reader::pages(&caller, db, subject.ty, &of, &filter, &page, wanted).await.unwrap();
        let page = &pages[&subject.id];
        let on_page: BTreeSet<_> = page.events.iter().map(|event| event.row.id).collect();
        let read: BTreeSet<_> = read.into_iter().map(|(_, event)| event).collect();
        assert!(read.is_subset(&on_page), "the feed brings what the timeline shows");
        assert_eq!(on_page.len(), read.len() + 1, "and the timeline has the account's own beginning besides");
    })
    .await;
}

#[tokio::test]
async fn a_failed_use_case_leaves_nothing() {
    each_engine(async |world: World| {
        let before = counts(&world).await;
        // Refused after its row was inserted: marketing does not reach the new person.
        let text = "mutation { createContact(input: { familyName: \"Öz\" }) { userErrors { code } } }";
        let refused = world.mia().ask(text, json!({})).await;
        assert_eq!(refused.user_errors("createContact")[0].code, "CONSENT_MISSING");
        assert_eq!(counts(&world).await, before);

        // Broken off half way, and dropped.
        let caller = world.caller(&[Role::Admin], "ada").await;
        let cx = api::graph::Cx::new(caller, world.store.clone(), world.clock.clone());
        let mut work = Work::begin(&cx).await.unwrap();
        rows::account(&mut work, "Bolt", None, None).await.unwrap();
        drop(work);
        assert_eq!(counts(&world).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_breaks_a_key_takes_the_whole_unit_with_it() {
    each_engine(async |world: World| {
        let before = counts(&world).await;
        let caller = world.caller(&[Role::Admin], "ada").await;
        let cx = api::graph::Cx::new(caller, world.store.clone(), world.clock.clone());
        let mut work = Work::begin(&cx).await.unwrap();
        rows::account(&mut work, "Bolt", None, None).await.unwrap();
        let nowhere = Some(uuid::Uuid::from_u128(7));
        let broken = rows::account(&mut work, "Screw", nowhere, None).await;
        assert!(matches!(broken, Err(Error::Internal(_))), "{broken:?}");
        drop(work);
        assert_eq!(counts(&world).await, before);
    })
    .await;
}

#[tokio::test]
async fn recorded_at_rises_although_the_clock_stands_or_goes_back() {
    each_engine(async |world: World| {
        let start = world.position().await;
        for _ in 0..3 {
            world.ada().ask(CREATE, json!({ "name": "Bolt" })).await.must();
        }
        world.pass(chrono::TimeDelta::hours(-1));
        world.ada().ask(CREATE, json!({ "name": "Bolt" })).await.must();
        let mut moments: Vec<_> = feed(&world, start).await.iter().map(|change| change.recorded_at).collect();
        moments.dedup();
        assert_eq!(moments.len(), 4);
        assert!(moments.windows(2).all(|pair| pair[0] < pair[1]), "{moments:?}");
        let counter = feed_counter::Entity::find_by_id(world.acme.tenant).one(world.store.db()).await.unwrap();
        assert_eq!(counter.unwrap().last_recorded_at, moments[3]);
    })
    .await;
}

#[tokio::test]
async fn each_change_has_its_event_and_each_event_its_subjects() {
    each_engine(async |world: World| {
        let start = world.position().await;
        let industry = world.work(async |work| rows::industry(work, "C25", None).await).await.id;
        let start = start + (world.position().await - start);
        let text = "mutation($input: CreateAccountInput!) { createAccount(input: $input) { account { id } userErrors { code } } }";
        let input = json!({ "input": { "name": "Bolt", "industryId": id(Kind::Industry, industry) } });
        let made = world.sam().ask(text, input).await.must();
        let account = made.text("createAccount.account.id").to_owned();
        let changes = feed(&world, start).await;
        assert_eq!(changes.len(), 1, "one commit, one event: {changes:?}");
        let event = journey_event::Entity::find_by_id((world.acme.tenant, changes[0].event_id));
        let event = event.one(world.store.db()).await.unwrap().unwrap();
        assert_eq!((event.kind.as_str(), event.object_type.as_str()), ("stage.entered", "ACCOUNT"));
        assert_eq!(event.actor_id, Some(world.acme.cast.sam));
        assert_eq!(id(Kind::Account, event.account_id.unwrap()), account);
        let subjects = event_subject::Entity::find()
            .filter(event_subject::Column::TenantId.eq(world.acme.tenant))
            .filter(event_subject::Column::EventId.eq(event.id))
            .all(world.store.db())
            .await
            .unwrap();
        let subjects: BTreeSet<_> = subjects.into_iter().map(|s| (s.subject_type.as_str(), s.subject_id)).collect();
        let expected = [("ACCOUNT", event.account_id.unwrap()), ("INDUSTRY", industry)].into_iter().collect();
        assert_eq!(subjects, expected);
    })
    .await;
}
