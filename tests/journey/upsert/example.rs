//! The example of the documentation sends a thousand rows and some, twice.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;
use tests::{PATIENCE, Server, World, each_engine};

/// What the example prints, and its exit code.
async fn sync(world: &World, server: &Server, files: &[&Path]) -> (String, i32) {
    let mut command = Command::new("python3");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/python/sync.py"))
        .arg("mycrm")
        .args(files)
        .env("JOURNEY_URL", format!("http://{}", server.address))
        .env("JOURNEY_TOKEN", world.ina().token)
        .stdin(Stdio::null());
    let ran = tokio::task::spawn_blocking(move || command.output());
    let ran = tokio::time::timeout(PATIENCE, ran).await.expect("it ends").unwrap().unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    (String::from_utf8(said).unwrap(), ran.status.code().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_in_python_sends_rows_and_nothing_is_taken_twice() {
    if !crate::feed::copies::has_python() {
        return;
    }
    each_engine(async |world: World| {
        let server = world.listen().await;
        let folder = tempfile::tempdir().unwrap();
        let (accounts, contacts) = (folder.path().join("accounts.ndjson"), folder.path().join("contacts.ndjson"));
        let account = |n: usize| json!({ "externalId": format!("a{n}"), "set": { "name": format!("Account {n}") } }).to_string();
        std::fs::write(&accounts, (0..1_050).map(account).collect::<Vec<_>>().join("\n")).unwrap();
        let contact = json!({ "externalId": "c1", "set": { "familyName": "Öz" }, "relations": { "account": { "externalId": "a7" } } });
        let wrong = json!({ "externalId": "c2", "set": { "language": "German" } });
        std::fs::write(&contacts, format!("{contact}\n{wrong}\n")).unwrap();
        let nothing = "0 unchanged, 0 failed, 0 conflict";
        let refused = "contacts.ndjson: c2: FAILED: set.language: ";
        let (said, code) = sync(&world, &server, &[&accounts, &contacts]).await;
        assert!(said.contains(&format!("accounts.ndjson: 1050 created, 0 updated, {nothing}\n")), "{said}");
        assert!(said.contains("contacts.ndjson: 1 created, 0 updated, 0 unchanged, 1 failed, 0 conflict\n"), "{said}");
        assert!(said.contains(refused), "{said}");
        assert_eq!(code, 1, "a row was refused");
        let stands = world.position().await;
        let (_, code) = sync(&world, &server, &[&accounts]).await;
        assert_eq!((code, world.position().await), (0, stands));
    })
    .await;
}
