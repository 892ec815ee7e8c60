use std::{collections::BTreeSet, path::Path};

use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};

use super::*;
use crate::{
    demo::synthetic::{self, Wanted},
    journey::ObjectType,
    store::Options,
};

/// One connection, so that switching the foreign keys off holds for all that follows.
async fn open(file: &Path) -> Store {
    let options = Options { max_connections: 1, ..Options::new(format!("sqlite://{}", file.display())) };
    let store = Store::connect(&options).await.unwrap();
    store.db().execute_unprepared("PRAGMA foreign_keys = OFF").await.unwrap();
    store
}

async fn wrong(store: &Store) -> Vec<Check> {
    tenant(store, 1).await.unwrap().into_iter().filter(|check| !check.findings.is_empty()).collect()
}

const NAMED: &str = "every row is named by an event";
const OBJECTS: &str = "every event's object exists";
const WRITTEN: &str = "every subject in an event has its row in event_subject";
const COPIED: &str = "every row in event_subject is a copy of its event";
const GAPS: &str = "the change log has no gaps and keeps the order";
const ONCE: &str = "every event is in the change log once";
const COUNTER: &str = "the feed's counter stands at the last position";
const STAGES: &str = "every stage is the row's one open interval";
const INTERVALS: &str = "every stage interval belongs to a row";
const SNAPSHOTS: &str = "every opportunity's snapshots are a chain up to now";
const MONEY: &str = "money and currency are both there, or both not";
const ALIASES: &str = "no row names a record that was merged into another";
const REDIRECTS: &str = "every id that was given up leads to one that was not, by a merge that stands";

/// What is broken, and which checks say so.
const CASES: &[(&str, &[&str])] = &[
    (
        "UPDATE journey_event SET object_id = (SELECT id FROM channel WHERE code = 'EMAIL')
            WHERE object_id = (SELECT id FROM channel WHERE code = 'SEO');
         UPDATE change_log SET object_id = (SELECT id FROM channel WHERE code = 'EMAIL')
            WHERE object_id = (SELECT id FROM channel WHERE code = 'SEO')",
        &[NAMED],
    ),
    ("DELETE FROM contact_point WHERE id = (SELECT id FROM contact_point LIMIT 1)", &[OBJECTS]),
    (
        "DELETE FROM event_subject WHERE (subject_type, subject_id, event_id) IN
            (SELECT subject_type, subject_id, event_id FROM event_subject LIMIT 1)",
        &[WRITTEN],
    ),
    (
        "UPDATE event_subject SET subject_id = zeroblob(16) WHERE (subject_type, subject_id, event_id) IN
            (SELECT subject_type, subject_id, event_id FROM event_subject LIMIT 1)",
        &[WRITTEN, COPIED],
    ),
    (
        "UPDATE event_subject SET importance = 9, audience = 'PRIVATE:x' WHERE (subject_type, subject_id, event_id) IN
            (SELECT subject_type, subject_id, event_id FROM event_subject LIMIT 1)",
        &[COPIED],
    ),
    (
        "UPDATE event_subject SET event_id = zeroblob(16) WHERE (subject_type, subject_id, event_id) IN
            (SELECT subject_type, subject_id, event_id FROM event_subject LIMIT 1)",
        &[WRITTEN, COPIED],
    ),
    ("DELETE FROM change_log WHERE position = 40", &[GAPS, ONCE]),
    ("UPDATE change_log SET recorded_at = '2023-01-01T00:00:00+00:00' WHERE position = 40", &[GAPS]),
    (
        "UPDATE change_log SET event_id = (SELECT event_id FROM change_log WHERE position = 40) WHERE position = 41",
        &[GAPS, ONCE],
    ),
    ("UPDATE feed_counter SET position = position + 1", &[COUNTER]),
    ("UPDATE feed_counter SET last_recorded_at = '2023-01-01T00:00:00+00:00'", &[COUNTER]),
    ("DELETE FROM feed_counter", &[COUNTER]),
    ("UPDATE account SET lifecycle_stage = 'ACTIVE' WHERE id = (SELECT id FROM account LIMIT 1)", &[STAGES]),
    (
        "UPDATE stage_interval SET exited_at = '2099-01-01T00:00:00+00:00' WHERE id =
            (SELECT id FROM stage_interval WHERE object_type = 'OPPORTUNITY' AND exited_at IS NOT NULL LIMIT 1)",
        &[STAGES],
    ),
    (
        "UPDATE stage_interval SET object_id = zeroblob(16) WHERE id =
            (SELECT id FROM stage_interval WHERE object_type = 'ACCOUNT' LIMIT 1)",
        &[STAGES, INTERVALS],
    ),
    (
        "UPDATE opportunity_snapshot SET stage = 'NOWHERE' WHERE id =
            (SELECT id FROM opportunity_snapshot WHERE valid_to IS NULL LIMIT 1)",
        &[SNAPSHOTS],
    ),
    (
        "UPDATE opportunity_snapshot SET valid_to = '2099-01-01T00:00:00+00:00' WHERE id =
            (SELECT id FROM opportunity_snapshot WHERE valid_to IS NOT NULL LIMIT 1)",
        &[SNAPSHOTS],
    ),
    ("UPDATE touchpoint SET cost_minor = 5 WHERE id = (SELECT id FROM touchpoint LIMIT 1)", &[MONEY]),
    ("UPDATE campaign SET currency = 'EUR' WHERE id = (SELECT id FROM campaign LIMIT 1)", &[MONEY]),
    (
        "INSERT INTO id_redirect (tenant_id, subject_type, old_id, new_id, redirected_at)
            SELECT 1, 'ACCOUNT', account_id, zeroblob(16), '2024-01-01T00:00:00+00:00'
            FROM contact WHERE account_id IS NOT NULL LIMIT 1",
        &[ALIASES, REDIRECTS],
    ),
    (
        "INSERT INTO merge_operation (tenant_id, id, subject_type, survivor_id, merged_id, merged_at)
            SELECT 1, zeroblob(16), 'CONTACT', id, id, '2024-01-01T00:00:00+00:00' FROM contact LIMIT 1",
        &[REDIRECTS],
    ),
];

#[tokio::test]
async fn each_check_finds_what_it_is_for_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("sound.sqlite");
    let store = open(&sound).await;
    migration::up(store.db()).await.unwrap();
    let wanted = Wanted { tenant: "t".to_owned(), accounts: 12, events: 900, seed: 3 };
    synthetic::generate(&store, &wanted, |_| {}).await.unwrap();
    assert_eq!(tenants(&store).await.unwrap(), [(1, "t".to_owned())]);
    let checks = tenant(&store, 1).await.unwrap();
    for check in &checks {
        assert_eq!(check.findings, [], "{}", check.name);
    }
    let names: BTreeSet<&str> = checks.iter().map(|check| check.name).collect();
    let covered: BTreeSet<&str> = CASES.iter().flat_map(|(_, checks)| checks.iter().copied()).collect();
    assert_eq!(names, covered, "each check has a case that it finds");
    store.db().clone().close().await.unwrap();

    for (nth, (sql, expected)) in CASES.iter().enumerate() {
        let file = folder.path().join(format!("{nth}.sqlite"));
        std::fs::copy(&sound, &file).unwrap();
        let store = open(&file).await;
        store.db().execute_unprepared(sql).await.unwrap();
        let found = wrong(&store).await;
        let names: Vec<&str> = found.iter().map(|check| check.name).collect();
        assert_eq!(names, *expected, "{sql}\n{found:#?}");
        store.db().clone().close().await.unwrap();
    }
}

#[tokio::test]
async fn findings_are_told_up_to_a_hundred() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("x.sqlite")).await;
    migration::up(store.db()).await.unwrap();
    let wanted = Wanted { tenant: "t".to_owned(), accounts: 2, events: 300, seed: 1 };
    synthetic::generate(&store, &wanted, |_| {}).await.unwrap();
    store.db().execute_unprepared("UPDATE touchpoint SET currency = 'EUR'").await.unwrap();
    let found = wrong(&store).await;
    let [check] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((check.findings.len(), check.more), (MOST, true));
}

#[tokio::test]
async fn the_same_seed_makes_the_same_journeys_and_another_others() {
    let make = async |seed| {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("x.sqlite")).await;
        migration::up(store.db()).await.unwrap();
        let wanted = Wanted { tenant: "t".to_owned(), accounts: 3, events: 120, seed };
        let made = synthetic::generate(&store, &wanted, |_| {}).await.unwrap();
        assert_eq!((made.accounts, made.events), (3, 120));
        assert!(synthetic::generate(&store, &wanted, |_| {}).await.is_err(), "a seed is made once");
        let other = Wanted { seed: seed + 10, ..wanted };
        synthetic::generate(&store, &other, |_| {}).await.unwrap();
        let events = entities::journey::journey_event::Entity::find().limit(1000).all(store.db()).await.unwrap();
        assert_eq!(wrong(&store).await.len(), 0);
        events
    };
    let first = make(1).await;
    assert_eq!(first, make(1).await);
    assert_ne!(first, make(2).await);
}

#[test]
fn every_table_that_the_journal_names_is_looked_at() {
    // Notes stand in the table of the messages, all files in one; the tenant's own row is no row of the tenant.
    let shared = [ObjectType::TicketNote, ObjectType::MeetingFile, ObjectType::ContractFile, ObjectType::Tenant];
    let looked: BTreeSet<ObjectType> = named::OBJECTS.iter().copied().chain(shared).collect();
    let known: BTreeSet<ObjectType> = ObjectType::ALL.iter().copied().collect();
    assert_eq!(looked, known);
}
