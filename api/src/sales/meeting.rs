//! The meeting: planned, moved, held, missed or called off.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, colleague},
    codes::{AttendeeResponse, MeetingKind, MeetingOutcome, SubjectType},
    sales::{meeting, meeting_attendee, opportunity, requirement},
    service::file,
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, Set};
use uuid::Uuid;

use super::{MeetingAttendee, Opportunity, Requirement};
use crate::{
    account::{
        Account, Colleague, ground,
        relation::{self, Turn},
    },
    custom,
    files::{self, MeetingFile},
    graph::{
        AnyOf, Cx, Error, GlobalId, Ids, Kind, Result, TextFilter, TimeFilter, UserErrorCode, line, line_patch,
        name_patch, patch, patch_required, remark, remark_patch, text,
    },
    input,
    journey::{Event, EventKind, Payload, Removable, Work, attempt},
    listed, object, payload,
    policy::{Seen, Type, access},
    removal, teamwork,
};

object! {
    /// A meeting with a customer: planned, held, missed or cancelled.
    Meeting(meeting::Entity) as Meeting, id Meeting {
        /// What it is called.
        P title: String = |row| row.title.clone();
        /// When it starts (UTC).
        P starts_at: DateTime<Utc> = |row| row.starts_at;
        /// When it ends (UTC); null where open.
        P ends_at: DateTime<Utc> = |row| row.ends_at;
        /// What kind.
        P kind: MeetingKind = |row| row.kind;
        /// Where.
        P location: String = |row| row.location.clone();
        /// What became of it; null while it is planned.
        P outcome: MeetingOutcome = |row| row.outcome;
        /// What was said.
        T summary: String = |row| row.summary.clone();
        /// What is to be done next.
        T next_step: String = |row| row.next_step.clone();
    }
    refs {
        /// The customer.
        P account: Account = account::Entity, |row| row.account_id;
        /// The opportunity that it serves; null for none.
        P opportunity: Opportunity = opportunity::Entity, |row| row.opportunity_id;
        /// Who called it.
        P organizer: Colleague = colleague::Entity, |row| row.organizer_id;
    }
    lists {
        /// Its files, oldest first.
        files: MeetingFile = file::Entity, file::Column::MeetingId, Rising under Meeting;
        /// Who is invited.
        attendees: MeetingAttendee = meeting_attendee::Entity, meeting_attendee::Column::MeetingId, Rising;
        /// What the customer said there that they need.
        requirements: Requirement = requirement::Entity, requirement::Column::MeetingId, Rising;
    }
    custom_fields Meeting;
    teamwork Meeting;
}

input! {
    /// A meeting to be.
    ScheduleMeetingInput for Meeting {
        /// The customer.
        P account_id: GlobalId;
        /// The opportunity that it serves.
        P opportunity_id: Option<GlobalId>;
        /// What it is called, at most 255 characters.
        P title: String;
        /// When it starts.
        P starts_at: DateTime<Utc>;
        /// When it ends.
        P ends_at: Option<DateTime<Utc>>;
        /// What kind.
        P kind: MeetingKind;
        /// Where.
        P location: Option<String>;
        /// The contacts to invite, at most 100.
        P contact_ids: Option<Vec<GlobalId>>;
        /// The colleagues to invite, at most 100.
        P colleague_ids: Option<Vec<GlobalId>>;
    }
}

input! {
    /// What became of a meeting.
    RecordMeetingOutcomeInput for Meeting {
        /// What became of it.
        P outcome: MeetingOutcome;
        /// What was said.
        T summary: Option<String>;
        /// What is to be done next.
        T next_step: Option<String>;
    }
    plain {
        /// Which meeting.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// A change of a meeting: absent leaves, null clears. When and how people meet is open until its outcome is told.
    UpdateMeetingInput for Meeting {
        /// What it is called, at most 255 characters.
        P title: MaybeUndefined<String>;
        /// When it starts; another time writes `meeting.rescheduled`.
        P starts_at: MaybeUndefined<DateTime<Utc>>;
        /// When it ends; not before it starts.
        P ends_at: MaybeUndefined<DateTime<Utc>>;
        /// What kind.
        P kind: MaybeUndefined<MeetingKind>;
        /// Where, at most 255 characters.
        P location: MaybeUndefined<String>;
        /// The opportunity that it serves; one of this customer's.
        P opportunity_id: MaybeUndefined<GlobalId>;
        /// What was said, at most 20,000 characters.
        T summary: MaybeUndefined<String>;
        /// What is to be done next, at most 20,000 characters.
        T next_step: MaybeUndefined<String>;
    }
    plain {
        /// Which meeting.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `scheduleMeeting` answers.
    ScheduleMeetingPayload {
        /// The new meeting; null if it was refused.
        meeting: Meeting
    }
}

payload! {
    /// What `recordMeetingOutcome` answers.
    RecordMeetingOutcomePayload {
        /// The meeting; null if it was refused.
        meeting: Meeting
    }
}

payload! {
    /// What `updateMeeting` answers.
    UpdateMeetingPayload {
        /// The changed meeting; null if it was refused.
        meeting: Meeting
    }
}

/// An event of a meeting, about those who are invited, too.
pub(crate) fn event(kind: EventKind, row: &meeting::Model, contacts: &[Uuid]) -> Event {
    let payload = Payload::Meeting { kind: row.kind.as_str().to_owned(), starts_at: row.starts_at };
    let event = Event::of::<meeting::Entity>(kind, row, payload);
    contacts.iter().fold(event, |event, contact| event.about(SubjectType::Contact, *contact))
}

/// Plans a meeting; whoever does organises it.
pub async fn schedule(cx: &Cx, input: ScheduleMeetingInput) -> Result<Meeting> {
    let written = input.written();
    let ScheduleMeetingInput {
        account_id,
        opportunity_id,
        title,
        starts_at,
        ends_at,
        kind,
        location,
        contact_ids,
        colleague_ids,
    } = input;
    if ends_at.is_some_and(|end| end < starts_at) {
        return Err(Error::invalid("endsAt", "a meeting ends after it starts"));
    }
    let (contact_ids, colleague_ids) = (contact_ids.unwrap_or_default(), colleague_ids.unwrap_or_default());
    for (path, people) in [("contactIds", &contact_ids), ("colleagueIds", &colleague_ids)] {
        if people.len() > 100 {
            return Err(Error::invalid(path, "at most 100 of each"));
        }
    }
    let mut work = Work::begin(cx).await?;
    let account = work.refer::<account::Entity>("accountId", account_id).await?.row().id;
    let opportunity = super::of_account::<opportunity::Entity>(&work, "opportunityId", opportunity_id, account).await?;
    ground::may_stand(&work, Type::Meeting, "accountId", Some(account)).await?;
    let contacts = ground::people(&work, "contactIds", contact_ids, Some(account)).await?;
    let colleagues = work.refer_all::<colleague::Entity>("colleagueIds", colleague_ids).await?;
    let row = work
        .insert::<meeting::Entity>(meeting::ActiveModel {
            account_id: Set(Some(account)),
            opportunity_id: Set(opportunity),
            organizer_id: Set(cx.caller.colleague),
            title: Set(Some(text("title", title, 255)?)),
            starts_at: Set(starts_at),
            ends_at: Set(ends_at),
            kind: Set(kind),
            location: Set(line("location", location)?),
            ..Default::default()
        })
        .await?;
    let people = contacts.iter().map(|id| (Some(*id), None)).chain(colleagues.iter().map(|id| (None, Some(*id))));
    let attendees = people.map(|(contact_id, colleague_id)| meeting_attendee::ActiveModel {
        meeting_id: Set(row.id),
        contact_id: Set(contact_id),
        colleague_id: Set(colleague_id),
        response: Set(AttendeeResponse::Pending),
        ..Default::default()
    });
    work.insert_many::<meeting_attendee::Entity>(attendees.collect()).await?;
    work.record(event(EventKind::MeetingScheduled, &row, &contacts));
    let seen = work.reached::<meeting::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Meeting(seen))
}

/// Changes a meeting, or moves it.
pub async fn update(cx: &Cx, input: UpdateMeetingInput) -> Result<Meeting> {
    let written = input.written();
    let UpdateMeetingInput {
        id,
        if_version,
        title,
        starts_at,
        ends_at,
        kind,
        location,
        opportunity_id,
        summary,
        next_step,
    } = input;
    let id = id.named("id", Kind::Meeting)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<meeting::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    let row = meeting::ActiveModel {
        title: match name_patch("title", title)? {
            Set(title) => Set(Some(title)),
            _ => NotSet,
        },
        starts_at: patch_required("startsAt", starts_at)?,
        ends_at: patch(ends_at),
        kind: patch_required("kind", kind)?,
        location: line_patch("location", location)?,
        opportunity_id: super::patch_of_account::<opportunity::Entity>(
            &work,
            "opportunityId",
            opportunity_id,
            before.account_id,
        )
        .await?,
        summary: remark_patch("summary", summary)?,
        next_step: remark_patch("nextStep", next_step)?,
        ..Default::default()
    };
    let row = work.update::<meeting::Entity>(&seen, row).await?;
    let moved = [
        ("startsAt", row.starts_at != before.starts_at),
        ("endsAt", row.ends_at != before.ends_at),
        ("kind", row.kind != before.kind),
    ];
    if let (Some(outcome), Some((path, _))) = (before.outcome, moved.into_iter().find(|(_, changed)| *changed)) {
        return Err(Error::user(UserErrorCode::StateConflict, path, format!("the meeting is {outcome}")));
    }
    if row.ends_at.is_some_and(|end| end < row.starts_at) {
        return Err(Error::invalid("endsAt", "a meeting ends after it starts"));
    }
    if row.starts_at != before.starts_at {
        let contacts = invited(&work, id).await?;
        work.record(event(EventKind::MeetingRescheduled, &row, &contacts));
    }
    let seen = work.reached::<meeting::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Meeting(seen))
}

/// The contacts who are invited, whoever may see them: the meeting's events are about them.
async fn invited(work: &Work<'_>, meeting: Uuid) -> Result<Vec<Uuid>> {
    let invited =
        work.following_unscoped::<meeting_attendee::Entity>(meeting_attendee::Column::MeetingId, meeting).await?;
    Ok(invited.into_iter().filter_map(|attendee| attendee.contact_id).collect())
}

/// What is told of a meeting of a kind that came to this.
pub(crate) fn told(kind: MeetingKind, outcome: MeetingOutcome) -> Vec<EventKind> {
    match (outcome, kind) {
        (MeetingOutcome::Held, MeetingKind::Demo) => vec![EventKind::MeetingHeld, EventKind::DemoGiven],
        (MeetingOutcome::Held, _) => vec![EventKind::MeetingHeld],
        (MeetingOutcome::NoShow, _) => vec![EventKind::MeetingNoShow],
        (MeetingOutcome::Cancelled, _) => vec![EventKind::MeetingCancelled],
    }
}

/// Says what became of a meeting. That is said once. A meeting that was held engages its customer.
pub async fn record_outcome(cx: &Cx, input: RecordMeetingOutcomeInput) -> Result<Meeting> {
    let written = input.written();
    let RecordMeetingOutcomeInput { id, if_version, outcome, summary, next_step } = input;
    let id = id.named("id", Kind::Meeting)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<meeting::Entity>(id, if_version, &written).await?;
    if let Some(before) = seen.row().outcome {
        return Err(Error::user(UserErrorCode::StateConflict, "outcome", format!("the meeting is {before}")));
    }
    let row = meeting::ActiveModel {
        outcome: Set(Some(outcome)),
        summary: if summary.is_some() { Set(remark("summary", summary)?) } else { NotSet },
        next_step: if next_step.is_some() { Set(remark("nextStep", next_step)?) } else { NotSet },
        ..Default::default()
    };
    let row = work.update::<meeting::Entity>(&seen, row).await?;
    let contacts = invited(&work, id).await?;
    for kind in told(row.kind, outcome) {
        work.record(event(kind, &row, &contacts));
    }
    if outcome == MeetingOutcome::Held {
        relation::follow(&mut work, cx, row.account_id, Turn::Engaged).await?;
    }
    let seen = work.reached::<meeting::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Meeting(seen))
}

listed! {
    /// One meeting; null if there is none that you may see.
    meeting,
    /// The meetings that you may see, newest first unless sorted.
    meetings: Meeting(meeting::Entity) as Meeting, id Meeting, Falling;
    query MeetingQuery, filter MeetingFilter, sort MeetingSort custom {
        /// By title.
        P title: TextFilter = Title;
        /// By its start.
        P starts_at: TimeFilter = StartsAt;
        /// By its end.
        P ends_at: TimeFilter = EndsAt;
        /// By kind.
        P kind: AnyOf<MeetingKind> = Kind;
        /// By what became of it; null stands for what is planned.
        P outcome: AnyOf<MeetingOutcome> = Outcome;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By opportunity.
        P opportunity_id: Ids = OpportunityId, of Opportunity;
        /// By who called it.
        P organizer_id: Ids = OrganizerId, of Colleague;
    }
}

impl Removable for meeting::Entity {
    /// The invitations and the files go with it.
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<meeting::Model>) -> Result<()> {
        let invited = meeting_attendee::Column::MeetingId.eq(seen.row().id);
        let rows = work.caller().rows_to_write::<meeting_attendee::Entity>().filter(invited);
        for attendee in rows.all(work.tx()).await? {
            work.remove::<meeting_attendee::Entity>(&attendee).await?;
        }
        files::go_with(work, file::Column::MeetingId, seen.row().id).await
    }
}

removal! {
    /// Takes a meeting away that never was, with its invitations and files. One that is called off is `recordMeetingOutcome` with
    /// CANCELLED.
    delete_meeting: meeting::Entity as Meeting, class P title, checked;
    mutation MeetingRemoval, input DeleteMeetingInput, payload DeleteMeetingPayload;
}

/// Changing meetings.
#[derive(Default)]
pub struct MeetingMutation;

#[Object]
impl MeetingMutation {
    /// Plans a meeting with a customer. You organise it.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), true))]
    async fn schedule_meeting(&self, ctx: &Context<'_>, input: ScheduleMeetingInput) -> Result<ScheduleMeetingPayload> {
        let cx = Cx::of(ctx);
        ScheduleMeetingPayload::of(attempt(|| schedule(cx, input.clone())).await)
    }

    /// Says what became of a meeting, once. STATE_CONFLICT if that was said already.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), true))]
    async fn record_meeting_outcome(
        &self,
        ctx: &Context<'_>,
        input: RecordMeetingOutcomeInput,
    ) -> Result<RecordMeetingOutcomePayload> {
        let cx = Cx::of(ctx);
        RecordMeetingOutcomePayload::of(attempt(|| record_outcome(cx, input.clone())).await)
    }

    /// Changes a meeting, or moves it to another time. STATE_CONFLICT for when and how once its outcome is told.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), true))]
    async fn update_meeting(&self, ctx: &Context<'_>, input: UpdateMeetingInput) -> Result<UpdateMeetingPayload> {
        let cx = Cx::of(ctx);
        UpdateMeetingPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
