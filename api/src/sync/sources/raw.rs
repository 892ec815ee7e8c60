//! What the systems said last of a record, as they said it: for whoever asks why it says what it says.

use async_graphql::{Context, Json, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entities::sync::{external_ref, source_system};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Map, Value};

use super::{
    SourceSystem,
    entity::{RecordRights, class_of, object, reads_field},
};
use crate::{
    graph::{Cx, Error, FieldNames, GlobalId, Result, many},
    policy::access,
    sync::upsert::SyncEntity,
};

/// The most keys that are shown of one record.
const MOST: u64 = 100;

/// What a system said last of a record.
#[derive(Clone, SimpleObject)]
pub struct SourceValues {
    /// The system.
    #[graphql(directive = access::apply("Source".into(), "P".into(), false))]
    pub source: SourceSystem,
    /// The record's key there.
    #[graphql(directive = access::apply("Source".into(), "P".into(), false))]
    pub external_id: String,
    /// What it said, by the fields' names in the graph: those that you may read on the record; null where its words are not kept.
    #[graphql(directive = access::apply("Source".into(), "P".into(), false))]
    pub values: Option<Json<Map<String, Value>>>,
    /// When the record was last delivered with a change (UTC).
    #[graphql(directive = access::apply("Source".into(), "P".into(), false))]
    pub delivered_at: DateTime<Utc>,
}

/// Reading what was said.
#[derive(Default)]
pub struct SourceValuesQuery;

#[Object]
impl SourceValuesQuery {
    /// What the systems said last of a record that you see, by system and key, at most 100. With a token for some systems: what these
    /// said.
    #[graphql(directive = access::apply("Source".into(), "*".into(), false))]
    async fn source_values(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What kind of record.")] entity: SyncEntity,
        #[graphql(desc = "Which record.")] id: GlobalId,
    ) -> Result<Vec<SourceValues>> {
        let cx = Cx::of(ctx);
        let id = id.expect(object(entity).kind())?;
        let rights = cx.load(RecordRights(entity, id)).await?.ok_or(Error::NotFound)?;
        let rows = external_ref::Entity::find()
            .filter(external_ref::Column::TenantId.eq(cx.caller.tenant))
            .filter(external_ref::Column::EntityType.eq(entity.name()))
            .filter(external_ref::Column::ObjectId.eq(id))
            .order_by_asc(external_ref::Column::SourceId)
            .order_by_asc(external_ref::Column::ExternalId)
            .limit(MOST)
            .all(&cx.db())
            .await?;
        let sources = many::<source_system::Entity>(cx, rows.iter().map(|row| row.source_id).collect()).await?;
        let names = ctx.data_opt::<FieldNames>().cloned().unwrap_or_default();
        let fields = cx.fields().await?;
        let mut shown = Vec::new();
        for external_ref::Model { source_id, external_id, raw, updated_at, .. } in rows {
            let Some(source) = sources.get(&source_id) else { continue };
            if !cx.caller.grants.speaks_for(&source.row().code) {
                continue;
            }
            let mut values = match raw {
                Some(Value::Object(values)) => Some(values),
                _ => None,
            };
            if let Some(values) = &mut values {
                values.retain(|field, _| {
                    let class = class_of(&names, &fields, entity, field);
                    reads_field(&cx.caller, &rights, entity, class, field)
                });
            }
            shown.push(SourceValues {
                source: SourceSystem(source.clone()),
                external_id,
                values: values.map(Json),
                delivered_at: updated_at,
            });
        }
        Ok(shown)
    }
}
