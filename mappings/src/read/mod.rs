//! Reading: bytes become records. Whatever the encoding, the delimiter and the damage: a record that cannot be read is told with its
//! line and the rest goes on; nothing longer than a limit is ever held.

pub mod bytes;
pub mod csv;
pub mod json;
pub mod lines;

use std::{collections::HashMap, io, sync::Arc};

use serde_json::Value;

use crate::column;

/// How much is held of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a line, a row or a record.
    pub record: usize,
    /// Columns of a CSV.
    pub columns: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { record: 1 << 20, columns: 5_000 }
    }
}

/// The names of a record's columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// As the source has them.
    pub names: Vec<String>,
    index: HashMap<String, Vec<usize>>,
}

impl Header {
    /// Of names, by their normal forms.
    pub fn new(names: Vec<String>) -> Header {
        Header::stripped(names, &[], &[])
    }

    /// Of names, by their normal forms without one of some beginnings (`property_`) and endings (`.value`).
    pub fn stripped(names: Vec<String>, strip: &[String], strip_end: &[String]) -> Header {
        let mut index: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            let mut short =
                name.trim_matches(|sign: char| sign.is_whitespace() || matches!(sign, '"' | '`' | '\u{feff}'));
            for begin in strip {
                if let Some(rest) = strip_begin(short, begin).filter(|rest| !rest.is_empty()) {
                    short = rest;
                    break;
                }
            }
            for end in strip_end {
                short = short.strip_suffix(end.as_str()).filter(|rest| !rest.is_empty()).unwrap_or(short);
            }
            index.entry(column(short)).or_default().push(place);
        }
        Header { names, index }
    }

    /// Whether there is such a column, by its normal name.
    pub fn has(&self, column: &str) -> bool {
        self.index.contains_key(column)
    }

    /// The columns by their normal names.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.index
            .iter()
            .flat_map(|(key, places)| places.iter().map(|place| (key.as_str(), self.names[*place].as_str())))
    }

    /// A column's name as it is written.
    pub fn written<'a>(&'a self, column: &'a str) -> &'a str {
        let place = self.index.get(column).and_then(|places| places.first());
        place.map_or(column, |place| self.names[*place].as_str())
    }

    /// Names that stand twice, as they are written.
    pub fn twice(&self) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        let mut twice: Vec<&str> = self
            .names
            .iter()
            .filter(|name| !name.is_empty() && !seen.insert(name.as_str()))
            .map(String::as_str)
            .collect();
        twice.dedup();
        twice
    }
}

fn strip_begin<'a>(name: &'a str, begin: &str) -> Option<&'a str> {
    let head = name.get(..begin.len())?;
    head.eq_ignore_ascii_case(begin).then(|| &name[begin.len()..])
}

/// A record of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Which in its file or collection, from 1.
    pub number: u64,
    /// Its columns.
    pub header: Arc<Header>,
    /// Their values.
    pub values: Vec<Value>,
}

impl Record {
    /// The value of a column by its normal name: of several of one name the first that holds something. None: no such column.
    pub fn get(&self, column: &str) -> Option<&Value> {
        let places = self.header.index.get(column)?;
        let mut values = places.iter().filter_map(|place| self.values.get(*place));
        let first = values.next()?;
        if !is_empty(first) {
            return Some(first);
        }
        values.find(|value| !is_empty(value)).or(Some(first))
    }
}

/// Nothing, as far as a mapping is concerned.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// A record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The line, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// What a reader yields.
pub type Read = Result<Record, Unreadable>;

pub(crate) const NUL: &str = "it holds the character U+0000, which text cannot";

pub(crate) fn too_long(limit: usize) -> String {
    format!("it is longer than {limit} bytes")
}

/// A device that fails is told once, as the last record.
pub(crate) fn broken(line: u64, error: &io::Error) -> Unreadable {
    Unreadable { line, reason: format!("the file cannot be read on: {error}") }
}
