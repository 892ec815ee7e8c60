//! A file goes in, and every row of it has its result; whose job it is, and what the same upload twice is.

use api::policy::Role;
use axum::body::Body;
use chrono::TimeDelta;
use futures::stream;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{Said, World, each_engine};

use super::{CSV, NDJSON, account, accounts, bring, counts, get, held, job, results, row, run, runner, told};

const LINES: &str = r#"{"externalId":"a1","set":{"name":"Acme","website":"https://acme.example"}}

{"externalId":"a2","set":{"name":"Bolt"}}
{"externalId":"a1","set":{"name":"Acme AG"}}
"#;

#[tokio::test]
async fn a_file_goes_in_and_each_row_has_its_result() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let id = accounts(&world, &ina, "", NDJSON, LINES).await;
        assert_eq!(held(&world).await, [], "nothing happens before its turn");
        // The same key in two batches is an update; in one batch it would be refused.
        let mut by_two = runner(&world);
        by_two.options.batch_rows = 2;
        assert!(by_two.turn().await.unwrap());
        assert!(!by_two.turn().await.unwrap(), "there is no other");
        let done = job(&world, &ina, &id).await;
        assert_eq!((&done["state"], &done["progress"], &done["error"]), (&json!("DONE"), &json!(1.0), &Value::Null));
        assert_eq!(done["counts"], counts(&[("rows", 3), ("created", 2), ("updated", 1)]));
        assert_eq!(done["sizeBytes"], LINES.len());
        let expected = [row(1, "a1", "CREATED"), row(3, "a2", "CREATED"), row(4, "a1", "UPDATED")];
        assert_eq!(told(&world, &ina, &id, "").await, expected);
        assert_eq!(told(&world, &ina, &id, "?result=UPDATED,FAILED").await, expected[2..]);
        let rows = results(&world, &ina, &id, "").await;
        assert_eq!((&rows[2]["version"], &rows[2]["changedFields"]), (&json!(2), &json!(["name"])));
        assert!(rows.iter().all(|row| row.get("before").is_none()), "{rows:?}");
        let expected = [account("Acme AG", Some("https://acme.example"), 2), account("Bolt", None, 1)];
        assert_eq!(held(&world).await, expected);
        // The bytes of a job that has ended are nobody's business any more.
        let text = "SELECT file_id FROM import_job WHERE file_id IS NOT NULL";
        let statement = sea_orm::Statement::from_string(world.store.db().get_database_backend(), text);
        assert!(world.store.db().query_all_raw(statement).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let one = r#"{"externalId":"a1","set":{"name":"Acme"}}"#;
        accounts(&world, &ina, "", NDJSON, one).await;
        run(&world).await;
        let position = world.position().await;
        let id = accounts(&world, &ina, "", NDJSON, one).await;
        run(&world).await;
        assert_eq!(job(&world, &ina, &id).await["counts"], counts(&[("rows", 1), ("unchanged", 1)]));
        assert_eq!(world.position().await, position);
        assert_eq!(held(&world).await, [account("Acme", None, 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_csv_goes_in_by_its_header() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let text = "\u{feff}Kundennr;Firma;description;website;Rest\r\nc1;\"Öl & \"\"Gas\"\"\";\"two;\nlines\";https://oel.example;x\r\nc2;50;;;\r\n";
        let mapping = "%7B%22Kundennr%22%3A%22externalId%22%2C%22Firma%22%3A%22name%22%2C%22Rest%22%3Anull%7D";
        let id = accounts(&world, &ina, &format!("&delimiter=%3B&mapping={mapping}"), CSV, text).await;
        run(&world).await;
        assert_eq!(told(&world, &ina, &id, "").await, [row(2, "c1", "CREATED"), row(4, "c2", "CREATED")]);
        let expected = [account("50", None, 1), account("Öl & \"Gas\"", Some("https://oel.example"), 1)];
        assert_eq!(held(&world).await, expected);
        // An empty cell leaves, the marker clears.
        let text = "externalId,name,website\nc1,Öl,\nc2,,\\N\n";
        let id = accounts(&world, &ina, "", CSV, text).await;
        run(&world).await;
        assert_eq!(told(&world, &ina, &id, "").await, [row(2, "c1", "UPDATED"), row(3, "c2", "UNCHANGED")]);
        assert_eq!(held(&world).await[1], account("Öl", Some("https://oel.example"), 2));
    })
    .await;
}

#[tokio::test]
async fn a_preview_tells_and_changes_nothing() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let position = world.position().await;
        let id = accounts(&world, &ina, "&dryRun=true", NDJSON, r#"{"externalId":"a1","set":{"name":"Acme"}}"#).await;
        run(&world).await;
        let done = job(&world, &ina, &id).await;
        assert_eq!((&done["state"], &done["dryRun"]), (&json!("DONE"), &json!(true)));
        assert_eq!(told(&world, &ina, &id, "").await, [row(1, "a1", "CREATED")]);
        assert_eq!((world.position().await, held(&world).await), (position, Vec::new()));
        let refused = ina.act("undoImport", "importJob { id }", json!({ "id": id })).await;
        assert_eq!(refused.refusal("undoImport"), "STATE_CONFLICT at id");
    })
    .await;
}

#[tokio::test]
async fn all_or_nothing_is_nothing_where_a_row_fails() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let position = world.position().await;
        let lines = "{\"externalId\":\"a1\",\"set\":{\"name\":\"Acme\"}}\n{\"externalId\":\"a2\"\n";
        let id = accounts(&world, &ina, "&errorPolicy=ALL_OR_NOTHING", NDJSON, lines).await;
        run(&world).await;
        let done = job(&world, &ina, &id).await;
        assert_eq!((&done["state"], &done["error"]), (&json!("FAILED"), &json!("1 rows cannot be taken, so none was")));
        assert_eq!(done["counts"], counts(&[("rows", 2), ("skipped", 1), ("failed", 1)]));
        assert_eq!(told(&world, &ina, &id, "").await, [row(2, "", "FAILED")]);
        assert_eq!((world.position().await, held(&world).await), (position, Vec::new()));
        // And all where none does.
        let good =
            "{\"externalId\":\"a1\",\"set\":{\"name\":\"Acme\"}}\n{\"externalId\":\"a2\",\"set\":{\"name\":\"Bolt\"}}";
        let id = accounts(&world, &ina, "&errorPolicy=ALL_OR_NOTHING", NDJSON, good).await;
        run(&world).await;
        assert_eq!(job(&world, &ina, &id).await["counts"], counts(&[("rows", 2), ("created", 2)]));
        assert_eq!(told(&world, &ina, &id, "").await, [row(1, "a1", "CREATED"), row(2, "a2", "CREATED")]);
        assert_eq!(held(&world).await, [account("Acme", None, 1), account("Bolt", None, 1)]);
    })
    .await;
}

#[tokio::test]
async fn an_upload_is_never_held_and_its_size_is_judged_as_it_comes() {
    each_engine(async |world: World| {
        let ina = world.ina();
        // One byte more than the largest file would be enough; the stream says how much of it was taken.
        let chunks = (0..200_000).map(|nth| {
            let line = format!("{{\"externalId\":\"k{nth}\",\"set\":{{\"name\":\"N{nth}\"}}}}\n");
            Ok::<_, std::io::Error>(line)
        });
        let world = world.process(|config| config.bulk.max_bytes = 1_000_000).await;
        let got = bring(&world, &ina, "/bulk/account?source=crm", NDJSON, &[], Body::from_stream(stream::iter(chunks)));
        let (status, code, _) = got.await.refused();
        assert_eq!((status, code.as_str()), (413, "BAD_USER_INPUT"));
        // A line that breaks off leaves nothing that would be taken.
        let broken = vec![Ok("{\"externalId\":\"a1\",".to_owned()), Err(std::io::Error::other("the line broke"))];
        let got = bring(&world, &ina, "/bulk/account?source=crm", NDJSON, &[], Body::from_stream(stream::iter(broken)));
        assert_eq!(got.await.status, 400);
        assert!(!runner(&world).turn().await.unwrap());
        let text = "{ importJobs { nodes { state error } } }";
        let answer = ina.ask(text, json!({})).await.must();
        let failed = json!({ "state": "FAILED", "error": "the upload broke off" });
        assert_eq!(answer.data("importJobs.nodes"), &json!([failed, failed]));
        assert_eq!(held(&world).await, []);
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_upload_with_a_key_is_one_job() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let key = [("idempotency-key", "monday")];
        let once = async |path: &str, body: &str| {
            let got = bring(&world, &ina, path, NDJSON, &key, body.to_owned()).await;
            let told: Value = serde_json::from_slice(&got.body).unwrap();
            (got.status.as_u16(), told["job"]["id"].clone(), told["error"]["code"].clone())
        };
        let one = r#"{"externalId":"a1","set":{"name":"Acme"}}"#;
        let first = once("/bulk/account?source=crm", one).await;
        assert_eq!(first.0, 202);
        assert_eq!(once("/bulk/account?source=crm", one).await, (200, first.1.clone(), Value::Null));
        run(&world).await;
        assert_eq!(once("/bulk/account?source=crm", one).await, (200, first.1, Value::Null));
        for (path, body) in [
            ("/bulk/account?source=crm", "{\"externalId\":\"a2\"}"),
            ("/bulk/account?source=erp", one),
            ("/bulk/account?source=crm&mode=CREATE_ONLY", one),
            ("/bulk/contact?source=crm", one),
        ] {
            let mismatch = (422, Value::Null, json!("IDEMPOTENCY_MISMATCH"));
            assert_eq!(once(path, body).await, mismatch, "{path} {body}");
        }
        assert!(!runner(&world).turn().await.unwrap(), "there is no second job");
        // Somebody else's key is another one.
        let other = world.as_roles(&[Role::Integrator], "ines");
        assert_eq!(bring(&world, &other, "/bulk/account?source=crm", NDJSON, &key, one).await.status, 202);
    })
    .await;
}

#[tokio::test]
async fn a_job_is_its_bringers_and_admins_look_on() {
    each_engine(async |world: World| {
        let (ina, other) = (world.ina(), world.as_roles(&[Role::Integrator], "ines"));
        let id = accounts(&world, &ina, "", NDJSON, r#"{"externalId":"a1","set":{"name":"Acme"}}"#).await;
        let position = world.position().await;
        let read = "query($id: ID!) { importJob(id: $id) { state createdBy } importJobs { totalCount } }";
        let seen = world.ada().ask(read, json!({ "id": id })).await.must();
        let expected =
            json!({ "importJob": { "state": "READY", "createdBy": "ina" }, "importJobs": { "totalCount": 1 } });
        assert_eq!(seen.body["data"], expected);
        assert_eq!(job(&world, &world.ada(), &id).await["state"], "READY");
        let hidden = other.ask(read, json!({ "id": id })).await.must();
        assert_eq!(hidden.body["data"], json!({ "importJob": null, "importJobs": { "totalCount": 0 } }));
        for stranger in [&other, &world.of_other(Role::Integrator, "ina")] {
            for path in ["", "/results.ndjson"] {
                let got = get(&world, stranger, &format!("/bulk/jobs/{id}{path}")).await.refused();
                assert_eq!((got.0, got.1.as_str()), (404, "NOT_FOUND"));
            }
            for mutation in ["cancelImport", "undoImport"] {
                let refused = stranger.act(mutation, "importJob { id }", json!({ "id": id })).await;
                assert_eq!(refused.refusal(mutation), "NOT_FOUND at id");
            }
        }
        // Who only looks on has no such mutation; who brings nothing has nothing of it.
        let refused = world.ada().act("cancelImport", "importJob { id }", json!({ "id": id })).await;
        assert_eq!(refused.code(), Some("BAD_USER_INPUT"));
        assert_eq!(world.mia().ask(read, json!({ "id": id })).await.code(), Some("BAD_USER_INPUT"));
        for (client, path, expected) in [
            (world.mia(), "/bulk/account?source=crm", (403, "FORBIDDEN")),
            (world.ada(), "/bulk/account?source=crm", (403, "FORBIDDEN")),
            (world.ina(), "/bulk/handover?source=crm", (404, "NOT_FOUND")),
            (world.ina(), "/bulk/account", (400, "BAD_USER_INPUT")),
            (world.ina(), "/bulk/account?source=crm&mode=LATER", (400, "BAD_USER_INPUT")),
            (world.ina(), "/bulk/account?source=crm&sorce=crm", (400, "BAD_USER_INPUT")),
            (world.ina(), "/bulk/account?source=crm&delimiter=%3B", (400, "BAD_USER_INPUT")),
        ] {
            let (status, code, _) = bring(&world, &client, path, NDJSON, &[], "{}").await.refused();
            assert_eq!((status, code.as_str()), expected, "{path}");
        }
        let (status, ..) = bring(&world, &ina, "/bulk/account?source=crm", "text/html", &[], "{}").await.refused();
        assert_eq!(status, 415);
        let (status, ..) =
            bring(&world, &ina, "/bulk/account?source=crm", "text/csv; charset=utf-16", &[], "{}").await.refused();
        assert_eq!(status, 415);
        assert_eq!(job(&world, &ina, &id).await["state"], "READY");
        assert_eq!((world.position().await, held(&world).await), (position, Vec::new()));
    })
    .await;
}

#[tokio::test]
async fn a_job_that_was_called_off_is_not_taken() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let id = accounts(&world, &ina, "", NDJSON, r#"{"externalId":"a1","set":{"name":"Acme"}}"#).await;
        let cancel = "importJob { state endedAt }";
        let done = ina.act("cancelImport", cancel, json!({ "id": id })).await.must();
        assert_eq!(done.data("cancelImport.importJob.state"), "CANCELLED");
        assert!(!runner(&world).turn().await.unwrap());
        assert_eq!(held(&world).await, []);
        let again = ina.act("cancelImport", cancel, json!({ "id": id })).await;
        assert_eq!(again.refusal("cancelImport"), "STATE_CONFLICT at id");
    })
    .await;
}

/// A later file of a source must not be overtaken by an older one; another source does not wait.
#[tokio::test]
async fn the_files_of_a_source_go_in_one_after_the_other() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let first = accounts(&world, &ina, "", NDJSON, r#"{"externalId":"a1","set":{"name":"First"}}"#).await;
        let second = accounts(&world, &ina, "", NDJSON, r#"{"externalId":"a1","set":{"name":"Second"}}"#).await;
        let other =
            bring(&world, &ina, "/bulk/account?source=erp", NDJSON, &[], r#"{"externalId":"e1","set":{"name":"Erp"}}"#);
        let other: Value = serde_json::from_slice(&other.await.body).unwrap();
        let state = async |id: &str| job(&world, &ina, id).await["state"].as_str().unwrap().to_owned();
        assert!(runner(&world).turn().await.unwrap());
        assert_eq!((state(&first).await, state(&second).await), ("DONE".to_owned(), "READY".to_owned()));
        run(&world).await;
        assert_eq!(
            (state(&second).await, state(other["job"]["id"].as_str().unwrap()).await),
            ("DONE".to_owned(), "DONE".to_owned())
        );
        assert_eq!(held(&world).await, [account("Erp", None, 1), account("Second", None, 2)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_is_followed_live_to_the_end() {
    each_engine(async |world: World| {
        let (ina, server) = (world.ina(), world.listen().await);
        let lines: String =
            (0..6).map(|n| format!("{{\"externalId\":\"a{n}\",\"set\":{{\"name\":\"A{n}\"}}}}\n")).collect();
        let id = accounts(&world, &ina, "", NDJSON, lines).await;
        let text = "subscription($id: ID!) { importProgress(id: $id) { state progress counts { rows created } } }";
        let mut live = ina.follow(&server, text, json!({ "id": id })).await;
        let first = live.data().await["importProgress"].clone();
        assert_eq!(first, json!({ "state": "READY", "progress": 0.0, "counts": { "rows": 0, "created": 0 } }));
        let mut by_two = runner(&world);
        by_two.options.batch_rows = 2;
        assert!(by_two.turn().await.unwrap());
        let mut rows = 0;
        loop {
            let next = live.data().await["importProgress"].clone();
            let told = next["counts"]["rows"].as_i64().unwrap();
            assert!(told >= rows, "{next}");
            rows = told;
            if next["state"] == "DONE" {
                assert_eq!(next, json!({ "state": "DONE", "progress": 1.0, "counts": { "rows": 6, "created": 6 } }));
                break;
            }
            assert_eq!(next["state"], "RUNNING");
        }
        // After its end its bytes are thrown away, which nobody hears of.
        assert_eq!(live.next().await, Said::Complete);
        let stranger = world.as_roles(&[Role::Integrator], "ines");
        let mut live = stranger.follow(&server, text, json!({ "id": id })).await;
        assert_eq!(live.code().await, "NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn rows_are_destroyed_when_their_time_has_come() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let id = accounts(&world, &ina, "", NDJSON, r#"{"externalId":"a1","set":{"name":"Acme"}}"#).await;
        run(&world).await;
        world.pass(TimeDelta::days(29));
        assert_eq!(api::sync::bulk::tidy(&runner(&world)).await.unwrap(), 0);
        world.pass(TimeDelta::days(2));
        assert_eq!(api::sync::bulk::tidy(&runner(&world)).await.unwrap(), 1);
        let ina = world.ina();
        assert_eq!(get(&world, &ina, &format!("/bulk/jobs/{id}/results.ndjson")).await.refused().0, 410);
        let read = "query($id: ID!) { importJob(id: $id) { rowsDeletedAt counts { created } } }";
        let answer = ina.ask(read, json!({ "id": id })).await.must();
        assert_eq!(answer.data("importJob.counts.created"), 1);
        assert!(answer.data("importJob.rowsDeletedAt").is_string());
        let refused = ina.act("undoImport", "importJob { id }", json!({ "id": id })).await;
        assert_eq!(refused.refusal("undoImport"), "STATE_CONFLICT at id");
    })
    .await;
}
