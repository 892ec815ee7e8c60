//! What differs between two states of a record, by the names of the graph: for the answer, for undo, and for the field policy.

use std::str::FromStr;

use sea_orm::{ActiveModelTrait, ActiveValue, EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait, Value};

use super::{Fields, Synced};
use crate::{
    graph::{GlobalId, Result, camel, custom_column},
    journey::{Journaled, differing},
};

type Model<S> = <<S as Synced>::Table as EntityTrait>::Model;
type Active<S> = <<S as Synced>::Table as EntityTrait>::ActiveModel;

/// A field that differs.
pub(super) struct Difference {
    /// Its name in the graph; `custom.code` of the tenant's own.
    pub(super) name: String,
    /// Its columns; none of the tenant's own fields, which share one.
    pub(super) columns: Vec<&'static str>,
    /// As it was.
    pub(super) before: serde_json::Value,
    /// As it is.
    pub(super) after: serde_json::Value,
}

/// The row that a patch makes of another.
pub(super) fn patched<S: Synced>(before: &Model<S>, row: &Active<S>) -> Result<Model<S>> {
    let mut merged: Active<S> = before.clone().into_active_model();
    for column in <S::Table as EntityTrait>::Column::iter() {
        match row.get(column) {
            ActiveValue::Set(new) => merged.set(column, new),
            ActiveValue::Unchanged(_) | ActiveValue::NotSet => {
                if let Some(held) = merged.get(column).into_value() {
                    merged.set(column, held);
                }
            }
        }
    }
    Ok(S::Table::complete(merged)?)
}

fn custom<S: Synced>(row: &Model<S>) -> Fields {
    match custom_column::<S::Table>().map(|(_, column)| row.get(column)) {
        Some(Value::Json(Some(custom))) => custom.as_object().cloned().unwrap_or_default(),
        _ => Fields::new(),
    }
}

/// The fields that differ, in their declared order.
pub(super) fn between<S: Synced>(before: &Model<S>, after: &Model<S>) -> Vec<Difference> {
    let mut patch: Active<S> = after.clone().into_active_model().reset_all();
    let columns = differing::<S::Table>(before, &mut patch);
    let names: Vec<&str> = columns.iter().map(|column| column.as_str()).collect();
    let (was, is) = (S::before(before, &names), S::before(after, &names));
    let mut found = Vec::new();
    for spec in S::FIELDS.iter().filter(|spec| spec.columns.iter().any(|column| names.contains(column))) {
        let name = camel(spec.name);
        let said = |fields: &Fields| fields.get(&name).cloned().unwrap_or_default();
        let (before, after) = (said(&was), said(&is));
        found.push(Difference { name, columns: spec.columns.to_vec(), before, after });
    }
    for spec in S::RELATIONS.iter().filter(|spec| names.contains(&spec.column)) {
        let Ok(column) = <<S::Table as EntityTrait>::Column as FromStr>::from_str(spec.column) else { continue };
        let id = |row: &Model<S>| match row.get(column) {
            Value::Uuid(Some(id)) => GlobalId::new(spec.to.kind(), id).to_string().into(),
            _ => serde_json::Value::Null,
        };
        let (before, after) = (id(before), id(after));
        found.push(Difference { name: camel(spec.name), columns: vec![spec.column], before, after });
    }
    if custom_column::<S::Table>().is_some_and(|(_, column)| names.contains(&column.as_str())) {
        let (old, new) = (custom::<S>(before), custom::<S>(after));
        let mut codes: Vec<&String> = old.keys().chain(new.keys().filter(|code| !old.contains_key(*code))).collect();
        codes.retain(|code| old.get(*code) != new.get(*code));
        found.extend(codes.into_iter().map(|code| Difference {
            name: format!("custom.{code}"),
            columns: Vec::new(),
            before: old.get(code).cloned().unwrap_or_default(),
            after: new.get(code).cloned().unwrap_or_default(),
        }));
    }
    found
}

/// Takes fields out of a patch: the record keeps them.
pub(super) fn leave<S: Synced>(before: &Model<S>, row: &mut Active<S>, left: &[&Difference]) {
    for column in left.iter().flat_map(|difference| &difference.columns) {
        if let Ok(column) = <<S::Table as EntityTrait>::Column as FromStr>::from_str(column) {
            row.not_set(column);
        }
    }
    let codes: Vec<&str> = left.iter().filter_map(|difference| difference.name.strip_prefix("custom.")).collect();
    let Some((_, column)) = custom_column::<S::Table>().filter(|_| !codes.is_empty()) else { return };
    let held = custom::<S>(before);
    if let ActiveValue::Set(Value::Json(Some(wanted))) = row.get(column) {
        let mut wanted = wanted.as_object().cloned().unwrap_or_default();
        for code in codes {
            match held.get(code) {
                Some(value) => drop(wanted.insert(code.to_owned(), value.clone())),
                None => drop(wanted.shift_remove(code)),
            }
        }
        row.set(column, serde_json::Value::Object(wanted).into());
    }
}

/// What was, as `set` would bring it back.
pub(super) fn undone(differences: &[Difference]) -> Fields {
    let (mut held, mut own) = (Fields::new(), Fields::new());
    for Difference { name, before, .. } in differences {
        match name.strip_prefix("custom.") {
            Some(code) => drop(own.insert(code.to_owned(), before.clone())),
            None => drop(held.insert(name.clone(), before.clone())),
        }
    }
    if !own.is_empty() {
        held.insert("custom".to_owned(), own.into());
    }
    held
}
