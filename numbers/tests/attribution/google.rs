//! 1,983 paths to conversion and 266,697 to none, published with Google Fractribution (Apache-2.0, see its LICENSE in
//! `tests/data`). Its expected files hold the transformed path of each customer; the credit in them is Shapley's, so rule
//! models and Markov are held against the independent computations of `oracle`.

use std::{collections::BTreeMap, path::PathBuf};

use numbers::attribution::{
    Attribution, Basis, Conversion, Markov, Model, Options, Outcome, Path, Report, Row, Touch, Transform, Unit,
};
use rstest::rstest;

use super::{oracle, touch, value, weight};

/// Records of a file as fields by heading.
pub fn read(file: &str) -> Vec<BTreeMap<String, String>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(Result::unwrap).collect()
}

/// `A > B` as numbers: A is 0.
fn channels(path: &str) -> Vec<u32> {
    path.split(" > ").map(|channel| u32::from(channel.as_bytes()[0] - b'A')).collect()
}

/// A path as touches a second apart, the last one second before the conversion at 0.
fn touches(path: &[u32]) -> Vec<Touch> {
    let first = -1_000_000 * path.len() as i64;
    let touch = |(place, &channel): (i64, &u32)| Touch { channel, ..touch(place as u32, first + place * 1_000_000) };
    (0..).zip(path).map(touch).collect()
}

/// Each customer's conversion, with a value that differs from the next one's.
fn customers() -> Vec<(Vec<u32>, i64)> {
    let rows = read("google_fractribution/customers.csv");
    assert_eq!(rows.len(), 1983);
    (0..).zip(rows).map(|(number, row)| (channels(&row["path"]), 100 + number * 37 % 1009)).collect()
}

#[rstest]
#[case("expected_exposure_fit.csv", Transform::Exposure, 340)]
#[case("expected_first_fit.csv", Transform::First, 351)]
fn transforms_give_googles_own_paths(#[case] file: &str, #[case] transform: Transform<Row>, #[case] changed: usize) {
    let raw = read("google_fractribution/customers.csv");
    let raw: BTreeMap<&str, &str> = raw.iter().map(|row| (&*row["customer_id"], &*row["path"])).collect();
    let expected = read(&format!("google_fractribution/{file}"));
    assert_eq!((raw.len(), expected.len()), (1983, 1983));
    let mut found = 0;
    for row in &expected {
        let mut path = Path::default();
        let before = channels(raw[&*row["customer_id"]]);
        path.build(0, touches(&before), &Options::default(), Unit::Channel, &[transform]);
        let after: Vec<u32> = path.touches().iter().map(|touch| touch.channel).collect();
        assert_eq!(after, channels(&row["path"]), "{}", row["customer_id"]);
        found += usize::from(before != after);
    }
    assert_eq!(found, changed, "so many paths have something to transform");
}

fn report() -> Report {
    let models = vec![Model::FirstTouch, Model::LastTouch, Model::Linear, "MARKOV".parse().unwrap()];
    let mut attribution = Attribution::new(models, Unit::Channel, vec![], Options::default());
    for (path, value_minor) in customers() {
        attribution.add(&Conversion { value_minor, ..Conversion::default() }, touches(&path));
    }
    for row in read("google_fractribution/example_path_summary.csv") {
        attribution.add_null(0, touches(&channels(&row["path"])), row["total_non_conversions"].parse().unwrap());
    }
    attribution.report()
}

#[test]
fn first_last_and_linear_agree_with_a_plain_count_per_channel() {
    let report = report();
    let mut expected: BTreeMap<u32, [i128; 3]> = BTreeMap::new();
    let mut counted: BTreeMap<u32, [f64; 3]> = BTreeMap::new();
    for (path, value) in customers() {
        let n = path.len();
        let linear = oracle::largest_remainder(value, &vec![1; n]);
        for (place, channel) in path.into_iter().enumerate() {
            let (first, last) = (place == 0, place == n - 1);
            let sums = expected.entry(channel).or_default();
            sums[0] += if first { i128::from(value) } else { 0 };
            sums[1] += if last { i128::from(value) } else { 0 };
            sums[2] += i128::from(linear[place]);
            let counts = counted.entry(channel).or_default();
            counts[0] += f64::from(u8::from(first));
            counts[1] += f64::from(u8::from(last));
            counts[2] += 1.0 / n as f64;
        }
    }
    assert_eq!((expected.len(), report.channels.lines.len()), (9, 11), "J and K never led to a conversion");
    for (channel, expected) in expected {
        let row = Row::Channel(channel);
        assert_eq!([0, 1, 2].map(|column| value(&report.channels, row, column)), expected, "{channel}");
        for (column, expected) in counted[&channel].into_iter().enumerate() {
            let found = weight(&report.channels, row, column) as f64 / 1e9;
            assert!((found - expected).abs() < 1e-5, "{channel}: {found} {expected}");
        }
    }
    let null_paths: u64 = report.channels.lines.iter().map(|line| line.null_paths).sum();
    assert!(null_paths > 266_697, "each null path stands on at least one row");
}

#[test]
fn markov_agrees_with_dense_gauss_per_channel() {
    let report = report();
    let mut paths: Vec<oracle::Row> = customers().into_iter().map(|(path, value)| (path, 1, 0, value as u64)).collect();
    for row in read("google_fractribution/example_path_summary.csv") {
        paths.push((channels(&row["path"]), 0, row["total_non_conversions"].parse().unwrap(), 0));
    }
    let (probability, expected) = oracle::markov::<f64>(&paths, 1);
    let total: f64 = expected.values().map(|(by_count, _)| by_count).sum();
    let solution = report.channels.markov[&3].as_ref().unwrap();
    assert!((solution.conversion_probability - probability).abs() < 1e-12);
    // At order 1 the chain converts exactly as often as its paths did.
    assert!((solution.conversion_probability - 1983.0 / (1983.0 + 266_697.0)).abs() < 1e-12);
    assert!(!solution.no_null_paths);
    assert_eq!(solution.effects.len(), expected.len());
    for (channel, (by_count, by_value)) in expected {
        let effect = solution.effects[&Row::Channel(channel)];
        assert!((effect.conversions.effect - by_count).abs() < 1e-12, "{channel}: {effect:?} {by_count}");
        assert!((effect.value.unwrap().effect - by_value).abs() < 1e-12, "{channel}: {effect:?} {by_value}");
        assert!((effect.conversions.share - by_count / total).abs() < 1e-12);
        let share = report.value_minor as f64 * by_count / total;
        assert!((effect.credit.value_minor as f64 - share).abs() <= 1.0, "{channel}: {effect:?} {share}");
        assert_eq!(value(&report.channels, Row::Channel(channel), 3), effect.credit.value_minor);
    }
    let credits = solution.effects.values().map(|effect| effect.credit.value_minor);
    assert_eq!(credits.sum::<i128>(), report.value_minor);
}

#[test]
fn alike_paths_may_be_added_together_or_one_by_one() {
    let order = 2.try_into().unwrap();
    let (mut together, mut one_by_one) = (Markov::new(order, vec![]), Markov::new(order, vec![]));
    for row in read("google_fractribution/example_path_summary.csv") {
        let (path, conversions) = (channels(&row["path"]), row["total_conversions"].parse::<u64>().unwrap());
        together.add_path(&path, Outcome::Converted { value_minor: 5 * i128::from(conversions) }, conversions);
        for _ in 0..conversions {
            one_by_one.add_path(&path, Outcome::Converted { value_minor: 5 }, 1);
        }
    }
    let solution = together.solve(Basis::Value).unwrap();
    assert_eq!(solution, one_by_one.solve(Basis::Value).unwrap());
    assert!(solution.no_null_paths);
    assert!((solution.conversion_probability - 1.0).abs() < 1e-12);
}
