//! Moments and civil dates, in the forms that exports mix: ISO with and without a zone, milliseconds, slashes, dots.

use chrono::{
    DateTime, Datelike, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeZone, Utc,
};
use chrono_tz::Tz;

/// How a source writes times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// The zone of times that name none, and of the dates of moments.
    pub zone: Tz,
    /// `3/4/2024` is the third of April.
    pub day_first: bool,
}

/// A moment as RFC 3339 in UTC.
pub(crate) fn time(text: &str, clock: Clock) -> Option<String> {
    let moment = moment(text.trim(), clock)?;
    Some(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// A civil date; of a moment, its date in the source's zone.
pub(crate) fn date(text: &str, clock: Clock) -> Option<String> {
    let text = text.trim();
    let date = match civil_date(text, clock) {
        Some(date) => date,
        None => moment(text, clock)?.with_timezone(&clock.zone).date_naive(),
    };
    sane(date).then(|| date.format("%Y-%m-%d").to_string())
}

fn sane(date: NaiveDate) -> bool {
    (1000..=9999).contains(&date.year())
}

fn moment(text: &str, clock: Clock) -> Option<DateTime<Utc>> {
    let moment = epoch(text)
        .or_else(|| zoned(text))
        .or_else(|| Some(local(civil(text, clock)?, clock.zone)))
        .or_else(|| Some(local(civil_date(text, clock)?.and_time(NaiveTime::MIN), clock.zone)))?;
    sane(moment.date_naive()).then_some(moment)
}

/// Milliseconds since 1970 (12 or 13 digits, as HubSpot's API writes them), or seconds (10).
fn epoch(text: &str) -> Option<DateTime<Utc>> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = whole.parse().ok()?;
    match whole.len() {
        12..=13 => DateTime::from_timestamp_millis(number),
        10 => DateTime::from_timestamp(number, 0),
        _ => None,
    }
}

fn zoned(text: &str) -> Option<DateTime<Utc>> {
    let text = match text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")) {
        Some(bare) => format!("{bare}+00:00"),
        None => text.to_owned(),
    };
    if let Ok(moment) = DateTime::parse_from_rfc3339(&text) {
        return Some(moment.to_utc());
    }
    ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z", "%Y-%m-%dT%H:%M%#z"]
        .iter()
        .find_map(|form| DateTime::parse_from_str(&text, form).ok())
        .map(|moment| moment.to_utc())
}

fn civil(text: &str, clock: Clock) -> Option<NaiveDateTime> {
    let slashes: [&str; 4] = match clock.day_first {
        true => ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M %p"],
        false => ["%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p"],
    };
    [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %I:%M %p",
        "%d.%m.%Y %H:%M:%S",
        "%d.%m.%Y %H:%M",
    ]
    .iter()
    .chain(&slashes)
    .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
}

fn civil_date(text: &str, clock: Clock) -> Option<NaiveDate> {
    let slash = if clock.day_first { "%d/%m/%Y" } else { "%m/%d/%Y" };
    ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", slash].iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok())
}

/// A local time in UTC. One that is twice is the first; one that the clock leaps over is an hour on.
fn local(time: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&time) {
        LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => moment.to_utc(),
        LocalResult::None => match zone.from_local_datetime(&(time + Duration::hours(1))) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => moment.to_utc(),
            LocalResult::None => time.and_utc(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTC: Clock = Clock { zone: Tz::UTC, day_first: false };
    const BERLIN: Clock = Clock { zone: chrono_tz::Europe::Berlin, day_first: true };

    #[test]
    fn one_moment_in_all_the_forms_that_exports_mix() {
        for text in [
            "2019-09-26T13:00:00Z",
            "2019-09-26T13:00:00.000+0000",
            "2019-09-26T15:00:00+02:00",
            "2019-09-26 13:00:00",
            "2019-09-26 13:00:00 UTC",
            "2019-09-26 13:00:00.000",
            "2019-09-26 13:00",
            "09/26/2019 1:00 PM",
            "26.09.2019 13:00",
            "1569502800000",
            "1569502800",
        ] {
            assert_eq!(time(text, UTC).as_deref(), Some("2019-09-26T13:00:00Z"), "{text}");
        }
        assert_eq!(time("2020-12-30 3:15:52", UTC).as_deref(), Some("2020-12-30T03:15:52Z"));
        assert_eq!(time("2023-06-22 11:37:07.210000", UTC).as_deref(), Some("2023-06-22T11:37:07.210Z"));
        assert_eq!(time("2019-09-26 13:00:00", BERLIN).as_deref(), Some("2019-09-26T11:00:00Z"));
        assert_eq!(time("3/4/2024 08:00", BERLIN).as_deref(), Some("2024-04-03T06:00:00Z"));
        assert_eq!(time("2019-09-26", UTC).as_deref(), Some("2019-09-26T00:00:00Z"));
        for text in ["", "soon", "2019", "2019-13-01", "0019-09-26 13:00:00", "99999999999999999", "12345"] {
            assert_eq!(time(text, UTC), None, "{text}");
        }
    }

    #[test]
    fn an_hour_that_is_not_or_is_twice() {
        assert_eq!(time("2024-03-31 02:30:00", BERLIN).as_deref(), Some("2024-03-31T01:30:00Z"));
        assert_eq!(time("2024-10-27 02:30:00", BERLIN).as_deref(), Some("2024-10-27T00:30:00Z"));
    }

    #[test]
    fn a_date_is_that_of_the_sources_zone() {
        assert_eq!(date("2020-12-31T23:30:00Z", BERLIN).as_deref(), Some("2021-01-01"));
        assert_eq!(date("2020-12-31T23:30:00Z", UTC).as_deref(), Some("2020-12-31"));
        assert_eq!(date("12/31/2020", UTC).as_deref(), Some("2020-12-31"));
        assert_eq!(date("31/12/2020", BERLIN).as_deref(), Some("2020-12-31"));
        assert_eq!(date("31/12/2020", UTC), None);
        assert_eq!(date("2018-12-19 00:00:00", UTC).as_deref(), Some("2018-12-19"));
        assert_eq!(date("1569502800000", UTC).as_deref(), Some("2019-09-26"));
    }
}
