//! A small application behind the front door: tokens that are words, a schema with every kind of trouble.

use std::{sync::Arc, time::Duration};

use async_graphql::{Context, EmptyMutation, ErrorExtensions, Object, Request, Schema, Subscription};
use async_trait::async_trait;
use futures::{Stream, StreamExt, stream};

use crate::http::{Door, Executor, Limits, Refused, guard::Documents};

/// Who calls: the word that was the token.
pub struct Who(pub String);

/// The door of the tests.
#[derive(Clone)]
pub struct TestDoor {
    pub limits: Limits,
    pub anonymous: bool,
    pub ready: bool,
    documents: Arc<Documents>,
    executor: Executor,
    narrow: Executor,
}

impl TestDoor {
    pub fn new() -> TestDoor {
        let schema = Schema::build(Query, Mutation, Numbers).disable_suggestions();
        let narrow = Schema::build(Narrow, EmptyMutation, async_graphql::EmptySubscription);
        TestDoor {
            limits: Limits::default(),
            anonymous: false,
            ready: true,
            documents: Arc::default(),
            executor: Arc::new(schema.limit_depth(20).finish()),
            narrow: Arc::new(narrow.finish()),
        }
    }

    pub fn with(mut self, change: impl FnOnce(&mut Limits)) -> TestDoor {
        change(&mut self.limits);
        self
    }
}

#[async_trait]
impl Door for TestDoor {
    type Caller = Who;

    async fn authenticate(&self, bearer: Option<&str>) -> Result<Arc<Who>, Refused> {
        match bearer {
            Some(word @ ("good" | "narrow" | "brief")) => Ok(Arc::new(Who(word.to_owned()))),
            Some("down") => Err(Refused::Unavailable),
            Some("busy") => Err(Refused::TooMany(Duration::from_secs(7))),
            None if self.anonymous => Ok(Arc::new(Who("anonymous".to_owned()))),
            _ => Err(Refused::Unauthenticated),
        }
    }

    async fn executor(&self, caller: &Arc<Who>) -> Result<Executor, Refused> {
        Ok(if caller.0 == "narrow" { self.narrow.clone() } else { self.executor.clone() })
    }

    fn prepare(&self, caller: &Arc<Who>, request: Request, _request_id: &str) -> Request {
        request.data(caller.clone())
    }

    fn expires_in(&self, caller: &Who) -> Option<Duration> {
        (caller.0 == "brief").then_some(Duration::from_millis(20))
    }

    fn role_label(&self, caller: &Who) -> String {
        caller.0.clone()
    }

    async fn ready(&self) -> bool {
        self.ready
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn documents(&self) -> &Documents {
        &self.documents
    }
}

struct Query;

#[Object]
impl Query {
    async fn hello(&self, #[graphql(default = 1)] times: i32) -> String {
        "hello ".repeat(usize::try_from(times).unwrap_or(0)).trim().to_owned()
    }

    async fn me(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        Ok(ctx.data::<Arc<Who>>()?.0.clone())
    }

    async fn boom(&self, #[graphql(default = 0)] divisor: i32) -> i32 {
        assert_ne!(divisor, 0, "the cause");
        divisor
    }

    async fn leak(&self) -> Option<async_graphql::Result<i32>> {
        Some(Err(async_graphql::Error::new("no such table: secrets")))
    }

    async fn missing(&self) -> Option<async_graphql::Result<i32>> {
        Some(Err(async_graphql::Error::new("Not there.").extend_with(|_, e| e.set("code", "NOT_FOUND"))))
    }

    async fn never(&self) -> i32 {
        std::future::pending().await
    }

    async fn again(&self) -> Query {
        Query
    }
}

struct Narrow;

#[Object(name = "Query")]
impl Narrow {
    async fn little(&self) -> i32 {
        1
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn set(&self, to: i32) -> i32 {
        to
    }

    async fn never(&self) -> i32 {
        std::future::pending().await
    }
}

struct Numbers;

#[Subscription(name = "Subscription")]
impl Numbers {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(1..=to)
    }

    /// One number, then silence.
    async fn quiet(&self) -> impl Stream<Item = i32> {
        stream::iter([1]).chain(stream::pending())
    }

    async fn explode(&self) -> impl Stream<Item = i32> {
        stream::iter([1, 2]).map(|n| if n == 2 { panic!("the cause") } else { n })
    }

    /// More than a socket's buffers hold, for as long as somebody reads.
    async fn flood(&self) -> impl Stream<Item = String> {
        stream::repeat("x".repeat(64 * 1024))
    }
}
