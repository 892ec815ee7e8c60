//! Field policy: who wins where systems disagree about a field, with each other or with people. The loser's word is kept as a conflict
//! that a person can resolve.
//!
//! - OWNER: one system owns the field. What it says is written, over people's words, too; what another says becomes a conflict.
//! - NEWEST: what is said later is written: the row's `changedAt` (now unless said, and never later than now) against the moment from
//!   which the last word of anybody else dates. Where that is not known, the row is later.
//! - MANUAL: what a person entered, or decided on, stays. A field that was last written before anybody watched it counts as a person's,
//!   unless the system's own kept words say otherwise or it is empty.
//!
//! Without a policy the last word is written. Nothing here writes a record: the engine asks [`judge`] which fields to leave alone.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entities::{
    codes::{ConflictState, FieldRule},
    sync::{external_ref, field_conflict, field_policy},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, OnConflict},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::SyncEntity;
use crate::{
    graph::{Error, Result, UserError, UserErrorCode},
    journey::Work,
    policy::Caller,
};

/// How many ids one statement asks for.
const CHUNK: usize = 500;
/// How many conflicts one statement writes.
const WRITTEN: usize = 90;

/// A record that is known already, and what a row says otherwise.
#[derive(Clone, Debug)]
pub struct Sent<'a> {
    /// The row's place in the batch.
    pub place: usize,
    /// The record.
    pub object: Uuid,
    /// The fields of which the row says something else than the record.
    pub fields: Vec<Field<'a>>,
    /// When it changed in its system.
    pub changed_at: Option<DateTime<Utc>>,
}

/// A field of which a row says something else than the record.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// Its name in the graph.
    pub name: &'a str,
    /// What the record holds.
    pub held: Value,
    /// What the row says.
    pub sent: Value,
}

/// A field that stays as it is, against what a row says.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The row's place in the batch.
    pub place: usize,
    /// The record.
    pub object: Uuid,
    /// The field.
    pub field: String,
    /// The rule that keeps it.
    pub rule: FieldRule,
    /// What the record holds.
    pub held: Value,
    /// What the row says.
    pub sent: Value,
    /// When that was said.
    pub sent_at: DateTime<Utc>,
}

impl Judged {
    /// The refusal, for the row's outcome.
    pub fn refusal(&self, path: Vec<String>) -> UserError {
        let message = match self.rule {
            FieldRule::Owner => "another system owns this field",
            FieldRule::Newest => "a later word stands in this field",
            FieldRule::Manual => "a person entered this field",
        };
        UserError { code: UserErrorCode::StateConflict, path, message: message.to_owned(), new_id: None }
    }
}

/// Whether the caller's token speaks for a system: else FORBIDDEN at `source`.
pub fn may_send(caller: &Caller, source_code: &str) -> Result<()> {
    match caller.grants.speaks_for(source_code) {
        true => Ok(()),
        false => Err(Error::forbidden("source")),
    }
}

/// What must stay of what a batch would write: one entry a field. Where the tenant has no policy for this kind of record, one look-up.
///
/// Notes, too, when the rows' words date from: the watched fields that are written remember it.
pub async fn judge(work: &mut Work<'_>, source: Uuid, entity: SyncEntity, sent: &[Sent<'_>]) -> Result<Vec<Judged>> {
    if sent.is_empty() {
        return Ok(Vec::new());
    }
    let policies = policies(work, entity).await?;
    if policies.is_empty() {
        return Ok(Vec::new());
    }
    for (object, at) in sent.iter().filter_map(|sent| Some((sent.object, sent.changed_at?))) {
        work.dates_from(object, at);
    }
    let under = |rule: fn(FieldRule) -> bool| {
        let asks = |field: &Field<'_>| policies.get(field.name).is_some_and(|(held, _)| rule(*held));
        sent.iter().filter(move |sent| sent.fields.iter().any(&asks)).map(|sent| sent.object).collect::<HashSet<Uuid>>()
    };
    let writers = work.writers_unscoped(under(|rule| rule != FieldRule::Owner)).await?;
    let by_hand = under(|rule| rule == FieldRule::Manual);
    let unknown = by_hand.into_iter().filter(|object| !writers.contains_key(object)).collect();
    let said = said_before(work, source, entity, unknown).await?;

    let (now, code) = (work.now(), work.source());
    let mut kept = Vec::new();
    for Sent { place, object, fields, changed_at } in sent {
        let sent_at = changed_at.map_or(now, |at| Ord::min(at, now));
        for Field { name, held, sent } in fields {
            let Some((rule, owner)) = policies.get(*name) else { continue };
            let writer = writers.get(object).and_then(|writers| writers.of(name));
            let stays = match (rule, writer) {
                (FieldRule::Owner, _) => *owner != Some(source),
                (FieldRule::Newest, None) => false,
                (FieldRule::Newest, Some(writer)) => {
                    let own = writer.by.is_some() && writer.by.as_deref() == code;
                    !own && sent_at <= writer.at
                }
                (FieldRule::Manual, Some(writer)) => writer.by.is_none(),
                (FieldRule::Manual, None) => {
                    !held.is_null() && said.get(object).and_then(|said| said.get(*name)) != Some(held)
                }
            };
            if stays {
                kept.push(Judged {
                    place: *place,
                    object: *object,
                    field: (*name).to_owned(),
                    rule: *rule,
                    held: held.clone(),
                    sent: sent.clone(),
                    sent_at,
                });
            }
        }
    }
    Ok(kept)
}

/// The rules of a kind of record: field to rule and owner.
async fn policies(work: &Work<'_>, entity: SyncEntity) -> Result<HashMap<String, (FieldRule, Option<Uuid>)>> {
    let rows = field_policy::Entity::find()
        .filter(field_policy::Column::TenantId.eq(work.tenant()))
        .filter(field_policy::Column::Entity.eq(entity.name()))
        .filter(field_policy::Column::DeletedAt.is_null())
        .all(work.tx())
        .await?;
    Ok(rows.into_iter().map(|row| (row.field, (row.rule, row.owner_source_id))).collect())
}

/// What a system said last of some records, where that is kept.
async fn said_before(
    work: &Work<'_>,
    source: Uuid,
    entity: SyncEntity,
    objects: Vec<Uuid>,
) -> Result<HashMap<Uuid, Value>> {
    let mut said = HashMap::new();
    for chunk in objects.chunks(CHUNK) {
        let rows = external_ref::Entity::find()
            .filter(external_ref::Column::TenantId.eq(work.tenant()))
            .filter(external_ref::Column::EntityType.eq(entity.name()))
            .filter(external_ref::Column::ObjectId.is_in(chunk.iter().copied()))
            .filter(external_ref::Column::SourceId.eq(source))
            .all(work.tx())
            .await?;
        said.extend(rows.into_iter().filter_map(|row| Some((row.object_id, row.raw?))));
    }
    Ok(said)
}

/// Keeps what was not taken: one conflict a system, record and field. A newer word replaces the older one; what a person decided on
/// before stays decided while the system says the same.
pub async fn record_conflicts(work: &mut Work<'_>, source: Uuid, entity: SyncEntity, kept: &[Judged]) -> Result<()> {
    let objects: HashSet<Uuid> = kept.iter().map(|judged| judged.object).collect();
    let objects: Vec<Uuid> = objects.into_iter().collect();
    let mut known: HashMap<(Uuid, String), field_conflict::Model> = HashMap::new();
    for chunk in objects.chunks(CHUNK) {
        let rows = of(work, source, entity)
            .filter(field_conflict::Column::ObjectId.is_in(chunk.iter().copied()))
            .all(work.tx())
            .await?;
        known.extend(rows.into_iter().map(|row| ((row.object_id, row.field.clone()), row)));
    }
    let (tenant, now) = (work.tenant(), work.now());
    let mut rows: HashMap<(Uuid, &str), field_conflict::ActiveModel> = HashMap::new();
    for Judged { object, field, rule, held, sent, sent_at, .. } in kept {
        // In lists of one: null is a value, too.
        let (value, held) = (json!([sent]), json!([held]));
        if let Some(before) = known.get(&(*object, field.clone())).filter(|before| before.value == value) {
            let open = before.state == ConflictState::Open && before.held == held && before.rule == *rule;
            if open || before.state == ConflictState::Kept {
                continue;
            }
        }
        let row = field_conflict::ActiveModel {
            tenant_id: Set(tenant),
            id: Set(work.fresh_id()),
            source_id: Set(source),
            entity: Set(entity.name().to_owned()),
            object_id: Set(*object),
            field: Set(field.clone()),
            rule: Set(*rule),
            value: Set(value),
            held: Set(held),
            sent_at: Set(*sent_at),
            state: Set(ConflictState::Open),
            resolved_by_id: Set(None),
            resolved_at: Set(None),
            version: Set(1),
            created_at: Set(now),
            updated_at: Set(now),
        };
        // Two rows of a batch may have come to one record: the later one counts.
        rows.insert((*object, field.as_str()), row);
    }
    let rows: Vec<field_conflict::ActiveModel> = rows.into_values().collect();
    for chunk in rows.chunks(WRITTEN) {
        let key = [
            field_conflict::Column::TenantId,
            field_conflict::Column::SourceId,
            field_conflict::Column::Entity,
            field_conflict::Column::ObjectId,
            field_conflict::Column::Field,
        ];
        let again = OnConflict::columns(key)
            .update_columns([
                field_conflict::Column::Rule,
                field_conflict::Column::Value,
                field_conflict::Column::Held,
                field_conflict::Column::SentAt,
                field_conflict::Column::State,
                field_conflict::Column::ResolvedById,
                field_conflict::Column::ResolvedAt,
                field_conflict::Column::UpdatedAt,
            ])
            .value(field_conflict::Column::Version, Expr::cust("field_conflict.version + 1"))
            .to_owned();
        let rows = chunk.iter().cloned();
        field_conflict::Entity::insert_many(rows).on_conflict(again).exec_without_returning(work.tx()).await?;
    }
    Ok(())
}

/// Closes the open conflicts of fields of which a system says by now what the record holds. One look-up where there are none.
pub async fn settle(work: &Work<'_>, source: Uuid, entity: SyncEntity, same: &[(Uuid, &str)]) -> Result<()> {
    let open = || of(work, source, entity).filter(field_conflict::Column::State.eq(ConflictState::Open));
    if same.is_empty() || open().limit(1).one(work.tx()).await?.is_none() {
        return Ok(());
    }
    let same: HashSet<(Uuid, &str)> = same.iter().copied().collect();
    let objects: HashSet<Uuid> = same.iter().map(|(object, _)| *object).collect();
    let objects: Vec<Uuid> = objects.into_iter().collect();
    let mut settled = Vec::new();
    for chunk in objects.chunks(CHUNK) {
        let rows = open().filter(field_conflict::Column::ObjectId.is_in(chunk.iter().copied())).all(work.tx()).await?;
        let closes = rows.into_iter().filter(|row| same.contains(&(row.object_id, row.field.as_str())));
        settled.extend(closes.map(|row| row.id));
    }
    for chunk in settled.chunks(CHUNK) {
        close(work, chunk, ConflictState::Settled, None).await?;
    }
    Ok(())
}

/// A person has decided on an open conflict, at the version that was looked at.
pub async fn resolve(work: &Work<'_>, conflict: &field_conflict::Model, state: ConflictState) -> Result<()> {
    match close(work, &[conflict.id], state, Some(conflict.version)).await? {
        0 => Err(Error::version_conflict(conflict.version + 1)),
        _ => Ok(()),
    }
}

/// Closes conflicts that are open. How many those were.
async fn close(work: &Work<'_>, ids: &[Uuid], state: ConflictState, version: Option<i64>) -> Result<u64> {
    let by = (state != ConflictState::Settled).then_some(work.caller().colleague).flatten();
    let mut rows = field_conflict::Entity::update_many()
        .col_expr(field_conflict::Column::State, Expr::val(state.as_str()))
        .col_expr(field_conflict::Column::ResolvedById, Expr::val(by))
        .col_expr(field_conflict::Column::ResolvedAt, Expr::val(work.now()))
        .col_expr(field_conflict::Column::UpdatedAt, Expr::val(work.now()))
        .col_expr(field_conflict::Column::Version, Expr::cust("version + 1"))
        .filter(field_conflict::Column::TenantId.eq(work.tenant()))
        .filter(field_conflict::Column::Id.is_in(ids.iter().copied()))
        .filter(field_conflict::Column::State.eq(ConflictState::Open));
    if let Some(version) = version {
        rows = rows.filter(field_conflict::Column::Version.eq(version));
    }
    Ok(rows.exec(work.tx()).await?.rows_affected)
}

fn of(work: &Work<'_>, source: Uuid, entity: SyncEntity) -> sea_orm::Select<field_conflict::Entity> {
    field_conflict::Entity::find()
        .filter(field_conflict::Column::TenantId.eq(work.tenant()))
        .filter(field_conflict::Column::SourceId.eq(source))
        .filter(field_conflict::Column::Entity.eq(entity.name()))
}
