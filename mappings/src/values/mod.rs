//! What a cell means: text, numbers, moments, codes. A cell that means nothing of the kind is refused, never guessed.

mod numbers;
mod times;
mod words;

pub use numbers::decimals;
pub(crate) use numbers::{amount, decimal, int, yes};
pub(crate) use times::{Clock, date, time};
pub use words::long_id;
pub(crate) use words::{code, email, family_name, given_name, phone, plain};

use std::borrow::Cow;

use serde_json::Value;

/// A scalar as text; lists and objects as JSON. Nothing where there is nothing.
pub(crate) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Array(list) if list.is_empty() => None,
        Value::Object(map) if map.is_empty() => None,
        other => Some(Cow::Owned(other.to_string())),
    }
}
