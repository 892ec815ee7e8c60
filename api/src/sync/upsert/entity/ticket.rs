//! Tickets. One that another system opened, answered or solved was opened, answered or solved then: its events, its stages and its
//! clocks stand at those moments.

use std::collections::{HashMap, HashSet};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Utc};
use entities::{
    account::contact,
    codes::{StageObject, TicketChannel, TicketPriority, TicketStatus, Wing},
    sales::contract,
    service::{asset, sla_clock, survey_answer, ticket, ticket_message},
    tenant::queue,
};
use sea_orm::{ActiveValue, Set};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, Scene, Shaped, plain, stands},
    named::{self, Names, moment, note, possible, required},
    touchpoint::said,
};
use crate::{
    account::ground,
    graph::{Error, Result, UserErrorCode, patch_required, patch_text, text},
    journey::{Event, EventKind, History, Work},
    policy::{Seen, Type},
    service::{
        clock::{self, Begun, Happened},
        ticket::{closed, event, step},
    },
    synced,
};

synced! {
    /// What a source says of a ticket: absent leaves, null clears.
    Tickets of Ticket: ticket::Entity as Ticket;
    set TicketSetInput, row UpsertTicketRowInput, input UpsertTicketsInput;
    /// Creates and updates tickets, each known by its key in a source; a new one gets a number, and its clocks if it is not over.
    /// STATE_CONFLICT once it is closed. Events: `ticket.created`, `ticket.assigned`, `ticket.status_changed`, `ticket.solved`,
    /// `ticket.reopened`, `ticket.closed`, when that happened.
    mutation UpsertTickets, upsert_tickets, class P;
    fields {
        /// What it is about, at most 1,000 characters. A new ticket needs it.
        T subject: String = subject by topic;
        /// How urgent it is; NORMAL unless said. Decides which promise runs for a new one; promises that were made stay.
        P priority: TicketPriority = priority by required;
        /// A code of the tenant's own list, at most 100 characters.
        P category: String = category by category;
        /// How it came in.
        P channel: TicketChannel = channel by plain;
        /// Where it stands; NEW unless said; never NEW again, and from CLOSED to nowhere. Its clocks follow.
        P status: TicketStatus = status by required;
    }
    beside {
        /// The queue of the service wing in which it waits, by its code or its name.
        P queue: String;
        /// When it was opened in its system: when `ticket.created` happened, and its clocks began. Of a ticket that is known it says
        /// nothing. A moment before 1970 or more than 24 hours ahead is taken as now, and the event says that its time is uncertain.
        P created_at: DateTime<Utc>;
        /// When a human answered first, where nobody knows that yet: keeps the promise of FIRST_RESPONSE, if it was in time.
        P first_response_at: DateTime<Utc>;
        /// When it was solved, with a status that says so: now unless said. Of one that is solved already, it stays.
        P solved_at: DateTime<Utc>;
        /// When it was closed, with a status that says so: now unless said.
        P closed_at: DateTime<Utc>;
    }
    relations TicketRelationsInput {
        /// The customer: the asset's, contract's or contact's unless said. One that was not known may be told later; messages, clocks and
        /// answers follow. A known customer stays: STATE_CONFLICT.
        P account: Account = account_id;
        /// Who asks.
        P contact: Contact = contact_id;
        /// The asset that it is about; of the same customer.
        P asset: Asset = asset_id;
        /// What entitles the customer to help; of the same customer.
        P contract: Contract = contract_id;
        /// Who works on it.
        P owner: Colleague = owner_id;
    }
    require ["subject"];
    lookup Lookup;
    lasting;
    shapes judge;
}

/// What a batch of tickets looks up.
pub struct Lookup {
    queues: Names,
    rows: Vec<queue::Model>,
}

fn topic(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<String>> {
    match patch_required(path, value)? {
        Set(subject) => text(path, subject, 1000).map(Set),
        other => Ok(other),
    }
}

fn category(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<Option<String>>> {
    patch_text(value, |value| value.map(|value| text(path, value, 100)).transpose())
}

fn over(status: TicketStatus) -> bool {
    matches!(status, TicketStatus::Solved | TicketStatus::Closed)
}

/// A moment that a row says and that is possible.
fn told(said: &MaybeUndefined<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    said.value().copied().filter(|moment| possible(*moment, now))
}

impl Tickets {
    async fn prepare(work: &mut Work<'_>, _: &Scene<'_>, sets: &[&TicketSetInput]) -> Result<Lookup> {
        let (queues, rows) = named::queues(work, sets.iter().map(|set| &set.queue)).await?;
        Ok(Lookup { queues, rows })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &TicketSetInput,
        held: Option<&ticket::Model>,
        row: &mut ticket::ActiveModel,
    ) -> Result<()> {
        row.queue_id = lookup.queues.column("set.queue", &set.queue)?;
        if said(&row.queue_id).is_some_and(|id| lookup.rows.iter().any(|row| row.id == id && row.wing != Wing::Service))
        {
            return Err(Error::invalid("set.queue", "tickets wait in queues of the service wing"));
        }
        if held.is_none() {
            if row.status.is_not_set() {
                row.status = Set(TicketStatus::New);
            }
            if row.priority.is_not_set() {
                row.priority = Set(TicketPriority::Normal);
            }
            row.reopened_count = Set(0);
            // What is in no queue and nobody's would be lost.
            if said(&row.owner_id).is_none() && said(&row.queue_id).is_none() {
                row.owner_id = Set(scene.cx.caller.colleague);
            }
        }
        let before = held.map_or(TicketStatus::New, |held| held.status);
        let after = stands(&row.status, held.map(|held| held.status)).unwrap_or(TicketStatus::New);
        let opened = moment(&set.created_at, scene.now).0;
        if held.is_none_or(|held| held.first_response_at.is_none())
            && let Some(at) = told(&set.first_response_at, scene.now)
        {
            row.first_response_at = Set(Some(at));
        }
        if held.is_some() && before == after {
            return Ok(());
        }
        if held.is_some() {
            let meaning = step(before, after).map_err(|_| match before {
                TicketStatus::Closed => closed("set.status"),
                _ => Error::user(UserErrorCode::StateConflict, "set.status", "a ticket is new only once"),
            })?;
            if meaning == Some(EventKind::TicketReopened) {
                row.solved_at = Set(None);
                row.reopened_count = Set(held.map_or(0, |held| held.reopened_count) + 1);
            }
        }
        if !over(after) {
            return Ok(());
        }
        let solved = told(&set.solved_at, scene.now);
        let shut = (after == TicketStatus::Closed).then(|| told(&set.closed_at, scene.now).unwrap_or(scene.now));
        let first = if held.is_none() { opened } else { DateTime::UNIX_EPOCH };
        if solved.is_some_and(|at| at < first) {
            return Err(Error::invalid("set.solvedAt", "a ticket is solved after it was opened"));
        }
        if shut.is_some_and(|at| at < solved.unwrap_or(first)) {
            return Err(Error::invalid("set.closedAt", "a ticket is closed after it was opened and solved"));
        }
        if before != TicketStatus::Solved {
            row.solved_at = match after {
                TicketStatus::Solved => Set(Some(solved.unwrap_or(scene.now))),
                _ => Set(solved),
            };
        }
        if shut.is_some() {
            row.closed_at = Set(shut);
        }
        Ok(())
    }

    /// Whose ticket it is, and what its state allows.
    async fn judge(work: &mut Work<'_>, _: &Scene<'_>, _: &Lookup, rows: &mut [Shaped<'_, Tickets>]) -> Result<()> {
        let ids = |column: fn(&ticket::ActiveModel) -> &ActiveValue<Option<Uuid>>| -> Vec<Uuid> {
            rows.iter().filter_map(|row| said(column(row.row))).collect()
        };
        let (assets, contracts, people) =
            (ids(|row| &row.asset_id), ids(|row| &row.contract_id), ids(|row| &row.contact_id));
        let assets: HashMap<Uuid, asset::Model> = named::seen::<asset::Entity>(work, assets).await?;
        let contracts: HashMap<Uuid, contract::Model> = named::seen::<contract::Entity>(work, contracts).await?;
        let writable: HashMap<Uuid, Seen<contact::Model>> = ground::people_many(work, people.clone()).await?;
        let people: HashMap<Uuid, contact::Model> = named::seen::<contact::Entity>(work, people).await?;
        for shaped in rows.iter_mut() {
            let held = shaped.held;
            let row = &mut *shaped.row;
            let asset = said(&row.asset_id).and_then(|id| assets.get(&id));
            let contract = said(&row.contract_id).and_then(|id| contracts.get(&id));
            let person = said(&row.contact_id).and_then(|id| people.get(&id));
            let known = held.and_then(|held| held.account_id);
            let mut refused = Vec::new();
            if let (Some(known), Some(other)) = (known, said(&row.account_id))
                && known != other
            {
                let message = "the customer of this ticket is known";
                refused.push(Error::user(UserErrorCode::StateConflict, "relations.account", message));
            }
            let account = known
                .or(said(&row.account_id))
                .or(asset.map(|asset| asset.account_id))
                .or(contract.map(|contract| contract.account_id))
                .or(person.and_then(|person| person.account_id));
            match (known, account) {
                // A null leaves the customer that is known.
                (Some(_), _) => row.account_id = ActiveValue::NotSet,
                (None, Some(account)) => row.account_id = Set(Some(account)),
                (None, None) => {}
            }
            if asset.is_some_and(|asset| Some(asset.account_id) != account) {
                refused.push(Error::invalid("relations.asset", "the asset stands at another customer's"));
            }
            if contract.is_some_and(|contract| Some(contract.account_id) != account) {
                refused.push(Error::invalid("relations.contract", "the contract is another customer's"));
            }
            let asks = said(&row.contact_id).filter(|id| held.is_none_or(|held| held.contact_id != Some(*id)));
            match asks.map(|id| writable.get(&id)) {
                None => {}
                Some(None) => refused.push(Error::missing("relations.contact")),
                Some(Some(seen)) if ground::is_of(seen, account) => {}
                Some(Some(_)) => {
                    refused.push(Error::invalid("relations.contact", "this person works for another account"));
                }
            }
            if held.is_some_and(|held| held.status == TicketStatus::Closed) && refused.is_empty() && shaped.changes() {
                refused.push(closed("externalId"));
            }
            for error in refused {
                shaped.allow(Err(error))?;
            }
        }
        let placed = rows.iter().filter_map(|row| said(&row.row.account_id)).collect::<Vec<_>>();
        let standing = ground::may_stand_many(work, Type::Ticket, placed).await?;
        for shaped in rows.iter_mut() {
            if said(&shaped.row.account_id).is_some_and(|account| !standing.contains(&account)) {
                shaped.allow(Err(Error::forbidden("relations.account")))?;
            }
        }
        let new = rows.iter().filter(|row| row.held.is_none() && row.refused.is_empty()).count();
        if new > 0 {
            let mut number = work.next_number_unscoped::<ticket::Entity>(ticket::Column::Number).await?;
            for shaped in rows.iter_mut().filter(|row| row.held.is_none() && row.refused.is_empty()) {
                shaped.row.number = Set(Some(number));
                number += 1;
            }
        }
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        _: &Lookup,
        new: &[New<Tickets>],
        known: &[Known<Tickets>],
    ) -> Result<Followed> {
        let (mut histories, mut begun) = (Vec::new(), Vec::new());
        for New { set, row, .. } in new {
            let since = moment(&set.created_at, scene.now).0;
            histories.push((row.id, opened(work, scene, set, row)));
            if !over(row.status) {
                begun.push(Begun { ticket: row, since });
            }
        }
        work.begin_histories(StageObject::Ticket, histories, "imported").await?;
        clock::start_many(scene.cx, work, &begun).await?;

        let (mut passed, mut turned, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for Known { rows, .. } in known {
            let (before, after) = (&rows.before, &rows.after);
            if before.first_response_at.is_none()
                && let Some(at) = after.first_response_at
            {
                turned.push((after, Happened::Answered, at));
            }
            if (before.owner_id, before.queue_id) != (after.owner_id, after.queue_id) {
                work.record(event(EventKind::TicketAssigned, after, before.status));
            }
            if before.account_id != after.account_id {
                found.push(after);
            }
            if before.status != after.status {
                passed.push((after.id, moved(work, scene, before, after)));
            }
        }
        work.pass_stages(StageObject::Ticket, passed, "imported").await?;
        // An answer keeps its promise before a solution keeps what still runs.
        clock::turn_many(scene.cx, work, &turned).await?;
        let turned: Vec<_> = known
            .iter()
            .filter(|known| known.rows.before.status != known.rows.after.status)
            .map(|known| {
                let after = &known.rows.after;
                (after, Happened::Moved(known.rows.before.status), ended(after).unwrap_or(scene.now))
            })
            .collect();
        clock::turn_many(scene.cx, work, &turned).await?;
        belong(work, &found).await?;
        let mut followed = Followed::default();
        Self::besides(work, known, &mut followed).await?;
        Ok(followed)
    }

    /// What changed beside the fields that are columns.
    async fn besides(work: &Work<'_>, known: &[Known<Tickets>], followed: &mut Followed) -> Result<()> {
        let queues = known.iter().filter_map(|known| known.rows.before.queue_id).collect::<HashSet<_>>();
        let queues = named::seen::<queue::Entity>(work, queues).await?;
        for Known { place, rows, .. } in known {
            let (before, after) = (&rows.before, &rows.after);
            if before.queue_id != after.queue_id {
                let code = before.queue_id.and_then(|id| queues.get(&id)).map(|row| row.code.clone());
                note(&mut followed.changed, *place, "queue", code.into());
            }
            if before.first_response_at != after.first_response_at {
                note(&mut followed.changed, *place, "firstResponseAt", serde_json::Value::Null);
            }
        }
        Ok(())
    }
}

/// When a ticket that is over ended.
fn ended(row: &ticket::Model) -> Option<DateTime<Utc>> {
    match row.status {
        TicketStatus::Solved => row.solved_at,
        TicketStatus::Closed => row.solved_at.or(row.closed_at),
        _ => None,
    }
}

/// A ticket as it was in a status.
fn standing_at(row: &ticket::Model, status: TicketStatus) -> ticket::Model {
    ticket::Model { status, ..row.clone() }
}

/// One step of a ticket, as the journal tells it: the change, and what it means beside. Gives where it stood from then on.
fn tell(
    work: &mut Work<'_>,
    row: &ticket::Model,
    (before, after): (TicketStatus, TicketStatus),
    at: DateTime<Utc>,
) -> (String, DateTime<Utc>) {
    let then = standing_at(row, after);
    work.record(event(EventKind::TicketStatusChanged, &then, before).at(at));
    if let Ok(Some(meaning)) = step(before, after) {
        work.record(event(meaning, &then, before).at(at));
    }
    (after.as_str().to_owned(), at)
}

/// The events of a new ticket, and the stages that it went through.
fn opened(work: &mut Work<'_>, scene: &Scene<'_>, set: &TicketSetInput, row: &ticket::Model) -> History {
    let (at, uncertain) = moment(&set.created_at, scene.now);
    // One that is over was new first; what an open one went through nobody told.
    let first = if over(row.status) { TicketStatus::New } else { row.status };
    let created: Event = event(EventKind::TicketCreated, &standing_at(row, first), TicketStatus::New);
    work.record(created.at(at).time_uncertain(uncertain));
    let mut history = vec![(first.as_str().to_owned(), at)];
    let mut from = first;
    if over(row.status)
        && let Some(solved) = row.solved_at
    {
        history.push(tell(work, row, (from, TicketStatus::Solved), solved.max(at)));
        from = TicketStatus::Solved;
    }
    if row.status == TicketStatus::Closed {
        let shut = row.closed_at.unwrap_or(scene.now);
        history.push(tell(work, row, (from, TicketStatus::Closed), shut.max(at)));
    }
    history
}

/// The events of a ticket whose status changed, and the stages that it went through.
fn moved(work: &mut Work<'_>, scene: &Scene<'_>, before: &ticket::Model, after: &ticket::Model) -> History {
    let mut history = Vec::new();
    let mut from = before.status;
    if after.status == TicketStatus::Closed
        && from != TicketStatus::Solved
        && let Some(solved) = after.solved_at
    {
        history.push(tell(work, after, (from, TicketStatus::Solved), solved));
        from = TicketStatus::Solved;
    }
    let at = match after.status {
        TicketStatus::Solved => after.solved_at,
        TicketStatus::Closed => after.closed_at,
        _ => None,
    };
    history.push(tell(work, after, (from, after.status), at.unwrap_or(scene.now)));
    history
}

/// What hangs on tickets whose customer is known now belongs to the customer, too, whoever may change it.
async fn belong(work: &mut Work<'_>, tickets: &[&ticket::Model]) -> Result<()> {
    if tickets.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = tickets.iter().map(|ticket| ticket.id).collect();
    let accounts: HashMap<Uuid, Option<Uuid>> = tickets.iter().map(|ticket| (ticket.id, ticket.account_id)).collect();
    let account = |ticket: Option<Uuid>| Set(ticket.and_then(|ticket| accounts.get(&ticket).copied()).flatten());
    let rows = work.following_many_unscoped::<ticket_message::Entity>(ticket_message::Column::TicketId, &ids).await?;
    let rows = rows.into_iter().map(|row| {
        let moved = ticket_message::ActiveModel { account_id: account(Some(row.ticket_id)), ..Default::default() };
        (row, moved)
    });
    let rows = rows.collect();
    work.update_many::<ticket_message::Entity>(rows).await?;
    let rows = work.following_many_unscoped::<sla_clock::Entity>(sla_clock::Column::ObjectId, &ids).await?;
    let rows = rows.into_iter().map(|row| {
        let moved = sla_clock::ActiveModel { account_id: account(Some(row.object_id)), ..Default::default() };
        (row, moved)
    });
    let rows = rows.collect();
    work.update_many::<sla_clock::Entity>(rows).await?;
    let rows = work.following_many_unscoped::<survey_answer::Entity>(survey_answer::Column::TicketId, &ids).await?;
    let rows = rows.into_iter().map(|row| {
        let moved = survey_answer::ActiveModel { account_id: account(row.ticket_id), ..Default::default() };
        (row, moved)
    });
    let rows = rows.collect();
    work.update_many::<survey_answer::Entity>(rows).await?;
    Ok(())
}
