//! A record becomes rows: keys, fields, relations, as its mapping says. A cell that means nothing costs itself, a row without a
//! key costs itself, and nothing costs the file.

mod cell;

use std::{borrow::Cow, sync::Arc};

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::{
    Field, Item, Kind, Place, Problem, Row, fields,
    mapping::{Condition, Entry, File, Mapping, Rest, RowOf},
    read::{Header, Record, is_empty},
    tables::Tables,
    values::{self, Clock},
};
use cell::Cell;

/// The longest key that an index holds.
const LONGEST_KEY: usize = 500;

/// What a run adds to its mapping.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub clock: Clock,
    pub currency: Option<String>,
    pub today: Option<NaiveDate>,
}

/// Makes rows.
pub(crate) struct Taker<'a> {
    pub mapping: &'a Mapping,
    pub tables: &'a Tables,
    pub setting: &'a Setting,
}

/// A value as text: of a list its first, of an object what identifies it.
pub(crate) fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Array(list) => list.first().and_then(scalar),
        Value::Object(map) => ["id", "value", "name"].iter().find_map(|name| map.get(*name)).and_then(values::text),
        value => values::text(value),
    }
}

/// A record whose columns are named without beginnings and endings that say nothing.
pub(crate) fn stripped(record: &Record, strip: &[String], strip_end: &[String]) -> Record {
    if strip.is_empty() && strip_end.is_empty() {
        return record.clone();
    }
    let header = Header::stripped(record.header.names.clone(), strip, strip_end);
    Record { header: Arc::new(header), ..record.clone() }
}

/// The elements of a list, each as a record that also has the columns of the whole: `each`, or `each.id` of objects.
pub(crate) fn parts(record: &Record, column: &str) -> Vec<Record> {
    let Some(Value::Array(list)) = record.get(column) else { return Vec::new() };
    let part = |element: &Value| {
        let mut names: Vec<String> = Vec::new();
        let mut all: Vec<Value> = Vec::new();
        match element {
            Value::Object(map) => {
                for (name, value) in map {
                    match value {
                        Value::Object(inside) => {
                            for (below, value) in inside {
                                names.push(format!("each.{name}.{below}"));
                                all.push(value.clone());
                            }
                        }
                        value => {
                            names.push(format!("each.{name}"));
                            all.push(value.clone());
                        }
                    }
                }
            }
            value => {
                names.push("each".to_owned());
                all.push(value.clone());
            }
        }
        let whole = record.header.columns().filter_map(|(key, _)| Some((key.to_owned(), record.get(key)?.clone())));
        for (key, value) in whole {
            names.push(key);
            all.push(value);
        }
        Record { line: record.line, number: record.number, header: Arc::new(Header::new(names)), values: all }
    };
    list.iter().map(part).collect()
}

/// Whether a record meets a condition. A column that is not there is empty.
pub(crate) fn holds(condition: &Condition, record: &Record) -> bool {
    let text = record.get(&condition.column).and_then(scalar).unwrap_or_default();
    let lower = text.trim().to_lowercase();
    condition.empty.is_none_or(|empty| empty == lower.is_empty())
        && (condition.is.is_empty() || condition.is.contains(&lower))
        && !condition.not.contains(&lower)
        && (condition.starts.is_empty() || condition.starts.iter().any(|begin| text.trim().starts_with(begin.as_str())))
}

/// A key: all parts of one that is put together must be there.
pub(crate) fn key(entry: &Entry, record: &Record) -> Option<String> {
    let text = |column: &String| {
        let value = record.get(column).and_then(scalar)?;
        let text = cell::worded(entry, value.trim())?;
        (!text.is_empty()).then_some(text)
    };
    let key = match entry.join.is_empty() {
        true => entry.from.iter().find_map(text)?,
        false => entry.join.iter().map(text).collect::<Option<Vec<_>>>()?.join(&entry.with),
    };
    Some(format!("{}{key}", entry.prefix))
}

impl Taker<'_> {
    /// The rows of one kind that a record holds, and what is wrong with it. `Ok(false)` beside: the kind does not want it.
    pub(crate) fn rows(&self, file: &File, row: &RowOf, record: &Record, place: &Place, out: &mut Vec<Item>) -> bool {
        let records: Vec<Cow<'_, Record>> = match &row.each {
            Some(column) => parts(record, column).into_iter().map(Cow::Owned).collect(),
            None => vec![Cow::Borrowed(record)],
        };
        let mut wanted = false;
        for record in records {
            if row.when.iter().all(|condition| holds(condition, &record)) {
                wanted = true;
                self.row(file, row, &record, place, out);
            }
        }
        wanted
    }

    fn row(&self, file: &File, of: &RowOf, record: &Record, place: &Place, out: &mut Vec<Item>) {
        let problem = |external_id: Option<&str>, field: Option<&str>, message: String| {
            Item::Problem(Problem {
                place: place.clone(),
                external_id: external_id.map(str::to_owned),
                field: field.map(str::to_owned),
                message,
            })
        };
        let Some(external_id) = self.external_id(file, of, record) else {
            out.push(problem(None, None, "it has no key".into()));
            return;
        };
        if external_id.chars().count() > LONGEST_KEY {
            let short: String = external_id.chars().take(40).collect();
            out.push(problem(Some(&short), None, format!("its key is longer than {LONGEST_KEY} characters")));
            return;
        }
        let mut row = Row {
            entity: of.entity,
            external_id,
            set: Map::new(),
            on_create: Map::new(),
            on_update: Map::new(),
            relations: Default::default(),
            deleted: file.deleted.iter().any(|condition| holds(condition, record)),
            merged_into: None,
            place: place.clone(),
        };
        let survivor = self.tables.survivor(row.entity, &row.external_id);
        row.merged_into = survivor.map(str::to_owned);
        let mut problems: Vec<(String, String)> = Vec::new();
        let mut refused = None;
        for (field, entries) in &of.set {
            self.field(&mut row, *field, entries, record, &mut problems, &mut refused);
        }
        for (part, fields) in [(true, &of.on_create), (false, &of.on_update)] {
            for (field, entries) in fields {
                match self.first(*field, entries, record) {
                    Cell::Value(value) if part => {
                        row.on_create.insert(field.name.into(), value);
                    }
                    Cell::Value(value) => {
                        row.on_update.insert(field.name.into(), value);
                    }
                    Cell::Bad(message) => problems.push((field.name.into(), message)),
                    Cell::Absent | Cell::Empty(_) => {}
                }
            }
        }
        self.relations(&mut row, of, record, &mut problems);
        self.custom(&mut row, file, of, record, &mut problems);
        row.on_create.retain(|name, _| row.set.get(name).is_none_or(Value::is_null));
        if self.mapping.strict && refused.is_none() {
            refused = problems.pop().map(|(_, message)| message);
        }
        if let Some(message) = refused {
            out.push(problem(Some(&row.external_id), None, message));
            return;
        }
        for (field, message) in problems {
            out.push(problem(Some(&row.external_id), Some(&field), message));
        }
        out.push(Item::Row(Box::new(row)));
    }

    fn external_id(&self, file: &File, of: &RowOf, record: &Record) -> Option<String> {
        let entry = of.key.as_ref().or(file.key.as_ref());
        entry.and_then(|entry| key(entry, record)).or_else(|| {
            // By its place, where the mapping says so and the kind has no key of its own.
            let begin = file.numbered.as_ref().filter(|_| of.key.is_none())?;
            Some(format!("{begin}{}", record.number))
        })
    }

    fn field(
        &self,
        row: &mut Row,
        field: Field,
        entries: &[Entry],
        record: &Record,
        problems: &mut Vec<(String, String)>,
        refused: &mut Option<String>,
    ) {
        let first = self.first(field, entries, record);
        let nothing = matches!(first, Cell::Absent | Cell::Empty(_) | Cell::Bad(_));
        match first {
            Cell::Value(value) => {
                row.set.insert(field.name.into(), value);
            }
            Cell::Empty(true) if !field.required && field.kind != Kind::Points => {
                row.set.insert(field.name.into(), Value::Null);
            }
            Cell::Bad(message) => problems.push((field.name.into(), message)),
            Cell::Absent | Cell::Empty(_) => {}
        }
        if !nothing {
            return;
        }
        if let Some(entry) = entries.iter().find(|entry| entry.required) {
            let column = entry.from.first().or(entry.join.first()).map(|column| record.header.written(column));
            *refused = Some(format!("the column {} is empty", column.unwrap_or_default()));
        }
        for entry in entries.iter().filter(|entry| !entry.fallback.is_empty()) {
            if let Cell::Value(value) = self.cell(field, entry, &entry.fallback, record) {
                row.on_create.insert(field.name.into(), value);
                return;
            }
        }
    }

    fn relations(&self, row: &mut Row, of: &RowOf, record: &Record, problems: &mut Vec<(String, String)>) {
        for (relation, entries) in &of.relations {
            for entry in entries {
                let Some(id) = self.related(entry, record) else { continue };
                if id.chars().count() > LONGEST_KEY {
                    let message = format!("the key that it names is longer than {LONGEST_KEY} characters");
                    problems.push((relation.name.into(), message));
                    break;
                }
                let to = entry.of.unwrap_or(relation.to[0]);
                let id = self.tables.survivor(to, &id).map_or(id.clone(), str::to_owned);
                let value = if relation.to.len() > 1 { format!("{to}:{id}") } else { id };
                row.relations.insert(relation.name.into(), value);
                break;
            }
        }
    }

    fn custom(&self, row: &mut Row, file: &File, of: &RowOf, record: &Record, problems: &mut Vec<(String, String)>) {
        let mut custom = Map::new();
        let any = Field { name: "custom", kind: Kind::Json, required: false };
        for (code, entry) in &of.custom {
            match self.cell(any, entry, &entry.from, record) {
                Cell::Value(value) => {
                    custom.insert(code.clone(), value);
                }
                Cell::Empty(true) => {
                    custom.insert(code.clone(), Value::Null);
                }
                Cell::Bad(message) => problems.push((format!("custom.{code}"), message)),
                Cell::Absent | Cell::Empty(_) => {}
            }
        }
        if file.rest == Rest::Custom && takes_rest(file, of) {
            for (column, name) in record.header.columns() {
                let value = record.get(column).filter(|value| !is_empty(value));
                if let Some(text) = value.and_then(values::text)
                    && !file.knows(column)
                {
                    custom.insert(name.to_owned(), Value::String(text.into_owned()));
                }
            }
            custom.sort_keys();
        }
        if !custom.is_empty() {
            row.set.insert("custom".into(), Value::Object(custom));
        }
    }
}

/// Whether it is a kind that keeps what no other reads: a whole record, not a part of it or what it only mentions.
fn takes_rest(file: &File, of: &RowOf) -> bool {
    let whole = |row: &RowOf| row.each.is_none() && !row.distinct && fields(row.entity).field("custom").is_some();
    // Kinds with conditions shut each other out; without one, the first keeps it.
    whole(of)
        && file.rows.iter().take_while(|row| !std::ptr::eq(*row, of)).all(|row| !whole(row) || !row.when.is_empty())
}

/// Whether one of a key's columns is there.
pub(crate) fn has_any(entry: &Entry, header: &Header) -> bool {
    entry.from.iter().chain(&entry.join).any(|column| header.has(column))
}

impl Taker<'_> {
    /// Whether a kind of row wants a record, or a part of it.
    pub(crate) fn wants(&self, row: &RowOf, record: &Record) -> bool {
        let wants = |record: &Record| row.when.iter().all(|condition| holds(condition, record));
        match &row.each {
            Some(column) => parts(record, column).iter().any(wants),
            None => wants(record),
        }
    }
}
