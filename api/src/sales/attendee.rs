//! Who is invited to a meeting: contacts and colleagues, what they answered, and whether they came.

use async_graphql::{Context, MaybeUndefined, Object};
use entities::{
    account::{colleague, contact},
    codes::{AttendeeResponse, SubjectType},
    sales::{meeting, meeting_attendee},
};
use sea_orm::{ColumnTrait, Set, sea_query::ExprTrait};

use super::Meeting;
use crate::{
    account::{Colleague, Contact, ground},
    graph::{AnyOf, Cx, Error, GlobalId, Ids, Kind, Result, UserErrorCode, patch, patch_required, require_write},
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    listed, object, payload,
    policy::{Class, access},
    removal,
};

/// The most people of one meeting.
pub(crate) const MAX_ATTENDEES: u64 = 200;

object! {
    /// Somebody who is invited: a contact or a colleague.
    MeetingAttendee(meeting_attendee::Entity) as Meeting, id MeetingAttendee {
        /// What they answered.
        P response: AttendeeResponse = |row| row.response;
        /// Whether they came; null before.
        P attended: bool = |row| row.attended;
    }
    refs {
        /// The meeting.
        P meeting: Meeting = meeting::Entity, |row| row.meeting_id;
        /// The contact; null for a colleague.
        P contact: Contact = contact::Entity, |row| row.contact_id;
        /// The colleague; null for a contact.
        P colleague: Colleague = colleague::Entity, |row| row.colleague_id;
    }
}

input! {
    /// Somebody more: give either `contactId` or `colleagueId`.
    AddMeetingAttendeeInput for Meeting {
        /// The meeting; it has at most 200 attendees.
        P meeting_id: GlobalId;
        /// The contact.
        P contact_id: Option<GlobalId>;
        /// The colleague.
        P colleague_id: Option<GlobalId>;
        /// What they answered; PENDING unless said.
        P response: Option<AttendeeResponse>;
    }
}

input! {
    /// What somebody answered, and whether they came: absent leaves, null clears.
    UpdateMeetingAttendeeInput for Meeting {
        /// What they answered.
        P response: MaybeUndefined<AttendeeResponse>;
        /// Whether they came; not before the meeting starts.
        P attended: MaybeUndefined<bool>;
    }
    plain {
        /// Which attendee.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `addMeetingAttendee` answers.
    AddMeetingAttendeePayload {
        /// The new attendee; null if it was refused.
        meeting_attendee: MeetingAttendee
    }
}

payload! {
    /// What `updateMeetingAttendee` answers.
    UpdateMeetingAttendeePayload {
        /// The changed attendee; null if it was refused.
        meeting_attendee: MeetingAttendee
    }
}

/// Invites somebody more.
pub async fn add(cx: &Cx, input: AddMeetingAttendeeInput) -> Result<MeetingAttendee> {
    let written = input.written();
    let AddMeetingAttendeeInput { meeting_id, contact_id, colleague_id, response } = input;
    if contact_id.is_some() == colleague_id.is_some() {
        return Err(Error::invalid("contactId", "give either contactId or colleagueId"));
    }
    let mut work = Work::begin(cx).await?;
    let meeting = meeting_to_change(&work, meeting_id).await?;
    let contact_id = ground::person_opt(&work, "contactId", contact_id, meeting.account_id).await?;
    let colleague_id = work.refer_opt::<colleague::Entity>("colleagueId", colleague_id).await?;
    let of_meeting = || meeting_attendee::Column::MeetingId.eq(meeting.id);
    let (path, same) = match contact_id {
        Some(contact) => ("contactId", meeting_attendee::Column::ContactId.eq(contact)),
        None => ("colleagueId", meeting_attendee::Column::ColleagueId.eq(colleague_id)),
    };
    if work.tally_unscoped::<meeting_attendee::Entity>(of_meeting().and(same)).await? > 0 {
        return Err(Error::user(UserErrorCode::Duplicate, path, "they are invited already"));
    }
    if work.tally_unscoped::<meeting_attendee::Entity>(of_meeting()).await? >= MAX_ATTENDEES {
        return Err(Error::invalid("meetingId", format!("a meeting has at most {MAX_ATTENDEES} attendees")));
    }
    let row = work
        .insert::<meeting_attendee::Entity>(meeting_attendee::ActiveModel {
            meeting_id: Set(meeting.id),
            contact_id: Set(contact_id),
            colleague_id: Set(colleague_id),
            response: Set(response.unwrap_or(AttendeeResponse::Pending)),
            ..Default::default()
        })
        .await?;
    work.record(invited(&row, &meeting));
    let seen = work.reached::<meeting_attendee::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(MeetingAttendee(seen))
}

/// That somebody more is invited.
pub(crate) fn invited(row: &meeting_attendee::Model, meeting: &meeting::Model) -> Event {
    let payload = Payload::Record { fields: Vec::new() };
    Event::of::<meeting_attendee::Entity>(EventKind::RecordCreated, row, payload)
        .account(meeting.account_id)
        .about(SubjectType::Account, meeting.account_id)
}

/// Who may not change the meeting may not change its people either.
async fn meeting_to_change(work: &Work<'_>, id: GlobalId) -> Result<meeting::Model> {
    let id = id.named("meetingId", Kind::Meeting)?;
    let seen = work.caller().rows_to_write::<meeting::Entity>().by_id(id).one(work.tx()).await?;
    let seen = seen.ok_or_else(|| Error::missing("meetingId"))?;
    require_write(seen.rights(), &[(Class::P, "meeting_id")])?;
    Ok(seen.row().clone())
}

/// Notes what somebody answered, and whether they came.
pub async fn update(cx: &Cx, input: UpdateMeetingAttendeeInput) -> Result<MeetingAttendee> {
    let written = input.written();
    let UpdateMeetingAttendeeInput { id, if_version, response, attended } = input;
    let id = id.named("id", Kind::MeetingAttendee)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<meeting_attendee::Entity>(id, if_version, &written).await?;
    let meeting = work.follow_unscoped::<meeting::Entity>(seen.row().meeting_id).await?;
    if attended.value().is_some() && meeting.is_some_and(|meeting| meeting.starts_at > work.now()) {
        return Err(Error::invalid("attended", "nobody has come before the meeting starts"));
    }
    let row = meeting_attendee::ActiveModel {
        response: patch_required("response", response)?,
        attended: patch(attended),
        ..Default::default()
    };
    work.update::<meeting_attendee::Entity>(&seen, row).await?;
    let seen = work.reached::<meeting_attendee::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(MeetingAttendee(seen))
}

listed! {
    /// One attendee; null if there is none that you may see.
    meeting_attendee,
    /// The attendees that you may see, oldest first unless sorted.
    meeting_attendees: MeetingAttendee(meeting_attendee::Entity) as Meeting, id MeetingAttendee, Rising;
    query MeetingAttendeeQuery, filter MeetingAttendeeFilter, sort MeetingAttendeeSort {
        /// By meeting.
        P meeting_id: Ids = MeetingId, of Meeting;
        /// By person.
        P contact_id: Ids = ContactId, of Contact;
        /// By colleague.
        P colleague_id: Ids = ColleagueId, of Colleague;
        /// By what they answered.
        P response: AnyOf<AttendeeResponse> = Response;
        /// By whether they came.
        P attended: bool = Attended;
    }
}

removal! {
    /// Takes somebody off the list of those invited.
    delete_meeting_attendee: meeting_attendee::Entity as Meeting, class P response;
    mutation MeetingAttendeeRemoval, input DeleteMeetingAttendeeInput, payload DeleteMeetingAttendeePayload;
}

/// Changing who is invited.
#[derive(Default)]
pub struct AttendeeMutation;

#[Object]
impl AttendeeMutation {
    /// Invites somebody more to a meeting that you may change. DUPLICATE if they are invited already.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), true))]
    async fn add_meeting_attendee(
        &self,
        ctx: &Context<'_>,
        input: AddMeetingAttendeeInput,
    ) -> Result<AddMeetingAttendeePayload> {
        let cx = Cx::of(ctx);
        AddMeetingAttendeePayload::of(attempt(|| add(cx, input.clone())).await)
    }

    /// Notes what somebody answered, and whether they came.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), true))]
    async fn update_meeting_attendee(
        &self,
        ctx: &Context<'_>,
        input: UpdateMeetingAttendeeInput,
    ) -> Result<UpdateMeetingAttendeePayload> {
        let cx = Cx::of(ctx);
        UpdateMeetingAttendeePayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
