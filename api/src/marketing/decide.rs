//! Deciding a handover: accept, reject with a reason, give back. The reason reaches the campaign.

use async_graphql::{Context, Object};
use entities::{
    account::colleague,
    codes::{HandoverBoundary, HandoverOutcome, LeadStatus, ReasonCode, SubjectType},
    marketing::{handover, lead},
};
use sea_orm::{ActiveValue::NotSet, Set};
use uuid::Uuid;

use super::{Handover, MAX_TEXT, handover::event, person, words};
use crate::{
    account::{
        relation::{self, Turn},
        team,
    },
    graph::{Cx, Error, GlobalId, Kind, Result, UserErrorCode},
    input,
    journey::{EventKind, Work, attempt},
    payload,
    policy::{Class, access},
    service::decision,
};

input! {
    /// The receiver takes what is offered.
    AcceptHandoverInput for Handover {
        /// A mark for its quality: 1 (poor) to 5 (excellent).
        D rating: Option<i32>;
        /// In words, at most 10,000 characters.
        T comment: Option<String>;
    }
    plain {
        /// Which handover.
        id: GlobalId;
        /// Decide only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// What is offered is refused, with the reason.
    RejectHandoverInput for Handover {
        /// Why.
        P reason_code: ReasonCode;
        /// A mark for its quality: 1 (poor) to 5 (excellent).
        D rating: Option<i32>;
        /// In words, at most 10,000 characters.
        T comment: Option<String>;
    }
    plain {
        /// Which handover.
        id: GlobalId;
        /// Decide only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// What was offered, or taken already, goes back.
    ReturnHandoverInput for Handover {
        /// Why.
        P reason_code: ReasonCode;
        /// In words, at most 10,000 characters.
        T comment: Option<String>;
    }
    plain {
        /// Which handover.
        id: GlobalId;
        /// Decide only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `acceptHandover` answers.
    AcceptHandoverPayload {
        /// The decided handover; null if the decision was refused.
        handover: Handover
    }
}

payload! {
    /// What `rejectHandover` answers.
    RejectHandoverPayload {
        /// The decided handover; null if the decision was refused.
        handover: Handover
    }
}

payload! {
    /// What `returnHandover` answers.
    ReturnHandoverPayload {
        /// The handover that went back; null if that was refused.
        handover: Handover
    }
}

/// A decision.
struct Decision {
    outcome: HandoverOutcome,
    kind: EventKind,
    reason_code: Option<ReasonCode>,
    rating: Option<i32>,
    comment: Option<String>,
}

/// Refuses to decide twice.
pub(super) fn still_open(row: &handover::Model) -> Result<()> {
    match row.outcome {
        None => Ok(()),
        Some(outcome) => Err(closed(outcome)),
    }
}

fn closed(outcome: HandoverOutcome) -> Error {
    Error::user(UserErrorCode::StateConflict, "id", format!("the handover is {outcome}"))
}

/// Accepts.
pub async fn accept(cx: &Cx, input: AcceptHandoverInput) -> Result<Handover> {
    let written = input.written();
    let AcceptHandoverInput { id, if_version, rating, comment } = input;
    let outcome = HandoverOutcome::Accepted;
    let decision = Decision { outcome, kind: EventKind::HandoverAccepted, reason_code: None, rating, comment };
    decide(cx, id, if_version, written, decision).await
}

/// Rejects.
pub async fn reject(cx: &Cx, input: RejectHandoverInput) -> Result<Handover> {
    let written = input.written();
    let RejectHandoverInput { id, if_version, reason_code, rating, comment } = input;
    let (outcome, reason_code) = (HandoverOutcome::Rejected, Some(reason_code));
    let decision = Decision { outcome, kind: EventKind::HandoverRejected, reason_code, rating, comment };
    decide(cx, id, if_version, written, decision).await
}

/// Gives back.
pub async fn give_back_to_sender(cx: &Cx, input: ReturnHandoverInput) -> Result<Handover> {
    let written = input.written();
    let ReturnHandoverInput { id, if_version, reason_code, comment } = input;
    let (outcome, reason_code) = (HandoverOutcome::Returned, Some(reason_code));
    let decision = Decision { outcome, kind: EventKind::HandoverReturned, reason_code, rating: None, comment };
    decide(cx, id, if_version, written, decision).await
}

async fn decide(
    cx: &Cx,
    id: GlobalId,
    if_version: Option<i32>,
    mut written: Vec<(Class, &'static str)>,
    decision: Decision,
) -> Result<Handover> {
    written.push((Class::P, "outcome"));
    let Decision { outcome, kind, reason_code, rating, comment } = decision;
    if rating.is_some_and(|rating| !(1..=5).contains(&rating)) {
        return Err(Error::invalid("rating", "1 to 5"));
    }
    let comment = words("comment", comment, MAX_TEXT)?;
    let id = id.named("id", Kind::Handover)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<handover::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    // The right to write is held by whom it was offered to, by the account's team, and by who offered it. The last may take
    // it back, but not decide, not even out of a queue of its own: else one person alone could join any account.
    if before.from_id.is_some() && before.from_id == cx.caller.colleague {
        return Err(Error::forbidden("id"));
    }
    let first = match (before.outcome, outcome) {
        (None, _) => true,
        // Taken first, given back later.
        (Some(HandoverOutcome::Accepted), HandoverOutcome::Returned) => false,
        (Some(held), _) => return Err(closed(held)),
    };
    let decided = handover::ActiveModel {
        outcome: Set(Some(outcome)),
        decided_at: if first { Set(Some(work.now())) } else { NotSet },
        decided_by_id: if first { Set(cx.caller.colleague) } else { NotSet },
        reason_code: Set(reason_code),
        rating: if rating.is_some() { Set(rating) } else { NotSet },
        comment: if comment.is_some() { Set(comment) } else { NotSet },
        ..Default::default()
    };
    let row = work.update::<handover::Entity>(&seen, decided).await?;
    let lead = match outcome {
        HandoverOutcome::Accepted => {
            // A promise to look after somebody needs the means: the account, its people, what happened with them so far.
            if let Some(account) = row.account_id {
                team::join(&mut work, cx, account).await?;
            }
            take(&mut work, cx, &row).await?
        }
        HandoverOutcome::Rejected => give_back(&mut work, &row, LeadStatus::Rejected).await?,
        HandoverOutcome::Returned => give_back(&mut work, &row, LeadStatus::Returned).await?,
        HandoverOutcome::Expired | HandoverOutcome::Recalled => None,
    };
    work.record(event(kind, &row, lead.as_ref()));
    decision::end(&mut work, &row, first).await?;
    if (row.boundary, outcome) == (HandoverBoundary::TechnicalToService, HandoverOutcome::Accepted) {
        relation::follow(&mut work, cx, row.account_id, Turn::InUse).await?;
    }
    let person = lead.as_ref().and_then(|lead| lead.contact_id);
    match outcome {
        HandoverOutcome::Accepted => person::advance(&mut work, cx, person, "SAL", "handover accepted").await?,
        HandoverOutcome::Rejected => person::set_aside(&mut work, cx, person, "RECYCLED", "handover rejected").await?,
        HandoverOutcome::Returned => person::set_aside(&mut work, cx, person, "RECYCLED", "handover returned").await?,
        HandoverOutcome::Expired | HandoverOutcome::Recalled => {}
    }
    let seen = work.reached::<handover::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Handover(seen))
}

/// The lead that is handed over, whoever may reach it: who decides the handover decides on it.
async fn handed_over(work: &Work<'_>, row: &handover::Model) -> Result<Option<lead::Model>> {
    match row.subject_type {
        SubjectType::Lead => work.follow_unscoped::<lead::Entity>(row.subject_id).await,
        _ => Ok(None),
    }
}

/// The lead is the decider's now.
async fn take(work: &mut Work<'_>, cx: &Cx, row: &handover::Model) -> Result<Option<lead::Model>> {
    let Some(lead) = handed_over(work, row).await? else { return Ok(None) };
    let taken = lead::ActiveModel {
        status: Set(LeadStatus::Accepted),
        owner_id: Set(cx.caller.colleague),
        queue_id: Set(None),
        ..Default::default()
    };
    Ok(Some(work.update_row::<lead::Entity>(&lead, taken).await?))
}

/// The lead lies with who offered it again. One that has gone further since is not called back: STATE_CONFLICT.
pub(super) async fn give_back(
    work: &mut Work<'_>,
    row: &handover::Model,
    status: LeadStatus,
) -> Result<Option<lead::Model>> {
    let Some(lead) = handed_over(work, row).await? else { return Ok(None) };
    match lead.status {
        LeadStatus::Offered | LeadStatus::Accepted => {}
        LeadStatus::New
        | LeadStatus::Rejected
        | LeadStatus::Returned
        | LeadStatus::Converted
        | LeadStatus::Disqualified => return Err(super::qualify::conflict("id", lead.status)),
    }
    let back = lead::ActiveModel {
        status: Set(status),
        owner_id: Set(still_here(work, row.from_id).await?),
        queue_id: Set(None),
        ..Default::default()
    };
    Ok(Some(work.update_row::<lead::Entity>(&lead, back).await?))
}

/// The colleague, unless it has left: nobody who has is given anything to look after.
async fn still_here(work: &Work<'_>, id: Option<Uuid>) -> Result<Option<Uuid>> {
    let Some(id) = id else { return Ok(None) };
    let colleague = work.follow_unscoped::<colleague::Entity>(id).await?;
    Ok(colleague
        .filter(|colleague| colleague.is_active && colleague.deleted_at.is_none())
        .map(|colleague| colleague.id))
}

/// Deciding.
#[derive(Default)]
pub struct DecideMutation;

#[Object]
impl DecideMutation {
    /// Takes what is offered to you, your queue or an account whose team you edit with on the receiving side: you join the
    /// account's team; a lead is yours, and its person becomes SAL. FORBIDDEN for who offered it. STATE_CONFLICT if it is
    /// decided already.
    #[graphql(directive = access::apply("Handover".into(), "P".into(), true))]
    async fn accept_handover(&self, ctx: &Context<'_>, input: AcceptHandoverInput) -> Result<AcceptHandoverPayload> {
        let cx = Cx::of(ctx);
        AcceptHandoverPayload::of(attempt(|| accept(cx, input.clone())).await)
    }

    /// Refuses what is offered, with the reason, which marketing reads: a lead goes back, its person becomes RECYCLED.
    /// STATE_CONFLICT if it is decided already.
    #[graphql(directive = access::apply("Handover".into(), "P".into(), true))]
    async fn reject_handover(&self, ctx: &Context<'_>, input: RejectHandoverInput) -> Result<RejectHandoverPayload> {
        let cx = Cx::of(ctx);
        RejectHandoverPayload::of(attempt(|| reject(cx, input.clone())).await)
    }

    /// Gives back what is offered, or what was taken and did not become anything: a lead goes back, its person becomes
    /// RECYCLED. STATE_CONFLICT if it was rejected or went back already, or if the lead became an opportunity.
    #[graphql(directive = access::apply("Handover".into(), "P".into(), true))]
    async fn return_handover(&self, ctx: &Context<'_>, input: ReturnHandoverInput) -> Result<ReturnHandoverPayload> {
        let cx = Cx::of(ctx);
        ReturnHandoverPayload::of(attempt(|| give_back_to_sender(cx, input.clone())).await)
    }
}
