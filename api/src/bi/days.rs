//! The calendar as a dataset: a day a row.

use chrono::{Datelike, NaiveDate};

use super::{
    cell::{
        Cell,
        Form::{Code, Day, Flag, Integer},
        Row,
    },
    dataset::{Dataset, Source, columns},
    scene::Scene,
};
use crate::graph::{Error, Result};

/// A day of the calendar.
pub const DATE: Dataset = Dataset {
    name: "dim_date",
    doc: " A day of the calendar. From the first of January four years ago to the end of next year unless `from` and `to` say otherwise.",
    fields: columns! {
        /// The day.
        Key day: Day;
        /// Its year.
        Row year: Integer;
        /// Its quarter: 1 to 4.
        Row quarter: Integer;
        /// Its month: 1 to 12.
        Row month: Integer;
        /// Its day of the month.
        Row day_of_month: Integer;
        /// Its day of the week: 1 is Monday.
        Row day_of_week: Integer;
        /// Whether it is a Saturday or a Sunday.
        Row is_weekend: Flag;
        /// The year of its ISO week.
        Row iso_year: Integer;
        /// Its ISO week: 1 to 53.
        Row iso_week: Integer;
        /// Its month as buckets are called: 2026-11.
        Row month_label: Code;
        /// Its quarter as buckets are called: 2026-Q4.
        Row quarter_label: Code;
        /// Its ISO week as buckets are called: 2026-W48.
        Row week_label: Code;
    },
    dated: Some("day"),
    source: Source::Days,
};

/// The most days.
const MAX: usize = 366 * 100;

/// The days of a period.
pub fn rows(scene: &Scene) -> Result<Vec<Row>> {
    let year = scene.calendar.date_of(scene.now).year();
    let new_year = |year: i32| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
    let first = scene.period.map_or(new_year(year - 4), |(from, _)| scene.first_day(from));
    // Without a `to` a period has no end; the calendar ends with the next year all the same.
    let end = scene.period.and_then(|(_, to)| to).map_or(new_year(year + 2), |to| scene.first_day(to));
    let days: Vec<NaiveDate> = first.iter_days().take_while(|day| *day < end).take(MAX + 1).collect();
    match days.len() > MAX {
        true => Err(Error::BadInput("to: at most 100 years after `from`".into())),
        false => Ok(days.into_iter().map(row).collect()),
    }
}

fn row(day: NaiveDate) -> Row {
    let week = day.iso_week();
    let quarter = day.month0() / 3 + 1;
    let weekday = day.weekday().number_from_monday();
    let number = |n: u32| Cell::Integer(n.into());
    vec![
        day.into(),
        Cell::Integer(day.year().into()),
        number(quarter),
        number(day.month()),
        number(day.day()),
        number(weekday),
        (weekday > 5).into(),
        Cell::Integer(week.year().into()),
        number(week.week()),
        format!("{:04}-{:02}", day.year(), day.month()).into(),
        format!("{:04}-Q{quarter}", day.year()).into(),
        format!("{:04}-W{:02}", week.year(), week.week()).into(),
    ]
}
