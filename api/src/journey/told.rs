//! An event in words, as far as its reader's rights go: its object, its title, what changed, whom it is about.

use std::sync::Arc;

use entities::{account::contact, codes::SubjectType, marketing::campaign};
use futures::{future::try_join_all, try_join};
use uuid::Uuid;

use super::{
    ObjectType, Payload,
    events::{EventSubject, kind_of},
    named_by,
    object::JourneyObject,
    reader::{SeenEvent, Subject},
    row::Brought,
};
use crate::{
    account::Contact,
    graph::{Cx, GlobalId, Money, Result, Successor, many, one, present},
    marketing::Campaign,
    policy::Class,
};

impl SeenEvent {
    pub(super) fn payload(&self) -> Payload {
        self.row.payload()
    }

    pub(super) fn may(&self, class: Class, field: &str) -> bool {
        self.rights.sight(class, field) == crate::policy::Sight::Clear
    }

    pub(super) async fn object(&self, cx: &Cx) -> Result<Option<JourneyObject>> {
        let Some(ty) = ObjectType::parse(&self.row.object_type) else { return Ok(None) };
        // What was merged since is shown as what it became.
        let id = match ty {
            ObjectType::Account => present(cx, SubjectType::Account, self.row.object_id).await?,
            ObjectType::Contact => present(cx, SubjectType::Contact, self.row.object_id).await?,
            _ => self.row.object_id,
        };
        JourneyObject::load(cx, ty, id).await
    }

    pub(super) async fn title(&self, cx: &Cx) -> Result<String> {
        let phrase = phrase(&self.row.kind);
        Ok(match self.object(cx).await?.and_then(|object| object.label()) {
            Some(label) => format!("{phrase}: {label}"),
            None => phrase,
        })
    }

    /// What changed, from codes and amounts alone, as far as the reader's rights on the event go.
    pub(super) fn summary(&self) -> Option<String> {
        let arrow = |from: Option<String>, to: Option<String>| match (from, to) {
            (Some(from), Some(to)) if from == to => Some(to),
            (Some(from), Some(to)) => Some(format!("{from} → {to}")),
            (None, Some(to)) => Some(to),
            (Some(from), None) => Some(format!("{from} → –")),
            (None, None) => None,
        };
        if !self.may(Class::P, "summary") {
            return None;
        }
        match self.payload() {
            Payload::Stage { from, to, .. } => arrow(from, to),
            Payload::Ticket { status_before, status_after, .. } => arrow(status_before, status_after),
            Payload::Handover { boundary, reason, .. } => Some(reason.unwrap_or(boundary)),
            Payload::Lifecycle { stage, .. } => Some(stage),
            Payload::Requirement { category } => Some(category),
            Payload::Survey { scale, score } => Some(format!("{score} of {scale}")),
            Payload::ServiceLevel { metric, .. } => Some(metric),
            Payload::Meeting { kind, .. } => Some(kind),
            Payload::Team { discipline, .. } => Some(discipline),
            Payload::Record { fields } if !fields.is_empty() && self.may(Class::P, "changedFields") => {
                Some(fields.join(", "))
            }
            Payload::Amount { before_minor, after_minor, currency } if self.may(Class::M, "amount") => {
                let money = |minor: Option<i64>| {
                    let money = Money::from_minor(minor?, currency.as_deref().unwrap_or("EUR"));
                    Some(format!("{} {}", money.amount, money.currency))
                };
                arrow(money(before_minor), money(after_minor))
            }
            Payload::Date { before, after } => {
                arrow(before.map(|date| date.to_string()), after.map(|date| date.to_string()))
            }
            _ => None,
        }
    }

    /// The first subjects that were written down, without those that the reader may not see.
    pub(super) async fn subjects(&self, cx: &Cx) -> Result<Vec<EventSubject>> {
        let mut written = self.row.subjects();
        written.retain(|subject| self.tells(*subject));
        written.truncate(MAX_SUBJECTS);
        let mut named: Vec<Subject> = Vec::with_capacity(written.len());
        for Subject { ty, id } in try_join_all(written.iter().map(|subject| now(cx, *subject))).await? {
            // Two that are one now are named once.
            if !named.iter().any(|held| (held.ty, held.id) == (ty, id)) {
                named.push(Subject { ty, id });
            }
        }
        let written = named;
        let seen = try_join_all(written.iter().map(|subject| cx.load(*subject))).await?;
        let seen = written.into_iter().zip(seen).filter(|(_, seen)| seen.is_some());
        Ok(seen
            .map(|(Subject { ty, id }, _)| EventSubject { subject_type: ty, id: GlobalId::new(kind_of(ty), id) })
            .collect())
    }

    /// Whether the rights on the event's object let its reader know that it is about this subject.
    fn tells(&self, subject: Subject) -> bool {
        let named = ObjectType::parse(&self.row.object_type).and_then(|object| named_by(object, subject.ty));
        named.is_none_or(|(class, field)| self.may(class, field))
    }

    /// The field of the object that says which way it went: a cold call is a touch.
    pub(super) fn direction(&self) -> &'static str {
        if self.row.object_type == ObjectType::Touchpoint.code() { "isInbound" } else { "direction" }
    }

    /// The first subject of each type that its reader may know of.
    fn firsts<const N: usize>(&self, types: [SubjectType; N]) -> [Option<Uuid>; N] {
        let subjects = self.row.subjects();
        let first = |ty| subjects.iter().find(|subject| subject.ty == ty && self.tells(**subject));
        types.map(|ty| first(ty).map(|subject| subject.id))
    }

    /// The first subject of a type that its reader may know of.
    pub(super) fn first(&self, ty: SubjectType) -> Option<Uuid> {
        let [first] = self.firsts([ty]);
        first
    }

    /// The person whom it is about.
    pub(super) async fn contact(&self, cx: &Cx) -> Result<Option<Contact>> {
        match self.brought.get() {
            Some(brought) => Ok(brought.contact.clone().map(Contact::from)),
            None => match self.first(SubjectType::Contact) {
                Some(id) => one::<contact::Entity, _>(cx, present(cx, SubjectType::Contact, id).await?).await,
                None => Ok(None),
            },
        }
    }

    /// The campaign that it is about.
    pub(super) async fn campaign(&self, cx: &Cx) -> Result<Option<Campaign>> {
        match self.brought.get() {
            Some(brought) => Ok(brought.campaign.clone().map(Campaign::from)),
            None => one::<campaign::Entity, _>(cx, self.first(SubjectType::Campaign)).await,
        }
    }
}

/// Brings persons and campaigns to the events of a page, all at once: its fields need not wait for each other.
pub(super) async fn bring(cx: &Cx, events: &[Arc<SeenEvent>]) -> Result<()> {
    let mut named: Vec<[Option<Uuid>; 2]> =
        events.iter().map(|event| event.firsts([SubjectType::Contact, SubjectType::Campaign])).collect();
    if cx.caller.merged {
        let asked = named.iter().filter_map(|[contact, _]| Some(Successor(SubjectType::Contact, (*contact)?)));
        let successors = cx.load_many(asked.collect()).await?;
        for [contact, _] in &mut named {
            *contact = contact.map(|id| successors.get(&Successor(SubjectType::Contact, id)).copied().unwrap_or(id));
        }
    }
    let named = named;
    let of = |place: usize| named.iter().filter_map(|named| named[place]).collect::<Vec<Uuid>>();
    let (contacts, campaigns) = (of(0), of(1));
    let (contacts, campaigns) =
        try_join!(many::<contact::Entity>(cx, contacts), many::<campaign::Entity>(cx, campaigns))?;
    for (event, [contact, campaign]) in events.iter().zip(named) {
        let contact = contact.and_then(|id| contacts.get(&id).cloned());
        let campaign = campaign.and_then(|id| campaigns.get(&id).cloned());
        // Where it is set already, another field brought the same.
        let _ = event.brought.set(Brought { contact, campaign });
    }
    Ok(())
}

/// A subject as it is called now: what was merged since by the id that answers for it.
async fn now(cx: &Cx, subject: Subject) -> Result<Subject> {
    Ok(Subject { id: present(cx, subject.ty, subject.id).await?, ..subject })
}

/// The most subjects that an event shows; it stands on the timelines of all.
const MAX_SUBJECTS: usize = 100;

/// `opportunity.stage_changed` → `Opportunity stage changed`.
fn phrase(kind: &str) -> String {
    let text = kind.replace(['.', '_'], " ");
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text,
    }
}
