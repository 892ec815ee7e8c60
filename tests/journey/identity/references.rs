//! No column is forgotten: whatever table names an account or a contact is moved by a merge, or is left as it is for a reason.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use api::account::merge::references::{STAYS, references};

fn files(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
                false => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder), &mut found);
    found.sort();
    found
}

/// Names of columns by which a table can name an account or a contact.
const NAMING: [&str; 11] = [
    "account_id",
    "contact_id",
    "parent_id",
    "subject_id",
    "object_id",
    "row_id",
    "survivor_id",
    "merged_id",
    "old_id",
    "new_id",
    "source_id",
];

/// Every column of an entity that may name a record: table and column. `source_id` names a source system everywhere but in the search
/// index, where it names a record.
fn columns() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for file in files("entities/src") {
        let text = std::fs::read_to_string(&file).unwrap();
        let Some(table) = text.split("table_name = \"").nth(1).and_then(|rest| rest.split('"').next()) else {
            continue;
        };
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("pub ")) {
            let Some((name, ty)) = line.split_once(": ") else { continue };
            let is_id = ty.starts_with("Uuid") || ty.starts_with("Option<Uuid>");
            if is_id && NAMING.contains(&name) && (name != "source_id" || table == "search_token") {
                found.insert((table.to_owned(), name.to_owned()));
            }
        }
    }
    found
}

/// Every foreign key to the two tables, as the migrations declare them.
fn keys() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for file in files("migration/src") {
        let text = std::fs::read_to_string(&file).unwrap();
        for part in text.split("table(\"").skip(1) {
            let table = part.split('"').next().unwrap();
            for line in part.lines().map(str::trim) {
                let Some(rest) = line.strip_prefix(".refers(\"").or_else(|| line.strip_prefix(".opt_refers(\"")) else {
                    continue;
                };
                let mut words = rest.split('"');
                let (column, to) = (words.next().unwrap(), words.nth(1).unwrap());
                if ["account", "contact"].contains(&to) {
                    found.insert((table.to_owned(), column.to_owned()));
                }
            }
        }
    }
    found
}

#[test]
fn every_column_that_can_name_a_record_is_declared() {
    let declared = references().into_iter().map(|reference| (reference.table.to_owned(), reference.column));
    let mut declared: BTreeSet<(String, String)> = declared.collect();
    let stays: BTreeSet<(String, String)> =
        STAYS.iter().map(|(table, column, _)| ((*table).to_owned(), (*column).to_owned())).collect();
    assert!(declared.is_disjoint(&stays), "moved and left: {:?}", declared.intersection(&stays).collect::<Vec<_>>());
    declared.extend(stays);
    let columns = columns();
    assert!(columns.len() > 50, "{columns:?}");
    let forgotten: Vec<_> = columns.difference(&declared).collect();
    assert!(forgotten.is_empty(), "say in account/merge/references.rs what a merge does with {forgotten:?}");
    let gone: Vec<_> = declared.difference(&columns).collect();
    assert!(gone.is_empty(), "there is no such column: {gone:?}");
    let keys = keys();
    assert!(keys.len() > 30, "{keys:?}");
    assert!(keys.is_subset(&declared), "foreign keys that no merge knows: {:?}", keys.difference(&declared));
}

#[test]
fn what_names_several_things_is_told_apart() {
    for reference in references() {
        let several = reference.column == "subject_id" || reference.column == "object_id";
        assert_eq!(reference.by_type.is_some(), several, "{reference:?}");
    }
}
