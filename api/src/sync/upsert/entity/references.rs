//! Records that rows name among their fields, where no column of their own holds them: those who are invited, whom a note calls.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::super::{ReferenceInput, Scene, SyncEntity, reference::standing};
use crate::{
    graph::{Error, GlobalId, Result},
    journey::Work,
    sync::refs,
};

/// The records of a kind that rows name.
pub struct Named {
    of: SyncEntity,
    keys: HashMap<String, Uuid>,
    ids: HashSet<Uuid>,
}

impl Named {
    /// Looks them up: those that the caller may see.
    pub async fn find(
        work: &Work<'_>,
        scene: &Scene<'_>,
        of: SyncEntity,
        named: Vec<&ReferenceInput>,
    ) -> Result<Named> {
        let (mut keys, mut ids) = (HashSet::new(), HashSet::new());
        for reference in named {
            match (&reference.external_id, reference.id) {
                (Some(key), None) if is_askable(key) => drop(keys.insert(key.clone())),
                (None, Some(id)) if id.kind == of.kind() => drop(ids.insert(id.uuid)),
                _ => {}
            }
        }
        let known = match keys.is_empty() {
            true => HashMap::new(),
            false => refs::known(work, scene.source, of.name(), keys).await?,
        };
        ids.extend(known.values().map(|(id, _)| *id));
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let ids = standing(work, of, &ids).await?;
        let keys = known.into_iter().map(|(key, (id, _))| (key, id)).filter(|(_, id)| ids.contains(id));
        Ok(Named { of, keys: keys.collect(), ids })
    }

    /// All of them.
    pub fn ids(&self) -> Vec<Uuid> {
        self.ids.iter().copied().collect()
    }

    /// One of them.
    pub fn get(&self, path: &str, reference: &ReferenceInput) -> Result<Uuid> {
        match (&reference.external_id, reference.id) {
            (Some(key), None) => self.keys.get(key).copied().ok_or_else(|| Error::missing(path)),
            (None, Some(GlobalId { kind, uuid })) if kind == self.of.kind() => {
                self.ids.get(&uuid).copied().ok_or_else(|| Error::missing(path))
            }
            (None, Some(_)) => Err(Error::missing(path)),
            _ => Err(Error::invalid(path, "give externalId or id")),
        }
    }

    /// All of a list, each once, in their order.
    pub fn all(&self, path: &str, references: &[ReferenceInput], most: usize) -> Result<Vec<Uuid>> {
        if references.len() > most {
            return Err(Error::invalid(path, format!("at most {most}")));
        }
        let mut all = Vec::with_capacity(references.len());
        for (place, reference) in references.iter().enumerate() {
            let id = self.get(&format!("{path}.{place}"), reference)?;
            if !all.contains(&id) {
                all.push(id);
            }
        }
        Ok(all)
    }
}

/// Whether a key can be asked for: PostgreSQL takes no NUL, not even in a question.
pub fn is_askable(key: &str) -> bool {
    key.len() <= 1_020 && !key.contains('\0')
}
