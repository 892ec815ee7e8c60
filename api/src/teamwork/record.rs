//! What a note or a task is about: any record of the journey.

use std::collections::{HashMap, HashSet};

use async_graphql::Union;
use entities::{
    account::{account, contact, industry, visitor},
    codes::{RecordType, Wing},
    marketing::{campaign, handover, lead},
    sales::{contract, meeting, opportunity, requirement, sales_order},
    service::{asset, ticket},
};
use uuid::Uuid;

use crate::{
    account::{Account, Contact, Industry, Visitor, ground},
    graph::{Cx, Error, GlobalId, Kind, Result, one},
    journey::{Journaled, Work},
    marketing::{Campaign, Handover, Lead},
    policy::{Type, wing_of},
    sales::{Contract, Meeting, Opportunity, Order, Requirement},
    service::{Asset, Ticket},
};

/// A record that a note or a task can be about.
#[derive(Clone, Union)]
#[expect(missing_docs, reason = "each variant is the type of its name")]
pub enum Record {
    Account(Account),
    Contact(Contact),
    Visitor(Visitor),
    Industry(Industry),
    Campaign(Campaign),
    Lead(Lead),
    Handover(Handover),
    Opportunity(Opportunity),
    Meeting(Meeting),
    Requirement(Requirement),
    Order(Order),
    Contract(Contract),
    Asset(Asset),
    Ticket(Ticket),
}

/// A record that the caller has named and may see.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its type.
    pub ty: RecordType,
    /// Which one.
    pub id: Uuid,
    /// The account that it belongs to; none for a record without one.
    pub account: Option<Uuid>,
}

/// The record that an input names.
pub async fn refer(work: &Work<'_>, path: &str, id: GlobalId) -> Result<About> {
    async fn about<E: Journaled>(work: &Work<'_>, path: &str, id: GlobalId, ty: RecordType) -> Result<About> {
        let seen = work.refer::<E>(path, id).await?;
        Ok(About { ty, id: E::id(seen.row()), account: E::account_id(seen.row()) })
    }
    match id.kind {
        Kind::Account => about::<account::Entity>(work, path, id, RecordType::Account).await,
        Kind::Contact => about::<contact::Entity>(work, path, id, RecordType::Contact).await,
        Kind::Visitor => about::<visitor::Entity>(work, path, id, RecordType::Visitor).await,
        Kind::Industry => about::<industry::Entity>(work, path, id, RecordType::Industry).await,
        Kind::Campaign => about::<campaign::Entity>(work, path, id, RecordType::Campaign).await,
        Kind::Lead => about::<lead::Entity>(work, path, id, RecordType::Lead).await,
        Kind::Handover => about::<handover::Entity>(work, path, id, RecordType::Handover).await,
        Kind::Opportunity => about::<opportunity::Entity>(work, path, id, RecordType::Opportunity).await,
        Kind::Meeting => about::<meeting::Entity>(work, path, id, RecordType::Meeting).await,
        Kind::Requirement => about::<requirement::Entity>(work, path, id, RecordType::Requirement).await,
        Kind::Order => about::<sales_order::Entity>(work, path, id, RecordType::Order).await,
        Kind::Contract => about::<contract::Entity>(work, path, id, RecordType::Contract).await,
        Kind::Asset => about::<asset::Entity>(work, path, id, RecordType::Asset).await,
        Kind::Ticket => about::<ticket::Entity>(work, path, id, RecordType::Ticket).await,
        _ => Err(Error::invalid(path, "a record of this type has no notes and no tasks")),
    }
}

/// Whether the caller may say something to the team of a record: with EDIT in the record's wing, or as a machine that writes all
/// rows of the type. A record without an account has no team.
pub async fn edits(work: &Work<'_>, ty: Type, about: About) -> Result<bool> {
    match about.account {
        Some(account) => ground::edits(work, ty, wing_of(about.ty), account).await,
        None => Ok(true),
    }
}

/// Whether the caller may write the record itself: an agent a ticket of its queue, marketing a lead.
pub async fn writes(work: &Work<'_>, about: About) -> Result<bool> {
    async fn of<E: Journaled>(work: &Work<'_>, id: Uuid) -> Result<bool> {
        let seen = work.caller().rows_to_write::<E>().by_id(id).one(work.tx()).await?;
        Ok(seen.is_some_and(|seen| seen.rights().writes()))
    }
    let id = about.id;
    match about.ty {
        RecordType::Account => of::<account::Entity>(work, id).await,
        RecordType::Contact => of::<contact::Entity>(work, id).await,
        RecordType::Visitor => of::<visitor::Entity>(work, id).await,
        RecordType::Industry => of::<industry::Entity>(work, id).await,
        RecordType::Campaign => of::<campaign::Entity>(work, id).await,
        RecordType::Lead => of::<lead::Entity>(work, id).await,
        RecordType::Handover => of::<handover::Entity>(work, id).await,
        RecordType::Opportunity => of::<opportunity::Entity>(work, id).await,
        RecordType::Meeting => of::<meeting::Entity>(work, id).await,
        RecordType::Requirement => of::<requirement::Entity>(work, id).await,
        RecordType::Order => of::<sales_order::Entity>(work, id).await,
        RecordType::Contract => of::<contract::Entity>(work, id).await,
        RecordType::Asset => of::<asset::Entity>(work, id).await,
        RecordType::Ticket => of::<ticket::Entity>(work, id).await,
    }
}

/// The record as the reader sees it now; None where the reader may not see it.
pub async fn load(cx: &Cx, ty: RecordType, id: Uuid) -> Result<Option<Record>> {
    Ok(match ty {
        RecordType::Account => one::<account::Entity, Account>(cx, id).await?.map(Into::into),
        RecordType::Contact => one::<contact::Entity, Contact>(cx, id).await?.map(Into::into),
        RecordType::Visitor => one::<visitor::Entity, Visitor>(cx, id).await?.map(Into::into),
        RecordType::Industry => one::<industry::Entity, Industry>(cx, id).await?.map(Into::into),
        RecordType::Campaign => one::<campaign::Entity, Campaign>(cx, id).await?.map(Into::into),
        RecordType::Lead => one::<lead::Entity, Lead>(cx, id).await?.map(Into::into),
        RecordType::Handover => one::<handover::Entity, Handover>(cx, id).await?.map(Into::into),
        RecordType::Opportunity => one::<opportunity::Entity, Opportunity>(cx, id).await?.map(Into::into),
        RecordType::Meeting => one::<meeting::Entity, Meeting>(cx, id).await?.map(Into::into),
        RecordType::Requirement => one::<requirement::Entity, Requirement>(cx, id).await?.map(Into::into),
        RecordType::Order => one::<sales_order::Entity, Order>(cx, id).await?.map(Into::into),
        RecordType::Contract => one::<contract::Entity, Contract>(cx, id).await?.map(Into::into),
        RecordType::Asset => one::<asset::Entity, Asset>(cx, id).await?.map(Into::into),
        RecordType::Ticket => one::<ticket::Entity, Ticket>(cx, id).await?.map(Into::into),
    })
}

/// The prefix of a record's global ids.
pub const fn kind_of(ty: RecordType) -> Kind {
    match ty {
        RecordType::Account => Kind::Account,
        RecordType::Contact => Kind::Contact,
        RecordType::Visitor => Kind::Visitor,
        RecordType::Industry => Kind::Industry,
        RecordType::Campaign => Kind::Campaign,
        RecordType::Lead => Kind::Lead,
        RecordType::Handover => Kind::Handover,
        RecordType::Opportunity => Kind::Opportunity,
        RecordType::Meeting => Kind::Meeting,
        RecordType::Requirement => Kind::Requirement,
        RecordType::Order => Kind::Order,
        RecordType::Contract => Kind::Contract,
        RecordType::Asset => Kind::Asset,
        RecordType::Ticket => Kind::Ticket,
    }
}

/// The records of a kind that the caller may see, by their ids; none of a kind that has no notes and no tasks.
pub async fn find(work: &Work<'_>, kind: Kind, ids: &[Uuid]) -> Result<HashMap<Uuid, About>> {
    async fn about<E: Journaled>(work: &Work<'_>, ids: &[Uuid], ty: RecordType) -> Result<HashMap<Uuid, About>> {
        let mut found = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            for seen in work.caller().rows::<E>().by_ids(chunk.iter().copied()).all(work.tx()).await? {
                let (id, account) = (E::id(seen.row()), E::account_id(seen.row()));
                found.insert(id, About { ty, id, account });
            }
        }
        Ok(found)
    }
    match kind {
        Kind::Account => about::<account::Entity>(work, ids, RecordType::Account).await,
        Kind::Contact => about::<contact::Entity>(work, ids, RecordType::Contact).await,
        Kind::Visitor => about::<visitor::Entity>(work, ids, RecordType::Visitor).await,
        Kind::Industry => about::<industry::Entity>(work, ids, RecordType::Industry).await,
        Kind::Campaign => about::<campaign::Entity>(work, ids, RecordType::Campaign).await,
        Kind::Lead => about::<lead::Entity>(work, ids, RecordType::Lead).await,
        Kind::Handover => about::<handover::Entity>(work, ids, RecordType::Handover).await,
        Kind::Opportunity => about::<opportunity::Entity>(work, ids, RecordType::Opportunity).await,
        Kind::Meeting => about::<meeting::Entity>(work, ids, RecordType::Meeting).await,
        Kind::Requirement => about::<requirement::Entity>(work, ids, RecordType::Requirement).await,
        Kind::Order => about::<sales_order::Entity>(work, ids, RecordType::Order).await,
        Kind::Contract => about::<contract::Entity>(work, ids, RecordType::Contract).await,
        Kind::Asset => about::<asset::Entity>(work, ids, RecordType::Asset).await,
        Kind::Ticket => about::<ticket::Entity>(work, ids, RecordType::Ticket).await,
        _ => Ok(HashMap::new()),
    }
}

/// How many ids one statement asks for.
const CHUNK: usize = 500;

/// [`edits`] of many: the ids of those records to whose teams the caller may say something.
pub async fn edited(work: &Work<'_>, ty: Type, abouts: &[About]) -> Result<HashSet<Uuid>> {
    let mut edited: HashSet<Uuid> =
        abouts.iter().filter(|about| about.account.is_none()).map(|about| about.id).collect();
    for wing in Wing::ALL {
        let of_wing = || abouts.iter().filter(|about| wing_of(about.ty) == *wing);
        let mut accounts: Vec<Uuid> = of_wing().filter_map(|about| about.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        if accounts.is_empty() {
            continue;
        }
        let accounts = ground::edited(work, ty, *wing, &accounts).await?;
        let open = of_wing().filter(|about| about.account.is_some_and(|account| accounts.contains(&account)));
        edited.extend(open.map(|about| about.id));
    }
    Ok(edited)
}

/// [`writes`] of many: the ids of those records that the caller may write itself.
pub async fn written(work: &Work<'_>, abouts: &[About]) -> Result<HashSet<Uuid>> {
    async fn of<E: Journaled>(work: &Work<'_>, ids: &[Uuid]) -> Result<Vec<Uuid>> {
        let reached = work.many_reached::<E>(E::TYPE, ids).await?;
        Ok(reached.into_iter().filter(|(_, seen)| seen.rights().writes()).map(|(id, _)| id).collect())
    }
    let mut written = HashSet::new();
    for ty in RecordType::ALL {
        let ids: Vec<Uuid> = abouts.iter().filter(|about| about.ty == *ty).map(|about| about.id).collect();
        if ids.is_empty() {
            continue;
        }
        written.extend(match ty {
            RecordType::Account => of::<account::Entity>(work, &ids).await?,
            RecordType::Contact => of::<contact::Entity>(work, &ids).await?,
            RecordType::Visitor => of::<visitor::Entity>(work, &ids).await?,
            RecordType::Industry => of::<industry::Entity>(work, &ids).await?,
            RecordType::Campaign => of::<campaign::Entity>(work, &ids).await?,
            RecordType::Lead => of::<lead::Entity>(work, &ids).await?,
            RecordType::Handover => of::<handover::Entity>(work, &ids).await?,
            RecordType::Opportunity => of::<opportunity::Entity>(work, &ids).await?,
            RecordType::Meeting => of::<meeting::Entity>(work, &ids).await?,
            RecordType::Requirement => of::<requirement::Entity>(work, &ids).await?,
            RecordType::Order => of::<sales_order::Entity>(work, &ids).await?,
            RecordType::Contract => of::<contract::Entity>(work, &ids).await?,
            RecordType::Asset => of::<asset::Entity>(work, &ids).await?,
            RecordType::Ticket => of::<ticket::Entity>(work, &ids).await?,
        });
    }
    Ok(written)
}
