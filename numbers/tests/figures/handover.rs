use chrono::{DateTime, Duration, Utc};
use numbers::{
    handover::{Offer, Outcome, Quality, quality},
    stats::Ratio,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::at;

use Outcome::{Accepted, AutoAccepted, Neither, Rejected};

fn day(day: i64) -> DateTime<Utc> {
    at("2026-01-01T00:00:00Z") + Duration::days(day)
}

fn offer(unit: u128, offered: i64, decided: Option<i64>, outcome: Outcome<&'static str>) -> Offer<&'static str> {
    let due = Some(day(offered + 2));
    Offer { unit: Uuid::from_u128(unit), offered: day(offered), due, decided: decided.map(day), outcome }
}

fn example() -> Vec<Offer<&'static str>> {
    vec![
        offer(1, 1, Some(2), Accepted),
        offer(2, 1, Some(3), Rejected(Some("NO_BUDGET"))),
        // Late; and offered again, then taken.
        offer(3, 1, Some(4), Rejected(Some("NO_TIMING"))),
        offer(3, 8, Some(9), Accepted),
        offer(4, 2, Some(3), Rejected(Some("NO_TIMING"))),
        offer(5, 2, Some(3), Rejected(None)),
        offer(6, 3, Some(5), AutoAccepted),
        offer(7, 4, None, Neither),
        offer(8, 5, Some(6), Neither),
        Offer { due: None, ..offer(9, 6, Some(30), Accepted) },
        offer(10, -1, Some(2), Accepted),
        offer(11, 10, Some(11), Accepted),
    ]
}

#[test]
fn the_worked_offers() {
    let got = quality(&example(), day(0), day(10), day(40));
    assert_eq!((got.offered, got.units, got.auto_accepted), (10, 9, 1));
    assert_eq!(got.acceptance, Ratio::of(3, 7));
    assert_eq!(got.decided, Ratio::of(7, 10));
    assert_eq!(got.on_time, Ratio::of(6, 10));
    let reasons = [(Some("NO_TIMING"), 2), (None, 1), (Some("NO_BUDGET"), 1)];
    assert_eq!(got.reasons, reasons.map(|(reason, n)| (reason, Ratio::of(n, 4))));
    // As of day 3 five were made on days 1 and 2, and one on day 3; four are decided.
    let early = quality(&example(), day(0), day(10), day(3));
    assert_eq!((early.offered, early.acceptance, early.decided), (6, Ratio::of(1, 4), Ratio::of(4, 6)));
    let none = quality::<&str>(&[], day(0), day(10), day(40));
    assert_eq!((none.acceptance.value(), none.decided.value(), none.reasons.len()), (None, None, 0));
}

proptest! {
    #[test]
    fn a_plain_count_agrees_in_any_order(
        rows in prop::collection::vec((1_u128..6, 0_i64..20, prop::option::of(0_i64..9), 0_usize..6), 0..25),
        middle in 0_i64..20,
        as_of in 0_i64..30,
    ) {
        let outcomes = [Accepted, AutoAccepted, Rejected(Some("A")), Rejected(Some("B")), Rejected(None), Neither];
        let offers: Vec<Offer<&str>> = rows
            .iter()
            .map(|(unit, offered, after, outcome)| {
                offer(*unit, *offered, after.map(|after| offered + after), outcomes[*outcome])
            })
            .collect();
        let ask = |offers: &[Offer<&'static str>], from, to| quality(offers, day(from), day(to), day(as_of));
        let got: Quality<&str> = ask(&offers, 0, 20);
        let turned: Vec<Offer<&str>> = offers.iter().rev().copied().collect();
        prop_assert_eq!(&ask(&turned, 0, 20), &got);
        let known = |row: &&(u128, i64, Option<i64>, usize)| row.1 <= as_of;
        let decided =
            |row: &&(u128, i64, Option<i64>, usize)| known(row) && row.2.is_some_and(|after| row.1 + after <= as_of);
        let count = |of: &[usize]| rows.iter().filter(decided).filter(|row| of.contains(&row.3)).count() as u64;
        prop_assert_eq!(got.acceptance, Ratio::of(count(&[0]), count(&[0, 2, 3, 4])));
        prop_assert_eq!(got.decided, Ratio::of(count(&[0, 2, 3, 4]), rows.iter().filter(known).count() as u64));
        prop_assert_eq!(got.auto_accepted, count(&[1]));
        let prompt =
            rows.iter().filter(decided).filter(|row| [0, 2, 3, 4].contains(&row.3) && row.2 <= Some(2)).count();
        prop_assert_eq!(got.on_time.numerator, prompt as i64);
        let reasons: i64 = got.reasons.iter().map(|(_, share)| share.numerator).sum();
        prop_assert_eq!(reasons as u64, count(&[2, 3, 4]));
        let (first, second) = (ask(&offers, 0, middle), ask(&offers, middle, 20));
        prop_assert_eq!(first.acceptance + second.acceptance, got.acceptance);
        prop_assert_eq!(first.on_time + second.on_time, got.on_time);
        prop_assert!(got.units <= got.offered && got.units <= 5);
    }
}
