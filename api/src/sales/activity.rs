//! Activities: calls, mails, chats, visits, trials; the human touches that response times are measured by.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::{DateTime, Duration, Utc};
use entities::{
    account::{account, colleague, contact},
    codes::{ActivityKind, ActivityOutcome, Direction},
    marketing::lead,
    sales::{activity, opportunity},
};
use sea_orm::Set;

use super::Opportunity;
use crate::{
    account::{Account, Colleague, Contact, ground},
    custom,
    graph::{AnyOf, Cx, Error, GlobalId, Ids, Kind, Result, TimeFilter, line, line_patch, patch, remark, remark_patch},
    input,
    journey::{Event, EventKind, Payload, Removable, Work, attempt},
    listed,
    marketing::Lead,
    object, payload,
    policy::{Seen, Type, access},
    removal,
};

object! {
    /// A call, mail, chat, visit or trial.
    Activity(activity::Entity) as Activity, id Activity {
        /// What kind.
        P kind: ActivityKind = |row| row.kind;
        /// Who reached out.
        P direction: Direction = |row| row.direction;
        /// When (UTC).
        P occurred_at: DateTime<Utc> = |row| row.occurred_at;
        /// How long, in seconds; null where unknown.
        P duration_s: i32 = |row| row.duration_s;
        /// Whether a machine did it.
        P automatic: bool = |row| row.automatic;
        /// What came of it.
        P outcome: ActivityOutcome = |row| row.outcome;
        /// What it was about.
        T subject: String = |row| row.subject.clone();
        /// What was said.
        T body: String = |row| row.body.clone();
    }
    refs {
        /// The customer.
        P account: Account = account::Entity, |row| row.account_id;
        /// The person; null where nobody in particular.
        P contact: Contact = contact::Entity, |row| row.contact_id;
        /// The colleague.
        P colleague: Colleague = colleague::Entity, |row| row.colleague_id;
        /// The opportunity that it serves; null for none.
        P opportunity: Opportunity = opportunity::Entity, |row| row.opportunity_id;
        /// The lead that it serves; null for none.
        P lead: Lead = lead::Entity, |row| row.lead_id;
    }
    custom_fields Activity;
}

input! {
    /// What was done or came in.
    RecordActivityInput for Activity {
        /// What kind.
        P kind: ActivityKind;
        /// Who reached out.
        P direction: Direction;
        /// The customer; the person's employer unless said otherwise.
        P account_id: Option<GlobalId>;
        /// The person.
        P contact_id: Option<GlobalId>;
        /// The opportunity that it serves.
        P opportunity_id: Option<GlobalId>;
        /// The lead that it serves.
        P lead_id: Option<GlobalId>;
        /// When; now unless said otherwise. Not before 1970, not more than 24 hours ahead.
        P occurred_at: Option<DateTime<Utc>>;
        /// How long, in seconds.
        P duration_s: Option<i32>;
        /// What came of it.
        P outcome: Option<ActivityOutcome>;
        /// What it was about.
        T subject: Option<String>;
        /// What was said.
        T body: Option<String>;
    }
}

payload! {
    /// What `recordActivity` answers.
    RecordActivityPayload {
        /// The activity; null if it was refused.
        activity: Activity
    }
}

fn kind_of(kind: ActivityKind, direction: Direction, outcome: Option<ActivityOutcome>) -> EventKind {
    match (kind, direction) {
        (ActivityKind::Call, _) => match outcome {
            Some(ActivityOutcome::Connected | ActivityOutcome::Completed | ActivityOutcome::Replied) => {
                EventKind::CallConnected
            }
            Some(
                ActivityOutcome::NoAnswer
                | ActivityOutcome::Voicemail
                | ActivityOutcome::Bounced
                | ActivityOutcome::Cancelled,
            )
            | None => EventKind::CallAttempted,
        },
        (ActivityKind::Email | ActivityKind::Chat, Direction::Outbound) => EventKind::MailSent,
        (ActivityKind::Email | ActivityKind::Chat, Direction::Inbound) => EventKind::MailReceived,
        (ActivityKind::SiteVisit, _) => EventKind::SiteVisitHeld,
        (ActivityKind::Trial, _) => EventKind::TrialStarted,
    }
}

/// Writes down an activity; whoever does did it.
pub async fn record(cx: &Cx, input: RecordActivityInput) -> Result<Activity> {
    let written = input.written();
    let RecordActivityInput {
        kind,
        direction,
        account_id,
        contact_id,
        opportunity_id,
        lead_id,
        occurred_at,
        duration_s,
        outcome,
        subject,
        body,
    } = input;
    if duration_s.is_some_and(|seconds| seconds < 0) {
        return Err(Error::invalid("durationS", "a duration is not below 0"));
    }
    let mut work = Work::begin(cx).await?;
    let occurred_at = occurred_at.unwrap_or(work.now());
    if occurred_at < DateTime::UNIX_EPOCH || occurred_at > work.now() + Duration::hours(24) {
        return Err(Error::invalid("occurredAt", "between 1970 and 24 hours ahead"));
    }
    let contact = match contact_id {
        Some(id) => Some(work.refer::<contact::Entity>("contactId", id).await?.row().clone()),
        None => None,
    };
    let named = work.refer_opt::<account::Entity>("accountId", account_id).await?;
    let account = named.or(contact.as_ref().and_then(|contact| contact.account_id));
    let path = if named.is_some() { "accountId" } else { "contactId" };
    ground::may_stand(&work, Type::Activity, path, account).await?;
    let contact = ground::person_opt(&work, "contactId", contact_id, account).await?;
    let row = work
        .insert::<activity::Entity>(activity::ActiveModel {
            kind: Set(kind),
            direction: Set(direction),
            account_id: Set(account),
            contact_id: Set(contact),
            colleague_id: Set(cx.caller.colleague),
            opportunity_id: Set(work.refer_opt::<opportunity::Entity>("opportunityId", opportunity_id).await?),
            lead_id: Set(work.refer_opt::<lead::Entity>("leadId", lead_id).await?),
            occurred_at: Set(occurred_at),
            duration_s: Set(duration_s),
            automatic: Set(false),
            outcome: Set(outcome),
            subject: Set(line("subject", subject)?),
            body: Set(remark("body", body)?),
            ..Default::default()
        })
        .await?;
    work.record(event_of(&row));
    let seen = work.reached::<activity::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Activity(seen))
}

listed! {
    /// One activity; null if there is none that you may see.
    activity,
    /// The activities that you may see, newest first unless sorted.
    activities: Activity(activity::Entity) as Activity, id Activity, Falling;
    query ActivityQuery, filter ActivityFilter, sort ActivitySort custom {
        /// By kind.
        P kind: AnyOf<ActivityKind> = Kind;
        /// By who reached out.
        P direction: AnyOf<Direction> = Direction;
        /// By when it was.
        P occurred_at: TimeFilter = OccurredAt;
        /// By what came of it.
        P outcome: AnyOf<ActivityOutcome> = Outcome;
        /// By whether a machine did it.
        P automatic: bool = Automatic;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By person.
        P contact_id: Ids = ContactId, of Contact;
        /// By colleague.
        P colleague_id: Ids = ColleagueId, of Colleague;
        /// By opportunity.
        P opportunity_id: Ids = OpportunityId, of Opportunity;
        /// By lead.
        P lead_id: Ids = LeadId, of Lead;
        /// By ticket.
        P ticket_id: Ids = TicketId, of Ticket;
    }
}

input! {
    /// A change of an activity: absent leaves, null clears. Kind, direction and time say what happened; they stay.
    UpdateActivityInput for Activity {
        /// What came of it.
        P outcome: MaybeUndefined<ActivityOutcome>;
        /// How long, in seconds, not below 0.
        P duration_s: MaybeUndefined<i32>;
        /// What it was about, at most 255 characters.
        T subject: MaybeUndefined<String>;
        /// What was said, at most 20,000 characters.
        T body: MaybeUndefined<String>;
    }
    plain {
        /// Which activity.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `updateActivity` answers.
    UpdateActivityPayload {
        /// The changed activity; null if it was refused.
        activity: Activity
    }
}

/// Changes what was written down of an activity.
pub async fn update(cx: &Cx, input: UpdateActivityInput) -> Result<Activity> {
    let written = input.written();
    let UpdateActivityInput { id, if_version, outcome, duration_s, subject, body } = input;
    let id = id.named("id", Kind::Activity)?;
    if matches!(duration_s, MaybeUndefined::Value(seconds) if seconds < 0) {
        return Err(Error::invalid("durationS", "a duration is not below 0"));
    }
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<activity::Entity>(id, if_version, &written).await?;
    let row = activity::ActiveModel {
        outcome: patch(outcome),
        duration_s: patch(duration_s),
        subject: line_patch("subject", subject)?,
        body: remark_patch("body", body)?,
        ..Default::default()
    };
    let row = work.update::<activity::Entity>(&seen, row).await?;
    work.correct(event_of(seen.row()), event_of(&row)).await?;
    let seen = work.reached::<activity::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Activity(seen))
}

removal! {
    /// Takes an activity away that never was, and its event off the timelines.
    delete_activity: activity::Entity as Activity, class P outcome, checked;
    mutation ActivityRemoval, input DeleteActivityInput, payload DeleteActivityPayload;
}

impl Removable for activity::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<activity::Model>) -> Result<()> {
        work.retract(&event_of(seen.row())).await
    }
}

/// The event of an activity, at the time when it was.
pub(crate) fn event_of(row: &activity::Model) -> Event {
    let payload = Payload::Activity { direction: row.direction.as_str().to_owned(), automatic: row.automatic };
    let kind = kind_of(row.kind, row.direction, row.outcome);
    Event::of::<activity::Entity>(kind, row, payload).at(row.occurred_at)
}

/// Changing activities.
#[derive(Default)]
pub struct ActivityMutation;

#[Object]
impl ActivityMutation {
    /// Writes down a call, mail, chat, visit or trial. You did it.
    #[graphql(directive = access::apply("Activity".into(), "P".into(), true))]
    async fn record_activity(&self, ctx: &Context<'_>, input: RecordActivityInput) -> Result<RecordActivityPayload> {
        let cx = Cx::of(ctx);
        RecordActivityPayload::of(attempt(|| record(cx, input.clone())).await)
    }

    /// Changes what was written down of a call, mail, chat, visit or trial. A call that got through after all becomes another event, which
    /// supersedes the first.
    #[graphql(directive = access::apply("Activity".into(), "P".into(), true))]
    async fn update_activity(&self, ctx: &Context<'_>, input: UpdateActivityInput) -> Result<UpdateActivityPayload> {
        let cx = Cx::of(ctx);
        UpdateActivityPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
