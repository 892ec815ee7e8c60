//! SQL views on PostgreSQL: they say what an analyst is told at the other doors, and their login reads nothing else and writes nothing.
//!
//! Roles are of all databases of a server: each test names its login after its own database, and takes it away whatever happens.

mod login;

use std::{collections::BTreeSet, panic::AssertUnwindSafe};

use api::{
    bi::views::{Grain, Refused, refresh},
    cli::bi::{Of, Wanted, Way, carry_out},
    store::{Options, Store},
    tenancy::{self, NewTenant},
};
use chrono::TimeDelta;
use entities::{codes::Interaction, marketing::touchpoint};
use futures::FutureExt;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Set, Statement, TransactionTrait,
};
use serde_json::{Value, json};
use tests::{Engine, World, each_engine, each_engine_told};

use super::{csv, get, table};
use crate::numbers::market::Market;

/// A login's name that no other database of the server has.
fn login_of(world: &World) -> String {
    let database = world.url.rsplit_once('/').unwrap().1;
    format!("bi_{}", database.split('?').next().unwrap())
}

fn wanted(world: &World, tenant: &str) -> Wanted {
    Wanted {
        tenant: tenant.to_owned(),
        login: Some(login_of(world)),
        statement_timeout: std::time::Duration::from_millis(12_345),
        connections: 3,
        grain: Grain::Quarter,
        by: "CHANNEL".parse().unwrap(),
        years: 1,
    }
}

fn grant(world: &World) -> Way {
    Way::Grant { wanted: wanted(world, world.acme.slug), new_password: false }
}

fn of(tenant: &str) -> Of {
    Of { tenant: tenant.to_owned() }
}

/// What the command tells.
async fn tells(world: &World, way: Way) -> anyhow::Result<Vec<String>> {
    tells_to(world, &world.store, way).await
}

/// What it tells whoever has this way to the database.
async fn tells_to(world: &World, store: &Store, way: Way) -> anyhow::Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut tell = |line: &str| {
        lines.push(line.to_owned());
        Ok(())
    };
    let server = Some(("db.example".to_owned(), 5432));
    Box::pin(carry_out(store, &world.clock, way, server, &mut tell)).await?;
    Ok(lines)
}

async fn refused(world: &World, way: Way) -> Refused {
    tells(world, way).await.unwrap_err().downcast().unwrap()
}

/// The database's address for another login.
fn address(world: &World, login: &str, password: &str) -> String {
    let (_, rest) = world.url.split_once("://").unwrap();
    let place = rest.split_once('@').map_or(rest, |(_, place)| place);
    format!("postgres://{login}:{password}@{place}")
}

/// The database as the login has it.
async fn as_login(world: &World, login: &str, password: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(address(world, login, password));
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

fn password(lines: &[String]) -> &str {
    lines[1].strip_prefix("password: ").unwrap()
}

/// On PostgreSQL, with the login gone afterwards.
async fn on_postgres(test: impl AsyncFn(World)) {
    each_engine(async |world: World| {
        if world.engine == Engine::Postgres {
            and_no_login_left(&world, Box::pin(test(world.clone()))).await;
        }
    })
    .await;
}

/// The roles of a test outlive its database: they go, whatever happens.
async fn and_no_login_left(world: &World, test: impl Future<Output = ()>) {
    let (login, db) = (login_of(world), world.store.db());
    let outcome = AssertUnwindSafe(test).catch_unwind().await;
    for role in [login.clone(), format!("{login}_2"), format!("{login}_3")] {
        if said(db, &format!("SELECT rolname::text FROM pg_roles WHERE rolname = '{role}'")).await.is_empty() {
            continue;
        }
        db.execute_unprepared(&format!("REASSIGN OWNED BY \"{role}\" TO CURRENT_USER")).await.unwrap();
        db.execute_unprepared(&format!("DROP OWNED BY \"{role}\"")).await.unwrap();
        db.execute_unprepared(&format!("DROP ROLE \"{role}\"")).await.unwrap();
    }
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// The first column of what PostgreSQL says.
async fn said(db: &impl ConnectionTrait, text: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect()
}

/// Rows as objects.
async fn objects(db: &impl ConnectionTrait, text: &str) -> Vec<Value> {
    let rows = said(db, &format!("SELECT row_to_json(asked)::text FROM ({text}) AS asked")).await;
    rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
}

/// Why PostgreSQL does not do it.
async fn denied(db: &impl ConnectionTrait, text: &str) -> String {
    db.execute_unprepared(text).await.map(|_| text).unwrap_err().to_string()
}

/// The cells of a row as every door has them: CSV knows texts alone, and JSON more than one way to write a number, whose last digit its
/// reader may lose.
fn alike(row: &Value) -> Vec<(String, Value)> {
    let number = |number: f64| json!(format!("{number:.12e}"));
    let cell = |value: &Value| match value {
        Value::Null => json!(""),
        Value::Bool(is) => json!(is.to_string()),
        Value::String(text) => match text.parse::<f64>() {
            Ok(told) => number(told),
            Err(_) => json!(text.replace("+00:00", "Z")),
        },
        other => other.as_f64().map_or(other.clone(), number),
    };
    row.as_object().unwrap().iter().map(|(name, value)| (name.clone(), cell(value))).collect()
}

fn all_alike(rows: &[Value]) -> BTreeSet<String> {
    let all: BTreeSet<String> = rows.iter().map(|row| format!("{:?}", alike(row))).collect();
    assert_eq!(all.len(), rows.len(), "no row twice");
    all
}

/// A visit of somebody whom nobody knows.
async fn touched(world: &World) {
    world
        .work(async |work| {
            let row = touchpoint::ActiveModel {
                interaction: Set(Interaction::PageViewed),
                occurred_at: Set(work.now()),
                is_inbound: Set(true),
                ..Default::default()
            };
            work.insert::<touchpoint::Entity>(row).await.map(|_| ())
        })
        .await;
}

/// All figures in one word.
async fn figures(world: &World) -> String {
    let text = "SELECT count(*) || ' ' || md5(string_agg(f::text, '|' ORDER BY f::text)) FROM bi_acme.bi_metric f";
    said(world.store.db(), text).await.remove(0)
}

#[tokio::test]
async fn one_figure_is_the_same_by_sql() {
    each_engine_told(async |world: World, _: Market| {
        if world.engine == Engine::Postgres {
            and_no_login_left(&world, Box::pin(every_door_says_the_same(&world))).await;
        }
    })
    .await;
}

async fn every_door_says_the_same(world: &World) {
    let lines = tells(world, grant(world)).await.unwrap();
    let db = as_login(world, &login_of(world), password(&lines)).await;

    // Each question, to the files as an analyst puts it: the same rows, in the same columns, and nothing is left over.
    let questions = objects(&db, "SELECT * FROM question").await;
    let (mut all, mut hidden, mut shown) = (0, 0, 0);
    for question in &questions {
        let arguments = question["arguments"].as_str().unwrap();
        let text = get(world, &world.ana(), &format!("/bi/v1/bi_metric.csv?{arguments}")).await.text();
        let by_file = table(&text);
        let (metric, by) = (question["metric"].as_str().unwrap(), question["grouped_by"].as_str().unwrap());
        let by_sql =
            objects(&db, &format!("SELECT * FROM bi_metric WHERE metric = '{metric}' AND grouped_by = '{by}'")).await;
        assert_eq!(all_alike(&by_sql), all_alike(&by_file), "{arguments}");
        assert_eq!(json!(by_sql.len()), question["figures"], "{arguments}");
        assert_eq!(question["refused"], Value::Null);
        if let Some(row) = by_sql.first() {
            let columns: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(columns.join(","), text.split("\r\n").next().unwrap());
        }
        all += by_sql.len();
        hidden += by_sql.iter().filter(|row| row["suppressed"] == true).count();
        shown += by_sql.iter().filter(|row| row["suppressed"] == false).count();
    }
    assert_eq!(said(&db, "SELECT count(*)::text FROM bi_metric").await, [all.to_string()]);
    assert_eq!(hidden + shown, all);
    assert!(hidden > 0 && shown > 0, "{hidden} {shown}");
    let count = lines.last().unwrap();
    assert_eq!(*count, format!("{all} figures answer {} questions", questions.len()));
    let told = said(&db, "SELECT arguments FROM question WHERE metric = 'LEADS' ORDER BY 1").await;
    assert_eq!(
        told,
        [
            "metrics=LEADS&by=CHANNEL&grain=QUARTER&from=2026-01-01&to=2027-01-01",
            "metrics=LEADS&grain=QUARTER&from=2026-01-01&to=2027-01-01"
        ]
    );

    // And to the graph.
    let asked = world
        .ana()
        .ask(
            "{ analytics { aggregate(metrics: [TOUCHES], groupBy: [{ dimension: CHANNEL }, { grain: QUARTER }],
               from: \"2025-12-31T23:00:00Z\", to: \"2026-12-31T23:00:00Z\", first: 1000) {
               rows { keys { key label } bucket { label } values { numerator value suppressed } } } } }",
            json!({}),
        )
        .await
        .must();
    let by_graph = asked.data("analytics.aggregate.rows").as_array().unwrap().iter().map(|row| {
        let figure = &row["values"][0];
        json!({ "channel_id": row["keys"][0]["key"], "channel_name": row["keys"][0]["label"], "bucket": row["bucket"]["label"],
            "numerator": figure["numerator"], "value": figure["value"], "suppressed": figure["suppressed"] })
    });
    let by_graph: Vec<Value> = by_graph.collect();
    let columns = "channel_id, channel_name, bucket, numerator, value, suppressed";
    let by_sql =
        objects(&db, &format!("SELECT {columns} FROM bi_metric WHERE metric = 'TOUCHES' AND grouped_by = 'CHANNEL'"))
            .await;
    assert!(!by_sql.is_empty());
    assert_eq!(all_alike(&by_sql), all_alike(&by_graph));

    // Days, too; and what there is to know of all this.
    let days = objects(&db, "SELECT * FROM dim_date").await;
    assert_eq!(all_alike(&days), all_alike(&csv(world, &world.ana(), "/bi/v1/dim_date.csv").await));
    let through = world
        .ana()
        .ask(
            "{ analytics { aggregate(metrics: [LEADS], from: \"2025-12-31T23:00:00Z\", to: \"2026-12-31T23:00:00Z\") { dataThrough } } }",
            json!({}),
        )
        .await
        .must();
    let through = alike(&json!({ "at": through.data("analytics.aggregate.dataThrough") }));
    let about = objects(&db, "SELECT * FROM about").await;
    assert_eq!(alike(&json!({ "at": about[0]["data_through"] })), through);
    let mut about = about[0].clone();
    about["data_through"] = Value::Null;
    assert_eq!(
        about,
        json!({ "tenant": "acme", "login": login_of(world), "grain": "QUARTER", "dimensions": "CHANNEL", "years": 1,
            "timezone": "Europe/Berlin", "currency": "EUR", "refreshed_at": "2026-11-23T12:00:00+00:00", "data_through": null })
    );
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_refresh_takes_the_place_of_what_was_there_at_once() {
    on_postgres(async |world: World| {
        let lines = tells(&world, grant(&world)).await.unwrap();
        let db = as_login(&world, &login_of(&world), password(&lines)).await;
        let asked = "SELECT concat_ws(' ', a.refreshed_at, (SELECT count(*) FROM bi_metric WHERE metric = 'TOUCHES' AND grouped_by = '')) FROM about a";
        assert_eq!(said(&db, asked).await, ["2026-11-23 12:00:00+00 0"]);
        touched(&world).await;
        world.pass(TimeDelta::hours(1));
        // Somebody fills them already: nobody waits, and nothing changes.
        let filling = world.store.begin().await.unwrap();
        assert_eq!(said(&filling, "SELECT tenant FROM journey_bi_acme.about FOR UPDATE").await, ["acme"]);
        let why = Box::pin(refresh(&world.store, &world.clock, world.acme.slug)).await.unwrap_err();
        assert!(matches!(why, Refused::Busy(_)), "{why}");
        filling.rollback().await.unwrap();
        assert_eq!(said(&db, asked).await, ["2026-11-23 12:00:00+00 0"]);

        // Who reads on reads what was there when it began.
        let options = sea_orm::TransactionOptions {
            isolation_level: Some(sea_orm::IsolationLevel::RepeatableRead),
            ..Default::default()
        };
        let reading = db.begin_with_options(options).await.unwrap();
        assert_eq!(said(&reading, asked).await, ["2026-11-23 12:00:00+00 0"]);
        let told = tells(&world, Way::Refresh(of(world.acme.slug))).await.unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(said(&reading, asked).await, ["2026-11-23 12:00:00+00 0"]);
        reading.rollback().await.unwrap();
        assert_eq!(said(&db, asked).await, ["2026-11-23 13:00:00+00 1"]);
        // One touch of nobody is told of as one that is hidden.
        let row = "SELECT metric, bucket, suppressed, numerator, rows FROM bi_metric WHERE metric = 'TOUCHES' AND grouped_by = ''";
        assert_eq!(
            objects(&db, row).await,
            [json!({ "metric": "TOUCHES", "bucket": "2026-Q4", "suppressed": true, "numerator": null, "rows": null })]
        );
        db.close().await.unwrap();

        // What has been opened meanwhile is found.
        world.store.db().execute_unprepared("GRANT SELECT (name) ON account TO PUBLIC").await.unwrap();
        let why = refused(&world, Way::Refresh(of(world.acme.slug))).await;
        assert!(matches!(&why, Refused::Open { rights, .. } if *rights == ["SELECT on account"]), "{why}");
        world.store.db().execute_unprepared("REVOKE SELECT (name) ON account FROM PUBLIC").await.unwrap();
        tells(&world, Way::Revoke(of(world.acme.slug))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn views_and_columns_say_what_they_are() {
    on_postgres(async |world: World| {
        tells(&world, grant(&world)).await.unwrap();
        let index = get(&world, &world.ana(), "/bi/v1").await.json();
        let db = world.store.db();
        let views = said(db, "SELECT table_name::text FROM information_schema.views WHERE table_schema = 'bi_acme' ORDER BY 1").await;
        let mut expected: Vec<&str> = vec!["about", "question"];
        for dataset in index["datasets"].as_array().unwrap() {
            let name = dataset["dataset"].as_str().unwrap();
            expected.push(name);
            let words = said(db, &format!("SELECT obj_description('bi_acme.{name}'::regclass, 'pg_class')")).await.remove(0);
            assert!(words.starts_with(dataset["description"].as_str().unwrap()), "{name}: {words}");
            let columns = format!(
                "SELECT attname::text AS name, col_description(attrelid, attnum) AS description FROM pg_attribute
                 WHERE attrelid = 'bi_acme.{name}'::regclass AND attnum > 0 ORDER BY attnum"
            );
            let declared: Vec<Value> = dataset["columns"].as_array().unwrap().iter().map(|column| json!({ "name": column["name"], "description": column["description"] })).collect();
            assert_eq!(objects(db, &columns).await, declared, "{name}");
        }
        expected.sort_unstable();
        assert_eq!(views, expected);
        let silent = "SELECT attrelid::regclass::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = 'bi_acme'::regnamespace AND attnum > 0 AND col_description(attrelid, attnum) IS NULL";
        assert_eq!(said(db, silent).await, [""; 0]);
        tells(&world, Way::Revoke(of(world.acme.slug))).await.unwrap();
    })
    .await;
}
