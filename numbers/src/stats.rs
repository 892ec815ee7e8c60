//! Ratios, percentiles and their honesty (3.0, rules 1 and 5; A2).

use std::{iter::Sum, ops::Add};

/// The normal quantile of a two-sided 95 % interval, as `scipy.stats.norm.isf(0.025)` gives it.
pub const Z95: f64 = 1.959_963_984_540_054;

/// A part of a whole, or one sum for another. It is always made of summed parts: ratios are added by their parts and
/// never averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ratio {
    /// What is divided: a count, or minor units of money.
    pub numerator: i64,
    /// By what.
    pub denominator: i64,
}

impl Ratio {
    /// So many of so many.
    pub fn of(numerator: u64, denominator: u64) -> Self {
        Ratio { numerator: signed(numerator), denominator: signed(denominator) }
    }

    /// The quotient; `None` if the denominator is 0 (never 0, never NaN).
    pub fn value(self) -> Option<f64> {
        (self.denominator != 0).then(|| self.numerator as f64 / self.denominator as f64)
    }

    /// What is missing to the whole: 1 − value, as parts.
    pub fn rest(self) -> Self {
        Ratio { numerator: self.denominator - self.numerator, denominator: self.denominator }
    }

    /// The Wilson 95 % interval of a rate: low and high. `None` if the denominator is 0, or if this is no part of a
    /// whole.
    pub fn interval(self) -> Option<(f64, f64)> {
        wilson(u64::try_from(self.numerator).ok()?, u64::try_from(self.denominator).ok()?, Z95)
    }
}

impl Add for Ratio {
    type Output = Ratio;

    fn add(self, other: Ratio) -> Ratio {
        Ratio { numerator: self.numerator + other.numerator, denominator: self.denominator + other.denominator }
    }
}

impl Sum for Ratio {
    fn sum<I: Iterator<Item = Ratio>>(parts: I) -> Ratio {
        parts.fold(Ratio::default(), Add::add)
    }
}

/// A count that may be subtracted.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The Wilson score interval of a rate, as `statsmodels.stats.proportion.proportion_confint(method='wilson')` computes
/// it: low and high, within 0 and 1. `None` if there are no trials, or more successes than trials.
pub fn wilson(successes: u64, trials: u64, z: f64) -> Option<(f64, f64)> {
    if trials == 0 || successes > trials {
        return None;
    }
    let (n, share) = (trials as f64, successes as f64 / trials as f64);
    let square = z * z;
    let scale = 1.0 + square / n;
    let centre = (share + square / (2.0 * n)) / scale;
    let reach = z * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt() / scale;
    // Exactly 0 and 1 at the ends, where the formula only comes close.
    let low = if successes == 0 { 0.0 } else { (centre - reach).clamp(0.0, 1.0) };
    let high = if successes == trials { 1.0 } else { (centre + reach).clamp(0.0, 1.0) };
    Some((low, high))
}

/// A quantile by linear interpolation: `percentile_cont` of PostgreSQL, type 7 of R, the default of NumPy. `sorted`
/// must be ascending; `p` lies within 0 and 1. `None` without values, or for another `p`.
pub fn quantile(sorted: &[i64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    if !(0.0..=1.0).contains(&p) {
        return None;
    }
    let place = p * last as f64;
    let below = (place.floor() as usize).min(last);
    let low = sorted[below];
    let high = sorted[(below + 1).min(last)];
    // In wide integers: the difference of two extremes does not fit, and the difference of two floats would round.
    let step = (i128::from(high) - i128::from(low)) as f64;
    Some(low as f64 + (place - below as f64) * step)
}

/// How some values are spread. Each figure is in the unit of the values and `None` without values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// How many values there are.
    pub n: u64,
    /// The arithmetic mean.
    pub mean: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// Three quarters lie below.
    pub p75: Option<f64>,
    /// Nine tenths lie below.
    pub p90: Option<f64>,
    /// Nineteen of twenty lie below.
    pub p95: Option<f64>,
}

impl Summary {
    /// The summary of values in any order. Only finished durations belong here: unfinished ones are counted beside
    /// (3.0, rule 6).
    pub fn of(mut values: Vec<i64>) -> Self {
        values.sort_unstable();
        let total: i128 = values.iter().copied().map(i128::from).sum();
        let at = |p: f64| quantile(&values, p);
        Summary {
            n: values.len() as u64,
            mean: (!values.is_empty()).then(|| total as f64 / values.len() as f64),
            p50: at(0.5),
            p75: at(0.75),
            p90: at(0.9),
            p95: at(0.95),
        }
    }
}

impl FromIterator<i64> for Summary {
    fn from_iter<I: IntoIterator<Item = i64>>(values: I) -> Self {
        Summary::of(values.into_iter().collect())
    }
}
