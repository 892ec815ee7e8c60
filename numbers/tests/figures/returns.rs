use chrono::{Duration, NaiveDate};
use numbers::{
    returns::{Return, cost_per, lagged, prorated},
    stats::Ratio,
};
use proptest::prelude::*;
use rstest::rstest;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn ratio(numerator: i64, denominator: i64) -> Ratio {
    Ratio { numerator, denominator }
}

#[test]
fn the_worked_return() {
    let fair = Return { attributed: 300_000, margin: Some(120_000), cost: 100_000 };
    assert_eq!((fair.roi(), fair.roas()), (ratio(200_000, 100_000), ratio(300_000, 100_000)));
    assert_eq!(fair.margin_roi(), Some(ratio(20_000, 100_000)));
    // Money that brought nothing: a loss of all of it, and it weighs on the sum.
    let banner = Return { attributed: 0, margin: Some(0), cost: 50_000 };
    assert_eq!((banner.roi().value(), banner.roas().value()), (Some(-1.0), Some(0.0)));
    let both: Return = [fair, banner].into_iter().sum();
    assert_eq!((both.roas().value(), both.margin_roi().unwrap().value()), (Some(2.0), Some(-0.2)));
    // What cost nothing has no return; one unknown margin makes the sum unknown.
    let free = Return { attributed: 10, margin: None, cost: 0 };
    assert_eq!((free.roi().value(), free.roas().value(), free.margin_roi()), (None, None, None));
    assert_eq!([fair, free].into_iter().sum::<Return>(), Return { attributed: 300_010, margin: None, cost: 100_000 });
    assert_eq!(std::iter::empty::<Return>().sum::<Return>(), Return { attributed: 0, margin: Some(0), cost: 0 });
}

#[test]
fn the_cost_of_a_customer() {
    assert_eq!(cost_per(80_000, 40_000, 8).value(), Some(15_000.0));
    assert_eq!(cost_per(80_000, 40_000, 0).value(), None);
    let quarter = (day("2026-04-01"), day("2026-07-01"));
    assert_eq!(lagged(quarter.0, quarter.1, Some(31.4)), Some((day("2026-03-01"), day("2026-05-31"))));
    assert_eq!(lagged(quarter.0, quarter.1, Some(30.5)), Some((day("2026-03-01"), day("2026-05-31"))));
    assert_eq!(lagged(quarter.0, quarter.1, Some(0.0)), Some(quarter));
    for unknown in [None, Some(-1.0), Some(f64::NAN), Some(f64::INFINITY), Some(999_999_999.0)] {
        assert_eq!(lagged(quarter.0, quarter.1, unknown), None);
    }
}

#[rstest]
// 10.00 over three days: 3.34, 3.33, 3.33.
#[case(1000, "2026-05-01", "2026-05-03", "2026-05-01", "2026-05-02", 334)]
#[case(1000, "2026-05-01", "2026-05-03", "2026-05-02", "2026-05-03", 333)]
#[case(1000, "2026-05-01", "2026-05-03", "2026-05-02", "2026-06-01", 666)]
#[case(1000, "2026-05-01", "2026-05-03", "2026-04-01", "2026-06-01", 1000)]
#[case(1000, "2026-05-01", "2026-05-03", "2026-05-04", "2026-06-01", 0)]
#[case(1000, "2026-05-01", "2026-05-03", "2026-04-01", "2026-05-01", 0)]
#[case(1000, "2026-05-01", "2026-05-03", "2026-05-03", "2026-05-01", 0)]
// One day, an upside-down row, a refund.
#[case(1000, "2026-05-01", "2026-05-01", "2026-05-01", "2026-05-02", 1000)]
#[case(1000, "2026-05-01", "2026-04-01", "2026-05-01", "2026-05-02", 1000)]
#[case(-1000, "2026-05-01", "2026-05-03", "2026-05-01", "2026-05-02", -333)]
#[case(-1000, "2026-05-01", "2026-05-03", "2026-05-03", "2026-05-04", -334)]
fn a_cost_is_spread_over_its_days(
    #[case] minor: i64,
    #[case] first: &str,
    #[case] last: &str,
    #[case] from: &str,
    #[case] to: &str,
    #[case] want: i64,
) {
    assert_eq!(prorated(minor, day(first), day(last), day(from), day(to)), want);
}

proptest! {
    #[test]
    fn the_days_of_a_cost_add_up(
        minor in any::<i64>(),
        days in 1_i64..400,
        mut cuts in prop::collection::vec(-50_i64..450, 0..6),
    ) {
        let first = day("2026-01-01");
        let last = first + Duration::days(days - 1);
        let share =
            |from: i64, to: i64| prorated(minor, first, last, first + Duration::days(from), first + Duration::days(to));
        // Day by day: each gets the same, to a minor unit, the more the earlier, and all together the row.
        let daily: Vec<i64> = (0..days).map(|day| share(day, day + 1)).collect();
        prop_assert_eq!(daily.iter().map(|day| i128::from(*day)).sum::<i128>(), i128::from(minor));
        prop_assert!(daily.windows(2).all(|pair| pair[0] == pair[1] || pair[0] == pair[1] + 1));
        prop_assert!(daily[0] - daily[daily.len() - 1] <= 1);
        cuts.extend([-50, 450]);
        cuts.sort_unstable();
        let parts: Vec<i128> = cuts.windows(2).map(|pair| i128::from(share(pair[0], pair[1]))).collect();
        prop_assert_eq!(parts.iter().sum::<i128>(), i128::from(minor));
    }
}
