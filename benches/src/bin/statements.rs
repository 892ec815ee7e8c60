//! How many SQL statements each question of the race takes, from the token to the last field, as a table. No matter of luck: the
//! figure is the same for each account, each size of house, each machine and both engines.
//!
//! ```sh
//! cargo run -p benches --bin statements
//! cargo run -p benches --bin statements -- postgres://postgres@127.0.0.1/an_empty_database
//! ```

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool that says what it found")]

use benches::{House, QUESTIONS};

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("journeys.sqlite").display());
    let url = std::env::args().nth(1).unwrap_or(sqlite);
    let house = House::open(&url, 60, 3_000).await;
    println!("| question | statements | bytes of the answer |\n|---|---:|---:|");
    for (name, role, query) in QUESTIONS {
        let token = house.token(*role);
        let account = house.accounts(&token).await.swap_remove(0);
        let (bytes, statements) = house.ask(&token, query, &House::variables(name, &account)).await;
        println!("| {name} | {statements} | {} |", bytes.len());
    }
}
