//! What a kind of record has to say so that batches of it can be taken: its fields, what it refers to, and what follows from a new or
//! a changed one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_graphql::InputType;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ActiveValue, EntityTrait};
use uuid::Uuid;

use super::{Fields, SyncEntity};
use crate::{
    graph::{Cx, Error, GlobalId, Result, UserError},
    journey::{Changed, Journaled, Work, differing},
    policy::{Class, Type},
};

/// A field of `set`, and the columns behind it.
pub struct FieldSpec {
    /// The name in the graph.
    pub name: &'static str,
    /// Its class.
    pub class: Class,
    /// Its column, or its columns: amount and currency.
    pub columns: &'static [&'static str],
}

/// A reference to another record.
pub struct RelationSpec {
    /// The name in the graph: `account`.
    pub name: &'static str,
    /// Its class.
    pub class: Class,
    /// The column that holds it.
    pub column: &'static str,
    /// What it refers to.
    pub to: SyncEntity,
    /// Whether the record cannot be without it.
    pub required: bool,
}

/// How a row names another record.
#[derive(Clone, Debug, PartialEq)]
pub enum Reference {
    /// By its key in the same system.
    Key(String),
    /// By its id here.
    Id(GlobalId),
}

/// What every row of a batch is read with.
pub struct Scene<'a> {
    /// The request.
    pub cx: &'a Cx,
    /// The moment of the batch.
    pub now: DateTime<Utc>,
    /// The tenant's zone.
    pub zone: Tz,
    /// The source's row.
    pub source: Uuid,
    /// Whether what the source does not know is made: stages of its own.
    pub lenient: bool,
    /// The known records that rows speak of.
    pub held: Vec<Uuid>,
    /// What the records refer to by their relations, before or after the batch.
    pub targets: BTreeMap<SyncEntity, BTreeSet<Uuid>>,
}

impl Scene<'_> {
    /// The records of a kind that the batch's records refer to.
    pub fn ids(&self, of: SyncEntity) -> Vec<Uuid> {
        self.targets.get(&of).into_iter().flatten().copied().collect()
    }
}

/// A new record of the batch.
pub struct New<S: Synced> {
    /// The row's place in the batch.
    pub place: usize,
    /// What it said.
    pub set: S::Set,
    /// The row as it was written.
    pub row: <S::Table as EntityTrait>::Model,
}

/// A known record of the batch.
pub struct Known<S: Synced> {
    /// The row's place in the batch.
    pub place: usize,
    /// What it said.
    pub set: S::Set,
    /// The row before and after; the same twice where none of its columns changed.
    pub rows: Changed<<S::Table as EntityTrait>::Model>,
}

/// What followed from the rows of a batch, beside their own columns.
#[derive(Default)]
pub struct Followed {
    /// Rows that cannot be taken after all, with the reasons: the batch is taken again without them.
    pub refused: Vec<(usize, Vec<UserError>)>,
    /// Fields that changed beside the columns, by place: what they were before, as `set` would bring them back.
    pub changed: HashMap<usize, Fields>,
}

/// A row on its way to be written: what it takes from the records that it refers to is added, what these do not allow refused.
pub struct Shaped<'a, S: Synced> {
    /// The row's place in the batch.
    pub place: usize,
    /// What it said.
    pub set: &'a S::Set,
    /// The record that it is; None for a new one.
    pub held: Option<&'a <S::Table as EntityTrait>::Model>,
    /// Its columns.
    pub row: &'a mut <S::Table as EntityTrait>::ActiveModel,
    /// What is wrong with it.
    pub refused: Vec<UserError>,
}

impl<S: Synced> Shaped<'_, S> {
    /// Takes what a check says: a refusal is the row's, a fault of the house the batch's.
    pub fn allow(&mut self, checked: Result<()>) -> Result<()> {
        match checked {
            Err(Error::User(errors)) => {
                self.refused.extend(errors);
                Ok(())
            }
            other => other,
        }
    }

    /// Whether it would change the record that it is.
    pub fn changes(&self) -> bool {
        self.held.is_some_and(|held| !differing::<S::Table>(held, &mut self.row.clone()).is_empty())
    }
}

/// A kind of record that batches can be made of. Declared by [`synced!`](crate::synced).
#[async_trait::async_trait]
pub trait Synced: Sized + Send + Sync + 'static {
    /// Its table.
    type Table: Journaled;
    /// What a row may say.
    type Set: InputType + Clone + Default + Send + Sync + 'static;
    /// What is looked up once for a batch.
    type Lookup: Send + Sync;
    /// Its name.
    const ENTITY: SyncEntity;
    /// The line of the access table.
    const LINE: Type;
    /// The fields of `set`.
    const FIELDS: &'static [FieldSpec];
    /// What it refers to.
    const RELATIONS: &'static [RelationSpec];
    /// Fields that a new record cannot be without.
    const REQUIRED: &'static [&'static str];

    /// `set`, and over it what `other` says.
    fn over(set: Self::Set, other: Self::Set) -> Self::Set;
    /// What is said, with its classes.
    fn written(set: &Self::Set) -> Vec<(Class, &'static str)>;
    /// The values of the tenant's own fields that are said.
    fn custom(set: &Self::Set) -> Option<Fields>;
    /// The columns that a row says.
    fn columns(set: &Self::Set) -> Result<<Self::Table as EntityTrait>::ActiveModel, Vec<UserError>>;
    /// What is said of columns, as JSON, to bring them back.
    fn before(row: &<Self::Table as EntityTrait>::Model, columns: &[&str]) -> Fields;

    /// Looks up what the rows of a batch need.
    async fn look_up(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&Self::Set]) -> Result<Self::Lookup>;
    /// Which records rows with unknown keys are all the same, by their places: a colleague with the same mail address. None unless the
    /// kind says so.
    async fn adopt(
        _work: &mut Work<'_>,
        _scene: &Scene<'_>,
        _rows: &[(usize, Self::Set)],
    ) -> Result<HashMap<usize, Uuid>> {
        Ok(HashMap::new())
    }
    /// What rows take from the records that they refer to, and what these do not allow: all rows at once, after each is complete.
    async fn shape(
        _work: &mut Work<'_>,
        _scene: &Scene<'_>,
        _lookup: &Self::Lookup,
        _rows: &mut [Shaped<'_, Self>],
    ) -> Result<()> {
        Ok(())
    }
    /// Completes the columns of a row: defaults of a new one (`held` is None), checks that need the held row.
    fn complete(
        lookup: &Self::Lookup,
        scene: &Scene<'_>,
        set: &Self::Set,
        held: Option<&<Self::Table as EntityTrait>::Model>,
        row: &mut <Self::Table as EntityTrait>::ActiveModel,
    ) -> Result<()>;
    /// What follows from the rows: intervals, events, rows that hang on them.
    async fn follow(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        lookup: &Self::Lookup,
        new: &[New<Self>],
        known: &[Known<Self>],
    ) -> Result<Followed>;
    /// Takes a record away, because it is gone in its system.
    async fn remove(work: &mut Work<'_>, seen: &crate::policy::Seen<<Self::Table as EntityTrait>::Model>)
    -> Result<()>;
}

/// What a column holds after a row: what the row says, else what is held.
pub fn stands<T>(said: &ActiveValue<T>, held: Option<T>) -> Option<T>
where
    T: Clone + Into<sea_orm::Value>,
{
    match said {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Some(value.clone()),
        ActiveValue::NotSet => held,
    }
}

/// A column's value as JSON.
pub fn json_of(value: sea_orm::Value) -> serde_json::Value {
    use sea_orm::Value;
    match value {
        Value::Bool(Some(value)) => value.into(),
        Value::Int(Some(value)) => value.into(),
        Value::BigInt(Some(value)) => value.into(),
        Value::String(Some(value)) => value.into(),
        Value::ChronoDate(Some(value)) => value.to_string().into(),
        Value::ChronoDateTimeUtc(Some(value)) => value.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true).into(),
        Value::Json(Some(value)) => *value,
        Value::Uuid(Some(value)) => value.to_string().into(),
        _ => serde_json::Value::Null,
    }
}

/// A field whose value may be null, as it is.
pub fn plain<T>(_: &str, value: async_graphql::MaybeUndefined<T>) -> Result<sea_orm::ActiveValue<Option<T>>>
where
    Option<T>: Into<sea_orm::Value>,
{
    Ok(crate::graph::patch(value))
}
