//! A row as JSON: what a line of a file is.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Reference;
use crate::graph::GlobalId;

/// Fields by their names in the graph: null clears, absent leaves.
pub type Fields = Map<String, Value>;

/// One row: `{"externalId": "a1", "set": {"name": "Acme"}, "relations": {"owner": "u7"}}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JsonRow {
    /// The record's key in its system, at most 255 characters.
    pub external_id: String,
    /// Change it only if it still has this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<i32>,
    /// When it changed in its system; now unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<DateTime<Utc>>,
    /// Whether it is gone in its system: then it is taken away here, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// What it says.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set: Fields,
    /// What it says beside, where it is new.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub on_create: Fields,
    /// What it says beside, where it is known.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub on_update: Fields,
    /// Field → the other record: its key in the same system as a text, `{"externalId": key}` or `{"id": "acc_…"}`; null clears, absent
    /// leaves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub relations: BTreeMap<String, Option<JsonReference>>,
}

/// How a line names another record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum JsonReference {
    /// By its key.
    Key(String),
    /// By its key, in words.
    Named {
        /// Its key.
        #[serde(rename = "externalId")]
        external_id: String,
    },
    /// By its id here.
    Id {
        /// Its id.
        id: GlobalId,
    },
}

impl From<String> for JsonReference {
    fn from(key: String) -> JsonReference {
        JsonReference::Key(key)
    }
}

impl From<JsonReference> for Reference {
    fn from(reference: JsonReference) -> Reference {
        match reference {
            JsonReference::Key(key) | JsonReference::Named { external_id: key } => Reference::Key(key),
            JsonReference::Id { id } => Reference::Id(id),
        }
    }
}
