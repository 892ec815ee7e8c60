//! How a server bears many live readers: starts one, opens idle and active subscriptions on sockets of their own, writes, and says
//! what arrived, how late, and what the server held in memory. Not a test: figures are of this machine and this run.
//!
//! ```sh
//! ulimit -n 20000
//! cargo run --release -p tests --example sockets -- --idle 5000 --active 500 --writes 1000
//! cargo run --release -p tests --example sockets -- --database-url postgres://postgres@127.0.0.1/empty
//! ```
//!
//! The server is this same program, `sockets journey …` being the command line of Journey; or that of `JOURNEY_BIN`, to compare.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool that says what it found"
)]

use std::{
    collections::HashMap,
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use api::cli::{self, Cli};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

const FOLLOW: &str =
    "subscription($id: ID!) { timelineChanged(subject: $id) { cursor event { id kind occurredAt title } } }";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Args {
    url: String,
    token: String,
    pid: u32,
    idle: usize,
    active: usize,
    accounts: usize,
    writes: usize,
    writers: usize,
}

/// A server in a process of its own; it ends with this.
struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn journey() -> Command {
    match std::env::var_os("JOURNEY_BIN") {
        Some(program) => Command::new(program),
        None => {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.arg("journey");
            command
        }
    }
}

async fn start(url: &str, database: Option<&&str>) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let mut command = journey();
    command.args(["demo", "--listen", url, "--data"]).arg(folder.path());
    command.envs(database.map(|database| ("JOURNEY_DATABASE_URL", *database)));
    command.env("JOURNEY_LIMITS__MAX_CONNECTIONS", "100000").env("JOURNEY_LOG__FILTER", "error");
    let child = command.stdout(Stdio::null()).spawn().unwrap();
    let ready =
        async || reqwest::get(format!("http://{url}/readyz")).await.is_ok_and(|answer| answer.status().is_success());
    while !ready().await {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Server { child, folder }
}

async fn args() -> (Args, Server) {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let named: HashMap<&str, &str> = given
        .chunks(2)
        .map(|pair| (pair[0].trim_start_matches("--"), pair.get(1).map_or("", String::as_str)))
        .collect();
    let number = |name: &str, default: usize| named.get(name).map_or(default, |n| n.parse().expect("a number"));
    let url = (*named.get("listen").unwrap_or(&"127.0.0.1:18080")).to_owned();
    let server = start(&url, named.get("database-url")).await;
    let token = journey().args(["token", "--role", "admin", "--data"]).arg(server.folder.path()).output().unwrap();
    let args = Args {
        url,
        token: String::from_utf8(token.stdout).unwrap().trim().to_owned(),
        pid: server.child.id(),
        idle: number("idle", 5_000),
        active: number("active", 500),
        accounts: number("accounts", 50),
        writes: number("writes", 1_000),
        writers: number("writers", 4),
    };
    (args, server)
}

/// The resident memory of the server, in kB.
fn memory(args: &Args) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", args.pid)).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn ask(client: &reqwest::Client, args: &Args, query: &str, variables: Value) -> Value {
    let request = client.post(format!("http://{}/graphql", args.url)).bearer_auth(&args.token);
    let answer = request.json(&json!({ "query": query, "variables": variables })).send().await.unwrap();
    let mut answer: Value = answer.json().await.unwrap();
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"].take()
}

async fn accounts(client: &reqwest::Client, args: &Args, n: usize) -> Vec<String> {
    let create =
        "mutation($name: String!) { createAccount(input: { name: $name }) { account { id } userErrors { code } } }";
    let mut ids = Vec::new();
    for n in 0..n {
        let made = ask(client, args, create, json!({ "name": format!("Sockets {n}") })).await;
        ids.push(made["createAccount"]["account"]["id"].as_str().expect("an account").to_owned());
    }
    ids
}

async fn subscribe(args: &Args, account: &str) -> Socket {
    let mut request = format!("ws://{}/graphql", args.url).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let small = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(4_096);
    let (mut socket, _) = connect_async_with_config(request, Some(small), false).await.unwrap();
    let say = |message: Value| Message::text(message.to_string());
    socket.send(say(json!({ "type": "connection_init", "payload": { "token": args.token } }))).await.unwrap();
    socket.next().await.unwrap().unwrap();
    let payload = json!({ "query": FOLLOW, "variables": { "id": account } });
    socket.send(say(json!({ "id": "1", "type": "subscribe", "payload": payload }))).await.unwrap();
    socket
}

/// What the active readers heard.
#[derive(Default)]
struct Heard {
    arrived: AtomicU64,
    unasked: AtomicU64,
    latencies: Mutex<Vec<Duration>>,
    /// When each write began, by the moment that it says it happened.
    begun: Mutex<HashMap<String, Instant>>,
}

async fn listen(mut socket: Socket, heard: Arc<Heard>, idle: bool) {
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).unwrap();
        let at = message["payload"]["data"]["timelineChanged"]["event"]["occurredAt"]
            .as_str()
            .unwrap_or_else(|| panic!("{message}"));
        if idle {
            heard.unasked.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let begun = heard.begun.lock().unwrap().get(at).copied();
        if let Some(begun) = begun {
            heard.latencies.lock().unwrap().push(begun.elapsed());
            heard.arrived.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn open(args: &Arc<Args>, n: usize, accounts: &[String], heard: &Arc<Heard>, idle: bool) {
    let begun = Instant::now();
    for some in (0..n).collect::<Vec<_>>().chunks(50) {
        let opening = some.iter().map(|n| subscribe(args, &accounts[n % accounts.len()]));
        for socket in futures::future::join_all(opening).await {
            tokio::spawn(listen(socket, heard.clone(), idle));
        }
    }
    // The last ones stand a moment later.
    tokio::time::sleep(Duration::from_secs(3)).await;
    println!("{n} {} sockets opened in {:.1?}", if idle { "idle" } else { "active" }, begun.elapsed());
}

fn main() -> ExitCode {
    let mut given = std::env::args_os().skip(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if given.next().is_some_and(|first| first == "journey") {
        let cli = Cli::read(std::iter::once("journey".into()).chain(given)).unwrap();
        return runtime.block_on(cli::run(cli)).unwrap();
    }
    runtime.block_on(run());
    ExitCode::SUCCESS
}

async fn run() {
    let (args, _server) = args().await;
    let (args, client, heard) = (Arc::new(args), reqwest::Client::new(), Arc::new(Heard::default()));
    let quiet = accounts(&client, &args, args.accounts).await;
    let busy = accounts(&client, &args, args.accounts).await;
    let empty = memory(&args);
    println!("server before: {empty} kB");
    open(&args, args.idle, &quiet, &heard, true).await;
    let with_idle = memory(&args);
    println!(
        "server with the idle ones: {with_idle} kB, {:.1} kB each",
        (with_idle - empty) as f64 / args.idle.max(1) as f64
    );
    open(&args, args.active, &busy, &heard, false).await;
    println!("server with all: {} kB", memory(&args));

    let begun = Instant::now();
    let next = Arc::new(AtomicU64::new(0));
    let start: i64 = 1_700_000_000_000_000;
    let mut writers = Vec::new();
    let busy = Arc::new(busy);
    for _ in 0..args.writers {
        let (args, client, heard, next, busy) =
            (args.clone(), client.clone(), heard.clone(), next.clone(), busy.clone());
        writers.push(tokio::spawn(async move {
            let record = "mutation($id: ID!, $at: DateTime!) { recordTouchpoint(input: { accountId: $id, interaction: PAGE_VIEWED, occurredAt: $at })
                { userErrors { code message } } }";
            loop {
                let n = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
                if n >= args.writes {
                    return;
                }
                let micros = start + i64::try_from(n).unwrap() * 1_000_003;
                let at = chrono::DateTime::from_timestamp_micros(micros).unwrap();
                let at = at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false);
                heard.begun.lock().unwrap().insert(at.clone(), Instant::now());
                let answer = ask(&client, &args, record, json!({ "id": busy[n % busy.len()], "at": at })).await;
                assert_eq!(answer["recordTouchpoint"]["userErrors"], json!([]), "{answer}");
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let written = begun.elapsed();
    // Each write is about one account, which active/accounts readers follow.
    let each = |n: usize| (0..args.active).filter(|reader| reader % busy.len() == n % busy.len()).count() as u64;
    let expected: u64 = (0..args.writes).map(each).sum();
    let mut most = memory(&args);
    let patience = Instant::now();
    while heard.arrived.load(Ordering::Relaxed) < expected && patience.elapsed() < Duration::from_secs(120) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        most = most.max(memory(&args));
    }
    let arrived = heard.arrived.load(Ordering::Relaxed);
    println!("{} writes in {written:.1?}; {arrived} of {expected} deliveries in {:.1?}", args.writes, begun.elapsed());
    println!("heard by idle ones: {}", heard.unasked.load(Ordering::Relaxed));
    let mut latencies = heard.latencies.lock().unwrap().clone();
    latencies.sort_unstable();
    let at = |share: f64| latencies.get(((latencies.len() as f64 - 1.0) * share) as usize).copied().unwrap_or_default();
    println!(
        "from the begin of a write to its arrival: p50 {:.1?}, p95 {:.1?}, p99 {:.1?}, most {:.1?}",
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0)
    );
    println!("server at its most: {most} kB; now: {} kB", memory(&args));
    assert_eq!(arrived, expected, "something was lost");
}
