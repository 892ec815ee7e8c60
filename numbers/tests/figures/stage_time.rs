use chrono::{DateTime, Duration, Utc};
use numbers::stage_time::{Interval, StageTime, Stay, by_stage, stays};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{at, moment};

fn hour(hour: i64) -> DateTime<Utc> {
    at("2026-05-01T00:00:00Z") + Duration::hours(hour)
}

fn stay(object: u128, stage: &str, from: i64, to: Option<i64>) -> Interval<String> {
    let id = object * 1_000_000 + from as u128 * 1000 + to.unwrap_or(999) as u128;
    Interval {
        object: Uuid::from_u128(object),
        stage: stage.into(),
        entered: moment(hour(from), id),
        exited: to.map(hour),
    }
}

const MILLI: i64 = 3_600_000;

fn example() -> Vec<Interval<String>> {
    vec![
        // Deal 1 goes back to A once; deal 2 has come back to A and stays; deal 3 passes A in no time.
        stay(1, "A", 0, Some(10)),
        stay(1, "B", 10, Some(30)),
        stay(1, "A", 30, Some(34)),
        stay(1, "B", 34, None),
        stay(2, "A", 0, Some(6)),
        stay(2, "B", 6, Some(7)),
        stay(2, "A", 7, None),
        stay(3, "A", 8, Some(8)),
        stay(3, "B", 8, Some(90)),
    ]
}

fn told(stays: &[Stay<String>]) -> Vec<(u128, &str, Option<i64>, Option<i64>, u64, Option<DateTime<Utc>>)> {
    let hours = |milli: Option<i64>| milli.map(|milli| milli / MILLI);
    stays
        .iter()
        .map(|s| (s.object.as_u128(), &*s.stage, hours(s.latest), hours(s.cumulative), s.visits, s.open_since))
        .collect()
}

#[test]
fn the_worked_stays() {
    let stays = stays(example(), hour(100), Duration::zero());
    assert_eq!(
        told(&stays),
        [
            (1, "A", Some(4), Some(14), 2, None),
            (1, "B", Some(20), Some(20), 2, Some(hour(34))),
            (2, "A", Some(6), Some(6), 2, Some(hour(7))),
            (2, "B", Some(1), Some(1), 1, None),
            (3, "A", Some(0), Some(0), 1, None),
            (3, "B", Some(82), Some(82), 1, None),
        ]
    );
    let stages = by_stage(stays);
    let StageTime { stage, objects, visits, open_count, latest, cumulative } = &stages[0];
    assert_eq!((stage.as_str(), *objects, *visits, *open_count), ("A", 3, 5, 1));
    assert_eq!((latest.n, latest.p50), (3, Some((4 * MILLI) as f64)));
    // Deal 2 is in A: what it cumulated so far is not all.
    assert_eq!((cumulative.n, cumulative.p50), (2, Some((7 * MILLI) as f64)));
    assert_eq!((stages[1].open_count, stages[1].cumulative.n, stages[1].latest.n), (1, 2, 3));
    assert_eq!(stages[1].cumulative.mean, Some(41.5 * MILLI as f64));
    assert_eq!(stages.len(), 2);
}

#[test]
fn what_happened_later_is_not_known() {
    assert_eq!(
        told(&stays(example(), hour(32), Duration::zero())),
        [
            (1, "A", Some(10), Some(10), 2, Some(hour(30))),
            (1, "B", Some(20), Some(20), 1, None),
            (2, "A", Some(6), Some(6), 2, Some(hour(7))),
            (2, "B", Some(1), Some(1), 1, None),
            (3, "A", Some(0), Some(0), 1, None),
            (3, "B", None, None, 1, Some(hour(8))),
        ]
    );
    assert_eq!(told(&stays(example(), hour(-1), Duration::zero())), []);
}

#[test]
fn short_stays_can_be_left_out() {
    assert_eq!(
        told(&stays(example(), hour(36), Duration::hours(5))),
        [
            (1, "A", Some(10), Some(10), 1, None),
            (1, "B", Some(20), Some(20), 1, None),
            (2, "A", Some(6), Some(6), 2, Some(hour(7))),
            (3, "B", None, None, 1, Some(hour(8))),
        ]
    );
    assert_eq!(
        told(&stays(vec![stay(1, "A", 8, Some(3))], hour(36), Duration::zero())),
        [(1, "A", Some(0), Some(0), 1, None)]
    );
}

proptest! {
    #[test]
    fn a_plain_sum_agrees_in_any_order(
        rows in prop::collection::vec((1_u128..4, 0_usize..3, 0_i64..50, prop::option::of(0_i64..20)), 0..25),
        as_of in 0_i64..80,
        min in 0_i64..6,
    ) {
        let rows: Vec<Interval<String>> = rows
            .iter()
            .enumerate()
            .map(|(place, (object, stage, from, length))| {
                let mut row = stay(*object, ["A", "B", "C"][*stage], *from, length.map(|length| from + length));
                row.entered.id = Uuid::from_u128(place as u128);
                row
            })
            .collect();
        let mut turned = rows.clone();
        turned.reverse();
        // A row that is read twice counts once.
        turned.extend(rows.first().cloned());
        let got = stays(rows.clone(), hour(as_of), Duration::hours(min));
        prop_assert_eq!(&stays(turned, hour(as_of), Duration::hours(min)), &got);
        let mut seen = 0;
        for object in (1..4).map(Uuid::from_u128) {
            for stage in ["A", "B", "C"] {
                let mut own: Vec<_> = rows
                    .iter()
                    .filter(|row| row.object == object && row.stage == stage && row.entered.at <= hour(as_of))
                    .collect();
                own.sort_by_key(|row| row.entered);
                let over = |row: &&Interval<String>| row.exited.is_some_and(|exited| exited <= hour(as_of));
                own.retain(|row| {
                    (if over(row) { row.exited.unwrap() } else { hour(as_of) }) - row.entered.at >= Duration::hours(min)
                });
                let ended: Vec<i64> = own
                    .iter()
                    .copied()
                    .filter(over)
                    .map(|row| (row.exited.unwrap() - row.entered.at).num_milliseconds())
                    .collect();
                match got.iter().find(|stay| stay.object == object && stay.stage == stage) {
                    None => prop_assert!(own.is_empty()),
                    Some(stay) => {
                        seen += 1;
                        prop_assert_eq!(stay.visits, own.len() as u64);
                        prop_assert_eq!(
                            stay.cumulative.unwrap_or(-1),
                            if ended.is_empty() { -1 } else { ended.iter().sum() }
                        );
                        prop_assert_eq!(stay.latest, ended.last().copied());
                        prop_assert_eq!(stay.open_since.is_some(), ended.len() < own.len());
                    }
                }
            }
        }
        prop_assert_eq!(seen, got.len());
    }
}
