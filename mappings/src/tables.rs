//! What is held in memory while files are read: join tables by ids, labels of stages, and who was merged into whom. Nothing else is.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::{Entity, mapping::Mapping, read::Record, take};

/// A row of a table: its values, where they hold something.
type Values = Box<[Option<Box<str>>]>;

/// The tables of a mapping, filled.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    rows: Vec<HashMap<Box<str>, Values>>,
    merged: HashMap<Entity, HashMap<String, String>>,
}

impl Tables {
    pub(crate) fn new(mapping: &Mapping) -> Tables {
        Tables { rows: mapping.tables.iter().map(|_| HashMap::new()).collect(), merged: HashMap::new() }
    }

    /// Takes a record into a table. Of two rows of one key the first counts.
    pub(crate) fn fill(&mut self, mapping: &Mapping, place: usize, record: &Record) {
        let table = &mapping.tables[place];
        let record = take::stripped(record, &table.strip, &table.strip_end);
        let parts = match &table.each {
            Some(column) => take::parts(&record, column),
            None => vec![record],
        };
        for part in parts {
            if !table.when.iter().all(|condition| take::holds(condition, &part)) {
                continue;
            }
            let Some(key) = take::key(&table.key, &part) else { continue };
            if let Some(entity) = table.merges {
                let Some((_, value)) = table.values.first() else { continue };
                let merged = self.merged.entry(entity).or_default();
                match &table.separator {
                    None => {
                        if let Some(survivor) = take::key(value, &part) {
                            merged.entry(key).or_insert(survivor);
                        }
                    }
                    Some(separator) => {
                        for old in list(&part, &value.from, separator) {
                            merged.entry(old).or_insert_with(|| key.clone());
                        }
                    }
                }
                continue;
            }
            let values: Values =
                table.values.iter().map(|(_, entry)| take::key(entry, &part).map(String::into_boxed_str)).collect();
            if values.iter().any(Option::is_some) {
                self.rows[place].entry(key.into_boxed_str()).or_insert(values);
            }
        }
    }

    /// A value of a table.
    pub(crate) fn get(&self, (table, value): (usize, usize), key: &str) -> Option<&str> {
        self.rows.get(table)?.get(key)?.get(value)?.as_deref()
    }

    /// Whom a key was merged into, at the end of the chain. A chain that is a ring has no end: then nobody.
    pub(crate) fn survivor(&self, entity: Entity, key: &str) -> Option<&str> {
        let merged = self.merged.get(&entity)?;
        let mut seen = HashSet::from([key]);
        let mut at = merged.get(key)?.as_str();
        while let Some(next) = merged.get(at) {
            if !seen.insert(at) {
                return None;
            }
            at = next;
        }
        (at != key).then_some(at)
    }
}

/// The ids of a list: a JSON array, or text with separators.
fn list(record: &Record, columns: &[String], separator: &str) -> Vec<String> {
    let value = columns.iter().find_map(|column| record.get(column));
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(take::scalar).map(|id| id.trim().to_owned()).collect(),
        Some(value) => {
            let text = take::scalar(value).unwrap_or_default();
            let parts = text.split(separator).map(|part| part.split(':').next().unwrap_or_default().trim());
            parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
        }
        None => Vec::new(),
    }
}
