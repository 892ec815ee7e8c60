//! A7: sales velocity, what the pipeline yields a day.

use crate::stats::{Ratio, Summary};

/// Milliseconds of a day.
const DAY: f64 = 86_400_000.0;

/// Sales velocity: `open × win rate × average won value / cycle`, in minor units of the report's currency a day, with
/// its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Velocity {
    /// Qualified opportunities that are open; `None` if not known.
    pub open_qualified: Option<u64>,
    /// Won of won and lost.
    pub win_rate: Ratio,
    /// What a won opportunity is worth on average, in minor units: value won and number won.
    pub average_won: Ratio,
    /// The sales cycle of those won, in days: the median, which few long ones do not move; `None` if none was won.
    pub median_cycle_days: Option<f64>,
    /// The mean, as most published versions have it.
    pub mean_cycle_days: Option<f64>,
    /// By the median cycle. `None` if any part is, or if the cycle is 0.
    pub by_median: Option<f64>,
    /// By the mean cycle, likewise.
    pub by_mean: Option<f64>,
}

/// Sales velocity from its four parts; `cycle` summarises milliseconds from creation to winning.
pub fn velocity(open_qualified: Option<u64>, win_rate: Ratio, average_won: Ratio, cycle: &Summary) -> Velocity {
    let days = |milli: Option<f64>| milli.map(|milli| milli / DAY);
    let (median_cycle_days, mean_cycle_days) = (days(cycle.p50), days(cycle.mean));
    let yielded = |cycle: Option<f64>| {
        let cycle = cycle.filter(|days| *days > 0.0)?;
        Some(open_qualified? as f64 * win_rate.value()? * average_won.value()? / cycle)
    };
    Velocity {
        open_qualified,
        win_rate,
        average_won,
        median_cycle_days,
        mean_cycle_days,
        by_median: yielded(median_cycle_days),
        by_mean: yielded(mean_cycle_days),
    }
}
