//! The use cases of a ticket.

use async_graphql::MaybeUndefined;
use entities::{
    account::{account, contact},
    codes::{StageObject, TicketPriority, TicketStatus, Wing},
    sales::contract,
    service::{asset, ticket},
    tenant::queue,
};
use sea_orm::{
    ActiveValue::{self, NotSet},
    Set,
};
use uuid::Uuid;

use super::{AssignTicketInput, ChangeTicketStatusInput, CreateTicketInput, EscalateTicketInput, Ticket};
use crate::{
    account::ground,
    graph::{Cx, Error, GlobalId, Kind, Result, UserErrorCode, text},
    journey::{Event, EventKind, Payload, Work},
    policy::{Class, Type},
    service::clock,
};

/// What an event about a ticket keeps.
pub(crate) fn payload_of(ticket: &ticket::Model, before: TicketStatus) -> Payload {
    Payload::Ticket {
        status_before: Some(before.as_str().to_owned()),
        status_after: Some(ticket.status.as_str().to_owned()),
        priority: Some(ticket.priority.as_str().to_owned()),
        assignee_id: ticket.owner_id,
        queue_id: ticket.queue_id,
    }
}

/// A closed ticket is over.
pub(crate) fn closed(path: &str) -> Error {
    Error::user(UserErrorCode::StateConflict, path, "the ticket is closed")
}

pub(crate) fn event(kind: EventKind, ticket: &ticket::Model, before: TicketStatus) -> Event {
    Event::of::<ticket::Entity>(kind, ticket, payload_of(ticket, before)).queue(ticket.queue_id)
}

/// A queue in which tickets wait.
async fn service_queue(work: &Work<'_>, id: Option<GlobalId>) -> Result<Option<Uuid>> {
    let Some(id) = id else { return Ok(None) };
    let queue = work.refer::<queue::Entity>("queueId", id).await?;
    match queue.row().wing == Wing::Service {
        true => Ok(Some(queue.row().id)),
        false => Err(Error::invalid("queueId", "tickets wait in queues of the service wing")),
    }
}

/// Opens a ticket, numbers it, and starts its clocks.
pub async fn create(cx: &Cx, input: CreateTicketInput) -> Result<Ticket> {
    let written = input.written();
    let CreateTicketInput {
        subject,
        priority,
        account_id,
        contact_id,
        asset_id,
        contract_id,
        category,
        channel,
        queue_id,
        owner_id,
    } = input;
    let subject = text("subject", subject, 1000)?;
    let category = category.map(|category| text("category", category, 100)).transpose()?;
    let mut work = Work::begin(cx).await?;
    let asset = match asset_id {
        Some(id) => Some(work.refer::<asset::Entity>("assetId", id).await?),
        None => None,
    };
    let contact = match contact_id {
        Some(id) => Some(work.refer::<contact::Entity>("contactId", id).await?),
        None => None,
    };
    let account_id = work
        .refer_opt::<account::Entity>("accountId", account_id)
        .await?
        .or(asset.as_ref().map(|asset| asset.row().account_id))
        .or(contact.as_ref().and_then(|contact| contact.row().account_id));
    if asset.as_ref().is_some_and(|asset| Some(asset.row().account_id) != account_id) {
        return Err(Error::invalid("assetId", "the asset stands at another customer's"));
    }
    ground::may_stand(&work, Type::Ticket, "accountId", account_id).await?;
    let contact_id = ground::person_opt(&work, "contactId", contact_id, account_id).await?;
    let contract = match contract_id {
        Some(id) => Some(work.refer::<contract::Entity>("contractId", id).await?),
        None => None,
    };
    if contract.as_ref().is_some_and(|contract| Some(contract.row().account_id) != account_id) {
        return Err(Error::invalid("contractId", "the contract is another customer's"));
    }
    let queue_id = service_queue(&work, queue_id).await?;
    let owner_id = ground::owner(&work, "ownerId", owner_id).await?;
    let row = ticket::ActiveModel {
        account_id: Set(account_id),
        contact_id: Set(contact_id),
        asset_id: Set(asset.map(|asset| asset.row().id)),
        contract_id: Set(contract.map(|contract| contract.row().id)),
        number: Set(Some(work.next_number_unscoped::<ticket::Entity>(ticket::Column::Number).await?)),
        subject: Set(subject),
        status: Set(TicketStatus::New),
        priority: Set(priority.unwrap_or(TicketPriority::Normal)),
        category: Set(category),
        // What is in no queue and nobody's would be lost.
        owner_id: Set(owner_id.or(cx.caller.colleague.filter(|_| queue_id.is_none()))),
        queue_id: Set(queue_id),
        channel: Set(channel),
        reopened_count: Set(0),
        ..Default::default()
    };
    let row = work.insert::<ticket::Entity>(row).await?;
    work.record(event(EventKind::TicketCreated, &row, TicketStatus::New));
    work.enter_stage::<ticket::Entity>(StageObject::Ticket, &row, row.status.as_str(), "created", cx.caller.colleague)
        .await?;
    clock::start(cx, &mut work, &row).await?;
    let seen = work.reached::<ticket::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Ticket(seen))
}

/// Gives a ticket to a colleague, to a queue, or back.
pub async fn assign(cx: &Cx, input: AssignTicketInput) -> Result<Ticket> {
    let written = input.written();
    let AssignTicketInput { id, if_version, owner_id, queue_id } = input;
    if owner_id.is_undefined() && queue_id.is_undefined() {
        return Err(Error::invalid("", "say which colleague or queue"));
    }
    let id = id.named("id", Kind::Ticket)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<ticket::Entity>(id, if_version, &written).await?;
    let before = seen.row().status;
    if before == TicketStatus::Closed {
        return Err(closed("id"));
    }
    let row = ticket::ActiveModel {
        owner_id: ground::owner_patch(&work, "ownerId", seen.row().owner_id, owner_id).await?,
        queue_id: match queue_id {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => Set(None),
            MaybeUndefined::Value(id) => Set(service_queue(&work, Some(id)).await?),
        },
        ..Default::default()
    };
    let row = work.update::<ticket::Entity>(&seen, row).await?;
    if (row.owner_id, row.queue_id) != (seen.row().owner_id, seen.row().queue_id) {
        work.record(event(EventKind::TicketAssigned, &row, before));
    }
    let seen = work.reached::<ticket::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Ticket(seen))
}

/// What a change of status means beside itself.
pub(crate) fn step(before: TicketStatus, after: TicketStatus) -> Result<Option<EventKind>> {
    use TicketStatus::{Closed, New, OnHold, Open, PendingCustomer, Solved};
    match (before, after) {
        (Closed, _) => Err(closed("id")),
        (Open | PendingCustomer | OnHold | Solved, New) => {
            Err(Error::user(UserErrorCode::StateConflict, "status", "a ticket is new only once"))
        }
        (New | Open | PendingCustomer | OnHold, Solved) => Ok(Some(EventKind::TicketSolved)),
        (New | Open | PendingCustomer | OnHold | Solved, Closed) => Ok(Some(EventKind::TicketClosed)),
        (Solved, Open | PendingCustomer | OnHold) => Ok(Some(EventKind::TicketReopened)),
        (New | Open | PendingCustomer | OnHold, Open | PendingCustomer | OnHold) | (New, New) | (Solved, Solved) => {
            Ok(None)
        }
    }
}

/// Moves a ticket on, back or out, and turns its clocks. The same status again changes nothing.
pub async fn change_status(cx: &Cx, input: ChangeTicketStatusInput) -> Result<Ticket> {
    let written = input.written();
    let ChangeTicketStatusInput { id, if_version, status } = input;
    let id = id.named("id", Kind::Ticket)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<ticket::Entity>(id, if_version, &written).await?;
    let old = seen.row();
    let meaning = step(old.status, status)?;
    if old.status == status {
        return Ok(Ticket(seen));
    }
    let now = work.now();
    let (mut solved_at, mut closed_at, mut reopened_count) = (NotSet, NotSet, NotSet);
    match meaning {
        Some(EventKind::TicketSolved) => solved_at = Set(Some(now)),
        Some(EventKind::TicketClosed) => closed_at = Set(Some(now)),
        Some(EventKind::TicketReopened) => {
            solved_at = Set(None);
            reopened_count = Set(old.reopened_count + 1);
        }
        _ => {}
    }
    let row = ticket::ActiveModel { status: Set(status), solved_at, closed_at, reopened_count, ..Default::default() };
    let row = work.update::<ticket::Entity>(&seen, row).await?;
    work.record(event(EventKind::TicketStatusChanged, &row, old.status));
    if let Some(meaning) = meaning {
        work.record(event(meaning, &row, old.status));
    }
    work.enter_stage::<ticket::Entity>(StageObject::Ticket, &row, status.as_str(), "changed", cx.caller.colleague)
        .await?;
    clock::follow_status(cx, &mut work, old.status, &row).await?;
    let seen = work.reached::<ticket::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Ticket(seen))
}

/// One step more urgent; URGENT stays.
const fn higher(priority: TicketPriority) -> TicketPriority {
    match priority {
        TicketPriority::Low => TicketPriority::Normal,
        TicketPriority::Normal => TicketPriority::High,
        TicketPriority::High | TicketPriority::Urgent => TicketPriority::Urgent,
    }
}

/// Calls for help: more urgent, and to another queue or colleague where one is named. The promises stay as they were made.
pub async fn escalate(cx: &Cx, input: EscalateTicketInput) -> Result<Ticket> {
    let mut written = input.written();
    written.push((Class::P, "priority"));
    let EscalateTicketInput { id, if_version, priority, queue_id, owner_id } = input;
    let id = id.named("id", Kind::Ticket)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<ticket::Entity>(id, if_version, &written).await?;
    let old = seen.row();
    if matches!(old.status, TicketStatus::Solved | TicketStatus::Closed) {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "the ticket is solved or closed"));
    }
    let given = |id: Option<Uuid>| -> ActiveValue<Option<Uuid>> { id.map_or(NotSet, |id| Set(Some(id))) };
    let row = ticket::ActiveModel {
        priority: Set(priority.unwrap_or(higher(old.priority))),
        queue_id: given(service_queue(&work, queue_id).await?),
        owner_id: given(ground::owner(&work, "ownerId", owner_id).await?),
        ..Default::default()
    };
    let row = work.update::<ticket::Entity>(&seen, row).await?;
    work.record(event(EventKind::TicketEscalated, &row, old.status));
    let seen = work.reached::<ticket::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Ticket(seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_is_the_end_and_new_the_beginning() {
        for status in TicketStatus::ALL {
            assert!(step(TicketStatus::Closed, *status).is_err(), "CLOSED to {status}");
            assert_eq!(step(*status, TicketStatus::New).is_ok(), *status == TicketStatus::New, "{status} to NEW");
        }
    }

    #[test]
    fn each_step_has_its_meaning() {
        let meaning = |before, after| step(before, after).expect("allowed");
        assert_eq!(meaning(TicketStatus::New, TicketStatus::Open), None);
        assert_eq!(meaning(TicketStatus::OnHold, TicketStatus::Solved), Some(EventKind::TicketSolved));
        assert_eq!(meaning(TicketStatus::Solved, TicketStatus::Open), Some(EventKind::TicketReopened));
        assert_eq!(meaning(TicketStatus::Solved, TicketStatus::Closed), Some(EventKind::TicketClosed));
    }
}
