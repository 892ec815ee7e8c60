//! What rows name by code, name or title, and what they refer to: looked up for a whole batch at once. And what of a record that
//! happened stays as it was.

use std::collections::{BTreeSet, HashMap};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Duration, Utc};
use entities::{account::industry, marketing::channel, marketing::content_asset, tenant::queue};
use sea_orm::{ActiveValue, ActiveValue::NotSet, ColumnTrait, Set, sea_query::ExprTrait};
use serde_json::Value;
use uuid::Uuid;

use super::super::{Fields, Reference, ReferenceInput, Scene, SyncEntity, reference};
use crate::{
    graph::{Error, Result, UserErrorCode},
    journey::{Journaled, Work},
    sync::refs,
};

/// How many names or ids one statement asks for.
const CHUNK: usize = 500;

/// Rows by what they are called, and back.
#[derive(Default)]
pub struct Names {
    ids: HashMap<String, Uuid>,
    names: HashMap<Uuid, String>,
}

impl Names {
    /// The row of a name that a row of the batch gives, as a column: absent leaves, null clears.
    pub fn column(&self, path: &str, said: &MaybeUndefined<String>) -> Result<ActiveValue<Option<Uuid>>> {
        match said {
            MaybeUndefined::Undefined => Ok(NotSet),
            MaybeUndefined::Null => Ok(Set(None)),
            MaybeUndefined::Value(name) => self.of(path, name).map(|id| Set(Some(id))),
        }
    }

    /// The row of a name.
    pub fn of(&self, path: &str, name: &str) -> Result<Uuid> {
        self.ids.get(name).copied().ok_or_else(|| Error::missing(path))
    }

    /// What a row is called; null where nobody knows, or where there is none.
    pub fn name(&self, id: Option<Uuid>) -> Value {
        id.and_then(|id| self.names.get(&id).cloned()).map_or(Value::Null, Value::from)
    }

    /// All of a kind that have one of these names, and those that are held by id.
    fn add(&mut self, id: Uuid, code: &str, name: Option<&str>) {
        if let Some(name) = name {
            self.ids.entry(name.to_owned()).or_insert(id);
        }
        self.ids.insert(code.to_owned(), id);
        self.names.insert(id, code.to_owned());
    }
}

/// The distinct names that rows give; what PostgreSQL could not be asked for is no name.
fn distinct<'a>(said: impl Iterator<Item = &'a MaybeUndefined<String>>) -> Vec<String> {
    let names: BTreeSet<&String> = said.filter_map(MaybeUndefined::value).filter(|name| !name.contains('\0')).collect();
    names.into_iter().cloned().collect()
}

/// The channels, by code and by name. They are few: all are read where one is named.
pub async fn channels<'a>(work: &Work<'_>, said: impl Iterator<Item = &'a MaybeUndefined<String>>) -> Result<Names> {
    let mut names = Names::default();
    if !distinct(said).is_empty() {
        for seen in work.caller().rows::<channel::Entity>().all(work.tx()).await? {
            let row = seen.row();
            names.add(row.id, &row.code, Some(&row.name));
        }
    }
    Ok(names)
}

/// The queues, by code and by name. They are few: all are read where one is named.
pub async fn queues<'a>(
    work: &Work<'_>,
    said: impl Iterator<Item = &'a MaybeUndefined<String>>,
) -> Result<(Names, Vec<queue::Model>)> {
    let (mut names, mut rows) = (Names::default(), Vec::new());
    if !distinct(said).is_empty() {
        for seen in work.caller().rows::<queue::Entity>().all(work.tx()).await? {
            let row = seen.row();
            names.add(row.id, &row.code, Some(&row.name));
            rows.push(row.clone());
        }
    }
    Ok((names, rows))
}

/// The pieces of content of some titles.
pub async fn content<'a>(work: &Work<'_>, said: impl Iterator<Item = &'a MaybeUndefined<String>>) -> Result<Names> {
    let mut names = Names::default();
    for chunk in distinct(said).chunks(CHUNK) {
        let rows = work.caller().rows::<content_asset::Entity>().filter(content_asset::Column::Title.is_in(chunk));
        for seen in rows.all(work.tx()).await? {
            names.add(seen.row().id, &seen.row().title, None);
        }
    }
    Ok(names)
}

/// The industries of some codes or names.
pub async fn industries(work: &Work<'_>, said: impl Iterator<Item = &String>) -> Result<Names> {
    let wanted: BTreeSet<&String> = said.filter(|name| !name.contains('\0')).collect();
    let wanted: Vec<String> = wanted.into_iter().cloned().collect();
    let mut names = Names::default();
    for chunk in wanted.chunks(CHUNK) {
        let either = industry::Column::Code.is_in(chunk).or(industry::Column::Name.is_in(chunk));
        for seen in work.caller().rows::<industry::Entity>().filter(either).all(work.tx()).await? {
            let row = seen.row();
            names.add(row.id, &row.code, Some(&row.name));
        }
    }
    Ok(names)
}

/// Rows that the batch refers to, as far as the caller sees them.
pub async fn seen<E: Journaled>(
    work: &Work<'_>,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, E::Model>> {
    let ids: BTreeSet<Uuid> = ids.into_iter().collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows = work.caller().rows::<E>().by_ids(chunk.iter().copied()).all(work.tx()).await?;
        found.extend(rows.into_iter().map(|row| (E::id(row.row()), row.row().clone())));
    }
    Ok(found)
}

/// References that stand in `set`: by key or by id, to records that the caller sees.
#[derive(Default)]
pub struct Named {
    keys: HashMap<String, Uuid>,
    ids: BTreeSet<Uuid>,
    kind: Option<SyncEntity>,
}

impl Named {
    /// Looks them up.
    pub async fn find<E: Journaled>(
        work: &Work<'_>,
        scene: &Scene<'_>,
        to: SyncEntity,
        said: impl Iterator<Item = &ReferenceInput>,
    ) -> Result<Named> {
        let (mut keys, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for said in said {
            match reference(MaybeUndefined::Value(said.clone())) {
                Some(Ok(Some(Reference::Key(key)))) if key.len() <= 1_020 && !key.contains('\0') => {
                    keys.insert(key);
                }
                Some(Ok(Some(Reference::Id(id)))) if id.kind == to.kind() => {
                    ids.insert(id.uuid);
                }
                _ => {}
            }
        }
        let known = refs::known(work, scene.source, to.name(), keys).await?;
        let wanted = known.values().map(|(id, _)| *id).chain(ids);
        let found: BTreeSet<Uuid> = seen::<E>(work, wanted.collect::<Vec<_>>()).await?.into_keys().collect();
        let keys = known.into_iter().filter(|(_, (id, _))| found.contains(id)).map(|(key, (id, _))| (key, id));
        Ok(Named { keys: keys.collect(), ids: found, kind: Some(to) })
    }

    /// Where one of them leads.
    pub fn of(&self, path: &str, said: &ReferenceInput) -> Result<Uuid> {
        match reference(MaybeUndefined::Value(said.clone())) {
            Some(Ok(Some(Reference::Key(key)))) => self.keys.get(&key).copied().ok_or_else(|| Error::missing(path)),
            Some(Ok(Some(Reference::Id(id)))) if Some(id.kind) == self.kind.map(SyncEntity::kind) => {
                self.ids.get(&id.uuid).copied().ok_or_else(|| Error::missing(path))
            }
            _ => Err(Error::invalid(path, "give externalId or id")),
        }
    }
}

/// Whether something can have happened then: not before 1970, and not more than 24 hours ahead.
pub fn possible(moment: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    moment >= DateTime::UNIX_EPOCH && moment <= now + Duration::hours(24)
}

/// When something new happened, and whether that is uncertain: what a source says impossibly, happened now.
pub fn moment(said: &MaybeUndefined<DateTime<Utc>>, now: DateTime<Utc>) -> (DateTime<Utc>, bool) {
    match said.value() {
        Some(moment) if possible(*moment, now) => (*moment, false),
        Some(_) => (now, true),
        None => (now, false),
    }
}

/// A moment of a record that is known, as its column: an impossible one says nothing.
pub fn moment_again(
    path: &str,
    said: &MaybeUndefined<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<ActiveValue<DateTime<Utc>>> {
    match said {
        MaybeUndefined::Null => Err(Error::invalid(path, "this cannot be cleared")),
        MaybeUndefined::Value(moment) if possible(*moment, now) => Ok(Set(*moment)),
        MaybeUndefined::Value(_) | MaybeUndefined::Undefined => Ok(NotSet),
    }
}

/// What was said of whom or what something that happened was with: it stays, null leaves it, another one is refused. What nobody knew may
/// still be told.
pub fn settled(path: &str, held: Option<Uuid>, said: &mut ActiveValue<Option<Uuid>>) -> Result<()> {
    match (held, &*said) {
        (Some(_), Set(None)) => {
            *said = NotSet;
            Ok(())
        }
        (Some(held), Set(Some(said))) if *said != held => Err(stays(path)),
        _ => Ok(()),
    }
}

/// [`settled`] of a column that is always there.
pub fn settled_for_ever<T: PartialEq + Into<sea_orm::Value>>(
    path: &str,
    held: &T,
    said: &ActiveValue<T>,
) -> Result<()> {
    match said {
        Set(said) if said != held => Err(stays(path)),
        _ => Ok(()),
    }
}

/// The refusal of a change of what happened.
pub fn stays(path: &str) -> Error {
    Error::user(UserErrorCode::StateConflict, path, "this happened as it is recorded; take it away and tell it anew")
}

/// The refusals of a check of the wing, at the fields of `set`.
pub fn within_set(error: Error) -> Error {
    match error {
        Error::User(mut errors) => {
            errors.iter_mut().for_each(|error| error.path.insert(0, "set".to_owned()));
            Error::User(errors)
        }
        other => other,
    }
}

/// A field that changed beside the columns that fields are made of.
pub fn note(changed: &mut HashMap<usize, Fields>, place: usize, name: &str, before: Value) {
    changed.entry(place).or_default().insert(name.to_owned(), before);
}

/// A required column of a patch: absent leaves, null is refused.
pub fn required<T: Into<sea_orm::Value>>(path: &str, value: MaybeUndefined<T>) -> Result<ActiveValue<T>> {
    crate::graph::patch_required(path, value)
}
