//! A cell: where a value comes from, and what becomes of it.

use std::borrow::Cow;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Taker, scalar};
use crate::{
    Field, Kind,
    mapping::{As, Entry, Miss},
    normal,
    read::{Record, is_empty},
    values,
};

/// What stands in a cell.
#[derive(Debug)]
pub(super) enum Cell {
    /// The source has no such column.
    Absent,
    /// Nothing; true: it clears.
    Empty(bool),
    /// A value.
    Value(Value),
    /// Something that means nothing, and why.
    Bad(String),
}

/// Text as an entry wants its letters; none if it is nothing of the kind.
pub(super) fn worded<'t>(entry: &Entry, text: &'t str) -> Option<String> {
    let word: Option<Cow<'t, str>> = match entry.transform {
        As::Field | As::Text | As::Percent | As::Millis | As::Minutes => Some(text.into()),
        As::Trim => Some(text.trim().into()),
        As::Lower => Some(text.trim().to_lowercase().into()),
        As::Email => values::email(text).map(Cow::Owned),
        As::Phone => values::phone(text).map(Cow::Owned),
        As::Given => Some(values::given_name(text).into()),
        As::Family => Some(values::family_name(text).into()),
        As::Plain => Some(values::plain(text).into()),
        As::Code => values::code(text).map(Cow::Owned),
        As::SalesforceId => {
            let text = text.trim();
            Some(text.strip_prefix('@').map_or_else(|| values::long_id(text), Cow::Borrowed))
        }
    };
    word.map(Cow::into_owned)
}

impl Taker<'_> {
    /// The first of some entries that holds something; of ways to reach somebody all.
    pub(super) fn first(&self, field: Field, entries: &[Entry], record: &Record) -> Cell {
        if field.kind == Kind::Points {
            return self.points(entries, record);
        }
        let mut last = Cell::Absent;
        for entry in entries {
            match self.cell(field, entry, &entry.from, record) {
                Cell::Value(value) => return Cell::Value(value),
                // A cell that means nothing is told, unless a later one means something.
                cell if !matches!(last, Cell::Bad(_)) && !matches!(cell, Cell::Absent) => last = cell,
                _ => {}
            }
        }
        last
    }

    fn points<'e>(&self, entries: &'e [Entry], record: &Record) -> Cell {
        let (mut points, mut bad): (Vec<Value>, Option<&'e Entry>) = (Vec::new(), None);
        let mut add = |entry: &'e Entry, text: &str, label: Option<&str>| match worded(entry, text) {
            Some(value) if value.trim().is_empty() => {}
            Some(value) => {
                let point = json!({ "kind": entry.kind, "value": value, "label": label.or(entry.label.as_deref()) });
                if !points.iter().any(|seen| seen["kind"] == point["kind"] && seen["value"] == point["value"]) {
                    points.push(point);
                }
            }
            None => bad = Some(entry),
        };
        for entry in entries {
            let found = entry.from.iter().find_map(|column| record.get(column).filter(|value| !is_empty(value)));
            match found {
                Some(Value::Array(list)) => {
                    for element in list {
                        let label = element.get("label").and_then(Value::as_str).filter(|label| !label.is_empty());
                        let value = element.get("value").or(Some(element));
                        if let Some(text) = value.and_then(scalar) {
                            add(entry, &text, label);
                        }
                    }
                }
                Some(value) => {
                    if let Some(text) = scalar(value) {
                        add(entry, &text, None);
                    }
                }
                None => {
                    if let Some(text) = joined(entry, record) {
                        add(entry, &text, None);
                    }
                }
            }
        }
        match (points.is_empty(), bad) {
            (false, _) => Cell::Value(Value::Array(points)),
            (true, Some(entry)) => Cell::Bad(wrong(entry, record, "no way to reach somebody")),
            (true, None) => Cell::Empty(false),
        }
    }

    /// What an entry finds in the columns of `from`.
    pub(super) fn cell(&self, field: Field, entry: &Entry, from: &[String], record: &Record) -> Cell {
        if let Some(value) = &entry.value {
            return Cell::Value(value.clone());
        }
        if entry.today {
            return self.setting.today.map_or(Cell::Absent, |today: NaiveDate| Cell::Value(json!(today.to_string())));
        }
        let mut present = false;
        let mut found = None;
        for column in from {
            if let Some(value) = record.get(column) {
                present = true;
                if !is_empty(value) {
                    found = Some(value);
                    break;
                }
            }
        }
        if field.kind == Kind::Json && entry.transform == As::Field && entry.lookup.is_none() {
            return match found {
                Some(value) => Cell::Value(value.clone()),
                None if present => Cell::Empty(entry.clear),
                None => Cell::Absent,
            };
        }
        if let (Kind::Texts, Some(Value::Array(list))) = (field.kind, found) {
            return Cell::Value(list.iter().filter_map(scalar).map(Cow::into_owned).collect());
        }
        let text = match found.and_then(scalar) {
            Some(text) => Some(text),
            None => {
                present |= entry.join.iter().any(|column| record.get(column).is_some());
                joined(entry, record).map(Cow::Owned)
            }
        };
        let blank = |text: &str| text.is_empty() || (field.kind != Kind::Text && text.trim().is_empty());
        let Some(text) = text.filter(|text| !blank(text)) else {
            return if present { Cell::Empty(entry.clear) } else { Cell::Absent };
        };
        if entry.starts.as_ref().is_some_and(|begin| !text.starts_with(begin.as_str())) {
            return Cell::Absent;
        }
        let text = match (entry.lookup, entry.miss) {
            (Some(place), miss) => match self.tables.get(place, text.trim()) {
                Some(value) => Cow::Owned(value.to_owned()),
                None if miss == Miss::Keep => text,
                None => return Cell::Absent,
            },
            (None, _) => text,
        };
        let coded = entry.codes.is_empty() || entry.codes.contains_key(&text.trim().to_lowercase());
        if !coded && entry.default.is_none() && entry.miss == Miss::Drop {
            return Cell::Absent;
        }
        match self.convert(field, entry, &text, record) {
            Ok(Value::String(text)) if text.is_empty() => Cell::Empty(false),
            Ok(value) => Cell::Value(value),
            Err(what) => match &entry.default {
                Some(value) => Cell::Value(value.clone()),
                None => Cell::Bad(wrong(entry, record, &what)),
            },
        }
    }

    /// The key that a relation names.
    pub(super) fn related(&self, entry: &Entry, record: &Record) -> Option<String> {
        let any = Field { name: "", kind: Kind::Text, required: false };
        let Cell::Value(Value::String(id)) = self.cell(any, entry, &entry.from, record) else { return None };
        let id = id.trim();
        (!id.is_empty()).then(|| format!("{}{id}", entry.prefix))
    }

    fn convert(&self, field: Field, entry: &Entry, text: &str, record: &Record) -> Result<Value, String> {
        if !entry.codes.is_empty() {
            match entry.codes.get(&text.trim().to_lowercase()) {
                Some(value) => return Ok(value.clone()),
                None if entry.default.is_some() => return Err(String::new()),
                None => {}
            }
        }
        let number = |what: &str| values::decimal(text, self.mapping.comma).ok_or_else(|| what.to_owned());
        match field.kind {
            Kind::Text | Kind::Json | Kind::Points | Kind::Custom => {
                let what = match entry.transform {
                    As::Email => "no mail address",
                    As::Phone => "no phone number",
                    _ => "nothing of which a code can be made",
                };
                worded(entry, text).map(Value::String).ok_or_else(|| what.to_owned())
            }
            Kind::Texts => {
                let parts = text.split(entry.separator.as_str()).map(str::trim).filter(|part| !part.is_empty());
                Ok(parts.map(|part| worded(entry, part).unwrap_or_default()).collect())
            }
            Kind::Int => {
                let scaled = |factor: Decimal| {
                    let number = number("no number")?.checked_mul(factor).ok_or("beyond what a number holds")?;
                    values::int(&number.round().to_string(), false)
                        .ok_or_else(|| "beyond what a number holds".to_owned())
                };
                let number = match entry.transform {
                    As::Percent if text.contains('%') => scaled(Decimal::ONE)?,
                    As::Percent => scaled(Decimal::ONE_HUNDRED)?,
                    As::Millis => scaled(Decimal::new(1, 3))?,
                    As::Minutes => scaled(Decimal::from(60))?,
                    _ => values::int(text, self.mapping.comma).ok_or("no whole number")?,
                };
                if field.name == "probability" && !(0..=100).contains(&number) {
                    return Err("not between 0 and 100".into());
                }
                i32::try_from(number).map(Value::from).map_err(|_| "beyond what a number holds".into())
            }
            Kind::Decimal => Ok(Value::String(number("no number")?.normalize().to_string())),
            Kind::Money => {
                let amount = number("no amount")?;
                let currency = self.currency(entry, record)?;
                Ok(json!({ "amount": values::amount(amount, &currency), "currency": currency }))
            }
            Kind::Bool => values::yes(text).map(Value::Bool).ok_or_else(|| "neither yes nor no".into()),
            Kind::Date => values::date(text, self.setting.clock).map(Value::String).ok_or_else(|| "no date".into()),
            Kind::Time => values::time(text, self.setting.clock).map(Value::String).ok_or_else(|| "no time".into()),
            Kind::Code(codes) => {
                let wanted = normal(text);
                let code = codes.iter().find(|code| normal(code) == wanted);
                code.map(|code| json!(code)).ok_or_else(|| "a code that the mapping does not know".into())
            }
        }
    }

    fn currency(&self, entry: &Entry, record: &Record) -> Result<String, String> {
        let told = entry.currency.as_deref().and_then(|column| record.get(column)).and_then(scalar);
        if let Some(code) = told.map(|code| code.trim().to_uppercase()).filter(|code| !code.is_empty()) {
            let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
            return is_code.then_some(code).ok_or_else(|| "an amount in a currency that is no code".into());
        }
        let default = self.setting.currency.as_ref().or(self.mapping.currency.as_ref());
        default.cloned().ok_or_else(|| "an amount whose currency nothing says".into())
    }
}

/// Columns put together; those that hold nothing are left out.
fn joined(entry: &Entry, record: &Record) -> Option<String> {
    let parts = entry.join.iter().filter_map(|column| record.get(column)).filter_map(scalar);
    let parts: Vec<Cow<'_, str>> = parts.filter(|part| !part.trim().is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(&entry.with))
}

/// What is wrong, with the column as the source names it.
fn wrong(entry: &Entry, record: &Record, what: &str) -> String {
    let there = entry.from.iter().chain(&entry.join).find(|column| record.get(column).is_some());
    format!("the column {} is {what}", there.map_or("", |column| record.header.written(column)))
}
