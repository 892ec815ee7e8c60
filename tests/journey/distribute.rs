//! `journey distribute`: the journal in months, and the tables on many servers. Nobody may notice it at the front door.

use std::collections::BTreeSet;

use api::{
    cli::distribute::{Way, distribute},
    graph::Kind,
    journey::{Event, EventKind, Payload, Work, verify},
};
use chrono::{DateTime, TimeDelta, Utc};
use entities::{codes::Interaction, marketing::touchpoint};
use migration::Refused;
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use serde_json::{Value, json};
use tests::{Engine, World, each_engine, id, rows};
use uuid::Uuid;

const PAGE: &str = "query($id: ID!, $first: Int, $after: String) { timeline(subject: $id, first: $first, after: $after) {
    totalCount nodes { id kind title occurredAt recordedAt object { __typename } } pageInfo { hasNextPage endCursor liveCursor } } }";

/// Long before, at the border of each month, and long after.
const MOMENTS: [&str; 7] = [
    "2019-05-05T00:00:00Z",
    "2026-09-30T23:59:59.999999Z",
    "2026-10-01T00:00:00Z",
    "2026-10-31T23:59:59.999999Z",
    "2026-11-01T00:00:00Z",
    "2026-11-23T11:00:00Z",
    "2031-01-01T00:00:00Z",
];

/// Visits of an account at all these moments. The clock stands at 2026-11-23.
async fn visited(world: &World) -> Uuid {
    let account = world.work(async |work| rows::account(work, "Bolt", None, None).await).await.id;
    for moment in MOMENTS {
        world.work(async |work| visit(work, account, moment.parse().unwrap()).await).await;
    }
    account
}

async fn visit(work: &mut Work<'_>, account: Uuid, at: DateTime<Utc>) -> api::graph::Result<()> {
    let row = rows::touchpoint(work, account, Interaction::PageViewed, "/presses").await?;
    work.record(Event::of::<touchpoint::Entity>(EventKind::PageViewed, &row, Payload::None).at(at));
    Ok(())
}

fn months(from: &str, months_ahead: u32) -> Way {
    Way::Partitions { from: Some(from.parse().unwrap()), months_ahead, dry_run: false }
}

async fn done(world: &World, way: Way) -> Vec<String> {
    distribute(&world.store, way, world.now()).await.unwrap()
}

async fn refused(world: &World, way: Way) -> Refused {
    distribute(&world.store, way, world.now()).await.unwrap_err().downcast().unwrap()
}

/// The whole timeline, page by page, as it comes.
async fn pages(world: &World, account: Uuid) -> Vec<Value> {
    let (ada, mut pages, mut after) = (world.ada(), Vec::new(), Value::Null);
    loop {
        let asked = json!({ "id": id(Kind::Account, account), "first": 2, "after": after });
        let page = ada.ask(PAGE, asked).await.must().data("timeline").clone();
        after = page["pageInfo"]["endCursor"].clone();
        let is_last = page["pageInfo"]["hasNextPage"] == false;
        pages.push(page);
        if is_last {
            return pages;
        }
    }
}

async fn agrees(world: &World) {
    for tenant in [world.acme.tenant, world.other.tenant] {
        let checks = verify::tenant(&world.store, tenant).await.unwrap();
        // The tests' own rows begin without a stage.
        let of_rows = |check: &&verify::Check| check.name != "every stage is the row's one open interval";
        let wrong: Vec<_> = checks.iter().filter(of_rows).filter(|check| !check.findings.is_empty()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

/// The first column of what PostgreSQL says.
async fn said(db: &impl ConnectionTrait, text: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect()
}

/// How many visits lie in which part: the same for events and for their subjects.
async fn places(world: &World) -> Vec<String> {
    let [events, subjects] = ["journey_event", "event_subject"].map(|table| {
        format!(
            "SELECT replace(tableoid::regclass::text, '{table}_', '') || ' ' || count(*) FROM {table}
             WHERE kind = 'page.viewed' GROUP BY tableoid ORDER BY 1"
        )
    });
    let places = said(world.store.db(), &events).await;
    assert_eq!(said(world.store.db(), &subjects).await, places);
    places
}

/// Columns, keys, checks, indexes and what others may do, in the words of the catalogue.
async fn shape(world: &World) -> Vec<String> {
    let text = "
        SELECT conrelid::regclass::text || ' ' || conname::text || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid IN ('journey_event'::regclass, 'event_subject'::regclass)
        UNION ALL SELECT replace(indexdef, ' ONLY ', ' ') FROM pg_indexes WHERE tablename IN ('journey_event', 'event_subject')
        UNION ALL SELECT concat_ws(' ', attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod), attnotnull) FROM pg_attribute
            WHERE attrelid IN ('journey_event'::regclass, 'event_subject'::regclass) AND attnum > 0
        UNION ALL SELECT concat_ws(' ', relname, relacl) FROM pg_class WHERE relname IN ('journey_event', 'event_subject')
        ORDER BY 1";
    said(world.store.db(), text).await
}

#[tokio::test]
async fn a_journal_in_months_answers_as_before() {
    each_engine(async |world: World| {
        if world.engine == Engine::Sqlite {
            assert!(matches!(refused(&world, months("2026-10", 1)).await, Refused::NotPostgres));
            return;
        }
        let (account, db) = (visited(&world).await, world.store.db());
        db.execute_unprepared("GRANT SELECT ON journey_event TO pg_monitor").await.unwrap();
        let (before, shaped) = (pages(&world, account).await, shape(&world).await);

        // By default from the oldest event on; what would be run is told, and nothing is.
        let script = done(&world, Way::Partitions { from: None, months_ahead: 0, dry_run: true }).await;
        assert_eq!((script[0].as_str(), script.last().unwrap().as_str()), ("BEGIN;", "ANALYZE journey_event, event_subject;"));
        let made: Vec<&String> = script.iter().filter(|line| line.starts_with("CREATE TABLE event_subject_2")).collect();
        assert_eq!(made.len(), 91, "2019-05 to 2026-11");
        assert!(made[0].starts_with("CREATE TABLE event_subject_2019_05 PARTITION OF event_subject FOR VALUES FROM ('016a"));
        assert_eq!(said(db, "SELECT relkind::text FROM pg_class WHERE relname = 'journey_event'").await, ["r"]);

        let told = done(&world, months("2026-10", 1)).await;
        assert_eq!(told, ["journey_event: 3 months added", "event_subject: 3 months added"]);
        assert_eq!(places(&world).await, ["2026_10 2", "2026_11 2", "earlier 2", "later 1"]);
        assert_eq!(pages(&world, account).await, before);
        assert_eq!(shape(&world).await, shaped);
        agrees(&world).await;

        // Twice is once.
        let parts = "SELECT concat_ws(' ', oid, relname, pg_get_expr(relpartbound, oid)) FROM pg_class WHERE relispartition ORDER BY oid";
        let stand = said(db, parts).await;
        assert_eq!(done(&world, months("2026-10", 1)).await, ["nothing is missing"]);
        assert_eq!(done(&world, Way::Partitions { from: None, months_ahead: 1, dry_run: true }).await, ["-- nothing is missing"]);
        assert_eq!(said(db, parts).await, stand);

        // Writing goes on, in whatever month.
        let create = "mutation { createAccount(input: { name: \"Nut\" }) { account { id } userErrors { code } } }";
        world.ada().ask(create, json!({})).await.must();
        for moment in ["2018-01-01T00:00:00Z", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"] {
            world.work(async |work| visit(work, account, moment.parse().unwrap()).await).await;
        }
        assert_eq!(places(&world).await, ["2026_10 2", "2026_11 2", "2026_12 1", "earlier 3", "later 2"]);
        assert_eq!(pages(&world, account).await[0]["totalCount"], MOMENTS.len() + 3);
        agrees(&world).await;
    })
    .await;
}

#[tokio::test]
async fn missing_months_take_their_rows_out_of_earlier_and_later() {
    each_engine(async |world: World| {
        if world.engine == Engine::Sqlite {
            return;
        }
        let account = visited(&world).await;
        done(&world, months("2026-10", 1)).await;
        world.pass(TimeDelta::days(43));
        world.work(async |work| visit(work, account, work.now()).await).await;
        assert_eq!(places(&world).await, ["2026_10 2", "2026_11 2", "earlier 2", "later 2"]);

        let (before, shaped) = (pages(&world, account).await, shape(&world).await);
        let told = done(&world, months("2026-09", 1)).await;
        assert_eq!(told, ["journey_event: 3 months added", "event_subject: 3 months added"]);
        assert_eq!(places(&world).await, ["2026_09 1", "2026_10 2", "2026_11 2", "2027_01 1", "earlier 1", "later 1"]);
        assert_eq!(pages(&world, account).await, before);
        assert_eq!(shape(&world).await, shaped);
        agrees(&world).await;
        // A later first month takes none away.
        assert_eq!(done(&world, months("2027-01", 1)).await, ["nothing is missing"]);
    })
    .await;
}

/// The newest events of a subject, as a page reads them: through the parts in their order, and no further than it must.
#[tokio::test]
async fn a_page_opens_the_newest_parts_alone() {
    each_engine(async |world: World| {
        if world.engine == Engine::Sqlite {
            return;
        }
        let account = visited(&world).await;
        done(&world, months("2026-09", 1)).await;
        let tx = world.store.db().begin().await.unwrap();
        // For a handful of rows every plan is good enough: what nobody would choose for many is switched off.
        for plan in ["seqscan", "bitmapscan", "sort"] {
            tx.execute_unprepared(&format!("SET LOCAL enable_{plan} = off")).await.unwrap();
        }
        let text = format!(
            "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT s.event_id FROM event_subject s
             WHERE s.tenant_id = {} AND s.subject_type = 'ACCOUNT' AND s.subject_id = '{account}' AND s.superseded_at IS NULL
             ORDER BY s.event_id DESC LIMIT 3",
            world.acme.tenant
        );
        let plan = said(&tx, &text).await;
        tx.rollback().await.unwrap();
        let all = plan.join("\n");
        assert!(all.contains("->  Append") && !all.contains("Merge Append") && !all.contains("Sort"), "{all}");
        let opened: Vec<&str> = plan
            .iter()
            .filter(|line| line.contains(" on event_subject_") && !line.contains("never executed"))
            .map(|line| line.split(" on event_subject_").nth(1).unwrap().split(' ').next().unwrap())
            .collect();
        assert_eq!(opened, ["later", "2026_12", "2026_11"], "{all}");
    })
    .await;
}

#[tokio::test]
async fn what_hangs_on_the_journal_is_named_and_nothing_happens() {
    each_engine(async |world: World| {
        if world.engine == Engine::Sqlite {
            return;
        }
        let db = world.store.db();
        db.execute_unprepared("CREATE VIEW counted AS SELECT count(*) FROM journey_event").await.unwrap();
        let words = refused(&world, months("2026-10", 1)).await.to_string();
        assert!(words.starts_with("journey_event cannot be cut while these hang on it: view counted;"), "{words}");
        db.execute_unprepared("DROP VIEW counted").await.unwrap();
        assert!(matches!(refused(&world, months("2001-01", 1)).await, Refused::TooMany { months: 312, most: 240 }));
        let wrong = distribute(&world.store, months("2027-01", 1), world.now()).await.unwrap_err();
        assert_eq!(wrong.to_string(), "--from 2027-01 lies after 2026-12, the last month that is asked for");
        assert_eq!(said(db, "SELECT relname::text FROM pg_class WHERE relispartition").await, [""; 0]);

        done(&world, months("2026-10", 1)).await;
        db.execute_unprepared("ALTER TABLE journey_event DETACH PARTITION journey_event_2026_11").await.unwrap();
        let words = refused(&world, months("2026-10", 2)).await.to_string();
        assert!(words.ends_with("look at journey_event_2026_11"), "{words}");
    })
    .await;
}

#[tokio::test]
async fn migrations_go_down_and_up_over_a_journal_in_months() {
    each_engine(async |world: World| {
        if world.engine == Engine::Sqlite {
            return;
        }
        visited(&world).await;
        done(&world, months("2026-10", 1)).await;
        let db = world.store.db();
        let steps = migration::down(db, None).await.unwrap();
        let tables = "SELECT relname::text FROM pg_class WHERE relname ~ '^(journey_event|event_subject)'";
        assert_eq!(said(db, tables).await, [""; 0], "the parts went with their whole");
        assert_eq!(migration::up(db).await.unwrap(), steps);
        // Without an event, from this month on.
        let told = done(&world, Way::Partitions { from: None, months_ahead: 3, dry_run: false }).await;
        assert_eq!(told, ["journey_event: 4 months added", "event_subject: 4 months added"]);
    })
    .await;
}

#[tokio::test]
async fn every_table_has_its_place_on_many_servers() {
    each_engine(async |world: World| {
        if world.engine == Engine::Sqlite {
            assert!(matches!(refused(&world, Way::Citus { dry_run: true }).await, Refused::NotPostgres));
            return;
        }
        let db = world.store.db();
        let refusal = refused(&world, Way::Citus { dry_run: false }).await;
        assert!(matches!(refusal, Refused::NoCitus) && refusal.to_string().contains("CREATE EXTENSION citus"), "{refusal}");
        let script = done(&world, Way::Citus { dry_run: true }).await;
        assert_eq!(
            script[..6],
            [
                "BEGIN;",
                "SET LOCAL citus.enable_local_reference_table_foreign_keys TO off;",
                "SET LOCAL citus.multi_shard_modify_mode TO 'sequential';",
                "SELECT create_reference_table('seaql_migrations');",
                "SELECT create_reference_table('tenant');",
                "SELECT create_distributed_table('feed_counter', 'tenant_id', colocate_with => 'none');",
            ]
        );
        let named = |function: &str| -> Vec<&str> {
            let before = format!("SELECT {function}('");
            script.iter().filter_map(|line| line.strip_prefix(&before)?.split('\'').next()).collect()
        };
        let (same, spread) = (named("create_reference_table"), named("create_distributed_table"));
        let placed: BTreeSet<String> = same.iter().chain(&spread).map(|name| (*name).to_owned()).collect();
        assert_eq!(placed.len(), same.len() + spread.len(), "each once");

        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
        assert_eq!(said(db, tables).await.into_iter().collect::<BTreeSet<_>>(), placed);
        let of_tenants = "SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'tenant_id'";
        let of_tenants: BTreeSet<String> = said(db, of_tenants).await.into_iter().collect();
        assert_eq!(spread.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), of_tenants);
        for name in &spread[1..] {
            let line = format!("SELECT create_distributed_table('{name}', 'tenant_id', colocate_with => 'feed_counter');");
            assert!(script.contains(&line), "{name}");
        }

        let place = |name: &str| same.iter().chain(&spread).position(|placed| *placed == name).unwrap();
        let refers = said(db, "SELECT concat_ws(' ', conrelid::regclass, confrelid::regclass) FROM pg_constraint WHERE contype = 'f'").await;
        assert!(refers.len() > 100, "{}", refers.len());
        for pair in refers {
            let (of, to) = pair.split_once(' ').unwrap();
            assert!(of == to || place(to) < place(of), "{of} comes before {to}, to which it refers");
        }

        // The parts go where their whole goes.
        done(&world, months("2026-10", 1)).await;
        assert_eq!(done(&world, Way::Citus { dry_run: true }).await, script);
    })
    .await;
}
