use chrono::{DateTime, Duration, Utc};
use numbers::{
    stats::Ratio,
    win_rate::{Opportunity, Outcome, Turn, WinRate, by_closing, by_creation, sales_cycle},
};
use proptest::prelude::*;

use crate::{at, moment};

const WON: Turn = Turn::Closed(Outcome::Won);
const LOST: Turn = Turn::Closed(Outcome::Lost);
const DUPLICATE: Turn = Turn::Closed(Outcome::NotCounted);

fn day(day: i64) -> DateTime<Utc> {
    at("2026-01-01T00:00:00Z") + Duration::days(day)
}

fn deal(created: i64, minor: i64, turns: &[(i64, Turn)]) -> Opportunity {
    let turns = turns.iter().enumerate().map(|(place, (on, turn))| (moment(day(*on), place as u128), *turn));
    Opportunity { created: day(created), minor, turns: turns.collect() }
}

fn example() -> Vec<Opportunity> {
    vec![
        deal(0, 100, &[(10, WON)]),
        deal(5, 300, &[(20, LOST)]),
        // Lost, reopened, won: won. Won, reopened: open.
        deal(-30, 50, &[(10, LOST), (15, Turn::Reopened), (25, WON)]),
        deal(6, 70, &[(8, WON), (9, Turn::Reopened)]),
        deal(7, 999, &[(9, DUPLICATE)]),
        // Closed on the last instant before the period ends, and on the first after.
        deal(8, 10, &[(30, WON)]),
        deal(9, 20, &[(31, LOST)]),
        deal(20, 40, &[]),
    ]
}

#[test]
fn the_worked_win_rate() {
    let got = by_closing(&example(), day(0), day(31), day(40));
    assert_eq!(
        got,
        WinRate { by_count: Ratio::of(3, 4), by_value: Ratio::of(160, 460), not_counted: 1, open: 0, mature: true }
    );
    // As of day 12: the third is lost, the fourth open again.
    let early = by_closing(&example(), day(0), day(31), day(12));
    assert_eq!((early.by_count, early.by_value, early.mature), (Ratio::of(1, 2), Ratio::of(100, 150), false));
    assert_eq!(by_closing(&[], day(0), day(31), day(40)).by_count.value(), None);
}

#[test]
fn a_cohort_is_judged_by_all_that_were_created() {
    let ask =
        |window: Option<i64>, as_of| by_creation(&example(), day(0), day(15), window.map(Duration::days), day(as_of));
    // Created in it: 100 won, 300 lost, 70 open again, a duplicate, 10 won, 20 lost.
    let got = ask(None, 40);
    assert_eq!((got.by_count, got.by_value), (Ratio::of(2, 5), Ratio::of(110, 500)));
    assert_eq!((got.not_counted, got.open, got.mature), (1, 1, false));
    // Within ten days only the first was won.
    assert_eq!(ask(Some(10), 40).by_count, Ratio::of(1, 5));
    assert!(ask(Some(25), 40).mature && !ask(Some(26), 40).mature);
    assert_eq!(ask(None, 6).by_count, Ratio::of(0, 3), "what is not created yet is not in it");
    let closed = [deal(0, 1, &[(3, WON)])];
    assert!(by_creation(&closed, day(0), day(5), None, day(5)).mature);
    assert!(!by_creation(&closed, day(0), day(5), None, day(4)).mature, "more may be created");
}

#[test]
fn the_worked_cycle() {
    const DAY: f64 = 86_400_000.0;
    // 10, 55 and 22 days.
    let got = sales_cycle(&example(), day(0), day(31), day(40));
    assert_eq!((got.n, got.p50, got.mean), (3, Some(22.0 * DAY), Some(29.0 * DAY)));
    assert_eq!(sales_cycle(&[deal(5, 1, &[(3, WON)])], day(0), day(31), day(40)).p50, Some(0.0));
    assert_eq!(sales_cycle(&example(), day(50), day(60), day(70)).p50, None);
}

proptest! {
    #[test]
    fn a_plain_replay_agrees_in_any_order(
        deals in prop::collection::vec(
            (0_i64..50, 1_i64..1000, prop::collection::vec((0_i64..60, 0_usize..4), 0..6)),
            0..15,
        ),
        middle in 0_i64..60,
        as_of in 0_i64..70,
    ) {
        let turns = [WON, LOST, DUPLICATE, Turn::Reopened];
        let rows: Vec<Opportunity> = deals
            .iter()
            .map(|(created, minor, own)| {
                deal(*created, *minor, &own.iter().map(|(day, turn)| (*day, turns[*turn])).collect::<Vec<_>>())
            })
            .collect();
        let (mut won, mut lost, mut worth, mut other) = (0, 0, (0, 0), 0);
        for (_, minor, own) in &deals {
            // Day by day, what the opportunity is; the day that made it so.
            let mut state = None;
            for now in 0..=as_of {
                for (_, turn) in own.iter().filter(|(day, _)| *day == now) {
                    state = if *turn == 3 { None } else { Some((now, *turn)) };
                }
            }
            match state.filter(|(on, _)| (10..50).contains(on)) {
                Some((_, 0)) => {
                    won += 1;
                    worth.0 += minor;
                    worth.1 += minor;
                }
                Some((_, 1)) => {
                    lost += 1;
                    worth.1 += minor;
                }
                Some(_) => other += 1,
                None => {}
            }
        }
        let got = by_closing(&rows, day(10), day(50), day(as_of));
        prop_assert_eq!(got.by_count, Ratio::of(won, won + lost));
        prop_assert_eq!(got.by_value, Ratio { numerator: worth.0, denominator: worth.1 });
        prop_assert_eq!(got.not_counted, other);
        let mut turned: Vec<Opportunity> = rows.iter().rev().cloned().collect();
        turned.iter_mut().for_each(|deal| deal.turns.reverse());
        prop_assert_eq!(by_closing(&turned, day(10), day(50), day(as_of)), got);
        // Two parts of a period make the whole, by closing and by creation.
        for ask in [
            |rows: &[Opportunity], from, to, as_of| by_closing(rows, from, to, as_of),
            |rows: &[Opportunity], from, to, as_of| by_creation(rows, from, to, None, as_of),
        ] {
            let part = |from, to| ask(&rows, day(from), day(to), day(as_of));
            let (first, second, whole) = (part(0, middle), part(middle, 60), part(0, 60));
            prop_assert_eq!(first.by_count + second.by_count, whole.by_count);
            prop_assert_eq!(first.by_value + second.by_value, whole.by_value);
            prop_assert_eq!(first.open + second.open, whole.open);
        }
        let cycle = sales_cycle(&rows, day(10), day(50), day(as_of));
        prop_assert_eq!(cycle.n, won);
    }
}
