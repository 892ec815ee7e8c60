//! Salesforce: accounts, contacts, campaigns and opportunities out of CSV exports and record trees.
//!
//! Columns are found by their names whatever case and underscores (`AnnualRevenue`, `annual_revenue`). What has no column here is
//! kept as it came in the object's `custom` fields: nothing is lost.

mod account;
mod campaign;
mod contact;
mod opportunity;
mod points;

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use rust_decimal::{Decimal, RoundingStrategy};
use sea_orm::ActiveValue;

pub use account::accounts;
pub use campaign::campaigns;
pub use contact::contacts;
pub use opportunity::opportunities;

use super::read::{Record, normal};
use crate::graph::decimals;

/// What has no column of its own, as it came, by the source's own names.
fn custom(record: &Record, mapped: &[&str]) -> serde_json::Value {
    let rest = record.fields.iter().filter(|(name, value)| {
        let name = normal(name);
        !value.is_empty() && !mapped.contains(&name.as_str())
    });
    rest.map(|(name, value)| (name.clone(), serde_json::Value::String(value.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The key that a column refers to: `@AccountRef10` in a tree, an id elsewhere.
fn reference<'a>(record: &'a Record, column: &str) -> Option<std::borrow::Cow<'a, str>> {
    let value = record.get(column)?;
    Some(match value.strip_prefix('@') {
        Some(key) => key.into(),
        None => long_id(value),
    })
}

/// Reports give ids of 15 characters whose case matters; everything else gives 18, of which the last three spell the case out.
pub fn long_id(id: &str) -> std::borrow::Cow<'_, str> {
    if id.len() != 15
        || !id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        || !id.starts_with(|c: char| c.is_ascii_digit())
    {
        return id.into();
    }
    let suffix = id.as_bytes().chunks(5).map(|part| {
        let bits = part
            .iter()
            .enumerate()
            .fold(0, |bits, (place, byte)| bits | usize::from(byte.is_ascii_uppercase()) << place);
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits])
    });
    id.chars().chain(suffix).collect::<String>().into()
}

/// An amount in minor units, rounded half away from zero to what the currency has.
fn minor(record: &Record, column: &str, currency: &str) -> Result<Option<i64>, String> {
    let Some(text) = record.get(column) else { return Ok(None) };
    let no_amount = || format!("the column {column} is no amount");
    let amount: Decimal =
        text.trim().parse().or_else(|_| Decimal::from_scientific(text.trim())).map_err(|_| no_amount())?;
    let rounded = amount.round_dp_with_strategy(decimals(currency), RoundingStrategy::MidpointAwayFromZero);
    crate::graph::to_minor(rounded, currency).map(Some).ok_or_else(no_amount)
}

/// A date; of a moment, its date in the tenant's zone.
fn date(record: &Record, column: &str, zone: Tz) -> Result<Option<NaiveDate>, String> {
    let Some(text) = record.get(column).map(str::trim) else { return Ok(None) };
    let moment =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    if let Ok(moment) = moment {
        return Ok(Some(moment.with_timezone(&zone).date_naive()));
    }
    ["%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDate::parse_from_str(text, form).ok())
        .map(Some)
        .ok_or_else(|| format!("the column {column} is no date"))
}

/// A whole number.
fn number(record: &Record, column: &str) -> Result<Option<i64>, String> {
    let Some(text) = record.get(column).map(str::trim) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| format!("the column {column} is no whole number"))
}

/// A column as it lands in a row: an export without the column leaves what is known, an empty cell clears it.
fn cell<T>(record: &Record, column: &str, value: Option<T>) -> ActiveValue<Option<T>>
where
    Option<T>: Into<sea_orm::Value>,
{
    match record.has(column) {
        true => ActiveValue::Set(value),
        false => ActiveValue::NotSet,
    }
}

/// [`cell`] for text.
fn words(record: &Record, column: &str) -> ActiveValue<Option<String>> {
    cell(record, column, record.get(column).map(str::to_owned))
}

/// A value that a row cannot do without.
fn required(record: &Record, column: &str) -> Result<String, String> {
    let value = record.get(column).filter(|value| !value.trim().is_empty());
    value.map(str::to_owned).ok_or_else(|| format!("the column {column} is empty"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &[(&str, &str)]) -> Record {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Record { file: "x.csv".into(), line: 2, key: None, fields }
    }

    #[test]
    fn ids_of_15_characters_become_18() {
        assert_eq!(long_id("001D000000IqhSL"), "001D000000IqhSLIAZ");
        assert_eq!(long_id("001D000000IqhSLIAZ"), "001D000000IqhSLIAZ");
        assert_eq!(long_id("AccountRef1"), "AccountRef1");
    }

    #[test]
    fn values_are_read_or_refused_with_the_column() {
        let row = record(&[
            ("Amount", "119373.345"),
            ("Close_Date", "2020-12-31T23:30:00Z"),
            ("bad", "n/a"),
            ("NumberOfEmployees", "12"),
        ]);
        assert_eq!(minor(&row, "amount", "EUR"), Ok(Some(11_937_335)));
        assert_eq!(date(&row, "closedate", chrono_tz::Europe::Berlin), Ok(NaiveDate::from_ymd_opt(2021, 1, 1)));
        assert_eq!(number(&row, "numberofemployees"), Ok(Some(12)));
        assert_eq!(minor(&row, "bad", "EUR"), Err("the column bad is no amount".to_owned()));
        assert_eq!(date(&row, "bad", Tz::UTC), Err("the column bad is no date".to_owned()));
        assert_eq!(custom(&row, &["amount", "closedate", "numberofemployees"]), serde_json::json!({ "bad": "n/a" }));
    }
}
