//! Civil time: how a period is cut into the hours, days, weeks, months, quarters and years of one zone (3.0, rule 3).
//!
//! A civil day begins at the first instant at which the clocks of the zone show that date or a later one. So a day that
//! a change of the clocks shortens or lengthens has 23 or 25 hours, a midnight that does not exist begins with the
//! first minute that does, a midnight that comes twice counts when it comes first, and a date that a zone left out
//! (Apia, 2011-12-30) has no day at all. Everything longer than a day is made of such days. An hour is cut where the
//! clocks change, so that the hour that comes twice in autumn is two buckets, told apart by the offset in their labels.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// How finely a period is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grain {
    /// An hour of the clock; shorter or twice where the clocks change.
    Hour,
    /// A day: 23 or 25 hours where the clocks change.
    Day,
    /// Seven days from [`Calendar::week_start`] on.
    Week,
    /// A month of the calendar.
    Month,
    /// Three months, from January, April, July or October on.
    Quarter,
    /// From January to December.
    Year,
    /// Three months of the fiscal year.
    FiscalQuarter,
    /// Twelve months from month 1 + [`Calendar::fiscal_offset_months`] on.
    FiscalYear,
}

impl Grain {
    /// All of them, finest first.
    pub const ALL: [Grain; 8] = [
        Grain::Hour,
        Grain::Day,
        Grain::Week,
        Grain::Month,
        Grain::Quarter,
        Grain::Year,
        Grain::FiscalQuarter,
        Grain::FiscalYear,
    ];
}

/// The day that a week begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WeekStart {
    /// ISO 8601: Monday.
    Monday,
    /// As in North America: Sunday.
    Sunday,
}

/// A stretch of time, half open, with its civil name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// The first instant.
    pub from: DateTime<Utc>,
    /// The first instant after.
    pub to: DateTime<Utc>,
    /// The name in the zone of the calendar: `2026-11-27T01:00+01:00` (an hour, by its first minute and its offset),
    /// `2026-11-27`, `2026-W48` (ISO) or the first day of a week that begins on Sunday, `2026-11`, `2026-Q4`, `2026`,
    /// `FY2026-Q1`, `FY2026`. A fiscal year is named after the calendar year in which it ends. The name is that of the
    /// whole bucket even if it is cut.
    pub label: String,
    /// Whether the period begins or ends inside, so that this is only a part of what the label says.
    pub partial: bool,
}

impl Bucket {
    /// Whether an instant lies in it.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }

    /// Which of some buckets an instant lies in; `None` if in none of them. They must be in their order, as
    /// [`Calendar::buckets`] gives them.
    pub fn find(buckets: &[Bucket], at: DateTime<Utc>) -> Option<usize> {
        let place = buckets.partition_point(|bucket| bucket.to <= at);
        buckets.get(place).is_some_and(|bucket| bucket.contains(at)).then_some(place)
    }
}

/// A period has more buckets than the limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// How many would have been allowed.
    pub limit: usize,
}

/// The rules by which time is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Where the clocks hang.
    pub zone: Tz,
    /// The day that weeks begin with.
    pub week_start: WeekStart,
    /// How many months after January the fiscal year begins: 0 to 11, taken modulo 12.
    pub fiscal_offset_months: u8,
}

/// How the periods of a grain are numbered.
enum Civil {
    /// So many days, the first of them so many days after 0001-01-01 (a Monday).
    Days(i64, i64),
    /// So many months, the first of them so many months after January.
    Months(i64, i64),
}

/// Years outside are cut off: no figure is dated there, and the arithmetic stays far from the end of representable
/// time.
const YEARS: (i32, i32) = (1, 9999);

impl Calendar {
    /// Plain years and ISO weeks in a zone.
    pub fn new(zone: Tz) -> Self {
        Calendar { zone, week_start: WeekStart::Monday, fiscal_offset_months: 0 }
    }

    /// The buckets that overlap `[from, to)`, in their order, without gap; the first and the last are cut to the
    /// period. None if the period is empty.
    ///
    /// # Errors
    /// [`TooMany`] if there are more than `limit`.
    pub fn buckets(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        grain: Grain,
        limit: usize,
    ) -> Result<Vec<Bucket>, TooMany> {
        let (from, to) = (within(from), within(to));
        let mut buckets = Vec::new();
        let mut next = from;
        while next < to {
            if buckets.len() == limit {
                return Err(TooMany { limit });
            }
            let mut bucket = self.bucket_of(next, grain);
            next = bucket.to;
            bucket.partial = bucket.from < from || bucket.to > to;
            bucket.from = bucket.from.max(from);
            bucket.to = bucket.to.min(to);
            buckets.push(bucket);
        }
        Ok(buckets)
    }

    /// The whole bucket in which an instant lies. Instants before the year 1 or after 9999 lie in the first or the
    /// last.
    pub fn bucket_of(&self, at: DateTime<Utc>, grain: Grain) -> Bucket {
        let at = within(at);
        match self.civil(grain) {
            None => self.hour_of(at),
            Some(civil) => self.whole(number(self.date_of(at), &civil), &civil, grain),
        }
    }

    /// The number of the period in which an instant lies. It goes up by one from period to period of a grain, so the
    /// difference of two numbers is how many periods lie between. `None` for hours, which a change of the clocks makes
    /// uncountable.
    pub fn period_of(&self, at: DateTime<Utc>, grain: Grain) -> Option<i64> {
        Some(number(self.date_of(within(at)), &self.civil(grain)?))
    }

    /// The whole bucket with a number of [`Calendar::period_of`]. It is empty for a date that the zone left out. `None`
    /// for hours, and outside the years 1 to 9999.
    pub fn period(&self, number: i64, grain: Grain) -> Option<Bucket> {
        let civil = self.civil(grain)?;
        let years = YEARS.0..=YEARS.1;
        first_date(number, &civil).filter(|date| years.contains(&date.year()))?;
        Some(self.whole(number, &civil, grain))
    }

    /// The first instant of a civil day: the first that the clocks show at or after its midnight. A date that the zone
    /// left out begins where the next one begins.
    pub fn start_of_day(&self, date: NaiveDate) -> DateTime<Utc> {
        first_showing(self.zone, date.and_time(NaiveTime::MIN))
    }

    /// The civil day in which an instant lies. In the rare hour in which the clocks are set back over midnight, it is
    /// the day that has begun, not the one that the clocks show once more.
    pub fn date_of(&self, at: DateTime<Utc>) -> NaiveDate {
        let mut date = at.with_timezone(&self.zone).date_naive();
        while let Some(next) = date.succ_opt().filter(|next| self.start_of_day(*next) <= at) {
            date = next;
        }
        date
    }

    fn civil(&self, grain: Grain) -> Option<Civil> {
        let offset = i64::from(self.fiscal_offset_months % 12);
        match grain {
            Grain::Hour => None,
            Grain::Day => Some(Civil::Days(1, 0)),
            Grain::Week => match self.week_start {
                WeekStart::Monday => Some(Civil::Days(7, 0)),
                WeekStart::Sunday => Some(Civil::Days(7, -1)),
            },
            Grain::Month => Some(Civil::Months(1, 0)),
            Grain::Quarter => Some(Civil::Months(3, 0)),
            Grain::Year => Some(Civil::Months(12, 0)),
            Grain::FiscalQuarter => Some(Civil::Months(3, offset)),
            Grain::FiscalYear => Some(Civil::Months(12, offset)),
        }
    }

    fn whole(&self, number: i64, civil: &Civil, grain: Grain) -> Bucket {
        let first = first_date(number, civil).unwrap_or(NaiveDate::MIN);
        let after = first_date(number + 1, civil).unwrap_or(NaiveDate::MAX);
        Bucket {
            from: self.start_of_day(first),
            to: self.start_of_day(after),
            label: self.label(first, grain),
            partial: false,
        }
    }

    fn label(&self, first: NaiveDate, grain: Grain) -> String {
        let fiscal = |quarter: Option<u32>| {
            let offset = u32::from(self.fiscal_offset_months % 12);
            let ahead = (first.month0() + 12 - offset) % 12;
            let begun = if first.month0() < offset { first.year() - 1 } else { first.year() };
            let year = if offset == 0 { begun } else { begun + 1 };
            match quarter {
                None => format!("FY{year:04}"),
                Some(of) => format!("FY{year:04}-Q{}", ahead / of + 1),
            }
        };
        match grain {
            Grain::Hour | Grain::Day => first.to_string(),
            Grain::Week => match self.week_start {
                WeekStart::Monday => first.format("%G-W%V").to_string(),
                WeekStart::Sunday => first.to_string(),
            },
            Grain::Month => first.format("%Y-%m").to_string(),
            Grain::Quarter => format!("{:04}-Q{}", first.year(), first.month0() / 3 + 1),
            Grain::Year => format!("{:04}", first.year()),
            Grain::FiscalQuarter => fiscal(Some(3)),
            Grain::FiscalYear => fiscal(None),
        }
    }

    /// The hour of the clock around an instant, as far as the clocks are not changed in it.
    fn hour_of(&self, at: DateTime<Utc>) -> Bucket {
        let offset = |second: i64| -> i64 {
            let utc = DateTime::from_timestamp(second, 0).unwrap_or(at).naive_utc();
            self.zone.offset_from_utc_datetime(&utc).fix().local_minus_utc().into()
        };
        let now = at.timestamp();
        let own = offset(now);
        let mut from = (now + own).div_euclid(3600) * 3600 - own;
        let mut to = from + 3600;
        if offset(from) != own {
            from = change(from, now, |second| offset(second) == own);
        }
        if offset(to - 1) != own {
            to = change(now, to - 1, |second| offset(second) != own);
        }
        let utc = |second: i64| DateTime::from_timestamp(second, 0).unwrap_or(at);
        // Offsets of before the telegraph have seconds.
        let pattern = if own % 60 == 0 { "%Y-%m-%dT%H:%M%:z" } else { "%Y-%m-%dT%H:%M:%S%::z" };
        let label = utc(from).with_timezone(&self.zone).format(pattern).to_string();
        Bucket { from: utc(from), to: utc(to), label, partial: false }
    }
}

/// The first second in `(low, high]` at which something holds that does not hold at `low` and holds at `high`.
fn change(mut low: i64, mut high: i64, holds: impl Fn(i64) -> bool) -> i64 {
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}

fn number(date: NaiveDate, civil: &Civil) -> i64 {
    match civil {
        Civil::Days(length, first) => (i64::from(date.num_days_from_ce()) - 1 - first).div_euclid(*length),
        Civil::Months(length, first) => {
            (i64::from(date.year()) * 12 + i64::from(date.month0()) - first).div_euclid(*length)
        }
    }
}

fn first_date(number: i64, civil: &Civil) -> Option<NaiveDate> {
    match civil {
        Civil::Days(length, first) => {
            let days = number.checked_mul(*length)?.checked_add(1 + first)?;
            NaiveDate::from_num_days_from_ce_opt(i32::try_from(days).ok()?)
        }
        Civil::Months(length, first) => {
            let months = number.checked_mul(*length)?.checked_add(*first)?;
            let year = i32::try_from(months.div_euclid(12)).ok()?;
            NaiveDate::from_ymd_opt(year, u32::try_from(months.rem_euclid(12)).ok()? + 1, 1)
        }
    }
}

/// An instant, or the edge of the years in which there are figures.
pub(crate) fn within(at: DateTime<Utc>) -> DateTime<Utc> {
    let edge =
        |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default().and_time(NaiveTime::MIN);
    at.clamp(edge(YEARS.0, 1, 2).and_utc(), edge(YEARS.1, 12, 30).and_utc())
}

/// The first instant at which the clocks of a zone show a time or a later one: the earlier where they show it twice,
/// the end of the gap where they never do.
pub(crate) fn first_showing(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    if let Some(found) = zone.from_local_datetime(&local).earliest() {
        return found.with_timezone(&Utc);
    }
    // In a gap, or beyond representable time. No zone was ever sixteen hours from Greenwich.
    let Some((low, high)) =
        local.checked_sub_signed(Duration::hours(16)).zip(local.checked_add_signed(Duration::hours(16)))
    else {
        return local.and_utc();
    };
    let shows = |second: i64| {
        let utc = DateTime::from_timestamp(second, 0).unwrap_or(local.and_utc());
        utc.with_timezone(&zone).naive_local() >= local
    };
    let second = change(low.and_utc().timestamp(), high.and_utc().timestamp(), shows);
    DateTime::from_timestamp(second, 0).unwrap_or(local.and_utc())
}
