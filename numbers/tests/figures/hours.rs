use chrono::{DateTime, Datelike, Duration, NaiveDate, TimeZone, Timelike, Utc};
use numbers::hours::{Block, BusinessHours, Clock, Revisions, Span};
use proptest::prelude::*;
use rstest::rstest;

use crate::at;

fn block(from: u16, to: u16) -> Block {
    Block { from: from / 100 * 60 + from % 100, to: to / 100 * 60 + to % 100 }
}

/// Monday to Friday 09:00–12:00 and 13:00–17:00.
fn office(zone: &str, holidays: &[&str]) -> BusinessHours {
    let day = || vec![block(900, 1200), block(1300, 1700)];
    let holidays = holidays.iter().map(|day| day.parse::<NaiveDate>().unwrap());
    BusinessHours::new(zone.parse().unwrap(), [day(), day(), day(), day(), day(), vec![], vec![]], holidays)
}

/// A wall time in Berlin, as `2026-03-27 16:00`.
fn berlin(text: &str) -> DateTime<Utc> {
    let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    chrono_tz::Europe::Berlin.from_local_datetime(&local).unwrap().with_timezone(&Utc)
}

#[rstest]
// The golden table of 3.6. 2026-11-27 is a Friday.
#[case("2026-11-27 16:30", "2026-11-30 09:20", 50)]
#[case("2026-11-27 11:50", "2026-11-27 13:10", 20)]
#[case("2026-11-28 10:00", "2026-11-30 09:00", 0)]
#[case("2026-03-27 16:00", "2026-03-30 10:00", 120)]
#[case("2026-04-02 16:00", "2026-04-07 10:00", 120)]
// And its edges.
#[case("2026-11-27 09:00", "2026-11-27 17:00", 7 * 60)]
#[case("2026-11-27 12:00", "2026-11-27 13:00", 0)]
#[case("2026-11-23 00:00", "2026-11-30 00:00", 35 * 60)]
#[case("2026-11-27 16:00", "2026-11-27 16:00", 0)]
#[case("2026-11-27 16:00", "2026-11-27 15:00", 0)]
fn the_golden_clock_table(#[case] from: &str, #[case] to: &str, #[case] minutes: i64) {
    let easter = office("Europe/Berlin", &["2026-04-03", "2026-04-06"]);
    assert_eq!(easter.elapsed(berlin(from), berlin(to)), Duration::minutes(minutes));
}

#[rstest]
#[case("2026-03-29 00:00", "2026-03-30 00:00", 23)]
#[case("2026-10-25 00:00", "2026-10-26 00:00", 25)]
fn round_the_clock_counts_what_really_passes(#[case] from: &str, #[case] to: &str, #[case] hours: i64) {
    let always = BusinessHours::always(chrono_tz::Europe::Berlin);
    assert_eq!(always.elapsed(berlin(from), berlin(to)), Duration::hours(hours));
    assert_eq!(always.after(berlin(from), Duration::hours(hours)), Some(berlin(to)));
    assert_eq!(always.business_day(), Some(Duration::hours(24)));
}

#[test]
fn a_date_that_a_zone_left_out_has_no_hours() {
    let (from, to) = (at("2011-12-29T00:00:00-10:00"), at("2012-01-01T00:00:00+14:00"));
    assert_eq!(BusinessHours::always(chrono_tz::Pacific::Apia).elapsed(from, to), Duration::hours(48));
    // Thursday, and not the Friday that never was; Saturday is no working day.
    assert_eq!(office("Pacific/Apia", &[]).elapsed(from, to), Duration::hours(7));
    assert_eq!(office("Pacific/Apia", &[]).after(from, Duration::hours(8)), Some(at("2012-01-02T10:00:00+14:00")));
}

#[rstest]
#[case("2026-11-27 16:30", 30, "2026-11-27 17:00")]
#[case("2026-11-27 16:30", 31, "2026-11-30 09:01")]
#[case("2026-11-27 11:50", 20, "2026-11-27 13:10")]
#[case("2026-11-28 10:00", 7 * 60, "2026-11-30 17:00")]
#[case("2026-04-02 16:00", 120, "2026-04-07 10:00")]
#[case("2026-11-28 10:00", 0, "2026-11-28 10:00")]
#[case("2026-11-28 10:00", -5, "2026-11-28 10:00")]
#[case("2026-01-01 00:00", 35 * 60 * 40, "2026-10-09 17:00")]
fn a_due_moment_is_the_earliest(#[case] start: &str, #[case] minutes: i64, #[case] due: &str) {
    let easter = office("Europe/Berlin", &["2026-04-03", "2026-04-06"]);
    assert_eq!(easter.after(berlin(start), Duration::minutes(minutes)), Some(berlin(due)));
}

#[test]
fn blocks_are_put_in_order_and_joined() {
    let loose = vec![block(1300, 1700), block(900, 1200), block(1100, 1330), block(2200, 2400), block(1800, 1800)];
    let tidy = vec![block(900, 1700), block(2200, 2400)];
    let only =
        |day: Vec<Block>| BusinessHours::new(chrono_tz::UTC, [day, vec![], vec![], vec![], vec![], vec![], vec![]], []);
    assert_eq!(only(loose), only(tidy.clone()));
    assert_eq!(only(vec![block(900, 1200), block(1200, 1300)]), only(vec![block(900, 1300)]));
    assert_eq!(only(vec![Block { from: 1320, to: 9999 }]), only(vec![block(2200, 2400)]));
    let tidy = only(tidy);
    assert!(tidy.is_open(at("2026-11-23T23:59:59Z")) && !tidy.is_open(at("2026-11-24T00:00:00Z")));
    assert!(!tidy.is_open(at("2026-11-23T17:00:00Z")) && tidy.is_open(at("2026-11-23T16:59:59Z")));
    assert_eq!(tidy.business_day(), Some(Duration::hours(10)));
    assert_eq!(office("UTC", &[]).business_day(), Some(Duration::hours(7)));
}

#[test]
fn a_calendar_without_hours_answers() {
    let never = || BusinessHours::new(chrono_tz::UTC, Default::default(), []);
    let (from, to) = (at("1970-01-01T00:00:00Z"), at("2040-01-01T00:00:00Z"));
    assert_eq!(never().elapsed(from, to), Duration::zero());
    assert_eq!(never().after(from, Duration::minutes(1)), None);
    assert_eq!(never().after(from, Duration::zero()), Some(from));
    assert_eq!(never().business_day(), None);
    assert!(!never().is_open(from));
    // Open on one day that is off whenever it comes, for as long as anyone looks.
    let mondays = (0..12_000).map(|week| NaiveDate::from_ymd_opt(2026, 1, 5).unwrap() + Duration::weeks(week));
    let day = vec![block(900, 1000)];
    let shut = BusinessHours::new(chrono_tz::UTC, [day, vec![], vec![], vec![], vec![], vec![], vec![]], mondays);
    assert_eq!(shut.after(at("2026-01-01T00:00:00Z"), Duration::minutes(1)), None);
    let hours = office("Europe/Berlin", &[]);
    assert_eq!(hours.after(from, Duration::MAX), None);
    assert_eq!(hours.after(DateTime::<Utc>::MAX_UTC, Duration::hours(100)), None);
}

#[test]
fn fifty_years_are_answered() {
    let hours = office("Europe/Berlin", &[]);
    // 1976-01-05 and 2026-01-05 are Mondays, 2,609 weeks apart.
    let (from, to) = (berlin("1976-01-05 00:00"), berlin("2026-01-05 00:00"));
    assert_eq!(hours.elapsed(from, to), Duration::hours(35 * 2609));
    assert_eq!(hours.after(from, Duration::hours(35 * 2609)), Some(berlin("2026-01-02 17:00")));
}

#[test]
fn a_block_in_the_night_of_the_change() {
    let night = |from, to| {
        let day = || vec![block(from, to)];
        let week = [day(), day(), day(), day(), day(), day(), day()];
        BusinessHours::new(chrono_tz::Europe::Berlin, week, [])
    };
    let whole = |hours: &BusinessHours, from: &str, to: &str| hours.elapsed(berlin(from), berlin(to));
    let spring = ("2026-03-29 00:00", "2026-03-30 00:00");
    assert_eq!(whole(&night(100, 400), spring.0, spring.1), Duration::hours(2));
    // 02:00 to 02:30 does not happen; 02:30 to 03:30 begins when the clocks jump.
    assert_eq!(whole(&night(200, 230), spring.0, spring.1), Duration::zero());
    assert_eq!(whole(&night(230, 330), spring.0, spring.1), Duration::minutes(30));
    let autumn = ("2026-10-25 00:00", "2026-10-26 00:00");
    assert_eq!(whole(&night(100, 400), autumn.0, autumn.1), Duration::hours(4));
    // 02:30 ends when the clocks show it first, and the next block begins there: nothing counts twice.
    assert_eq!(whole(&night(100, 230), autumn.0, autumn.1), Duration::minutes(90));
    assert_eq!(whole(&night(230, 400), autumn.0, autumn.1), Duration::minutes(150));
}

#[test]
fn hours_change_with_their_revision() {
    let early = office("Europe/Berlin", &[]);
    let always = BusinessHours::always(chrono_tz::Europe::Berlin);
    let change = berlin("2026-11-26 12:00");
    let revisions = Revisions { steps: vec![(change, always.clone()), (berlin("2020-01-01 00:00"), early.clone())] };
    let (from, to) = (berlin("2026-11-26 09:00"), berlin("2026-11-27 09:00"));
    // One event: all by the hours that hold when it happens.
    assert_eq!(revisions.single(from, to), Some(Duration::hours(24)));
    assert_eq!(revisions.single(from, change - Duration::minutes(1)), Some(Duration::minutes(179)));
    // Running: a day by the old, an hour that ends under the new, then round the clock.
    let day_before = berlin("2026-11-25 09:00");
    let steps = [(day_before, from), (from, change), (change, to)];
    assert_eq!(revisions.running(steps), Some(Duration::hours(7 + 3 + 21)));
    assert_eq!(Span::running(&steps, &revisions).calendar, Duration::hours(48));
    assert_eq!(revisions.running([(day_before, to)]), Some(Duration::hours(48)));
    assert_eq!(revisions.running([]), Some(Duration::zero()));
    // The first revision holds before its beginning too.
    assert_eq!(revisions.at(berlin("2019-06-01 10:00")), Some(&early));
    assert_eq!(revisions.at(change), Some(&always));
    assert_eq!(Revisions::constant(early.clone()).running([(from, to)]), Some(Duration::hours(7)));
    assert_eq!(Revisions::default().single(from, to), None);
    assert_eq!(Revisions::default().running([(from, to)]), None);
    assert_eq!(Span::single(from, to, &Revisions::default()), Span { calendar: Duration::hours(24), business: None });
    let running = Clock::of(from, None, to, &Revisions::constant(early));
    assert_eq!(running.span, Span { calendar: Duration::hours(24), business: Some(Duration::hours(7)) });
}

const ZONES: [&str; 7] = [
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Havana",
    "America/Sao_Paulo",
];

prop_compose! {
    fn some_hours()(
        zone in 0..ZONES.len(),
        week in prop::collection::vec(prop::collection::vec((0_u16..=1440, 0_u16..=1440), 0..4), 7),
        holidays in prop::collection::btree_set(0_i64..900, 0..200),
    ) -> BusinessHours {
        let mut days = week.into_iter().map(|blocks| blocks.into_iter().map(|(from, to)| Block { from, to }).collect());
        let weekly = std::array::from_fn(|_| days.next().unwrap());
        let first = NaiveDate::from_ymd_opt(2010, 6, 1).unwrap();
        let holidays = holidays.into_iter().map(|day| first + Duration::days(day));
        BusinessHours::new(ZONES[zone].parse().unwrap(), weekly, holidays)
    }
}

/// Between 2010 and 2013: St. John's still changes one minute after midnight, and Apia loses a day.
fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (1_278_000_000_i64..1_356_000_000).prop_map(|second| DateTime::from_timestamp(second, 0).unwrap())
}

/// The plainest clock: minute by minute, open if the wall clock says so.
fn plainly(
    hours: &BusinessHours,
    weekly: &[Vec<Block>; 7],
    holidays: &[NaiveDate],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> i64 {
    let open = |at: &DateTime<Utc>| {
        let local = at.with_timezone(&hours.zone());
        let minute = (local.hour() * 60 + local.minute()) as u16;
        let day = &weekly[local.weekday().num_days_from_monday() as usize];
        !holidays.contains(&local.date_naive()) && day.iter().any(|block| block.from <= minute && minute < block.to)
    };
    let minutes = (to - from).num_minutes();
    (0..minutes).map(|minute| from + Duration::minutes(minute)).filter(open).count() as i64
}

proptest! {
    #[test]
    fn elapsed_counts_the_open_minutes(
        blocks in prop::collection::vec(prop::collection::vec((0_u16..=1440, 0_u16..=1440), 0..4), 7),
        start in 0_i64..60 * 24 * 60,
        span in 0_i64..9 * 24 * 60,
        holiday in 0_i64..60,
    ) {
        // From January to early March: between the changes of the clocks, where a minute on the wall is a minute.
        let mut days =
            blocks.into_iter().map(|blocks| blocks.into_iter().map(|(from, to)| Block { from, to }).collect());
        let weekly: [Vec<Block>; 7] = std::array::from_fn(|_| days.next().unwrap());
        let holidays = [NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Duration::days(holiday)];
        let hours = BusinessHours::new(chrono_tz::Europe::Berlin, weekly.clone(), holidays);
        let from = berlin("2026-01-01 00:00") + Duration::minutes(start);
        let to = from + Duration::minutes(span);
        prop_assert_eq!(hours.elapsed(from, to).num_minutes(), plainly(&hours, &weekly, &holidays, from, to));
    }

    #[test]
    fn elapsed_adds_up(hours in some_hours(), mut moments in prop::collection::vec(moment(), 3)) {
        moments.sort_unstable();
        let [a, b, c] = moments[..] else { unreachable!() };
        prop_assert_eq!(hours.elapsed(a, b) + hours.elapsed(b, c), hours.elapsed(a, c));
        prop_assert!(hours.elapsed(a, c) <= c - a);
        prop_assert_eq!(hours.elapsed(a, a + Duration::seconds(1)), Duration::seconds(i64::from(hours.is_open(a))));
    }

    #[test]
    fn the_due_moment_is_the_inverse(
        hours in some_hours(),
        start in moment(),
        seconds in 1_i64..3_000_000,
        until in moment(),
    ) {
        let span = Duration::seconds(seconds);
        if let Some(due) = hours.after(start, span) {
            prop_assert_eq!(hours.elapsed(start, due), span);
            prop_assert_eq!(hours.elapsed(start, due - Duration::nanoseconds(1)), span - Duration::nanoseconds(1));
        } else {
            prop_assert!(hours.business_day().is_none());
        }
        let gone = hours.elapsed(start, until);
        if gone > Duration::zero() {
            let due = hours.after(start, gone).unwrap();
            prop_assert!(due <= until);
            prop_assert_eq!(hours.elapsed(due, until), Duration::zero());
        }
    }
}
