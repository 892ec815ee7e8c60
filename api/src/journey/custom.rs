//! The index of the tenant's own fields follows every write, whoever makes it: a colleague, an import, the house itself.

use std::sync::Arc;

use entities::{
    codes::CustomEntity,
    tenant::{custom_field, custom_value},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect, Value,
    sea_query::{Alias, ExprTrait, IntoCondition, LikeExpr},
};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Journaled, Work};
use crate::graph::{Field, Fields, Result, custom_column};

/// How many rows a new field looks at in one statement.
const CHUNK: u64 = 1_000;

/// The JSON column of a row, where it holds anything.
fn custom_of<E: Journaled>(row: &E::Model) -> Option<(CustomEntity, Json)> {
    let (entity, column) = custom_column::<E>()?;
    match row.get(column) {
        Value::Json(Some(custom)) if custom.as_object().is_some_and(|fields| !fields.is_empty()) => {
            Some((entity, *custom))
        }
        _ => None,
    }
}

impl Work<'_> {
    /// The fields of the tenant's own, as they are in this unit of work.
    pub async fn fields(&mut self) -> Result<Arc<Fields>> {
        if let Some(fields) = &self.fields {
            return Ok(fields.clone());
        }
        let fields = Arc::new(Fields::read(&self.cx.caller, &self.tx).await?);
        self.fields = Some(fields.clone());
        Ok(fields)
    }

    /// Makes the index of new rows.
    pub(super) async fn index_new<E: Journaled>(&mut self, rows: &[E::Model]) -> Result<()> {
        let mut lines = Vec::new();
        for row in rows {
            let Some((entity, custom)) = custom_of::<E>(row) else { continue };
            let fields = self.fields().await?;
            let held = fields.of(entity).filter_map(|field| Some(field.held(&custom)?.indexed(field.id, E::id(row))));
            lines.extend(held);
        }
        self.insert_technical::<custom_value::Entity>(lines).await
    }

    /// Makes the index of changed rows anew where their values changed, and says which they are, row by row.
    pub(super) async fn index_changed<E: Journaled>(
        &mut self,
        rows: &[(&E::Model, &E::Model)],
    ) -> Result<Vec<Vec<String>>> {
        let Some((entity, _)) = custom_column::<E>() else { return Ok(vec![Vec::new(); rows.len()]) };
        let fields = self.fields().await?;
        let custom = |row| custom_of::<E>(row).map(|(_, custom)| custom).unwrap_or_default();
        let other = |custom: &Json| {
            let fields_of = custom.as_object().into_iter().flatten();
            let other = fields_of.filter(|(name, _)| fields.find(entity, name).is_none());
            other.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>()
        };
        let (mut stale, mut ids, mut changed) = (Vec::new(), Vec::new(), Vec::with_capacity(rows.len()));
        for (before, after) in rows {
            let (old, new) = (custom(before), custom(after));
            let differing = fields.of(entity).filter(|field| old.get(&field.code) != new.get(&field.code));
            let differing: Vec<_> = differing.collect();
            let mut names: Vec<String> = differing.iter().map(|field| field.path()).collect();
            if !differing.is_empty() {
                ids.push(E::id(after));
                stale.extend(differing.iter().map(|field| field.id));
            }
            if other(&old) != other(&new) {
                names.push("custom".to_owned());
            }
            changed.push(names);
        }
        if stale.is_empty() {
            return Ok(changed);
        }
        stale.sort_unstable();
        stale.dedup();
        for chunk in ids.chunks(500) {
            let of_rows = custom_value::Column::RowId.is_in(chunk.iter().copied());
            self.forget_lines(of_rows.and(custom_value::Column::FieldId.is_in(stale.iter().copied()))).await?;
        }
        // All that was forgotten is written anew, whether it changed in this row or only in another.
        let lines = rows.iter().filter(|(_, after)| ids.contains(&E::id(after))).flat_map(|(_, after)| {
            let new = custom(after);
            let held = fields.of(entity).filter(|field| stale.binary_search(&field.id).is_ok());
            held.filter_map(|field| Some(field.held(&new)?.indexed(field.id, E::id(after)))).collect::<Vec<_>>()
        });
        let lines = lines.collect();
        self.insert_technical::<custom_value::Entity>(lines).await?;
        Ok(changed)
    }

    /// The index goes with its row.
    pub(super) async fn index_removed<E: Journaled>(&mut self, row: &E::Model) -> Result<()> {
        match custom_column::<E>() {
            Some(_) => self.forget_lines(custom_value::Column::RowId.eq(E::id(row))).await,
            None => Ok(()),
        }
    }

    /// A source names what it knows; the tenant's own fields that it does not name keep what the row holds in them.
    pub async fn keep_custom<E: Journaled>(&mut self, before: &E::Model, row: &mut E::ActiveModel) -> Result<()> {
        let Some((entity, held)) = custom_of::<E>(before) else { return Ok(()) };
        let Some((_, column)) = custom_column::<E>() else { return Ok(()) };
        let ActiveValue::Set(Value::Json(Some(brought))) = row.get(column) else { return Ok(()) };
        let mut custom = *brought;
        let (Some(new), Some(held)) = (custom.as_object_mut(), held.as_object()) else { return Ok(()) };
        let fields = self.fields().await?;
        for (name, value) in held.iter().filter(|(name, _)| fields.declares(entity, name)) {
            new.entry(name.clone()).or_insert_with(|| value.clone());
        }
        row.set(column, custom.into());
        Ok(())
    }

    /// A field was declared or changed: this unit of work and its request read them anew.
    pub fn forget_fields(&mut self) {
        self.fields = None;
        self.cx.forget_fields();
    }

    /// The index goes with its field. The values stay in their rows, where nobody is shown them.
    pub async fn forget_values(&mut self, field: &custom_field::Model) -> Result<()> {
        self.forget_fields();
        self.forget_lines(custom_value::Column::FieldId.eq(field.id)).await
    }

    /// Takes into the index what rows hold under the name of a new field already: sources bring fields that nobody has declared.
    pub async fn adopt_values<E: Journaled>(&mut self, field: &Field) -> Result<()> {
        let Some((_, column)) = custom_column::<E>() else { return Ok(()) };
        // Codes are letters, digits and underscores, which match any character here: a few rows too many, and none too few.
        let holds = column.into_expr().cast_as(Alias::new("text")).like(LikeExpr::new(format!("%\"{}\"%", field.code)));
        let mut last: Option<Uuid> = None;
        loop {
            let mut rows = E::find().filter(E::TENANT.eq(self.tenant())).filter(holds.clone());
            if let Some(deleted) = E::DELETED {
                rows = rows.filter(deleted.is_null());
            }
            if let Some(last) = last {
                rows = rows.filter(E::ID.gt(last));
            }
            let rows = rows.order_by_asc(E::ID).limit(CHUNK).all(self.tx()).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = Some(E::id(end));
            let lines = rows.iter().filter_map(|row| Some(field.held_by::<E>(row)?.indexed(field.id, E::id(row))));
            let lines = lines.collect();
            self.insert_technical::<custom_value::Entity>(lines).await?;
        }
    }

    async fn forget_lines(&self, which: impl IntoCondition) -> Result<()> {
        custom_value::Entity::delete_many()
            .filter(custom_value::Column::TenantId.eq(self.tenant()))
            .filter(which.into_condition())
            .exec(self.tx())
            .await?;
        Ok(())
    }
}
