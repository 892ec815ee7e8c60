//! What a declaration is made of, and the bounds of its parts.

use std::collections::HashSet;

use async_graphql::{InputObject, MaybeUndefined};
use entities::codes::{CustomEntity, CustomFieldType};
use serde_json::{Value as Json, json};

use crate::{
    graph::{Error, GlobalId, IsSet, MAX_LINE, Result, text},
    input,
    policy::Class,
};

/// The most choices of a field.
const MAX_CHOICES: usize = 200;
/// The highest position.
const MAX_POSITION: i32 = 10_000;

macro_rules! always_set {
    ($($ty:ty),*) => { $(impl IsSet for $ty { fn is_set(&self) -> bool { true } })* };
}
always_set!(CustomEntity, CustomFieldType, Class);

/// Something that can be chosen.
#[derive(Clone, Debug, InputObject)]
pub struct CustomChoiceInput {
    /// Its name for machines, at most 64 letters, digits and underscores, unique in the field.
    pub code: String,
    /// What people call it in German, at most 255 characters.
    pub label_de: String,
    /// What people call it in English, at most 255 characters.
    pub label_en: String,
}

input! {
    /// A new field.
    CreateCustomFieldInput for CustomField {
        /// Whose field it is.
        P entity: CustomEntity;
        /// Its name for machines: a letter, then at most 63 letters, digits and underscores. For good: it never changes, and is never
        /// free again.
        P code: String;
        /// What it holds. For good.
        P r#type: CustomFieldType;
        /// What people call it in German, at most 255 characters.
        P label_de: String;
        /// What people call it in English, at most 255 characters.
        P label_en: String;
        /// What it is for, at most 255 characters.
        P description: Option<String>;
        /// The class of its values: who may read and write them on a record is in the access table.
        P class: Class;
        /// What can be chosen, 1 to 200; for type CHOICE only.
        P choices: Option<Vec<CustomChoiceInput>>;
        /// Whether a value can not be cleared; no unless said.
        P required: Option<bool>;
        /// Its place among the entity's fields, 0 to 10,000; the last unless said.
        P position: Option<i32>;
    }
}

input! {
    /// A change of a field: absent leaves, null clears. Entity, code and type never change.
    UpdateCustomFieldInput for CustomField {
        /// What people call it in German.
        P label_de: MaybeUndefined<String>;
        /// What people call it in English.
        P label_en: MaybeUndefined<String>;
        /// What it is for.
        P description: MaybeUndefined<String>;
        /// The class of its values. Takes effect at once, also on values that are there.
        P class: MaybeUndefined<Class>;
        /// What can be chosen from now on: the whole list. Records keep a choice that is no longer in it.
        P choices: MaybeUndefined<Vec<CustomChoiceInput>>;
        /// Whether a value can not be cleared.
        P required: MaybeUndefined<bool>;
        /// Its place among the entity's fields, 0 to 10,000.
        P position: MaybeUndefined<i32>;
    }
    plain {
        /// Which field.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

/// A field's name: also a name in JSON, so it is kept plain.
pub(super) fn code(value: String) -> Result<String> {
    let plain = value.len() <= 64
        && value.starts_with(|c: char| c.is_ascii_alphabetic())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match plain {
        true => Ok(value),
        false => Err(Error::invalid("code", "a letter, then at most 63 letters, digits and underscores")),
    }
}

/// The choices as the row holds them.
pub(super) fn choices(kind: CustomFieldType, choices: Option<Vec<CustomChoiceInput>>) -> Result<Json> {
    let choices = choices.unwrap_or_default();
    match kind {
        CustomFieldType::Choice if choices.is_empty() || choices.len() > MAX_CHOICES => {
            return Err(Error::invalid("choices", format!("1 to {MAX_CHOICES} choices")));
        }
        CustomFieldType::Choice => {}
        CustomFieldType::Text | CustomFieldType::Number | CustomFieldType::Boolean | CustomFieldType::Date => {
            return match choices.is_empty() {
                true => Ok(json!([])),
                false => Err(Error::invalid("choices", "only a field of type CHOICE has choices")),
            };
        }
    }
    let mut known = HashSet::new();
    let mut rows = Vec::with_capacity(choices.len());
    for (place, CustomChoiceInput { code, label_de, label_en }) in choices.into_iter().enumerate() {
        let path = |field: &str| format!("choices.{place}.{field}");
        let plain = (1..=64).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain {
            return Err(Error::invalid(&path("code"), "at most 64 letters, digits and underscores"));
        }
        if !known.insert(code.clone()) {
            return Err(Error::invalid(&path("code"), "this code stands twice"));
        }
        let de = text(&path("labelDe"), label_de, MAX_LINE)?;
        let en = text(&path("labelEn"), label_en, MAX_LINE)?;
        rows.push(json!({ "code": code, "de": de, "en": en }));
    }
    Ok(rows.into())
}

/// A place among the fields.
pub(super) fn position(value: i32) -> Result<i32> {
    match (0..=MAX_POSITION).contains(&value) {
        true => Ok(value),
        false => Err(Error::invalid("position", format!("between 0 and {MAX_POSITION}"))),
    }
}
