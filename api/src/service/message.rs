//! What is said on a ticket: public messages between customer and colleagues, and internal notes. They share a table, not a
//! line of the access table: `TicketMessage` never shows a note, `TicketNote` never a message.

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{colleague, contact},
    codes::{AuthorType, SubjectType, TicketStatus},
    service::{ticket, ticket_message},
};
use sea_orm::Set;

use super::{
    Ticket, clock,
    ticket::{closed, payload_of},
};
use crate::{
    account::{Colleague, Contact, ground},
    filterable,
    graph::{AnyOf, Cx, Error, GlobalId, Result, TimeFilter, prose},
    input,
    journey::{Event, EventKind, Work, attempt},
    object, payload,
    policy::{Type, access},
};

/// The longest body, in characters.
pub(crate) const MAX_BODY: usize = 100_000;

object! {
    /// A public message of a ticket: what the customer wrote, or what the customer was told.
    TicketMessage(ticket_message::Entity) as TicketMessage, id TicketMessage {
        /// Who wrote it: a colleague, the customer, a machine.
        P author_type: AuthorType = |row| row.author_type;
        /// Whether a machine wrote it: it counts as no answer.
        P is_bot: bool = |row| row.is_bot;
        /// The text, byte for byte.
        T body: String = |row| row.body.clone();
        /// When it was sent (UTC).
        P sent_at: DateTime<Utc> = |row| row.sent_at;
    }
    refs {
        /// The ticket.
        P ticket: Ticket = ticket::Entity, |row| row.ticket_id;
        /// The colleague who wrote it; null if nobody known did.
        P colleague: Colleague = colleague::Entity, |row| author(row, AuthorType::Colleague);
        /// The customer who wrote it; null if nobody known did.
        P contact: Contact = contact::Entity, |row| author(row, AuthorType::Contact);
    }
}

object! {
    /// An internal note of a ticket: the customer, sales and marketing never see it.
    TicketNote(ticket_message::Entity) as TicketNote, id TicketMessage {
        /// Whether a machine wrote it.
        P is_bot: bool = |row| row.is_bot;
        /// The text, byte for byte.
        T body: String = |row| row.body.clone();
        /// When it was written (UTC).
        P sent_at: DateTime<Utc> = |row| row.sent_at;
    }
    refs {
        /// The ticket.
        P ticket: Ticket = ticket::Entity, |row| row.ticket_id;
        /// The colleague who wrote it; null if nobody known did.
        P colleague: Colleague = colleague::Entity, |row| author(row, AuthorType::Colleague);
    }
}

filterable! {
    TicketMessage(ticket_message::Entity) as TicketMessage, id TicketMessage;
    filter TicketMessageFilter, sort TicketMessageSort {
        /// By who wrote it.
        P author_type: AnyOf<AuthorType> = AuthorType;
        /// By whether a machine wrote it.
        P is_bot: bool = IsBot;
        /// By when it was sent.
        P sent_at: TimeFilter = SentAt;
    }
}

filterable! {
    TicketNote(ticket_message::Entity) as TicketNote, id TicketMessage;
    filter TicketNoteFilter, sort TicketNoteSort {
        /// By whether a machine wrote it.
        P is_bot: bool = IsBot;
        /// By when it was written.
        P sent_at: TimeFilter = SentAt;
    }
}

fn author(row: &ticket_message::Model, ty: AuthorType) -> Option<uuid::Uuid> {
    row.author_id.filter(|_| row.author_type == ty)
}

input! {
    /// A new public message.
    AddTicketMessageInput for TicketMessage {
        /// The text, at most 100,000 characters.
        T body: String;
        /// Who of the customer's people wrote it; absent: it goes out, from you.
        P contact_id: Option<GlobalId>;
        /// Whether a machine wrote it: it counts as no answer. False unless said otherwise.
        P is_bot: Option<bool>;
    }
    plain {
        /// Which ticket.
        ticket_id: GlobalId;
        /// Add it only if the ticket still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// A new internal note.
    AddTicketNoteInput for TicketNote {
        /// The text, at most 100,000 characters.
        T body: String;
    }
    plain {
        /// Which ticket.
        ticket_id: GlobalId;
        /// Add it only if the ticket still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `addTicketMessage` answers.
    AddTicketMessagePayload {
        /// The new message; null if it was refused.
        ticket_message: TicketMessage
    }
}

payload! {
    /// What `addTicketNote` answers.
    AddTicketNotePayload {
        /// The new note; null if it was refused.
        ticket_note: TicketNote
    }
}

/// The ticket that something is said on, at the version that the caller has seen.
async fn ticket_of(work: &Work<'_>, id: GlobalId, if_version: Option<i32>) -> Result<ticket::Model> {
    let ticket = work.refer::<ticket::Entity>("ticketId", id).await?.row().clone();
    match if_version {
        Some(expected) if i64::from(expected) != ticket.version => Err(Error::version_conflict(ticket.version)),
        _ => Ok(ticket),
    }
}

/// Says something to the customer, or writes down what the customer said. The right to write messages is enough: that the
/// ticket is answered now follows from it.
pub async fn add_message(cx: &Cx, input: AddTicketMessageInput) -> Result<TicketMessage> {
    let written = input.written();
    let AddTicketMessageInput { ticket_id, if_version, body, contact_id, is_bot } = input;
    let mut work = Work::begin(cx).await?;
    let ticket = ticket_of(&work, ticket_id, if_version).await?;
    if ticket.status == TicketStatus::Closed {
        return Err(closed("ticketId"));
    }
    let contact = match contact_id {
        // Whose ticket it is may work elsewhere by now.
        Some(id) if ticket.contact_id == Some(id.uuid) => {
            work.refer_opt::<contact::Entity>("contactId", Some(id)).await?
        }
        id => ground::person_opt(&work, "contactId", id, ticket.account_id).await?,
    };
    let is_bot = is_bot.unwrap_or(false);
    let (author_type, author_id, kind) = match (contact, is_bot) {
        (Some(contact), _) => (AuthorType::Contact, Some(contact), EventKind::TicketMessageIn),
        (None, true) => (AuthorType::Bot, None, EventKind::TicketMessageOut),
        (None, false) => (AuthorType::Colleague, cx.caller.colleague, EventKind::TicketMessageOut),
    };
    let row = work
        .insert::<ticket_message::Entity>(ticket_message::ActiveModel {
            ticket_id: Set(ticket.id),
            account_id: Set(ticket.account_id),
            author_type: Set(author_type),
            author_id: Set(author_id),
            is_public: Set(true),
            is_bot: Set(is_bot),
            body: Set(prose("body", body, MAX_BODY)?),
            sent_at: Set(work.now()),
            ..Default::default()
        })
        .await?;
    let event = Event::of::<ticket_message::Entity>(kind, &row, payload_of(&ticket, ticket.status))
        .about(SubjectType::Contact, ticket.contact_id)
        .about(SubjectType::Asset, ticket.asset_id);
    work.record(event.queue(ticket.queue_id));
    if author_type == AuthorType::Colleague && ticket.first_response_at.is_none() {
        let answer = ticket::ActiveModel { first_response_at: Set(Some(work.now())), ..Default::default() };
        let ticket = work.update_row::<ticket::Entity>(&ticket, answer).await?;
        clock::answered(cx, &mut work, &ticket).await?;
    }
    let seen = work.reached::<ticket_message::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(TicketMessage(seen))
}

/// Writes an internal note, on a closed ticket, too.
pub async fn add_note(cx: &Cx, input: AddTicketNoteInput) -> Result<TicketNote> {
    let written = input.written();
    let AddTicketNoteInput { ticket_id, if_version, body } = input;
    let mut work = Work::begin(cx).await?;
    let ticket = ticket_of(&work, ticket_id, if_version).await?;
    let row = work
        .insert::<ticket_message::Entity>(ticket_message::ActiveModel {
            ticket_id: Set(ticket.id),
            account_id: Set(ticket.account_id),
            author_type: Set(AuthorType::Colleague),
            author_id: Set(cx.caller.colleague),
            is_public: Set(false),
            is_bot: Set(false),
            body: Set(prose("body", body, MAX_BODY)?),
            sent_at: Set(work.now()),
            ..Default::default()
        })
        .await?;
    let event =
        Event::of::<ticket_message::Entity>(EventKind::TicketNoteAdded, &row, payload_of(&ticket, ticket.status));
    work.record(event.queue(ticket.queue_id));
    let seen = work.reached_as::<ticket_message::Entity>(Type::TicketNote, row.id, &written).await?;
    work.commit().await?;
    Ok(TicketNote(seen))
}

/// Saying something on a ticket.
#[derive(Default)]
pub struct MessageMutation;

#[Object]
impl MessageMutation {
    /// Adds a public message to a ticket that is not closed. The first human answer sets the ticket's `firstResponseAt` and
    /// keeps its FIRST_RESPONSE clock. Events: `ticket.message_in` with `contactId`, else `ticket.message_out`.
    #[graphql(directive = access::apply("TicketMessage".into(), "T".into(), true))]
    async fn add_ticket_message(
        &self,
        ctx: &Context<'_>,
        input: AddTicketMessageInput,
    ) -> Result<AddTicketMessagePayload> {
        let cx = Cx::of(ctx);
        AddTicketMessagePayload::of(attempt(|| add_message(cx, input.clone())).await)
    }

    /// Adds an internal note to a ticket. Event: `ticket.note_added`.
    #[graphql(directive = access::apply("TicketNote".into(), "T".into(), true))]
    async fn add_ticket_note(&self, ctx: &Context<'_>, input: AddTicketNoteInput) -> Result<AddTicketNotePayload> {
        let cx = Cx::of(ctx);
        AddTicketNotePayload::of(attempt(|| add_note(cx, input.clone())).await)
    }
}
