//! Surveys: what customers answered. The marks are a service level, the words a line of their own.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, contact},
    codes::SurveyKind,
    service::{survey_answer, ticket},
};
use sea_orm::{ActiveValue::NotSet, Set};

use super::{Ticket, asset::not_ahead};
use crate::{
    account::{Account, Contact},
    graph::{
        AnyOf, Cx, Error, GlobalId, Ids, IntFilter, Kind, Result, TimeFilter, one_as, patch_required, prose,
        remark_patch,
    },
    input,
    journey::{Event, EventKind, Payload, Removable, Work, attempt},
    listed, object, payload,
    policy::{Class, Seen, Type, access},
    removal,
};

object! {
    /// What a customer answered to a survey.
    SurveyAnswer(survey_answer::Entity) as ServiceLevel, id SurveyAnswer {
        /// What was asked.
        P kind: SurveyKind = |row| row.kind;
        /// The highest mark.
        P scale: i32 = |row| row.scale;
        /// The mark given: 0 to `scale` for NPS, 1 to `scale` otherwise.
        P score: i32 = |row| row.score;
        /// When (UTC).
        P answered_at: DateTime<Utc> = |row| row.answered_at;
    }
    refs {
        /// The ticket that it is about; null if it is about none.
        P ticket: Ticket = ticket::Entity, |row| row.ticket_id;
        /// Who answered; null where unknown.
        N contact: Contact = contact::Entity, |row| row.contact_id;
        /// The customer; null where unknown.
        P account: Account = account::Entity, |row| row.account_id;
    }
    edges {
        /// What the customer added in words; null where nothing was said.
        #[graphql(directive = access::apply("SurveyComment".into(), "T".into(), false))]
        pub async fn comment(&self, ctx: &Context<'_>) -> Result<Option<String>> {
            // Other rights than the mark's: the row is read again under the comment's own line, all siblings at once.
            let row = one_as::<survey_answer::Entity, Seen<survey_answer::Model>>(
                Cx::of(ctx), Type::SurveyComment, self.0.row().id,
            );
            Ok(row.await?.and_then(|row| row.read(Class::T, "comment", |row| row.comment.clone())))
        }
    }
}

input! {
    /// An answer to a survey: about a ticket, from a contact, or of an account; at least one of them.
    RecordSurveyAnswerInput for ServiceLevel {
        /// What was asked.
        P kind: SurveyKind;
        /// The highest mark: 10 for NPS, 2 to 10 otherwise.
        P scale: i32;
        /// The mark given: 0 to `scale` for NPS, 1 to `scale` otherwise.
        P score: i32;
        /// The ticket that it is about. Contact and account are the ticket's unless said otherwise.
        P ticket_id: Option<GlobalId>;
        /// Who answered. The account is the contact's unless said otherwise.
        P contact_id: Option<GlobalId>;
        /// The customer.
        P account_id: Option<GlobalId>;
        /// Now unless said otherwise; at most a day ahead.
        P answered_at: Option<DateTime<Utc>>;
    }
    plain {
        /// What the customer added, at most 10,000 characters.
        #[graphql(directive = access::apply("SurveyComment".into(), "T".into(), true))]
        comment: Option<String>;
    }
}

input! {
    /// A correction of an answer that was written down wrongly: absent leaves, null clears. What was asked and of whom stays.
    UpdateSurveyAnswerInput for ServiceLevel {
        /// The mark given: 0 to `scale` for NPS, 1 to `scale` otherwise.
        P score: MaybeUndefined<i32>;
        /// When it was given; at most a day ahead.
        P answered_at: MaybeUndefined<DateTime<Utc>>;
    }
    plain {
        /// Which answer.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
        /// What the customer added, at most 10,000 characters.
        #[graphql(directive = access::apply("SurveyComment".into(), "T".into(), true))]
        comment: MaybeUndefined<String>;
    }
}

payload! {
    /// What `updateSurveyAnswer` answers.
    UpdateSurveyAnswerPayload {
        /// The corrected answer; null if it was refused.
        survey_answer: SurveyAnswer
    }
}

payload! {
    /// What `recordSurveyAnswer` answers.
    RecordSurveyAnswerPayload {
        /// The new answer; null if it was refused.
        survey_answer: SurveyAnswer
    }
}

/// Records an answer.
pub async fn record(cx: &Cx, input: RecordSurveyAnswerInput) -> Result<SurveyAnswer> {
    let written = input.written();
    let RecordSurveyAnswerInput { comment, kind, scale, score, ticket_id, contact_id, account_id, answered_at } = input;
    check(kind, scale, score)?;
    let mut work = Work::begin(cx).await?;
    let answered_at = not_ahead("answeredAt", answered_at.unwrap_or(work.now()), work.now())?;
    let ticket = match ticket_id {
        Some(id) => Some(work.refer::<ticket::Entity>("ticketId", id).await?),
        None => None,
    };
    let contact = match contact_id {
        Some(id) => Some(work.refer::<contact::Entity>("contactId", id).await?),
        None => None,
    };
    let account = work.refer_opt::<account::Entity>("accountId", account_id).await?;
    if ticket.is_none() && contact.is_none() && account.is_none() {
        return Err(Error::invalid("", "say which ticket, contact or account the answer belongs to"));
    }
    let of_ticket = ticket.as_ref().map(|ticket| ticket.row());
    let of_contact = contact.as_ref().map(|contact| contact.row());
    let row = work
        .insert::<survey_answer::Entity>(survey_answer::ActiveModel {
            kind: Set(kind),
            scale: Set(scale),
            score: Set(score),
            comment: Set(comment.map(|comment| prose("comment", comment, 10_000)).transpose()?),
            ticket_id: Set(of_ticket.map(|ticket| ticket.id)),
            contact_id: Set(of_contact
                .map(|contact| contact.id)
                .or_else(|| of_ticket.and_then(|ticket| ticket.contact_id))),
            account_id: Set(account
                .or_else(|| of_ticket.and_then(|ticket| ticket.account_id))
                .or_else(|| of_contact.and_then(|contact| contact.account_id))),
            answered_at: Set(answered_at),
            ..Default::default()
        })
        .await?;
    work.record(event_of(&row));
    let seen = work.reached::<survey_answer::Entity>(row.id, &written).await?;
    if row.comment.is_some() {
        let written = [(Class::T, "comment")];
        work.reached_as::<survey_answer::Entity>(Type::SurveyComment, row.id, &written).await?;
    }
    work.commit().await?;
    Ok(SurveyAnswer(seen))
}

/// Corrects an answer.
pub async fn update(cx: &Cx, input: UpdateSurveyAnswerInput) -> Result<SurveyAnswer> {
    const COMMENT: [(Class, &str); 1] = [(Class::T, "comment")];
    let written = input.written();
    let UpdateSurveyAnswerInput { id, if_version, comment, score, answered_at } = input;
    let id = id.named("id", Kind::SurveyAnswer)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<survey_answer::Entity>(id, if_version, &written).await?;
    let answered_at = match patch_required("answeredAt", answered_at)? {
        Set(moment) => Set(not_ahead("answeredAt", moment, work.now())?),
        other => other,
    };
    let comments = !comment.is_undefined();
    if comments {
        work.to_change_as::<survey_answer::Entity>(Type::SurveyComment, id, None, &COMMENT).await?;
    }
    let row = survey_answer::ActiveModel {
        score: match patch_required("score", score)? {
            Set(score) => {
                check(seen.row().kind, seen.row().scale, score)?;
                Set(score)
            }
            _ => NotSet,
        },
        answered_at,
        comment: remark_patch("comment", comment)?,
        ..Default::default()
    };
    let row = work.update::<survey_answer::Entity>(&seen, row).await?;
    work.correct(event_of(seen.row()), event_of(&row)).await?;
    let seen = work.reached::<survey_answer::Entity>(id, &written).await?;
    if comments {
        work.reached_as::<survey_answer::Entity>(Type::SurveyComment, id, &COMMENT).await?;
    }
    work.commit().await?;
    Ok(SurveyAnswer(seen))
}

removal! {
    /// Takes an answer away that was never given, and its event off the timelines.
    delete_survey_answer: survey_answer::Entity as ServiceLevel, class P score, checked;
    mutation SurveyAnswerRemoval, input DeleteSurveyAnswerInput, payload DeleteSurveyAnswerPayload;
}

impl Removable for survey_answer::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<survey_answer::Model>) -> Result<()> {
        work.retract(&event_of(seen.row())).await
    }
}

/// The event of an answer, at the time when it was given.
pub(crate) fn event_of(row: &survey_answer::Model) -> Event {
    let kind = match row.kind {
        SurveyKind::Csat => EventKind::CsatAnswered,
        SurveyKind::Nps => EventKind::NpsAnswered,
        SurveyKind::Ces => EventKind::CesAnswered,
    };
    let payload = Payload::Survey { scale: row.scale, score: row.score };
    Event::of::<survey_answer::Entity>(kind, row, payload).at(row.answered_at)
}

/// Refuses marks that are not possible.
pub(crate) fn check(kind: SurveyKind, scale: i32, score: i32) -> Result<()> {
    let (lowest, scales) = match kind {
        SurveyKind::Csat | SurveyKind::Ces => (1, 2..=10),
        SurveyKind::Nps => (0, 10..=10),
    };
    if !scales.contains(&scale) {
        let message = format!("the scale of {kind} is between {} and {}", scales.start(), scales.end());
        return Err(Error::invalid("scale", message));
    }
    match (lowest..=scale).contains(&score) {
        true => Ok(()),
        false => Err(Error::invalid("score", format!("the score of {kind} is between {lowest} and {scale} here"))),
    }
}

listed! {
    /// One answer; null if there is none that you may see.
    survey_answer,
    /// The answers that you may see, newest first unless sorted.
    survey_answers: SurveyAnswer(survey_answer::Entity) as ServiceLevel, id SurveyAnswer, Falling;
    query SurveyAnswerQuery, filter SurveyAnswerFilter, sort SurveyAnswerSort {
        /// By kind.
        P kind: AnyOf<SurveyKind> = Kind;
        /// By mark.
        P score: IntFilter = Score;
        /// By ticket.
        P ticket_id: Ids = TicketId, of Ticket;
        /// By person.
        N contact_id: Ids = ContactId, of Contact;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By when it was answered.
        P answered_at: TimeFilter = AnsweredAt;
    }
}

/// Recording answers.
#[derive(Default)]
pub struct SurveyMutation;

#[Object]
impl SurveyMutation {
    /// Records what a customer answered. Events: `csat.answered`, `nps.answered`, `ces.answered`.
    #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), true))]
    async fn record_survey_answer(
        &self,
        ctx: &Context<'_>,
        input: RecordSurveyAnswerInput,
    ) -> Result<RecordSurveyAnswerPayload> {
        let cx = Cx::of(ctx);
        RecordSurveyAnswerPayload::of(attempt(|| record(cx, input.clone())).await)
    }

    /// Corrects an answer that was written down wrongly. Its event is superseded by another of the same kind.
    #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), true))]
    async fn update_survey_answer(
        &self,
        ctx: &Context<'_>,
        input: UpdateSurveyAnswerInput,
    ) -> Result<UpdateSurveyAnswerPayload> {
        let cx = Cx::of(ctx);
        UpdateSurveyAnswerPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stay_on_their_scale() {
        assert!(check(SurveyKind::Nps, 10, 0).is_ok());
        assert!(check(SurveyKind::Csat, 5, 5).is_ok());
        assert!(check(SurveyKind::Ces, 7, 1).is_ok());
        for (kind, scale, score) in [
            (SurveyKind::Nps, 5, 1),
            (SurveyKind::Nps, 10, 11),
            (SurveyKind::Csat, 5, 0),
            (SurveyKind::Csat, 5, 6),
            (SurveyKind::Ces, 1, 1),
        ] {
            assert!(check(kind, scale, score).is_err(), "{kind} {score}/{scale}");
        }
    }
}
