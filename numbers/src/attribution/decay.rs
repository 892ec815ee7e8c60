//! `2^(−Δ/h)` in integers. The floating-point power differs in its last bits between platforms' maths libraries; a figure
//! that decides who gets the last cent must not.

use std::num::NonZeroU64;

/// `2^(−2^(−1))`, `2^(−2^(−2))`, … in units of 2⁻⁶⁴: what each binary place of the exponent's fraction multiplies by.
const ROOTS: [u64; 64] = roots();

const fn roots() -> [u64; 64] {
    let mut roots = [0; 64];
    let mut previous: u128 = 1 << 63; // one half
    let mut place = 0;
    while place < 64 {
        previous = (previous << 64).isqrt();
        roots[place] = previous as u64;
        place += 1;
    }
    roots
}

/// `2^(−age/half_life)` in units of 2⁻⁶⁴, right to about 2⁻⁵⁸ of itself; 0 after 64 half-lives.
pub(super) fn half_lives(age_us: u64, half_life_us: NonZeroU64) -> u64 {
    let (whole, rest) = (age_us / half_life_us, age_us % half_life_us);
    // Less than one half-life is left, so the fraction has 64 places after the point and none before.
    let fraction = (u128::from(rest) << 64) / u128::from(half_life_us.get());
    let mut weight = u64::MAX;
    for (place, root) in ROOTS.iter().enumerate() {
        if (fraction >> (63 - place)) & 1 == 1 {
            let product = u128::from(weight) * u128::from(*root);
            weight = (product >> 64) as u64;
        }
    }
    u32::try_from(whole).ok().and_then(|whole| weight.checked_shr(whole)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCALE: f64 = 18_446_744_073_709_551_616.0;

    #[test]
    fn whole_half_lives_are_halves() {
        let week = NonZeroU64::new(604_800_000_000).unwrap();
        for (weeks, expected) in [(0, u64::MAX), (1, u64::MAX >> 1), (63, 1), (64, 0), (1 << 20, 0)] {
            assert_eq!(half_lives(weeks * week.get(), week), expected, "{weeks} weeks");
        }
    }

    #[test]
    fn half_a_half_life_is_the_root_of_a_half() {
        // ⌊2⁶⁴ · √½⌋, from its published digits (OEIS A010503).
        let weight = half_lives(1, NonZeroU64::new(2).unwrap());
        assert!(13_043_817_825_332_782_212 - weight <= 1, "{weight}");
    }

    proptest! {
        #[test]
        fn it_is_the_power_of_two(age in 0_u64..1 << 50, half_life in 1_u64 << 44..1 << 50) {
            let weight = half_lives(age, NonZeroU64::new(half_life).unwrap()) as f64 / SCALE;
            let expected = (-(age as f64) / half_life as f64).exp2();
            prop_assert!((weight - expected).abs() < 1e-12 * expected + 1e-18, "{weight} {expected}");
        }

        #[test]
        fn an_older_touch_never_weighs_more(age: u64, more: u64, half_life in 1_u64..) {
            let half_life = NonZeroU64::new(half_life).unwrap();
            prop_assert!(half_lives(age.saturating_add(more), half_life) <= half_lives(age, half_life));
        }
    }
}
