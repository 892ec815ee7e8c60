//! JSON: lists, documents whose lists have names (`results`, `records`, `tickets`), objects one after the other, one object a line. Read
//! by the record: a broken one costs itself, one over the limit is skipped, and a document may be of any size.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{
    Header, Limits, NUL, Read, Record, Unreadable, broken, is_empty,
    lines::{Line, line},
    too_long,
};

/// How deep objects inside a record become columns (`properties.firstname.value`).
const DEPTH: usize = 4;

/// How records stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In lists: the whole file, or named inside objects.
    Lists,
    /// Objects one after the other.
    Objects,
    /// One object a line.
    Lines,
}

/// The form of a file that begins like this. `wanted`: names of lists of records.
pub fn form(sample: &[u8], wanted: &[String]) -> Form {
    let text = sample.trim_ascii_start();
    if text.first() != Some(&b'{') {
        return Form::Lists;
    }
    let (mut depth, mut quoted, mut escaped, mut begin) = (0_i64, false, false, 0);
    let mut key: Option<&[u8]> = None;
    for (place, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if quoted => {
                quoted = false;
                key = (depth == 1 && key.is_none()).then(|| &text[begin..place]).or(key);
            }
            b'"' => (quoted, begin) = (true, place + 1),
            _ if quoted => {}
            b'{' | b'[' => {
                if depth == 1 && *byte == b'[' && key.is_some_and(|key| is_wanted(key, wanted)) {
                    return Form::Lists;
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            b':' if depth == 1 && key.is_some_and(|key| key.eq_ignore_ascii_case(b"id") || key == b"attributes") => {
                break;
            }
            b',' if depth == 1 => key = None,
            _ => {}
        }
    }
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    match first.last() {
        Some(b'{' | b'[' | b',') => Form::Objects,
        _ => Form::Lines,
    }
}

fn is_wanted(key: &[u8], wanted: &[String]) -> bool {
    wanted.iter().any(|name| name.as_bytes() == key)
}

/// The records of JSON text.
pub struct Json<R> {
    input: BufReader<R>,
    form: Form,
    wanted: Vec<String>,
    limits: Limits,
    line: u64,
    number: u64,
    /// The list inside which the reader stands, and whether an object is around it.
    list: Option<(Arc<str>, bool)>,
    in_object: bool,
    header: Arc<Header>,
    children: VecDeque<(u64, Map<String, Value>)>,
    ended: bool,
}

/// A record, and the list in which it stands.
pub struct Found {
    /// The list's name; empty if it has none.
    pub list: Arc<str>,
    /// The record.
    pub record: Read,
}

impl<R: io::Read> Json<R> {
    /// Reads records.
    pub fn new(input: R, form: Form, wanted: &[String], limits: Limits) -> Json<R> {
        Json {
            input: BufReader::with_capacity(1 << 16, input),
            form,
            wanted: wanted.to_vec(),
            limits,
            line: 1,
            number: 0,
            list: None,
            in_object: false,
            header: Arc::default(),
            children: VecDeque::new(),
            ended: false,
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(chunk) => return Ok(chunk.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn step(&mut self, byte: u8) {
        self.line += u64::from(byte == b'\n');
        self.input.consume(1);
    }

    /// The next byte that is no space.
    fn token(&mut self) -> io::Result<Option<u8>> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() && byte != 0xEF && byte != 0xBB && byte != 0xBF {
                return Ok(Some(byte));
            }
            self.step(byte);
        }
        Ok(None)
    }

    /// One value whole: `Ok(None)` if it is over the limit. `Err(true)`: the file ends inside it.
    fn value(&mut self, keep: bool) -> io::Result<Result<Vec<u8>, Cut>> {
        let (mut held, mut depth, mut quoted, mut escaped, mut over) = (Vec::new(), 0_usize, false, false, false);
        while let Some(byte) = self.peek()? {
            let ends_scalar = !quoted && depth == 0 && matches!(byte, b',' | b']' | b'}');
            if ends_scalar {
                return Ok(if over { Err(Cut::TooLong) } else { Ok(held) });
            }
            self.step(byte);
            if keep && !over {
                held.push(byte);
                if held.len() > self.limits.record {
                    (held, over) = (Vec::new(), true);
                }
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ if quoted => continue,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 && !quoted && !escaped && matches!(byte, b'}' | b']' | b'"') {
                return Ok(if over { Err(Cut::TooLong) } else { Ok(held) });
            }
        }
        Ok(Err(Cut::Ended))
    }

    fn end(&mut self, reason: &str) -> Option<Found> {
        self.ended = true;
        Some(self.found(Err(Unreadable { line: self.line, reason: reason.into() })))
    }

    fn found(&self, record: Read) -> Found {
        let list = self.list.as_ref().map_or_else(|| Arc::from(""), |(list, _)| list.clone());
        Found { list, record }
    }

    /// The next record of lists and objects.
    fn scan(&mut self) -> io::Result<Option<Found>> {
        const NO_JSON: &str = "it is no JSON from here on";
        loop {
            let Some(byte) = self.token()? else {
                let inside = self.list.is_some() || self.in_object;
                self.ended = true;
                return Ok(if inside { self.end("the file ends inside a list") } else { None });
            };
            if let Some((_, around)) = &self.list {
                let around = *around;
                match byte {
                    b']' => {
                        self.step(byte);
                        (self.list, self.in_object) = (None, around);
                        self.number = 0;
                    }
                    b',' => self.step(byte),
                    b'}' | b':' => return Ok(self.end(NO_JSON)),
                    _ => return self.capture(byte).map(Some),
                }
            } else if self.in_object {
                match byte {
                    b'}' => {
                        self.step(byte);
                        self.in_object = false;
                    }
                    b',' => self.step(byte),
                    b'"' => {
                        let key = match self.value(true)? {
                            Ok(key) => serde_json::from_slice::<String>(&key).unwrap_or_default(),
                            Err(_) => return Ok(self.end(NO_JSON)),
                        };
                        if self.token()? != Some(b':') {
                            return Ok(self.end(NO_JSON));
                        }
                        self.step(b':');
                        match self.token()? {
                            Some(b'[') if is_wanted(key.as_bytes(), &self.wanted) => {
                                self.step(b'[');
                                (self.list, self.number) = (Some((key.into(), true)), 0);
                            }
                            Some(b',' | b'}' | b']' | b':') | None => return Ok(self.end(NO_JSON)),
                            Some(_) => {
                                if matches!(self.value(false)?, Err(Cut::Ended)) {
                                    return Ok(self.end("the file ends inside a value"));
                                }
                            }
                        }
                    }
                    _ => return Ok(self.end(NO_JSON)),
                }
            } else {
                match (byte, self.form) {
                    (b'{', Form::Objects) => return self.capture(byte).map(Some),
                    (b'{', _) => {
                        self.step(byte);
                        self.in_object = true;
                    }
                    (b'[', _) => {
                        self.step(byte);
                        (self.list, self.number) = (Some(("".into(), false)), 0);
                    }
                    (b',', _) => self.step(byte),
                    _ => return Ok(self.end(NO_JSON)),
                }
            }
        }
    }

    fn capture(&mut self, first: u8) -> io::Result<Found> {
        let line = self.line;
        let unreadable = |reason: &str| Err(Unreadable { line, reason: reason.into() });
        self.number += 1;
        let record = match self.value(true)? {
            Ok(bytes) if first == b'{' => self.parse(line, &bytes),
            Ok(_) => unreadable("it is no JSON object"),
            Err(Cut::TooLong) => unreadable(&too_long(self.limits.record)),
            Err(Cut::Ended) => {
                self.ended = true;
                unreadable("the file ends inside it")
            }
        };
        Ok(self.found(record))
    }

    fn next_line(&mut self) -> io::Result<Option<Found>> {
        loop {
            let at = self.line;
            let unreadable = |reason: &str| Err(Unreadable { line: at, reason: reason.into() });
            let record = match line(&mut self.input, self.limits.record)? {
                None => {
                    self.ended = true;
                    return Ok(None);
                }
                Some(Line::TooLong) => unreadable(&too_long(self.limits.record)),
                Some(Line::Whole(bytes)) if bytes.trim_ascii().is_empty() => {
                    self.line += 1;
                    continue;
                }
                Some(Line::Whole(bytes)) => {
                    self.number += 1;
                    self.parse(at, bytes.trim_ascii())
                }
            };
            self.line += 1;
            return Ok(Some(self.found(record)));
        }
    }

    fn parse(&mut self, line: u64, bytes: &[u8]) -> Read {
        let unreadable = |reason: &str| Unreadable { line, reason: reason.into() };
        let text = std::str::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8"))?;
        let object: Map<String, Value> = serde_json::from_str(text).map_err(|_| unreadable("it is no JSON object"))?;
        self.record(line, object)
    }

    fn record(&mut self, line: u64, object: Map<String, Value>) -> Read {
        let object = self.without_children(line, object);
        let mut record = flat(line, self.number, object, &self.header)?;
        self.header = record.header.clone();
        record.number = self.number;
        Ok(record)
    }

    /// Salesforce's trees: records inside records (`Contacts: {records: […]}`) follow their parent and name it (`AccountId`).
    fn without_children(&mut self, line: u64, mut object: Map<String, Value>) -> Map<String, Value> {
        let Some(kind) = object.get("attributes").and_then(|attributes| attributes.get("type")?.as_str()) else {
            return object;
        };
        let field = format!("{kind}Id");
        let key = object.get("Id").and_then(Value::as_str).map(str::to_owned).or_else(|| {
            let reference = object.get("attributes")?.get("referenceId")?.as_str()?;
            Some(format!("@{reference}"))
        });
        for value in object.values_mut() {
            let Some(Value::Array(records)) = value.get_mut("records").map(Value::take) else { continue };
            *value = Value::Null;
            for record in records {
                let Value::Object(mut record) = record else { continue };
                if let Some(key) = &key
                    && !record.keys().any(|name| name.eq_ignore_ascii_case(&field))
                {
                    record.insert(field.clone(), Value::String(key.clone()));
                }
                self.children.push_back((line, record));
            }
        }
        object
    }
}

/// Why a value is not there.
enum Cut {
    TooLong,
    Ended,
}

impl<R: io::Read> Iterator for Json<R> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        if let Some((line, child)) = self.children.pop_front() {
            let record = self.record(line, child);
            return Some(self.found(record));
        }
        if self.ended {
            return None;
        }
        let next = match self.form {
            Form::Lines => self.next_line(),
            Form::Lists | Form::Objects => self.scan(),
        };
        next.unwrap_or_else(|error| {
            self.ended = true;
            Some(self.found(Err(broken(self.line, &error))))
        })
    }
}

/// An object as a record: objects inside become columns with a path.
pub(crate) fn flat(line: u64, number: u64, object: Map<String, Value>, like: &Arc<Header>) -> Read {
    let (mut names, mut values) = (Vec::with_capacity(object.len()), Vec::with_capacity(object.len()));
    spread(String::new(), object, 0, &mut names, &mut values);
    if values.iter().any(holds_nul) {
        return Err(Unreadable { line, reason: NUL.into() });
    }
    let header = match like.names == names {
        true => like.clone(),
        false => Arc::new(Header::new(names)),
    };
    Ok(Record { line, number, header, values })
}

fn spread(path: String, object: Map<String, Value>, depth: usize, names: &mut Vec<String>, values: &mut Vec<Value>) {
    for (name, value) in object {
        let name = if path.is_empty() { name } else { format!("{path}.{name}") };
        match value {
            Value::Object(inside) if depth < DEPTH && !inside.is_empty() => {
                spread(name, inside, depth + 1, names, values)
            }
            value => {
                names.push(name);
                values.push(if is_empty(&value) { Value::Null } else { value });
            }
        }
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(holds_nul),
        Value::Object(map) => map.values().any(holds_nul),
        _ => false,
    }
}
