//! Asks one question a number of times, in one thread: for callgrind, which counts instructions and not time, so that a regression
//! shows on a machine that other work shares. Take two counts and divide the difference, as `benches/instructions.sh` does: what it costs to
//! start cancels out.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool that says what it found")]

use benches::{House, QUESTIONS};

fn main() {
    let mut args = std::env::args().skip(1);
    let [folder, question, times] = std::array::from_fn(|_| args.next().expect("FOLDER QUESTION TIMES"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let house = House::open(&format!("sqlite://{folder}/journeys.sqlite"), 60, 3_000).await;
        let (name, role, query) =
            QUESTIONS.iter().find(|(name, ..)| *name == question).expect("a question of the race");
        let token = house.token(*role);
        let account = house.accounts(&token).await.swap_remove(0);
        let variables = House::variables(name, &account);
        for _ in 0..times.parse::<u32>().unwrap() {
            std::hint::black_box(house.ask(&token, query, &variables).await);
        }
    });
}
