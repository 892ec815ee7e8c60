//! What comes out: rows for the upsert, and what could not be taken.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::Entity;

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, or the stream.
    pub file: Arc<str>,
    /// The line on which it begins, from 1.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One row for Journey's upsert.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it is.
    pub entity: Entity,
    /// The source's own key of it.
    pub external_id: String,
    /// Fields by their names in the API; null clears, an absent one leaves.
    pub set: Map<String, Value>,
    /// Fields that only a new object gets.
    pub on_create: Map<String, Value>,
    /// Fields that only a known object gets.
    pub on_update: Map<String, Value>,
    /// Which other object of the same source a field names (`account`, `owner`). A field that may name several kinds of object
    /// (`record` of a note) says which: `OPPORTUNITY:006…`.
    pub relations: BTreeMap<String, String>,
    /// The source has deleted it.
    pub deleted: bool,
    /// The source has merged it into this other one.
    pub merged_into: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A row, or a cell of one, that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// The key, if the row has got so far.
    pub external_id: Option<String>,
    /// The field of the cell; the rest of its row is taken. Null where the whole row is lost.
    pub field: Option<String>,
    /// What is wrong, without the value itself: it may be personal.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if let Some(key) = &self.external_id {
            let short: String = key.chars().take(80).collect();
            write!(f, " ({short}{})", if short.len() < key.len() { "…" } else { "" })?;
        }
        if let Some(field) = &self.field {
            write!(f, " {field}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// What an import yields.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A row to take.
    Row(Box<Row>),
    /// Something that could not be taken.
    Problem(Problem),
}
