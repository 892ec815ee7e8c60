use chrono::{DateTime, Months, NaiveDate, Utc};
use numbers::{
    civil::{Calendar, Grain, TooMany, WeekStart},
    cohort::{Cell, Cohort, Fact, Question, Refused, Win, cohorts, first_wins},
    stats::Ratio,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::at;

/// Noon in Berlin.
fn day(date: &str) -> DateTime<Utc> {
    at(&format!("{date}T11:00:00Z"))
}

fn win(account: u128, date: &str) -> Win {
    Win { account: Uuid::from_u128(account), at: day(date) }
}

fn fact(account: u128, date: &str, minor: i64) -> Fact {
    Fact { account: Uuid::from_u128(account), at: day(date), minor }
}

/// The first quarter of 2026, by the month.
fn question() -> Question {
    Question {
        calendar: Calendar::new(chrono_tz::Europe::Berlin),
        grain: Grain::Month,
        from: at("2026-01-01T00:00:00+01:00"),
        to: at("2026-04-01T00:00:00+02:00"),
        cells: 4,
        limit: 12,
        as_of: at("2026-05-15T00:00:00Z"),
    }
}

fn cell(k: usize, active: u64, net: i64, gross: i64, mature: bool) -> Cell {
    Cell { k, active, net, gross, mature }
}

fn example() -> (Vec<Win>, Vec<Fact>) {
    let wins = vec![
        win(1, "2026-01-10"),
        win(1, "2026-02-20"),
        win(2, "2026-01-31"),
        win(3, "2026-03-31"),
        // Won before: no new customer, though it was won again.
        win(4, "2026-02-02"),
        win(4, "2024-02-02"),
        win(5, "2026-04-01"),
    ];
    let facts = vec![
        fact(1, "2026-01-10", 100),
        fact(1, "2026-02-20", 300),
        fact(2, "2026-01-31", 50),
        fact(2, "2026-02-01", 20),
        fact(2, "2026-03-15", 0),
        fact(1, "2026-04-30", -10),
        fact(3, "2026-03-31", 40),
        fact(3, "2026-05-14", 5),
        // As of this very instant, and later.
        Fact { at: at("2026-05-15T00:00:00Z"), ..fact(3, "2026-05-15", 3) },
        fact(3, "2026-05-16", 7),
        fact(4, "2026-02-02", 999),
        fact(1, "2025-12-31", 999),
        fact(1, "2026-06-01", 999),
    ];
    (wins, facts)
}

#[test]
fn the_worked_cohorts() {
    let (wins, facts) = example();
    let got = cohorts(&question(), wins, facts).unwrap();
    let told: Vec<_> = got.iter().map(|cohort| (cohort.period.label.as_str(), cohort.size)).collect();
    assert_eq!(told, [("2026-01", 2), ("2026-02", 0), ("2026-03", 1)]);
    // January: account 1 grew from 100 to 300, account 2 shrank from 50 to 20: gross is 100 + 20. A fact without
    // revenue is life.
    assert_eq!(
        got[0].cells,
        [cell(0, 2, 150, 150, true), cell(1, 2, 320, 120, true), cell(2, 1, 0, 0, true), cell(3, 1, -10, -10, true)]
    );
    assert_eq!(
        got[1].cells,
        [cell(0, 0, 0, 0, true), cell(1, 0, 0, 0, true), cell(2, 0, 0, 0, true), cell(3, 0, 0, 0, false)]
    );
    // March: May has begun and is not over; June has not begun.
    assert_eq!(got[2].cells, [cell(0, 1, 40, 40, true), cell(1, 0, 0, 0, true), cell(2, 1, 8, 8, false)]);
    assert_eq!(got[0].retention(&got[0].cells[2]), Ratio::of(1, 2));
    let of = |numerator| Ratio { numerator, denominator: 150 };
    assert_eq!(got[0].revenue_retention(&got[0].cells[1]), (of(320), of(120)));
    assert_eq!(got[1].retention(&got[1].cells[0]).value(), None);
}

#[test]
fn the_first_win_ever_counts() {
    let first = first_wins(example().0);
    assert_eq!(first[&Uuid::from_u128(1)], day("2026-01-10"));
    assert_eq!(first[&Uuid::from_u128(4)], day("2024-02-02"));
    assert_eq!(first.len(), 5);
}

#[test]
fn what_cannot_be_cut_is_refused() {
    let ask = |question: Question| cohorts(&question, [], []);
    assert_eq!(ask(Question { grain: Grain::Hour, ..question() }), Err(Refused::Hourly));
    assert_eq!(ask(Question { limit: 2, ..question() }), Err(Refused::TooMany(TooMany { limit: 2 })));
    let cut = ask(Question { from: at("2026-01-15T00:00:00Z"), ..question() }).unwrap();
    assert!(cut[0].period.partial && !cut[1].period.partial);
}

#[test]
fn weeks_and_fiscal_years_are_counted_too() {
    let calendar = Calendar { week_start: WeekStart::Sunday, fiscal_offset_months: 3, ..question().calendar };
    let ask = |grain| {
        let question = Question { calendar, grain, limit: 100, ..question() };
        cohorts(&question, [win(1, "2026-01-03")], [fact(1, "2026-01-04", 7)]).unwrap()
    };
    let place = |cohorts: &[Cohort]| -> (String, usize) {
        let own = cohorts.iter().find(|cohort| cohort.size == 1).unwrap();
        (own.period.label.clone(), own.cells.iter().find(|cell| cell.active == 1).unwrap().k)
    };
    // The Saturday and the Sunday after are two weeks where weeks begin on Sunday, and one fiscal year that began in
    // April.
    assert_eq!(place(&ask(Grain::Week)), ("2025-12-28".into(), 1));
    assert_eq!(place(&ask(Grain::FiscalYear)), ("FY2026".into(), 0));
    assert_eq!(place(&ask(Grain::Day)), ("2026-01-03".into(), 1));
}

proptest! {
    /// Against a count by the names of months.
    #[test]
    fn a_plain_count_agrees_in_any_order(
        wins in prop::collection::vec((1_u128..6, 0_u32..9, 1_u32..29), 0..12),
        facts in prop::collection::vec((1_u128..6, 0_u32..12, 1_u32..29, -50_i64..200), 0..40),
    ) {
        let date = |month: u32, day: u32| {
            let first = NaiveDate::from_ymd_opt(2025, 9, 1).unwrap() + Months::new(month);
            (first + chrono::Days::new(u64::from(day - 1))).to_string()
        };
        let rows: Vec<Win> = wins.iter().map(|(account, month, day)| win(*account, &date(*month, *day))).collect();
        let lines: Vec<Fact> =
            facts.iter().map(|(account, month, day, minor)| fact(*account, &date(*month, *day), *minor)).collect();
        let got = cohorts(&question(), rows.clone(), lines.clone()).unwrap();
        let turned = cohorts(&question(), rows.iter().rev().copied(), lines.iter().rev().copied()).unwrap();
        prop_assert_eq!(&turned, &got);
        // Months are numbered from September 2025: January is 4; the report stands in the middle of May, which is 8.
        let known = |month: u32, day: u32| month < 8 || (month == 8 && day < 15);
        for (place, cohort) in got.iter().enumerate() {
            let own = place as u32 + 4;
            let members: Vec<u128> = (1..6)
                .filter(|account| {
                    let all = wins.iter().filter(|(other, month, day)| other == account && known(*month, *day));
                    all.map(|(_, month, _)| *month).min() == Some(own)
                })
                .collect();
            prop_assert_eq!(cohort.size, members.len() as u64);
            prop_assert_eq!(cohort.cells.len(), 4.min(9 - own as usize));
            for cell in &cohort.cells {
                let sum = |account: u128, month: u32| -> Option<i64> {
                    let own: Vec<i64> = facts
                        .iter()
                        .filter(|(other, at, day, _)| *other == account && *at == month && known(*at, *day))
                        .map(|(_, _, _, minor)| *minor)
                        .collect();
                    (!own.is_empty()).then(|| own.iter().sum())
                };
                let now = own + cell.k as u32;
                let active: Vec<(i64, i64)> = members
                    .iter()
                    .filter_map(|account| Some((sum(*account, now)?, sum(*account, own).unwrap_or(0))))
                    .collect();
                prop_assert_eq!(cell.active, active.len() as u64);
                prop_assert_eq!(cell.net, active.iter().map(|(now, _)| now).sum::<i64>());
                prop_assert_eq!(cell.gross, active.iter().map(|(now, base)| *now.min(base)).sum::<i64>());
                prop_assert_eq!(cell.mature, now < 8);
                prop_assert!(cell.gross <= cell.net);
            }
        }
    }
}
