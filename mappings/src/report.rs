//! What an import found, to be told at its end.

use std::{collections::BTreeMap, fmt};

use crate::{Entity, Place};

/// How many orphans are named one by one.
pub(crate) const NAMED: usize = 100;

/// What was found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    /// The file.
    pub file: String,
    /// As what it was read: the names of the mapping's files.
    pub read_as: Vec<String>,
    /// Why it, or a part of it, was left out.
    pub left_out: Vec<String>,
    /// Records in it, readable or not.
    pub records: u64,
    /// Rows made of them: a record may make several, or none.
    pub rows: u64,
    /// Records that could not be read, and rows that could not be made.
    pub refused: u64,
    /// Cells that could not be taken; their rows were.
    pub cells: u64,
    /// Records that the mapping does not want, or does not know.
    pub left: u64,
    /// Rows that say again what one before them said.
    pub again: u64,
    /// Columns that no mapping knows, by their names.
    pub unknown: Vec<String>,
    /// Columns of one name: the first that holds something is taken.
    pub twice: Vec<String>,
}

/// A relation whose target is in no file, though files of its kind are there. Its row is kept, and so is the relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Where.
    pub place: Place,
    /// What the row is.
    pub entity: Entity,
    /// Its key.
    pub external_id: String,
    /// The relation.
    pub relation: &'static str,
    /// The key that nothing has.
    pub target: String,
}

/// What an import found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By file, in the order of the arguments.
    pub files: Vec<FileReport>,
    /// Rows by entity.
    pub rows: BTreeMap<Entity, u64>,
    /// Relations without target, by entity and relation.
    pub orphans: BTreeMap<(Entity, &'static str), u64>,
    /// The first hundred of them.
    pub named: Vec<Orphan>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            let FileReport { records, rows, refused, cells, left, .. } = file;
            let read_as = if file.read_as.is_empty() { "left out".to_owned() } else { file.read_as.join(", ") };
            writeln!(
                f,
                "{}: {read_as}: {records} records, {rows} rows, {refused} refused, {cells} cells refused, {left} left",
                file.file
            )?;
            for why in &file.left_out {
                writeln!(f, "  left out: {why}")?;
            }
            if !file.unknown.is_empty() {
                writeln!(f, "  columns that the mapping does not know: {}", file.unknown.join(", "))?;
            }
            if !file.twice.is_empty() {
                writeln!(f, "  columns that stand twice: {}", file.twice.join(", "))?;
            }
        }
        for ((entity, relation), count) in &self.orphans {
            writeln!(f, "{count} of {entity} name a {relation} that is in no file")?;
        }
        Ok(())
    }
}
