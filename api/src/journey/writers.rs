//! Who wrote a field last, and when its word dates from: kept for the fields that a policy watches (`sync/upsert/policy.rs`), with the
//! change itself. A unit of work reads what is watched with the counter that it locks anyway, so where nothing is, it costs nothing.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use entities::{codes::ChangeKind, journey::feed_counter, sync::field_writer};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, Set,
    sea_query::{Expr, OnConflict},
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{ObjectType, Work};
use crate::graph::{Error, Result, columns_names};

/// How many rows one statement takes.
const CHUNK: usize = 500;

/// The place of whoever made a record, for all fields that nobody has changed since.
const MADE: &str = "*";

/// Who wrote a field, and when that dates from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// The code of the system that said it; null for people, and whoever else delivers nothing.
    pub by: Option<String>,
    /// When it was said: the system's own time where it gave one.
    pub at: DateTime<Utc>,
}

/// The writers of a record's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Writers(BTreeMap<String, Writer>);

impl Writers {
    /// Who wrote a field last; none where it was written before anybody watched it.
    pub fn of(&self, field: &str) -> Option<&Writer> {
        self.0.get(field).or_else(|| self.0.get(MADE))
    }
}

/// The watched fields, by the journal's names of their records.
pub type Watched = BTreeMap<String, Vec<String>>;

/// What a unit of work did to a record.
pub(super) struct Wrote<'a> {
    pub object: (ObjectType, Uuid),
    pub change: ChangeKind,
    pub columns: Vec<&'a str>,
}

/// Who is the writer of what a unit of work changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// When the word dates from, where that is not now.
    at: HashMap<Uuid, DateTime<Utc>>,
    /// Whether a person decided, whoever said it first.
    decided: bool,
}

/// Whether a column is a part of a field, by their names.
fn shows(object: ObjectType, column: &str, field: &str) -> bool {
    let own = format!("{}_", object.code().to_lowercase());
    let short = column.strip_prefix(&own).filter(|rest| *rest != "id");
    column == field || columns_names(column).chain(short.into_iter().flat_map(columns_names)).any(|name| name == field)
}

impl Work<'_> {
    /// Says when the word of a source about a record dates from, where that is not now: it is later or older than another's by this.
    pub fn dates_from(&mut self, object: Uuid, at: DateTime<Utc>) {
        self.words.at.insert(object, Ord::min(at, self.now));
    }

    /// Says that a person decided what is written, whichever system said it first.
    pub fn decided_by_person(&mut self) {
        self.words.decided = true;
    }

    /// Who wrote the watched fields of some records last. It tells of no value, so it needs no scope.
    pub async fn writers_unscoped(&self, objects: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, Writers>> {
        let objects: Vec<Uuid> = objects.into_iter().collect();
        let mut found = HashMap::with_capacity(objects.len());
        for chunk in objects.chunks(CHUNK) {
            let rows = field_writer::Entity::find()
                .filter(field_writer::Column::TenantId.eq(self.tenant()))
                .filter(field_writer::Column::ObjectId.is_in(chunk.iter().copied()))
                .all(self.tx())
                .await?;
            for row in rows {
                found.insert(row.object_id, serde_json::from_value(row.writers).map_err(Error::internal)?);
            }
        }
        Ok(found)
    }

    /// Sets what is watched from now on, once this unit of work stands. Holds the counter, so that no other writes meanwhile.
    pub async fn watch_unscoped(&self, watched: &Watched) -> Result<()> {
        let watched =
            (!watched.is_empty()).then(|| serde_json::to_value(watched)).transpose().map_err(Error::internal)?;
        feed_counter::Entity::update_many()
            .col_expr(feed_counter::Column::Watched, Expr::val(sea_orm::Value::from(watched)))
            .filter(feed_counter::Column::TenantId.eq(self.tenant()))
            .exec(self.tx())
            .await?;
        Ok(())
    }

    /// Writes down that a person has decided on a field of a record, though it stays as it is.
    pub async fn confirm_unscoped(&self, object: Uuid, field: &str) -> Result<()> {
        let mut writers = self.writers_unscoped([object]).await?.remove(&object).unwrap_or_default();
        writers.0.insert(field.to_owned(), Writer { by: None, at: self.now });
        self.write_writers(vec![(object, writers)]).await
    }

    /// Writes down who wrote the watched fields among what this unit of work did.
    pub(super) async fn note_writers(&self, watched: Option<Json>, wrote: Vec<Wrote<'_>>) -> Result<()> {
        let Some(watched) = watched else { return Ok(()) };
        let watched: Watched = serde_json::from_value(watched).map_err(Error::internal)?;
        let (mut made, mut changed) = (Vec::new(), Vec::new());
        for Wrote { object: (ty, id), change, columns } in wrote {
            let Some(fields) = watched.get(ty.code()) else { continue };
            match change {
                ChangeKind::Created => made.push(id),
                ChangeKind::Updated => {
                    let touched = |field: &&String| columns.iter().any(|column| shows(ty, column, field));
                    let fields: Vec<&String> = fields.iter().filter(touched).collect();
                    if !fields.is_empty() {
                        changed.push((id, fields));
                    }
                }
                ChangeKind::Deleted => {}
            }
        }
        let by = self.source.clone().filter(|_| !self.words.decided);
        let writer = |id: &Uuid| {
            let at = self.words.at.get(id).copied().filter(|_| by.is_some()).unwrap_or(self.now);
            Writer { by: by.clone(), at }
        };
        let mut rows: Vec<(Uuid, Writers)> =
            made.iter().map(|id| (*id, Writers([(MADE.to_owned(), writer(id))].into()))).collect();
        let mut held = self.writers_unscoped(changed.iter().map(|(id, _)| *id)).await?;
        for (id, fields) in changed {
            let mut writers = held.remove(&id).unwrap_or_default();
            writers.0.extend(fields.into_iter().map(|field| (field.clone(), writer(&id))));
            rows.push((id, writers));
        }
        self.write_writers(rows).await
    }

    async fn write_writers(&self, rows: Vec<(Uuid, Writers)>) -> Result<()> {
        let key = [field_writer::Column::TenantId, field_writer::Column::ObjectId];
        for chunk in rows.chunks(CHUNK) {
            let rows = chunk.iter().map(|(object, writers)| {
                Ok(field_writer::ActiveModel {
                    tenant_id: Set(self.tenant()),
                    object_id: Set(*object),
                    writers: Set(serde_json::to_value(writers).map_err(Error::internal)?),
                })
            });
            let rows = rows.collect::<Result<Vec<_>>>()?;
            let again = OnConflict::columns(key).update_column(field_writer::Column::Writers).to_owned();
            field_writer::Entity::insert_many(rows).on_conflict(again).exec_without_returning(self.tx()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_parts_of_fields() {
        for (column, field) in [
            ("name", "name"),
            ("annual_revenue_minor", "annualRevenue"),
            ("industry_id", "industry"),
            ("custom.budget", "custom.budget"),
        ] {
            assert!(shows(ObjectType::Account, column, field), "{column}");
        }
        assert!(!shows(ObjectType::Account, "legal_name", "name"));
        assert!(shows(ObjectType::Campaign, "campaign_type", "type"));
    }
}
