//! Every source on files as they come, every trap, and every fault that a file can have. Pure: no database, no network.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test says what it is, and ends where something is not as it should be"
)]

mod apex;
mod exports;
mod fivetran;
mod format;
mod reading;
mod stream;
mod traps;

use std::{path::PathBuf, sync::Arc};

use mappings::{Entity, Import, Input, Item, Mapping, Options, Problem, Report, Row, Source};

/// What an import gave.
pub struct Taken {
    pub rows: Vec<Row>,
    pub problems: Vec<Problem>,
    pub report: Report,
}

impl Taken {
    pub fn of(&self, entity: Entity) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.entity == entity).collect()
    }

    pub fn row(&self, entity: Entity, key: &str) -> &Row {
        let found = self.rows.iter().find(|row| row.entity == entity && row.external_id == key);
        found.unwrap_or_else(|| panic!("no {entity} {key} in {:#?}", self.rows))
    }

    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        self.report.rows.iter().map(|(entity, count)| (entity.code(), *count)).collect()
    }

    pub fn told(&self) -> Vec<String> {
        self.problems.iter().map(ToString::to_string).collect()
    }

    pub fn orphans(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.report.orphans.iter().map(|((entity, relation), count)| (entity.code(), *relation, *count)).collect()
    }
}

pub fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

pub fn options() -> Options {
    Options { currency: Some("EUR".into()), today: chrono::NaiveDate::from_ymd_opt(2026, 1, 15), ..Options::default() }
}

pub fn take_with(mapping: Mapping, inputs: Vec<Input>) -> Taken {
    let mut import = Import::new(Arc::new(mapping), inputs, &options()).unwrap();
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for item in import.by_ref() {
        match item {
            Item::Row(row) => rows.push(*row),
            Item::Problem(problem) => problems.push(problem),
        }
    }
    assert!(rows.is_sorted_by_key(|row| row.entity), "targets come before what refers to them");
    let (read, total) = import.progress();
    assert!(read <= total, "{read} of {total}");
    Taken { rows, problems, report: import.report().clone() }
}

pub fn take(source: Source, files: &[(&str, &str)]) -> Taken {
    let inputs = files.iter().map(|(name, text)| Input::bytes(name, text.as_bytes())).collect();
    take_with(Mapping::of(source).unwrap(), inputs)
}

pub fn folder(source: Source, path: PathBuf) -> Taken {
    take_with(Mapping::of(source).unwrap(), mappings::inputs(&[path]).unwrap())
}
