//! Offering a lead to sales, and taking the offer back.

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::colleague,
    codes::{HandoverBoundary, HandoverOutcome, LeadStatus, SubjectType},
    marketing::{handover, lead},
    tenant::queue,
};
use sea_orm::Set;

use super::{
    Handover,
    decide::{give_back, still_open},
    handover::event,
    qualify::conflict,
};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, Result},
    journey::{EventKind, Work, attempt},
    payload,
    policy::{Class, access, access_field},
};

/// What an offer writes: marketing holds the right to offer, and no other, on handovers.
const OFFER: [(Class, &str); 1] = [(Class::P, "offer")];

/// A lead, offered to a colleague or a queue of sales.
#[derive(Clone, Debug, InputObject)]
pub struct OfferHandoverInput {
    /// Which lead.
    pub lead_id: GlobalId,
    /// Offer it only if the lead still has this version.
    pub if_version: Option<i32>,
    /// Whom to ask; give this or `toQueueId`.
    pub to_colleague_id: Option<GlobalId>,
    /// Which queue to ask; give this or `toColleagueId`.
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

/// Offers a lead. From now on it lies with whom it was offered to, so that they see it before its company is theirs.
pub async fn offer(cx: &Cx, input: OfferHandoverInput) -> Result<Handover> {
    let OfferHandoverInput { lead_id, if_version, to_colleague_id, to_queue_id, due_at } = input;
    if to_colleague_id.is_some() == to_queue_id.is_some() {
        return Err(Error::invalid("toColleagueId", "give either toColleagueId or toQueueId"));
    }
    let lead_id = lead_id.named("leadId", Kind::Lead)?;
    let mut work = Work::begin(cx).await?;
    if due_at.is_some_and(|due| due <= work.now()) {
        return Err(Error::invalid("dueAt", "a decision is due in the future"));
    }
    let written = [(Class::P, "status"), (Class::P, "owner"), (Class::P, "queue")];
    let seen = work.to_change::<lead::Entity>(lead_id, if_version, &written).await.map_err(at_lead)?;
    match seen.row().status {
        LeadStatus::New | LeadStatus::Rejected | LeadStatus::Returned => {}
        LeadStatus::Offered | LeadStatus::Accepted | LeadStatus::Converted | LeadStatus::Disqualified => {
            return Err(conflict("leadId", seen.row().status));
        }
    }
    let to_queue_id = work.refer_opt::<queue::Entity>("toQueueId", to_queue_id).await?;
    let to_colleague_id = match to_colleague_id {
        Some(id) => {
            let asked = work.refer::<colleague::Entity>("toColleagueId", id).await?;
            if !asked.row().is_active {
                return Err(Error::invalid("toColleagueId", "this colleague does not work here any more"));
            }
            if cx.caller.colleague == Some(asked.row().id) {
                return Err(Error::invalid("toColleagueId", "a handover goes to somebody else"));
            }
            Some(asked.row().id)
        }
        None => None,
    };
    let offered = lead::ActiveModel {
        status: Set(LeadStatus::Offered),
        owner_id: Set(to_colleague_id.or(seen.row().owner_id)),
        queue_id: Set(to_queue_id),
        ..Default::default()
    };
    let lead = work.update::<lead::Entity>(&seen, offered).await?;
    let row = work
        .insert::<handover::Entity>(handover::ActiveModel {
            boundary: Set(HandoverBoundary::MarketingToSales),
            from_id: Set(cx.caller.colleague),
            to_colleague_id: Set(to_colleague_id),
            to_queue_id: Set(to_queue_id),
            subject_type: Set(SubjectType::Lead),
            subject_id: Set(lead.id),
            account_id: Set(lead.account_id),
            campaign_id: Set(lead.campaign_id),
            offered_at: Set(work.now()),
            due_at: Set(due_at),
            automatic: Set(false),
            ..Default::default()
        })
        .await?;
    work.record(event(EventKind::HandoverOffered, &row, Some(&lead)));
    // The lead need not be reached afterwards: to offer it is to give it away.
    let seen = work.reached::<handover::Entity>(row.id, &OFFER).await?;
    work.commit().await?;
    Ok(Handover(seen))
}

/// A miss of the lead, at the field that named it.
fn at_lead(error: Error) -> Error {
    match error {
        Error::User(mut errors) => {
            errors.iter_mut().filter(|error| error.path == ["id"]).for_each(|error| error.path = vec!["leadId".into()]);
            Error::User(errors)
        }
        other => other,
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
    let seen = work.reached::<handover::Entity>(id, &OFFER).await?;
    work.commit().await?;
    Ok(Handover(seen))
}

/// Offering.
#[derive(Default)]
pub struct OfferMutation;

#[Object]
impl OfferMutation {
    /// Offers a lead to a colleague or a queue of sales, who then decides. STATE_CONFLICT if it is offered or taken already,
    /// or over.
    #[graphql(
        directive = access_field::apply("Handover".into(), "P".into(), true, "offer".into()),
        directive = access::apply("Lead".into(), "P".into(), true)
    )]
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
