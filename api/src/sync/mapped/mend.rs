//! What a field spoils goes in without it: a bad cell costs the cell.

use serde_json::Value;

use super::super::upsert::{JsonRow, SyncEntity};
use crate::graph::UserError;

/// Takes out of a row what it was refused for. False: that is no field of it.
pub(super) fn without(row: &mut JsonRow, entity: SyncEntity, source: &str, errors: &[UserError]) -> bool {
    let mut taken = false;
    // From the end of lists to their beginning, so that places stay what they are.
    let mut paths: Vec<&[String]> = errors.iter().map(|error| error.path.as_slice()).collect();
    paths.sort_by_key(|path| std::cmp::Reverse(path.get(2).and_then(|place| place.parse::<usize>().ok())));
    for path in paths {
        let [part, field, rest @ ..] = path else { return false };
        if !["set", "onCreate", "onUpdate"].contains(&part.as_str()) {
            return false;
        }
        if entity == SyncEntity::Colleague && field == "email" {
            // A colleague cannot be without: one that leads nowhere says that none was told.
            let key: String = row.external_id.chars().filter(char::is_ascii_alphanumeric).take(60).collect();
            row.set.shift_remove(field);
            row.on_create.insert(field.clone(), format!("{key}@{source}.invalid").into());
            taken |= !key.is_empty();
            continue;
        }
        for fields in [&mut row.set, &mut row.on_create, &mut row.on_update] {
            let place = rest.first().and_then(|place| place.parse::<usize>().ok());
            match (fields.get_mut(field), place, rest.first()) {
                (Some(Value::Array(list)), Some(place), _) if place < list.len() => {
                    list.remove(place);
                    taken = true;
                }
                (Some(Value::Object(own)), None, Some(code)) => taken |= own.shift_remove(code).is_some(),
                (Some(_), _, _) => taken |= fields.shift_remove(field).is_some(),
                (None, _, _) => {}
            }
        }
    }
    taken
}
