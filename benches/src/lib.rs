//! A house full of made-up journeys, asked in process: the front door is the router itself, without a socket. Shared by what
//! measures here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a tool that stops at the first surprise")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use api::{
    app::App,
    auth::{Grant, Mint},
    clock::Clock,
    config::{self, Config},
    demo::synthetic::{self, Wanted},
    http,
    policy::{Grants, Role, RoleSet},
    store::{Options, Store},
};
use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

/// The questions of the race, by name: the document, and the role that asks it.
pub const QUESTIONS: &[(&str, Role, &str)] = &[
    ("timeline", Role::Sales, include_str!("../queries/timeline.graphql")),
    ("lookup", Role::Sales, include_str!("../queries/lookup.graphql")),
    ("account360", Role::Sales, include_str!("../queries/account360.graphql")),
    ("worklist-marketing", Role::Marketing, include_str!("../queries/worklist-marketing.graphql")),
    ("worklist-sales", Role::Sales, include_str!("../queries/worklist-sales.graphql")),
    ("worklist-service", Role::Service, include_str!("../queries/worklist-service.graphql")),
    ("write", Role::Marketing, include_str!("../queries/write.graphql")),
];

/// The colleague of the made-up house whose token a role gets.
pub fn subject_of(role: Role) -> &'static str {
    match role {
        Role::Marketing => "colleague-1",
        Role::Service => "colleague-2",
        _ => "colleague-4",
    }
}

/// A tenant with journeys, and the application over it.
pub struct House {
    router: Router,
    auth: config::Auth,
    statements: Arc<AtomicU64>,
}

impl House {
    /// Opens a database; makes its journeys, where it is empty.
    pub async fn open(url: &str, accounts: u64, events: u64) -> House {
        let statements = Arc::new(AtomicU64::new(0));
        let seen = statements.clone();
        let store = Store::connect(&Options::new(url)).await.unwrap().observed(move || {
            seen.fetch_add(1, Ordering::Relaxed);
        });
        if migration::up(store.db()).await.unwrap() > 0 {
            let wanted = Wanted { tenant: "synthetic".to_owned(), accounts, events, seed: 1 };
            synthetic::generate(&store, &wanted, |_| {}).await.unwrap();
        }
        let mut config = Config::load(&config::Sources::default(), config::Purpose::Tool).unwrap();
        config.auth = config::Auth::development("a secret for measuring, long enough to be taken".into());
        config.files.dir = std::env::temp_dir();
        let app = App::new(&config, store, Clock::System).unwrap();
        House { router: app.router(http::Options::default()), auth: config.auth, statements }
    }

    /// A token for a role.
    pub fn token(&self, role: Role) -> String {
        let grant = Grant {
            subject: subject_of(role).to_owned(),
            tenant: "synthetic".to_owned(),
            roles: RoleSet::from(role),
            grants: Grants::default(),
            ttl: Duration::from_secs(3600),
            id: Uuid::from_u128(1),
        };
        Mint::new(&self.auth).unwrap().mint(&grant, Clock::System.now()).unwrap()
    }

    /// A request as it comes in.
    pub fn request(token: &str, query: &str, variables: &Value) -> Request<Body> {
        Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(json!({ "query": query, "variables": variables }).to_string()))
            .unwrap()
    }

    /// Asks, and gives the answer's bytes and how many statements it took. Stops at an error.
    pub async fn ask(&self, token: &str, query: &str, variables: &Value) -> (Vec<u8>, u64) {
        let before = self.statements.load(Ordering::Relaxed);
        let response = self.router.clone().oneshot(House::request(token, query, variables)).await.unwrap();
        let ok = response.status().is_success();
        let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        let text = String::from_utf8_lossy(&bytes);
        assert!(ok && !text.contains("\"errors\""), "{text}");
        (bytes, self.statements.load(Ordering::Relaxed) - before)
    }

    /// The first accounts that a role's colleague sees, the one with the most events first.
    pub async fn accounts(&self, token: &str) -> Vec<String> {
        let query = "{ accounts(first: 50) { nodes { id timeline(first: 1) { totalCount } } } }";
        let (bytes, _) = self.ask(token, query, &json!({})).await;
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        let nodes = answer["data"]["accounts"]["nodes"].as_array().unwrap();
        let count = |node: &Value| node["timeline"]["totalCount"].as_i64().unwrap_or(0);
        let mut nodes: Vec<&Value> = nodes.iter().collect();
        nodes.sort_by_key(|node| -count(node));
        nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The variables of a question, about an account.
    pub fn variables(question: &str, account: &str) -> Value {
        match question {
            "timeline" => json!({ "id": account, "first": 50 }),
            "worklist-marketing" | "worklist-sales" | "worklist-service" => json!({}),
            "write" => json!({ "input": { "accountId": account, "interaction": "PAGE_VIEWED", "isInbound": true } }),
            _ => json!({ "id": account }),
        }
    }
}
