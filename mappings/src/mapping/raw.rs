//! A mapping file as it is written. What it means is judged in [`super::check`].

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    pub source: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub zone: Option<String>,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub empty: Option<String>,
    #[serde(default)]
    pub bad_cell: Option<String>,
    #[serde(default)]
    pub decimal_comma: bool,
    #[serde(default)]
    pub day_first: bool,
    #[serde(default)]
    pub encoding: Option<String>,
    #[serde(default)]
    pub lists: Vec<String>,
    #[serde(default)]
    pub strip: Vec<String>,
    #[serde(default)]
    pub strip_end: Vec<String>,
    #[serde(default)]
    pub ignore: Vec<String>,
    #[serde(default)]
    pub rest: Option<String>,
    #[serde(default)]
    pub skip: Vec<Skip>,
    #[serde(default)]
    pub table: Vec<Table>,
    #[serde(default)]
    pub file: Vec<File>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skip {
    #[serde(default)]
    pub files: Vec<String>,
    #[serde(default)]
    pub streams: Vec<String>,
    #[serde(default)]
    pub types: Vec<String>,
    pub why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub name: String,
    #[serde(default)]
    pub files: Vec<String>,
    #[serde(default)]
    pub streams: Vec<String>,
    #[serde(default)]
    pub each: Option<String>,
    pub key: Value,
    #[serde(default)]
    pub values: Vec<Value>,
    #[serde(default)]
    pub merges: Option<String>,
    #[serde(default)]
    pub when: Vec<Condition>,
    #[serde(default)]
    pub separator: Option<String>,
    #[serde(default)]
    pub strip: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub name: String,
    #[serde(default)]
    pub files: Vec<String>,
    #[serde(default)]
    pub streams: Vec<String>,
    #[serde(default)]
    pub types: Vec<String>,
    #[serde(default)]
    pub header: Vec<Vec<String>>,
    #[serde(default)]
    pub without: Vec<String>,
    #[serde(default)]
    pub key: Option<Value>,
    #[serde(default)]
    pub numbered: Option<String>,
    #[serde(default)]
    pub when: Vec<Condition>,
    #[serde(default)]
    pub unless: Vec<Condition>,
    #[serde(default)]
    pub deleted: Vec<Condition>,
    #[serde(default)]
    pub ignore: Vec<String>,
    #[serde(default)]
    pub rest: Option<String>,
    #[serde(default)]
    pub empty: Option<String>,
    #[serde(default)]
    pub strip: Option<Vec<String>>,
    #[serde(default)]
    pub row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub entity: String,
    #[serde(default)]
    pub key: Option<Value>,
    #[serde(default)]
    pub each: Option<String>,
    #[serde(default)]
    pub when: Vec<Condition>,
    #[serde(default)]
    pub distinct: bool,
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
    #[serde(default)]
    pub on_create: BTreeMap<String, Value>,
    #[serde(default)]
    pub on_update: BTreeMap<String, Value>,
    #[serde(default)]
    pub relations: BTreeMap<String, Value>,
    #[serde(default)]
    pub custom: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    pub column: String,
    #[serde(default)]
    pub is: Vec<String>,
    #[serde(default)]
    pub not: Vec<String>,
    #[serde(default)]
    pub starts: Vec<String>,
    #[serde(default)]
    pub empty: Option<bool>,
}

/// Where a value comes from and what becomes of it.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    #[serde(default)]
    pub from: Option<Value>,
    #[serde(default)]
    pub join: Vec<String>,
    #[serde(default)]
    pub with: Option<String>,
    #[serde(default)]
    pub value: Option<Value>,
    #[serde(default)]
    pub today: bool,
    #[serde(default, rename = "as")]
    pub transform: Option<String>,
    #[serde(default)]
    pub codes: BTreeMap<String, Value>,
    #[serde(default)]
    pub default: Option<Value>,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub separator: Option<String>,
    #[serde(default)]
    pub empty: Option<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub fallback: Option<Value>,
    #[serde(default)]
    pub lookup: Option<String>,
    #[serde(default)]
    pub take: Option<String>,
    #[serde(default)]
    pub miss: Option<String>,
    #[serde(default)]
    pub starts: Option<String>,
    #[serde(default)]
    pub prefix: Option<String>,
    #[serde(default)]
    pub of: Option<String>,
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub label: Option<String>,
}
