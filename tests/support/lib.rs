//! What the tests stand on. A test says what it does and what must come back; how a tenant, a token or a database comes into
//! being stands here.
//!
//! ```ignore
//! #[tokio::test]
//! async fn sales_creates_an_account_and_owns_it() {
//!     each_engine(async |world: World| {
//!         let answer = world.sam().ask("mutation { createAccount(input: { name: \"Bolt\" }) { account { owner { name } } } }", json!({})).await.must();
//!         assert_eq!(answer.data("createAccount.account.owner.name"), &json!("Sam Sales"));
//!     })
//!     .await;
//! }
//! ```
//!
//! - [`each_engine`] runs a body twice: on a fresh SQLite file and on a fresh PostgreSQL database (`engine.rs`). The server
//!   is `JOURNEY_TEST_POSTGRES`, or the one on this machine; `tests/run.sh` starts one where none answers. Without a server
//!   the PostgreSQL half says loudly that it did not run, and fails where `CI` is set.
//! - [`each_engine_told`] is the same where a long story comes first: [`Told`] once a build, copied for each test.
//! - [`World`] is a founded tenant `acme` with a cast of colleagues, a second tenant `other` with a cast of its own, and a
//!   clock that stands until the test moves it (`world.rs`). [`World::work`] writes rows through the one write path as the
//!   house itself; `rows.rs` has a builder for each kind of row that tests need, `scene.rs` whole customers, as many as one likes.
//! - `docs.rs` reads the operations of the documentation.
//! - [`Client`] goes in by the front door: the real router, a real bearer token (`client.rs`). An [`Answer`] says how many SQL
//!   statements it took.
//! - [`Live`] is a subscription over a real listener, by a socket or by server-sent events (`live.rs`). [`World::process`] is another
//!   process on the same database.
//!
//! Nothing here sleeps or tries again. Where a test waits for what must come, [`PATIENCE`] ends the wait as a failure.

#![allow(clippy::inconsistent_digit_grouping, reason = "minor units: the last two digits are cents")]
#![allow(clippy::type_complexity, reason = "tables of rows")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests stop at the first surprise and say loudly what did not run"
)]

mod client;
pub mod docs;
mod engine;
mod live;
mod own;
pub mod rows;
pub mod scene;
mod world;

use std::time::Duration;

pub use client::{Answer, Client, UserError, id};
pub use engine::{Engine, Told, each_engine, each_engine_told};
pub use live::{Live, Said, Server, Transport};
pub use own::{OwnPostgres, on_own_postgres};
pub use world::{Cast, House, World};

/// How long a test waits for what must come: long enough for a busy machine, and the end of a test that would hang.
pub const PATIENCE: Duration = Duration::from_secs(60);
