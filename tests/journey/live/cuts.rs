//! Whatever happens to the line, to the server and to the database: what a reader put together from a page and from what arrived
//! since is what a full read shows. No gap, no repeat, in the order of recording.
//!
//! The reader is a simple client by the book: it reads the subject's pages, follows from their `liveCursor`, comes back with its
//! last cursor when the line breaks or the stream ends with an error that can be resumed, and reads again on RIGHTS_CHANGED.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use api::graph::Kind;
use chrono::TimeDelta;
use entities::{account::account_team_member, codes::Discipline};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sea_orm::ActiveValue::Set;
use serde_json::{Value, json};
use tests::{Client, Engine, Live, Said, Server, Transport, World, each_engine, id, rows};
use uuid::Uuid;

use super::touch;

const FOLLOW: &str = "subscription($id: ID!, $after: String) {
    timelineChanged(subject: $id, after: $after) { cursor event { id title recordedAt } } }";
const PAGE: &str = "query($id: ID!, $after: String) { timeline(subject: $id, first: 100, after: $after) {
    nodes { id } pageInfo { liveCursor endCursor hasNextPage } } }";

#[derive(Clone, Debug)]
enum Step {
    /// Touches of one of the two accounts in one commit each, so many minutes ago.
    Write(usize, Vec<i64>),
    /// The reader comes on the team of an account, or leaves it.
    Team(usize),
    /// What comes within a moment is read, at most so much.
    Read(usize),
    /// The line breaks; the client comes back by this transport.
    Cut(bool),
    /// The reader's server ends and another one starts.
    Server,
    /// The database ends every connection of the reader's server, whatever it is doing.
    Database,
}

fn steps() -> impl Strategy<Value = (bool, Vec<Step>)> {
    let step = prop_oneof![
        5 => (0..2_usize, prop::collection::vec(0_i64..100_000, 1..5)).prop_map(|(which, back)| Step::Write(which, back)),
        1 => (0..2_usize).prop_map(Step::Team),
        4 => (1..6_usize).prop_map(Step::Read),
        2 => any::<bool>().prop_map(Step::Cut),
        1 => Just(Step::Server),
        1 => Just(Step::Database),
    ];
    (any::<bool>(), prop::collection::vec(step, 8..24))
}

/// A client by the book.
struct Reader {
    client: Client,
    subject: String,
    by: Transport,
    process: World,
    server: Server,
    live: Option<Live>,
    cursor: Value,
    /// What it has put together.
    picture: BTreeSet<String>,
    /// When the last event of the stream was recorded.
    recorded_at: String,
}

impl Reader {
    async fn start(world: &World, subject: String) -> Reader {
        let process = world.process(|config| config.feed.poll_interval = Duration::from_millis(20)).await;
        let server = process.listen().await;
        let (client, by) = (process.sam(), Transport::Socket);
        let (cursor, picture, recorded_at) = (json!(null), BTreeSet::new(), String::new());
        let mut reader = Reader { client, subject, by, process, server, live: None, cursor, picture, recorded_at };
        reader.read_again().await;
        reader
    }

    /// All pages. The first one's position is where the stream goes on; what the later ones show beyond it must not count twice.
    async fn read_again(&mut self) {
        let (mut after, mut picture) = (json!(null), BTreeSet::new());
        self.cursor = json!(null);
        loop {
            let page = self.asked(PAGE, json!({ "id": self.subject, "after": after })).await;
            picture.extend(page.each("timeline.nodes", "id").iter().map(|id| id.as_str().unwrap().to_owned()));
            let info = page.data("timeline.pageInfo").clone();
            if self.cursor == json!(null) {
                self.cursor = info["liveCursor"].clone();
            }
            after = info["endCursor"].clone();
            if info["hasNextPage"] == json!(false) {
                break;
            }
        }
        (self.picture, self.recorded_at, self.live) = (picture, String::new(), None);
    }

    /// An answer without errors. A request may meet a connection that was just ended; it asks again, as every client would.
    async fn asked(&self, query: &str, variables: Value) -> tests::Answer {
        for _ in 0..20 {
            let answer = self.client.ask(query, variables.clone()).await;
            if !matches!(answer.code(), Some("INTERNAL")) {
                return answer.must();
            }
        }
        panic!("the database does not come back");
    }

    async fn restart(&mut self, world: &World) {
        self.live = None;
        self.process.close().await;
        self.process = world.process(|config| config.feed.poll_interval = Duration::from_millis(20)).await;
        self.server = self.process.listen().await;
        self.client = self.process.sam();
    }

    /// Takes one message.
    async fn hear(&mut self) {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => {
                let variables = json!({ "id": self.subject, "after": self.cursor });
                self.client.follow_by(self.by, &self.server, FOLLOW, variables).await
            }
        };
        let Ok(said) = tokio::time::timeout(Duration::from_millis(15), live.next()).await else {
            self.live = Some(live);
            return;
        };
        let errors = match said {
            Said::Next(mut payload) if payload.get("errors").is_none() => {
                let change = payload["data"]["timelineChanged"].take();
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                let (id, recorded_at) = (text(&change["event"]["id"]), text(&change["event"]["recordedAt"]));
                assert!(recorded_at > self.recorded_at, "not in the order of recording");
                assert!(self.picture.insert(id), "a repeat: {change}");
                (self.recorded_at, self.cursor) = (recorded_at, change["cursor"].clone());
                self.live = Some(live);
                return;
            }
            Said::Next(mut payload) => payload["errors"].take(),
            Said::Refused(errors) => errors,
            // The line broke: the next call comes back with the cursor.
            Said::Complete | Said::Closed(_) => return,
        };
        let error = &errors[0]["extensions"];
        match error["code"].as_str() {
            Some("RIGHTS_CHANGED") => self.read_again().await,
            Some("INTERNAL") => {
                if let Some(resume) = error.get("resume") {
                    assert_eq!(*resume, self.cursor, "an error resumes where the reader stands");
                }
            }
            _ => panic!("{errors}"),
        }
    }
}

async fn member(world: &World, account: Uuid, was: &mut Option<account_team_member::Model>) {
    let (sam, now) = (world.acme.cast.sam, world.now());
    *was = world
        .work(async |work| match was.take() {
            None => rows::member(work, account, sam, Discipline::Sales, rows::READ, (now, None)).await.map(Some),
            Some(row) => {
                let ended = account_team_member::ActiveModel { valid_to: Set(Some(now)), ..Default::default() };
                work.update_row::<account_team_member::Entity>(&row, ended).await.map(|_| None)
            }
        })
        .await;
}

async fn case(world: &World, of_industry: bool, steps: &[Step]) {
    let (industry, accounts) = world
        .work(async |work| {
            let code = work.fresh_id().to_string();
            let industry = rows::industry(work, &code, None).await?.id;
            let first = rows::account(work, "Bolt", None, Some(industry)).await?.id;
            let second = rows::account(work, "Nut", None, Some(industry)).await?.id;
            Ok((industry, [first, second]))
        })
        .await;
    let mut teams = [None, None];
    member(world, accounts[0], &mut teams[0]).await;
    let subject = match of_industry {
        true => id(Kind::Industry, industry),
        false => id(Kind::Account, accounts[0]),
    };
    let mut reader = Reader::start(world, subject.clone()).await;
    for step in steps {
        world.pass(TimeDelta::milliseconds(1));
        match step {
            Step::Write(which, back) => {
                for minutes in back {
                    touch(world, &id(Kind::Account, accounts[*which]), world.now() - TimeDelta::minutes(*minutes))
                        .await;
                }
            }
            Step::Team(which) => member(world, accounts[*which], &mut teams[*which]).await,
            Step::Read(n) => {
                for _ in 0..*n {
                    reader.hear().await;
                }
            }
            Step::Cut(socket) => {
                reader.live = None;
                reader.by = if *socket { Transport::Socket } else { Transport::Events };
            }
            Step::Server => reader.restart(world).await,
            Step::Database if world.engine == Engine::Postgres => world.cut_the_readers().await,
            // The file closes under the server and is opened anew.
            Step::Database => reader.restart(world).await,
        }
    }
    // One more about the subject that the reader sees: once it has arrived, nothing is left over.
    if teams[0].is_none() {
        member(world, accounts[0], &mut teams[0]).await;
    }
    world.pass(TimeDelta::milliseconds(1));
    touch(world, &id(Kind::Account, accounts[0]), world.now()).await;
    let page = world.sam().ask(PAGE, json!({ "id": subject })).await.must();
    let last = page.text("timeline.nodes.0.id").to_owned();
    let mut patience = 4_000;
    while !reader.picture.contains(&last) {
        patience -= 1;
        assert!(patience > 0, "the last event does not arrive");
        reader.hear().await;
    }
    let arrived = reader.picture.clone();
    reader.read_again().await;
    assert_eq!(arrived, reader.picture, "put together, and read");
    reader.live = None;
    reader.process.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_breaks_everything_arrives_once_and_in_order() {
    each_engine(async |world: World| {
        let cases = std::env::var("JOURNEY_CUTS").ok().and_then(|cases| cases.parse().ok()).unwrap_or(6);
        let config = Config { cases, max_shrink_iters: 60, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRunner::deterministic().rng().clone());
        let (world, now) = (Arc::new(world), tokio::runtime::Handle::current());
        tokio::task::block_in_place(|| {
            let outcome = runner.run(&steps(), |(of_industry, steps)| {
                now.block_on(case(&world, of_industry, &steps));
                Ok(())
            });
            if let Err(error) = outcome {
                panic!("{error}");
            }
        });
    })
    .await;
}
