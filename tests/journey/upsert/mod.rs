//! Batches of other systems: what goes in, what is left, what is refused, and that nothing is taken twice.

mod care;
mod example;
mod sales;

use api::{journey::verify, policy::Role};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Answer, Client, World, each_engine};

/// Sends a batch of accounts, contacts … and gives the answer.
pub async fn upsert(client: &Client, kind: &str, input: Value) -> Answer {
    let query = format!(
        "mutation($input: Upsert{kind}Input!) {{ upsert{kind}(input: $input) {{
            rows {{ externalId id result version changedFields errors {{ code path message }} }}
            totals {{ created updated unchanged deleted skipped conflict failed }}
            committed userErrors {{ code path message }} }} }}"
    );
    let mut answer = client.ask(&query, json!({ "input": input })).await;
    assert!(answer.body.get("errors").is_none(), "{answer}");
    let name = format!("upsert{kind}");
    answer.body = json!({ "data": answer.data(&name).clone() });
    answer
}

/// What became of each row.
pub fn results(answer: &Answer) -> Vec<&str> {
    answer.data("rows").as_array().unwrap().iter().map(|row| row["result"].as_str().unwrap()).collect()
}

/// Code and path of the refusals of each row: `INVALID set.name`.
pub fn refusals(answer: &Answer) -> Vec<Vec<String>> {
    let error = |error: &Value| {
        let path: Vec<&str> = error["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        format!("{} {}", error["code"].as_str().unwrap(), path.join("."))
    };
    let rows = answer.data("rows").as_array().unwrap();
    rows.iter().map(|row| row["errors"].as_array().unwrap().iter().map(error).collect()).collect()
}

fn account(key: &str, name: &str) -> Value {
    json!({ "externalId": key, "set": { "name": name } })
}

/// The journal and the rows agree.
pub async fn consistent(world: &World) {
    let checks = verify::tenant(&world.store, world.acme.tenant).await.unwrap();
    for check in checks {
        assert!(check.findings.is_empty(), "{check:?}");
    }
}

async fn names(client: &Client) -> Vec<String> {
    let page = client.ask("{ accounts(first: 100, sort: { name: ASC }) { nodes { name } } }", json!({})).await.must();
    page.each("accounts.nodes", "name").into_iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_batch_creates_then_changes_then_says_that_nothing_is_new() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let batch = json!({ "source": "hubspot", "rows": [
            { "externalId": "a1", "set": { "name": "Acme", "employees": 12, "country": "DE", "domains": ["Acme.com"],
                "annualRevenue": { "amount": "1000.50", "currency": "EUR" },
                "contactPoints": [{ "kind": "PHONE", "label": "office", "value": "+49 30 1" }] } },
            account("a2", "Bolt 🚀"),
        ] });
        let first = upsert(&ina, "Accounts", batch.clone()).await;
        assert_eq!(results(&first), ["CREATED", "CREATED"]);
        assert_eq!(first.data("committed"), true);
        assert_eq!(first.data("totals.created"), 2);
        assert_eq!(first.data("rows.0.version"), 1);
        assert_eq!(names(&ina).await, ["Acme", "Bolt 🚀"]);

        let stands = world.position().await;
        let again = upsert(&ina, "Accounts", batch).await;
        assert_eq!(results(&again), ["UNCHANGED", "UNCHANGED"]);
        assert_eq!(again.data("rows.0.id"), first.data("rows.0.id"));
        assert_eq!(again.data("rows.0.version"), 1);
        assert_eq!(world.position().await, stands, "no event tells of what is not new");

        let changed = upsert(&ina, "Accounts", json!({ "source": "hubspot", "rows": [
            { "externalId": "a1", "set": { "employees": null, "region": "Berlin",
                "annualRevenue": { "amount": "1000.50", "currency": "EUR" },
                "contactPoints": [{ "kind": "PHONE", "label": "office", "value": "+49 30 2" }] },
              "relations": { "parent": { "externalId": "a2" } } },
        ] }))
        .await;
        assert_eq!(results(&changed), ["UPDATED"]);
        assert_eq!(
            *changed.data("rows.0.changedFields"),
            json!(["employees", "region", "parent", "contactPoints"])
        );
        assert_eq!(changed.data("rows.0.version"), 2);
        let read = ina.ask("query($id: ID!) { account(id: $id) { name employees region country domains annualRevenue { amount currency }
            lifecycleStage parent { name } contactPoints(first: 9) { nodes { kind label value isPrimary } } } }",
            json!({ "id": first.data("rows.0.id") })).await.must();
        assert_eq!(*read.data("account"), json!({ "name": "Acme", "employees": null, "region": "Berlin", "country": "DE",
            "domains": ["acme.com"], "annualRevenue": { "amount": "1000.50", "currency": "EUR" }, "lifecycleStage": "TARGET",
            "parent": { "name": "Bolt 🚀" },
            "contactPoints": { "nodes": [{ "kind": "PHONE", "label": "office", "value": "+49 30 2", "isPrimary": true }] } }));
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn rows_may_refer_to_later_rows_and_never_in_a_circle() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let child = |key: &str, parent: &str| {
            json!({ "externalId": key, "set": { "name": key }, "relations": { "parent": { "externalId": parent } } })
        };
        let rows = json!([child("leaf", "branch"), child("branch", "root"), account("root", "root")]);
        let taken = upsert(&ina, "Accounts", json!({ "source": "crm", "rows": rows })).await;
        assert_eq!(results(&taken), ["CREATED", "CREATED", "CREATED"]);
        let read = ina.ask("query($id: ID!) { account(id: $id) { parent { name parent { name } } } }",
            json!({ "id": taken.data("rows.0.id") })).await.must();
        assert_eq!(*read.data("account"), json!({ "parent": { "name": "branch", "parent": { "name": "root" } } }));

        let stands = world.position().await;
        let rows = json!([child("x", "y"), child("y", "z"), child("z", "x"), child("own", "own"), child("lone", "nobody")]);
        let refused = upsert(&ina, "Accounts", json!({ "source": "crm", "rows": rows, "errorPolicy": "SKIP_FAILED" })).await;
        assert_eq!(results(&refused), ["FAILED"; 5]);
        assert_eq!(refusals(&refused), [
            vec!["INVALID relations"], vec!["INVALID relations"], vec!["INVALID relations"],
            vec!["INVALID relations.parent"], vec!["NOT_FOUND relations.parent"],
        ]);
        assert_eq!(world.position().await, stands);

        // An orphan goes in where that is asked for; the same row again finds its parent.
        let lone = json!({ "source": "crm", "orphans": "LEAVE", "rows": [child("lone", "later")] });
        let left = upsert(&ina, "Accounts", lone.clone()).await;
        assert_eq!((results(&left), refusals(&left)), (vec!["CREATED"], vec![vec!["NOT_FOUND relations.parent".to_owned()]]));
        upsert(&ina, "Accounts", json!({ "source": "crm", "rows": [account("later", "Later")] })).await;
        let found = upsert(&ina, "Accounts", lone).await;
        assert_eq!((results(&found), found.data("rows.0.changedFields")), (vec!["UPDATED"], &json!(["parent"])));
    })
    .await;
}

#[tokio::test]
async fn all_or_nothing_and_skip_failed() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let rows = json!([
            account("good", "Good"),
            { "externalId": "nameless", "set": { "country": "DE" } },
            { "externalId": "wrong", "set": { "name": "Wrong", "country": "Germany", "employees": -1 } },
            account("twin", "One"), account("twin", "Two"),
            account(&"k".repeat(10_000), "Long"),
            account(" ", "Blank"),
        ]);
        let stands = world.position().await;
        let refused = upsert(&ina, "Accounts", json!({ "source": "crm", "rows": rows })).await;
        assert_eq!(results(&refused), ["SKIPPED", "FAILED", "FAILED", "FAILED", "FAILED", "FAILED", "FAILED"]);
        assert_eq!(refused.data("committed"), false);
        assert_eq!(refused.data("rows.0.id"), &Value::Null);
        assert_eq!(
            refusals(&refused)[1..],
            [
                vec!["INVALID set.name"],
                vec!["INVALID set.employees", "INVALID set.country"],
                vec!["DUPLICATE_IN_BATCH externalId"],
                vec!["DUPLICATE_IN_BATCH externalId"],
                vec!["INVALID externalId"],
                vec!["INVALID externalId"],
            ]
            .map(|row| row.into_iter().map(str::to_owned).collect::<Vec<_>>())
        );
        assert_eq!((names(&ina).await, world.position().await), (Vec::<String>::new(), stands), "nothing happened");

        let skipped =
            upsert(&ina, "Accounts", json!({ "source": "crm", "rows": rows, "errorPolicy": "SKIP_FAILED" })).await;
        assert_eq!(results(&skipped), ["CREATED", "FAILED", "FAILED", "FAILED", "FAILED", "FAILED", "FAILED"]);
        assert_eq!((skipped.data("committed"), names(&ina).await), (&json!(true), vec!["Good".to_owned()]));

        // A code that another record has: the row fails, and so does the second of two that want the same.
        let channel =
            |key: &str, code: &str| json!({ "externalId": key, "set": { "code": code, "name": key, "group": "PAID" } });
        let rows = json!([
            channel("c1", "RADIO"),
            channel("c2", "TRADE_FAIR"),
            channel("c3", "RADIO"),
            channel("c4", "POSTER")
        ]);
        let taken =
            upsert(&ina, "Channels", json!({ "source": "crm", "rows": rows, "errorPolicy": "SKIP_FAILED" })).await;
        assert_eq!(results(&taken), ["CREATED", "FAILED", "FAILED", "CREATED"]);
        assert_eq!(refusals(&taken)[1..3], [vec!["DUPLICATE set".to_owned()], vec!["DUPLICATE set".to_owned()]]);
    })
    .await;
}

#[tokio::test]
async fn modes_versions_and_removals() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let send = async |extra: Value| {
            let mut input = json!({ "source": "crm", "errorPolicy": "SKIP_FAILED" });
            input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            upsert(&ina, "Accounts", input).await
        };
        let only = send(json!({ "mode": "UPDATE_ONLY", "rows": [account("a", "A")] })).await;
        assert_eq!((results(&only), only.data("rows.0.id")), (vec!["SKIPPED"], &Value::Null));
        let row = json!({ "externalId": "a", "set": { "name": "A" }, "onCreate": { "region": "first" }, "onUpdate": { "region": "later" } });
        let made = send(json!({ "mode": "CREATE_ONLY", "rows": [row] })).await;
        assert_eq!(results(&made), ["CREATED"]);
        let region = async || {
            let read = ina.ask("query($id: ID!) { account(id: $id) { region } }", json!({ "id": made.data("rows.0.id") })).await;
            read.must().data("account.region").clone()
        };
        assert_eq!(region().await, "first");
        assert_eq!(results(&send(json!({ "mode": "CREATE_ONLY", "rows": [row] })).await), ["SKIPPED"]);
        assert_eq!(results(&send(json!({ "rows": [row] })).await), ["UPDATED"]);
        assert_eq!(region().await, "later");

        let stale = send(json!({ "rows": [{ "externalId": "a", "ifVersion": 1, "set": { "name": "Stale" } }] })).await;
        assert_eq!((results(&stale), refusals(&stale)), (vec!["CONFLICT"], vec![vec!["VERSION_CONFLICT ifVersion".to_owned()]]));
        assert_eq!((stale.data("rows.0.version"), names(&ina).await), (&json!(2), vec!["A".to_owned()]));
        let fresh = send(json!({ "rows": [{ "externalId": "a", "ifVersion": 2, "set": { "name": "Fresh" } }] })).await;
        assert_eq!((results(&fresh), fresh.data("rows.0.version")), (vec!["UPDATED"], &json!(3)));

        let gone = json!({ "rows": [{ "externalId": "a", "deleted": true }, { "externalId": "never", "deleted": true }] });
        assert_eq!(results(&send(gone.clone()).await), ["DELETED", "UNCHANGED"]);
        assert_eq!(names(&ina).await, Vec::<String>::new());
        assert_eq!(results(&send(gone).await), ["UNCHANGED", "UNCHANGED"]);
        let back = send(json!({ "rows": [account("a", "A")] })).await;
        assert_eq!((results(&back), refusals(&back)), (vec!["FAILED"], vec![vec!["NOT_FOUND externalId".to_owned()]]));
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_is_the_same_answer_and_changes_nothing() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let mut batch = json!({ "source": "crm", "errorPolicy": "SKIP_FAILED", "dryRun": true,
            "rows": [account("a", "A"), { "externalId": "b", "set": {} }] });
        let stands = world.position().await;
        let dry = upsert(&ina, "Accounts", batch.clone()).await;
        assert_eq!((results(&dry), dry.data("committed")), (vec!["CREATED", "FAILED"], &json!(false)));
        assert_eq!((names(&ina).await, world.position().await), (Vec::<String>::new(), stands));
        batch["dryRun"] = json!(false);
        let real = upsert(&ina, "Accounts", batch).await;
        assert_eq!((results(&real), real.data("committed")), (vec!["CREATED", "FAILED"], &json!(true)));
        assert_eq!(names(&ina).await, ["A"]);
    })
    .await;
}

#[tokio::test]
async fn contacts_change_their_employers_and_keep_their_ways() {
    each_engine(async |world: World| {
        let ina = world.ina();
        upsert(&ina, "Accounts", json!({ "source": "crm", "rows": [account("a", "A"), account("b", "B")] })).await;
        let person = |account: &str, mail: &str| {
            json!({ "source": "crm", "rows": [{ "externalId": "p",
            "set": { "givenName": "Jane", "familyName": "Doe", "jobTitle": "CTO", "lifecycleStage": "MQL",
                "contactPoints": [{ "kind": "EMAIL", "label": "work", "value": mail }] },
            "relations": { "account": { "externalId": account } } }] })
        };
        let made = upsert(&ina, "Contacts", person("a", "jane@a.example")).await;
        assert_eq!(results(&made), ["CREATED"]);
        assert_eq!(results(&upsert(&ina, "Contacts", person("a", "jane@a.example")).await), ["UNCHANGED"]);
        world.pass(TimeDelta::days(1));
        let ina = world.ina();
        let moved = upsert(&ina, "Contacts", person("b", "jane@b.example")).await;
        assert_eq!(
            (results(&moved), moved.data("rows.0.changedFields")),
            (vec!["UPDATED"], &json!(["account", "contactPoints"]))
        );
        let read = ina
            .ask(
                "query($id: ID!) { contact(id: $id) { name lifecycleStage account { name }
            stageIntervals { stage } employments(first: 9) { nodes { account { name } title isPrimary validTo } }
            contactPoints(first: 9) { nodes { value label } } } }",
                json!({ "id": made.data("rows.0.id") }),
            )
            .await
            .must();
        let now = world.now().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        let ended = read.data("contact.employments.nodes.0.validTo").as_str().unwrap();
        assert_eq!(ended.parse::<chrono::DateTime<chrono::Utc>>().unwrap(), world.now(), "{now}");
        assert_eq!(
            *read.data("contact.employments.nodes.1"),
            json!({ "account": { "name": "B" }, "title": "CTO", "isPrimary": true, "validTo": null })
        );
        assert_eq!(*read.data("contact.contactPoints.nodes"), json!([{ "value": "jane@b.example", "label": "work" }]));
        assert_eq!(*read.data("contact.stageIntervals"), json!([{ "stage": "MQL" }]));
        consistent(&world).await;

        let nobody = upsert(
            &ina,
            "Contacts",
            json!({ "source": "crm", "rows": [{ "externalId": "n", "set": { "jobTitle": "CEO" } }] }),
        )
        .await;
        assert_eq!(refusals(&nobody), [vec!["INVALID set.familyName".to_owned()]]);
    })
    .await;
}

#[tokio::test]
async fn the_tenants_own_fields_are_declared_and_typed() {
    each_engine(async |world: World| {
        let (ada, ina) = (world.ada(), world.ina());
        ada.act(
            "createCustomField",
            "customField { id }",
            json!({ "entity": "ACCOUNT", "code": "fleet", "type": "NUMBER",
            "labelDe": "Flotte", "labelEn": "Fleet", "class": "P" }),
        )
        .await
        .must();
        let row = |custom: Value| {
            json!({ "source": "crm", "errorPolicy": "SKIP_FAILED", "rows": [
            { "externalId": "a", "set": { "name": "A", "custom": custom } }] })
        };
        let wrong = upsert(&ina, "Accounts", row(json!({ "fleet": "many", "crew": 3 }))).await;
        assert_eq!(
            refusals(&wrong),
            [vec!["INVALID set.custom.fleet".to_owned(), "NOT_FOUND set.custom.crew".to_owned()]]
        );
        assert_eq!(results(&upsert(&ina, "Accounts", row(json!({ "fleet": 7 }))).await), ["CREATED"]);
        assert_eq!(results(&upsert(&ina, "Accounts", row(json!({ "fleet": 7 }))).await), ["UNCHANGED"]);
        let more = upsert(&ina, "Accounts", row(json!({ "fleet": 8 }))).await;
        assert_eq!(more.data("rows.0.changedFields"), &json!(["custom.fleet"]));
        let found = ina
            .ask(
                r#"{ accounts(filter: { custom: [{ code: "fleet", gte: 8 }] }, first: 5) { nodes { name } } }"#,
                json!({}),
            )
            .await;
        assert_eq!(*found.must().data("accounts.nodes"), json!([{ "name": "A" }]));
        assert_eq!(results(&upsert(&ina, "Accounts", row(json!({ "fleet": null }))).await), ["UPDATED"]);
    })
    .await;
}

#[tokio::test]
async fn a_thousand_rows_cost_a_bounded_number_of_statements() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let batch = |count: usize, region: &str| {
            let rows: Vec<Value> = (0..count)
                .map(|n| {
                    json!({ "externalId": format!("a{n}"), "set": { "name": format!("Account {n}"), "region": region,
                    "lifecycleStage": if region == "north" { "TARGET" } else { "ACTIVE" },
                    "contactPoints": [{ "kind": "PHONE", "value": format!("{region} {n}") }] } })
                })
                .collect();
            json!({ "source": "crm", "rows": rows })
        };
        for (count, created, updated) in [(1_000, 1_000, 1_000)] {
            for (region, totals) in [("north", [created, 0]), ("south", [0, updated])] {
                let before = world.statements();
                let answer = upsert(&ina, "Accounts", batch(count, region)).await;
                let spent = world.statements() - before;
                assert_eq!(
                    [answer.data("totals.created"), answer.data("totals.updated")],
                    [&json!(totals[0]), &json!(totals[1])]
                );
                assert!(spent < 400, "{spent} statements for {count} rows");
            }
        }
        let before = world.statements();
        let answer = upsert(&ina, "Accounts", batch(1_000, "south")).await;
        assert_eq!(answer.data("totals.unchanged"), 1_000);
        assert!(world.statements() - before < 40, "what is known costs look-ups only: {}", world.statements() - before);
        consistent(&world).await;
    })
    .await;
}

#[tokio::test]
async fn only_who_syncs_may_send_batches_and_only_into_the_own_tenant() {
    each_engine(async |world: World| {
        let query = "mutation { upsertAccounts(input: { source: \"crm\", rows: [{ externalId: \"a\", set: { name: \"A\" } }] }) { committed } }";
        for client in [world.vera(), world.tom(), world.ana()] {
            assert_eq!(client.ask(query, json!({})).await.code(), Some("BAD_USER_INPUT"));
        }
        let ina = world.ina();
        upsert(&ina, "Accounts", json!({ "source": "crm", "rows": [account("a", "A")] })).await;
        let other = world.of_other(Role::Integrator, "ina");
        let made = upsert(&other, "Accounts", json!({ "source": "crm", "rows": [account("a", "Theirs")] })).await;
        assert_eq!(results(&made), ["CREATED"], "the same key in another tenant is another record");
        assert_eq!(names(&ina).await, ["A"]);
        for (source, rows) in [("no spaces", json!([account("b", "B")])), ("crm", json!([]))] {
            let refused = upsert(&ina, "Accounts", json!({ "source": source, "rows": rows })).await;
            assert_eq!(refused.data("userErrors.0.code"), "INVALID");
            assert_eq!((refused.data("committed"), refused.data("rows")), (&json!(false), &json!([])));
        }
    })
    .await;
}
