//! The civil day of a moment as the database finds it: both engines by the same arithmetic, because one of them knows no zones.

use chrono::{Datelike, Duration, NaiveDate};
use numbers::civil::Calendar;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func};

use super::number_of;

/// Years whose days are told exactly, whatever the clock did; before and after, the clock goes on as on the first and the last day.
const YEARS: (i32, i32) = (1990, 2070);
/// Days that are added and taken away again, so that a division never meets a number below zero.
const SHIFT: i64 = 100_000;
const DAY: i64 = 86_400;

/// A stretch of time in which `(seconds since 1970 + ahead) / 86,400` is the number of the civil day: from when, and how far ahead.
type Piece = (i64, i64);

fn pieces(calendar: &Calendar) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut add = |from: i64, ahead: i64| {
        if pieces.last().is_none_or(|(_, last)| *last != ahead) {
            pieces.push((from, ahead));
        }
    };
    let first = NaiveDate::from_ymd_opt(YEARS.0, 1, 1).unwrap_or_default();
    for day in first.iter_days().take_while(|day| day.year() <= YEARS.1) {
        let start = calendar.start_of_day(day).timestamp();
        let number = i64::from(number_of(day));
        add(start, number * DAY - start);
        let next = calendar.start_of_day(day + Duration::days(1)).timestamp();
        if next - start > DAY {
            // What a long day has more than others is still that day.
            add(next - 3_600, (number + 1) * DAY - next);
        }
    }
    pieces
}

fn ahead(seconds: &Expr, pieces: &[Piece]) -> Expr {
    match pieces {
        [] => Expr::val(0_i64),
        [(_, ahead)] => Expr::val(*ahead),
        _ => {
            let (before, after) = pieces.split_at(pieces.len() / 2);
            Expr::case(seconds.clone().lt(after[0].0), self::ahead(seconds, before))
                .finally(self::ahead(seconds, after))
                .into()
        }
    }
}

/// The number of the civil day of a moment, null for none.
pub(super) fn civil_day(calendar: &Calendar, at: Expr, is_postgres: bool) -> Expr {
    let seconds: Expr = match is_postgres {
        true => Func::cust("FLOOR").arg(Func::cust("DATE_PART").arg(Expr::val("epoch")).arg(at)).into(),
        // Fractions of a second would be rounded, and the last of them fall into the next day.
        false => Func::cust("UNIXEPOCH").arg(Func::cust("SUBSTR").arg(at).arg(1).arg(19)).into(),
    };
    let seconds = seconds.cast_as(Alias::new("BIGINT"));
    let shifted = seconds.clone().add(ahead(&seconds, &pieces(calendar))).add(SHIFT * DAY);
    shifted.div(DAY).sub(SHIFT).cast_as(Alias::new("INTEGER"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(pieces: &[Piece], seconds: i64) -> i64 {
        let (_, ahead) = pieces[pieces.partition_point(|(from, _)| *from <= seconds).saturating_sub(1)];
        (seconds + ahead + SHIFT * DAY) / DAY - SHIFT
    }

    /// Every quarter of an hour of thirty years, where clocks change at night, at midnight, by half an hour, and not at all.
    #[test]
    fn the_day_of_a_moment_is_the_bucket_that_holds_it() {
        for zone in [
            "Europe/Berlin",
            "UTC",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "America/Scoresbysund",
        ] {
            let calendar = Calendar::new(zone.parse().expect("a zone"));
            let pieces = pieces(&calendar);
            let first = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day");
            for date in first.iter_days().take(11_000) {
                let (start, end) = (calendar.start_of_day(date), calendar.start_of_day(date + Duration::days(1)));
                let (start, end) = (start.timestamp(), end.timestamp());
                for moment in (start..end).step_by(900).chain([end - 1]) {
                    assert_eq!(day(&pieces, moment), i64::from(number_of(date)), "{zone}, {date}, {moment}");
                }
            }
        }
    }
}
