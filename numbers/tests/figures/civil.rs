use chrono::{DateTime, Duration, NaiveDate, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use numbers::civil::{Bucket, Calendar, Grain, TooMany, WeekStart};
use proptest::prelude::*;
use rstest::rstest;

use crate::at;

fn calendar(zone: &str) -> Calendar {
    Calendar::new(zone.parse().unwrap())
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn labels(buckets: &[Bucket]) -> Vec<&str> {
    buckets.iter().map(|bucket| bucket.label.as_str()).collect()
}

#[rstest]
// Where the clocks change, a day has 23 or 25 hours; where they change by half an hour, 23½ or 24½.
#[case("Europe/Berlin", "2026-03-28", "2026-03-27T23:00:00Z", 24 * 60)]
#[case("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 23 * 60)]
#[case("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 25 * 60)]
#[case("America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", 25 * 60)]
#[case("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 23 * 60 + 30)]
#[case("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 24 * 60 + 30)]
// Offsets of three quarters and of half an hour.
#[case("Asia/Kathmandu", "2026-01-01", "2025-12-31T18:15:00Z", 24 * 60)]
#[case("Asia/Kolkata", "2028-02-29", "2028-02-28T18:30:00Z", 24 * 60)]
#[case("Pacific/Chatham", "2026-04-05", "2026-04-04T10:15:00Z", 25 * 60)]
// Midnight does not exist: the day begins at one o'clock.
#[case("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23 * 60)]
// The clocks go back to 23:00: the hour before midnight comes twice and is a part of the day that it ends.
#[case("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", 25 * 60)]
// Midnight comes twice: the day begins with the first.
#[case("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 25 * 60)]
// One minute after midnight back to 23:01 of the day before.
#[case("America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z", 25 * 60)]
// A date that was left out.
#[case("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", 24 * 60)]
#[case("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0)]
#[case("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 24 * 60)]
fn a_day_begins_when_the_clocks_first_show_it(
    #[case] zone: &str,
    #[case] day: &str,
    #[case] start: &str,
    #[case] minutes: i64,
) {
    let calendar = calendar(zone);
    let begun = calendar.start_of_day(date(day));
    assert_eq!(begun, at(start));
    assert_eq!(calendar.start_of_day(date(day).succ_opt().unwrap()) - begun, Duration::minutes(minutes));
}

#[rstest]
#[case(Grain::Hour, "2026-11-27T01:00+01:00", "2026-11-27T00:00:00Z", "2026-11-27T01:00:00Z")]
#[case(Grain::Day, "2026-11-27", "2026-11-26T23:00:00Z", "2026-11-27T23:00:00Z")]
#[case(Grain::Week, "2026-W48", "2026-11-22T23:00:00Z", "2026-11-29T23:00:00Z")]
#[case(Grain::Month, "2026-11", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z")]
#[case(Grain::Quarter, "2026-Q4", "2026-09-30T22:00:00Z", "2026-12-31T23:00:00Z")]
#[case(Grain::Year, "2026", "2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z")]
#[case(Grain::FiscalQuarter, "FY2026-Q4", "2026-09-30T22:00:00Z", "2026-12-31T23:00:00Z")]
#[case(Grain::FiscalYear, "FY2026", "2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z")]
fn each_grain_has_its_name(#[case] grain: Grain, #[case] label: &str, #[case] from: &str, #[case] to: &str) {
    let bucket = calendar("Europe/Berlin").bucket_of(at("2026-11-27T01:30:00+01:00"), grain);
    assert_eq!(bucket, Bucket { from: at(from), to: at(to), label: label.into(), partial: false });
}

#[rstest]
#[case("2026-03-31", 3, "FY2026-Q4", "FY2026")]
#[case("2026-04-01", 3, "FY2027-Q1", "FY2027")]
#[case("2026-12-31", 3, "FY2027-Q3", "FY2027")]
#[case("2027-01-01", 3, "FY2027-Q4", "FY2027")]
#[case("2026-11-30", 11, "FY2026-Q4", "FY2026")]
#[case("2026-12-01", 11, "FY2027-Q1", "FY2027")]
#[case("2026-01-31", 1, "FY2026-Q4", "FY2026")]
#[case("2026-02-01", 1, "FY2027-Q1", "FY2027")]
#[case("2026-02-01", 0, "FY2026-Q1", "FY2026")]
#[case("2026-02-01", 12, "FY2026-Q1", "FY2026")]
fn a_fiscal_year_is_named_after_the_year_it_ends_in(
    #[case] day: &str,
    #[case] fiscal_offset_months: u8,
    #[case] quarter: &str,
    #[case] year: &str,
) {
    let calendar = Calendar { fiscal_offset_months, ..calendar("America/New_York") };
    let noon = calendar.start_of_day(date(day)) + Duration::hours(12);
    assert_eq!(calendar.bucket_of(noon, Grain::FiscalQuarter).label, quarter);
    assert_eq!(calendar.bucket_of(noon, Grain::FiscalYear).label, year);
    let whole = calendar.bucket_of(noon, Grain::FiscalYear);
    let first = whole.from.with_timezone(&calendar.zone).format("%m-%d %H:%M").to_string();
    assert_eq!(first, format!("{:02}-01 00:00", fiscal_offset_months % 12 + 1));
}

#[rstest]
#[case("2026-12-31", WeekStart::Monday, "2026-W53", "2026-12-28")]
#[case("2027-01-03", WeekStart::Monday, "2026-W53", "2026-12-28")]
#[case("2027-01-04", WeekStart::Monday, "2027-W01", "2027-01-04")]
#[case("2024-12-30", WeekStart::Monday, "2025-W01", "2024-12-30")]
#[case("2027-01-03", WeekStart::Sunday, "2027-01-03", "2027-01-03")]
#[case("2027-01-02", WeekStart::Sunday, "2026-12-27", "2026-12-27")]
fn weeks_cross_the_end_of_the_year(
    #[case] day: &str,
    #[case] week_start: WeekStart,
    #[case] label: &str,
    #[case] first: &str,
) {
    let calendar = Calendar { week_start, ..calendar("Europe/Berlin") };
    let week = calendar.bucket_of(calendar.start_of_day(date(day)), Grain::Week);
    assert_eq!((week.label.as_str(), week.from), (label, calendar.start_of_day(date(first))));
    assert_eq!(week.to - week.from, Duration::days(7));
}

#[test]
fn the_hour_that_comes_twice_is_two_buckets() {
    let calendar = calendar("Europe/Berlin");
    let hours =
        calendar.buckets(at("2026-10-25T01:00:00+02:00"), at("2026-10-25T04:00:00+01:00"), Grain::Hour, 10).unwrap();
    let want = ["2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"];
    assert_eq!(labels(&hours), want);
    assert!(hours.iter().all(|hour| hour.to - hour.from == Duration::hours(1) && !hour.partial));
    let spring =
        calendar.buckets(at("2026-03-29T01:00:00+01:00"), at("2026-03-29T04:00:00+02:00"), Grain::Hour, 10).unwrap();
    assert_eq!(labels(&spring), ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"]);
}

#[test]
fn half_an_hour_of_change_makes_half_hours() {
    let calendar = calendar("Australia/Lord_Howe");
    let (from, to) = (at("2026-04-05T01:00:00+11:00"), at("2026-04-05T03:00:00+10:30"));
    let hours = calendar.buckets(from, to, Grain::Hour, 10).unwrap();
    assert_eq!(labels(&hours), ["2026-04-05T01:00+11:00", "2026-04-05T01:30+10:30", "2026-04-05T02:00+10:30"]);
    assert_eq!(hours.iter().map(|hour| (hour.to - hour.from).num_minutes()).collect::<Vec<_>>(), [60, 30, 60]);
    let (from, to) = (at("2026-10-04T01:00:00+10:30"), at("2026-10-04T04:00:00+11:00"));
    let hours = calendar.buckets(from, to, Grain::Hour, 10).unwrap();
    assert_eq!(labels(&hours), ["2026-10-04T01:00+10:30", "2026-10-04T02:30+11:00", "2026-10-04T03:00+11:00"]);
    assert_eq!(hours.iter().map(|hour| (hour.to - hour.from).num_minutes()).collect::<Vec<_>>(), [60, 30, 60]);
}

#[test]
fn a_date_that_a_zone_left_out_has_no_bucket() {
    let calendar = calendar("Pacific/Apia");
    let days =
        calendar.buckets(at("2011-12-29T00:00:00-10:00"), at("2012-01-01T00:00:00+14:00"), Grain::Day, 9).unwrap();
    assert_eq!(labels(&days), ["2011-12-29", "2011-12-31"]);
    let week = calendar.bucket_of(days[1].from, Grain::Week);
    assert_eq!((week.label.as_str(), week.to - week.from), ("2011-W52", Duration::days(6)));
}

#[test]
fn the_first_and_the_last_bucket_are_cut_to_the_period() {
    let calendar = calendar("Europe/Berlin");
    let (from, to) = (at("2028-01-15T00:00:00+01:00"), at("2028-04-01T00:00:00+02:00"));
    let months = calendar.buckets(from, to, Grain::Month, 3).unwrap();
    let cut: Vec<_> = months.iter().map(|month| (month.label.as_str(), month.partial)).collect();
    assert_eq!(cut, [("2028-01", true), ("2028-02", false), ("2028-03", false)]);
    assert_eq!((months[0].from, months[2].to), (from, to));
    assert_eq!(months[1].to - months[1].from, Duration::days(29));
    assert_eq!(months[2].to - months[2].from, Duration::days(31) - Duration::hours(1));
    let inside = calendar.buckets(from, from + Duration::days(1), Grain::Year, 1).unwrap();
    assert_eq!(inside, [Bucket { from, to: from + Duration::days(1), label: "2028".into(), partial: true }]);
    assert_eq!(calendar.buckets(from, from, Grain::Day, 0), Ok(vec![]));
    assert_eq!(calendar.buckets(to, from, Grain::Day, 0), Ok(vec![]));
}

#[test]
fn more_buckets_than_the_limit_are_refused() {
    let calendar = calendar("UTC");
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-01-11T00:00:00Z"));
    assert_eq!(calendar.buckets(from, to, Grain::Day, 10).unwrap().len(), 10);
    assert_eq!(calendar.buckets(from, to, Grain::Day, 9), Err(TooMany { limit: 9 }));
    let ages = calendar.buckets(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, Grain::Hour, 100);
    assert_eq!(ages, Err(TooMany { limit: 100 }));
}

#[test]
fn the_ends_of_time_are_answered() {
    for zone in ["Pacific/Kiritimati", "Pacific/Niue", "Europe/Berlin"] {
        for week_start in [WeekStart::Monday, WeekStart::Sunday] {
            let calendar = Calendar { week_start, fiscal_offset_months: 7, ..calendar(zone) };
            for grain in Grain::ALL {
                for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
                    let bucket = calendar.bucket_of(end, grain);
                    assert!(bucket.from < bucket.to, "{bucket:?}");
                    if let Some(number) = calendar.period_of(end, grain) {
                        assert!(calendar.period(number + 100_000_000_000, grain).is_none());
                        assert!(calendar.period(i64::MIN, grain).is_none());
                    }
                }
            }
        }
    }
}

#[test]
fn instants_are_found_in_their_buckets() {
    let calendar = calendar("Europe/Berlin");
    let (from, to) = (at("2026-01-15T00:00:00Z"), at("2026-03-15T00:00:00Z"));
    let months = calendar.buckets(from, to, Grain::Month, 10).unwrap();
    let find = |text: &str| Bucket::find(&months, at(text));
    assert_eq!(find("2026-01-14T23:59:59Z"), None);
    assert_eq!(find("2026-01-15T00:00:00Z"), Some(0));
    assert_eq!(find("2026-01-31T22:59:59Z"), Some(0));
    assert_eq!(find("2026-01-31T23:00:00Z"), Some(1));
    assert_eq!(find("2026-03-14T23:59:59Z"), Some(2));
    assert_eq!(find("2026-03-15T00:00:00Z"), None);
    assert_eq!(Bucket::find(&[], from), None);
}

const ZONES: [&str; 16] = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "America/Caracas",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Pyongyang",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Antarctica/Troll",
];

prop_compose! {
    fn some_calendar()(zone in 0..ZONES.len(), sunday: bool, fiscal_offset_months in 0_u8..12) -> Calendar {
        let week_start = if sunday { WeekStart::Sunday } else { WeekStart::Monday };
        Calendar { week_start, fiscal_offset_months, ..calendar(ZONES[zone]) }
    }
}

/// From 1970 to 2040.
fn some_instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..2_208_988_800_000).prop_map(|milli| DateTime::from_timestamp_millis(milli).unwrap())
}

/// Close to a change of the clocks, which a random instant hardly ever is: the zone's offset differs two days before
/// and after.
fn near_a_change() -> impl Strategy<Value = (Calendar, DateTime<Utc>)> {
    (some_calendar(), some_instant(), -86_400_000_i64..86_400_000).prop_map(|(calendar, start, aside)| {
        let offset = |at: DateTime<Utc>| calendar.zone.offset_from_utc_datetime(&at.naive_utc()).fix();
        let days = (0..400).map(|day| start + Duration::days(day));
        let change = days.clone().find(|day| offset(*day) != offset(*day + Duration::days(1)));
        (calendar, change.unwrap_or(start) + Duration::milliseconds(aside))
    })
}

fn local(zone: Tz, at: DateTime<Utc>) -> DateTime<Tz> {
    at.with_timezone(&zone)
}

/// What an hour and a day are, said without the code that cuts them.
fn belongs(calendar: &Calendar, at: DateTime<Utc>) {
    let zone = calendar.zone;
    let second = Duration::seconds(1);
    let hour = calendar.bucket_of(at, Grain::Hour);
    let face =
        |at: DateTime<Utc>| (local(zone, at).date_naive(), local(zone, at).hour(), local(zone, at).offset().fix());
    assert!(hour.contains(at));
    assert_eq!(face(at), face(hour.from));
    assert_eq!(face(at), face(hour.to - second));
    assert_ne!(face(at), face(hour.from - second));
    assert_ne!(face(at), face(hour.to));
    let day = calendar.bucket_of(at, Grain::Day);
    let date: NaiveDate = day.label.parse().unwrap();
    assert!(day.contains(at));
    assert!(local(zone, day.from).date_naive() == date);
    assert!(local(zone, day.from - second).date_naive() < date);
    assert!(local(zone, day.to).date_naive() > date);
    assert!(local(zone, day.to - second).date_naive() <= date);
    assert_eq!(calendar.date_of(at), date);
}

proptest! {
    #[test]
    fn an_instant_lies_in_its_bucket((calendar, at) in near_a_change(), far in some_instant()) {
        belongs(&calendar, at);
        belongs(&calendar, far);
        for grain in Grain::ALL {
            let bucket = calendar.bucket_of(at, grain);
            prop_assert!(bucket.contains(at), "{at} {bucket:?}");
            prop_assert_eq!(&calendar.bucket_of(bucket.from, grain), &bucket);
            prop_assert_ne!(&calendar.bucket_of(bucket.to, grain).label, &bucket.label);
            if let Some(number) = calendar.period_of(at, grain) {
                prop_assert_eq!(&calendar.period(number, grain).unwrap(), &bucket);
                prop_assert!(calendar.period(number + 1, grain).unwrap().from >= bucket.to);
            }
        }
    }

    #[test]
    fn buckets_cover_the_period_without_gap_or_overlap(
        (calendar, from) in near_a_change(),
        hours in 1_i64..300,
        grain in 0..Grain::ALL.len(),
    ) {
        let grain = Grain::ALL[grain];
        let to = from + Duration::hours(hours) + Duration::milliseconds(7);
        let buckets = calendar.buckets(from, to, grain, 1000).unwrap();
        prop_assert_eq!(buckets.first().unwrap().from, from);
        prop_assert_eq!(buckets.last().unwrap().to, to);
        for pair in buckets.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
            prop_assert_ne!(&pair[0].label, &pair[1].label);
        }
        for bucket in &buckets {
            let whole = calendar.bucket_of(bucket.from, grain);
            prop_assert!(bucket.from < bucket.to);
            prop_assert_eq!(bucket.partial, (bucket.from, bucket.to) != (whole.from, whole.to));
            prop_assert_eq!(&bucket.label, &whole.label);
        }
        let middle = from + (to - from) / 2;
        prop_assert!(buckets[Bucket::find(&buckets, middle).unwrap()].contains(middle));
    }
}
