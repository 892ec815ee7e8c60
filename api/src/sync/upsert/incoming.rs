//! A row on its way in: typed, whether the graph brought it or a line of a file.

use async_graphql::{InputType, Pos, Value};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, EntityTrait};

use super::{Fields, JsonRow, Reference, Synced, reference::Said};
use crate::{
    graph::{GlobalId, UserError, UserErrorCode, camel},
    policy::Class,
};

/// The longest key, in characters.
pub const MAX_KEY: usize = 255;

/// A row on its way in.
pub struct Incoming<S: Synced> {
    /// The record's key in its system.
    pub external_id: String,
    /// Change it only if it still has this version.
    pub if_version: Option<i32>,
    /// When it changed in its system.
    pub changed_at: Option<DateTime<Utc>>,
    /// Whether it is gone there.
    pub deleted: bool,
    /// What it says.
    pub set: S::Set,
    /// What it says beside, if it is new.
    pub on_create: Option<S::Set>,
    /// What it says beside, if it is known.
    pub on_update: Option<S::Set>,
    /// Column → what it refers to.
    pub relations: Vec<(&'static str, Said)>,
    /// What it refers to, with the classes that this writes.
    pub referring: Vec<(Class, &'static str)>,
    /// What could not be understood of it.
    pub refused: Vec<UserError>,
}

/// A refusal of a row.
pub(super) fn refusal(code: UserErrorCode, path: &str, message: impl Into<String>) -> UserError {
    let path = path.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    UserError { code, path, message: message.into(), new_id: None }
}

impl<S: Synced> Incoming<S> {
    /// A line of a file.
    pub fn of_json(row: JsonRow) -> Incoming<S> {
        let JsonRow { external_id, if_version, changed_at, deleted, mut set, on_create, on_update, relations } = row;
        let mut refused = Vec::new();
        let mut named: Vec<(&'static str, Said)> = Vec::new();
        for (name, value) in relations {
            match S::RELATIONS.iter().find(|spec| camel(spec.name) == name) {
                Some(spec) => named.push((spec.column, Ok(value.map(Reference::from)))),
                None => refused.push(unknown::<S>("relations", &name)),
            }
        }
        // What undo brings back of a reference stands among the fields, by its id here.
        for spec in S::RELATIONS {
            if let Some(value) = set.shift_remove(&camel(spec.name)) {
                let id = value.as_str().and_then(GlobalId::parse);
                named.push((
                    spec.column,
                    match (value.is_null(), id) {
                        (true, _) => Ok(None),
                        (false, Some(id)) => Ok(Some(Reference::Id(id))),
                        (false, None) => Err("here stands an id of this API or null; a key belongs into relations"),
                    },
                ));
            }
        }
        let mut parsed = |path: &str, fields: Fields| parse::<S>(path, fields, &mut refused);
        let set = parsed("set", set).unwrap_or_default();
        let on_create = (!on_create.is_empty()).then(|| parsed("onCreate", on_create)).flatten();
        let on_update = (!on_update.is_empty()).then(|| parsed("onUpdate", on_update)).flatten();
        let referring = S::RELATIONS.iter().filter(|spec| named.iter().any(|(column, _)| *column == spec.column));
        let referring = referring.map(|spec| (spec.class, spec.name)).collect();
        let relations = named;
        Incoming {
            external_id,
            if_version,
            changed_at,
            deleted,
            set,
            on_create,
            on_update,
            relations,
            referring,
            refused,
        }
    }

    /// A line that could not be read, with the reason.
    pub fn unreadable(external_id: String, error: UserError) -> Incoming<S> {
        Incoming {
            external_id,
            if_version: None,
            changed_at: None,
            deleted: false,
            set: S::Set::default(),
            on_create: None,
            on_update: None,
            relations: Vec::new(),
            referring: Vec::new(),
            refused: vec![error],
        }
    }

    /// What is wrong with its key.
    pub(super) fn wrong_key(&self) -> Option<UserError> {
        let key = &self.external_id;
        let wrong = key.trim().is_empty() || key.chars().count() > MAX_KEY || key.chars().any(char::is_control);
        wrong.then(|| {
            refusal(UserErrorCode::Invalid, "externalId", "1 to 255 characters, none of them a control character")
        })
    }

    /// What it says, as it came: by the names of the graph, keys as they are.
    pub(super) fn raw(&self) -> serde_json::Value {
        let said: Vec<String> = S::written(&self.set).into_iter().map(|(_, name)| camel(name)).collect();
        let mut raw = match self.set.to_value().into_json() {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => Fields::new(),
        };
        raw.retain(|name, _| said.contains(name));
        for (code, value) in S::custom(&self.set).unwrap_or_default() {
            raw.insert(format!("custom.{code}"), value);
        }
        for (column, said) in &self.relations {
            let Some(spec) = S::RELATIONS.iter().find(|spec| spec.column == *column) else { continue };
            let named = match said {
                Ok(Some(Reference::Key(key))) => key.clone().into(),
                Ok(Some(Reference::Id(id))) => id.to_string().into(),
                Ok(None) | Err(_) => serde_json::Value::Null,
            };
            raw.insert(camel(spec.name), named);
        }
        raw.into()
    }

    /// What it says, to be compared with what was said under the same idempotency key.
    pub(super) fn said(&self) -> String
    where
        S::Set: std::fmt::Debug,
    {
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            self.external_id,
            self.if_version,
            self.changed_at,
            self.deleted,
            self.set,
            self.on_create,
            self.on_update,
            self.relations
        )
    }
}

fn unknown<S: Synced>(path: &str, name: &str) -> UserError {
    let known: Vec<String> = match path {
        "relations" => S::RELATIONS.iter().map(|spec| camel(spec.name)).collect(),
        _ => S::FIELDS.iter().map(|spec| camel(spec.name)).chain(["custom".to_owned()]).collect(),
    };
    // What a stranger wrote is not repeated at any length.
    let short: String = name.chars().take(60).collect();
    UserError {
        code: UserErrorCode::Invalid,
        path: vec![path.to_owned(), short],
        message: format!("there is no such field; there are {}", known.join(", ")),
        new_id: None,
    }
}

/// JSON as the typed input; what does not fit is refused field by field.
fn parse<S: Synced>(path: &str, mut fields: Fields, refused: &mut Vec<UserError>) -> Option<S::Set> {
    let is_known = |name: &str| name == "custom" || S::FIELDS.iter().any(|spec| camel(spec.name) == name);
    let strangers: Vec<String> = fields.keys().filter(|name| !is_known(name)).cloned().collect();
    for name in strangers {
        fields.shift_remove(&name);
        refused.push(unknown::<S>(path, &name));
    }
    let read = |fields: Fields| {
        let value = Value::from_json(serde_json::Value::Object(fields)).ok()?;
        Some(<S::Set as InputType>::parse(Some(value)))
    };
    if let Some(Ok(set)) = read(fields.clone()) {
        return Some(set);
    }
    for (name, value) in fields {
        let alone = Fields::from_iter([(name.clone(), value)]);
        if let Some(Err(error)) = read(alone) {
            refused.push(UserError {
                code: UserErrorCode::Invalid,
                path: vec![path.to_owned(), name],
                message: error.into_server_error(Pos::default()).message,
                new_id: None,
            });
        }
    }
    None
}

/// An empty row of a table.
pub(super) fn blank<E: EntityTrait>() -> E::ActiveModel {
    <E::ActiveModel as ActiveModelTrait>::default()
}
