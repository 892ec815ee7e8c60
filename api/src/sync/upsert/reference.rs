//! References between rows: by the keys of their system, or by the ids that they have here.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_graphql::{InputObject, MaybeUndefined};
use uuid::Uuid;

use super::{Incoming, Reference, RelationSpec, SyncEntity, Synced};
use crate::{
    graph::{GlobalId, Result, UserError, UserErrorCode, camel},
    journey::{Journaled, Work},
    sync::refs,
};

/// How a row names another record: by its key, or by its id. Exactly one of them.
#[derive(Clone, Debug, InputObject)]
pub struct ReferenceInput {
    /// Its key in the same system; it may be a row of the same batch.
    pub external_id: Option<String>,
    /// Its id here.
    pub id: Option<GlobalId>,
}

impl crate::graph::IsSet for ReferenceInput {
    fn is_set(&self) -> bool {
        true
    }
}

/// What a row says of a reference: None where it says nothing, `Ok(None)` where it clears it.
pub type Said = std::result::Result<Option<Reference>, &'static str>;

/// A reference as the graph brings it.
pub fn reference(said: MaybeUndefined<ReferenceInput>) -> Option<Said> {
    match said {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(Ok(None)),
        MaybeUndefined::Value(ReferenceInput { external_id: Some(key), id: None }) => {
            Some(Ok(Some(Reference::Key(key))))
        }
        MaybeUndefined::Value(ReferenceInput { external_id: None, id: Some(id) }) => Some(Ok(Some(Reference::Id(id)))),
        MaybeUndefined::Value(_) => Some(Err("give externalId or id")),
    }
}

/// Where the references of a batch lead.
pub(super) struct Targets {
    keys: HashMap<(SyncEntity, String), Uuid>,
    ids: HashSet<(SyncEntity, Uuid)>,
}

impl Targets {
    /// Looks up what the rows refer to: one statement a kind of record and 500 keys.
    pub(super) async fn find<S: Synced>(work: &Work<'_>, source: Uuid, rows: &[Incoming<S>]) -> Result<Targets> {
        let (mut keys, mut ids): (BTreeMap<SyncEntity, HashSet<String>>, BTreeMap<SyncEntity, HashSet<Uuid>>) =
            Default::default();
        for (column, said) in rows.iter().flat_map(|row| &row.relations) {
            let Some(to) = spec::<S>(column).map(|spec| spec.to) else { continue };
            match said {
                Ok(Some(Reference::Key(key))) => drop(keys.entry(to).or_default().insert(key.clone())),
                Ok(Some(Reference::Id(id))) if id.kind == to.kind() => {
                    ids.entry(to).or_default().insert(id.uuid);
                }
                Ok(Some(Reference::Id(_)) | None) | Err(_) => {}
            }
        }
        let mut targets = Targets { keys: HashMap::new(), ids: HashSet::new() };
        for (to, keys) in keys {
            let askable = keys.into_iter().filter(|key| key.len() <= 1_020 && !key.contains('\0'));
            let known = refs::known(work, source, to.name(), askable).await?;
            // A key outlives its record: what was taken away is no target.
            let held: Vec<Uuid> = known.values().map(|(id, _)| *id).collect();
            let stand = standing(work, to, &held).await?;
            let known = known.into_iter().filter(|(_, (id, _))| stand.contains(id));
            targets.keys.extend(known.map(|(key, (id, _))| ((to, key), id)));
        }
        for (to, ids) in ids {
            let ids: Vec<Uuid> = ids.into_iter().collect();
            targets.ids.extend(standing(work, to, &ids).await?.into_iter().map(|id| (to, id)));
        }
        Ok(targets)
    }

    /// Where one of them leads; None: nowhere.
    pub(super) fn of(&self, to: SyncEntity, reference: &Reference) -> Option<Uuid> {
        match reference {
            Reference::Key(key) => self.keys.get(&(to, key.clone())).copied(),
            Reference::Id(id) => (id.kind == to.kind() && self.ids.contains(&(to, id.uuid))).then_some(id.uuid),
        }
    }

    /// A row of this batch cannot be referred to after all.
    pub(super) fn remove(&mut self, to: SyncEntity, key: &str) {
        self.keys.remove(&(to, key.to_owned()));
    }

    /// A row of this batch can be referred to, too.
    pub(super) fn add(&mut self, to: SyncEntity, key: String, id: Uuid) {
        self.keys.insert((to, key), id);
    }
}

/// What a column's reference is declared to be.
pub(super) fn spec<S: Synced>(column: &str) -> Option<&'static RelationSpec> {
    S::RELATIONS.iter().find(|spec| spec.column == column)
}

/// A refusal at a reference.
pub(super) fn refused(spec: &RelationSpec, message: &str, code: UserErrorCode) -> UserError {
    UserError { code, path: vec!["relations".to_owned(), camel(spec.name)], message: message.to_owned(), new_id: None }
}

/// Which of some ids are records that the caller may see.
pub(super) async fn standing(work: &Work<'_>, of: SyncEntity, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    use entities::{account, marketing, sales, service};
    async fn seen<E: Journaled>(work: &Work<'_>, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
        let mut found = HashSet::with_capacity(ids.len());
        for chunk in ids.chunks(500) {
            let rows = work.caller().rows::<E>().by_ids(chunk.iter().copied()).all(work.tx()).await?;
            found.extend(rows.iter().map(|row| E::id(row.row())));
        }
        Ok(found)
    }
    match of {
        SyncEntity::Colleague => seen::<account::colleague::Entity>(work, ids).await,
        SyncEntity::Channel => seen::<marketing::channel::Entity>(work, ids).await,
        SyncEntity::Product => seen::<sales::product::Entity>(work, ids).await,
        SyncEntity::Account => seen::<account::account::Entity>(work, ids).await,
        SyncEntity::Contact => seen::<account::contact::Entity>(work, ids).await,
        SyncEntity::Campaign => seen::<marketing::campaign::Entity>(work, ids).await,
        SyncEntity::CampaignCost => seen::<marketing::campaign_cost::Entity>(work, ids).await,
        SyncEntity::Touchpoint => seen::<marketing::touchpoint::Entity>(work, ids).await,
        SyncEntity::Lead => seen::<marketing::lead::Entity>(work, ids).await,
        SyncEntity::Opportunity => seen::<sales::opportunity::Entity>(work, ids).await,
        SyncEntity::OpportunityContact => seen::<sales::opportunity_contact::Entity>(work, ids).await,
        SyncEntity::Meeting => seen::<sales::meeting::Entity>(work, ids).await,
        SyncEntity::Activity => seen::<sales::activity::Entity>(work, ids).await,
        SyncEntity::Note => seen::<sales::note::Entity>(work, ids).await,
        SyncEntity::Task => seen::<sales::task::Entity>(work, ids).await,
        SyncEntity::Order => seen::<sales::sales_order::Entity>(work, ids).await,
        SyncEntity::OrderLine => seen::<sales::order_line::Entity>(work, ids).await,
        SyncEntity::Contract => seen::<sales::contract::Entity>(work, ids).await,
        SyncEntity::Asset => seen::<service::asset::Entity>(work, ids).await,
        SyncEntity::Ticket => seen::<service::ticket::Entity>(work, ids).await,
        SyncEntity::TicketMessage => seen::<service::ticket_message::Entity>(work, ids).await,
        SyncEntity::SurveyAnswer => seen::<service::survey_answer::Entity>(work, ids).await,
    }
}
