//! What a record holds in the tenant's own fields, as its reader may see it.

use async_graphql::{Json as JsonScalar, Object};
use sea_orm::{ModelTrait, Value};
use serde_json::Value as Json;

use super::CustomField;
use crate::{
    graph::{Cx, Result, custom_column},
    policy::{Class, Governed, Seen, access},
};

/// A field of the tenant's own with its value on one record.
#[derive(Clone)]
pub struct CustomFieldValue {
    field: CustomField,
    value: Option<Json>,
}

/// A field of the tenant's own with its value on one record.
#[Object]
impl CustomFieldValue {
    /// The field.
    #[graphql(directive = access::apply("CustomField".into(), "*".into(), false))]
    async fn field(&self) -> &CustomField {
        &self.field
    }

    /// The value: a text, a number, true or false, a date as text, the code of a choice; null where there is none, and where you
    /// may not read the field's class on this record.
    #[graphql(directive = access::apply("CustomValue".into(), "*".into(), false))]
    async fn value(&self) -> Option<JsonScalar<&Json>> {
        self.value.as_ref().map(JsonScalar)
    }
}

/// The fields of a record's entity in their order, each with its value under its own class. The declarations are one statement a
/// request.
pub async fn values<E: Governed>(cx: &Cx, seen: &Seen<E::Model>) -> Result<Vec<CustomFieldValue>> {
    let Some((entity, _)) = custom_column::<E>() else { return Ok(Vec::new()) };
    let fields = cx.fields().await?;
    let value = |field: &std::sync::Arc<crate::graph::Field>| CustomFieldValue {
        field: CustomField(field.seen.clone()),
        value: seen.read(field.class, &field.path(), |row| field.held_by::<E>(row).map(|held| held.json())),
    };
    Ok(fields.of(entity).map(value).collect())
}

/// What a source brought into a record under names that no field has or had.
pub async fn undeclared<E: Governed>(cx: &Cx, seen: &Seen<E::Model>, class: Class) -> Result<Option<JsonScalar<Json>>> {
    let Some((entity, column)) = custom_column::<E>() else { return Ok(None) };
    let Some(Value::Json(Some(custom))) = seen.read(class, "custom", |row| row.get(column)) else { return Ok(None) };
    let mut custom = *custom;
    if let Some(held) = custom.as_object_mut().filter(|held| !held.is_empty()) {
        let fields = cx.fields().await?;
        held.retain(|name, _| !fields.declares(entity, name));
    }
    Ok(Some(JsonScalar(custom)))
}
