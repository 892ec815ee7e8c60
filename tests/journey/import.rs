//! Files of other systems come in by `sync::import`, and come out through the API as they were.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use api::{
    graph::Cx,
    policy::{Role, RoleSet},
    sync::{Options, Progress, Report, Source, import},
    tenancy,
};
use mappings::Mapping;
use serde_json::{Value, json};
use tests::{World, each_engine};

#[derive(Default)]
struct Counter(AtomicU64, AtomicU64);

impl Progress for Counter {
    fn found(&self, rows: u64) {
        self.0.fetch_add(rows, Ordering::Relaxed);
    }

    fn done(&self, rows: u64) {
        self.1.fetch_add(rows, Ordering::Relaxed);
    }
}

fn salesforce() -> Source {
    Source::Mapped(Arc::new(Mapping::of(mappings::Source::Salesforce).unwrap()))
}

fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data").join(path)
}

async fn take(world: &World, source: Source, paths: Vec<PathBuf>, dry_run: bool) -> Report {
    let roles: RoleSet = [Role::Integrator, Role::Admin].into_iter().collect();
    let caller = tenancy::system_caller(&world.store, world.acme.tenant, world.now(), roles, "import").await.unwrap();
    let cx = Cx::new(caller, world.store.clone(), world.clock.clone());
    let counter = Counter::default();
    let report = import(&cx, Options { source, paths, dry_run }, &counter).await.unwrap();
    assert!(counter.0.into_inner() <= counter.1.into_inner(), "all that was found is done");
    report
}

fn counts(report: &Report) -> Vec<(&'static str, [u64; 4])> {
    report.counts.iter().map(|(object, c)| (*object, [c.created, c.updated, c.left, c.refused])).collect()
}

/// Every object of a root list, page after page.
async fn all(world: &World, list: &str, fields: &str) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = format!(
            "query($after: String) {{ {list}(first: 100, after: $after) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let answer =
            world.as_roles(&[Role::Admin, Role::Integrator], "ada").ask(&query, json!({ "after": after })).await.must();
        rows.extend(answer.data(&format!("{list}.nodes")).as_array().unwrap().iter().cloned());
        if answer.data(&format!("{list}.pageInfo.hasNextPage")) != &json!(true) {
            return rows;
        }
        after = answer.data(&format!("{list}.pageInfo.endCursor")).clone();
    }
}

fn source_records(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(data(&format!("salesforce_apex_recipes/{file}"))).unwrap();
    let tree: Value = serde_json::from_str(&text).unwrap();
    tree["records"].as_array().unwrap().clone()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

fn texts(rows: &[Value], field: &str) -> Vec<String> {
    sorted(rows.iter().filter_map(|row| row.pointer(field)?.as_str().map(str::to_owned)).collect())
}

#[tokio::test]
async fn salesforce_comes_in_byte_for_byte_and_a_second_time_changes_nothing() {
    each_engine(async |world: World| {
        let folder = vec![data("salesforce_apex_recipes")];
        let dry = take(&world, salesforce(), folder.clone(), true).await;
        let expected = vec![
            ("account", [50, 0, 0, 0]),
            ("campaign", [15, 0, 0, 0]),
            ("campaign cost", [15, 0, 0, 0]),
            ("contact", [150, 0, 0, 0]),
            ("opportunity", [50, 0, 0, 0]),
        ];
        assert_eq!(counts(&dry), expected);
        assert_eq!(all(&world, "accounts", "id").await.len(), 0, "a dry run writes nothing");

        let report = take(&world, salesforce(), folder.clone(), false).await;
        assert_eq!(counts(&report), expected);
        assert_eq!(report.refusals, []);

        let accounts = all(&world, "accounts", "name description website custom").await;
        let source = source_records("Accounts.json");
        for (ours, theirs) in
            [("/name", "/name"), ("/description", "/description"), ("/website", "/website"), ("/custom/type", "/type")]
        {
            let theirs: Vec<String> = texts(&source, theirs).into_iter().filter(|text| !text.is_empty()).collect();
            assert_eq!(texts(&accounts, ours), theirs, "{ours}");
        }
        let contacts = all(
            &world,
            "contacts",
            "familyName givenName jobTitle account { name } contactPoints(first: 10) { nodes { kind value } }",
        )
        .await;
        let source = source_records("Contacts.json");
        assert_eq!(texts(&contacts, "/familyName"), texts(&source, "/lastName"));
        let mails: Vec<String> = contacts
            .iter()
            .flat_map(|contact| contact.pointer("/contactPoints/nodes").and_then(Value::as_array).into_iter().flatten())
            .filter(|point| point["kind"] == "EMAIL")
            .filter_map(|point| point["value"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(sorted(mails), texts(&source, "/email"));
        let employed = contacts.iter().filter(|contact| !contact["account"].is_null()).count();
        assert_eq!(employed, 150, "every contact found its account");

        let opportunities = all(&world, "opportunities", "name description amount { amount } account { name }").await;
        let source = source_records("Opportunities.json");
        assert_eq!(texts(&opportunities, "/name"), texts(&source, "/name"));
        assert_eq!(
            texts(&opportunities, "/description"),
            texts(&source, "/description").into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>()
        );
        assert_eq!(texts(&opportunities, "/amount/amount"), texts(&source, "/amount"));
        // The relation itself, not only its number.
        let theirs = source_records("Accounts.json");
        let name_of = |reference: &str| {
            let key = reference.trim_start_matches('@');
            theirs.iter().find(|account| account["attributes"]["referenceId"] == key).unwrap()["name"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let wanted = source
            .iter()
            .map(|row| format!("{} of {}", row["name"].as_str().unwrap(), name_of(row["accountId"].as_str().unwrap())));
        let got = opportunities
            .iter()
            .map(|row| format!("{} of {}", row["name"].as_str().unwrap(), row["account"]["name"].as_str().unwrap()));
        assert_eq!(sorted(got.collect()), sorted(wanted.collect()));

        let position = world.position().await;
        let again = take(&world, salesforce(), folder, false).await;
        let left = vec![
            ("account", [0, 0, 50, 0]),
            ("campaign", [0, 0, 15, 0]),
            ("campaign cost", [0, 0, 15, 0]),
            ("contact", [0, 0, 150, 0]),
            ("opportunity", [0, 0, 50, 0]),
        ];
        assert_eq!(counts(&again), left);
        assert_eq!(world.position().await, position, "no event was written");
    })
    .await;
}

#[tokio::test]
async fn snowplow_events_become_visitors_touchpoints_and_orders() {
    each_engine(async |world: World| {
        let file = vec![data("snowplow_fractribution/source/snowplow_fractribution_events.csv")];
        let report = take(&world, Source::Snowplow, file.clone(), false).await;
        assert_eq!(counts(&report), [("web event", [98, 0, 0, 0])]);

        let orders = all(&world, "orders", "orderedAt total { amount currency } visitor { id }").await;
        let mut totals: Vec<String> =
            orders.iter().map(|order| order["total"]["amount"].as_str().unwrap().to_owned()).collect();
        totals.sort();
        assert_eq!(totals, ["140.00", "20.42", "200.00", "24.00", "50.00", "66.50"]);
        // The buyer's own way: every page before the order, in one timeline.
        let buyer = orders[0]["visitor"]["id"].as_str().unwrap();
        let query = "query($id: ID!) { timeline(subject: $id, first: 100) { totalCount nodes { kind occurredAt } } }";
        let answer = world.as_roles(&[Role::Integrator], "ina").ask(query, json!({ "id": buyer })).await.must();
        let kinds = answer.each("timeline.nodes", "kind");
        assert!(kinds.contains(&json!("order.placed")) && kinds.contains(&json!("page.viewed")), "{kinds:?}");

        let position = world.position().await;
        let again = take(&world, Source::Snowplow, file, false).await;
        assert_eq!(counts(&again), [("web event", [0, 0, 98, 0])]);
        assert_eq!(world.position().await, position);
    })
    .await;
}

#[tokio::test]
async fn a_broken_row_is_told_with_its_line_and_a_changed_one_is_updated() {
    each_engine(async |world: World| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Account.csv");
        std::fs::write(&file, "Id,Name,AnnualRevenue\n001A,Bolt & Sons,100\n001B\n001C,Nut,much\n001D,,5\n001E,\"<script>alert(1)</script>\",7\n").unwrap();
        let contacts = folder.path().join("Contact.csv");
        std::fs::write(&contacts, "Id,LastName,AccountId\n003A,Orphan,001Z\n003B,\"Robert'); DROP TABLE account;--\",001A\n").unwrap();
        let report = take(&world, salesforce(), vec![contacts.clone(), file.clone()], false).await;
        assert_eq!(counts(&report), [("account", [3, 0, 0, 0]), ("contact", [2, 0, 0, 0]), ("row", [0, 0, 0, 2])]);
        let told: Vec<String> = report
            .refusals
            .iter()
            .map(|r| format!("{}:{} {}", r.file.file_name().unwrap().to_str().unwrap(), r.line, r.reason))
            .collect();
        assert_eq!(
            told,
            [
                "Account.csv:3 it has 1 columns, the header has 3",
                "Account.csv:5 the column Name is empty",
            ]
        );
        let names = texts(&all(&world, "accounts", "name").await, "/name");
        // A cell that is no amount costs itself, and an orphan is kept.
        assert_eq!(names, ["<script>alert(1)</script>", "Bolt & Sons", "Nut"]);

        std::fs::write(&file, "Id,Name,AnnualRevenue\n001A,Bolt & Daughters,100\n001E,\"<script>alert(1)</script>\",7\n").unwrap();
        let report = take(&world, salesforce(), vec![file], false).await;
        assert_eq!(counts(&report), [("account", [0, 1, 1, 0])]);
        let names = texts(&all(&world, "accounts", "name").await, "/name");
        assert_eq!(names, ["<script>alert(1)</script>", "Bolt & Daughters", "Nut"]);
    })
    .await;
}
