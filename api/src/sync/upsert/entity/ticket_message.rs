//! What was said on tickets, in public. Internal notes have rights of their own and are not told by this.

use std::collections::{BTreeMap, HashMap};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Utc};
use entities::{
    account::{colleague, contact},
    codes::{AuthorType, SubjectType, TicketStatus},
    service::{ticket, ticket_message},
};
use sea_orm::{ActiveValue, ActiveValue::NotSet, Set};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, ReferenceInput, Scene, Shaped, SyncEntity, stands},
    named::{self, Named, moment, moment_again, note, required, settled, settled_for_ever},
};
use crate::{
    account::ground,
    graph::{Error, GlobalId, Kind, Result, UserErrorCode, patch_required, prose},
    journey::{Event, EventKind, Work},
    service::{
        clock::{self, Happened},
        message::MAX_BODY,
        ticket::payload_of,
    },
    synced,
};

synced! {
    /// What a source says of a message of a ticket: absent leaves, null clears. Who said it, where and when stays; the text may be put
    /// right.
    TicketMessages of TicketMessage: ticket_message::Entity as TicketMessage;
    set TicketMessageSetInput, row UpsertTicketMessageRowInput, input UpsertTicketMessagesInput;
    /// Adds public messages to tickets, each known by its key in a source. The first human answer sets the ticket's `firstResponseAt` and
    /// keeps its FIRST_RESPONSE clock, when it was sent. A closed ticket takes what was said before it was closed. Events:
    /// `ticket.message_in` of the customer's, else `ticket.message_out`, when they were sent.
    mutation UpsertTicketMessages, upsert_ticket_messages, class T;
    fields {
        /// The text, at most 100,000 characters. A new message needs it.
        T body: String = body by said;
        /// When it was sent; now unless said. What lies before 1970 or more than 24 hours ahead is taken as now, and its event says that
        /// its time is uncertain.
        P sent_at: DateTime<Utc> = sent_at by later;
        /// Who wrote it: CONTACT with a `contact`, BOT where a machine did, else COLLEAGUE, unless said.
        P author_type: AuthorType = author_type by required;
        /// Whether a machine wrote it: it counts as no answer. False unless said.
        P is_bot: bool = is_bot by required;
    }
    beside {
        /// Who of the customer's people wrote it, by their key in the same source or by id.
        P contact: ReferenceInput;
        /// The colleague who wrote it, by their key in the same source or by id.
        P colleague: ReferenceInput;
    }
    relations TicketMessageRelationsInput {
        /// The ticket.
        P ticket: Ticket = ticket_id required;
    }
    require ["body"];
    lookup Lookup;
    lasting;
    shapes place;
}

/// What a batch of messages looks up.
pub struct Lookup {
    people: Named,
    colleagues: Named,
}

fn said(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<String>> {
    match patch_required(path, value)? {
        Set(body) => prose(path, body, MAX_BODY).map(Set),
        other => Ok(other),
    }
}

/// The moment of a message is read with the row: an impossible one is no refusal.
fn later(_: &str, _: MaybeUndefined<DateTime<Utc>>) -> Result<ActiveValue<DateTime<Utc>>> {
    Ok(NotSet)
}

/// Where a reference in `set` leads; who is not known is left out where the batch is lenient.
fn author(named: &Named, scene: &Scene<'_>, path: &str, said: &MaybeUndefined<ReferenceInput>) -> Result<Option<Uuid>> {
    let Some(said) = said.value() else { return Ok(None) };
    match named.of(path, said) {
        Ok(id) => Ok(Some(id)),
        Err(Error::User(errors)) if scene.lenient && errors.iter().all(|e| e.code == UserErrorCode::NotFound) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl TicketMessages {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&TicketMessageSetInput]) -> Result<Lookup> {
        let people = sets.iter().filter_map(|set| set.contact.value());
        let people = Named::find::<contact::Entity>(work, scene, SyncEntity::Contact, people).await?;
        let colleagues = sets.iter().filter_map(|set| set.colleague.value());
        let colleagues = Named::find::<colleague::Entity>(work, scene, SyncEntity::Colleague, colleagues).await?;
        Ok(Lookup { people, colleagues })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &TicketMessageSetInput,
        held: Option<&ticket_message::Model>,
        row: &mut ticket_message::ActiveModel,
    ) -> Result<()> {
        let contact = author(&lookup.people, scene, "set.contact", &set.contact)?;
        let colleague = author(&lookup.colleagues, scene, "set.colleague", &set.colleague)?;
        if set.contact.value().is_some() && set.colleague.value().is_some() {
            return Err(Error::invalid("set.colleague", "a message is either a contact's or a colleague's"));
        }
        if let Some(author) = contact.or(colleague) {
            row.author_id = Set(Some(author));
        }
        match held {
            None => {
                row.sent_at = Set(moment(&set.sent_at, scene.now).0);
                row.is_public = Set(true);
                let bot = stands(&row.is_bot, None).unwrap_or(matches!(&row.author_type, Set(AuthorType::Bot)));
                row.is_bot = Set(bot);
                if row.author_type.is_not_set() {
                    row.author_type = Set(match (set.contact.value().is_some(), bot) {
                        (true, _) => AuthorType::Contact,
                        (false, true) => AuthorType::Bot,
                        (false, false) => AuthorType::Colleague,
                    });
                }
            }
            Some(held) => {
                row.sent_at = moment_again("set.sentAt", &set.sent_at, scene.now)?;
                settled_for_ever("relations.ticket", &held.ticket_id, &row.ticket_id)?;
                settled_for_ever("set.sentAt", &held.sent_at, &row.sent_at)?;
                settled_for_ever("set.authorType", &held.author_type, &row.author_type)?;
                settled_for_ever("set.isBot", &held.is_bot, &row.is_bot)?;
                let path = if contact.is_some() { "set.contact" } else { "set.colleague" };
                settled(path, held.author_id, &mut row.author_id)?;
            }
        }
        let ty = stands(&row.author_type, held.map(|held| held.author_type));
        let fits = match ty {
            Some(AuthorType::Contact) => set.colleague.value().is_none(),
            Some(AuthorType::Colleague) => set.contact.value().is_none(),
            Some(AuthorType::Bot) => set.contact.value().is_none() && set.colleague.value().is_none(),
            None => true,
        };
        match fits {
            true => Ok(()),
            false => Err(Error::invalid("set.authorType", "the author that is named is another kind of author")),
        }
    }

    /// Whose ticket it is on, whether it still takes this, and whether the customer's person may be named there.
    async fn place(
        work: &mut Work<'_>,
        _: &Scene<'_>,
        _: &Lookup,
        rows: &mut [Shaped<'_, TicketMessages>],
    ) -> Result<()> {
        let new = || rows.iter().filter(|row| row.held.is_none());
        let tickets = new().filter_map(|row| stands(&row.row.ticket_id, None)).collect::<Vec<_>>();
        let is_contact = |row: &ticket_message::ActiveModel| matches!(&row.author_type, Set(AuthorType::Contact));
        let people =
            new().filter(|row| is_contact(row.row)).filter_map(|row| stands(&row.row.author_id, None).flatten());
        let people = people.collect::<Vec<_>>();
        let tickets: HashMap<Uuid, ticket::Model> = named::seen::<ticket::Entity>(work, tickets).await?;
        let people = ground::people_many(work, people).await?;
        for shaped in rows.iter_mut().filter(|row| row.held.is_none()) {
            let row = &mut *shaped.row;
            let ticket = stands(&row.ticket_id, None).and_then(|id| tickets.get(&id));
            let Some(ticket) = ticket else {
                shaped.allow(Err(Error::missing("relations.ticket")))?;
                continue;
            };
            row.account_id = Set(ticket.account_id);
            let sent = stands(&row.sent_at, None);
            let too_late = ticket.status == TicketStatus::Closed
                && ticket.closed_at.zip(sent).is_none_or(|(closed, sent)| sent > closed);
            let person = is_contact(row).then(|| stands(&row.author_id, None).flatten()).flatten();
            // Whose ticket it is may work elsewhere by now.
            let named = match person.filter(|person| ticket.contact_id != Some(*person)).map(|id| people.get(&id)) {
                None => Ok(()),
                Some(Some(seen)) if ground::is_of(seen, ticket.account_id) => Ok(()),
                Some(Some(_)) => Err(Error::invalid("set.contact", "this person works for another account")),
                Some(None) => Err(Error::missing("set.contact")),
            };
            if too_late {
                let message = "the ticket was closed before this was sent";
                shaped.allow(Err(Error::user(UserErrorCode::StateConflict, "relations.ticket", message)))?;
            }
            shaped.allow(named)?;
        }
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        _: &Lookup,
        new: &[New<TicketMessages>],
        known: &[Known<TicketMessages>],
    ) -> Result<Followed> {
        let ids: Vec<Uuid> =
            new.iter().map(|new| new.row.ticket_id).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let tickets = work.following_many_unscoped::<ticket::Entity>(ticket::Column::Id, &ids).await?;
        let tickets: HashMap<Uuid, ticket::Model> = tickets.into_iter().map(|row| (row.id, row)).collect();
        let mut answers: BTreeMap<Uuid, DateTime<Utc>> = BTreeMap::new();
        for New { set, row, .. } in new {
            let Some(ticket) = tickets.get(&row.ticket_id) else { continue };
            let kind = match row.author_type {
                AuthorType::Contact => EventKind::TicketMessageIn,
                AuthorType::Colleague | AuthorType::Bot => EventKind::TicketMessageOut,
            };
            let (at, uncertain) = moment(&set.sent_at, scene.now);
            let event = Event::of::<ticket_message::Entity>(kind, row, payload_of(ticket, ticket.status))
                .about(SubjectType::Contact, ticket.contact_id)
                .about(SubjectType::Asset, ticket.asset_id);
            work.record(event.queue(ticket.queue_id).at(at).time_uncertain(uncertain));
            if row.author_type == AuthorType::Colleague && !row.is_bot && ticket.first_response_at.is_none() {
                let first = answers.entry(ticket.id).or_insert(at);
                *first = Ord::min(*first, at);
            }
        }
        let answered = answers.into_iter().filter_map(|(id, at)| {
            let patch = ticket::ActiveModel { first_response_at: Set(Some(at)), ..Default::default() };
            Some((tickets.get(&id)?.clone(), patch))
        });
        let answered = answered.collect();
        let answered = work.update_many::<ticket::Entity>(answered).await?;
        let turned =
            answered.iter().filter_map(|row| Some((&row.after, Happened::Answered, row.after.first_response_at?)));
        let turned: Vec<_> = turned.collect();
        clock::turn_many(scene.cx, work, &turned).await?;
        let mut followed = Followed::default();
        for Known { place, rows, .. } in known {
            if rows.before.author_id != rows.after.author_id {
                let (name, kind) = match rows.after.author_type {
                    AuthorType::Contact => ("contact", Kind::Contact),
                    AuthorType::Colleague | AuthorType::Bot => ("colleague", Kind::Colleague),
                };
                let before =
                    rows.before.author_id.map(|id| serde_json::json!({ "id": GlobalId::new(kind, id).to_string() }));
                note(&mut followed.changed, *place, name, before.into());
            }
        }
        Ok(followed)
    }
}
