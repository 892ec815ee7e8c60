//! The formats of files. Each begins with what says its columns, so that a file without rows still has them.

mod csv;
mod ndjson;
mod parquet;

pub use ndjson::{json, object};

use super::{cell::Row, dataset::Dataset};

/// Turns rows into the bytes of a file.
pub trait Encoder: Send {
    /// What the rows add.
    fn rows(&mut self, rows: &[Row]) -> std::io::Result<Vec<u8>>;
    /// What ends the file. A file that broke off has no end.
    fn end(&mut self) -> std::io::Result<Vec<u8>>;
    /// What says in the file that it broke off, where the format can.
    fn broken(&mut self, _code: &str, _message: &str) -> Vec<u8> {
        Vec::new()
    }
}

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180.
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 3] = [Format::Csv, Format::Ndjson, Format::Parquet];

    /// How addresses end.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Parquet => "parquet",
        }
    }

    /// The media type.
    pub const fn media(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Ndjson => "application/x-ndjson",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// Whether the bytes are packed already.
    pub const fn is_packed(self) -> bool {
        matches!(self, Format::Parquet)
    }

    /// An encoder of a dataset's rows.
    pub fn encoder(self, dataset: &'static Dataset) -> std::io::Result<Box<dyn Encoder>> {
        Ok(match self {
            Format::Csv => Box::new(csv::Csv::new(dataset)),
            Format::Ndjson => Box::new(ndjson::Ndjson(dataset)),
            Format::Parquet => Box::new(parquet::Parquet::new(dataset)?),
        })
    }
}
