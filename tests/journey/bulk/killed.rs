//! A runner that dies at any moment: the work goes on elsewhere, and in the end every row is in, once.
//!
//! A death here is a future that is dropped in the middle of whatever it waits for: a statement, a commit, a piece of the file. What the
//! database was told is done or not, as after a crash. That the program itself can be killed stands in `api/tests/bulk_kill.rs`.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use chrono::TimeDelta;
use entities::{codes::ImportState, sync::import_job};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use tests::{World, each_engine};

use super::{NDJSON, account, accounts, counts, held, job, row, run, runner, told};

/// A future that dies after it was asked so often whether it is ready.
struct Mortal<F> {
    inner: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for Mortal<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.inner.as_mut().poll(cx).map(Some)
    }
}

fn mortal<F: Future>(inner: F, left: usize) -> Mortal<F> {
    Mortal { inner: Box::pin(inner), left }
}

/// Numbers that look like chance, and are the same each time.
fn chance(seed: &mut u64, below: u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from((*seed >> 33) % below).unwrap()
}

/// Whether a job is still to be worked at.
async fn is_open(world: &World) -> bool {
    let open = [ImportState::Ready, ImportState::Running, ImportState::Undoing];
    let jobs = import_job::Entity::find().filter(import_job::Column::State.is_in(open));
    jobs.count(world.store.db()).await.unwrap() > 0
}

/// Works at what waits and dies again and again, each time a little later on the whole; how often it died.
async fn die_often(world: &World, batch_rows: usize) -> u64 {
    let (mut seed, mut deaths) = (7, 0);
    for _ in 0..2_000 {
        let mut runner = runner(world);
        runner.options.batch_rows = batch_rows;
        let moment = 1 + chance(&mut seed, 4 + deaths / 2);
        match mortal(runner.turn(), moment).await {
            Some(worked) => {
                // What the dead had on its way may arrive after it: then somebody else seems to hold the job, for a moment.
                if !worked.unwrap() && !is_open(world).await {
                    return deaths;
                }
            }
            None => deaths += 1,
        }
        // Nobody takes up what the dead held before its time.
        world.pass(TimeDelta::seconds(31));
    }
    panic!("it does not get further");
}

#[tokio::test]
async fn every_row_goes_in_once_however_often_the_runner_dies() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let mut lines: Vec<String> =
            (1..=60).map(|n| format!("{{\"externalId\":\"a{n:02}\",\"set\":{{\"name\":\"A{n:02}\"}}}}")).collect();
        // Some that fail, among them.
        lines[9] = "{".to_owned();
        lines[40] = "nothing".to_owned();
        let id = accounts(&world, &ina, "", NDJSON, lines.join("\n")).await;
        let deaths = die_often(&world, 7).await;
        assert!(deaths > 5, "it died only {deaths} times");
        let ina = world.ina();
        let done = job(&world, &ina, &id).await;
        assert_eq!(done["state"], "DONE");
        assert_eq!(done["counts"], counts(&[("rows", 60), ("created", 58), ("failed", 2)]));
        let expected: Vec<_> = (1..=60)
            .map(|n| match n {
                10 | 41 => row(n, "", "FAILED"),
                n => row(n, &format!("a{n:02}"), "CREATED"),
            })
            .collect();
        assert_eq!(told(&world, &ina, &id, "").await, expected);
        let expected: Vec<_> =
            (1..=60).filter(|n| ![10, 41].contains(n)).map(|n| account(&format!("A{n:02}"), None, 1)).collect();
        assert_eq!(held(&world).await, expected);
    })
    .await;
}

#[tokio::test]
async fn what_is_taken_back_is_taken_back_once_however_often_the_runner_dies() {
    each_engine(async |world: World| {
        let ina = world.ina();
        let lines = |word: &str| {
            let line = |n| format!("{{\"externalId\":\"a{n:02}\",\"set\":{{\"name\":\"{word}{n:02}\"}}}}\n");
            (1..=40).map(line).collect::<String>()
        };
        accounts(&world, &ina, "", NDJSON, lines("Before")).await;
        run(&world).await;
        let id = accounts(&world, &ina, "", NDJSON, lines("After")).await;
        run(&world).await;
        ina.act("undoImport", "importJob { id }", json!({ "id": id })).await.must();
        let deaths = die_often(&world, 5).await;
        assert!(deaths > 5, "it died only {deaths} times");
        let done = job(&world, &world.ina(), &id).await;
        assert_eq!(done["state"], "UNDONE");
        let expected = json!({ "rows": 40, "restored": 40, "newer": 0, "gone": 0, "impossible": 0, "failed": 0 });
        assert_eq!(done["undo"], expected);
        let expected: Vec<_> = (1..=40).map(|n| account(&format!("Before{n:02}"), None, 3)).collect();
        assert_eq!(held(&world).await, expected);
    })
    .await;
}

/// One that was believed dead, and is not, commits nothing any more.
#[tokio::test]
async fn of_two_runners_one_has_the_job() {
    each_engine(async |world: World| {
        for (round, more) in [0, 10, 25, 60, 120].into_iter().enumerate() {
            let ina = world.ina();
            let line = |n| format!("{{\"externalId\":\"r{round}a{n:02}\",\"set\":{{\"name\":\"R{round}A{n:02}\"}}}}\n");
            let id = accounts(&world, &ina, "", NDJSON, (1..=30).map(line).collect::<String>()).await;
            let mut slow = runner(&world);
            slow.options.batch_rows = 3;
            let mut sleeper = Box::pin(slow.turn());
            // Asked until it holds the job, and a few times more; then left lying, alive.
            while job(&world, &ina, &id).await["state"] == "READY" {
                assert!(once(&mut sleeper).await.is_pending());
                tokio::task::yield_now().await;
            }
            for _ in 0..more {
                assert!(once(&mut sleeper).await.is_pending());
                tokio::task::yield_now().await;
            }
            world.pass(TimeDelta::seconds(31));
            let other = runner(&world);
            let (slept, worked) = tokio::join!(sleeper, other.turn());
            slept.unwrap();
            worked.unwrap();
            world.pass(TimeDelta::seconds(31));
            run(&world).await;
            let done = job(&world, &world.ina(), &id).await;
            let expected = counts(&[("rows", 30), ("created", 30)]);
            assert_eq!((&done["state"], &done["counts"]), (&json!("DONE"), &expected), "after {more}");
            let expected: Vec<_> = (1..=30).map(|n| row(n, &format!("r{round}a{n:02}"), "CREATED")).collect();
            assert_eq!(told(&world, &world.ina(), &id, "").await, expected, "after {more}");
        }
        assert_eq!(held(&world).await.len(), 150);
    })
    .await;
}

/// Asks a future once whether it is ready.
async fn once<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}
