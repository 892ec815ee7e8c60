//! A figure, made of its parts: what is divided by what, how sure a share is, how durations lie.

use numbers::stats::{self, Summary};

use super::{
    metric::{Definition, Derivation, Measure, Unit},
    tally::Tally,
};
use crate::graph::decimals;

/// A figure, finished.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// What is counted, in the metric's unit; money in minor units.
    pub numerator: Option<i128>,
    /// Out of what.
    pub denominator: Option<i128>,
    /// The figure itself; money in the main unit. None where there is nothing to divide by, or nothing ended.
    pub value: Option<f64>,
    /// The Wilson interval of a share.
    pub interval: Option<(f64, f64)>,
    /// How durations lie.
    pub summary: Option<Summary>,
    /// Rows that have not ended.
    pub open: Option<i64>,
    /// Whether all that can still happen has happened.
    pub mature: bool,
    /// Whether it is too small to be shown.
    pub suppressed: bool,
    /// Rows behind it.
    pub rows: i64,
}

/// What a metric's parts come to.
pub fn figure(definition: &Definition, tally: &Tally, currency: &str) -> Figure {
    if tally.hidden {
        return Figure { suppressed: true, mature: true, ..Figure::default() };
    }
    let base = Figure { mature: true, rows: tally.n, ..Figure::default() };
    let money = |minor: i128| minor as f64 / 10_f64.powi(i32::try_from(decimals(currency)).unwrap_or(2));
    match definition.measure {
        Measure::Count | Measure::Standing | Measure::Persons | Measure::Sum(_) => {
            Figure { numerator: Some(tally.sum), value: Some(tally.sum as f64), ..base }
        }
        Measure::Mean(_) => Figure {
            numerator: Some(tally.sum),
            denominator: Some(tally.n.into()),
            value: (tally.n > 0).then(|| tally.sum as f64 / tally.n as f64),
            ..base
        },
        Measure::Share { of: _, open } => Figure {
            numerator: Some(tally.hit),
            denominator: Some(tally.n.into()),
            value: (tally.n > 0).then(|| tally.hit as f64 / tally.n as f64),
            interval: stats::wilson(u64::try_from(tally.hit).unwrap_or(0), tally.n.unsigned_abs(), stats::Z95),
            open: open.map(|_| tally.open),
            mature: tally.open == 0,
            ..base
        },
        Measure::Balance { .. } => {
            let balance = tally.hit - i128::from(tally.miss);
            Figure {
                numerator: Some(balance),
                denominator: Some(tally.n.into()),
                value: (tally.n > 0).then(|| balance as f64 / tally.n as f64),
                ..base
            }
        }
        Measure::Money(_) | Measure::StandingMoney { .. } | Measure::Spread => {
            Figure { numerator: Some(tally.sum), value: Some(money(tally.sum)), ..base }
        }
        Measure::MoneyMean(_) => Figure {
            numerator: Some(tally.sum),
            denominator: Some(tally.valued.into()),
            value: (tally.valued > 0).then(|| money(tally.sum) / tally.valued as f64),
            ..base
        },
        Measure::MoneyShare { .. } => Figure {
            numerator: Some(tally.hit),
            denominator: Some(tally.sum),
            value: (tally.sum != 0).then(|| tally.hit as f64 / tally.sum as f64),
            ..base
        },
        Measure::Duration { .. } => {
            let summary = Summary::of(tally.samples.clone());
            Figure {
                value: summary.p50,
                open: Some(tally.open),
                summary: Some(summary),
                mature: tally.open == 0,
                ..base
            }
        }
        Measure::Derived(derivation) => {
            let Some((one, other)) = &tally.parts else { return base };
            let part = |metric: super::metric::Metric, tally: &Tally| {
                let definition = metric.definition();
                let parts = figure(&definition, tally, currency);
                (parts.numerator.unwrap_or(0), definition.unit)
            };
            let [first, second] = derivation.parts();
            let ((above, unit_above), (below, unit_below)) = (part(first, one), part(second, other));
            let above = match derivation {
                Derivation::Over(..) => above,
                Derivation::Return(..) => above - below,
            };
            let scale = |value: i128, unit: Unit| if unit == Unit::Money { money(value) } else { value as f64 };
            let value = (below != 0).then(|| scale(above, unit_above) / scale(below, unit_below));
            Figure { numerator: Some(above), denominator: Some(below), value, ..base }
        }
    }
}
