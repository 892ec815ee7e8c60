//! Sharing one amount among many so that the parts add up to it exactly (numbers.md 4.1): floor, then the units that are
//! left to the largest fractional parts, ties to the earlier ("largest remainder", Hamilton's method).
//!
//! Weights are integers that stand in proportion, so a share is the exact fraction `w / Σw` and no answer depends on how a
//! float rounds. Every rule model of attribution can be written so: one third each is `[1, 1, 1]`, 40-20-40 over four
//! touches is `[4, 1, 1, 4]`.

use std::cmp::Reverse;

/// One whole conversion in the unit of counted credit: billionths. A third of a conversion is not a decimal number; in
/// billionths the three thirds still add up, and a million conversions are off their exact share by less than 0.001.
pub const WHOLE: i64 = 1_000_000_000;

/// Shares `value` (minor units, or billionths of a conversion) in proportion to `weights`.
///
/// * The parts add up to `value`, whatever the weights.
/// * Each part is less than one unit away from `value · w / Σw`, and a weight of 0 gets 0.
/// * A negative value (a credit note) is shared as its positive mirror, so that it takes back exactly what was given.
/// * If all weights are 0 nobody has the better claim: all get the same.
/// * Without weights there is nobody to give to: the answer is empty, and the caller must have a row for the value.
pub fn split(value: i64, weights: &[u64]) -> Vec<i64> {
    let mut parts = Vec::with_capacity(weights.len());
    split_into(value, weights, &mut parts);
    parts
}

/// [`split`] into a buffer that the caller keeps: an accumulator shares out once a model and path.
pub(crate) fn split_into(value: i64, weights: &[u64], parts: &mut Vec<i64>) {
    parts.clear();
    if let Some(only) = sole(weights) {
        parts.resize(weights.len(), 0);
        parts[only] = value;
        return;
    }
    let magnitude = value.unsigned_abs();
    let mut push = |part: u128| {
        let part = i128::try_from(part).expect("a part is not larger than the value");
        let part = if value < 0 { -part } else { part };
        parts.push(i64::try_from(part).expect("a part is not larger than the value"));
    };
    let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    // Nearly always the products fit into 64 bits, where dividing costs a tenth of what it does in 128.
    let narrow = u64::try_from(total).ok().filter(|&total| total > 0 && magnitude.checked_mul(total).is_some());
    let Some(total) = narrow else {
        share_out(u128::from(magnitude), weights).into_iter().for_each(push);
        return;
    };
    let mut left = magnitude;
    let mut remainders = Vec::with_capacity(weights.len());
    for &weight in weights {
        let product = magnitude * weight;
        left -= product / total;
        remainders.push(product % total);
        push(u128::from(product / total));
    }
    let unit = value.signum();
    for index in largest(&remainders, left) {
        parts[index] += unit;
    }
}

/// [`split`] for sums over many conversions, which may be larger than an `i64`.
pub(crate) fn split_sum(value: i128, weights: &[u64]) -> Vec<i128> {
    let sign = value.signum();
    share_out(value.unsigned_abs(), weights)
        .into_iter()
        .map(|part| sign * i128::try_from(part).unwrap_or(i128::MAX))
        .collect()
}

/// The method itself. `value mod Σw` times a weight must fit into 128 bits: it does if either the value or Σw fits into 64,
/// and of the two callers one keeps to the first, the other to the second.
fn share_out(value: u128, weights: &[u64]) -> Vec<u128> {
    let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if total == 0 {
        return if weights.is_empty() { Vec::new() } else { share_out(value, &vec![1; weights.len()]) };
    }
    let (whole, rest) = (value / total, value % total);
    let mut left = rest;
    let mut remainders = Vec::with_capacity(weights.len());
    let mut parts = Vec::with_capacity(weights.len());
    for &weight in weights {
        let product = rest * u128::from(weight);
        left -= product / total;
        remainders.push(product % total);
        parts.push(whole * u128::from(weight) + product / total);
    }
    for index in largest(&remainders, u64::try_from(left).unwrap_or(u64::MAX)) {
        parts[index] += 1;
    }
    parts
}

/// The places of the `count` largest remainders, ties to the earlier. There are always more non-zero remainders than units
/// left, so a weight of 0 is never among them.
fn largest<T: Ord + Copy>(remainders: &[T], count: u64) -> impl Iterator<Item = usize> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut order: Vec<usize> = if count == 0 { Vec::new() } else { (0..remainders.len()).collect() };
    order.sort_unstable_by_key(|&index| (Reverse(remainders[index]), index));
    order.into_iter().take(count)
}

/// The place of the only weight that is not 0, if there is only one.
fn sole(weights: &[u64]) -> Option<usize> {
    let mut heavy = weights.iter().enumerate().filter(|&(_, &weight)| weight > 0);
    match (heavy.next(), heavy.next()) {
        (Some((index, _)), None) => Some(index),
        (None | Some(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cents_that_are_left_go_to_the_largest_fractions_and_ties_to_the_earlier() {
        assert_eq!(split(10_000, &[1, 1, 1]), [3334, 3333, 3333]);
        assert_eq!(split(10_000, &[6, 1, 1, 1, 6]), [4000, 667, 667, 666, 4000]);
        // 10 · (1, 2, 4)/7 = 1.43, 2.86, 5.71: the two units left go to the second and the third.
        assert_eq!(split(10, &[1, 2, 4]), [1, 3, 6]);
        assert_eq!(split(1, &[1, 1]), [1, 0]);
        assert_eq!(split(0, &[3, 5]), [0, 0]);
    }

    #[test]
    fn a_credit_note_takes_back_what_was_given() {
        assert_eq!(split(-10_000, &[1, 1, 1]), [-3334, -3333, -3333]);
    }

    #[test]
    fn no_weights_no_parts_and_all_zero_is_even() {
        assert!(split(5, &[]).is_empty());
        assert_eq!(split(5, &[0, 0]), [3, 2]);
    }

    #[test]
    fn the_ends_of_the_range_are_shared_without_overflow() {
        assert_eq!(split(i64::MIN, &[u64::MAX]), [i64::MIN]);
        assert_eq!(split(i64::MIN, &[1, 1]), [i64::MIN / 2, i64::MIN / 2]);
        assert_eq!(split(i64::MAX, &[u64::MAX, u64::MAX, u64::MAX]).iter().sum::<i64>(), i64::MAX);
        assert_eq!(split_sum(i128::MAX, &[1, 1 << 62]).iter().sum::<i128>(), i128::MAX);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_stay_within_one_unit(value: i64, weights in prop::collection::vec(any::<u64>(), 1..20)) {
            let parts = split(value, &weights);
            prop_assert_eq!(parts.iter().map(|&part| i128::from(part)).sum::<i128>(), i128::from(value));
            let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
            for (&part, &weight) in parts.iter().zip(&weights).filter(|_| total > 0) {
                let exact = u128::from(value.unsigned_abs()) * u128::from(weight);
                let part = u128::from(part.unsigned_abs());
                prop_assert!(part == exact / total || part == exact.div_ceil(total));
            }
        }

        #[test]
        fn small_and_large_weights_of_one_proportion_agree(
            value in -1_000_000_i64..1_000_000, weights in prop::collection::vec(0_u64..1000, 1..12)) {
            // The left side runs in 64 bits, the right side in 128.
            let scaled: Vec<u64> = weights.iter().map(|weight| weight << 50).collect();
            prop_assert_eq!(split(value, &weights), split(value, &scaled));
            let wide: Vec<i128> = split(value, &weights).into_iter().map(i128::from).collect();
            prop_assert_eq!(wide, split_sum(i128::from(value), &weights));
        }

        #[test]
        fn negative_mirrors_positive(value: i64, weights in prop::collection::vec(any::<u64>(), 1..12)) {
            prop_assume!(value != i64::MIN);
            let mirrored: Vec<i64> = split(value, &weights).into_iter().map(|part| -part).collect();
            prop_assert_eq!(split(-value, &weights), mirrored);
        }

        #[test]
        fn no_smaller_remainder_is_preferred(value in 0_i64..10_000, weights in prop::collection::vec(0_u64..50, 2..9)) {
            let total: u64 = weights.iter().sum();
            prop_assume!(total > 0);
            let parts = split(value, &weights);
            let of = |index: usize| {
                let product = value.unsigned_abs() * weights[index];
                (product % total, parts[index].unsigned_abs() > product / total)
            };
            for i in 0..weights.len() {
                for j in i + 1..weights.len() {
                    let ((left, given_left), (right, given_right)) = (of(i), of(j));
                    prop_assert!(left < right || given_left || !given_right, "{i} before {j}");
                    prop_assert!(left >= right || given_right || !given_left, "{j} before {i}");
                }
            }
        }
    }
}
