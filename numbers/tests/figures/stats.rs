use numbers::stats::{Ratio, Summary, Z95, quantile, wilson};
use proptest::prelude::*;
use rstest::rstest;

fn close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0), "{got} is not {want}");
}

#[rstest]
// statsmodels 0.15.0: proportion_confint(count, nobs, method='wilson').
#[case(0, 1, 0.0, 0.7934506856227627)]
#[case(0, 10, 0.0, 0.27753279986288926)]
#[case(1, 1, 0.2065493143772374, 1.0)]
#[case(10, 10, 0.7224672001371106, 1.0)]
#[case(5, 10, 0.23659309051256394, 0.7634069094874361)]
#[case(1, 3, 0.06149194472039626, 0.7923403991979523)]
#[case(42, 100, 0.3279838267435473, 0.5179351329695703)]
#[case(7, 1000, 0.0033948684009907654, 0.01437831546576659)]
#[case(999_999, 1_000_000, 0.9999943350881957, 0.9999998234754233)]
#[case(123_456, 7_654_321, 0.016039930087946325, 0.016218413603116766)]
fn the_interval_is_that_of_statsmodels(
    #[case] successes: u64,
    #[case] trials: u64,
    #[case] low: f64,
    #[case] high: f64,
) {
    let got = wilson(successes, trials, Z95).unwrap();
    close(got.0, low);
    close(got.1, high);
    assert_eq!(Ratio::of(successes, trials).interval(), Some(got));
}

#[test]
fn without_trials_there_is_no_rate() {
    assert_eq!(wilson(0, 0, Z95), None);
    assert_eq!(wilson(2, 1, Z95), None);
    assert_eq!(Ratio::of(0, 0).value(), None);
    assert_eq!(Ratio::of(3, 0).value(), None);
    assert_eq!(Ratio { numerator: -1, denominator: 4 }.interval(), None);
    assert_eq!(Ratio { numerator: -1, denominator: 4 }.value(), Some(-0.25));
    assert_eq!(wilson(0, 10, Z95).unwrap().0, 0.0);
    assert_eq!(wilson(10, 10, Z95).unwrap().1, 1.0);
}

#[test]
fn ratios_are_added_by_their_parts() {
    // One of ten, and nine of ten thousand: together 10 of 10,010, not the mean of 10 % and 0.09 %.
    let both: Ratio = [Ratio::of(1, 10), Ratio::of(9, 10_000), Ratio::default()].into_iter().sum();
    assert_eq!(both, Ratio::of(10, 10_010));
    assert_eq!(both.rest(), Ratio::of(10_000, 10_010));
    assert_eq!(Ratio::of(1, 4).value(), Some(0.25));
}

#[rstest]
// NumPy 2: np.quantile(values, [0, .25, .5, .75, .9, .95, 1]), and the mean.
#[case(&[10], [10.0; 7], 10.0)]
#[case(&[10, 20], [10.0, 12.5, 15.0, 17.5, 19.0, 19.5, 20.0], 15.0)]
#[case(&[4, 2, 3, 1], [1.0, 1.75, 2.5, 3.25, 3.7, 3.8499999999999996, 4.0], 2.5)]
#[case(&[5, -7, 0, 11, 3], [-7.0, 0.0, 3.0, 5.0, 8.600000000000001, 9.799999999999999, 11.0], 2.4)]
#[case(
    &[86_400_000, 3_600_000, 60_000, 1, 999, 123_456_789, 42],
    [1.0, 520.5, 60_000.0, 45_000_000.0, 101_222_715.6, 112_339_752.3, 123_456_789.0],
    30_502_547.285714287
)]
fn quantiles_are_those_of_numpy(#[case] values: &[i64], #[case] want: [f64; 7], #[case] mean: f64) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    for (p, want) in [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0].into_iter().zip(want) {
        close(quantile(&sorted, p).unwrap(), want);
    }
    let summary = Summary::of(values.to_vec());
    assert_eq!(summary.n, values.len() as u64);
    close(summary.mean.unwrap(), mean);
    close(summary.p50.unwrap(), want[2]);
    close(summary.p75.unwrap(), want[3]);
    close(summary.p90.unwrap(), want[4]);
    close(summary.p95.unwrap(), want[5]);
}

#[test]
fn nothing_has_no_quantile() {
    assert_eq!(quantile(&[], 0.5), None);
    assert_eq!(quantile(&[1, 2], 1.1), None);
    assert_eq!(quantile(&[1, 2], f64::NAN), None);
    assert_eq!(Summary::of(vec![]), Summary::default());
    assert_eq!(Summary::default(), Summary { n: 0, mean: None, p50: None, p75: None, p90: None, p95: None });
    assert_eq!(quantile(&[i64::MIN, i64::MAX], 0.5).unwrap().round(), 0.0);
    assert_eq!(Summary::of(vec![i64::MAX, i64::MAX]).mean, Some(i64::MAX as f64));
}

proptest! {
    /// The definition of type 7: the quantile at (k / (n − 1)) is the k-th value, and it is straight in between.
    #[test]
    fn quantiles_are_straight_between_the_values(
        values in prop::collection::vec(-1_000_000_i64..1_000_000, 2..40),
        part in 0.0..1.0,
    ) {
        let mut sorted = values.clone();
        sorted.sort_unstable();
        let last = sorted.len() - 1;
        for k in 0..last {
            let p = (k as f64 + part) / last as f64;
            let want: f64 = sorted[k] as f64 * (1.0 - part) + sorted[k + 1] as f64 * part;
            prop_assert!((quantile(&sorted, p).unwrap() - want).abs() < 1e-6);
        }
    }

    #[test]
    fn the_order_of_values_does_not_matter(values in prop::collection::vec(any::<i64>(), 0..60)) {
        let mut turned = values.clone();
        turned.reverse();
        let summary: Summary = values.iter().copied().collect();
        prop_assert_eq!(summary, Summary::of(turned));
        if let (Some(low), Some(high)) = (values.iter().min(), values.iter().max()) {
            for figure in [summary.mean, summary.p50, summary.p75, summary.p90, summary.p95] {
                prop_assert!((*low as f64..=*high as f64).contains(&figure.unwrap()));
            }
        }
    }

    /// The interval holds exactly the rates that a score test with this z would not reject.
    #[test]
    fn the_interval_inverts_the_score_test(trials in 1_u64..5000, share in 0.0..=1.0) {
        let successes = (trials as f64 * share) as u64;
        let (low, high) = wilson(successes, trials, Z95).unwrap();
        let seen = successes as f64 / trials as f64;
        prop_assert!(0.0 <= low && low <= seen && seen <= high && high <= 1.0);
        for bound in [low, high].into_iter().filter(|bound| *bound > 0.0 && *bound < 1.0) {
            let score = (seen - bound).abs() / (bound * (1.0 - bound) / trials as f64).sqrt();
            prop_assert!((score - Z95).abs() < 1e-6, "{score}");
        }
    }
}
