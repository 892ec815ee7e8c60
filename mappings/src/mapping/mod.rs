//! A mapping: which file holds what, and what its columns mean. Written in TOML (`docs/mappings.md`), judged whole when it is loaded.

mod check;
mod raw;

use std::collections::{BTreeMap, HashSet};

use chrono_tz::Tz;
use serde_json::Value;

use crate::{
    Entity, Field, Relation, normal,
    read::{Header, Record},
    take,
};

/// A mapping that cannot be used, with the place in it.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// It is no TOML of this form.
    #[error("the mapping is not of the form of docs/mappings.md: {0}")]
    Form(String),
    /// It names something that is not there.
    #[error("the mapping, {place}: {message}")]
    Meaning {
        /// Where in it.
        place: String,
        /// What is wrong.
        message: String,
    },
}

/// The sources whose mappings are built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// HubSpot.
    Hubspot,
    /// Salesforce.
    Salesforce,
    /// Pipedrive.
    Pipedrive,
    /// Zendesk.
    Zendesk,
}

impl Source {
    /// All of them.
    pub const ALL: [Source; 4] = [Source::Hubspot, Source::Salesforce, Source::Pipedrive, Source::Zendesk];

    /// Its mapping file.
    pub const fn text(self) -> &'static str {
        match self {
            Source::Hubspot => include_str!("../../files/hubspot.toml"),
            Source::Salesforce => include_str!("../../files/salesforce.toml"),
            Source::Pipedrive => include_str!("../../files/pipedrive.toml"),
            Source::Zendesk => include_str!("../../files/zendesk.toml"),
        }
    }
}

/// A mapping, judged.
#[derive(Debug)]
pub struct Mapping {
    pub(crate) source: String,
    pub(crate) title: String,
    pub(crate) zone: Option<Tz>,
    pub(crate) currency: Option<String>,
    pub(crate) comma: bool,
    pub(crate) day_first: bool,
    pub(crate) strict: bool,
    pub(crate) encoding: Option<&'static encoding_rs::Encoding>,
    pub(crate) lists: Vec<String>,
    pub(crate) skips: Vec<Skip>,
    pub(crate) tables: Vec<Table>,
    pub(crate) files: Vec<File>,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// When it is not of the form, or names an entity, field, relation, transform or table that is not there.
    pub fn load(text: &str) -> Result<Mapping, MappingError> {
        check::mapping(text)
    }

    /// A mapping that is built in.
    ///
    /// # Errors
    /// Never, as the tests show.
    pub fn of(source: Source) -> Result<Mapping, MappingError> {
        Mapping::load(source.text())
    }

    /// The code of the source, under which its keys are remembered.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it is for, in words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The entities that it makes.
    pub fn entities(&self) -> Vec<Entity> {
        let mut entities: Vec<Entity> = self.files.iter().flat_map(|file| &file.rows).map(|row| row.entity).collect();
        entities.sort_unstable();
        entities.dedup();
        entities
    }

    /// Which file of the mapping knows records of a list, a type and some columns. `Err`: it is left out on purpose, and why.
    pub(crate) fn known(
        &self,
        name: &str,
        list: &str,
        kind: Option<&str>,
        header: &Header,
    ) -> Result<Option<usize>, &str> {
        let (stem, list) = (stem(name), normal(list));
        let kind = kind.map(normal);
        let skipped = |skip: &&Skip| match &kind {
            Some(kind) => skip.types.contains(kind),
            None => {
                (!list.is_empty() && skip.streams.contains(&list)) || skip.files.iter().any(|files| files.is(&stem))
            }
        };
        if let Some(skip) = self.skips.iter().find(skipped) {
            return Err(&skip.why);
        }
        let place = |found: &dyn Fn(&File) -> bool| {
            self.files.iter().position(|file| found(file) && !file.without.iter().any(|column| header.has(column)))
        };
        if let Some(kind) = &kind {
            return Ok(place(&|file| file.types.contains(kind)));
        }
        let by_list = (!list.is_empty()).then(|| place(&|file| file.streams.contains(&list))).flatten();
        let by_name = || place(&|file| file.files.iter().any(|files| files.is(&stem)));
        let by_header =
            || place(&|file| file.header.iter().any(|columns| columns.iter().all(|column| header.has(column))));
        Ok(by_list.or_else(by_name).or_else(by_header))
    }

    /// The tables that a file or a list fills.
    pub(crate) fn filled(&self, name: &str, list: &str) -> Vec<usize> {
        let (stem, list) = (stem(name), normal(list));
        let fills = |table: &Table| {
            (!list.is_empty() && table.streams.contains(&list)) || table.files.iter().any(|files| files.is(&stem))
        };
        (0..self.tables.len()).filter(|place| fills(&self.tables[*place])).collect()
    }
}

/// The name of a file as patterns see it: without ending, lower case, `_` for everything else.
fn stem(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| if stem.is_empty() { file } else { stem });
    stem.chars().flat_map(char::to_lowercase).map(|sign| if sign.is_alphanumeric() { sign } else { '_' }).collect()
}

/// A pattern of names; `*` stands for anything.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(String);

impl Pattern {
    fn is(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let parts: Vec<&str> = parts.collect();
        let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
        for part in middle {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// Files that are known and left out.
#[derive(Debug)]
pub(crate) struct Skip {
    pub files: Vec<Pattern>,
    pub streams: Vec<String>,
    pub types: Vec<String>,
    pub why: String,
}

/// A table of ids that other files look into: held in memory.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: String,
    pub files: Vec<Pattern>,
    pub streams: Vec<String>,
    pub each: Option<String>,
    pub key: Entry,
    pub values: Vec<(String, Entry)>,
    /// The key was merged into the value; or, with a separator, the values of a list into the key.
    pub merges: Option<Entity>,
    pub separator: Option<String>,
    pub when: Vec<Condition>,
    pub strip: Vec<String>,
    pub strip_end: Vec<String>,
}

/// What becomes of columns that no row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Told once a file.
    Report,
    /// The tenant's own fields, by the source's own names.
    Custom,
    /// Left.
    Ignore,
}

/// A kind of file.
#[derive(Debug)]
pub(crate) struct File {
    pub name: String,
    pub files: Vec<Pattern>,
    pub streams: Vec<String>,
    pub types: Vec<String>,
    pub header: Vec<Vec<String>>,
    pub without: Vec<String>,
    pub key: Option<Entry>,
    pub numbered: Option<String>,
    pub when: Vec<Condition>,
    /// A record that meets all of these is left.
    pub unless: Vec<Condition>,
    pub deleted: Vec<Condition>,
    pub ignore: Vec<Pattern>,
    pub rest: Rest,
    pub strip: Vec<String>,
    pub strip_end: Vec<String>,
    pub rows: Vec<RowOf>,
    /// Every column that something of it reads.
    pub read: HashSet<String>,
}

impl File {
    /// Whether it wants a record at all.
    pub(crate) fn wants(&self, record: &Record) -> bool {
        let left = !self.unless.is_empty() && self.unless.iter().all(|condition| take::holds(condition, record));
        !left && self.when.iter().all(|condition| take::holds(condition, record))
    }

    /// Whether a column is neither read nor left on purpose.
    pub(crate) fn knows(&self, column: &str) -> bool {
        self.read.contains(column)
            || self.read.iter().any(|read| column.starts_with(read.as_str()) && read.len() >= 4 && self.is_part(read))
            || self.ignore.iter().any(|ignored| ignored.is(column))
    }

    /// Lists and objects are read whole, as far as their parts are concerned.
    fn is_part(&self, read: &str) -> bool {
        self.rows.iter().any(|row| row.each.as_deref() == Some(read))
    }
}

/// What a record becomes.
#[derive(Debug)]
pub(crate) struct RowOf {
    pub entity: Entity,
    pub key: Option<Entry>,
    pub each: Option<String>,
    pub when: Vec<Condition>,
    pub distinct: bool,
    pub set: Vec<(Field, Vec<Entry>)>,
    pub on_create: Vec<(Field, Vec<Entry>)>,
    pub on_update: Vec<(Field, Vec<Entry>)>,
    pub relations: Vec<(Relation, Vec<Entry>)>,
    pub custom: Vec<(String, Entry)>,
}

/// When something counts.
#[derive(Debug)]
pub(crate) struct Condition {
    pub column: String,
    pub is: Vec<String>,
    pub not: Vec<String>,
    pub starts: Vec<String>,
    pub empty: Option<bool>,
}

/// What becomes of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    /// By the kind of the field.
    Field,
    Text,
    Trim,
    Lower,
    Email,
    Phone,
    Given,
    Family,
    Plain,
    Code,
    SalesforceId,
    Percent,
    Millis,
    Minutes,
}

/// What a key becomes that its table does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    Keep,
    Drop,
}

/// Where a value comes from and what becomes of it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Columns, of which the first that holds something is taken.
    pub from: Vec<String>,
    /// Columns that are put together.
    pub join: Vec<String>,
    pub with: String,
    pub value: Option<Value>,
    pub today: bool,
    pub transform: As,
    pub codes: BTreeMap<String, Value>,
    pub default: Option<Value>,
    pub currency: Option<String>,
    pub separator: String,
    /// An empty cell clears.
    pub clear: bool,
    pub required: bool,
    /// Columns for a new object whose cell is empty.
    pub fallback: Vec<String>,
    /// A table, and which of its values.
    pub lookup: Option<(usize, usize)>,
    pub miss: Miss,
    pub starts: Option<String>,
    pub prefix: String,
    pub of: Option<Entity>,
    pub kind: Option<String>,
    pub label: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_matched_by_patterns() {
        let is = |pattern: &str, name: &str| Pattern(pattern.to_owned()).is(&stem(name));
        assert!(is("*contacts*", "exports/hubspot-crm-exports-all-contacts-2024-01-01.csv"));
        assert!(is("sf_account_data", "sf_account_data.csv"));
        assert!(!is("sf_account_data", "sf_account_data_2.csv"));
        assert!(is("a*b*c", "a-x-b-c.json") && !is("a*b*c", "a-x-c-b.json"));
        assert!(is("*", "") && is("*data", "data.csv") && !is("data*x", "data.csv"));
    }
}
