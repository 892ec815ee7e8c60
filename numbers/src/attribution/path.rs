//! From the touches of a conversion to its path: what counts, and in which order (numbers.md 4.1).

use super::{DEFAULT_MAX_STATES, Row, Touch, Transform, Unit};

/// One day in microseconds. An exact duration, not a civil day: look-backs do not depend on a time zone.
pub const DAY_US: u64 = 86_400_000_000;

/// The look-back when none is chosen: 90 days.
pub const DEFAULT_LOOKBACK_US: u64 = 90 * DAY_US;

/// What becomes of DIRECT touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direct {
    /// `KEEP`: they count like any other.
    #[default]
    Keep,
    /// `DROP_IF_OTHERS`: they count only if the whole path is direct (Google Analytics).
    DropIfOthers,
    /// `DROP`: they never count.
    Drop,
}

/// How touches become a path, and which rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// L in microseconds: a touch counts if it is not after the conversion and less than L before it. `u64::MAX` is "ever".
    pub lookback_us: u64,
    /// What becomes of DIRECT touches.
    pub direct: Direct,
    /// Whether rows by touch are wanted. They are as many as there are touches on converting paths, so memory is then no
    /// longer bounded by the channels and campaigns.
    pub touch_rows: bool,
    /// How many states a chain of `MARKOV` may have, in each view; with more it has no answer there.
    pub max_states: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lookback_us: DEFAULT_LOOKBACK_US,
            direct: Direct::default(),
            touch_rows: false,
            max_states: DEFAULT_MAX_STATES,
        }
    }
}

/// How many of the touches that a conversion was handed do not count, by reason: each under the first that holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// After the conversion, or before its look-back.
    pub outside: u64,
    /// DIRECT.
    pub direct: u64,
    /// Taken away by a transform.
    pub transformed: u64,
}

/// The eligible touches of one conversion, in order and transformed. Built anew in the same buffer for each conversion.
#[derive(Clone, Debug, Default)]
pub struct Path {
    touches: Vec<Touch>,
    left_out: LeftOut,
}

impl Path {
    /// Reads the touches of a conversion at `at`, in any order.
    pub fn build(
        &mut self,
        at: i64,
        touches: impl IntoIterator<Item = Touch>,
        options: &Options,
        unit: Unit,
        transforms: &[Transform<Row>],
    ) {
        let path = &mut self.touches;
        path.clear();
        let mut outside = 0;
        path.extend(touches.into_iter().filter(|touch| {
            let before = i128::from(at) - i128::from(touch.at);
            let inside = (0..i128::from(options.lookback_us)).contains(&before);
            outside += u64::from(!inside);
            inside
        }));
        path.sort_unstable_by_key(Touch::order);
        path.dedup_by_key(|touch| touch.id);
        let inside = path.len();
        match options.direct {
            Direct::Keep => {}
            Direct::DropIfOthers => {
                if path.iter().any(|touch| !touch.direct) {
                    path.retain(|touch| !touch.direct);
                }
            }
            Direct::Drop => path.retain(|touch| !touch.direct),
        }
        let handled = path.len();
        for transform in transforms {
            transform.apply(path, |touch| unit.row(touch));
        }
        let (direct, transformed) = ((inside - handled) as u64, (handled - path.len()) as u64);
        self.left_out = LeftOut { outside, direct, transformed };
    }

    /// What was handed over and does not count.
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// The touches, first to last. Empty if no touch was eligible.
    pub fn touches(&self) -> &[Touch] {
        &self.touches
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn touch(id: u128, at: i64, direct: bool) -> Touch {
        Touch { at, source_rank: 0, source_seq: 0, id, channel: u32::from(direct), campaign: None, direct, person: 0 }
    }

    fn ids(at: i64, touches: &[Touch], options: &Options) -> Vec<u128> {
        let mut path = Path::default();
        path.build(at, touches.iter().copied(), options, Unit::Touch, &[]);
        path.touches().iter().map(|touch| touch.id).collect()
    }

    #[test]
    fn the_look_back_is_open_at_its_far_end_and_closed_at_the_conversion() {
        let touches = [touch(1, 0, false), touch(2, 1, false), touch(3, 100, false), touch(4, 101, false)];
        assert_eq!(ids(100, &touches, &Options { lookback_us: 100, ..Options::default() }), [2, 3]);
        assert_eq!(ids(100, &touches, &Options { lookback_us: 0, ..Options::default() }), []);
        let ever = Options { lookback_us: u64::MAX, ..Options::default() };
        assert_eq!(ids(i64::MAX, &[touch(1, i64::MIN + 1, false)], &ever), [1]);
    }

    #[rstest]
    #[case(Direct::Keep, &[1, 2, 3], &[2])]
    #[case(Direct::DropIfOthers, &[1, 3], &[2])]
    #[case(Direct::Drop, &[1, 3], &[])]
    fn direct_touches_are_kept_or_dropped(#[case] direct: Direct, #[case] mixed: &[u128], #[case] pure: &[u128]) {
        let options = Options { direct, ..Options::default() };
        let touches = [touch(1, 10, false), touch(2, 20, true), touch(3, 30, false)];
        assert_eq!(ids(40, &touches, &options), mixed);
        assert_eq!(ids(40, &touches[1..2], &options), pure);
    }

    #[test]
    fn equal_times_are_ordered_by_rank_then_sequence_then_id() {
        let touches = [
            Touch { source_rank: 1, ..touch(1, 10, false) },
            Touch { source_seq: 2, ..touch(2, 10, false) },
            touch(9, 10, false),
            touch(8, 10, false),
        ];
        assert_eq!(ids(10, &touches, &Options::default()), [8, 9, 2, 1]);
    }

    #[test]
    fn what_does_not_count_is_counted_by_reason() {
        let touches =
            [touch(1, 0, false), touch(2, 10, true), touch(3, 20, false), touch(4, 30, false), touch(5, 99, false)];
        let options = Options { lookback_us: 40, direct: Direct::Drop, ..Options::default() };
        let mut path = Path::default();
        path.build(40, touches, &options, Unit::Channel, &[Transform::Exposure]);
        assert_eq!(path.left_out(), LeftOut { outside: 2, direct: 1, transformed: 1 });
        path.build(40, [], &options, Unit::Channel, &[]);
        assert_eq!(path.left_out(), LeftOut::default());
    }

    #[test]
    fn a_touch_handed_over_twice_counts_once() {
        let touches = [touch(1, 10, false), touch(2, 20, false), touch(1, 10, false)];
        assert_eq!(ids(30, &touches, &Options::default()), [1, 2]);
    }
}
