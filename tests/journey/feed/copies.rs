//! Whoever keeps a copy: the example of the documentation mirrors a tenant, is killed in the middle, comes back too late, and ends equal.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use api::{graph::Kind, journey::retention};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{PATIENCE, Server, World, each_engine, id, rows};

/// Whether there is Python. Where there is none, the test says loudly that it did not run, and fails where `CI` is set.
#[expect(clippy::print_stderr, reason = "says loudly what did not run")]
pub fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var("CI").is_err(), "there is no python3");
    if !found {
        eprintln!("\n*** the example in Python did not run: there is no python3 ***\n");
    }
    found
}

fn consumer(world: &World, server: &Server, copy: &Path) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/python/feed.py");
    let mut command = Command::new("python3");
    command
        .arg(script)
        .arg(copy)
        .env("JOURNEY_URL", format!("http://{}", server.address))
        .env("JOURNEY_TOKEN", world.ina().token)
        .stdin(Stdio::null());
    command
}

/// Brings a copy up to now.
async fn catch_up(world: &World, server: &Server, copy: &Path) {
    let mut command = consumer(world, server, copy);
    command.arg("--once");
    let ran = tokio::task::spawn_blocking(move || command.output());
    let Output { status, stderr, .. } = tokio::time::timeout(PATIENCE, ran).await.expect("it ends").unwrap().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
}

/// A consumer under way; it is killed when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Follows until it has told of a change, and is killed wherever it is then.
async fn killed_in_the_middle(world: &World, server: &Server, copy: &Path, round: usize) {
    let mut command = consumer(world, server, copy);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let stdout = running.0.stdout.take().unwrap();
    let heard = tokio::task::spawn_blocking(move || BufReader::new(stdout).lines().next());
    happens(world, round).await;
    let heard = tokio::time::timeout(PATIENCE, heard).await.expect("it says something").unwrap();
    assert!(heard.is_some_and(|line| line.unwrap().contains("records")), "it ended by itself");
    happens(world, round + 100).await;
    drop(running);
}

/// A few things that happen to customers: some are new, some change, some go.
async fn happens(world: &World, round: usize) {
    let (ina, ada) = (world.ina(), world.ada());
    let mut accounts = Vec::new();
    for n in 0..3 {
        let made =
            ada.act("createAccount", "account { id }", json!({ "name": format!("Bolt {round}.{n}") })).await.must();
        accounts.push(made.text("createAccount.account.id").to_owned());
        let contact = json!({ "familyName": "Öz", "givenName": "Anna", "accountId": accounts[n] });
        ina.act("createContact", "", contact).await.must();
    }
    let revenue = json!({ "amount": "12.50", "currency": "EUR" });
    ina.act("updateAccount", "", json!({ "id": accounts[0], "tier": "A", "annualRevenue": revenue })).await.must();
    ina.act("createOpportunity", "", json!({ "accountId": accounts[0], "name": "Presses" })).await.must();
    ina.act("createTicket", "", json!({ "accountId": accounts[1], "subject": "It leaks" })).await.must();
    let product = ina
        .act("createProduct", "product { id }", json!({ "code": format!("P{round}"), "name": "Press" }))
        .await
        .must();
    ina.act("deleteProduct", "", json!({ "id": product.text("createProduct.product.id") })).await.must();
    // What referred to it refers to nothing from now on.
    ada.act("deleteAccount", "", json!({ "id": accounts[2] })).await.must();
}

fn read(copy: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(copy).unwrap()).unwrap()
}

/// A copy holds what the lists hold: asked through the API, and by a copy that is made only now.
async fn equal(world: &World, server: &Server, copy: &Path) {
    let held = read(copy);
    let rows = held["rows"].as_object().unwrap();
    let mut listed = 0;
    for (list, ty) in [
        ("accounts", "Account"),
        ("contacts", "Contact"),
        ("leads", "Lead"),
        ("opportunities", "Opportunity"),
        ("products", "Product"),
        ("assets", "Asset"),
        ("tickets", "Ticket"),
    ] {
        let text = format!("{{ list: {list}(first: 100) {{ nodes {{ id version }} pageInfo {{ hasNextPage }} }} }}");
        let page = world.ina().ask(&text, json!({})).await.must();
        assert_eq!(page.data("list.pageInfo.hasNextPage"), false);
        for row in page.data("list.nodes").as_array().unwrap() {
            let held = rows.get(row["id"].as_str().unwrap()).unwrap_or_else(|| panic!("{row} is missing"));
            assert_eq!((&held["__typename"], &held["version"]), (&json!(ty), &row["version"]));
            listed += 1;
        }
    }
    assert_eq!(rows.len(), listed, "and nothing else");
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("fresh.json");
    catch_up(world, server, &fresh).await;
    assert_eq!(read(&fresh)["rows"], held["rows"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_in_python_ends_equal_wherever_it_was_stopped() {
    if !has_python() {
        return;
    }
    each_engine(async |world: World| {
        let server = world.listen().await;
        let folder = tempfile::tempdir().unwrap();
        let copy: PathBuf = folder.path().join("copy.json");
        happens(&world, 0).await;
        catch_up(&world, &server, &copy).await;
        equal(&world, &server, &copy).await;
        for round in 1..=3 {
            killed_in_the_middle(&world, &server, &copy, round).await;
        }
        catch_up(&world, &server, &copy).await;
        equal(&world, &server, &copy).await;

        // Away for longer than the feed is kept.
        world.pass(TimeDelta::days(40));
        let lead = world.work(async |work| rows::lead(work, None, None, None).await).await;
        let month = Duration::from_secs(30 * 86_400);
        assert!(retention::prune(&world.store, &world.clock, world.acme.tenant, month).await.unwrap() > 0);
        catch_up(&world, &server, &copy).await;
        equal(&world, &server, &copy).await;
        assert_eq!(read(&copy)["rows"][id(Kind::Lead, lead.id)]["__typename"], "Lead");
    })
    .await;
}
