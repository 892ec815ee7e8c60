//! Activities: calls, mails, chats, visits, trials; the human touches that response times are measured by.

use async_graphql::{Context, Object};
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
    account::{Account, Colleague, Contact},
    graph::{Cx, Error, GlobalId, IsSet, Kind, Result, one},
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    marketing::Lead,
    object, payload,
    policy::access,
};

macro_rules! always_set {
    ($($code:ident),*) => { $(impl IsSet for $code { fn is_set(&self) -> bool { true } })* };
}
always_set!(ActivityKind, Direction);

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
    let mut work = Work::begin(cx).await?;
    let occurred_at = occurred_at.unwrap_or(work.now());
    if occurred_at < DateTime::UNIX_EPOCH || occurred_at > work.now() + Duration::hours(24) {
        return Err(Error::invalid("occurredAt", "between 1970 and 24 hours ahead"));
    }
    let contact = match contact_id {
        Some(id) => Some(work.refer::<contact::Entity>("contactId", id).await?.row().clone()),
        None => None,
    };
    let account = work.refer_opt::<account::Entity>("accountId", account_id).await?;
    let row = work
        .insert::<activity::Entity>(activity::ActiveModel {
            kind: Set(kind),
            direction: Set(direction),
            account_id: Set(account.or(contact.as_ref().and_then(|contact| contact.account_id))),
            contact_id: Set(contact.map(|contact| contact.id)),
            colleague_id: Set(cx.caller.colleague),
            opportunity_id: Set(work.refer_opt::<opportunity::Entity>("opportunityId", opportunity_id).await?),
            lead_id: Set(work.refer_opt::<lead::Entity>("leadId", lead_id).await?),
            occurred_at: Set(occurred_at),
            duration_s: Set(duration_s),
            automatic: Set(false),
            outcome: Set(outcome),
            subject: Set(subject),
            body: Set(body),
            ..Default::default()
        })
        .await?;
    let payload = Payload::Activity { direction: direction.as_str().to_owned(), automatic: false };
    work.record(Event::of::<activity::Entity>(kind_of(kind, direction, outcome), &row, payload).at(occurred_at));
    let seen = work.reached::<activity::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Activity(seen))
}

/// Reading activities.
#[derive(Default)]
pub struct ActivityQuery;

#[Object]
impl ActivityQuery {
    /// One activity; null if there is none that you may see.
    #[graphql(directive = access::apply("Activity".into(), "*".into(), false))]
    async fn activity(&self, ctx: &Context<'_>, id: GlobalId) -> Result<Option<Activity>> {
        one::<activity::Entity, _>(Cx::of(ctx), id.expect(Kind::Activity)?).await
    }
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
}
