use chrono::{Duration, NaiveDate};
use numbers::fx::{Mode, Rate, Rates, Unconverted};
use proptest::prelude::*;
use rstest::rstest;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn decimals(currency: &str) -> u32 {
    match currency {
        "JPY" => 0,
        "KWD" => 3,
        _ => 2,
    }
}

/// The tenant reckons in euros. Rates in billionths.
fn rates() -> Rates {
    let mut rates = Rates::new("EUR", decimals);
    rates.add("EUR", "USD", day("2026-01-01"), 1_100_000_000);
    rates.add("EUR", "USD", day("2026-02-01"), 1_250_000_000);
    rates.add("JPY", "EUR", day("2026-01-01"), 6_250_000);
    rates.add("EUR", "KWD", day("2026-01-01"), 333_333_333);
    rates.add("CHF", "USD", day("2026-01-15"), 1_200_000_000);
    rates.add("EUR", "CHF", day("2026-01-10"), 0);
    rates
}

#[rstest]
#[case(10_000, "EUR", "EUR", "2020-01-01", 10_000)]
// 100.00 EUR at 1.1, and at 1.25 from the first of February on.
#[case(10_000, "EUR", "USD", "2026-01-01", 11_000)]
#[case(10_000, "EUR", "USD", "2026-01-31", 11_000)]
#[case(10_000, "EUR", "USD", "2026-02-01", 12_500)]
#[case(10_000, "EUR", "USD", "2030-02-01", 12_500)]
// Against the direction of the rate: 11.00 USD / 1.1; 1.00 USD / 1.1 = 0.909…
#[case(1_100, "USD", "EUR", "2026-01-01", 1_000)]
#[case(100, "USD", "EUR", "2026-01-01", 91)]
#[case(-100, "USD", "EUR", "2026-01-01", -91)]
// Yen have no decimals, dinars have three: 1,000 JPY = 6.25 EUR; 1.00 EUR = 0.333333333 KWD.
#[case(1_000, "JPY", "EUR", "2026-01-01", 625)]
#[case(625, "EUR", "JPY", "2026-01-01", 1_000)]
#[case(100, "EUR", "KWD", "2026-01-01", 333)]
// Through the euro: 1,000 JPY = 6.25 EUR = 6.875 USD, rounded once, away from zero.
#[case(1_000, "JPY", "USD", "2026-01-01", 688)]
#[case(-1_000, "JPY", "USD", "2026-01-01", -688)]
#[case(688, "USD", "JPY", "2026-01-01", 1_001)]
// A pair that is noted needs no euro: 10.00 CHF = 12.00 USD.
#[case(1_000, "CHF", "USD", "2026-01-20", 1_200)]
#[case(0, "CHF", "USD", "2026-01-20", 0)]
fn amounts_convert(#[case] minor: i64, #[case] from: &str, #[case] to: &str, #[case] date: &str, #[case] want: i64) {
    assert_eq!(rates().convert(minor, from, to, day(date)), Ok(want));
}

#[rstest]
// Before the first rate; a pair nobody noted; a rate of zero is none; no way through a third currency that is not the
// tenant's.
#[case("EUR", "USD", "2025-12-31")]
#[case("EUR", "SEK", "2026-02-01")]
#[case("EUR", "CHF", "2026-02-01")]
#[case("CHF", "JPY", "2026-02-01")]
#[case("CHF", "USD", "2026-01-14")]
fn without_a_rate_there_is_no_amount(#[case] from: &str, #[case] to: &str, #[case] date: &str) {
    let missing = Unconverted::MissingRate { from: from.into(), to: to.into(), date: day(date) };
    assert_eq!(rates().convert(1, from, to, day(date)), Err(missing));
    assert_eq!(rates().rate(from, to, day(date)), None);
}

#[test]
fn the_later_of_two_directions_counts() {
    let mut rates = Rates::new("EUR", decimals);
    rates.add("EUR", "USD", day("2026-01-01"), 1_000_000_000);
    rates.add("USD", "EUR", day("2026-01-02"), 500_000_000);
    assert_eq!(rates.convert(100, "EUR", "USD", day("2026-01-01")), Ok(100));
    assert_eq!(rates.convert(100, "EUR", "USD", day("2026-01-02")), Ok(200));
    // On one day the direct rate, in either direction.
    rates.add("EUR", "USD", day("2026-01-02"), 3_000_000_000);
    assert_eq!(rates.convert(100, "EUR", "USD", day("2026-01-02")), Ok(300));
    assert_eq!(rates.convert(100, "USD", "EUR", day("2026-01-02")), Ok(50));
    // A correction.
    rates.add("EUR", "USD", day("2026-01-02"), 4_000_000_000);
    assert_eq!(rates.convert(100, "EUR", "USD", day("2026-01-02")), Ok(400));
}

#[test]
fn the_mode_says_which_day() {
    let (event, report) = (day("2026-01-05"), day("2026-02-05"));
    assert_eq!(Mode::AtEvent.date(event), event);
    assert_eq!(Mode::AtReport(report).date(event), report);
    assert_eq!(Mode::Fixed(report).date(event), report);
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut rates = Rates::new("EUR", decimals);
    rates.add("EUR", "VND", day("2026-01-01"), i64::MAX);
    assert_eq!(rates.convert(i64::MAX, "EUR", "VND", day("2026-01-01")), Err(Unconverted::TooLarge));
    assert_eq!(rates.convert(i64::MAX, "VND", "EUR", day("2026-01-01")), Ok(1_000_000_000));
    assert_eq!(Rate { numerator: i128::MAX, denominator: 1 }.convert(2), Err(Unconverted::TooLarge));
    assert_eq!(Rate { numerator: 1, denominator: i128::MAX }.convert(i64::MIN), Ok(0));
    assert_eq!(Rate { numerator: 1, denominator: 1 }.convert(i64::MIN), Ok(i64::MIN));
    // What only looks too large is shortened first.
    let (amount, large) = (4_000_000_000_000_000_000, 10_i128.pow(30));
    assert_eq!(Rate { numerator: large, denominator: large }.convert(amount), Ok(amount));
}

proptest! {
    /// Against a plain search through the list of rates, and the definition of rounding.
    #[test]
    fn conversion_is_exact_up_to_half_a_minor_unit(
        noted in prop::collection::vec((any::<bool>(), 0_i64..40, 1_000_i64..2_000_000_000_000), 1..12),
        on in 0_i64..50,
        minor in -1_000_000_000_000_i64..1_000_000_000_000,
    ) {
        let first = day("2026-01-01");
        let mut rates = Rates::new("EUR", decimals);
        for (yen, ago, nano) in &noted {
            rates.add("EUR", if *yen { "JPY" } else { "USD" }, first + Duration::days(*ago), *nano);
        }
        let latest = |yen: bool| -> Option<i128> {
            let mut best: Option<(i64, i64)> = None;
            for (pair, ago, nano) in &noted {
                if *pair == yen && *ago <= on && best.is_none_or(|(day, _)| day <= *ago) {
                    best = Some((*ago, *nano));
                }
            }
            best.map(|(_, nano)| i128::from(nano))
        };
        let date = first + Duration::days(on);
        // minor cents of USD → yen: ÷ usd, × jpy, ÷ 100.
        let cross = latest(false).zip(latest(true));
        let got = rates.convert(minor, "USD", "JPY", date);
        prop_assert_eq!(got.is_ok(), cross.is_some());
        if let (Ok(got), Some((usd, jpy))) = (got, cross) {
            let (above, below) = (i128::from(minor) * jpy, usd * 100);
            let off = 2 * (i128::from(got) * below - above);
            prop_assert!(off.abs() <= below);
            if off.abs() == below {
                prop_assert!(off.signum() == above.signum(), "a half goes away from zero");
            }
            prop_assert_eq!(rates.convert(-minor, "USD", "JPY", date), Ok(-got));
        }
        // Rows converted one by one differ from their sum by at most a minor unit each (I10).
        if let Some(rate) = rates.rate("EUR", "USD", date) {
            let parts = [minor / 3, minor / 5, minor - minor / 3 - minor / 5];
            let sum: i64 = parts.iter().map(|part| rate.convert(*part).unwrap()).sum();
            prop_assert!((sum - rate.convert(minor).unwrap()).abs() <= 3);
        }
    }
}
