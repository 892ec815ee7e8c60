use chrono::{DateTime, Duration, Utc};
use numbers::{
    funnel::{CountBy, Entry, Funnel, Mode, Order, Question, funnel},
    stats::Ratio,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{at, moment};

const ORDERED: Mode = Mode::PassedAll(Order::Ordered);
const STRICT: Mode = Mode::PassedAll(Order::Strict);
const ANY_ORDER: Mode = Mode::PassedAll(Order::AnyOrder);

fn day(day: i64) -> DateTime<Utc> {
    at("2026-01-01T00:00:00Z") + Duration::days(day)
}

/// The first two months of 2026, seen from 2027, with a window of 30 days.
fn question(mode: Mode) -> Question {
    Question {
        steps: 4,
        mode,
        count_by: CountBy::Unit,
        window: Some(Duration::days(30)),
        from: day(0),
        to: day(59),
        as_of: day(365),
    }
}

/// Entries of one unit, as `step@day`; `-` for something that is no step.
fn unit(unit: u128, path: &str) -> Vec<Entry> {
    let entries = path.split_whitespace().enumerate().map(|(place, entry)| {
        let (step, on) = entry.split_once('@').unwrap();
        Entry {
            unit: Uuid::from_u128(unit),
            step: step.parse().ok(),
            moment: moment(day(on.parse().unwrap()), unit * 1000 + place as u128),
        }
    });
    entries.collect()
}

fn units(paths: &[&str]) -> Vec<Entry> {
    paths.iter().enumerate().flat_map(|(place, path)| unit(place as u128 + 1, path)).collect()
}

fn counts(question: &Question, paths: &[&str]) -> Vec<u64> {
    funnel(question, units(paths)).steps.iter().map(|step| step.n).collect()
}

#[test]
fn hubspots_first_example_skips_a_stage() {
    // Created, lead, customer, without being an opportunity. "All stages": only in the first two. "Any stages": in each
    // it had.
    let skipped = ["0@1 1@5 3@9"];
    assert_eq!(counts(&question(ORDERED), &skipped), [1, 1, 0, 0]);
    assert_eq!(counts(&question(Mode::Any), &skipped), [1, 1, 0, 1]);
    assert_eq!(counts(&question(Mode::ReachedAtLeast), &skipped), [1, 1, 1, 1]);
}

#[test]
fn hubspots_second_example_asks_for_last_month() {
    // Created two months ago: not in the report. Created two weeks ago and a lead a week later: created and lead.
    let last_month = Question { from: day(28), to: day(59), as_of: day(59), ..question(ORDERED) };
    let got = funnel(&last_month, units(&["0@-1 1@30", "0@45 1@52"]));
    assert_eq!(got.steps.iter().map(|step| step.n).collect::<Vec<_>>(), [1, 1, 0, 0]);
    assert_eq!(got.outside, 1);
    assert!(!got.mature, "the second has until day 75 to come further");
}

#[test]
fn the_worked_funnel() {
    let paths = [
        "0@0 1@2 2@4 3@9", // all the way
        "0@1 1@9 3@11",    // skips step 2
        "0@2 2@5",         // skips step 1
        "0@3 1@33 2@34",   // the last instant of the window, and one too late
        "0@58 1@80",       // converts after the period
        "0@60 1@61",       // began after it
        "1@5 0@6",         // never took step 1 after step 0
        "0@-40 0@10 1@11", // its first attempt was before the period
    ];
    let got = funnel(&question(ORDERED), units(&paths));
    assert_eq!(got.steps.iter().map(|step| step.n).collect::<Vec<_>>(), [6, 4, 1, 1]);
    assert_eq!((got.outside, got.mature, got.monotone), (2, true, true));
    assert_eq!(
        got.steps.iter().map(|step| step.overall).collect::<Vec<_>>(),
        [Ratio::of(6, 6), Ratio::of(4, 6), Ratio::of(1, 6), Ratio::of(1, 6)]
    );
    assert_eq!((got.steps[0].step, got.steps[0].drop_off), (None, None));
    assert_eq!((got.steps[2].step, got.steps[2].drop_off), (Some(Ratio::of(1, 4)), Some(Ratio::of(3, 4))));
    let days = |days: &[i64]| days.iter().map(|day| day * 86_400_000).collect::<Vec<_>>();
    assert_eq!(got.steps[0].since_first, days(&[0; 6]));
    assert_eq!(got.steps[1].since_first, days(&[2, 8, 22, 30]));
    assert_eq!(got.steps[2].since_previous, days(&[2]));
    assert_eq!(got.steps[3].since_first, days(&[9]));
    assert_eq!(got.steps[0].since_previous, days(&[]));
}

#[test]
fn a_skipped_stage_is_credited_but_not_timed() {
    let reached = funnel(&question(Mode::ReachedAtLeast), units(&["0@0 3@5", "2@1 1@2", "1@3 2@40"]));
    assert_eq!(reached.steps.iter().map(|step| step.n).collect::<Vec<_>>(), [3, 3, 2, 1]);
    let hours = |days: &[i64]| days.iter().map(|day| day * 86_400_000).collect::<Vec<_>>();
    assert_eq!(
        reached.steps.iter().map(|step| step.since_first.clone()).collect::<Vec<_>>(),
        [hours(&[0]), hours(&[0]), hours(&[0]), hours(&[5])]
    );
    assert!(reached.steps.iter().all(|step| step.since_previous.is_empty()));
}

#[test]
fn strict_allows_nothing_in_between() {
    assert_eq!(counts(&question(STRICT), &["0@0 1@1 2@2 3@3"]), [1, 1, 1, 1]);
    assert_eq!(counts(&question(STRICT), &["0@0 1@1 -@2 2@3"]), [1, 1, 0, 0]);
    assert_eq!(counts(&question(ORDERED), &["0@0 1@1 -@2 2@3"]), [1, 1, 1, 0]);
    assert_eq!(counts(&question(STRICT), &["0@0 0@1 1@2"]), [1, 0, 0, 0]);
    // The second attempt did.
    let attempts = Question { count_by: CountBy::Attempt, ..question(STRICT) };
    assert_eq!(counts(&attempts, &["0@0 0@1 1@2"]), [2, 1, 0, 0]);
}

#[test]
fn any_order_counts_different_steps() {
    assert_eq!(counts(&question(ANY_ORDER), &["2@0 2@1 0@2 3@3"]), [1, 1, 1, 0]);
    assert_eq!(counts(&question(ANY_ORDER), &["3@0 2@1 1@2 0@30"]), [1, 1, 1, 1]);
    assert_eq!(counts(&question(ANY_ORDER), &["3@0 2@1 1@2 0@31"]), [1, 1, 1, 0]);
}

#[test]
fn attempts_can_be_counted() {
    let attempts = Question { count_by: CountBy::Attempt, ..question(ORDERED) };
    // Two attempts in the period, one before it; the second begins while the first still has time.
    assert_eq!(counts(&attempts, &["0@-40 0@10 1@11 0@20 1@21 2@22"]), [2, 2, 1, 0]);
    let by_unit = funnel(&question(ORDERED), units(&["0@10 0@11 1@12"]));
    assert_eq!(
        by_unit.steps[1].since_first,
        [2 * 86_400_000],
        "a repeated first step does not restart the unit's clock"
    );
    let got = funnel(&attempts, units(&["0@10 0@11 1@12"]));
    assert_eq!(got.steps.iter().map(|step| step.n).collect::<Vec<_>>(), [2, 1, 0, 0]);
    // A step after the window begins an attempt of its own where any step may.
    let any_order = Question { count_by: CountBy::Attempt, ..question(ANY_ORDER) };
    assert_eq!(counts(&any_order, &["0@0 1@31 2@32"]), [2, 1, 0, 0]);
    let entries = Question { count_by: CountBy::Attempt, ..question(Mode::Any) };
    let got = funnel(&entries, units(&["0@0 0@1 1@2 0@90 -@3 4@90"]));
    assert_eq!(got.steps.iter().map(|step| step.n).collect::<Vec<_>>(), [2, 1, 0, 0]);
    assert_eq!(got.outside, 1);
}

#[test]
fn any_counts_what_happened_in_the_period() {
    let got = funnel(&question(Mode::Any), units(&["3@58", "2@59", "0@-1 1@3 1@4", "-@5"]));
    assert_eq!(got.steps.iter().map(|step| step.n).collect::<Vec<_>>(), [0, 1, 0, 1]);
    assert_eq!((got.monotone, got.mature, got.outside), (false, true, 1));
    assert_eq!(got.steps[3].overall.value(), None);
    assert_eq!(got.steps[2].drop_off, Some(Ratio { numerator: 1, denominator: 1 }));
    assert_eq!(got.steps[3].drop_off, Some(Ratio { numerator: -1, denominator: 0 }));
}

#[test]
fn what_is_not_known_yet_does_not_count() {
    let mature = |mode, window: Option<i64>, as_of, path| {
        let window = window.map(Duration::days);
        funnel(&Question { window, as_of: day(as_of), ..question(mode) }, units(&[path])).mature
    };
    assert_eq!(counts(&Question { as_of: day(4), ..question(ORDERED) }, &["0@0 1@4 2@5"]), [1, 1, 0, 0]);
    assert!(!mature(ORDERED, Some(30), 58, "0@0 1@1 2@2 3@3"), "others may still begin");
    assert!(mature(ORDERED, Some(30), 59, "0@0 1@1 2@2 3@3"));
    assert!(!mature(ORDERED, Some(30), 60, "0@30 1@31"), "the last instant of the window is not over");
    assert!(mature(ORDERED, Some(30), 61, "0@30 1@31"));
    assert!(!mature(ORDERED, None, 3650, "0@30 1@31"));
    assert!(mature(STRICT, None, 3650, "0@30 1@31 -@32"));
    assert!(mature(ORDERED, None, 60, "0@30 1@31 2@32 3@33"));
}

#[test]
fn between_two_of_one_time_the_order_of_the_source_decides() {
    let pair = |lead_seq, mql_seq| {
        let mut entries = units(&["0@1 1@1"]);
        entries[0].moment.source_seq = lead_seq;
        entries[1].moment.source_seq = mql_seq;
        funnel(&question(ORDERED), entries).steps[1].n
    };
    assert_eq!(pair(1, 2), 1);
    assert_eq!(pair(2, 1), 0);
}

#[test]
fn a_merged_person_counts_once() {
    let mut entries = units(&["0@1", "0@2 1@3", "0@1"]);
    for entry in &mut entries {
        entry.unit = Uuid::from_u128(1);
    }
    // The same entry, once of each record that was merged.
    entries.extend(entries.clone());
    let got = funnel(&question(ORDERED), entries.clone());
    assert_eq!(got.steps.iter().map(|step| step.n).collect::<Vec<_>>(), [1, 1, 0, 0]);
    assert_eq!(funnel(&Question { steps: 0, ..question(ORDERED) }, entries).steps, []);
    assert_eq!(funnel(&question(ORDERED), vec![]).steps[1].step, Some(Ratio::of(0, 0)));
}

/// The longest chain of steps 0, 1, 2 … from the first step 0 on, by trying every continuation.
fn longest(entries: &[Entry], window: Duration, next: usize, from: usize, start: Option<DateTime<Utc>>) -> usize {
    let mut best = next;
    for place in from..entries.len() {
        let entry = entries[place];
        if entry.step == Some(next) && start.is_none_or(|start| entry.moment.at - start <= window) {
            let start = start.or(Some(entry.moment.at));
            best = best.max(longest(entries, window, next + 1, place + 1, start));
            if next == 0 {
                break; // the first attempt
            }
        }
    }
    best
}

fn some_entries() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec((1_u128..5, prop::option::weighted(0.9, 0_usize..4), -20_i64..90), 0..30).prop_map(
        |entries| {
            let entry = |(id, (unit, step, on)): (usize, (u128, Option<usize>, i64))| Entry {
                unit: Uuid::from_u128(unit),
                step,
                moment: moment(day(on), id as u128),
            };
            entries.into_iter().enumerate().map(entry).collect()
        },
    )
}

proptest! {
    #[test]
    fn a_plain_count_agrees(entries in some_entries()) {
        let window = Duration::days(30);
        let mut ordered = [0_u64; 4];
        let mut reached = [0_u64; 4];
        let mut any_order = [0_u64; 4];
        let mut any = [0_u64; 4];
        for unit in (1..5).map(Uuid::from_u128) {
            let mut own: Vec<Entry> = entries.iter().copied().filter(|entry| entry.unit == unit).collect();
            own.sort_by_key(|entry| entry.moment);
            let within = |at: DateTime<Utc>| day(0) <= at && at < day(59);
            for (step, n) in any.iter_mut().enumerate() {
                *n += u64::from(own.iter().any(|entry| entry.step == Some(step) && within(entry.moment.at)));
            }
            if let Some(first) = own.iter().find(|entry| entry.step == Some(0))
                && within(first.moment.at)
            {
                ordered.iter_mut().take(longest(&own, window, 0, 0, None)).for_each(|n| *n += 1);
            }
            if let Some(first) = own.iter().find(|entry| entry.step.is_some())
                && within(first.moment.at)
            {
                let begin = first.moment;
                let mut steps: Vec<usize> = own
                    .iter()
                    .filter(|entry| entry.moment >= begin && entry.moment.at <= begin.at + window)
                    .filter_map(|entry| entry.step)
                    .collect();
                steps.sort_unstable();
                steps.dedup();
                any_order.iter_mut().take(steps.len()).for_each(|n| *n += 1);
                reached.iter_mut().take(steps.last().unwrap() + 1).for_each(|n| *n += 1);
            }
        }
        let got =
            |mode| -> Vec<u64> { funnel(&question(mode), entries.clone()).steps.iter().map(|step| step.n).collect() };
        prop_assert_eq!(got(ORDERED), ordered);
        prop_assert_eq!(got(Mode::ReachedAtLeast), reached);
        prop_assert_eq!(got(ANY_ORDER), any_order);
        prop_assert_eq!(got(Mode::Any), any);
    }

    #[test]
    fn a_funnel_narrows_whatever_the_order_of_its_rows(entries in some_entries(), seed in 0_usize..30, attempt: bool) {
        let count_by = if attempt { CountBy::Attempt } else { CountBy::Unit };
        let mut turned = entries.clone();
        turned.reverse();
        turned.rotate_left(seed.min(entries.len()));
        let ask =
            |mode, entries: &[Entry]| -> Funnel { funnel(&Question { count_by, ..question(mode) }, entries.to_vec()) };
        for mode in [ORDERED, STRICT, ANY_ORDER, Mode::ReachedAtLeast, Mode::Any] {
            let got = ask(mode, &entries);
            prop_assert_eq!(&ask(mode, &turned), &got);
            if got.monotone {
                prop_assert!(got.steps.windows(2).all(|pair| pair[0].n >= pair[1].n));
                prop_assert!(got.steps.iter().all(|step| step.since_first.len() as u64 <= step.n));
            }
        }
        // What is strict is ordered, and what is ordered is reached.
        if count_by == CountBy::Unit {
            let (strict, ordered) = (ask(STRICT, &entries), ask(ORDERED, &entries));
            prop_assert!(strict.steps.iter().zip(&ordered.steps).all(|(strict, ordered)| strict.n <= ordered.n));
        }
        // Two halves of a period make the whole.
        let half = |from, to| -> Vec<u64> {
            let question = Question { from, to, count_by, ..question(ORDERED) };
            funnel(&question, entries.clone()).steps.iter().map(|step| step.n).collect()
        };
        let sum: Vec<u64> = half(day(0), day(30)).iter().zip(half(day(30), day(59))).map(|(a, b)| a + b).collect();
        prop_assert_eq!(sum, half(day(0), day(59)));
    }
}
