//! The schema on both engines: every table of the rows exists with the same columns, takes a full row and a bare one, gives them back unchanged,
//! accepts every code and no other, refuses another tenant's row, and goes away again.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests stop at the first surprise and say loudly what did not run"
)]

mod rows;

use std::collections::BTreeSet;

use entities::account::contact;
use entities::tenant::tenant;
use migration::{down, status, up};
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, EntityTrait, QueryOrder, Statement, TransactionTrait,
};
use uuid::Uuid;

const STEPS: u32 = 21;

/// Runs a body for every table of the rows, in an order in which references exist already.
macro_rules! for_every_table {
    ($body:ident, $db:expr) => {{
        use entities::{account, journey, marketing, sales, service, sync, tenant};
        for_every_table!(@ $body, $db;
            tenant::tenant,
            sync::source_system,
            account::colleague,
            tenant::queue,
            tenant::queue_member,
            tenant::definition,
            tenant::goal,
            tenant::custom_field,
            tenant::custom_value,
            sync::fx_rate,
            account::industry,
            account::industry_closure,
            account::account,
            account::contact,
            account::contact_point,
            account::employment,
            account::visitor,
            account::identity,
            account::identity_rule,
            account::merge_operation,
            account::id_redirect,
            account::visitor_link,
            account::account_team_member,
            account::industry_team_member,
            account::consent,
            marketing::channel,
            marketing::campaign,
            marketing::campaign_industry,
            marketing::campaign_cost,
            marketing::content_asset,
            marketing::touchpoint,
            marketing::lead,
            marketing::lead_touch,
            marketing::handover,
            marketing::lesson,
            service::business_calendar,
            service::sla_policy,
            service::sla_clock,
            sales::pipeline,
            sales::stage,
            sales::stage_interval,
            sales::opportunity,
            sales::opportunity_snapshot,
            sales::opportunity_contact,
            sales::meeting,
            sales::meeting_attendee,
            sales::requirement,
            sales::activity,
            sales::note,
            sales::note_mention,
            sales::task,
            sales::product,
            sales::sales_order,
            sales::order_line,
            sales::contract,
            service::asset,
            service::ticket,
            service::ticket_message,
            service::survey_answer,
            service::file,
            journey::journey_event,
            journey::event_subject,
            journey::feed_counter,
            journey::change_log,
            journey::search_token,
            sync::external_ref,
            sync::webhook_endpoint,
            sync::webhook_delivery,
            sync::field_conflict,
            sync::field_policy,
            sync::field_writer,
            sync::idempotency_key,
            sync::import_job,
            sync::import_row,
        )
    }};
    (@ $body:ident, $db:expr; $($wing:ident::$table:ident,)+) => {
        [$( $body::<$wing::$table::Entity>($db).await ),+]
    };
}

#[tokio::test]
async fn the_schema_stands_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let db = sqlite(&folder).await;
    the_schema_stands(&db).await;

    let sql = "SELECT sql FROM sqlite_master WHERE name = 'event_subject'";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap().unwrap();
    let made: String = row.try_get("", "sql").unwrap();
    assert!(made.ends_with("WITHOUT ROWID"), "{made}");
}

#[tokio::test]
async fn the_schema_stands_on_postgres() {
    on_postgres(async |url| {
        let db = Database::connect(url).await.unwrap();
        the_schema_stands(&db).await;
        db.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn two_migrators_at_once_do_not_hurt_each_other_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (sqlite(&folder).await, sqlite(&folder).await);
    two_migrators(&one, &two).await;
}

#[tokio::test]
async fn two_migrators_at_once_do_not_hurt_each_other_on_postgres() {
    on_postgres(async |url| {
        let one = Database::connect(&url).await.unwrap();
        let two = Database::connect(&url).await.unwrap();
        two_migrators(&one, &two).await;
        one.close().await.unwrap();
        two.close().await.unwrap();
    })
    .await;
}

async fn the_schema_stands(db: &DatabaseConnection) {
    use rows::take_rows;

    assert!(status(db).await.unwrap().iter().all(|(_, applied)| !applied));
    assert!(tables(db).await.is_empty(), "asking for the status writes nothing");
    assert_eq!(up(db).await.unwrap(), STEPS);
    assert_eq!(up(db).await.unwrap(), 0);
    assert!(status(db).await.unwrap().iter().all(|(_, applied)| *applied));

    let mut known: BTreeSet<String> = for_every_table!(take_rows, db).into_iter().collect();
    // What figures keep is derived, has no rows of its own, and is read by the statements that make it.
    known.extend(["figure_bucket", "figure_day", "figure_row", "figure_state"].map(str::to_owned));
    assert_eq!(tables(db).await, known, "tables, and entities that read them");
    another_tenants_row_is_refused(db).await;
    times_sort(db).await;
    the_accounts_of_a_colleague_come_from_an_index(db).await;

    assert_eq!(down(db, Some(1)).await.unwrap(), 1);
    assert_eq!(up(db).await.unwrap(), 1);
    assert_eq!(down(db, None).await.unwrap(), STEPS);
    assert!(tables(db).await.is_empty(), "nothing stays behind");
    assert_eq!(up(db).await.unwrap(), STEPS);
}

async fn two_migrators(one: &DatabaseConnection, two: &DatabaseConnection) {
    let (first, second) = tokio::join!(up(one), up(two));
    let mut applied = [first.unwrap(), second.unwrap()];
    applied.sort_unstable();
    assert_eq!(applied, [0, STEPS]);
}

/// Tenant 2 exists, and account `ONE` is tenant 1's.
async fn another_tenants_row_is_refused(db: &DatabaseConnection) {
    let foreign = contact::Model {
        tenant_id: 2,
        account_id: Some(rows::ONE),
        owner_id: None,
        source_id: None,
        ..contact::Entity::find_by_id((1, rows::ONE)).one(db).await.unwrap().unwrap()
    };
    let refused = contact::Entity::insert(contact::ActiveModel::from(foreign.clone())).exec_without_returning(db).await;
    assert!(refused.is_err());
    let own = contact::Model { account_id: None, ..foreign };
    contact::Entity::insert(contact::ActiveModel::from(own)).exec_without_returning(db).await.unwrap();
}

/// Whole seconds and parts of seconds in one column: SQLite compares their texts.
async fn times_sort(db: &DatabaseConnection) {
    let whole: chrono::DateTime<chrono::Utc> = "2026-11-23T10:00:00Z".parse().unwrap();
    let wanted: Vec<_> =
        [0, 1, 1_000, 120_000, 999_999, 1_000_000].map(|micros| whole + chrono::Duration::microseconds(micros)).into();
    let pattern = tenant::Entity::find_by_id(1).one(db).await.unwrap().unwrap();
    let rows = wanted.iter().rev().zip(100..).map(|(time, id)| {
        tenant::ActiveModel::from(tenant::Model { id, slug: format!("t{id}"), created_at: *time, ..pattern.clone() })
    });
    tenant::Entity::insert_many(rows).exec_without_returning(db).await.unwrap();
    let found: Vec<_> = tenant::Entity::find()
        .order_by_asc(tenant::Column::CreatedAt)
        .all(db)
        .await
        .unwrap()
        .into_iter()
        .filter(|row| row.id >= 100)
        .map(|row| row.created_at)
        .collect();
    assert_eq!(found, wanted);
}

/// The team rule brings them together for every list: no row of the tables is read for it.
async fn the_accounts_of_a_colleague_come_from_an_index(db: &DatabaseConnection) {
    let someone = rows::ONE;
    let of_colleague = [
        format!(
            "SELECT account_id FROM account_team_member WHERE tenant_id = 1 AND colleague_id = '{someone}' AND \
             valid_from <= '2026-11-23 10:00:00' AND (valid_to IS NULL OR valid_to > '2026-11-23 10:00:00') AND \
             access_account <> 'NONE' AND access_marketing <> 'NONE' AND access_sales <> 'NONE' AND access_service <> 'NONE'"
        ),
        format!("SELECT id FROM account WHERE tenant_id = 1 AND owner_id = '{someone}'"),
    ];
    let (explain, column, by_the_index) = match db.get_database_backend() {
        DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail", "USING COVERING INDEX"),
        _ => ("EXPLAIN", "QUERY PLAN", "Index Only Scan"),
    };
    // One connection, on which a few rows are read like many.
    let tx = db.begin().await.unwrap();
    if db.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off").await.unwrap();
    }
    for select in of_colleague {
        let explain = Statement::from_string(db.get_database_backend(), format!("{explain} {select}"));
        let plan = tx.query_all_raw(explain).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.try_get("", column).unwrap()).collect();
        assert!(plan[0].contains(by_the_index), "{select}: {plan:?}");
    }
    tx.rollback().await.unwrap();
}

async fn tables(db: &DatabaseConnection) -> BTreeSet<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        _ => "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'",
    };
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .unwrap()
        .iter()
        .map(|row| row.try_get::<String>("", "name").unwrap())
        .filter(|name| name != "seaql_migrations" && !name.starts_with("sqlite_"))
        .collect()
}

async fn sqlite(folder: &tempfile::TempDir) -> DatabaseConnection {
    let file = folder.path().join("journey.db");
    Database::connect(format!("sqlite://{}?mode=rwc", file.display())).await.unwrap()
}

/// Runs a test in a database of its own, and drops it, whatever the test says.
async fn on_postgres<F>(test: impl FnOnce(String) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let server = std::env::var("JOURNEY_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let admin = match Database::connect(&server).await {
        Ok(admin) => admin,
        Err(error) => {
            assert!(std::env::var("CI").is_err(), "no PostgreSQL answers: {error}");
            eprintln!("\n*** PostgreSQL half did not run: no server answers ***\n");
            return;
        }
    };
    #[expect(clippy::disallowed_methods, reason = "a name that no other test run has")]
    let name = format!("journey_migration_{}", Uuid::new_v4().simple());
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (address, _) = server.rsplit_once('/').unwrap();
    let outcome = tokio::spawn(test(format!("{address}/{name}"))).await;
    admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    outcome.unwrap();
}
