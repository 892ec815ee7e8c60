//! Exchange rates: what money of one currency is worth in another on a day (3.0, rule 4).
//!
//! A conversion takes the latest rate on or before its day. It looks for the pair, in either direction; if there is
//! none, it goes through the tenant's own currency. Arithmetic is exact until the one rounding at the end, half away
//! from zero, as SQL's `round` and merchants do it: so a debit and its credit note convert to opposite amounts, and −x
//! to minus what x converts to.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

/// Which day's rate an amount is converted at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The day of the amount's own event: the close date of an opportunity that is closed.
    AtEvent,
    /// The day as of which the report stands: for what is still open.
    AtReport(NaiveDate),
    /// A day that the reader chose, so that reports of different days compare.
    Fixed(NaiveDate),
}

impl Mode {
    /// The day whose rate counts for an amount of a day.
    pub fn date(self, event: NaiveDate) -> NaiveDate {
        match self {
            Mode::AtEvent => event,
            Mode::AtReport(date) | Mode::Fixed(date) => date,
        }
    }
}

/// Why an amount has no value in another currency. The row goes to `excluded`, under the reason of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unconverted {
    /// No rate of the pair, and none through the tenant's currency, on or before the day.
    MissingRate {
        /// The currency of the amount.
        from: String,
        /// The currency that was asked for.
        to: String,
        /// The day.
        date: NaiveDate,
    },
    /// The result does not fit.
    TooLarge,
}

/// What one minor unit of a currency is worth in minor units of another: an exact fraction above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Above.
    pub numerator: i128,
    /// Below; never 0.
    pub denominator: i128,
}

impl Rate {
    const ONE: Rate = Rate { numerator: 1, denominator: 1 };

    /// An amount in minor units, rounded half away from zero.
    ///
    /// # Errors
    /// [`Unconverted::TooLarge`].
    pub fn convert(self, minor: i64) -> Result<i64, Unconverted> {
        let shared = gcd(i128::from(minor).unsigned_abs(), self.denominator.unsigned_abs());
        let (amount, below) = (i128::from(minor) / shared, self.denominator / shared);
        let exact = amount.checked_mul(self.numerator).ok_or(Unconverted::TooLarge)?;
        let (whole, rest) = (exact / below, exact % below);
        // No doubling of the rest: it might not fit.
        let up = if rest.abs() >= below - rest.abs() { rest.signum() } else { 0 };
        i64::try_from(whole + up).map_err(|_| Unconverted::TooLarge)
    }

    fn reduced(numerator: i128, denominator: i128) -> Self {
        let shared = gcd(numerator.unsigned_abs(), denominator.unsigned_abs());
        Rate { numerator: numerator / shared, denominator: denominator / shared }
    }

    fn inverse(self) -> Self {
        Rate { numerator: self.denominator, denominator: self.numerator }
    }

    fn times(self, other: Rate) -> Option<Self> {
        let (left, right) =
            (Rate::reduced(self.numerator, other.denominator), Rate::reduced(other.numerator, self.denominator));
        Some(Rate {
            numerator: left.numerator.checked_mul(right.numerator)?,
            denominator: left.denominator.checked_mul(right.denominator)?,
        })
    }
}

fn gcd(a: u128, b: u128) -> i128 {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(1).max(1)
}

/// The rates of a tenant, by pair and day.
#[derive(Clone, Debug)]
pub struct Rates {
    pivot: String,
    decimals: fn(&str) -> u32,
    pairs: HashMap<String, HashMap<String, BTreeMap<NaiveDate, i64>>>,
}

impl Rates {
    /// No rates yet. `pivot` is the tenant's currency, through which two others meet; `decimals` says how many decimals
    /// a currency has (ISO 4217), so that its table stays in one place.
    pub fn new(pivot: &str, decimals: fn(&str) -> u32) -> Self {
        Rates { pivot: pivot.to_owned(), decimals, pairs: HashMap::new() }
    }

    /// Adds a rate as `fx_rate` holds it: units of `quote` for one unit of `base`, times 1,000,000,000. A rate that is
    /// not above 0 is none; of two for one pair and day the later added holds.
    pub fn add(&mut self, base: &str, quote: &str, date: NaiveDate, nano: i64) {
        if nano > 0 {
            self.pairs.entry(base.to_owned()).or_default().entry(quote.to_owned()).or_default().insert(date, nano);
        }
    }

    /// The rate between two currencies on a day, for amounts in minor units. `None` if there is no rate.
    pub fn rate(&self, from: &str, to: &str, date: NaiveDate) -> Option<Rate> {
        let main = match self.pair(from, to, date) {
            Some(rate) => rate,
            None => self.pair(from, &self.pivot, date)?.times(self.pair(&self.pivot, to, date)?)?,
        };
        let power = |currency: &str| 10_i128.checked_pow((self.decimals)(currency));
        main.times(Rate::reduced(power(to)?, power(from)?))
    }

    /// An amount in minor units of another currency.
    ///
    /// # Errors
    /// [`Unconverted`].
    pub fn convert(&self, minor: i64, from: &str, to: &str, date: NaiveDate) -> Result<i64, Unconverted> {
        if from == to {
            return Ok(minor);
        }
        let missing = || Unconverted::MissingRate { from: from.to_owned(), to: to.to_owned(), date };
        self.rate(from, to, date).ok_or_else(missing)?.convert(minor)
    }

    /// In main units. If the pair is noted in both directions, the later day counts, and of one day the direct rate.
    fn pair(&self, from: &str, to: &str, date: NaiveDate) -> Option<Rate> {
        if from == to {
            return Some(Rate::ONE);
        }
        let latest = |base: &str, quote: &str| {
            let (day, nano) = self.pairs.get(base)?.get(quote)?.range(..=date).next_back()?;
            Some((*day, Rate::reduced(i128::from(*nano), 1_000_000_000)))
        };
        match (latest(from, to), latest(to, from)) {
            (None, None) => None,
            (Some((_, direct)), None) => Some(direct),
            (None, Some((_, against))) => Some(against.inverse()),
            (Some((day, _)), Some((other, against))) if other > day => Some(against.inverse()),
            (Some((_, direct)), Some(_)) => Some(direct),
        }
    }
}
