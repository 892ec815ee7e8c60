//! The handover: something passed from one discipline to the next, for a decision. One object for every boundary.

use async_graphql::{Context, Union};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, colleague, contact},
    codes::{HandoverBoundary, HandoverOutcome, ReasonCode, SubjectType},
    marketing::{campaign, handover, lead},
    sales::opportunity,
    service::{asset, ticket},
    tenant::queue,
};
use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, ExprTrait},
};

use super::{Campaign, Lead};
use crate::{
    account::{Account, Colleague, Contact, Queue},
    graph::{AnyOf, Cx, Direction, Ids, List, PageArgs, Result, TimeFilter, one},
    journey::{Event, EventKind, Payload},
    listed, object,
    policy::{Class, access},
    sales::Opportunity,
    service::{Asset, Ticket},
    teamwork,
};

object! {
    /// Something passed from one discipline to the next, for a decision: a lead to sales, a sale to the technicians, an
    /// installation to service, a chance or a danger back to sales.
    Handover(handover::Entity) as Handover, id Handover {
        /// Between which two disciplines.
        P boundary: HandoverBoundary = |row| row.boundary;
        /// What sort of thing is handed over.
        P subject_type: SubjectType = |row| row.subject_type;
        /// When it was offered (UTC).
        P offered_at: DateTime<Utc> = |row| row.offered_at;
        /// By when a decision is due (UTC); null where nobody said so.
        P due_at: DateTime<Utc> = |row| row.due_at;
        /// When it was decided (UTC); null while open. Giving it back later does not move it.
        P decided_at: DateTime<Utc> = |row| row.decided_at;
        /// How it ended; null while open.
        P outcome: HandoverOutcome = |row| row.outcome;
        /// Why it was rejected or given back; null otherwise.
        P reason_code: ReasonCode = |row| row.reason_code;
        /// The receiver's mark for the quality of what was handed over: 1 (poor) to 5 (excellent); null where none was given.
        D rating: i32 = |row| row.rating;
        /// The receiver's words.
        T comment: String = |row| row.comment.clone();
        /// True when a rule offered it, not a person.
        P automatic: bool = |row| row.automatic;
    }
    refs {
        /// Who offers it; null for a machine.
        P from: Colleague = colleague::Entity, |row| row.from_id;
        /// Who is asked; null when a queue is.
        P to_colleague: Colleague = colleague::Entity, |row| row.to_colleague_id;
        /// Which queue is asked; null when a person is.
        P to_queue: Queue = queue::Entity, |row| row.to_queue_id;
        /// Who decided; null while open, and for a machine.
        P decided_by: Colleague = colleague::Entity, |row| row.decided_by_id;
        /// The account of what is handed over; null where it has none yet.
        P account: Account = account::Entity, |row| row.account_id;
        /// The campaign that the answer goes back to; null where there is none.
        P campaign: Campaign = campaign::Entity, |row| row.campaign_id;
    }
    teamwork Handover;
    edges {
        /// What is handed over; null where you may not see it.
        #[graphql(directive = access::apply("Handover".into(), "P".into(), false))]
        pub async fn subject(&self, ctx: &Context<'_>) -> Result<Option<HandoverSubject>> {
            let cx = Cx::of(ctx);
            let Some(id) = self.0.read(Class::P, "subject", |row| row.subject_id) else { return Ok(None) };
            Ok(match self.0.row().subject_type {
                SubjectType::Lead => one::<lead::Entity, Lead>(cx, id).await?.map(HandoverSubject::Lead),
                SubjectType::Account => one::<account::Entity, Account>(cx, id).await?.map(HandoverSubject::Account),
                SubjectType::Contact => one::<contact::Entity, Contact>(cx, id).await?.map(HandoverSubject::Contact),
                SubjectType::Opportunity => {
                    one::<opportunity::Entity, Opportunity>(cx, id).await?.map(HandoverSubject::Opportunity)
                }
                SubjectType::Asset => one::<asset::Entity, Asset>(cx, id).await?.map(HandoverSubject::Asset),
                SubjectType::Ticket => one::<ticket::Entity, Ticket>(cx, id).await?.map(HandoverSubject::Ticket),
                // Nobody hands these over.
                SubjectType::Visitor | SubjectType::Campaign | SubjectType::Industry => None,
            })
        }

        /// The lead that is handed over; null where it is something else, and where you may not see it.
        #[graphql(directive = access::apply("Handover".into(), "P".into(), false))]
        pub async fn lead(&self, ctx: &Context<'_>) -> Result<Option<Lead>> {
            let lead = self.0.read(Class::P, "subject", |row| {
                (row.subject_type == SubjectType::Lead).then_some(row.subject_id)
            });
            one::<lead::Entity, Lead>(Cx::of(ctx), lead).await
        }
    }
}

/// What can be handed over.
#[derive(Clone, Union)]
pub enum HandoverSubject {
    /// A lead.
    Lead(Lead),
    /// An account.
    Account(Account),
    /// A contact.
    Contact(Contact),
    /// An opportunity.
    Opportunity(Opportunity),
    /// An installed asset.
    Asset(Asset),
    /// A ticket.
    Ticket(Ticket),
}

/// An event of a handover, about what is handed over, too.
pub(super) fn event(kind: EventKind, row: &handover::Model, lead: Option<&lead::Model>) -> Event {
    let payload = Payload::Handover {
        boundary: row.boundary.as_str().to_owned(),
        subject_type: row.subject_type.as_str().to_owned(),
        subject_id: row.subject_id,
        reason: row.reason_code.map(|reason| reason.as_str().to_owned()),
        rating: row.rating,
    };
    Event::of::<handover::Entity>(kind, row, payload)
        .about(row.subject_type, row.subject_id)
        .about(SubjectType::Contact, lead.and_then(|lead| lead.contact_id))
        .about(SubjectType::Visitor, lead.and_then(|lead| lead.visitor_id))
        .queue(row.to_queue_id)
        .colleague(row.to_colleague_id)
}

/// The open handovers that wait for the caller or one of its queues, oldest first.
pub async fn inbox(cx: &Cx, args: PageArgs) -> Result<List<Handover>> {
    let mine = match cx.caller.colleague {
        Some(colleague) => handover::Column::ToColleagueId.eq(colleague),
        None => Expr::val(1).eq(0),
    };
    let waiting = match cx.caller.queues.as_slice() {
        [] => mine,
        queues => mine.or(handover::Column::ToQueueId.is_in(queues.iter().copied())),
    };
    let rows = cx.caller.rows::<handover::Entity>().filter(handover::Column::Outcome.is_null()).filter(waiting);
    crate::graph::list(cx, rows, args, Direction::Rising).await
}

listed! {
    /// One handover; null if there is none that you may see.
    handover,
    /// The handovers that you may see, newest first unless sorted.
    handovers: Handover(handover::Entity) as Handover, id Handover, Falling;
    query HandoverQuery, filter HandoverFilter, sort HandoverSort {
        /// By the boundary that it crosses.
        P boundary: AnyOf<HandoverBoundary> = Boundary;
        /// By what became of it; null stands for those that wait.
        P outcome: AnyOf<HandoverOutcome> = Outcome;
        /// By why it was rejected or returned.
        P reason_code: AnyOf<ReasonCode> = ReasonCode;
        /// By who offered.
        P from_id: Ids = FromId, of Colleague;
        /// By to whom it was offered.
        P to_colleague_id: Ids = ToColleagueId, of Colleague;
        /// By the queue to which it was offered.
        P to_queue_id: Ids = ToQueueId, of Queue;
        /// By company.
        P account_id: Ids = AccountId, of Account;
        /// By campaign.
        P campaign_id: Ids = CampaignId, of Campaign;
        /// By what is handed over.
        P subject_id: Ids = SubjectId;
        /// By when it was offered.
        P offered_at: TimeFilter = OfferedAt;
        /// By until when it is to be decided.
        P due_at: TimeFilter = DueAt;
        /// By when it was decided.
        P decided_at: TimeFilter = DecidedAt;
    }
}
