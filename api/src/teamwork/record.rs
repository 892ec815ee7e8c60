//! What a note or a task is about: any record of the journey.

use async_graphql::Union;
use entities::{
    account::{account, contact, industry, visitor},
    codes::RecordType,
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
