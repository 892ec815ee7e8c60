//! What customers answered to surveys. A mark that was written down wrongly is a correction; what was asked, and of whom, stays.

use std::collections::HashMap;

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Utc};
use entities::{
    account::contact,
    codes::SurveyKind,
    service::{survey_answer, ticket},
};
use sea_orm::{ActiveValue, ActiveValue::NotSet, Set};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, Scene, Shaped, stands},
    campaign::long,
    named::{self, moment, moment_again, required, settled, settled_for_ever, within_set},
    touchpoint::said,
};
use crate::{
    graph::{Error, Result, UserError, UserErrorCode},
    journey::Work,
    policy::{Class, Type},
    service::survey::{check, event_of},
    synced,
};

synced! {
    /// What a source says of an answer to a survey: absent leaves, null clears.
    SurveyAnswers of SurveyAnswer: survey_answer::Entity as ServiceLevel;
    set SurveyAnswerSetInput, row UpsertSurveyAnswerRowInput, input UpsertSurveyAnswersInput;
    /// Records answers to surveys, each known by its key in a source, and corrects those that are known. Events: `csat.answered`,
    /// `nps.answered`, `ces.answered`, when they were given.
    mutation UpsertSurveyAnswers, upsert_survey_answers, class P;
    fields {
        /// What was asked. A new answer needs it; it stays.
        P kind: SurveyKind = kind by required;
        /// The highest mark: 10 for NPS, 2 to 10 otherwise. A new answer needs it; it stays.
        P scale: i32 = scale by required;
        /// The mark given: 0 to `scale` for NPS, 1 to `scale` otherwise. A new answer needs it.
        P score: i32 = score by required;
        /// When; now unless said. What lies before 1970 or more than 24 hours ahead is taken as now, and its event says that its time is
        /// uncertain.
        P answered_at: DateTime<Utc> = answered_at by later;
        /// What the customer added, at most 10,000 characters.
        T comment: String = comment by long;
    }
    relations SurveyAnswerRelationsInput {
        /// The ticket that it is about. Contact and account are the ticket's unless said. A new answer needs a ticket, a contact or an
        /// account.
        P ticket: Ticket = ticket_id;
        /// Who answered. The account is the contact's unless said.
        P contact: Contact = contact_id;
        /// The customer.
        P account: Account = account_id;
    }
    require ["kind", "scale", "score"];
    lookup ();
    removable;
    shapes place;
}

/// The moment of an answer is read with the row: an impossible one is no refusal.
fn later(_: &str, _: MaybeUndefined<DateTime<Utc>>) -> Result<ActiveValue<DateTime<Utc>>> {
    Ok(NotSet)
}

impl SurveyAnswers {
    async fn prepare(_: &mut Work<'_>, _: &Scene<'_>, _: &[&SurveyAnswerSetInput]) -> Result<()> {
        Ok(())
    }

    fn fill(
        (): &(),
        scene: &Scene<'_>,
        set: &SurveyAnswerSetInput,
        held: Option<&survey_answer::Model>,
        row: &mut survey_answer::ActiveModel,
    ) -> Result<()> {
        match held {
            None => row.answered_at = Set(moment(&set.answered_at, scene.now).0),
            Some(held) => {
                row.answered_at = moment_again("set.answeredAt", &set.answered_at, scene.now)?;
                settled_for_ever("set.kind", &held.kind, &row.kind)?;
                settled_for_ever("set.scale", &held.scale, &row.scale)?;
                settled("relations.ticket", held.ticket_id, &mut row.ticket_id)?;
                settled("relations.contact", held.contact_id, &mut row.contact_id)?;
                settled("relations.account", held.account_id, &mut row.account_id)?;
            }
        }
        let kind = stands(&row.kind, held.map(|held| held.kind));
        let scale = stands(&row.scale, held.map(|held| held.scale));
        let score = stands(&row.score, held.map(|held| held.score));
        let (Some(kind), Some(scale), Some(score)) = (kind, scale, score) else { return Ok(()) };
        check(kind, scale, score).map_err(within_set)
    }

    /// Whose answer it is, where only the ticket or the person is named.
    async fn place(work: &mut Work<'_>, _: &Scene<'_>, (): &(), rows: &mut [Shaped<'_, SurveyAnswers>]) -> Result<()> {
        let tickets = rows.iter().filter_map(|row| said(&row.row.ticket_id)).collect::<Vec<_>>();
        let tickets: HashMap<Uuid, ticket::Model> = named::seen::<ticket::Entity>(work, tickets).await?;
        let people = rows.iter().filter_map(|row| said(&row.row.contact_id)).collect::<Vec<_>>();
        let people: HashMap<Uuid, contact::Model> = named::seen::<contact::Entity>(work, people).await?;
        for shaped in rows.iter_mut() {
            let (held, row) = (shaped.held, &mut *shaped.row);
            let ticket = said(&row.ticket_id).and_then(|id| tickets.get(&id));
            let person = said(&row.contact_id).and_then(|id| people.get(&id));
            if row.contact_id.is_not_set()
                && held.is_none_or(|held| held.contact_id.is_none())
                && let Some(contact) = ticket.and_then(|ticket| ticket.contact_id)
            {
                row.contact_id = Set(Some(contact));
            }
            if row.account_id.is_not_set()
                && held.is_none_or(|held| held.account_id.is_none())
                && let Some(account) =
                    ticket.and_then(|ticket| ticket.account_id).or_else(|| person.and_then(|row| row.account_id))
            {
                row.account_id = Set(Some(account));
            }
            let nobody = [&row.ticket_id, &row.contact_id, &row.account_id].into_iter().all(|id| said(id).is_none());
            if held.is_none() && nobody {
                let message = "say which ticket, contact or account the answer belongs to";
                shaped.allow(Err(Error::invalid("relations", message)))?;
            }
        }
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        (): &(),
        new: &[New<SurveyAnswers>],
        known: &[Known<SurveyAnswers>],
    ) -> Result<Followed> {
        for New { set, row, .. } in new {
            let (_, uncertain) = moment(&set.answered_at, scene.now);
            work.record(event_of(row).time_uncertain(uncertain));
        }
        let pairs = known.iter().map(|known| (event_of(&known.rows.before), event_of(&known.rows.after)));
        let pairs = pairs.collect();
        work.correct_many(pairs).await?;
        // The words have a line of their own in the access table.
        let worded = new.iter().map(|new| (new.place, new.row.id, &new.set));
        let worded = worded.chain(known.iter().map(|known| (known.place, known.rows.after.id, &known.set)));
        let worded: Vec<(usize, Uuid)> =
            worded.filter(|(.., set)| !set.comment.is_undefined()).map(|(place, id, _)| (place, id)).collect();
        let ids: Vec<Uuid> = worded.iter().map(|(_, id)| *id).collect();
        let reached = work.many_reached::<survey_answer::Entity>(Type::SurveyComment, &ids).await?;
        let refused = worded
            .into_iter()
            .filter(|(_, id)| !reached.get(id).is_some_and(|seen| seen.rights().may_write(Class::T, "comment")));
        let refusal = || UserError {
            code: UserErrorCode::Forbidden,
            path: vec!["set".to_owned(), "comment".to_owned()],
            message: "your role does not allow this here".to_owned(),
            new_id: None,
        };
        Ok(Followed { refused: refused.map(|(place, _)| (place, vec![refusal()])).collect(), changed: HashMap::new() })
    }
}
