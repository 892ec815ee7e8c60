//! `kill -9` of a serving program in the middle of an import, again and again: the next one goes on, and in the end every row is in, once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by it")]

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How many rows the file has.
const ROWS: i64 = 1_500;
/// How often it is killed.
const DEATHS: i64 = 10;
/// The end of a test that would hang.
const PATIENCE: Duration = Duration::from_secs(300);

struct House {
    folder: tempfile::TempDir,
    address: String,
}

/// A serving program, which does not outlive the test.
struct Serving(Child);

impl Serving {
    /// SIGKILL: it hears nothing of it.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl House {
    fn found() -> House {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:{port}\"\n[database]\nurl = \"sqlite://{}\"\n[files]\ndir = \"{}\"\n\
             [feed]\npoll_interval = \"20ms\"\n[bulk]\nbatch_rows = 20\nlease = \"1s\"\n\
             [[auth.issuers]]\nissuer = \"journey\"\naudience = \"journey\"\nalgorithm = \"HS256\"\n\
             secret = \"a secret of the tests, long enough to be taken\"\n",
            path("journey.db"),
            path("files"),
        );
        std::fs::write(folder.path().join("journey.toml"), config).unwrap();
        let house = House { folder, address: format!("http://127.0.0.1:{port}") };
        house.ran(&["migrate", "up"]);
        house.ran(&["found", "--tenant", "acme"]);
        house
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("journey.toml")
    }

    fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_journey")));
        command.args(line).arg("--config").arg(self.config()).env_clear();
        command
    }

    fn ran(&self, line: &[&str]) -> String {
        let output = self.command(line).output().unwrap();
        assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn token(&self, role: &str) -> String {
        self.ran(&["token", "--role", role, "--tenant", "acme", "--colleague", "ina"])
    }

    /// Starts the program, and comes back when it answers.
    async fn serve(&self) -> Serving {
        let command = &mut self.command(&["serve"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let serving = Serving(child);
        let begun = Instant::now();
        while reqwest::get(format!("{}/readyz", self.address)).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "the program does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        serving
    }

    async fn get(&self, token: &str, path: &str) -> String {
        let request = reqwest::Client::new().get(format!("{}{path}", self.address)).bearer_auth(token);
        request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap()
    }

    async fn ask(&self, token: &str, query: &str) -> Value {
        let request = reqwest::Client::new().post(format!("{}/graphql", self.address)).bearer_auth(token);
        request.json(&json!({ "query": query })).send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn every_row_goes_in_once_however_often_the_program_is_killed() {
    let house = House::found();
    let (ina, ada) = (house.token("integrator"), house.token("admin"));
    let mut serving = house.serve().await;
    let lines: String = (1..=ROWS)
        .map(|n| match n % 100 {
            0 => "not a row\n".to_owned(),
            _ => format!("{{\"externalId\":\"a{n}\",\"set\":{{\"name\":\"A{n}\"}}}}\n"),
        })
        .collect();
    let request = reqwest::Client::new().post(format!("{}/bulk/account?source=crm", house.address)).bearer_auth(&ina);
    let answer = request.header("content-type", "application/x-ndjson").body(lines).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let told: Value = answer.json().await.unwrap();
    let id = told["job"]["id"].as_str().unwrap().to_owned();

    let begun = Instant::now();
    let mut deaths = 0;
    let done = loop {
        let job: Value = serde_json::from_str(&house.get(&ina, &format!("/bulk/jobs/{id}")).await).unwrap();
        let (state, rows) = (job["job"]["state"].as_str().unwrap(), job["job"]["counts"]["rows"].as_i64().unwrap());
        assert!(begun.elapsed() < PATIENCE, "it does not get further: {job}");
        match state {
            "READY" | "RUNNING" if deaths < DEATHS && rows > deaths * ROWS / (DEATHS + 2) => {
                serving.kill();
                deaths += 1;
                serving = house.serve().await;
            }
            "READY" | "RUNNING" => tokio::time::sleep(Duration::from_millis(3)).await,
            _ => break job["job"].clone(),
        }
    };
    assert_eq!(deaths, DEATHS, "it was done before it could be killed");
    assert_eq!(done["state"], "DONE", "{done}");
    let bad = ROWS / 100;
    assert_eq!((&done["counts"]["rows"], &done["counts"]["failed"]), (&json!(ROWS), &json!(bad)));
    assert_eq!(done["counts"]["created"], ROWS - bad);

    let text = house.get(&ina, &format!("/bulk/jobs/{id}/results.ndjson")).await;
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<i64> = rows.iter().map(|row| row["line"].as_i64().unwrap()).collect();
    assert_eq!(lines, (1..=ROWS).collect::<Vec<_>>());
    for row in &rows {
        let expected = if row["line"].as_i64().unwrap() % 100 == 0 { "FAILED" } else { "CREATED" };
        assert_eq!(row["result"], expected, "{row}");
    }
    let counted = house.ask(&ada, "{ accounts { totalCount } }").await;
    assert_eq!(counted["data"]["accounts"]["totalCount"], ROWS - bad, "{counted}");
    serving.kill();
}
