//! The same figures by other means: rule models in floats by the letter of numbers.md 4.1 and 4.2, Markov chains by dense
//! Gauss elimination, once in floats and once in fractions.

use std::{
    collections::BTreeMap,
    ops::{Add, Div, Mul, Sub},
};

use numbers::attribution::{Conversion, Milestone, Model, Touch};

/// What part of the conversion each touch of a path has under a rule model that shares it out.
pub fn parts(model: &Model, path: &[Touch], conversion: &Conversion) -> Vec<f64> {
    let n = path.len();
    let all_to = |winner: usize| (0..n).map(|i| f64::from(u8::from(i == winner))).collect();
    let milestones = [conversion.milestones.lead, conversion.milestones.opportunity, conversion.milestones.close];
    let positions = |first: f64, shares: [f64; 3], last: f64, others: f64| {
        by_position(path, milestones, first, shares, last, others)
    };
    match model {
        Model::FirstTouch => all_to(0),
        Model::LastTouch => all_to(n - 1),
        Model::LastNonDirect => all_to((0..n).rev().find(|&i| !path[i].direct).unwrap_or(n - 1)),
        Model::Linear => vec![1.0 / n as f64; n],
        Model::PositionBased => match n {
            1 => vec![1.0],
            2 => vec![0.5; 2],
            _ => (0..n).map(|i| if i == 0 || i == n - 1 { 0.4 } else { 0.2 / (n - 2) as f64 }).collect(),
        },
        Model::UShaped => positions(0.4, [0.4, 0.0, 0.0], 0.0, 0.2),
        Model::WShaped => positions(0.3, [0.3, 0.3, 0.0], 0.0, 0.1),
        Model::FullPath => positions(0.225, [0.225; 3], 0.0, 0.1),
        Model::JShaped => positions(0.2, [0.0; 3], 0.6, 0.2),
        Model::InverseJ => positions(0.6, [0.0; 3], 0.2, 0.2),
        Model::Custom(shares) => {
            let part = |millionths: u32| f64::from(millionths) / 1e6;
            let shares = shares.parts();
            let milestones = [part(shares.lead), part(shares.opportunity), part(shares.close)];
            positions(part(shares.first), milestones, part(shares.last), part(shares.others))
        }
        Model::TimeDecay { half_life_us } => {
            let age = |touch: &Touch| (conversion.at - touch.at) as f64 / half_life_us.get() as f64;
            let weights: Vec<f64> = path.iter().map(|touch| 0.5_f64.powf(age(touch))).collect();
            let total: f64 = weights.iter().sum();
            weights.into_iter().map(|weight| weight / total).collect()
        }
        Model::PrimarySource | Model::Markov { .. } | Model::Influenced => panic!("{model} shares nothing out"),
    }
}

fn by_position(
    path: &[Touch],
    milestones: [Option<Milestone>; 3],
    first: f64,
    shares: [f64; 3],
    last: f64,
    others: f64,
) -> Vec<f64> {
    let n = path.len();
    let mut holders = [None; 3];
    for (m, milestone) in milestones.iter().enumerate() {
        let Some(milestone) = milestone else { continue };
        let after = milestones[..m].iter().flatten().map(|before| before.at).max();
        let between = |touch: &Touch| touch.at <= milestone.at && after.is_none_or(|after| touch.at > after);
        holders[m] = (0..n).rfind(|&i| between(&path[i]));
        if holders[m].is_none() {
            holders[m] = (0..n).find(|&i| Some(path[i].id) == milestone.cause);
        }
    }
    let asked: Vec<usize> = (0..3).filter(|&m| shares[m] > 0.0).collect();
    let (have, have_not): (Vec<usize>, Vec<usize>) = asked.into_iter().partition(|&m| holders[m].is_some());
    if have.is_empty() && !have_not.is_empty() {
        return vec![1.0 / n as f64; n];
    }
    let mut parts = vec![0.0; n];
    parts[0] += first;
    parts[n - 1] += last;
    let inherited: f64 = have_not.iter().map(|&m| shares[m]).sum();
    for &m in &have {
        parts[holders[m].unwrap()] += shares[m] + inherited / have.len() as f64;
    }
    let rest: Vec<usize> = (0..n).filter(|&i| parts[i] == 0.0).collect();
    if rest.is_empty() {
        return parts.iter().map(|part| part / (1.0 - others)).collect();
    }
    for &i in &rest {
        parts[i] = others / rest.len() as f64;
    }
    parts
}

/// Largest remainder on exact parts that are given as fractions of one denominator: who comes earlier wins a tie.
pub fn largest_remainder(value: i64, numerators: &[i64]) -> Vec<i64> {
    let denominator: i64 = numerators.iter().sum();
    let mut parts: Vec<i64> = numerators.iter().map(|n| value * n / denominator).collect();
    for _ in parts.iter().sum::<i64>()..value {
        let owed = |i: usize| value * numerators[i] - parts[i] * denominator;
        let winner = (0..parts.len()).reduce(|best, i| if owed(i) > owed(best) { i } else { best }).unwrap();
        parts[winner] += 1;
    }
    parts
}

/// A field that Gauss can work in.
pub trait Field: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> {
    fn from_count(count: u64) -> Self;
    fn magnitude(self) -> f64;
}

impl Field for f64 {
    fn from_count(count: u64) -> Self {
        count as f64
    }
    fn magnitude(self) -> f64 {
        self.abs()
    }
}

/// An exact fraction, always reduced; overflow panics in a test build.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fraction(pub i128, pub i128);

impl Fraction {
    fn reduced(numerator: i128, denominator: i128) -> Self {
        fn divisor(a: i128, b: i128) -> i128 {
            if b == 0 { a } else { divisor(b, a % b) }
        }
        let common = divisor(numerator.abs(), denominator.abs()) * denominator.signum();
        Self(numerator / common, denominator / common)
    }
}

impl Add for Fraction {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::reduced(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }
}
impl Sub for Fraction {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::reduced(self.0 * other.1 - other.0 * self.1, self.1 * other.1)
    }
}
impl Mul for Fraction {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::reduced(self.0 * other.0, self.1 * other.1)
    }
}
impl Div for Fraction {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self::reduced(self.0 * other.1, self.1 * other.0)
    }
}
impl Field for Fraction {
    fn from_count(count: u64) -> Self {
        Self(i128::from(count), 1)
    }
    fn magnitude(self) -> f64 {
        (self.0 as f64 / self.1 as f64).abs()
    }
}

/// A path of channels, how often it converted, how often not, and the value of its conversions.
pub type Row = (Vec<u32>, u64, u64, u64);

/// What a path's end counts: its conversions, or their value.
type Reward = fn(&(u64, u64)) -> u64;

/// P(conv), and the removal effect of each channel by number and by value, of the chain of order k over paths. States are
/// windows of k channels as ChannelAttribution cuts them (the first k at once, then one further at a time; a shorter path is
/// one state), and a channel is removed with every window it is in.
pub fn markov<F: Field>(paths: &[Row], k: usize) -> (F, BTreeMap<u32, (F, F)>) {
    let mut states: Vec<&[u32]> = Vec::new();
    let mut moves: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    let mut starts: BTreeMap<usize, u64> = BTreeMap::new();
    let mut out: BTreeMap<usize, u64> = BTreeMap::new();
    let mut ends: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for (path, converted, null, value) in paths.iter().filter(|(path, ..)| !path.is_empty()) {
        let count = converted + null;
        let windows: Vec<&[u32]> = if path.len() < k { vec![path] } else { path.windows(k).collect() };
        let mut previous = None;
        for window in windows {
            let state = states.iter().position(|known| *known == window).unwrap_or_else(|| {
                states.push(window);
                states.len() - 1
            });
            match previous {
                None => *starts.entry(state).or_default() += count,
                Some(previous) => *moves.entry((previous, state)).or_default() += count,
            }
            *out.entry(state).or_default() += count;
            previous = Some(state);
        }
        let end = ends.entry(previous.unwrap()).or_default();
        end.0 += converted;
        end.1 += value;
    }
    let zero = F::from_count(0);
    let total = starts.values().sum();
    let part = |count: u64, of: u64| F::from_count(count) / F::from_count(of);
    // The reward expected from START if the windows with `gone` all lead to NULL.
    let expected = |gone: Option<u32>, reward: Reward| {
        let alive = |state: usize| gone.is_none_or(|gone| !states[state].contains(&gone));
        let n = states.len();
        let mut rows: Vec<Vec<F>> = (0..n)
            .map(|i| {
                let mut row = vec![zero; n + 1];
                row[i] = F::from_count(1);
                for ((_, j), count) in moves.iter().filter(|((from, to), _)| *from == i && alive(*to)) {
                    row[*j] = row[*j] - part(*count, out[&i]);
                }
                row[n] = ends.get(&i).map_or(zero, |end| part(reward(end), out[&i]));
                row
            })
            .collect();
        let solved = gauss(&mut rows);
        let reached = starts.iter().filter(|&(&state, _)| alive(state));
        reached.fold(zero, |sum, (&state, &count)| sum + part(count, total) * solved[state])
    };
    let (by_count, by_value): (Reward, Reward) = (|end| end.0, |end| end.1);
    let (probability, worth) = (expected(None, by_count), expected(None, by_value));
    let lost = |all: F, left: F| if all.magnitude() == 0.0 { zero } else { (all - left) / all };
    let mut channels: Vec<u32> = paths.iter().flat_map(|(path, ..)| path.iter().copied()).collect();
    channels.sort_unstable();
    channels.dedup();
    let effects = channels.into_iter().map(|channel| {
        let left = |reward: Reward| expected(Some(channel), reward);
        (channel, (lost(probability, left(by_count)), lost(worth, left(by_value))))
    });
    (probability, effects.collect())
}

/// Gauss–Jordan with pivoting on rows that end with the right side.
fn gauss<F: Field>(rows: &mut [Vec<F>]) -> Vec<F> {
    let n = rows.len();
    for column in 0..n {
        let by_size = |a: &usize, b: &usize| rows[*a][column].magnitude().total_cmp(&rows[*b][column].magnitude());
        let pivot = (column..n).max_by(by_size).unwrap();
        rows.swap(column, pivot);
        let pivot_row = rows[column].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != column) {
            let factor = row[column] / pivot_row[column];
            for (cell, above) in row.iter_mut().zip(&pivot_row) {
                *cell = *cell - factor * *above;
            }
        }
    }
    (0..n).map(|i| rows[i][n] / rows[i][i]).collect()
}
