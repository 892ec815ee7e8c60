//! Which of two records says what a field shall hold. Where nothing is said, the survivor's value, and where it has none, the other's.

use sea_orm::{ActiveModelTrait, ModelTrait, Value};
use serde_json::Value as Json;

use super::graphql::MergeSide;
use crate::journey::Journaled;

/// Takes a field, of however many columns, from the one or the other.
pub(super) fn choose<E: Journaled>(
    row: &mut E::ActiveModel,
    survivor: &E::Model,
    merged: &E::Model,
    columns: &[E::Column],
    side: Option<MergeSide>,
) {
    let is_empty = columns.iter().all(|column| is_nothing(&survivor.get(*column)));
    let takes = match side {
        Some(side) => side == MergeSide::Merged,
        None => is_empty,
    };
    if takes {
        for column in columns {
            row.set(*column, merged.get(*column));
        }
    }
}

/// Takes an object: unless said, the survivor's with what only the other has.
pub(super) fn choose_object<E: Journaled>(
    row: &mut E::ActiveModel,
    survivor: &E::Model,
    merged: &E::Model,
    column: E::Column,
    side: Option<MergeSide>,
) {
    if side.is_some() {
        return choose::<E>(row, survivor, merged, &[column], side);
    }
    if let (Value::Json(Some(ours)), Value::Json(Some(theirs))) = (survivor.get(column), merged.get(column))
        && let (Json::Object(mut both), Json::Object(theirs)) = (*ours, *theirs)
    {
        for (name, value) in theirs {
            both.entry(name).or_insert(value);
        }
        row.set(column, Json::Object(both).into());
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Json(Some(json)) => match json.as_ref() {
            Json::Null => true,
            Json::Array(items) => items.is_empty(),
            Json::Object(fields) => fields.is_empty(),
            Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
        },
        Value::Bool(None)
        | Value::Int(None)
        | Value::BigInt(None)
        | Value::String(None)
        | Value::Uuid(None)
        | Value::Json(None)
        | Value::ChronoDate(None)
        | Value::ChronoDateTimeUtc(None) => true,
        _ => false,
    }
}
