//! The front door itself: what a request may cost and what it did cost, what operators see of it, and what it answers to those who
//! mean it ill.

use std::{
    io,
    sync::{Arc, Mutex},
};

use api::http;
use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use http_body_util::BodyExt;
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tests::{Client, Engine, World, each_engine, rows};
use tower::ServiceExt;

async fn accounts(world: &World, names: &[&str]) {
    world
        .work(async |work| {
            for name in names {
                rows::account(work, name, None, None).await?;
            }
            Ok(())
        })
        .await;
}

/// Status and body of a request as it is.
async fn raw(router: &Router, request: Request<Body>) -> (u16, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into()))
}

fn post(client: &Client, content_type: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/graphql")
        .header(header::ACCEPT, "application/graphql-response+json")
        .header(header::AUTHORIZATION, format!("Bearer {}", client.token));
    match content_type {
        "" => request.body(body.into()).unwrap(),
        content_type => request.header(header::CONTENT_TYPE, content_type).body(body.into()).unwrap(),
    }
}

fn code(body: &Value) -> &Value {
    &body["errors"][0]["extensions"]["code"]
}

#[tokio::test]
async fn the_service_tells_every_limit() {
    each_engine(async |world: World| {
        let text =
            "{ serviceConfig { maxPageSize defaultPageSize maxBatchSize maxDepth maxComplexity maxNodes maxRootFields
            maxAliases maxDirectives maxFragments maxVariables maxTokens maxDocumentBytes maxBodyBytes maxMessageBytes
            timeoutMs maxSocketOperations } }";
        let answer = world.ana().ask(text, json!({})).await.must();
        let expected = json!({
            "maxPageSize": 100, "defaultPageSize": 20, "maxBatchSize": 1000, "maxDepth": 20, "maxComplexity": 10000,
            "maxNodes": 5000, "maxRootFields": 30, "maxAliases": 100, "maxDirectives": 100, "maxFragments": 100,
            "maxVariables": 100, "maxTokens": 10000, "maxDocumentBytes": 65536, "maxBodyBytes": 1048576,
            "maxMessageBytes": 131072, "timeoutMs": 15000, "maxSocketOperations": 32,
        });
        assert_eq!(answer.data("serviceConfig"), &expected);
    })
    .await;
}

#[tokio::test]
async fn every_answer_says_what_it_cost() {
    each_engine(async |world: World| {
        accounts(&world, &["Anker", "Bolt", "Cord"]).await;
        let ada = world.ada();
        let cost = async |text: &str, variables: Value| ada.ask(text, variables).await.must().body["extensions"]["cost"].clone();
        let page = "query($n: Int) { accounts(first: $n) { nodes { id name } totalCount } }";
        // accounts, nodes, three rows of two, totalCount
        let full = json!({ "requested": 9, "actual": 9, "limit": 10000 });
        assert_eq!(cost(page, json!({ "n": 3 })).await, full);
        assert_eq!(cost(page, json!({})).await, json!({ "requested": 43, "actual": 9, "limit": 10000 }));
        assert_eq!(cost("{ __typename }", json!({})).await, json!({ "requested": 1, "actual": 1, "limit": 10000 }));
        // a field that fails counts, and what stands beside it
        let partly = ada.ask("{ me { roles } timeline(subject: \"acc_0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\") { totalCount: __typename } }", json!({})).await;
        assert_eq!(partly.code(), Some("NOT_FOUND"), "{partly}");
        assert_eq!(partly.body["extensions"]["cost"]["requested"], 4);
        // what validation refuses cost nothing
        let unknown = ada.ask("{ nothing }", json!({})).await;
        assert_eq!(unknown.body["extensions"]["cost"], json!({ "requested": 1, "actual": 0, "limit": 10000 }));
    })
    .await;
}

#[tokio::test]
async fn what_costs_too_much_is_refused_with_the_figures_and_reads_nothing() {
    each_engine(async |world: World| {
        accounts(&world, &["Anker"]).await;
        let ada = world.ada();
        let token_alone = ada.ask("{ __typename }", json!({})).await.must().statements;
        let text = "{ accounts(first: 100) { nodes { contacts(first: 100) { nodes { id } } } } }";
        let refused = ada.ask(text, json!({})).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, Some("COST_EXCEEDED")));
        // 1 + 1 + 100 × (1 + 1 + 100 × 1)
        let cost = json!({ "requested": 10202, "limit": 10000 });
        assert_eq!(refused.body["extensions"]["cost"], cost);
        assert_eq!(refused.body["errors"][0]["extensions"]["cost"], cost);
        assert_eq!(refused.message(), Some("The operation costs 10202: the limit is 10000. Ask for smaller pages."));
        assert_eq!(refused.statements, token_alone);
        // pages within pages: more than 64 bits hold
        let deep = format!(
            "{{ accounts(first: 100) {}{{ nodes {{ id }} }} {} }}",
            "{ nodes { accountsUnder: contacts(first: 100) { nodes { account { contacts(first: 100) ".repeat(3),
            "} } } } }".repeat(3)
        );
        let refused = ada.ask(&deep, json!({})).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, Some("COST_EXCEEDED")), "{refused}");
    })
    .await;
}

/// What was written to the log, as JSON lines; trace level, so that nothing hides behind the filter.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn listen() -> (Lines, tracing::subscriber::DefaultGuard) {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_env_filter("info,api=trace,sqlx=warn")
            .with_writer(move || writer.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        tracing::callsite::rebuild_interest_cache();
        (lines, guard)
    }

    fn take(&self) -> Vec<Value> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn one_line_a_request_says_what_it_took() {
    each_engine(async |world: World| {
        accounts(&world, &["Anker", "Bolt"]).await;
        let (lines, _listening) = Lines::listen();
        let ada = world.ada();
        let answer = ada
            .ask("query Page { accounts { nodes { id owner { name } contacts { totalCount } } } }", json!({}))
            .await
            .must();
        let seen = lines.take();
        let requests: Vec<&Value> = seen.iter().filter(|line| line["message"] == "request").collect();
        let [line] = requests.as_slice() else { panic!("not one line: {seen:?}") };
        let of = |name: &str| line[name].clone();
        assert_eq!(
            [of("operation"), of("operation_type"), of("role"), of("status"), of("code")],
            [json!("Page"), json!("query"), json!("admin"), json!(200), json!("-")]
        );
        assert_eq!([of("cost_requested"), of("cost")], [json!(102), json!(10)]);
        assert_eq!(of("statements"), json!(answer.statements));
        assert!(answer.statements > 3 && of("duration_ms").is_u64() && of("request_id").is_string());
        // a statement of its own line each, at debug: below its request and its operation, its text, never its parameters
        let statements: Vec<&Value> = seen.iter().filter(|line| line["message"] == "statement").collect();
        assert_eq!(statements.len() as u64, answer.statements);
        let page =
            statements.iter().find(|line| line["text"].as_str().is_some_and(|text| text.contains("\"account\"")));
        let page = page.unwrap_or_else(|| panic!("no statement on accounts: {statements:?}"));
        let above: Vec<&Value> = page["spans"].as_array().unwrap().iter().map(|span| &span["name"]).collect();
        assert_eq!(above, ["request", "operation"]);
        assert_eq!(page["spans"][0]["request_id"], of("request_id"));
        assert_eq!(page["spans"][1]["graphql.operation.name"], "Page");
        assert!(page["duration_us"].is_u64());
        // a refusal has its code, and what it would have cost
        ada.ask("query Big { accounts(first: 100) { nodes { contacts(first: 100) { nodes { id } } } } }", json!({}))
            .await;
        let line = lines.take().pop().unwrap();
        assert_eq!(
            [&line["code"], &line["cost_requested"], &line["cost"]],
            [&json!("COST_EXCEEDED"), &json!(10202), &Value::Null]
        );
    })
    .await;
}

#[tokio::test]
async fn logs_hold_nothing_personal() {
    each_engine(async |world: World| {
        accounts(&world, &["Zorro Zacharias GmbH"]).await;
        let (lines, _listening) = Lines::listen();
        let (ada, mia) = (world.ada(), world.mia());
        let personal = json!({
            "input": { "firstName": "Zenobia", "lastName": "Zacharias", "contactPoints": [
                { "kind": "EMAIL", "value": "zenobia@zacharias.example" }, { "kind": "PHONE", "value": "+49 171 7654321" }] },
        });
        for (client, text, variables) in [
            (&ada, "mutation New($input: CreateContactInput!) { createContact(input: $input) { contact { id lastName } userErrors { code } } }", personal.clone()),
            (&mia, "mutation New($input: CreateContactInput!) { createContact(input: $input) { contact { id } userErrors { code message } } }", personal),
            (&ada, "{ search(text: \"zenobia@zacharias.example\") { __typename } }", json!({})),
            (&ada, "{ accounts(filter: { name: { contains: \"Zacharias\" } }) { nodes { name } } }", json!({})),
            (&ada, "query($id: ID!) { account(id: $id) { name } }", json!({ "id": "zenobia@zacharias.example" })),
            (&ada, "query($n: Int!) { accounts(first: $n) { totalCount } }", json!({ "n": "zenobia@zacharias.example" })),
            (&ada, "query($n: Int!) { accounts(first: $n) { totalCount } }", json!({ "x": "zenobia@zacharias.example" })),
            (&ada, "{ accounts(filter: { name: { contains: \"zenobia@zacharias.example }", json!({})),
            (&ada, "{ zacharias_zenobia }", json!({})),
            (&ada, "{ accounts(first: 100, filter: { name: { contains: \"Zacharias\" } }) { nodes { contacts(first: 100) { nodes { id } } } } }", json!({})),
        ] {
            client.ask(text, variables).await;
        }
        let router = world.app.router(http::Options::default());
        let get = "/graphql?query=%7Bsearch(text:%22zenobia@zacharias.example%22)%7B__typename%7D%7D";
        let bearer = format!("Bearer {}", ada.token);
        for request in [
            post(&ada, "application/json", "{\"query\": \"zenobia@zacharias.example"),
            post(&ada, "text/zenobia", "zenobia@zacharias.example"),
            Request::get(get).header(header::AUTHORIZATION, bearer).body(Body::empty()).unwrap(),
            Request::get("/zacharias?mail=zenobia@zacharias.example").body(Body::empty()).unwrap(),
            Request::post("/graphql").header(header::AUTHORIZATION, "Bearer forged.zenobia.token").body(Body::empty()).unwrap(),
            Request::post("/graphql").header("x-request-id", "zenobia@zacharias.example").body(Body::empty()).unwrap(),
        ] {
            raw(&router, request).await;
        }
        let seen = lines.take();
        assert_eq!(seen.iter().filter(|line| line["message"] == "request").count(), 16);
        assert!(seen.iter().any(|line| line["message"] == "statement"));
        let text = serde_json::to_string(&seen).unwrap();
        let signature = ada.token.rsplit('.').next().unwrap();
        for never in ["enobia", "acharias", "7654321", signature, &ada.token, "forged", "Zorro", "Bearer"] {
            assert!(!text.contains(never), "{never}: {text}");
        }
    })
    .await;
}

#[tokio::test]
async fn figures_tell_operations_statements_and_the_pool() {
    let recorder = http::metrics::builder().unwrap().install_recorder().unwrap();
    each_engine(async |world: World| {
        accounts(&world, &["Anker"]).await;
        let options = http::Options { metrics: Some(recorder.clone()), ..http::Options::default() };
        let router = world.app.router(options);
        let engine = if world.engine == Engine::Sqlite { "OnSqlite" } else { "OnPostgres" };
        let sam = world.sam();
        let page = json!({ "query": format!("query {engine} {{ accounts {{ nodes {{ id }} }} }}") }).to_string();
        for _ in 0..3 {
            assert_eq!(raw(&router, post(&sam, "application/json", page.clone())).await.0, 200);
        }
        let made_up = json!({ "query": format!("query MadeUp{engine} {{ nothing }}") }).to_string();
        raw(&router, post(&sam, "application/json", made_up)).await;
        let (status, text) = raw(&router, Request::get("/metrics").body(Body::empty()).unwrap()).await;
        assert_eq!(status, 200);
        let text = text.as_str().unwrap();
        let labels = format!("operation=\"{engine}\",operation_type=\"query\",role=\"sales\",status=\"2xx\"");
        assert!(text.contains(&format!("http_requests_total{{{labels}}} 3\n")), "{text}");
        assert!(text.contains(&format!("http_request_duration_seconds_count{{{labels}}} 3\n")), "{text}");
        let statements =
            text.lines().find_map(|line| line.strip_prefix(&format!("http_request_statements_sum{{{labels}}} ")));
        let alone = sam.ask(&format!("query {engine} {{ accounts {{ nodes {{ id }} }} }}"), json!({})).await.statements;
        assert_eq!(statements, Some((3 * alone).to_string().as_str()));
        assert!(text.contains("operation=\"other\",operation_type=\"query\",role=\"sales\",status=\"4xx\"}"), "{text}");
        assert!(text.contains("http_errors_total{code=\"BAD_USER_INPUT\"}"), "{text}");
        assert!(!text.contains("MadeUp"), "{text}");
        // how many are in use at a moment is the pool's own affair, but never more than are open
        let gauge = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u32>().ok());
        let (open, used) = (gauge("database_connections_open "), gauge("database_connections_in_use "));
        assert!(used.is_some() && open >= Some(1) && used <= open, "{text}");
    })
    .await;
}

#[tokio::test]
async fn readiness_follows_the_database() {
    each_engine(async |world: World| {
        let router = world.app.router(http::Options::default());
        let ready = async || raw(&router, Request::get("/readyz").body(Body::empty()).unwrap()).await.0;
        assert_eq!(ready().await, 200);
        if world.engine == Engine::Sqlite {
            return;
        }
        let (server, name) = world.url.rsplit_once('/').unwrap();
        let admin = Database::connect(format!("{server}/postgres")).await.unwrap();
        let door = async |open: bool| {
            let text = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {open}");
            admin.execute_unprepared(&text).await.unwrap();
        };
        let sam = world.sam();
        let ask = async || raw(&router, post(&sam, "application/json", r#"{"query":"{ me { roles } }"}"#)).await;
        assert_eq!(ask().await.0, 200);

        door(false).await;
        let cut = format!("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'");
        admin.execute_unprepared(&cut).await.unwrap();
        assert_eq!(ready().await, 503);
        let (status, body) = ask().await;
        assert_eq!((status, code(&body)), (503, &json!("INTERNAL")), "{body}");
        assert!(!body.to_string().contains(name), "{body}");
        assert_eq!(raw(&router, Request::get("/healthz").body(Body::empty()).unwrap()).await.0, 200);

        door(true).await;
        assert_eq!(ready().await, 200);
        assert_eq!(ask().await.0, 200);
        admin.close().await.unwrap();
    })
    .await;
}

/// Body, status, and code of the refusal; 200 where there is none.
const HOSTILE: [(&str, u16, &str); 33] = [
    ("", 400, "BAD_USER_INPUT"),
    ("null", 400, "BAD_USER_INPUT"),
    ("\u{feff}{\"query\":\"{ me { roles } }\"}", 400, "BAD_USER_INPUT"),
    (r#"{"query":"{ me { roles } }"} {"query":"{ me { roles } }"}"#, 400, "BAD_USER_INPUT"),
    (r#"[{"query":"{ me { roles } }"}]"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":""}"#, 400, "BAD_USER_INPUT"),
    (r##"{"query":"# nothing"}"##, 400, "BAD_USER_INPUT"),
    (r#"{"query":"fragment f on Query { me { roles } }"}"#, 400, "BAD_USER_INPUT"),
    // one name, two operations; a name beside none; several and none chosen; one that is not there
    (r#"{"query":"query A { me { roles } } query A { me { roles } }","operationName":"A"}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"query A { me { roles } } { me { roles } }","operationName":"A"}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"query A { me { roles } } query B { me { roles } }"}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"query A { me { roles } }","operationName":"B"}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"query A { me { roles } } mutation B { nothing }","operationName":"A"}"#, 400, "BAD_USER_INPUT"),
    // variables: missing, null, of another type, twice declared, not declared, not used
    (r#"{"query":"query($id: ID!) { account(id: $id) { id } }"}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"query($id: ID!) { account(id: $id) { id } }","variables":{"id":null}}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"query($id: ID!) { account(id: $id) { id } }","variables":{"id":{"a":1}}}"#, 400, "BAD_USER_INPUT"),
    (
        r#"{"query":"query($id: ID!, $id: ID!) { account(id: $id) { id } }","variables":{"id":"acc_1"}}"#,
        400,
        "BAD_USER_INPUT",
    ),
    (r#"{"query":"{ account(id: $id) { id } }","variables":{"id":"acc_1"}}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"query($id: ID!) { me { roles } }","variables":{"id":"acc_1"}}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"query($id: ID) { account(id: $id) { id } }","variables":{"id":"acc_1"}}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"query($n: String) { accounts(first: $n) { totalCount } }"}"#, 400, "BAD_USER_INPUT"),
    // numbers: past 32 bits, past 64, past every float, a fraction; as a variable and in the document
    (
        r#"{"query":"query($n: Int) { accounts(first: $n) { totalCount } }","variables":{"n":2147483648}}"#,
        400,
        "BAD_USER_INPUT",
    ),
    (
        r#"{"query":"query($n: Int) { accounts(first: $n) { totalCount } }","variables":{"n":99999999999999999999}}"#,
        400,
        "BAD_USER_INPUT",
    ),
    (
        r#"{"query":"query($n: Int) { accounts(first: $n) { totalCount } }","variables":{"n":1e400}}"#,
        400,
        "BAD_USER_INPUT",
    ),
    (
        r#"{"query":"query($n: Int) { accounts(first: $n) { totalCount } }","variables":{"n":1.5}}"#,
        400,
        "BAD_USER_INPUT",
    ),
    // the framework looks at a number in the document when its field runs
    (r#"{"query":"{ accounts(first: 2147483648) { totalCount } }"}"#, 200, "BAD_USER_INPUT"),
    (r#"{"query":"{ accounts(first: 99999999999999999999) { totalCount } }"}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"{ accounts(first: 1e400) { totalCount } }"}"#, 400, "BAD_USER_INPUT"),
    // halves of characters: in JSON, and in the document
    (
        r#"{"query":"query($t: String!) { search(text: $t) { __typename } }","variables":{"t":"\ud800"}}"#,
        400,
        "BAD_USER_INPUT",
    ),
    (r#"{"query":"{ search(text: \"\\ud800\") { __typename } }"}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"{ search(text: \"\\u12\") { __typename } }"}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"{ me\u0000{ roles } }"}"#, 400, "BAD_USER_INPUT"),
    (r#"{"query":"{ me { roles } }","variables":{"unknown":[[[[{"a":1}]]]]}}"#, 200, ""),
];

#[tokio::test]
async fn the_ill_meant_gets_the_answer_of_the_specification() {
    each_engine(async |world: World| {
        let router = world.app.router(http::Options::default());
        let (ada, before) = (world.ada(), world.position().await);
        let fine = || post(&ada, "application/json; charset=utf-8", r#"{"query":"{ me { roles } }"}"#);
        let data = json!({ "me": { "roles": ["ADMIN"] } });
        for (body, status, refusal) in HOSTILE {
            let (found, answer) = raw(&router, post(&ada, "application/json", body)).await;
            assert_eq!((found, code(&answer).as_str().unwrap_or_default()), (status, refusal), "{body}: {answer}");
            assert_eq!(answer.get("data").is_some(), status == 200, "{body}: {answer}");
        }
        // brackets within brackets, as JSON, as a variable, as a document
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        for (body, refusal) in [
            (nested(100_000), "BAD_USER_INPUT"),
            (format!(r#"{{"query":"{{ me {{ roles }} }}","variables":{{"a":{}}}}}"#, nested(200)), "BAD_USER_INPUT"),
            (
                json!({ "query": format!("{{ accounts(filter: {}) {{ totalCount }} }}", nested(10_000)) }).to_string(),
                "COST_EXCEEDED",
            ),
            (json!({ "query": format!("{{ me {{ roles }} }} #{}", "x".repeat(65_536)) }).to_string(), "COST_EXCEEDED"),
        ] {
            let (status, answer) = raw(&router, post(&ada, "application/json", body)).await;
            assert_eq!((status, code(&answer)), (400, &json!(refusal)), "{answer}");
        }
        let (status, answer) = raw(&router, post(&ada, "application/json", vec![b'x'; 10 * 1024 * 1024])).await;
        assert_eq!(
            (status, &answer["errors"][0]["message"]),
            (413, &json!("The body is too large: the limit is 1048576 bytes."))
        );
        let (status, answer) =
            raw(&router, post(&ada, "application/json", &b"{\"query\":\"{ me { roles } } #\xff\"}"[..])).await;
        assert_eq!((status, code(&answer)), (400, &json!("BAD_USER_INPUT")));
        // what a browser sends across origins without asking, and what is no UTF-8
        for content_type in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/graphql",
            "application/json; charset=latin1",
            "application/jsonp",
        ] {
            let mutation = r#"{"query":"mutation { createAccount(input: { name: \"x\" }) { account { id } } }"}"#;
            let (status, answer) = raw(&router, post(&ada, content_type, mutation)).await;
            assert_eq!((status, code(&answer)), (415, &json!("BAD_USER_INPUT")), "{content_type}");
        }
        // a mutation by GET
        let get = "/graphql?query=mutation%7BcreateAccount(input:%7Bname:%22x%22%7D)%7Baccount%7Bid%7D%7D%7D";
        let bearer = format!("Bearer {}", ada.token);
        let request = Request::get(get).header(header::AUTHORIZATION, bearer).body(Body::empty()).unwrap();
        let (status, answer) = raw(&router, request).await;
        assert_eq!((status, code(&answer)), (405, &json!("BAD_USER_INPUT")));
        // nobody else is harmed, and nothing was written
        let (status, answer) = raw(&router, fine()).await;
        assert_eq!((status, &answer["data"]), (200, &data));
        assert_eq!(world.position().await, before);
    })
    .await;
}
