//! A line of a CSV as a row: its header says what each column is, and a cell becomes a value by the field that it belongs to.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::row::{self, Unreadable, refusal, unreadable};
use crate::sync::upsert::{JsonRow, SyncEntity};

/// The most columns of a file.
const MAX_COLUMNS: usize = 500;

/// How a file is read.
#[derive(Clone, Debug)]
pub struct Dialect {
    /// What stands between two cells.
    pub delimiter: u8,
    /// The cell that clears a field. An empty one leaves it.
    pub null: String,
    /// What columns are called here: none leaves a column out.
    pub mapping: BTreeMap<String, Option<String>>,
}

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    /// A member of the row itself.
    Own(&'static str),
    /// A field, in which part of the row.
    Field(&'static str, String),
    /// The key of another record.
    Relation(String),
    /// Left out.
    Nothing,
}

/// The columns of a file.
#[derive(Clone, Debug)]
pub struct Columns {
    entity: SyncEntity,
    dialect: Dialect,
    columns: Vec<Column>,
}

/// Where fields may stand, as a column says it and as a row does.
const PARTS: [(&str, &str); 3] = [("set.", "set"), ("onCreate.", "onCreate"), ("onUpdate.", "onUpdate")];
const OWN: [&str; 4] = ["externalId", "ifVersion", "changedAt", "deleted"];

impl Columns {
    /// The columns of a header, or why there are none.
    pub fn of(entity: SyncEntity, dialect: Dialect, header: &[u8]) -> Result<Columns, String> {
        let names = cells(header, dialect.delimiter).map_err(|why| format!("the header cannot be read: {why}"))?;
        if names.len() > MAX_COLUMNS {
            return Err(format!("the header has {} columns; at most {MAX_COLUMNS} are taken", names.len()));
        }
        let mut columns = Vec::with_capacity(names.len());
        for name in &names {
            let name = name.trim();
            let called = match dialect.mapping.get(name) {
                Some(called) => called.as_deref(),
                None => Some(name).filter(|name| !name.is_empty()),
            };
            let column = called.map_or(Column::Nothing, Column::named);
            if column != Column::Nothing && columns.contains(&column) {
                return Err(format!("the header names {} twice", called.unwrap_or_default()));
            }
            columns.push(column);
        }
        match columns.contains(&Column::Own("externalId")) {
            true => Ok(Columns { entity, dialect, columns }),
            false => Err("the header has no column externalId".to_owned()),
        }
    }

    /// The row of a line.
    pub fn read(&self, line: &[u8]) -> Result<JsonRow, Unreadable> {
        let cells = cells(line, self.dialect.delimiter).map_err(unreadable)?;
        let (mut members, mut relations) = (Map::new(), Map::new());
        let mut parts: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        let mut errors = Vec::new();
        for (column, text) in self.columns.iter().zip(&cells) {
            let is_null = *text == self.dialect.null;
            if text.is_empty() && !(is_null && matches!(column, Column::Field(..) | Column::Relation(_))) {
                continue;
            }
            match column {
                Column::Nothing => {}
                Column::Own("externalId") => drop(members.insert("externalId".into(), text.as_str().into())),
                Column::Own(_) if is_null => {}
                Column::Own("deleted") => match truth(text) {
                    Some(deleted) => drop(members.insert("deleted".into(), deleted.into())),
                    None => errors.push(refusal("deleted", "true or false")),
                },
                Column::Own("ifVersion") => match text.parse::<i32>() {
                    Ok(version) => drop(members.insert("ifVersion".into(), version.into())),
                    Err(_) => errors.push(refusal("ifVersion", "a whole number")),
                },
                Column::Own(name) => drop(members.insert((*name).into(), text.as_str().into())),
                Column::Field(part, field) => {
                    let value = if is_null { Value::Null } else { cell(self.entity, field, text) };
                    parts.entry(part).or_default().insert(field.clone(), value);
                }
                Column::Relation(name) => {
                    let key = if is_null { Value::Null } else { text.as_str().into() };
                    relations.insert(name.clone(), key);
                }
            }
        }
        if cells.len() != self.columns.len() {
            let said = format!("{} cells where the header has {}", cells.len(), self.columns.len());
            errors.push(refusal("", said));
        }
        for (part, fields) in parts {
            members.insert(part.to_owned(), fields.into());
        }
        if !relations.is_empty() {
            members.insert("relations".to_owned(), relations.into());
        }
        match row::of(members) {
            Ok(row) if errors.is_empty() => Ok(row),
            Ok(row) => Err(Unreadable { key: Some(row.external_id), errors }),
            Err(mut unreadable) => {
                errors.append(&mut unreadable.errors);
                Err(Unreadable { errors, ..unreadable })
            }
        }
    }
}

impl Column {
    fn named(name: &str) -> Column {
        if let Some(own) = OWN.into_iter().find(|own| *own == name) {
            return Column::Own(own);
        }
        for relation in ["relation.", "relations."] {
            if let Some(name) = name.strip_prefix(relation) {
                return Column::Relation(name.to_owned());
            }
        }
        let part = PARTS.into_iter().find_map(|(prefix, part)| Some((part, name.strip_prefix(prefix)?)));
        let (part, field) = part.unwrap_or(("set", name));
        Column::Field(part, field.to_owned())
    }
}

fn cells(line: &[u8], delimiter: u8) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8".to_owned())?;
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut record = ::csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => Ok(record.iter().map(str::to_owned).collect()),
        Ok(false) => Ok(Vec::new()),
        Err(_) => Err("the line is no CSV".to_owned()),
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// Fields that are texts, also where a text of theirs looks like something else: a postal code, the name of a company.
const TEXTS: [&str; 30] = [
    "name",
    "givenName",
    "familyName",
    "title",
    "jobTitle",
    "description",
    "value",
    "code",
    "number",
    "serial",
    "subject",
    "body",
    "text",
    "statement",
    "comment",
    "summary",
    "nextStep",
    "street",
    "city",
    "region",
    "postalCode",
    "phone",
    "email",
    "website",
    "legalName",
    "vatId",
    "currency",
    "category",
    "label",
    "sku",
];

/// What the text of a cell says in a field of a kind of record. A text field takes it as it stands; elsewhere true and false, numbers,
/// lists and objects are what they look like in JSON, and everything else is a text.
pub fn cell(_entity: SyncEntity, field: &str, text: &str) -> Value {
    let plain = field.rsplit('.').next().unwrap_or(field);
    if TEXTS.contains(&plain) {
        return text.into();
    }
    let looks = matches!(text, "true" | "false")
        || text.starts_with(['[', '{', '-'])
        || text.starts_with(|first: char| first.is_ascii_digit());
    let value = looks.then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    // A number that a number of the machine does not hold keeps its digits as a text: 0.1 and a money amount do, a card number does not.
    let value = value.filter(|value| !value.is_number() || value.to_string().as_str() == text);
    value.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> Result<Columns, String> {
        let mapping = [("Firma".to_owned(), Some("set.name".to_owned())), ("Rest".to_owned(), None)].into();
        let dialect = Dialect { delimiter: b';', null: "\\N".to_owned(), mapping };
        Columns::of(SyncEntity::Account, dialect, header.as_bytes())
    }

    #[test]
    fn a_header_says_what_cells_are() {
        let columns =
            columns("externalId;Firma;Rest;employees;relation.owner;relation.parent;onCreate.note;deleted").unwrap();
        let row = columns.read("a1;\"1; \"\"und\"\" 2\";x;50;u7;\\N;;no".as_bytes()).unwrap();
        assert_eq!(row.external_id, "a1");
        assert_eq!(row.set, serde_json::from_str(r#"{"name":"1; \"und\" 2","employees":50}"#).unwrap());
        let told = serde_json::to_value(&row).unwrap();
        assert_eq!(told["relations"], serde_json::json!({ "owner": "u7", "parent": null }));
        assert!(row.on_create.is_empty() && !row.deleted);
    }

    #[test]
    fn an_empty_cell_leaves_and_the_marker_clears() {
        let columns = columns("externalId;website;country").unwrap();
        let row = columns.read(b"a1;;\\N").unwrap();
        assert_eq!(row.set, serde_json::from_str(r#"{"country":null}"#).unwrap());
    }

    #[test]
    fn a_header_that_cannot_be_meant_is_refused() {
        assert_eq!(columns("name;country").unwrap_err(), "the header has no column externalId");
        assert_eq!(columns("externalId;Firma;set.name").unwrap_err(), "the header names set.name twice");
        assert!(columns(&"a;".repeat(600)).unwrap_err().contains("601 columns"));
    }

    #[test]
    fn a_line_is_refused_with_all_that_is_wrong() {
        let columns = columns("externalId;ifVersion;deleted").unwrap();
        let said = columns.read(b"a1;x;maybe;more").unwrap_err();
        let paths: Vec<String> = said.errors.iter().map(|error| error.path.join(".")).collect();
        assert_eq!(
            (said.key.as_deref(), paths),
            (Some("a1"), vec!["ifVersion".into(), "deleted".into(), String::new()])
        );
        assert_eq!(columns.read(b"\xff;1;no").unwrap_err().errors[0].message, "the line is not UTF-8");
    }

    #[test]
    fn a_cell_is_what_it_looks_like_unless_its_field_is_a_text() {
        let cell = |field: &str, text: &str| cell(SyncEntity::Account, field, text);
        assert_eq!(cell("employees", "50"), Value::from(50));
        assert_eq!(cell("isActive", "true"), Value::from(true));
        assert_eq!(cell("domains", "[\"a.example\"]"), serde_json::json!(["a.example"]));
        assert_eq!(cell("name", "50"), Value::from("50"));
        assert_eq!(cell("phone", "-1"), Value::from("-1"));
        assert_eq!(cell("other", "007"), Value::from("007"));
        assert_eq!(cell("other", "2026-11-28"), Value::from("2026-11-28"));
        assert_eq!(cell("other", "123456789012345678901234567890"), Value::from("123456789012345678901234567890"));
    }
}
