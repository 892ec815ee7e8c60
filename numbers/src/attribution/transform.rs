//! What is done to a path before a model sees it (numbers.md 4.1). Names and meaning are those of Google Fractribution and
//! of its Snowplow edition; their files are the oracle (`tests/attribution/google.rs`).

use std::{collections::HashSet, hash::Hash, num::NonZeroUsize};

/// One transform over a path whose elements are alike when their keys are: a [`Row`](super::Row) by the unit, or a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transform<K> {
    /// `UNIQUE`: the path as it is.
    Unique,
    /// `EXPOSURE`: neighbours that are alike become one; the first of them stays.
    Exposure,
    /// `FIRST`: the first occurrence of each stays.
    First,
    /// `REMOVE_IF_NOT_ALL(x)`: all x go, unless the path is nothing but x.
    RemoveIfNotAll(K),
    /// `REMOVE_IF_LAST_AND_NOT_ALL(x)`: the x at the end go, unless the path is nothing but x.
    RemoveIfLastAndNotAll(K),
    /// `LAST_N(n)`: the last n stay.
    LastN(NonZeroUsize),
}

impl<K: Copy + Eq + Hash> Transform<K> {
    /// Transforms a path. A path with elements never becomes empty.
    pub fn apply<T>(&self, path: &mut Vec<T>, key: impl Fn(&T) -> K) {
        match *self {
            Self::Unique => {}
            Self::Exposure => path.dedup_by(|next, kept| key(next) == key(kept)),
            Self::First => {
                let mut seen = HashSet::with_capacity(path.len());
                path.retain(|element| seen.insert(key(element)));
            }
            Self::RemoveIfNotAll(x) => {
                if path.iter().any(|element| key(element) != x) {
                    path.retain(|element| key(element) != x);
                }
            }
            Self::RemoveIfLastAndNotAll(x) => {
                if let Some(last_other) = path.iter().rposition(|element| key(element) != x) {
                    path.truncate(last_other + 1);
                }
            }
            Self::LastN(n) => {
                path.drain(..path.len().saturating_sub(n.get()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The example path of Fractribution's own documentation, and the edge of each removal.
    #[rstest]
    #[case(Transform::Unique, "DABBCDCC", "DABBCDCC")]
    #[case(Transform::Exposure, "DABBCDCC", "DABCDC")]
    #[case(Transform::First, "DABBCDCC", "DABC")]
    #[case(Transform::RemoveIfNotAll('A'), "ABAA", "B")]
    #[case(Transform::RemoveIfNotAll('A'), "AAA", "AAA")]
    #[case(Transform::RemoveIfLastAndNotAll('A'), "ABAA", "AB")]
    #[case(Transform::RemoveIfLastAndNotAll('A'), "AAA", "AAA")]
    #[case(Transform::LastN(NonZeroUsize::new(3).unwrap()), "DABBCDCC", "DCC")]
    #[case(Transform::LastN(NonZeroUsize::new(9).unwrap()), "DAB", "DAB")]
    #[case(Transform::Exposure, "", "")]
    fn a_path_is_transformed(#[case] transform: Transform<char>, #[case] path: &str, #[case] expected: &str) {
        let mut path: Vec<char> = path.chars().collect();
        transform.apply(&mut path, |&channel| channel);
        assert_eq!(path.into_iter().collect::<String>(), expected);
    }
}
