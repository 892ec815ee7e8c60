//! Singer: messages of a tap on a stream, one a line, as rows; its states come through in their places, so that the caller can give
//! them on after its commit. What a line has wrong costs that line.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    io::BufRead,
    sync::Arc,
};

use serde_json::{Map, Value};

use crate::{
    Item, Options, Place, Problem, Row,
    mapping::{File, Mapping},
    normal,
    read::{
        Header, Limits, Record, is_empty,
        json::flat,
        lines::{Line, line},
        too_long,
    },
    tables::Tables,
    take::{self, Setting, Taker},
};

/// What a tap says.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A row to take.
    Row(Box<Row>),
    /// Something that could not be taken.
    Problem(Problem),
    /// All rows before it are the tap's up to here: to be written to standard output once they are committed.
    State(Value),
}

/// What a stream said of itself.
#[derive(Clone, Debug, Default)]
struct Schema {
    keys: Vec<String>,
    types: HashMap<String, Vec<String>>,
}

/// Reads a tap's messages.
pub struct Reader<R> {
    input: R,
    mapping: Arc<Mapping>,
    setting: Setting,
    limits: Limits,
    tables: Tables,
    schemas: HashMap<String, Schema>,
    /// Streams that no mapping knows, and messages of a kind that is not read: told once.
    told: HashSet<String>,
    /// Records left out, by stream.
    left: BTreeMap<String, u64>,
    numbers: HashMap<String, u64>,
    header: Arc<Header>,
    queue: VecDeque<Message>,
    place: Place,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads messages by a mapping.
    pub fn new(input: R, mapping: Arc<Mapping>, options: &Options) -> Reader<R> {
        Reader {
            input,
            setting: options.setting(&mapping),
            limits: options.limits,
            tables: Tables::new(&mapping),
            mapping,
            schemas: HashMap::new(),
            told: HashSet::new(),
            left: BTreeMap::new(),
            numbers: HashMap::new(),
            header: Arc::default(),
            queue: VecDeque::new(),
            place: Place { file: "standard input".into(), line: 0 },
            ended: false,
        }
    }

    /// How many records were left out because no mapping knows their stream, by stream.
    pub fn left(&self) -> &BTreeMap<String, u64> {
        &self.left
    }

    fn problem(&mut self, message: impl Into<String>) {
        let problem = Problem { place: self.place.clone(), external_id: None, field: None, message: message.into() };
        self.queue.push_back(Message::Problem(problem));
    }

    fn tell_once(&mut self, what: &str, message: String) {
        if self.told.insert(what.to_owned()) {
            self.problem(message);
        }
    }

    fn message(&mut self, bytes: &[u8]) {
        let Ok(Value::Object(mut message)) = serde_json::from_slice::<Value>(bytes) else {
            return self.problem("it is no JSON object");
        };
        let kind = message.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        match kind.as_str() {
            "STATE" => {
                let state = message.remove("value").unwrap_or(Value::Null);
                self.queue.push_back(Message::State(state));
            }
            "SCHEMA" => self.schema(&message),
            "RECORD" => self.record(message),
            // A new version of a whole table: what it no longer holds is not deleted here.
            "ACTIVATE_VERSION" => {}
            "" => self.problem("it has no type"),
            kind => self.tell_once(&format!("type {kind}"), format!("messages of the type {kind} are not read")),
        }
    }

    fn schema(&mut self, message: &Map<String, Value>) {
        let Some(stream) = message.get("stream").and_then(Value::as_str) else {
            return self.problem("it names no stream");
        };
        let keys = message.get("key_properties").and_then(Value::as_array).into_iter().flatten();
        let properties = message.get("schema").and_then(|schema| schema.get("properties")?.as_object());
        let types = properties.into_iter().flatten().map(|(name, property)| {
            let mut types = Vec::new();
            collect_types(property, &mut types, 0);
            (name.clone(), types)
        });
        let schema =
            Schema { keys: keys.filter_map(|key| key.as_str().map(str::to_owned)).collect(), types: types.collect() };
        self.schemas.insert(stream.to_owned(), schema);
    }

    fn record(&mut self, mut message: Map<String, Value>) {
        let Some(stream) = message.get("stream").and_then(Value::as_str).map(str::to_owned) else {
            return self.problem("it names no stream");
        };
        let Some(Value::Object(object)) = message.remove("record") else {
            return self.problem("its record is no object");
        };
        if !self.schemas.contains_key(&stream) {
            self.tell_once(
                &format!("schema {stream}"),
                format!("the stream {stream} begins without a schema; its records are taken as they are"),
            );
        }
        let schema = self.schemas.get(&stream).cloned().unwrap_or_default();
        if let Some(key) = schema.keys.iter().find(|key| object.get(*key).is_none_or(is_empty)) {
            return self.problem(format!("its key {key} is empty"));
        }
        let wrong: Vec<String> =
            object.iter().filter(|(name, value)| !fits(&schema, name, value)).map(|(name, _)| name.clone()).collect();
        for column in wrong {
            self.queue.push_back(Message::Problem(Problem {
                place: self.place.clone(),
                external_id: None,
                field: Some(column),
                message: "it is of another type than the schema says; it is taken as it is".into(),
            }));
        }
        let deleted = object.get("_sdc_deleted_at").is_some_and(|at| !is_empty(at));
        let number = self.numbers.entry(stream.clone()).or_default();
        *number += 1;
        let record = match flat(self.place.line, *number, object, &self.header) {
            Ok(record) => record,
            Err(unreadable) => return self.problem(unreadable.reason),
        };
        self.header = record.header.clone();
        self.rows(&stream, record, deleted);
    }

    fn rows(&mut self, stream: &str, record: Record, deleted: bool) {
        let mapping = self.mapping.clone();
        for table in mapping.filled("", stream) {
            self.tables.fill(&mapping, table, &record);
        }
        let place = match mapping.known("", stream, None, &record.header) {
            Ok(Some(place)) if mapping.files[place].streams.contains(&normal(stream)) => place,
            Ok(_) => {
                *self.left.entry(stream.to_owned()).or_default() += 1;
                if mapping.filled("", stream).is_empty() {
                    self.tell_once(
                        &format!("stream {stream}"),
                        format!("the mapping does not know the stream {stream}"),
                    );
                }
                return;
            }
            Err(_) => {
                *self.left.entry(stream.to_owned()).or_default() += 1;
                return;
            }
        };
        let file: &File = &mapping.files[place];
        let record = take::stripped(&record, &file.strip, &file.strip_end);
        if !file.wants(&record) {
            return;
        }
        let taker = Taker { mapping: &mapping, tables: &self.tables, setting: &self.setting };
        let mut rows: Vec<_> = file.rows.iter().collect();
        rows.sort_by_key(|row| row.entity);
        for row in rows {
            let mut items = Vec::new();
            taker.rows(file, row, &record, &self.place, &mut items);
            for item in items {
                match item {
                    Item::Row(mut taken) => {
                        taken.deleted |= deleted;
                        self.queue.push_back(Message::Row(taken));
                    }
                    Item::Problem(_) if row.distinct => {}
                    Item::Problem(problem) => self.queue.push_back(Message::Problem(problem)),
                }
            }
        }
    }
}

/// The JSON types that a property may have.
fn collect_types(property: &Value, types: &mut Vec<String>, depth: usize) {
    match property.get("type") {
        Some(Value::String(name)) => types.push(name.clone()),
        Some(Value::Array(names)) => types.extend(names.iter().filter_map(Value::as_str).map(str::to_owned)),
        _ => {
            let some = property.get("anyOf").or_else(|| property.get("oneOf")).and_then(Value::as_array);
            for one in some.into_iter().flatten().filter(|_| depth < 8) {
                collect_types(one, types, depth + 1);
            }
        }
    }
}

fn fits(schema: &Schema, name: &str, value: &Value) -> bool {
    let Some(types) = schema.types.get(name).filter(|types| !types.is_empty()) else { return true };
    let is = |wanted: &str| match value {
        Value::Null => true,
        Value::Bool(_) => wanted == "boolean",
        Value::Number(number) => wanted == "number" || (wanted == "integer" && (number.is_i64() || number.is_u64())),
        Value::String(_) => wanted == "string",
        Value::Array(_) => wanted == "array",
        Value::Object(_) => wanted == "object",
    };
    types.iter().any(|wanted| is(wanted))
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.queue.pop_front() {
                return Some(message);
            }
            if self.ended {
                return None;
            }
            self.place.line += 1;
            match line(&mut self.input, self.limits.record) {
                Ok(None) => self.ended = true,
                Ok(Some(Line::TooLong)) => self.problem(too_long(self.limits.record)),
                Ok(Some(Line::Whole(bytes))) if bytes.trim_ascii().is_empty() => {}
                Ok(Some(Line::Whole(bytes))) => self.message(bytes.trim_ascii()),
                Err(error) => {
                    self.ended = true;
                    self.problem(format!("the stream cannot be read on: {error}"));
                }
            }
        }
    }
}
