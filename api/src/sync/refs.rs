//! The source's keys: which object here each key of a source names, and what the row looked like when it was taken.

use std::collections::HashMap;

use entities::sync::{external_ref, source_system};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, Set,
    sea_query::{Expr, OnConflict},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::read::Record;
use crate::{graph::Result, journey::Work};

/// The object behind a key, and the hash of the row when it was taken.
pub type Known = (Uuid, Option<String>);

/// How many keys one statement asks for.
const CHUNK: usize = 500;

/// How many keys one statement writes.
const WRITTEN: usize = 170;

/// What a row says, in one number: the same row is left alone.
pub fn row_hash(record: &Record) -> String {
    let mut hash = Sha256::new();
    for (name, value) in &record.fields {
        for part in [name, value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The source's row, found or made.
pub async fn source(work: &mut Work<'_>, code: &str) -> Result<Uuid> {
    Ok(source_row(work, code).await?.id)
}

/// [`source`] with what is known of it.
pub async fn source_row(work: &mut Work<'_>, code: &str) -> Result<source_system::Model> {
    let found = source_system::Entity::find()
        .filter(source_system::Column::TenantId.eq(work.tenant()))
        .filter(source_system::Column::Code.eq(code))
        .one(work.tx())
        .await?;
    if let Some(found) = found {
        return Ok(found);
    }
    let row = source_system::ActiveModel {
        code: Set(code.to_owned()),
        name: Set(code.to_owned()),
        kind: Set(code.to_uppercase()),
        trust_rank: Set(100),
        keeps_raw: Set(false),
        ..Default::default()
    };
    work.insert::<source_system::Entity>(row).await
}

/// What is known of some keys.
pub async fn known(
    work: &Work<'_>,
    source: Uuid,
    entity: &str,
    keys: impl IntoIterator<Item = String>,
) -> Result<HashMap<String, Known>> {
    let mut keys: Vec<String> = keys.into_iter().collect();
    keys.sort_unstable();
    keys.dedup();
    let mut known = HashMap::new();
    for chunk in keys.chunks(CHUNK) {
        let rows = external_ref::Entity::find()
            .filter(external_ref::Column::TenantId.eq(work.tenant()))
            .filter(external_ref::Column::SourceId.eq(source))
            .filter(external_ref::Column::EntityType.eq(entity))
            .filter(external_ref::Column::ExternalId.is_in(chunk))
            .all(work.tx())
            .await?;
        known.extend(rows.into_iter().map(|row| (row.external_id, (row.object_id, row.row_hash))));
    }
    Ok(known)
}

/// Remembers keys: new ones, and what known ones look like now.
pub async fn remember(
    work: &Work<'_>,
    source: Uuid,
    entity: &str,
    keys: Vec<(String, Uuid, Option<String>)>,
) -> Result<()> {
    let keys = keys.into_iter().map(|(key, object, hash)| Remembered { key, object, hash, raw: None });
    remember_all(work, source, entity, keys.collect()).await
}

/// What is remembered of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// Its key in the source.
    pub key: String,
    /// The object behind it.
    pub object: Uuid,
    /// Its hash.
    pub hash: Option<String>,
    /// What it says, by the fields' names in the graph, where the source's words are kept (`source_system.keeps_raw`). None leaves what
    /// is kept.
    pub raw: Option<serde_json::Value>,
}

/// [`remember`], with what the rows say where that is kept.
pub async fn remember_all(work: &Work<'_>, source: Uuid, entity: &str, keys: Vec<Remembered>) -> Result<()> {
    let (tenant, now) = (work.tenant(), work.now());
    for chunk in keys.chunks(WRITTEN) {
        let rows = chunk.iter().map(|Remembered { key, object, hash, raw }| external_ref::ActiveModel {
            tenant_id: Set(tenant),
            source_id: Set(source),
            entity_type: Set(entity.to_owned()),
            external_id: Set(key.clone()),
            object_id: Set(*object),
            row_hash: Set(hash.clone()),
            raw: Set(raw.clone()),
            created_at: Set(now),
            updated_at: Set(now),
        });
        let same = [
            external_ref::Column::TenantId,
            external_ref::Column::SourceId,
            external_ref::Column::EntityType,
            external_ref::Column::ExternalId,
        ];
        let again = OnConflict::columns(same)
            .update_column(external_ref::Column::RowHash)
            .value(external_ref::Column::Raw, Expr::cust("COALESCE(excluded.raw, external_ref.raw)"))
            .value(external_ref::Column::UpdatedAt, Expr::val(now))
            .to_owned();
        external_ref::Entity::insert_many(rows).on_conflict(again).exec_without_returning(work.tx()).await?;
    }
    Ok(())
}
