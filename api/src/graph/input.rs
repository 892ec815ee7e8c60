//! Helpers for inputs: what is set, whether it may be written, and how it lands in a row.

use async_graphql::MaybeUndefined;
use sea_orm::{ActiveValue, Value};

use super::error::{Error, Result, UserError, UserErrorCode};
use crate::policy::{Class, Rights};

/// Whether an input field was given.
pub trait IsSet {
    /// Given, even if null.
    fn is_set(&self) -> bool;
}

impl<T> IsSet for MaybeUndefined<T> {
    fn is_set(&self) -> bool {
        !self.is_undefined()
    }
}

impl<T> IsSet for Option<T> {
    fn is_set(&self) -> bool {
        self.is_some()
    }
}

macro_rules! always_set {
    ($($ty:ty),*) => { $(impl IsSet for $ty { fn is_set(&self) -> bool { true } })* };
}
always_set!(String, bool, i32, super::GlobalId, chrono::DateTime<chrono::Utc>, chrono::NaiveDate, super::MoneyInput);

impl<T> IsSet for Vec<T> {
    fn is_set(&self) -> bool {
        !self.is_empty()
    }
}

/// Refuses the first field that the caller may not write on this row.
pub fn require_write(rights: &Rights, written: &[(Class, &'static str)]) -> Result<()> {
    let refused: Vec<UserError> = written
        .iter()
        .filter(|(class, field)| !rights.may_write(*class, field))
        .map(|(_, field)| UserError {
            code: UserErrorCode::Forbidden,
            path: vec![camel(field)],
            message: "your role does not allow this here".into(),
        })
        .collect();
    match refused.is_empty() {
        true => Ok(()),
        false => Err(Error::User(refused)),
    }
}

/// `given_name` → `givenName`, `r#type` → `type`.
pub fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.trim_start_matches("r#").chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                camel.extend(letter.to_uppercase());
                upper = false;
            }
            letter => camel.push(letter),
        }
    }
    camel
}

/// A nullable column from a patch: absent leaves, null clears.
pub fn patch<T>(value: MaybeUndefined<T>) -> ActiveValue<Option<T>>
where
    Option<T>: Into<Value>,
{
    match value {
        MaybeUndefined::Undefined => ActiveValue::NotSet,
        MaybeUndefined::Null => ActiveValue::Set(None),
        MaybeUndefined::Value(value) => ActiveValue::Set(Some(value)),
    }
}

/// A required column from a patch: absent leaves, null is refused.
pub fn patch_required<T: Into<Value>>(path: &str, value: MaybeUndefined<T>) -> Result<ActiveValue<T>> {
    match value {
        MaybeUndefined::Undefined => Ok(ActiveValue::NotSet),
        MaybeUndefined::Null => Err(Error::invalid(path, "this cannot be cleared")),
        MaybeUndefined::Value(value) => Ok(ActiveValue::Set(value)),
    }
}

/// A name or title: not blank, not longer than `max` characters, otherwise kept byte for byte.
pub fn text(path: &str, value: String, max: usize) -> Result<String> {
    if value.trim().is_empty() {
        return Err(Error::invalid(path, "this cannot be blank"));
    }
    if value.chars().count() > max {
        return Err(Error::invalid(path, format!("at most {max} characters")));
    }
    // PostgreSQL cannot store it in text, and the two engines shall hold the same.
    if value.contains('\0') {
        return Err(Error::invalid(path, "a text cannot hold the character U+0000"));
    }
    Ok(value)
}
