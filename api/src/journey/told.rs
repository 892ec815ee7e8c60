//! An event in words, as far as its reader's rights go: its object, its title, what changed, whom it is about.

use futures::future::try_join_all;

use super::{
    ObjectType, Payload,
    events::{EventSubject, kind_of},
    object::JourneyObject,
    reader::{SeenEvent, Subject},
    subject,
};
use crate::{
    graph::{Cx, GlobalId, Money, Result},
    policy::Class,
};

impl SeenEvent {
    pub(super) fn payload(&self) -> Payload {
        Payload::read(&self.row.payload)
    }

    pub(super) fn may(&self, class: Class, field: &str) -> bool {
        self.rights.sight(class, field) == crate::policy::Sight::Clear
    }

    pub(super) async fn object(&self, cx: &Cx) -> Result<Option<JourneyObject>> {
        match ObjectType::parse(&self.row.object_type) {
            Some(ty) => JourneyObject::load(cx, ty, self.row.object_id).await,
            None => Ok(None),
        }
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
        let mut written = subject::written(&self.row.subjects);
        written.truncate(MAX_SUBJECTS);
        let seen = try_join_all(written.iter().map(|subject| cx.load(*subject))).await?;
        let seen = written.into_iter().zip(seen).filter(|(_, seen)| seen.is_some());
        Ok(seen
            .map(|(Subject { ty, id }, _)| EventSubject { subject_type: ty, id: GlobalId::new(kind_of(ty), id) })
            .collect())
    }
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
