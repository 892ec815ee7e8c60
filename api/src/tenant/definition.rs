//! The definition: a rule that a tenant sets itself (how leads are scored, how health is weighed, how touches share the credit, who
//! gets what is offered), kept in revisions so that old figures can be explained. A new revision ends the one before.

use async_graphql::{Context, InputObject, Json, Object};
use chrono::{DateTime, Utc};
use entities::{codes::DefinitionKind, tenant::definition};
use sea_orm::{ColumnTrait, Set};
use serde_json::Value;

use crate::{
    graph::{AnyOf, Cx, Error, GlobalId, IntFilter, IsSet, Kind, Result, TextFilter, TimeFilter, UserErrorCode, text},
    input,
    journey::{Work, attempt},
    listed, object, payload,
    policy::{Class, access},
};

/// The longest body, in bytes of its text.
const MAX_BYTES: usize = 65_536;
/// The deepest nesting of a body.
const MAX_DEPTH: usize = 16;

object! {
    /// One revision of a rule that the tenant sets itself.
    Definition(definition::Entity) as Settings, id Definition {
        /// What it defines.
        P kind: DefinitionKind = |row| row.kind;
        /// Which one of its kind; revisions share it.
        P code: String = |row| row.code.clone();
        /// Counts up with every revision, from 1.
        P revision: i32 = |row| i32::try_from(row.revision).unwrap_or(i32::MAX);
        /// The rule, an object whose shape depends on the kind.
        P body: Json<Value> = |row| Json(row.body.clone());
        /// The first moment that it holds (UTC).
        P valid_from: DateTime<Utc> = |row| row.valid_from;
        /// The first moment after (UTC); null while it holds.
        P valid_to: DateTime<Utc> = |row| row.valid_to;
    }
}

impl IsSet for Json<Value> {
    fn is_set(&self) -> bool {
        true
    }
}

input! {
    /// The first revision of a new rule.
    CreateDefinitionInput for Settings {
        /// What it defines.
        P kind: DefinitionKind;
        /// Which one of its kind, at most 100 characters, for ever.
        P code: String;
        /// The rule: an object of at most 64 KiB and 16 levels.
        P body: Json<Value>;
    }
}

input! {
    /// A new revision of a rule.
    ReviseDefinitionInput for Settings {
        /// The rule as it shall hold from now on: an object of at most 64 KiB and 16 levels.
        P body: Json<Value>;
    }
    plain {
        /// The newest revision.
        id: GlobalId;
        /// Revise it only if it still has this version.
        if_version: Option<i32>;
    }
}

/// The end of a rule.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct EndDefinitionInput {
    /// The revision that holds.
    pub id: GlobalId,
    /// End it only if it still has this version.
    pub if_version: Option<i32>,
}

payload! {
    /// What `createDefinition` answers.
    CreateDefinitionPayload {
        /// The first revision; null if it was refused.
        definition: Definition
    }
}

payload! {
    /// What `reviseDefinition` answers.
    ReviseDefinitionPayload {
        /// The new revision, with an id of its own; null if it was refused.
        definition: Definition
    }
}

payload! {
    /// What `endDefinition` answers.
    EndDefinitionPayload {
        /// The ended revision; null if it was refused.
        definition: Definition
    }
}

/// Sets a new rule.
pub async fn create(cx: &Cx, input: CreateDefinitionInput) -> Result<Definition> {
    let written = input.written();
    let CreateDefinitionInput { kind, code, body } = input;
    let mut work = Work::begin(cx).await?;
    let row = definition::ActiveModel {
        kind: Set(kind),
        code: Set(text("code", code, 100)?),
        revision: Set(1),
        body: Set(bounded(body.0)?),
        valid_from: Set(work.now()),
        ..Default::default()
    };
    let row = work.insert_unique::<definition::Entity>("code", row).await?;
    let seen = work.reached::<definition::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Definition(seen))
}

/// Ends the newest revision of a rule, if it still holds, and sets the next. What has ended comes back this way, too.
pub async fn revise(cx: &Cx, input: ReviseDefinitionInput) -> Result<Definition> {
    let written = input.written();
    let ReviseDefinitionInput { id, if_version, body } = input;
    let id = id.named("id", Kind::Definition)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<definition::Entity>(id, if_version, &written).await?;
    let old = seen.row();
    let later = cx
        .caller
        .rows::<definition::Entity>()
        .filter(definition::Column::Kind.eq(old.kind))
        .filter(definition::Column::Code.eq(old.code.as_str()))
        .filter(definition::Column::Revision.gt(old.revision));
    if later.count(work.tx()).await? > 0 {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "there is a newer revision"));
    }
    let next = definition::ActiveModel {
        kind: Set(old.kind),
        code: Set(old.code.clone()),
        revision: Set(old.revision + 1),
        body: Set(bounded(body.0)?),
        valid_from: Set(work.now()),
        ..Default::default()
    };
    if old.valid_to.is_none() {
        let over = definition::ActiveModel { valid_to: Set(Some(work.now())), ..Default::default() };
        work.update::<definition::Entity>(&seen, over).await?;
    }
    let row = work.insert_unique::<definition::Entity>("id", next).await?;
    let seen = work.reached::<definition::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Definition(seen))
}

/// Ends a rule without another in its place.
pub async fn end(cx: &Cx, input: EndDefinitionInput) -> Result<Definition> {
    let EndDefinitionInput { id, if_version } = input;
    let (id, written) = (id.named("id", Kind::Definition)?, [(Class::P, "valid_to")]);
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<definition::Entity>(id, if_version, &written).await?;
    if seen.row().valid_to.is_some() {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "the revision has ended already"));
    }
    let over = definition::ActiveModel { valid_to: Set(Some(work.now())), ..Default::default() };
    work.update::<definition::Entity>(&seen, over).await?;
    let seen = work.reached::<definition::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Definition(seen))
}

fn bounded(body: Value) -> Result<Value> {
    if !body.is_object() {
        return Err(Error::invalid("body", "an object"));
    }
    if depth(&body) > MAX_DEPTH {
        return Err(Error::invalid("body", format!("at most {MAX_DEPTH} levels")));
    }
    match body.to_string().len() > MAX_BYTES {
        true => Err(Error::invalid("body", format!("at most {MAX_BYTES} bytes"))),
        false => Ok(body),
    }
}

/// How deep a value nests. The front door has bounded it before, so the walk is short.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

listed! {
    /// One revision of a definition; null if there is none that you may see.
    definition,
    /// The definitions with all their revisions, oldest first unless sorted.
    definitions: Definition(definition::Entity) as Settings, id Definition, Rising;
    query DefinitionQuery, filter DefinitionFilter, sort DefinitionSort {
        /// By what it defines.
        P kind: AnyOf<DefinitionKind> = Kind;
        /// By which one of its kind.
        P code: TextFilter = Code;
        /// By revision.
        P revision: IntFilter = Revision;
        /// By the first moment that it holds.
        P valid_from: TimeFilter = ValidFrom;
        /// By its end; `isNull: true` leaves those that hold.
        P valid_to: TimeFilter = ValidTo;
    }
}

/// Setting the tenant's rules.
#[derive(Default)]
pub struct DefinitionMutation;

#[Object]
impl DefinitionMutation {
    /// Sets a new rule. DUPLICATE if its kind has, or had, one of this code: revise that. Event: `record.created`.
    #[graphql(directive = access::apply("Settings".into(), "P".into(), true))]
    async fn create_definition(
        &self,
        ctx: &Context<'_>,
        input: CreateDefinitionInput,
    ) -> Result<CreateDefinitionPayload> {
        let cx = Cx::of(ctx);
        CreateDefinitionPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Sets the next revision of a rule; the one before ends at the same moment. STATE_CONFLICT unless `id` is the newest. Events:
    /// `record.updated` for the old one, `record.created` for the new.
    #[graphql(directive = access::apply("Settings".into(), "P".into(), true))]
    async fn revise_definition(
        &self,
        ctx: &Context<'_>,
        input: ReviseDefinitionInput,
    ) -> Result<ReviseDefinitionPayload> {
        let cx = Cx::of(ctx);
        ReviseDefinitionPayload::of(attempt(|| revise(cx, input.clone())).await)
    }

    /// Ends a rule without another in its place. Event: `record.updated`.
    #[graphql(directive = access::apply("Settings".into(), "P".into(), true))]
    async fn end_definition(&self, ctx: &Context<'_>, input: EndDefinitionInput) -> Result<EndDefinitionPayload> {
        let cx = Cx::of(ctx);
        EndDefinitionPayload::of(attempt(|| end(cx, input)).await)
    }
}
