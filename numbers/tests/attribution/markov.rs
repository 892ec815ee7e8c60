//! Removal effects against closed forms worked by hand and against dense Gauss (numbers.md 4.3).

use numbers::{
    attribution::{Basis, Markov, Outcome, Removal, Solution, TooManyStates, Transform, UNSTABLE_BELOW},
    credit::WHOLE,
};
use proptest::prelude::*;
use rstest::rstest;

use super::oracle::{self, Fraction};

/// A chain over paths, each with conversions, non-conversions and value.
fn chain(order: usize, paths: &[oracle::Row]) -> Markov<u32> {
    let mut chain = Markov::new(order.try_into().unwrap(), vec![]);
    for (path, converted, null, value) in paths {
        let value_minor = i128::from(*value);
        chain.add_path(path, Outcome::Converted { value_minor }, *converted);
        chain.add_path(path, Outcome::Null, *null);
    }
    chain
}

fn effects(solution: &Solution<u32>) -> Vec<f64> {
    solution.effects.values().map(|effect| effect.conversions.effect).collect()
}

fn shares(solution: &Solution<u32>) -> Vec<f64> {
    solution.effects.values().map(|effect| effect.conversions.share).collect()
}

fn values(solution: &Solution<u32>) -> Vec<i128> {
    solution.effects.values().map(|effect| effect.credit.value_minor).collect()
}

#[track_caller]
fn assert_close(left: &[f64], right: &[f64]) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        assert!((left - right).abs() < 1e-15, "{left} is not {right}");
    }
}

#[test]
fn the_fixture_of_the_definition_is_met() {
    let solution = chain(1, &[(vec![1, 2, 3], 1, 0, 10_000), (vec![1], 0, 1, 0), (vec![2, 3], 0, 1, 0)])
        .solve(Basis::Count)
        .unwrap();
    assert_close(&[solution.conversion_probability], &[1.0 / 3.0]);
    assert_close(&effects(&solution), &[0.5, 1.0, 1.0]);
    assert_close(&shares(&solution), &[0.2, 0.4, 0.4]);
    assert_eq!(values(&solution), [2000, 4000, 4000]);
    let weights: Vec<i128> = solution.effects.values().map(|effect| effect.credit.weight).collect();
    assert_eq!(weights, [200_000_000, 400_000_000, 400_000_000]);
    assert!(!solution.no_null_paths);
}

/// Each worked on paper: P(conv), effects, shares.
#[rstest]
// One channel gets all, whatever P is.
#[case::one_channel(&[(vec![1], 1, 1, 0)], 0.5, &[1.0], &[1.0])]
// Two that never meet: without the one, its half of the conversions is lost.
#[case::parallel(&[(vec![1], 1, 1, 0), (vec![2], 1, 1, 0)], 0.5, &[0.5, 0.5], &[0.5, 0.5])]
// 1 → {2, CONV}, 2 → {1, NULL}, half each: p1 = ½ + ½·p2, p2 = ½·p1, so p1 = ⅔, p2 = ⅓, P = ½. Without 2: P = ½·½.
#[case::loops(&[(vec![1, 2, 1], 1, 0, 0), (vec![2], 0, 1, 0)], 0.5, &[1.0, 0.5], &[2.0 / 3.0, 1.0 / 3.0])]
// A self-loop is run through in the end: 1 → 1 changes no ending.
#[case::self_loop(&[(vec![1, 1, 2], 1, 0, 0), (vec![2], 0, 1, 0)], 0.5, &[0.5, 1.0], &[1.0 / 3.0, 2.0 / 3.0])]
// Without null paths all converts; each channel still carries the conversions that pass through it.
#[case::no_nulls(&[(vec![1, 2], 1, 0, 0), (vec![3], 3, 0, 0)], 1.0, &[0.25, 0.25, 0.75], &[0.2, 0.2, 0.6])]
// 2 leads nowhere: no effect at all.
#[case::dead_end(&[(vec![1], 1, 0, 0), (vec![2], 0, 1, 0)], 0.5, &[1.0, 0.0], &[1.0, 0.0])]
// 3 only ever led to nothing, by way of 2. The chain thinks that half of those might have converted; it gets no share.
#[case::never_converted(&[(vec![1, 2], 1, 0, 0), (vec![3, 2], 0, 1, 0)], 0.5, &[0.5, 1.0, 0.5], &[1.0 / 3.0, 2.0 / 3.0, 0.0])]
// No conversion: nothing to lose.
#[case::no_conversion(&[(vec![1, 2], 0, 4, 0)], 0.0, &[0.0, 0.0], &[0.0, 0.0])]
fn closed_forms_are_met(
    #[case] paths: &[oracle::Row],
    #[case] probability: f64,
    #[case] expected: &[f64],
    #[case] expected_shares: &[f64],
) {
    let solution = chain(1, paths).solve(Basis::Count).unwrap();
    assert_close(&[solution.conversion_probability], &[probability]);
    assert_close(&effects(&solution), expected);
    assert_close(&shares(&solution), expected_shares);
    assert_eq!(solution.no_null_paths, paths.iter().all(|(_, _, null, _)| *null == 0));
}

#[test]
fn a_longer_memory_tells_who_came_before() {
    // 1 > 2 converts, 3 > 2 does not. One step back 2 looks the same both times; two steps back it does not.
    let paths = [(vec![1, 2], 1, 0, 0), (vec![3, 2], 0, 1, 0)];
    assert_close(&effects(&chain(1, &paths).solve(Basis::Count).unwrap()), &[0.5, 1.0, 0.5]);
    assert_close(&effects(&chain(2, &paths).solve(Basis::Count).unwrap()), &[1.0, 1.0, 0.0]);
    assert_close(&shares(&chain(2, &paths).solve(Basis::Count).unwrap()), &[0.5, 0.5, 0.0]);
}

#[test]
fn value_is_shared_by_its_own_effect_if_asked() {
    // 1 converts three times for 1.00 in all, 2 once for 9.00: by number ¾ : ¼, by value 1/10 : 9/10.
    let chain = chain(1, &[(vec![1], 3, 3, 100), (vec![2], 1, 1, 900)]);
    let (by_count, by_value) = (chain.solve(Basis::Count).unwrap(), chain.solve(Basis::Value).unwrap());
    assert_eq!((values(&by_count), values(&by_value)), (vec![750, 250], vec![100, 900]));
    for solution in [by_count, by_value] {
        let value = solution.effects.values().map(|effect| effect.value.unwrap().share);
        assert_close(&value.collect::<Vec<f64>>(), &[0.1, 0.9]);
        let weights: i128 = solution.effects.values().map(|effect| effect.credit.weight).sum();
        assert_eq!(weights, 4 * i128::from(WHOLE), "conversions add up under either basis");
        assert_eq!(solution.effects[&1].credit.weight, 3 * i128::from(WHOLE));
    }
}

#[rstest]
#[case::a_credit_note(&[(1, 500), (2, -100)])]
#[case::no_value(&[(1, 0), (2, 0)])]
fn value_without_an_effect_of_its_own_is_shared_by_number(#[case] orders: &[(u32, i128)]) {
    let mut chain = Markov::new(1.try_into().unwrap(), vec![]);
    for &(channel, value_minor) in orders {
        chain.add_path(&[channel], Outcome::Converted { value_minor }, 1);
    }
    let solution = chain.solve(Basis::Value).unwrap();
    assert_eq!(solution, chain.solve(Basis::Count).unwrap());
    assert!(solution.effects.values().all(|effect| effect.value.is_none()));
    let total: i128 = orders.iter().map(|(_, value)| value).sum();
    assert_eq!(values(&solution), [total / 2, total / 2]);
}

#[test]
fn channels_on_few_paths_are_marked_unstable() {
    let solution = chain(1, &[(vec![1, 1], 10, 19, 0), (vec![2], 10, 20, 0)]).solve(Basis::Count).unwrap();
    let marked = |channel| {
        let effect = solution.effects[&channel];
        (effect.paths, effect.converting_paths, effect.unstable)
    };
    assert_eq!(UNSTABLE_BELOW, 30);
    assert_eq!((marked(1), marked(2)), ((29, 10, true), (30, 10, false)));
}

#[test]
fn a_conversion_without_a_path_stays_beside_the_chain() {
    let mut chain = chain(1, &[(vec![1], 1, 1, 600)]);
    let without = chain.solve(Basis::Count).unwrap();
    chain.add_path(&[], Outcome::Converted { value_minor: 400 }, 2);
    chain.add_path(&[], Outcome::Null, 9);
    let with = chain.solve(Basis::Count).unwrap();
    assert_eq!((with.unattributed.value_minor, with.unattributed.weight), (400, 2 * i128::from(WHOLE)));
    assert_eq!((with.effects, with.conversion_probability), (without.effects, without.conversion_probability));
}

#[test]
fn a_chain_without_paths_says_nothing() {
    let solution = Markov::<u32>::new(2.try_into().unwrap(), vec![]).solve(Basis::Value).unwrap();
    assert!(solution.effects.is_empty());
    assert_eq!((solution.conversion_probability, solution.unattributed.weight), (0.0, 0));
}

#[test]
fn paths_are_transformed_first() {
    let mut transformed = Markov::new(2.try_into().unwrap(), vec![Transform::Exposure]);
    transformed.add_path(&[1, 1, 2, 2], Outcome::Converted { value_minor: 1 }, 1);
    transformed.add_path(&[1, 1], Outcome::Null, 1);
    let expected = chain(2, &[(vec![1, 2], 1, 0, 1), (vec![1], 0, 1, 0)]);
    assert_eq!(transformed.solve(Basis::Count).unwrap(), expected.solve(Basis::Count).unwrap());
}

#[test]
fn a_chain_with_too_many_states_refuses_and_forgets_whatever_the_order() {
    // Of order 2 these are the states 1, 12, 21, 2 and 23.
    let paths = [(vec![1, 2, 1], 1, 0, 0), (vec![2, 3], 0, 1, 0)];
    let limited = |paths: &[oracle::Row], max_states| {
        let mut limited = Markov::new(2.try_into().unwrap(), vec![]).max_states(max_states);
        limited.merge(&chain(2, paths));
        limited.add_path(&[1, 2], Outcome::Null, 1);
        limited.solve(Basis::Count)
    };
    let turned = [paths[1].clone(), paths[0].clone()];
    assert_eq!(limited(&paths, 4), Err(TooManyStates { max_states: 4 }));
    assert_eq!(limited(&turned, 4), Err(TooManyStates { max_states: 4 }));
    assert_eq!(limited(&paths, 5).unwrap(), limited(&turned, 5).unwrap());
    let mut fresh = Markov::new(2.try_into().unwrap(), vec![]);
    let mut over = Markov::new(1.try_into().unwrap(), vec![]).max_states(1);
    over.add_path(&[1_u32, 2], Outcome::Null, 1);
    fresh.merge(&over);
    assert!(fresh.solve(Basis::Count).is_err(), "what was forgotten cannot be added");
}

/// Paths over four channels, some long enough to loop.
fn paths() -> impl Strategy<Value = Vec<oracle::Row>> {
    prop::collection::vec((prop::collection::vec(0_u32..4, 1..5), 0_u64..4, 0_u64..4, 0_u64..4), 1..7).prop_map(
        |mut paths| {
            for (_, converted, _, value) in &mut paths {
                *value *= *converted;
            }
            paths.retain(|(_, converted, null, _)| converted + null > 0);
            paths
        },
    )
}

proptest! {
    #[test]
    fn effects_are_those_of_gauss_in_fractions(paths in paths()) {
        let solution = chain(1, &paths).solve(Basis::Value).unwrap();
        let (probability, expected) = oracle::markov::<Fraction>(&paths, 1);
        let exact = |fraction: Fraction| fraction.0 as f64 / fraction.1 as f64;
        prop_assert!((solution.conversion_probability - exact(probability)).abs() < 1e-15);
        prop_assert_eq!(solution.effects.len(), expected.len());
        for (channel, (by_count, by_value)) in expected {
            let effect = solution.effects[&channel];
            let close = |found: f64, expected: Fraction| (found - exact(expected)).abs() <= 1e-15 * exact(expected);
            prop_assert!(close(effect.conversions.effect, by_count), "{channel}: {effect:?} {by_count:?}");
            prop_assert!(effect.value.is_none_or(|value| close(value.effect, by_value)), "{channel}: {effect:?} {by_value:?}");
        }
    }

    /// Also: removing the states whose current channel it is, as here, is removing all states that contain it, as there.
    #[test]
    fn effects_of_any_order_are_those_of_gauss_on_channel_attributions_states(paths in paths(), order in 1_usize..5) {
        let solution = chain(order, &paths).solve(Basis::Count).unwrap();
        let (probability, expected) = oracle::markov::<f64>(&paths, order);
        prop_assert!((solution.conversion_probability - probability).abs() < 1e-12);
        for (channel, (by_count, by_value)) in expected {
            let effect = solution.effects[&channel];
            prop_assert!((effect.conversions.effect - by_count).abs() < 1e-12, "{channel}: {effect:?} {by_count}");
            prop_assert!(effect.value.is_none_or(|value| (value.effect - by_value).abs() < 1e-12));
        }
    }

    #[test]
    fn shares_follow_from_effects_and_credit_adds_up(paths in paths(), order in 1_usize..4) {
        let solution = chain(order, &paths).solve(Basis::Value).unwrap();
        let (conversions, value) = paths.iter().fold((0, 0), |sum, path| (sum.0 + path.1, sum.1 + path.3));
        let credits = || solution.effects.values().map(|effect| effect.credit);
        prop_assert_eq!(credits().map(|credit| credit.weight).sum::<i128>(), i128::from(conversions) * i128::from(WHOLE));
        prop_assert_eq!(credits().map(|credit| credit.value_minor).sum::<i128>(), i128::from(value));
        let total: f64 =
            solution.effects.values().filter(|effect| effect.converting_paths > 0).map(|effect| effect.conversions.effect).sum();
        for effect in solution.effects.values() {
            let Removal { effect: lost, share } = effect.conversions;
            let expected = if effect.converting_paths > 0 { lost / total } else { 0.0 };
            prop_assert!((share - expected).abs() < 1e-15);
            prop_assert!((0.0..=1.0).contains(&lost));
            prop_assert_eq!(lost > 0.0 || effect.converting_paths == 0, true, "who stood on a converting path is missed");
        }
    }

    /// Bit for bit: neither order nor cutting the paths into two chains changes anything.
    #[test]
    fn neither_the_order_of_paths_nor_merging_changes_a_bit(
        (paths, shuffled) in paths().prop_flat_map(|paths| (Just(paths.clone()), Just(paths).prop_shuffle())),
        order in 1_usize..4,
        cut in 0_usize..7,
    ) {
        let whole = chain(order, &paths).solve(Basis::Count).unwrap();
        prop_assert_eq!(&whole, &chain(order, &shuffled).solve(Basis::Count).unwrap());
        let (left, right) = shuffled.split_at(cut.min(shuffled.len()));
        let mut merged = chain(order, left);
        merged.merge(&chain(order, right));
        prop_assert_eq!(&whole, &merged.solve(Basis::Count).unwrap());
    }

    /// A self-loop changes no ending: at order 1 EXPOSURE leaves every effect as it is.
    #[test]
    fn exposure_changes_no_effect_of_the_first_order(paths in paths()) {
        let mut exposed = Markov::new(1.try_into().unwrap(), vec![Transform::Exposure]);
        for (path, converted, null, value) in &paths {
            exposed.add_path(path, Outcome::Converted { value_minor: i128::from(*value) }, *converted);
            exposed.add_path(path, Outcome::Null, *null);
        }
        prop_assert_eq!(exposed.solve(Basis::Count).unwrap(), chain(1, &paths).solve(Basis::Count).unwrap());
    }
}

/// A campaign view may have thousands of rows: a ring of a thousand channels with shortcuts is solved in the time of a test,
/// and every flow is still accounted for.
#[test]
fn a_thousand_channels_are_solved_together() {
    let mut chain = Markov::new(1.try_into().unwrap(), vec![]);
    for start in 0_u32..1000 {
        let path: Vec<u32> = (0..5).map(|step| (start * 7 + step * (start % 11 + 1)) % 1000).collect();
        chain.add_path(&path, Outcome::Converted { value_minor: 100 }, 1);
        chain.add_path(&path[..3], Outcome::Null, 2);
    }
    let solution = chain.solve(Basis::Count).unwrap();
    assert_eq!(solution.effects.len(), 1000);
    assert_eq!(values(&solution).iter().sum::<i128>(), 100_000);
    assert!((solution.conversion_probability - 1.0 / 3.0).abs() < 1e-12, "a third of all paths convert");
}
