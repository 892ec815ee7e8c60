//! The configuration: `config.default.toml` is its manual, this file its types and its checks.
//!
//! Sources are laid over each other as tables, later ones win: the default file, the configuration file, the environment, flags. To add
//! an option: a field in `types.rs`, a commented line in the default file (a test fails without it), a check in `check.rs`.

mod check;
pub mod duration;
mod layers;
mod problem;
mod types;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_path_to_error::Segment;
use toml::{Table, Value};

pub(crate) use check::database_url as check_database_url;
pub use problem::{Problem, Problems};
pub use types::{
    Algorithm, Auth, Bulk, ClaimNames, Config, Database, Feed, Files, Issuer, Limits, Log, LogFormat, Server, Webhooks,
};

/// The default file.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// What the configuration has to be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A server: the database and the issuers are needed.
    Serve,
    /// A command that says itself what it needs.
    Tool,
}

/// Where options come from, besides the default file.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The configuration file.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// What flags set, as `section.option` and its text.
    pub flags: Vec<(&'static str, String)>,
}

impl Config {
    /// Reads, lays together and checks everything. Says all that is wrong, not the first of it.
    pub fn load(sources: &Sources, purpose: Purpose) -> Result<Config, Problems> {
        let mut problems = Vec::new();
        let defaults =
            parse(DEFAULTS).map_err(|message| Problems(vec![Problem::new("the default configuration", message)]))?;

        let mut table = defaults.clone();
        if let Some(path) = &sources.file {
            match read(path) {
                Ok(mut file) => {
                    layers::take_unknown(&mut file, &defaults, "", &mut problems);
                    layers::merge(&mut table, file);
                }
                Err(problem) => problems.push(problem),
            }
        }
        let mut environment = layers::environment(&sources.environment, &defaults, &mut problems);
        layers::take_unknown(&mut environment, &defaults, "", &mut problems);
        layers::merge(&mut table, environment);
        for (path, text) in &sources.flags {
            put(&mut table, path, Value::String(text.clone()));
        }

        let config = deserialize(table, &defaults, &mut problems);
        if let Some(config) = &config {
            let mut found = Vec::new();
            check::check(config, purpose, &mut found);
            // What did not fit was replaced, and may be found missing again: the first finding is the true one.
            let replaced: HashSet<String> = problems.iter().map(|problem| problem.path.clone()).collect();
            problems.extend(found.into_iter().filter(|problem| !replaced.contains(&problem.path)));
        }
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Problems(problems)),
        }
    }
}

fn read(path: &Path) -> Result<Table, Problem> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|error| Problem::new(&name, format!("cannot be read: {error}")))?;
    parse(&text).map_err(|message| Problem::new(&name, message))
}

/// Parses TOML. The parser's own text would quote the line, which may hold a secret: only its reason and the place are kept.
fn parse(text: &str) -> Result<Table, String> {
    text.parse::<Table>().map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        format!("line {line}: {}", error.message())
    })
}

/// Table to types. A value that does not fit is reported, its default put in its place, and the rest tried again, so that every
/// problem is found in one go.
fn deserialize(mut table: Table, defaults: &Table, problems: &mut Vec<Problem>) -> Option<Config> {
    loop {
        let error = match serde_path_to_error::deserialize::<_, Config>(Value::Table(table.clone())) {
            Ok(config) => return Some(config),
            Err(error) => error,
        };
        let path = error.path().clone();
        // What serde says quotes the value: not where values are secret.
        let secret = path.iter().any(|part| matches!(part, Segment::Map { key } if key == "secret" || key == "url"));
        let message =
            if secret { "must be text in quotes".to_owned() } else { error.inner().message().trim().to_owned() };
        let default = find(defaults, &path).filter(|default| default.as_array().is_none());
        let hint = default.filter(|_| !secret).map(|default| format!("; the default is {default}")).unwrap_or_default();
        problems.push(Problem::new(path.to_string(), message + &hint));
        if !repair(&mut table, &path, defaults) {
            return None;
        }
    }
}

fn find<'a>(table: &'a Table, path: &serde_path_to_error::Path) -> Option<&'a Value> {
    let mut keys = path.iter();
    let Some(Segment::Map { key }) = keys.next() else {
        return None;
    };
    keys.try_fold(table.get(key)?, |value, part| match part {
        Segment::Map { key } => value.get(key),
        Segment::Seq { index } => value.get(*index),
        Segment::Enum { .. } | Segment::Unknown => None,
    })
}

/// Puts the default in the place of what does not fit, or takes it out where there is no default (in a list). False: nothing changed.
fn repair(table: &mut Table, path: &serde_path_to_error::Path, defaults: &Table) -> bool {
    let mut segments: Vec<&Segment> = path.iter().collect();
    // `Unknown` stands for what the format cannot name; the nearest named thing above it is what is replaced.
    segments.retain(|segment| matches!(segment, Segment::Map { .. } | Segment::Seq { .. }));
    let Some(last) = segments.pop() else {
        return false;
    };
    let mut holder = Value::Table(std::mem::take(table));
    let mut place = Some(&mut holder);
    for segment in segments {
        place = place.and_then(|value| match segment {
            Segment::Map { key } => value.get_mut(key),
            Segment::Seq { index } => value.get_mut(*index),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
    }
    let changed = match (place, last) {
        (Some(Value::Table(place)), Segment::Map { key }) => match find(defaults, path) {
            Some(default) => place.insert(key.clone(), default.clone()).as_ref() != Some(default),
            None => place.remove(key).is_some(),
        },
        (Some(Value::Array(place)), Segment::Seq { index }) if *index < place.len() => {
            place.remove(*index);
            true
        }
        _ => false,
    };
    if let Value::Table(inner) = holder {
        *table = inner;
    }
    changed
}

fn put(table: &mut Table, path: &str, value: Value) {
    let Some((section, option)) = path.split_once('.') else {
        return;
    };
    if let Value::Table(section) = table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
        section.insert(option.to_owned(), value);
    }
}

impl Config {
    /// The defaults alone, unchecked: for tests, and for what needs no sources.
    pub fn defaults() -> Result<Config, Problems> {
        let wrong = |message: String| Problems(vec![Problem::new("the default configuration", message)]);
        let table = parse(DEFAULTS).map_err(wrong)?;
        Config::deserialize(Value::Table(table)).map_err(|error| wrong(error.to_string()))
    }
}

#[cfg(test)]
mod tests;
