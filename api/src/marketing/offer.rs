//! Offering across a boundary between disciplines, and taking the offer back.

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, colleague},
    codes::{HandoverBoundary, HandoverOutcome, LeadStatus, SubjectType},
    marketing::{handover, lead},
    sales::opportunity,
    service::{asset, ticket},
    tenant::queue,
};
use sea_orm::{ColumnTrait, Set, sea_query::ExprTrait};
use uuid::Uuid;

use super::{
    Handover,
    boundary::receiver,
    decide::{give_back, still_open},
    handover::event,
    qualify::conflict,
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, Result, UserErrorCode},
    journey::{EventKind, Journaled, Work, attempt},
    payload,
    policy::{Class, Type, access_field},
    service::decision,
};

/// What an offer writes: marketing holds the right to offer, and no other, on handovers.
pub(super) const OFFER: [(Class, &str); 1] = [(Class::P, "offer")];

/// Something that is offered to a colleague or a queue of the next discipline.
#[derive(Clone, Debug, InputObject)]
pub struct OfferHandoverInput {
    /// What is handed over: a lead to sales; an opportunity or an account to the technicians; an asset or a ticket to service;
    /// an asset, a ticket or an account from service to sales.
    pub subject_id: GlobalId,
    /// Between which disciplines. Absent: as the subject says, a lead MARKETING_TO_SALES, an opportunity SALES_TO_TECHNICAL;
    /// for an account, an asset and a ticket it must be said.
    pub boundary: Option<HandoverBoundary>,
    /// Offer it only if the subject still has this version.
    pub if_version: Option<i32>,
    /// Whom to ask, somebody of the receiving department; give this or `toQueueId`.
    pub to_colleague_id: Option<GlobalId>,
    /// Which queue to ask, one of the receiving side; give this or `toColleagueId`.
    pub to_queue_id: Option<GlobalId>,
    /// By when a decision is due; in the future.
    pub due_at: Option<DateTime<Utc>>,
}

/// An offer that is taken back.
#[derive(Clone, Debug, InputObject)]
pub struct RecallHandoverInput {
    /// Which handover.
    pub id: GlobalId,
    /// Change it only if it still has this version.
    pub if_version: Option<i32>,
}

payload! {
    /// What `offerHandover` answers.
    OfferHandoverPayload {
        /// The new handover; null if it was refused.
        handover: Handover
    }
}

payload! {
    /// What `recallHandover` answers.
    RecallHandoverPayload {
        /// The handover that was taken back; null if it was refused.
        handover: Handover
    }
}

/// What is offered: what the handover and its events take from it.
struct Subject {
    ty: SubjectType,
    id: Uuid,
    account_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
}

/// The boundary that a subject crosses: the one that was said, if it can, or the only one.
fn crossed(said: Option<HandoverBoundary>, kind: Kind) -> Result<HandoverBoundary> {
    use HandoverBoundary::{MarketingToSales, SalesToTechnical, ServiceToSales, TechnicalToService};
    let can: &[HandoverBoundary] = match kind {
        Kind::Lead => &[MarketingToSales],
        Kind::Opportunity => &[SalesToTechnical],
        Kind::Account => &[SalesToTechnical, ServiceToSales],
        Kind::Asset | Kind::Ticket => &[TechnicalToService, ServiceToSales],
        _ => return Err(Error::invalid("subjectId", "this is not handed over")),
    };
    match (said, can) {
        (Some(said), can) if can.contains(&said) => Ok(said),
        (None, [only]) => Ok(*only),
        (Some(said), _) => Err(Error::invalid("boundary", format!("such a thing does not cross {said}"))),
        (None, _) => Err(Error::invalid("boundary", "say which: this may cross several")),
    }
}

/// Offers something that the caller may change on the sending side.
pub async fn offer(cx: &Cx, input: OfferHandoverInput) -> Result<Handover> {
    let OfferHandoverInput { subject_id, boundary, if_version, to_colleague_id, to_queue_id, due_at } = input;
    if to_colleague_id.is_some() == to_queue_id.is_some() {
        return Err(Error::invalid("toColleagueId", "give either toColleagueId or toQueueId"));
    }
    let boundary = crossed(boundary, subject_id.kind)?;
    let mut work = Work::begin(cx).await?;
    if due_at.is_some_and(|due| due <= work.now()) {
        return Err(Error::invalid("dueAt", "a decision is due in the future"));
    }
    let to_queue_id = queue_of(&work, boundary, to_queue_id).await?;
    let to_colleague_id = colleague_of(&work, boundary, to_colleague_id).await?;
    let (subject, lead) = match subject_id.kind {
        Kind::Lead => {
            let lead = give_away(&mut work, subject_id.uuid, if_version, to_colleague_id, to_queue_id).await?;
            (named::<lead::Entity>(&lead, SubjectType::Lead, lead.campaign_id), Some(lead))
        }
        _ => (subject_of(&work, boundary, subject_id, if_version).await?, None),
    };
    let row = work
        .insert::<handover::Entity>(handover::ActiveModel {
            boundary: Set(boundary),
            from_id: Set(cx.caller.colleague),
            to_colleague_id: Set(to_colleague_id),
            to_queue_id: Set(to_queue_id),
            subject_type: Set(subject.ty),
            subject_id: Set(subject.id),
            account_id: Set(subject.account_id),
            campaign_id: Set(subject.campaign_id),
            offered_at: Set(work.now()),
            due_at: Set(due_at),
            automatic: Set(false),
            ..Default::default()
        })
        .await?;
    work.record(event(EventKind::HandoverOffered, &row, lead.as_ref()));
    decision::start(cx, &mut work, &row).await?;
    // The subject need not be reached afterwards: to offer a lead is to give it away.
    let seen = work.reached::<handover::Entity>(row.id, &OFFER).await?;
    work.commit().await?;
    Ok(Handover(seen))
}

/// The queue that is asked.
async fn queue_of(work: &Work<'_>, boundary: HandoverBoundary, id: Option<GlobalId>) -> Result<Option<Uuid>> {
    let Some(id) = id else { return Ok(None) };
    let queue = work.refer::<queue::Entity>("toQueueId", id).await?;
    match queue.row().wing == receiver(boundary).0 {
        true => Ok(Some(queue.row().id)),
        false => Err(Error::invalid("toQueueId", format!("{boundary} goes to a queue of the receiving side"))),
    }
}

/// The colleague who is asked.
async fn colleague_of(work: &Work<'_>, boundary: HandoverBoundary, id: Option<GlobalId>) -> Result<Option<Uuid>> {
    let Some(id) = id else { return Ok(None) };
    let asked = work.refer::<colleague::Entity>("toColleagueId", id).await?;
    if !asked.row().is_active {
        return Err(Error::invalid("toColleagueId", "this colleague does not work here any more"));
    }
    if work.caller().colleague == Some(asked.row().id) {
        return Err(Error::invalid("toColleagueId", "a handover goes to somebody else"));
    }
    if asked.row().department != receiver(boundary).1 {
        return Err(Error::invalid("toColleagueId", format!("{boundary} goes to a colleague of the receiving side")));
    }
    Ok(Some(asked.row().id))
}

/// A lead lies from now on with whom it was offered to, so that they see it before its company is theirs.
async fn give_away(
    work: &mut Work<'_>,
    id: Uuid,
    if_version: Option<i32>,
    to_colleague_id: Option<Uuid>,
    to_queue_id: Option<Uuid>,
) -> Result<lead::Model> {
    let written = [(Class::P, "status"), (Class::P, "owner"), (Class::P, "queue")];
    let seen = work.to_change::<lead::Entity>(id, if_version, &written).await;
    let seen = seen.map_err(|error| error.moved("id", "subjectId"))?;
    match seen.row().status {
        LeadStatus::New | LeadStatus::Rejected | LeadStatus::Returned => {}
        LeadStatus::Offered | LeadStatus::Accepted | LeadStatus::Converted | LeadStatus::Disqualified => {
            return Err(conflict("subjectId", seen.row().status));
        }
    }
    let offered = lead::ActiveModel {
        status: Set(LeadStatus::Offered),
        owner_id: Set(to_colleague_id.or(seen.row().owner_id)),
        queue_id: Set(to_queue_id),
        ..Default::default()
    };
    work.update::<lead::Entity>(&seen, offered).await
}

fn named<E: Journaled>(row: &E::Model, ty: SubjectType, campaign_id: Option<Uuid>) -> Subject {
    Subject { ty, id: E::id(row), account_id: E::account_id(row), campaign_id }
}

/// What is offered and stays where it is. An account is offered by who may change what the sending side does with it:
/// opportunities or tickets.
async fn subject_of(
    work: &Work<'_>,
    boundary: HandoverBoundary,
    id: GlobalId,
    if_version: Option<i32>,
) -> Result<Subject> {
    async fn held<E: Journaled>(work: &Work<'_>, ty: Type, id: Uuid, if_version: Option<i32>) -> Result<E::Model>
    where
        E::Model: Clone,
    {
        let seen = work.to_change_as::<E>(ty, id, if_version, &[(Class::P, "handover")]).await;
        Ok(seen.map_err(|error| error.moved("id", "subjectId"))?.row().clone())
    }
    let of_sales = boundary == HandoverBoundary::SalesToTechnical;
    let subject = match id.kind {
        Kind::Opportunity => {
            let row = held::<opportunity::Entity>(work, Type::Opportunity, id.uuid, if_version).await?;
            named::<opportunity::Entity>(&row, SubjectType::Opportunity, row.primary_campaign_id)
        }
        Kind::Asset => {
            let row = held::<asset::Entity>(work, Type::Asset, id.uuid, if_version).await?;
            named::<asset::Entity>(&row, SubjectType::Asset, None)
        }
        Kind::Ticket => {
            let row = held::<ticket::Entity>(work, Type::Ticket, id.uuid, if_version).await?;
            named::<ticket::Entity>(&row, SubjectType::Ticket, None)
        }
        _ => {
            let line = if of_sales { Type::Opportunity } else { Type::Ticket };
            let row = held::<account::Entity>(work, line, id.uuid, if_version).await?;
            named::<account::Entity>(&row, SubjectType::Account, None)
        }
    };
    let open = handover::Column::SubjectId
        .eq(subject.id)
        .and(handover::Column::Boundary.eq(boundary))
        .and(handover::Column::Outcome.is_null());
    match work.tally_unscoped::<handover::Entity>(open).await? {
        0 => Ok(subject),
        _ => Err(Error::user(UserErrorCode::StateConflict, "subjectId", "it is offered already, and not decided yet")),
    }
}

/// Takes an open offer back. Only who made it may.
pub async fn recall(cx: &Cx, input: RecallHandoverInput) -> Result<Handover> {
    let id = input.id.named("id", Kind::Handover)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<handover::Entity>(id, input.if_version, &OFFER).await?;
    if cx.caller.colleague.is_none() || seen.row().from_id != cx.caller.colleague {
        return Err(Error::forbidden("id"));
    }
    still_open(seen.row())?;
    let recalled = handover::ActiveModel {
        outcome: Set(Some(HandoverOutcome::Recalled)),
        decided_at: Set(Some(work.now())),
        decided_by_id: Set(cx.caller.colleague),
        ..Default::default()
    };
    let row = work.update::<handover::Entity>(&seen, recalled).await?;
    let lead = give_back(&mut work, &row, LeadStatus::New).await?;
    work.record(event(EventKind::HandoverRecalled, &row, lead.as_ref()));
    decision::end(&mut work, &row, false).await?;
    let seen = work.reached::<handover::Entity>(id, &OFFER).await?;
    work.commit().await?;
    Ok(Handover(seen))
}

/// Offering.
#[derive(Default)]
pub struct OfferMutation;

#[Object]
impl OfferMutation {
    /// Offers a lead, an opportunity, an account, an asset or a ticket that you may change to a colleague or a queue of the next
    /// discipline, who then decides. STATE_CONFLICT if it is offered already; for a lead that is taken or over, too. Event:
    /// `handover.offered`.
    #[graphql(directive = access_field::apply("Handover".into(), "P".into(), true, "offer".into()))]
    async fn offer_handover(&self, ctx: &Context<'_>, input: OfferHandoverInput) -> Result<OfferHandoverPayload> {
        let cx = Cx::of(ctx);
        OfferHandoverPayload::of(attempt(|| offer(cx, input.clone())).await)
    }

    /// Takes back an offer of your own that is not decided yet. STATE_CONFLICT once it is.
    #[graphql(directive = access_field::apply("Handover".into(), "P".into(), true, "offer".into()))]
    async fn recall_handover(&self, ctx: &Context<'_>, input: RecallHandoverInput) -> Result<RecallHandoverPayload> {
        let cx = Cx::of(ctx);
        RecallHandoverPayload::of(attempt(|| recall(cx, input.clone())).await)
    }
}
