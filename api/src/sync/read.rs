//! Reading files: CSV, Salesforce's record trees, NDJSON. A row that cannot be read is refused with its line; the rest goes on.
//! Values come out byte for byte.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A row of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The file.
    pub file: PathBuf,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// The source's own key, if the row carries one.
    pub key: Option<String>,
    /// The columns in the source's order, by the source's own names.
    pub fields: Vec<(String, String)>,
}

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The line, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// A row or why there is none.
pub type Read = Result<Record, Unreadable>;

/// A file that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not there, or may not be read.
    #[error("{}: {cause}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It is not what its name says.
    #[error("{}: {reason}", file.display())]
    Form {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// `Annual Revenue`, `annual_revenue` and `AnnualRevenue` are one column.
pub fn normal(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Record {
    /// Whether the source has the column at all.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| normal(field) == name)
    }

    /// The value of a column, if there is one and it is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| normal(field) == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Files as they are, and of folders the files inside with one of the endings, by name.
pub fn files(paths: &[PathBuf], endings: &[&str]) -> Result<Vec<PathBuf>, ReadError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable = |cause| ReadError::File { file: path.clone(), cause };
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
            if endings.contains(&ending.as_str()) {
                inside.push(file);
            }
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

/// The bytes of a file.
pub fn bytes(file: &Path) -> Result<Vec<u8>, ReadError> {
    std::fs::read(file).map_err(|cause| ReadError::File { file: file.to_owned(), cause })
}

fn no_nul(line: u64, text: &str) -> Result<(), Unreadable> {
    match text.contains('\0') {
        true => Err(Unreadable { line, reason: "it holds the character U+0000, which text cannot".into() }),
        false => Ok(()),
    }
}

/// A CSV file: the header, and its rows.
pub fn csv(file: &Path, content: &[u8]) -> Result<(Vec<String>, Vec<Read>), ReadError> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let form = |reason: String| ReadError::Form { file: file.to_owned(), reason };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content);
    let header = reader.byte_headers().map_err(|_| form("it has no header".into()))?.clone();
    let names = header
        .iter()
        .map(|name| String::from_utf8(name.to_vec()).map_err(|_| form("its header is not UTF-8".into())))
        .collect::<Result<Vec<String>, _>>()?;
    let mut rows = Vec::new();
    let mut row = csv::ByteRecord::new();
    let mut lines = Lines { content, counted: 0, line: 1 };
    loop {
        let before = reader.position().byte();
        match reader.read_byte_record(&mut row) {
            Ok(false) => break,
            Ok(true) => {
                let line = lines.at(row.position().map_or(before, csv::Position::byte));
                rows.push(csv_row(file, line, &names, &row));
            }
            Err(error) => {
                let line = lines.at(error.position().map_or(before, csv::Position::byte));
                rows.push(Err(Unreadable { line, reason: "it is no CSV from here on".into() }));
                break;
            }
        }
    }
    Ok((names, rows))
}

/// The line of a place in a file. The reader's own count is one behind in files with CRLF, and never moves in files with CR.
struct Lines<'a> {
    content: &'a [u8],
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    fn at(&mut self, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX).min(self.content.len());
        // A row begins after the ends of the lines before it.
        let ends = self.content[byte..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let begin = byte + ends;
        for place in self.counted..begin {
            let next = self.content.get(place + 1);
            let ends_line = match self.content[place] {
                b'\n' => true,
                b'\r' => next != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends_line);
        }
        self.counted = self.counted.max(begin);
        self.line
    }
}

fn csv_row(file: &Path, line: u64, names: &[String], row: &csv::ByteRecord) -> Read {
    if row.len() != names.len() {
        return Err(Unreadable {
            line,
            reason: format!("it has {} columns, the header has {}", row.len(), names.len()),
        });
    }
    let mut fields = Vec::with_capacity(names.len());
    for (name, value) in names.iter().zip(row) {
        let value = String::from_utf8(value.to_vec())
            .map_err(|_| Unreadable { line, reason: format!("the column {name} is not UTF-8") })?;
        no_nul(line, &value)?;
        fields.push((name.clone(), value));
    }
    let record = Record { file: file.to_owned(), line, key: None, fields };
    let key = record.get("id").map(str::to_owned);
    Ok(Record { key, ..record })
}

/// A tree of Salesforce records: the name of its objects, and the records.
pub fn tree(file: &Path, content: &[u8]) -> Result<(Option<String>, Vec<Read>), ReadError> {
    let form = |reason: &str| ReadError::Form { file: file.to_owned(), reason: reason.into() };
    let text = std::str::from_utf8(content).map_err(|_| form("it is not UTF-8"))?;
    let value: Value = serde_json::from_str(text)
        .map_err(|error| form(&format!("it is no JSON: line {}, column {}", error.line(), error.column())))?;
    let records = value.as_array().or_else(|| value.get("records")?.as_array());
    let records = records.ok_or_else(|| form("it has no list of records"))?;
    let lines = record_lines(text);
    let object = records.iter().find_map(|record| record.pointer("/attributes/type")?.as_str()).map(str::to_owned);
    let rows = records.iter().enumerate().map(|(index, record)| {
        let line = lines.get(index).copied().unwrap_or(1);
        json_row(file, line, record)
    });
    Ok((object, rows.collect()))
}

/// NDJSON: one object a line.
pub fn ndjson(file: &Path, content: &[u8]) -> Vec<Read> {
    let lines = content.split(|byte| *byte == b'\n').zip(1_u64..);
    lines
        .filter(|(line, _)| !line.trim_ascii().is_empty())
        .map(|(bytes, line)| {
            let unreadable = |reason: &str| Unreadable { line, reason: reason.into() };
            let text = std::str::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8"))?;
            let value: Value = serde_json::from_str(text).map_err(|_| unreadable("it is no JSON object"))?;
            json_row(file, line, &value)
        })
        .collect()
}

fn json_row(file: &Path, line: u64, record: &Value) -> Read {
    let Some(object) = record.as_object() else {
        return Err(Unreadable { line, reason: "it is no JSON object".into() });
    };
    let key = object
        .get("attributes")
        .and_then(|attributes| attributes.get("referenceId")?.as_str())
        .or_else(|| object.get("Id").or(object.get("id"))?.as_str())
        .map(str::to_owned);
    let mut fields = Vec::new();
    for (name, value) in object {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            Value::Object(_) if name == "attributes" => continue,
            other => other.to_string(),
        };
        no_nul(line, &text)?;
        fields.push((name.clone(), text));
    }
    Ok(Record { file: file.to_owned(), line, key, fields })
}

/// The line of each record of a tree: where an object begins inside the outermost list.
fn record_lines(text: &str) -> Vec<u64> {
    // The list is the whole file, or stands inside one object.
    let inside = if text.trim_start().starts_with('[') { 2 } else { 3 };
    let (mut lines, mut line, mut depth, mut in_text, mut escaped) = (Vec::new(), 1, 0_u32, false, false);
    for byte in text.bytes() {
        match byte {
            b'\n' => line += 1,
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if byte == b'{' && depth == inside {
                    lines.push(line);
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_ragged_or_foreign_row_is_refused_with_its_line_and_the_rest_is_read() {
        let content = b"\xef\xbb\xbfName,Id\nAcme,1\nBroken\n\"two\nlines\",2\n\xff,3\nlast,4\n";
        let (header, rows) = csv(Path::new("a.csv"), content).expect("readable");
        assert_eq!(header, ["Name", "Id"]);
        let told: Vec<String> = rows
            .iter()
            .map(|row| match row {
                Ok(row) => format!("{}:{:?}:{}", row.line, row.key, row.get("name").unwrap_or_default()),
                Err(refused) => format!("{}!{}", refused.line, refused.reason),
            })
            .collect();
        assert_eq!(
            told,
            [
                "2:Some(\"1\"):Acme",
                "3!it has 1 columns, the header has 2",
                "4:Some(\"2\"):two\nlines",
                "6!the column Name is not UTF-8",
                "7:Some(\"4\"):last",
            ]
        );
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let content = ["Id,Name", "1,a", "", "2,b", "3"].join(end);
            let (_, rows) = csv(Path::new("e.csv"), content.as_bytes()).expect("readable");
            let lines: Vec<u64> =
                rows.iter().map(|row| row.as_ref().map_or_else(|refused| refused.line, |row| row.line)).collect();
            assert_eq!(lines, [2, 4, 5], "{end:?}");
        }
    }

    #[test]
    fn a_tree_gives_keys_and_lines() {
        let text = "{\n \"records\": [\n  {\"name\": \"a { \\\" [\",\n   \"attributes\": {\"type\": \"Account\", \"referenceId\": \"R1\"}},\n  {\"name\": null, \"n\": 5}\n ]\n}";
        let (object, rows) = tree(Path::new("t.json"), text.as_bytes()).expect("readable");
        assert_eq!(object.as_deref(), Some("Account"));
        let first = rows[0].as_ref().expect("a row");
        assert_eq!((first.line, first.key.as_deref(), first.get("name")), (3, Some("R1"), Some("a { \" [")));
        let second = rows[1].as_ref().expect("a row");
        assert_eq!((second.line, second.get("name"), second.get("n")), (5, None, Some("5")));
    }

    proptest! {
        #[test]
        fn any_field_survives_byte_for_byte(values in prop::collection::vec("[^\0]*", 1..5)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record((0..values.len()).map(|n| format!("c{n}"))).expect("written");
            writer.write_record(&values).expect("written");
            let content = writer.into_inner().expect("written");
            let (_, rows) = super::csv(Path::new("p.csv"), &content).expect("readable");
            prop_assert_eq!(rows.len(), 1);
            let row = rows[0].as_ref().expect("a row");
            prop_assert_eq!(row.fields.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>(), values);
        }

        #[test]
        fn no_bytes_harm_a_reader(content in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = super::csv(Path::new("x"), &content);
            let _ = tree(Path::new("x"), &content);
            let _ = ndjson(Path::new("x"), &content);
        }
    }
}
