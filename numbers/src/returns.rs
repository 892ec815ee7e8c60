//! A9 and A14: what marketing money brings, and what a customer costs.

use std::{iter::Sum, ops::Add};

use chrono::{Duration, NaiveDate};

use crate::stats::Ratio;

/// What money brought, in minor units of one currency. Money that brought nothing stays in every sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Return {
    /// The revenue that a model of attribution gives to it.
    pub attributed: i64,
    /// The margin of that revenue; `None` if the margin of any part of it is not known.
    pub margin: Option<i64>,
    /// What was spent.
    pub cost: i64,
}

impl Return {
    /// Return on investment: (attributed − cost) / cost. No value where nothing was spent.
    pub fn roi(self) -> Ratio {
        Ratio { numerator: self.attributed - self.cost, denominator: self.cost }
    }

    /// Return on advertising spend: attributed / cost. No value where nothing was spent.
    pub fn roas(self) -> Ratio {
        Ratio { numerator: self.attributed, denominator: self.cost }
    }

    /// [`Return::roi`] of the margin; `None` if it is not known.
    pub fn margin_roi(self) -> Option<Ratio> {
        self.margin.map(|margin| Ratio { numerator: margin - self.cost, denominator: self.cost })
    }
}

impl Add for Return {
    type Output = Return;

    fn add(self, other: Return) -> Return {
        Return {
            attributed: self.attributed + other.attributed,
            margin: self.margin.zip(other.margin).map(|(own, other)| own + other),
            cost: self.cost + other.cost,
        }
    }
}

impl Sum for Return {
    fn sum<I: Iterator<Item = Return>>(parts: I) -> Return {
        parts.fold(Return { margin: Some(0), ..Return::default() }, Add::add)
    }
}

/// What one of something costs, in minor units: a customer (CAC: marketing and sales cost for new customers), a lead,
/// an MQL, a SAL, an opportunity. No value where there is none.
pub fn cost_per(marketing: i64, sales: i64, n: u64) -> Ratio {
    Ratio { numerator: marketing + sales, ..Ratio::of(0, n) }
}

/// The days `[from, to)` whose cost is set against what was won in a period, if a win takes `cycle_days` (the median):
/// as many days earlier, rounded half up. `None` if the cycle is not known, or negative, or leads out of the calendar.
pub fn lagged(from: NaiveDate, to: NaiveDate, cycle_days: Option<f64>) -> Option<(NaiveDate, NaiveDate)> {
    let days = cycle_days.filter(|days| (0.0..1e6).contains(days))?;
    let lag = Duration::days((days + 0.5).floor() as i64);
    Some((from.checked_sub_signed(lag)?, to.checked_sub_signed(lag)?))
}

/// What a cost row that is spread evenly over its days, `first` to `last` (included), gives to the days `[from, to)`:
/// whole minor units, the remainder of the division one each to the earliest days. So the parts of any cutting add up
/// to the row exactly. A row that ends before it begins lies on its first day.
pub fn prorated(minor: i64, first: NaiveDate, last: NaiveDate, from: NaiveDate, to: NaiveDate) -> i64 {
    let days = i128::from((last.max(first) - first).num_days()) + 1;
    let (each, more) = (i128::from(minor).div_euclid(days), i128::from(minor).rem_euclid(days));
    // What the days before a date get.
    let before = |date: NaiveDate| {
        let passed = i128::from((date - first).num_days()).clamp(0, days);
        passed * each + passed.min(more)
    };
    i64::try_from(before(to.max(from)) - before(from)).unwrap_or(minor)
}
