use chrono::Duration;
use numbers::{
    journey_time::{Journey, Leg, Milestone, Path, by_segment, leg, legs, paths},
    stats::Ratio,
};
use proptest::prelude::*;

use crate::{at, moment};

use Milestone::{FirstTicket, FirstTouch, Lead, Mql, Opportunity, Sal, Sql, Won};

const DAY: f64 = 86_400_000.0;

fn journey(reached: &[(Milestone, i64)]) -> Journey {
    let start = at("2026-01-01T00:00:00Z");
    let reached = reached
        .iter()
        .enumerate()
        .map(|(place, (milestone, day))| (*milestone, moment(start + Duration::days(*day), place as u128)));
    Journey { reached: reached.collect() }
}

fn example() -> Vec<Journey> {
    vec![
        journey(&[
            (FirstTouch, 0),
            (Lead, 4),
            (Mql, 10),
            (Sal, 11),
            (Sql, 20),
            (Opportunity, 21),
            (Won, 50),
            (FirstTicket, 60),
        ]),
        // A lead twice: the first counts.
        journey(&[(FirstTouch, 0), (Lead, 20), (Lead, 2), (Mql, 4)]),
        journey(&[(FirstTouch, 0), (Lead, 2), (Mql, 14)]),
        // Never qualified by marketing, and an opportunity before it was a lead.
        journey(&[(FirstTouch, 0), (Lead, 9), (Opportunity, 5), (Won, 30)]),
        journey(&[(FirstTouch, 3)]),
        journey(&[]),
    ]
}

fn told(leg: &Leg) -> (u64, Option<f64>, u64, u64, u64) {
    (leg.time.n, leg.time.p50.map(|milli| milli / DAY), leg.open, leg.skipped, leg.backwards)
}

#[test]
fn the_worked_legs() {
    let legs = legs(&example());
    assert_eq!(legs.len(), 7);
    assert_eq!((legs[0].from, legs[0].to, legs[6].to), (FirstTouch, Lead, FirstTicket));
    // First touch to lead: 4, 2, 2, 9 days; one is open.
    assert_eq!(told(&legs[0]), (4, Some(3.0), 1, 0, 0));
    // Lead to MQL: 6, 2, 12; the fourth left it out.
    assert_eq!(told(&legs[1]), (3, Some(6.0), 0, 1, 0));
    assert_eq!(told(&legs[2]), (1, Some(1.0), 2, 0, 0));
    assert_eq!(told(&legs[5]), (2, Some(27.0), 0, 0, 0));
    assert_eq!(told(&leg(&example(), FirstTouch, Won)), (2, Some(40.0), 3, 0, 0));
    assert_eq!(told(&leg(&example(), Lead, Opportunity)), (1, Some(17.0), 2, 0, 1));
    assert_eq!(told(&leg(&[], Lead, Won)), (0, None, 0, 0, 0));
}

#[test]
fn segments_are_apart() {
    let segments = by_segment(example().into_iter().enumerate().map(|(place, journey)| (place < 1, journey)));
    let told: Vec<_> = segments.iter().map(|(segment, legs)| (*segment, told(&legs[0]))).collect();
    assert_eq!(told, [(false, (3, Some(2.0), 1, 0, 0)), (true, (1, Some(4.0), 0, 0, 0))]);
}

#[test]
fn ways_are_counted() {
    let mut journeys = example();
    journeys.push(journey(&[(FirstTouch, 1)]));
    let got = paths(&journeys, 2);
    let path = |steps: &[Milestone], n| Path { steps: steps.to_vec(), share: Ratio::of(n, 6) };
    // Two ways were taken twice: that which is the beginning of the other comes first.
    assert_eq!(got.top, [path(&[FirstTouch], 2), path(&[FirstTouch, Lead, Mql], 2)]);
    assert_eq!(got.others, Ratio::of(2, 6));
    let all = paths(&journeys, 9);
    assert_eq!((all.top.len(), all.others), (4, Ratio::of(0, 6)));
    assert_eq!(all.top[3].steps, [FirstTouch, Opportunity, Lead, Won]);
    assert_eq!(paths(&[], 3).others.value(), None);
    // At one time: the order of the events.
    assert_eq!(paths(&[journey(&[(Mql, 1), (Lead, 1)])], 1).top[0].steps, [Mql, Lead]);
}

proptest! {
    #[test]
    fn a_plain_count_agrees_in_any_order(
        rows in prop::collection::vec(prop::collection::vec((0_usize..8, 0_i64..40), 0..9), 0..15),
        from in 0_usize..7,
        ahead in 1_usize..7,
    ) {
        let to = (from + ahead).min(7);
        let journeys: Vec<Journey> = rows
            .iter()
            .map(|row| journey(&row.iter().map(|(place, day)| (Milestone::ALL[*place], *day)).collect::<Vec<_>>()))
            .collect();
        let turned: Vec<Journey> = journeys
            .iter()
            .rev()
            .map(|journey| Journey { reached: journey.reached.iter().rev().copied().collect() })
            .collect();
        let got = leg(&journeys, Milestone::ALL[from], Milestone::ALL[to]);
        prop_assert_eq!(leg(&turned, Milestone::ALL[from], Milestone::ALL[to]), got);
        prop_assert_eq!(paths(&turned, 3), paths(&journeys, 3));
        let (mut days, mut other) = (vec![], (0, 0, 0));
        let mut ways: Vec<Vec<usize>> = vec![];
        for row in &rows {
            let first = |milestone: usize| {
                row.iter()
                    .enumerate()
                    .filter(|(_, (own, _))| *own == milestone)
                    .map(|(place, (_, day))| (*day, place))
                    .min()
            };
            if let Some(begun) = first(from) {
                match first(to) {
                    Some(ended) if ended >= begun => days.push((ended.0 - begun.0) as f64),
                    Some(_) => other.2 += 1,
                    None if (to..8).any(|later| first(later).is_some()) => other.1 += 1,
                    None => other.0 += 1,
                }
            }
            let mut way: Vec<usize> = (0..8).filter(|milestone| first(*milestone).is_some()).collect();
            way.sort_by_key(|milestone| first(*milestone));
            ways.push(way);
        }
        prop_assert_eq!((got.open, got.skipped, got.backwards), other);
        prop_assert_eq!(got.time.n, days.len() as u64);
        if !days.is_empty() {
            let mean = days.iter().sum::<f64>() / days.len() as f64;
            prop_assert!((got.time.mean.unwrap() / DAY - mean).abs() < 1e-9);
        }
        ways.retain(|way| !way.is_empty());
        let found = paths(&journeys, 3);
        for path in &found.top {
            let same = ways
                .iter()
                .filter(|way| way.iter().map(|place| Milestone::ALL[*place]).eq(path.steps.iter().copied()))
                .count();
            prop_assert_eq!(path.share, Ratio::of(same as u64, ways.len() as u64));
        }
        let sum: i64 = found.top.iter().map(|path| path.share.numerator).sum();
        prop_assert_eq!(sum + found.others.numerator, ways.len() as i64);
        prop_assert!(found.top.windows(2).all(|pair| pair[0].share.numerator >= pair[1].share.numerator));
    }
}
