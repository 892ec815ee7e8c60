//! A line of a file as a row: what its JSON says, or everything that is wrong with it. No refusal quotes a value: it is kept, and may be
//! a person's.

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Map, Value};

use crate::{
    graph::{UserError, UserErrorCode},
    sync::upsert::JsonRow,
};

/// A row that cannot be read: its key where it has one, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreadable {
    /// The key.
    pub key: Option<String>,
    /// Why.
    pub errors: Vec<UserError>,
}

/// The longest name of a field that a refusal repeats, in characters.
const MAX_NAME: usize = 100;

/// The refusal of a place in a row.
pub fn refusal(path: &str, message: impl Into<String>) -> UserError {
    let path: Vec<String> = path.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    UserError { code: UserErrorCode::Invalid, path, message: message.into(), new_id: None }
}

/// A line that says nothing at all.
pub fn unreadable(message: impl Into<String>) -> Unreadable {
    Unreadable { key: None, errors: vec![refusal("", message)] }
}

/// The row of a line of NDJSON.
pub fn read(text: &str) -> Result<JsonRow, Unreadable> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => of(members),
        Ok(_) => Err(unreadable("a line is a JSON object")),
        Err(error) => Err(unreadable(format!("no JSON at column {}: {}", error.column(), kind(&error)))),
    }
}

fn kind(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        _ => "it is malformed",
    }
}

/// The row of an object.
pub fn of(members: Map<String, Value>) -> Result<JsonRow, Unreadable> {
    let mut row = JsonRow::default();
    let mut errors = Vec::new();
    let mut named = false;
    for (name, value) in members {
        let mut must = |path: &str, what: &str| errors.push(refusal(path, what));
        match (name.as_str(), value) {
            ("externalId", Value::String(text)) => {
                row.external_id = text;
                named = true;
            }
            ("externalId", Value::Number(number)) => {
                row.external_id = number.to_string();
                named = true;
            }
            ("externalId", _) => must("externalId", "a text"),
            ("ifVersion" | "changedAt", Value::Null) => {}
            ("ifVersion", value) => match value.as_i64().and_then(|version| i32::try_from(version).ok()) {
                Some(version) => row.if_version = Some(version),
                None => must("ifVersion", "a whole number"),
            },
            ("changedAt", value) => match value.as_str().and_then(moment) {
                Some(at) => row.changed_at = Some(at),
                None => must("changedAt", "a moment such as 2026-11-28T09:30:00Z"),
            },
            ("deleted", Value::Bool(deleted)) => row.deleted = deleted,
            ("deleted", _) => must("deleted", "true or false"),
            ("set", Value::Object(fields)) => row.set = fields,
            ("onCreate", Value::Object(fields)) => row.on_create = fields,
            ("onUpdate", Value::Object(fields)) => row.on_update = fields,
            ("relations", Value::Object(keys)) => {
                for (name, key) in keys {
                    // Systems that count their records write their keys as numbers.
                    let key = if key.is_number() { Value::String(key.to_string()) } else { key };
                    match serde_json::from_value(key) {
                        Ok(key) => drop(row.relations.insert(name, key)),
                        Err(_) => errors.push(UserError {
                            code: UserErrorCode::Invalid,
                            path: vec!["relations".to_owned(), shown(&name)],
                            message: "the key of another record, or null".to_owned(),
                            new_id: None,
                        }),
                    }
                }
            }
            (part @ ("set" | "onCreate" | "onUpdate" | "relations"), _) => must(part, "an object"),
            (unknown, _) => {
                errors.push(UserError {
                    code: UserErrorCode::Invalid,
                    path: vec![shown(unknown)],
                    message: "there is no such member; there are externalId, ifVersion, changedAt, deleted, set, onCreate, onUpdate, relations"
                        .to_owned(),
                    new_id: None,
                });
            }
        }
    }
    if !named && !errors.iter().any(|error| error.path == ["externalId"]) {
        errors.push(refusal("externalId", "it is missing"));
    }
    match errors.is_empty() {
        true => Ok(row),
        false => Err(Unreadable { key: named.then_some(row.external_id), errors }),
    }
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc().trunc_subsecs(6))
}

/// A name that a stranger wrote, as a refusal repeats it.
fn shown(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Vec<(String, String)> {
        let errors = read(text).unwrap_err().errors;
        errors.into_iter().map(|error| (error.path.join("."), error.message)).collect()
    }

    #[test]
    fn a_line_says_a_row() {
        let text = r#"{"externalId":7,"ifVersion":2,"changedAt":"2026-11-28T10:00:00.1234567+01:00","deleted":false,
            "set":{"name":"Ö","note":null},"relations":{"owner":"u7","parent":null}}"#;
        let row = read(text).unwrap();
        assert_eq!((row.external_id.as_str(), row.if_version), ("7", Some(2)));
        assert_eq!(row.changed_at, "2026-11-28T09:00:00.123456Z".parse().ok());
        assert_eq!(row.set["note"], Value::Null);
        let told = serde_json::to_value(&row).unwrap();
        assert_eq!(told["relations"], serde_json::json!({ "owner": "u7", "parent": null }));
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_without_a_value() {
        let text = r#"{"ifVersion":"Anna","deleted":1,"set":[],"relations":{"owner":{}},"Anna Öz":"secret"}"#;
        let said = refused(text);
        let paths: Vec<&str> = said.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["ifVersion", "deleted", "set", "relations.owner", "Anna Öz", "externalId"]);
        assert!(said.iter().all(|(_, message)| !message.contains("secret") && !message.contains("Anna")), "{said:?}");
    }

    #[test]
    fn what_is_no_object_is_no_row() {
        assert_eq!(refused("[1]"), [(String::new(), "a line is a JSON object".to_owned())]);
        assert_eq!(refused("{\"a\":"), [(String::new(), "no JSON at column 5: it ends too early".to_owned())]);
        assert_eq!(refused("{a}"), [(String::new(), "no JSON at column 2: it is malformed".to_owned())]);
        // A hundred thousand brackets do not bring the house down.
        assert_eq!(refused(&"[".repeat(100_000)).len(), 1);
        assert_eq!(read(r#"{"externalId":"a","sett":{}}"#).unwrap_err().key.as_deref(), Some("a"));
    }
}
