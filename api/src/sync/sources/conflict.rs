//! What a system said of a field that was not taken, for somebody to decide. Its values are the record's: whoever may not read the field
//! on the record reads none here, and whoever may not write it decides nothing.

use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::{Context, InputObject, Json, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::colleague,
    codes::{ConflictState, FieldRule},
    sync::{external_ref, field_conflict, source_system},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::Value;

use super::{
    SourceSystem,
    entity::{RecordRights, class_of, is_read, object, reads_field, to_write},
};
use crate::{
    account::Colleague,
    filterable,
    graph::{
        AnyOf, Cx, Direction, Error, FieldNames, GlobalId, Ids, Kind, List, PageArgs, Result, TextFilter, TimeFilter,
        UserErrorCode, listed,
    },
    journey::{Work, attempt},
    object, payload,
    policy::{Caller, Class, Rows, access, access_field},
    sync::upsert::{
        Answer, Ask, Beside, ConflictRule, ErrorPolicy, Fields, JsonRow, OrphanRule, SyncEntity, UpsertMode,
        UpsertResult, policy, take_json,
    },
};

object! {
    /// What a system said of a field that was not taken. One a system, record and field: a newer word takes its place.
    FieldConflict(field_conflict::Entity) as Source, id FieldConflict {
        /// What kind of record it is about.
        P entity: SyncEntity = |row| SyncEntity::named(&row.entity);
        /// The record.
        P record_id: GlobalId = record_id;
        /// The field, by its name in the graph.
        P field: String = |row| row.field.clone();
        /// The rule that kept the record's value.
        P rule: FieldRule = |row| row.rule;
        /// When the system said it (UTC).
        P sent_at: DateTime<Utc> = |row| row.sent_at;
        /// What became of it.
        P state: ConflictState = |row| row.state;
        /// When it was decided, or went away (UTC); null while it is open.
        P resolved_at: DateTime<Utc> = |row| row.resolved_at;
    }
    refs {
        /// The system.
        P source: SourceSystem = source_system::Entity, |row| row.source_id;
        /// Who decided; null while nobody has, and for a machine.
        P resolved_by: Colleague = colleague::Entity, |row| row.resolved_by_id;
    }
    edges {
        /// What the system said; null where it said that there is none, and where you may not read the field on the record.
        #[graphql(directive = access::apply("Source".into(), "P".into(), false))]
        async fn value(&self, ctx: &Context<'_>) -> Result<Option<Json<Value>>> {
            self.shown(ctx, |row| &row.value).await
        }

        /// What the record held when it was said; null where it held none, and where you may not read the field on the record.
        #[graphql(directive = access::apply("Source".into(), "P".into(), false))]
        async fn held(&self, ctx: &Context<'_>) -> Result<Option<Json<Value>>> {
            self.shown(ctx, |row| &row.held).await
        }
    }
}

fn record_id(row: &field_conflict::Model) -> Option<GlobalId> {
    SyncEntity::named(&row.entity).map(|entity| GlobalId::new(object(entity).kind(), row.object_id))
}

impl FieldConflict {
    /// A value of the field, as far as the caller reads it on the record.
    async fn shown(
        &self,
        ctx: &Context<'_>,
        get: impl Fn(&field_conflict::Model) -> &Value,
    ) -> Result<Option<Json<Value>>> {
        let (cx, row) = (Cx::of(ctx), self.0.row());
        let Some(entity) = SyncEntity::named(&row.entity) else { return Ok(None) };
        let Some(rights) = cx.load(RecordRights(entity, row.object_id)).await? else { return Ok(None) };
        let names = ctx.data_opt::<FieldNames>().cloned().unwrap_or_default();
        let class = class_of(&names, cx.fields().await?.as_ref(), entity, &row.field);
        let reads = reads_field(&cx.caller, &rights, entity, class, &row.field);
        let value = get(row).get(0).filter(|value| reads && !value.is_null());
        Ok(value.cloned().map(Json))
    }
}

filterable! {
    FieldConflict(field_conflict::Entity) as Source, id FieldConflict;
    filter FieldConflictFilter, sort FieldConflictSort {
        /// By what kind of record it is about.
        P entity: AnyOf<SyncEntity> = Entity;
        /// By the field.
        P field: TextFilter = Field;
        /// By the system.
        P source_id: Ids = SourceId, of SourceSystem;
        /// By the rule that kept the record's value.
        P rule: AnyOf<FieldRule> = Rule;
        /// By what became of it.
        P state: AnyOf<ConflictState> = State;
        /// By when the system said it.
        P sent_at: TimeFilter = SentAt;
    }
}

/// The conflicts about records that the caller reads, of the systems that its token speaks for.
fn visible(caller: &Caller, rows: Rows<field_conflict::Entity>) -> Rows<field_conflict::Entity> {
    let kind = Expr::col((field_conflict::Entity, field_conflict::Column::Entity));
    let id = Expr::col((field_conflict::Entity, field_conflict::Column::ObjectId));
    let rows = rows.filter(is_read(caller, &kind, &id));
    match &caller.grants.sources {
        None => rows,
        Some(codes) => {
            let sources = caller.rows::<source_system::Entity>();
            let sources = sources.filter(source_system::Column::Code.is_in(codes.iter().map(String::as_str)));
            rows.filter(field_conflict::Column::SourceId.in_subquery(sources.into_ids()))
        }
    }
}

/// Reading conflicts.
#[derive(Default)]
pub struct FieldConflictQuery;

#[Object]
impl FieldConflictQuery {
    /// What systems said that was not taken, about records that you see, newest first unless sorted. With a token for some systems:
    /// what these said.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the field's contract")]
    #[graphql(directive = access::apply("Source".into(), "*".into(), false))]
    async fn field_conflicts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which rows.")] filter: Option<FieldConflictFilter>,
        #[graphql(desc = "In which order.")] sort: Option<FieldConflictSort>,
        #[graphql(desc = "The first n, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last n, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<List<FieldConflict>> {
        let cx = Cx::of(ctx);
        let rows = visible(&cx.caller, cx.caller.rows::<field_conflict::Entity>());
        let args = PageArgs::new(first, after, last, before);
        listed(cx, rows, filter, sort, args, Direction::Falling).await
    }
}

/// A decision on a conflict.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct ResolveFieldConflictInput {
    /// Which conflict.
    pub id: GlobalId,
    /// True: the system's value is written into the record. False: the record's value stays, and the same word of the system opens no
    /// conflict again.
    #[graphql(directive = access::apply("Source".into(), "P".into(), true))]
    pub take: bool,
    /// Decide only if it still has this version: a newer word of the system makes another.
    pub if_version: Option<i32>,
}

payload! {
    /// What `resolveFieldConflict` answers.
    ResolveFieldConflictPayload {
        /// The conflict, decided; null if it was refused.
        field_conflict: FieldConflict
    }
}

/// What becomes of the conflict when the record takes its value: in the same unit of work.
struct Taken {
    conflict: field_conflict::Model,
    done: AtomicBool,
}

#[async_trait::async_trait]
impl Beside for Taken {
    async fn beside(&self, work: &mut Work<'_>, _: &Answer) -> Result<()> {
        work.decided_by_person();
        policy::resolve(work, &self.conflict, ConflictState::Taken).await?;
        self.done.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Decides on a conflict, as somebody who may write the field on the record.
pub async fn resolve(cx: &Cx, names: &FieldNames, input: ResolveFieldConflictInput) -> Result<FieldConflict> {
    let ResolveFieldConflictInput { id, take, if_version } = input;
    let id = id.named("id", Kind::FieldConflict)?;
    let mut work = Work::begin(cx).await?;
    let rows = visible(&cx.caller, cx.caller.rows_to_write::<field_conflict::Entity>());
    let seen = rows.by_id(id).one(work.tx()).await?.ok_or_else(|| Error::missing("id"))?;
    let conflict = seen.row().clone();
    if if_version.is_some_and(|version| i64::from(version) != conflict.version) {
        return Err(Error::version_conflict(conflict.version));
    }
    if conflict.state != ConflictState::Open {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "this was decided already"));
    }
    let entity = SyncEntity::named(&conflict.entity).ok_or_else(|| Error::missing("id"))?;
    let rights = to_write(&work, entity, conflict.object_id).await?.ok_or_else(|| Error::missing("id"))?;
    let fields = work.fields().await?;
    let (_, class) = class_of(names, &fields, entity, &conflict.field).unwrap_or((object(entity).access(), Class::S));
    if !rights.may_write(class, &conflict.field) {
        return Err(Error::forbidden("id"));
    }
    match take {
        true => {
            let named = of_source(&work, &conflict).await?;
            // The engine opens a unit of work of its own.
            drop(work);
            Box::pin(write(cx, entity, conflict, named)).await?;
        }
        false => {
            policy::resolve(&work, &conflict, ConflictState::Kept).await?;
            if conflict.rule != FieldRule::Owner {
                work.confirm_unscoped(conflict.object_id, &conflict.field).await?;
            }
            work.commit().await?;
        }
    }
    let rows = cx.caller.rows::<field_conflict::Entity>().by_id(id);
    rows.one(&cx.db()).await?.map(FieldConflict).ok_or(Error::NotFound)
}

/// The code of a conflict's system, and the record's key there.
async fn of_source(work: &Work<'_>, conflict: &field_conflict::Model) -> Result<(String, String)> {
    let source = work.follow_unscoped::<source_system::Entity>(conflict.source_id).await?;
    let key = external_ref::Entity::find()
        .filter(external_ref::Column::TenantId.eq(work.tenant()))
        .filter(external_ref::Column::EntityType.eq(conflict.entity.as_str()))
        .filter(external_ref::Column::ObjectId.eq(conflict.object_id))
        .filter(external_ref::Column::SourceId.eq(conflict.source_id))
        .order_by_asc(external_ref::Column::ExternalId)
        .one(work.tx())
        .await?;
    match (source, key) {
        (Some(source), Some(key)) => Ok((source.code, key.external_id)),
        _ => Err(Error::missing("id")),
    }
}

/// Writes the system's value into the record, by the way that all of its rows go.
async fn write(
    cx: &Cx,
    entity: SyncEntity,
    conflict: field_conflict::Model,
    (source, external_id): (String, String),
) -> Result<()> {
    let ask = Ask {
        entity,
        source,
        mode: UpsertMode::UpdateOnly,
        error_policy: ErrorPolicy::AllOrNothing,
        conflict: ConflictRule::Keep,
        orphans: OrphanRule::Fail,
        dry_run: false,
        idempotency_key: None,
        resolving: true,
    };
    let value = conflict.value.get(0).cloned().unwrap_or_default();
    let mut set = Fields::new();
    set.insert(conflict.field.clone(), value);
    let row = JsonRow { external_id, changed_at: Some(cx.clock.now()), set, ..JsonRow::default() };
    let taken = Taken { conflict, done: AtomicBool::new(false) };
    let answer = take_json(cx, &ask, vec![row], &taken).await?;
    let outcome = answer.rows.into_iter().next();
    match outcome.as_ref().map(|outcome| outcome.result) {
        Some(UpsertResult::Updated | UpsertResult::Unchanged) if taken.done.load(Ordering::Relaxed) => Ok(()),
        // The record had come to hold it already, and nothing was written.
        Some(UpsertResult::Unchanged) => {
            let work = Work::begin(cx).await?;
            policy::resolve(&work, &taken.conflict, ConflictState::Taken).await?;
            work.confirm_unscoped(taken.conflict.object_id, &taken.conflict.field).await?;
            work.commit().await?;
            Ok(())
        }
        _ => {
            let mut errors = outcome.map(|outcome| outcome.errors).unwrap_or_default();
            errors.iter_mut().for_each(|error| error.path = vec!["id".to_owned()]);
            match errors.is_empty() {
                true => Err(Error::user(UserErrorCode::StateConflict, "id", "the record does not take this value")),
                false => Err(Error::User(errors)),
            }
        }
    }
}

/// Deciding on conflicts.
#[derive(Default)]
pub struct FieldConflictMutation;

#[Object]
impl FieldConflictMutation {
    /// Decides on a conflict whose field you may write on the record. The rule does not stand in the way of a person's decision.
    #[graphql(directive = access_field::apply("Source".into(), "P".into(), true, "resolve".into()))]
    async fn resolve_field_conflict(
        &self,
        ctx: &Context<'_>,
        input: ResolveFieldConflictInput,
    ) -> Result<ResolveFieldConflictPayload> {
        let (cx, names) = (Cx::of(ctx), ctx.data_opt::<FieldNames>().cloned().unwrap_or_default());
        ResolveFieldConflictPayload::of(attempt(|| resolve(cx, &names, input)).await)
    }
}
