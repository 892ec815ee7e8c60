//! Bad input: a clear error per row, the rest goes in, nothing is lost, nothing hangs.

use axum::body::Body;
use futures::stream;
use serde_json::{Value, json};
use tests::{World, each_engine};

use super::{CSV, NDJSON, account, accounts, counts, held, job, results, row, run, told};

/// Path and message of the refusals of each row.
fn errors(rows: &[Value]) -> Vec<Vec<(String, String)>> {
    let one = |error: &Value| {
        let path = error["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap());
        (path.collect::<Vec<_>>().join("."), error["message"].as_str().unwrap().to_owned())
    };
    rows.iter().map(|row| row["errors"].as_array().unwrap().iter().map(one).collect()).collect()
}

fn said(path: &str, message: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), message.to_owned())]
}

#[tokio::test]
async fn each_line_that_cannot_be_read_costs_itself_alone() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let mut file: Vec<u8> = Vec::new();
        for line in [
            &b"{\"externalId\":\"a1\",\"set\":{\"name\":\"First\"}}"[..],
            b"{\"externalId\":\"a2\"",
            b"not JSON",
            b"[]",
            b"{\"externalId\":\"a5\",\"set\":{\"name\":\"\xff\xfe\"}}",
            b"{\"externalId\":\"a6\",\"sett\":{}}",
            b"{\"externalId\":\"a7\",\"set\":[],\"deleted\":\"no\"}",
            b"{\"set\":{\"name\":\"Nameless\"}}",
            b"\x00\x01\x02",
            b"{\"externalId\":\"a10\",\"set\":{\"name\":\"Last\"}}",
        ] {
            file.extend_from_slice(line);
            file.push(b'\n');
        }
        let id = accounts(&world, &ina, "", NDJSON, file).await;
        run(&world).await;
        let done = job(&world, &ina, &id).await;
        assert_eq!(done["state"], "DONE");
        assert_eq!(done["counts"], counts(&[("rows", 10), ("created", 2), ("failed", 8)]));
        let members = "there is no such member; there are externalId, ifVersion, changedAt, deleted, set, onCreate, onUpdate, relations";
        let expected = [
            vec![],
            said("", "no JSON at column 18: it ends too early"),
            said("", "no JSON at column 2: it is malformed"),
            said("", "a line is a JSON object"),
            said("", "the line is not UTF-8"),
            said("sett", members),
            [said("set", "an object"), said("deleted", "true or false")].concat(),
            said("externalId", "it is missing"),
            said("", "no JSON at column 1: it is malformed"),
            vec![],
        ];
        let rows = results(&world, &ina, &id, "").await;
        assert_eq!(errors(&rows), expected);
        let keys: Vec<&Value> = rows.iter().map(|row| &row["externalId"]).collect();
        assert_eq!(keys[5..8], [&json!("a6"), &json!("a7"), &Value::Null]);
        assert_eq!(held(&world).await, [account("First", None, 1), account("Last", None, 1)]);
        // The first of them are in the graph, too.
        let text = "query($id: ID!) { importJob(id: $id) { failedRows { line result errors { code path } } } }";
        let answer = ina.ask(text, json!({ "id": id })).await.must();
        assert_eq!(answer.data("importJob.failedRows").as_array().unwrap().len(), 8);
        let sixth = json!({ "line": 6, "result": "FAILED", "errors": [{ "code": "INVALID", "path": ["sett"] }] });
        assert_eq!(answer.data("importJob.failedRows.4"), &sixth);
    })
    .await;
}

#[tokio::test]
async fn a_line_of_forty_megabytes_costs_itself_alone() {
    each_engine(async |world: World| {
        let ina = world.ina();
        // Comes as it is made: nobody holds it.
        let first = "{\"externalId\":\"a1\",\"set\":{\"name\":\"First\"}}\n{\"externalId\":\"a2\",\"set\":{\"name\":\""
            .to_owned();
        let last = "\"}}\n{\"externalId\":\"a3\",\"set\":{\"name\":\"Last\"}}".to_owned();
        let long = (0..40).map(|_| "x".repeat(1024 * 1024));
        let parts = [first].into_iter().chain(long).chain([last]).map(Ok::<_, std::io::Error>);
        let parts: Vec<_> = parts.collect();
        let id = accounts(&world, &ina, "", NDJSON, Body::from_stream(stream::iter(parts))).await;
        run(&world).await;
        let expected = [row(1, "a1", "CREATED"), row(2, "", "FAILED"), row(3, "a3", "CREATED")];
        assert_eq!(told(&world, &ina, &id, "").await, expected);
        let rows = results(&world, &ina, &id, "?result=FAILED").await;
        assert_eq!(errors(&rows), [said("", "the line is longer than 1048576 bytes")]);
        assert_eq!(held(&world).await, [account("First", None, 1), account("Last", None, 1)]);
    })
    .await;
}

#[tokio::test]
async fn what_the_upsert_refuses_is_an_error_of_its_row() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let row_of = |key: &str, set: Value| json!({ "externalId": key, "set": set }).to_string();
        let lines = [
            row_of("a1", json!({ "name": "Föö 🦀" })),
            row_of("a2", json!({ "name": 7 })),
            row_of("a3", json!({ "nonsense": "x" })),
            row_of(&"k".repeat(10_000), json!({ "name": "Long" })),
            row_of("a\u{0}5", json!({ "name": "Nul" })),
            row_of("🦀", json!({ "name": "Crab" })),
            row_of("a7", json!({ "name": "x".repeat(100_000) })),
        ];
        let id = accounts(&world, &ina, "", NDJSON, lines.join("\n")).await;
        run(&world).await;
        let rows = told(&world, &ina, &id, "").await;
        let became: Vec<&str> = rows.iter().map(|(_, _, result)| result.as_str()).collect();
        assert_eq!(became, ["CREATED", "FAILED", "FAILED", "FAILED", "FAILED", "CREATED", "FAILED"]);
        assert_eq!(rows[3].1, "k".repeat(255));
        assert_eq!(rows[4].1, "a\u{fffd}5");
        for failed in results(&world, &ina, &id, "?result=FAILED").await {
            assert!(!failed["errors"].as_array().unwrap().is_empty(), "{failed}");
        }
        assert_eq!(held(&world).await, [account("Crab", None, 1), account("Föö 🦀", None, 1)]);
    })
    .await;
}

#[tokio::test]
async fn each_line_of_a_csv_that_cannot_be_read_costs_itself_alone() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let mut file =
            b"externalId,name,ifVersion\na1,First,\na2,too,many,cells\na3\na4,Fourth,x\na5,\"open,\na6,\xff,\n"
                .to_vec();
        file.extend_from_slice(b"a7,Seventh,\n");
        let id = accounts(&world, &ina, "", CSV, file).await;
        run(&world).await;
        let rows = results(&world, &ina, &id, "").await;
        let expected = [
            vec![],
            said("", "4 cells where the header has 3"),
            said("", "1 cells where the header has 3"),
            said("ifVersion", "a whole number"),
            said("", "a quote is opened and not closed"),
            said("", "the line is not UTF-8"),
            vec![],
        ];
        // `many` is no version, either.
        let mut found = errors(&rows);
        assert_eq!(found[1].remove(0), ("ifVersion".to_owned(), "a whole number".to_owned()));
        assert_eq!(found, expected);
        let lines: Vec<i64> = rows.iter().map(|row| row["line"].as_i64().unwrap()).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(held(&world).await, [account("First", None, 1), account("Seventh", None, 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_file_without_a_header_is_refused_whole() {
    each_engine(async |world: World| {
        let ina = world.ina();
        for (file, why) in [
            ("", "the file is empty"),
            ("name,country\nAcme,DE\n", "the header has no column externalId"),
            ("externalId,name,set.name\na1,A,B\n", "the header names set.name twice"),
        ] {
            let id = accounts(&world, &ina, "", CSV, file).await;
            run(&world).await;
            let done = job(&world, &ina, &id).await;
            assert_eq!((&done["state"], &done["error"]), (&json!("FAILED"), &json!(why)));
        }
        let id = accounts(&world, &ina, "", NDJSON, "").await;
        run(&world).await;
        let done = job(&world, &ina, &id).await;
        assert_eq!((&done["state"], &done["counts"]), (&json!("DONE"), &counts(&[])));
        assert_eq!(held(&world).await, []);
    })
    .await;
}
