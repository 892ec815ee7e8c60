//! What other systems export, as rows for Journey's upsert: files and streams come in, [`Row`]s and [`Problem`]s come out, one by one.
//! Pure: no database, no caller, no clock; a file is never held in memory as a whole.
//!
//! A row's way: [`read`] makes records of bytes (CSV, JSON, NDJSON, whatever the encoding), a [`Mapping`] says which entity each is and
//! what its columns mean, [`Import`] brings targets before what refers to them and tells of orphans. [`singer`] does the same
//! for a stream of Singer messages, [`draft`] writes the mapping of a CSV that nobody knows yet.
//!
//! The format of mapping files, the sources and their traps: `docs/mappings.md`.

pub mod draft;
mod fields;
mod import;
mod mapping;
pub mod read;
mod report;
mod row;
pub mod singer;
mod tables;
mod take;
mod values;

pub use fields::{Entity, Field, Fields, Kind, Relation, fields};
pub use import::{Import, ImportError, Input, Options, inputs};
pub use mapping::{Mapping, MappingError, Source};
pub use report::{FileReport, Report};
pub use row::{Item, Place, Problem, Row};
pub use values::{decimals, long_id};

/// `Annual Revenue`, `annual_revenue` and `AnnualRevenue` are one column.
pub fn normal(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A column's name as it is looked up: its normal form, or itself where nothing of it is a letter or digit.
pub(crate) fn column(name: &str) -> String {
    let normal = normal(name);
    if normal.is_empty() { name.trim().to_owned() } else { normal }
}
