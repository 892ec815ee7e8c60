//! What notes and tasks are about: any record of the journey, by its key in the same system or by its id here.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_graphql::InputObject;
use uuid::Uuid;

use super::{
    super::{Scene, SyncEntity},
    references::is_askable,
};
use crate::{
    graph::{Error, GlobalId, IsSet, Kind, Result},
    journey::Work,
    sync::refs,
    teamwork::record::{self, About},
};

/// A record that a note or a task is about: by its kind and its key, or by its id. Exactly one of `externalId` and `id`.
#[derive(Clone, Debug, InputObject)]
pub struct RecordReferenceInput {
    /// What kind of record its key names: an account, contact, campaign, lead, opportunity, meeting, order, contract, asset or ticket.
    /// Needed with `externalId`.
    pub entity: Option<SyncEntity>,
    /// Its key in the same system.
    pub external_id: Option<String>,
    /// Its id here.
    pub id: Option<GlobalId>,
}

impl IsSet for RecordReferenceInput {
    fn is_set(&self) -> bool {
        true
    }
}

/// The records that rows are about.
pub struct Abouts {
    keys: HashMap<(SyncEntity, String), Uuid>,
    found: HashMap<(Kind, Uuid), About>,
}

impl Abouts {
    /// Looks them up: those that the caller may see.
    pub async fn find(work: &Work<'_>, scene: &Scene<'_>, named: Vec<&RecordReferenceInput>) -> Result<Abouts> {
        let mut keys: BTreeMap<SyncEntity, HashSet<String>> = BTreeMap::new();
        let mut ids: BTreeMap<Kind, HashSet<Uuid>> = BTreeMap::new();
        for reference in named {
            match (reference.entity, &reference.external_id, reference.id) {
                (Some(entity), Some(key), None) if is_askable(key) => {
                    keys.entry(entity).or_default().insert(key.clone());
                }
                (_, None, Some(id)) => drop(ids.entry(id.kind).or_default().insert(id.uuid)),
                _ => {}
            }
        }
        let mut abouts = Abouts { keys: HashMap::new(), found: HashMap::new() };
        for (entity, keys) in keys {
            let known = refs::known(work, scene.source, entity.name(), keys).await?;
            for (key, (id, _)) in known {
                ids.entry(entity.kind()).or_default().insert(id);
                abouts.keys.insert((entity, key), id);
            }
        }
        for (kind, ids) in ids {
            let ids: Vec<Uuid> = ids.into_iter().collect();
            let found = record::find(work, kind, &ids).await?;
            abouts.found.extend(found.into_iter().map(|(id, about)| ((kind, id), about)));
        }
        Ok(abouts)
    }

    /// One of them.
    pub fn get(&self, path: &str, reference: &RecordReferenceInput) -> Result<About> {
        let id = match (reference.entity, &reference.external_id, reference.id) {
            (Some(entity), Some(key), None) => {
                self.keys.get(&(entity, key.clone())).map(|id| GlobalId::new(entity.kind(), *id))
            }
            (_, None, Some(id)) => Some(id),
            _ => return Err(Error::invalid(path, "give entity and externalId, or id")),
        };
        let found = id.and_then(|id| self.found.get(&(id.kind, id.uuid))).copied();
        found.ok_or_else(|| Error::missing(path))
    }

    /// All of them.
    pub fn all(&self) -> Vec<About> {
        self.found.values().copied().collect()
    }
}
