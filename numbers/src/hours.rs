//! Business time: how long something took in the hours in which people work (3.6 and its golden table).
//!
//! Hours are times on the wall. A block begins and ends at the first instant at which the clocks of the zone show its
//! time or a later one, as a civil day does (see [`crate::civil`]), and lasts as long as it really lasts: in the night
//! in which the clocks are set forward, a calendar that never closes has 23 hours.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, Offset, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use crate::civil::{first_showing, within};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// How far ahead a due moment is looked for: beyond, the answer is that there is none.
const HORIZON_DAYS: i64 = 200 * 366;

/// Working hours of one day, half open, in minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block {
    /// The first minute, 540 for 09:00.
    pub from: u16,
    /// The first minute after, 1020 for 17:00; 1440 for 24:00.
    pub to: u16,
}

/// One revision of a business calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessHours {
    zone: Tz,
    /// From Monday on; in each day sorted, disjoint, none empty.
    weekly: [Vec<Block>; 7],
    holidays: BTreeSet<NaiveDate>,
}

impl BusinessHours {
    /// A calendar of blocks by weekday, from Monday on, several a day in any order, and of days off. Blocks that touch
    /// or overlap become one; what lies beyond 24:00, or ends before it begins, is left out.
    pub fn new(zone: Tz, weekly: [Vec<Block>; 7], holidays: impl IntoIterator<Item = NaiveDate>) -> Self {
        BusinessHours { zone, weekly: weekly.map(tidy), holidays: holidays.into_iter().collect() }
    }

    /// Never closed: 24 hours on seven days.
    pub fn always(zone: Tz) -> Self {
        let whole = || vec![Block { from: 0, to: DAY }];
        BusinessHours::new(zone, [whole(), whole(), whole(), whole(), whole(), whole(), whole()], [])
    }

    /// Where the clocks hang.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether it is open at an instant.
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        // Where the clocks are set back over midnight, they show a day that is over.
        let date = at.with_timezone(&self.zone).date_naive();
        [Some(date), date.succ_opt()]
            .into_iter()
            .flatten()
            .any(|date| self.blocks(date).any(|(from, to)| from <= at && at < to))
    }

    /// The business time in `[from, to)`, within the years 1 to 9999. Zero if `to` is not later than `from`. Work grows
    /// with the number of days.
    pub fn elapsed(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
        let (from, to) = (within(from), within(to));
        let mut total = Duration::zero();
        let mut day = self.first_day(from);
        while let Some(date) = day.date.filter(|_| day.from < to) {
            let next = self.day_after(date, day.to);
            total += if day.from >= from && day.to <= to { self.open(date, &day) } else { self.part(date, from, to) };
            day = next;
        }
        total
    }

    /// When a span of business time that begins at `start` is used up: the due moment. It is the earliest such instant,
    /// so what fills a day is due at its end, not in the morning after. `start` itself for a span of zero or less.
    /// `None` if it would never come: the calendar has no hours, or not enough of them in 200 years, or before the year
    /// 10000.
    pub fn after(&self, start: DateTime<Utc>, span: Duration) -> Option<DateTime<Utc>> {
        if span <= Duration::zero() {
            return Some(start);
        }
        if self.weekly.iter().all(Vec::is_empty) || within(start) != start {
            return None;
        }
        let end = within(start + Duration::days(HORIZON_DAYS));
        let mut left = span;
        let mut day = self.first_day(start);
        while let Some(date) = day.date.filter(|_| day.from < end) {
            let open = if day.from >= start { self.open(date, &day) } else { self.part(date, start, day.to) };
            if open < left {
                left -= open;
                day = self.day_after(date, day.to);
                continue;
            }
            for (from, to) in self.blocks(date) {
                let from = from.max(start);
                if to - from >= left {
                    return Some(from + left);
                }
                left -= (to - from).max(Duration::zero());
            }
            return None;
        }
        None
    }

    /// The length of a business day: the week's hours, shared out over the weekdays that have any. `None` for a
    /// calendar without hours.
    pub fn business_day(&self) -> Option<Duration> {
        let open: Vec<i64> = self.weekly.iter().map(|blocks| minutes(blocks)).filter(|minutes| *minutes > 0).collect();
        let days = i32::try_from(open.len()).ok().filter(|days| *days > 0)?;
        Some(Duration::minutes(open.iter().sum()) / days)
    }

    fn on(&self, date: NaiveDate) -> &[Block] {
        if self.holidays.contains(&date) {
            return &[];
        }
        &self.weekly[match date.weekday() {
            Weekday::Mon => 0,
            Weekday::Tue => 1,
            Weekday::Wed => 2,
            Weekday::Thu => 3,
            Weekday::Fri => 4,
            Weekday::Sat => 5,
            Weekday::Sun => 6,
        }]
    }

    /// The blocks of a date as they happen.
    fn blocks(&self, date: NaiveDate) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        let midnight = date.and_time(NaiveTime::MIN);
        let moment = move |minute: u16| {
            let local = midnight.checked_add_signed(Duration::minutes(i64::from(minute))).unwrap_or(midnight);
            first_showing(self.zone, local)
        };
        self.on(date).iter().map(move |block| (moment(block.from), moment(block.to)))
    }

    /// The business time of a whole day. On a day on which the clocks are not changed, which is nearly every, it is the
    /// minutes of its blocks: so decades take milliseconds.
    fn open(&self, date: NaiveDate, day: &Day) -> Duration {
        if day.plain {
            return Duration::minutes(minutes(self.on(date)));
        }
        self.blocks(date).map(|(from, to)| to - from).sum()
    }

    fn part(&self, date: NaiveDate, from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
        let overlap =
            |(begin, end): (DateTime<Utc>, DateTime<Utc>)| (end.min(to) - begin.max(from)).max(Duration::zero());
        self.blocks(date).map(overlap).sum()
    }

    /// The day from which business time has to be looked at for what begins at an instant.
    fn first_day(&self, at: DateTime<Utc>) -> Day {
        self.day(Some(at.with_timezone(&self.zone).date_naive()), None)
    }

    fn day_after(&self, date: NaiveDate, from: DateTime<Utc>) -> Day {
        self.day(date.succ_opt(), Some(from))
    }

    fn day(&self, date: Option<NaiveDate>, from: Option<DateTime<Utc>>) -> Day {
        let start = |date: Option<NaiveDate>| date.map(|date| first_showing(self.zone, date.and_time(NaiveTime::MIN)));
        let after = date.and_then(|date| date.succ_opt());
        let (Some(from), Some(to)) = (from.or_else(|| start(date)), start(after)) else {
            return Day { date: None, from: DateTime::<Utc>::MAX_UTC, to: DateTime::<Utc>::MAX_UTC, plain: false };
        };
        // Two changes on one day that undo each other do not happen: none lies between if the day has its 24 hours and
        // ends with the offset that it began with.
        let offset = |at: DateTime<Utc>| self.zone.offset_from_utc_datetime(&at.naive_utc()).fix();
        let plain = to - from == Duration::hours(24) && offset(from) == offset(to);
        Day { date, from, to, plain }
    }
}

/// A civil day as it happens.
struct Day {
    /// Which; `None` beyond representable time.
    date: Option<NaiveDate>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// Whether the clocks run through.
    plain: bool,
}

fn tidy(mut blocks: Vec<Block>) -> Vec<Block> {
    blocks.sort_unstable();
    let mut tidy: Vec<Block> = Vec::new();
    for block in blocks {
        let block = Block { to: block.to.min(DAY), ..block };
        match tidy.last_mut() {
            Some(last) if block.from <= last.to => last.to = last.to.max(block.to),
            _ if block.from < block.to => tidy.push(block),
            _ => {}
        }
    }
    tidy
}

fn minutes(blocks: &[Block]) -> i64 {
    blocks.iter().map(|block| i64::from(block.to - block.from)).sum()
}

/// The revisions of one calendar over time. Hours change; what was measured by the old ones stays measured by them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revisions {
    /// Each revision and the instant from which it holds, in any order; the earliest holds for all time before it too.
    pub steps: Vec<(DateTime<Utc>, BusinessHours)>,
}

impl Revisions {
    /// One revision for all time.
    pub fn constant(hours: BusinessHours) -> Self {
        Revisions { steps: vec![(DateTime::<Utc>::MIN_UTC, hours)] }
    }

    /// The revision that holds at an instant. `None` if there are no revisions.
    pub fn at(&self, at: DateTime<Utc>) -> Option<&BusinessHours> {
        let begun = self.steps.iter().filter(|(from, _)| *from <= at).max_by_key(|(from, _)| *from);
        begun.or_else(|| self.steps.iter().min_by_key(|(from, _)| *from)).map(|(_, hours)| hours)
    }

    /// What a single event took: the whole span by the revision that holds at its end (3.6). `None` if there are no
    /// revisions.
    pub fn single(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Duration> {
        Some(self.at(to)?.elapsed(from, to))
    }

    /// What has run up in several steps (the stays of a ticket in its statuses): each whole step by the revision that
    /// holds at its end, as Zendesk captures the schedule with each change of status (3.6). `None` if there are no
    /// revisions.
    pub fn running(&self, steps: impl IntoIterator<Item = (DateTime<Utc>, DateTime<Utc>)>) -> Option<Duration> {
        if self.steps.is_empty() {
            return None;
        }
        steps.into_iter().map(|(from, to)| self.single(from, to)).sum()
    }
}

/// How long something took, by both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// By the calendar.
    pub calendar: Duration,
    /// In business hours; `None` without a business calendar.
    pub business: Option<Duration>,
}

impl Span {
    /// A single event: from its beginning to its end.
    pub fn single(from: DateTime<Utc>, to: DateTime<Utc>, hours: &Revisions) -> Self {
        Span { calendar: (to - from).max(Duration::zero()), business: hours.single(from, to) }
    }

    /// What has run up in several steps.
    pub fn running(steps: &[(DateTime<Utc>, DateTime<Utc>)], hours: &Revisions) -> Self {
        let calendar = steps.iter().map(|(from, to)| (*to - *from).max(Duration::zero())).sum();
        Span { calendar, business: hours.running(steps.iter().copied()) }
    }
}

/// A clock that runs until something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Clock {
    /// When it began to run.
    pub since: DateTime<Utc>,
    /// When it stopped; `None` while it runs. Only what has stopped goes into a median; the rest is counted beside
    /// (3.0, rule 6).
    pub stopped: Option<DateTime<Utc>>,
    /// How long it ran; so far, if it runs.
    pub span: Span,
}

impl Clock {
    /// A clock that stopped, or that runs as of a moment.
    pub fn of(since: DateTime<Utc>, stopped: Option<DateTime<Utc>>, as_of: DateTime<Utc>, hours: &Revisions) -> Self {
        Clock { since, stopped, span: Span::single(since, stopped.unwrap_or(as_of), hours) }
    }
}
