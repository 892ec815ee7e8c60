use numbers::{
    stats::{Ratio, Summary},
    velocity::velocity,
};

const DAY: i64 = 86_400_000;

#[test]
fn the_worked_velocity() {
    // 40 open, 1 of 4 won, 12,000.00 on average, cycles of 20, 30 and 100 days: 40 × ¼ × 12,000 / 30 = 4,000.00 a day.
    let cycle = Summary::of(vec![100 * DAY, 20 * DAY, 30 * DAY]);
    let got = velocity(Some(40), Ratio::of(5, 20), Ratio { numerator: 6_000_000, denominator: 5 }, &cycle);
    assert_eq!(got.by_median, Some(400_000.0));
    assert_eq!(got.by_mean, Some(240_000.0));
    assert_eq!((got.median_cycle_days, got.mean_cycle_days), (Some(30.0), Some(50.0)));
    assert_eq!(
        (got.open_qualified, got.win_rate.value(), got.average_won.value()),
        (Some(40), Some(0.25), Some(1_200_000.0))
    );
}

#[test]
fn without_a_part_there_is_no_velocity() {
    let cycle = Summary::of(vec![DAY]);
    let (rate, value) = (Ratio::of(1, 2), Ratio { numerator: 100, denominator: 1 });
    let both = |open, rate, value, cycle: &Summary| {
        let got = velocity(open, rate, value, cycle);
        (got.by_median, got.by_mean)
    };
    assert_eq!(both(Some(2), rate, value, &cycle), (Some(100.0), Some(100.0)));
    assert_eq!(both(None, rate, value, &cycle), (None, None));
    assert_eq!(both(Some(2), Ratio::of(0, 0), value, &cycle), (None, None));
    assert_eq!(both(Some(2), rate, Ratio::default(), &cycle), (None, None));
    assert_eq!(both(Some(2), rate, value, &Summary::default()), (None, None));
    assert_eq!(both(Some(2), rate, value, &Summary::of(vec![0, 0])), (None, None));
    // Nothing open yields nothing: that is known. A median of 0 and a mean that is not.
    assert_eq!(both(Some(0), rate, value, &cycle), (Some(0.0), Some(0.0)));
    assert_eq!(both(Some(2), rate, value, &Summary::of(vec![0, 0, 3 * DAY])), (None, Some(100.0)));
}
