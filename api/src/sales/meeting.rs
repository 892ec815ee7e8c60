//! Meetings, and what the customer said there that they need.

use async_graphql::{Context, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, colleague, contact, industry},
    codes::{AttendeeResponse, MeetingKind, MeetingOutcome, RequirementCategory, RequirementStatus, SubjectType},
    marketing::campaign,
    sales::{meeting, meeting_attendee, opportunity, requirement},
    service::file,
};
use sea_orm::{ActiveValue::NotSet, Set};
use uuid::Uuid;

use super::Opportunity;
use crate::{
    account::{Account, Colleague, Contact, Industry},
    custom,
    files::MeetingFile,
    graph::{
        AnyOf, Cx, Error, GlobalId, Ids, Kind, Result, TextFilter, TimeFilter, UserErrorCode, line, patch_required,
        prose, remark, text,
    },
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    listed,
    marketing::Campaign,
    object, payload,
    policy::access,
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

object! {
    /// Somebody who is invited: a contact or a colleague.
    MeetingAttendee(meeting_attendee::Entity) as Meeting, id MeetingAttendee {
        /// What they answered.
        P response: AttendeeResponse = |row| row.response;
        /// Whether they came; null before.
        P attended: bool = |row| row.attended;
    }
    refs {
        /// The contact; null for a colleague.
        P contact: Contact = contact::Entity, |row| row.contact_id;
        /// The colleague; null for a contact.
        P colleague: Colleague = colleague::Entity, |row| row.colleague_id;
    }
}

object! {
    /// What a customer needs, in their words: the voice of the market on its way back to marketing.
    Requirement(requirement::Entity) as Meeting, id Requirement {
        /// What it is about.
        P category: RequirementCategory = |row| row.category;
        /// What the customer said.
        T statement: String = |row| row.statement.clone();
        /// What became of it.
        P status: RequirementStatus = |row| row.status;
    }
    refs {
        /// The customer.
        P account: Account = account::Entity, |row| row.account_id;
        /// Who said it; null where unknown.
        P contact: Contact = contact::Entity, |row| row.contact_id;
        /// Where it was said; null where elsewhere.
        P meeting: Meeting = meeting::Entity, |row| row.meeting_id;
        /// The opportunity that it touches; null for none.
        P opportunity: Opportunity = opportunity::Entity, |row| row.opportunity_id;
        /// The customer's industry at that time.
        P industry: Industry = industry::Entity, |row| row.industry_id;
        /// The campaign that answers it; null for none yet.
        P campaign: Campaign = campaign::Entity, |row| row.campaign_id;
    }
    teamwork Requirement;
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
    /// Something that a customer needs. Its industry is the account's at this time.
    RecordRequirementInput for Meeting {
        /// The customer.
        P account_id: GlobalId;
        /// Who said it.
        P contact_id: Option<GlobalId>;
        /// Where it was said.
        P meeting_id: Option<GlobalId>;
        /// The opportunity that it touches.
        P opportunity_id: Option<GlobalId>;
        /// What it is about.
        P category: RequirementCategory;
        /// What the customer said, at most 10,000 characters.
        T statement: String;
    }
}

input! {
    /// What becomes of a requirement.
    AnswerRequirementInput for Meeting {
        /// What became of it.
        P status: MaybeUndefined<RequirementStatus>;
        /// The campaign that answers it.
        P campaign_id: MaybeUndefined<GlobalId>;
    }
    plain {
        /// Which requirement.
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
    /// What `recordRequirement` answers.
    RecordRequirementPayload {
        /// The requirement; null if it was refused.
        requirement: Requirement
    }
}

payload! {
    /// What `answerRequirement` answers.
    AnswerRequirementPayload {
        /// The requirement; null if it was refused.
        requirement: Requirement
    }
}

fn event(kind: EventKind, row: &meeting::Model, contacts: &[Uuid]) -> Event {
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
    if contact_ids.len() > 100 || colleague_ids.len() > 100 {
        return Err(Error::invalid("contactIds", "at most 100 of each"));
    }
    let mut work = Work::begin(cx).await?;
    let account = work.refer::<account::Entity>("accountId", account_id).await?.row().id;
    let opportunity = super::deal_of(&work, opportunity_id, account).await?;
    let contacts = work.refer_all::<contact::Entity>("contactIds", contact_ids).await?;
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

/// Says what became of a meeting. That is said once.
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
    let invited = work.following_unscoped::<meeting_attendee::Entity>(meeting_attendee::Column::MeetingId, id).await?;
    let contacts: Vec<Uuid> = invited.into_iter().filter_map(|attendee| attendee.contact_id).collect();
    let kind = match outcome {
        MeetingOutcome::Held => EventKind::MeetingHeld,
        MeetingOutcome::NoShow => EventKind::MeetingNoShow,
        MeetingOutcome::Cancelled => EventKind::MeetingCancelled,
    };
    work.record(event(kind, &row, &contacts));
    if (row.kind, outcome) == (MeetingKind::Demo, MeetingOutcome::Held) {
        work.record(event(EventKind::DemoGiven, &row, &contacts));
    }
    let seen = work.reached::<meeting::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Meeting(seen))
}

/// Writes down what a customer needs.
pub async fn record_requirement(cx: &Cx, input: RecordRequirementInput) -> Result<Requirement> {
    let written = input.written();
    let RecordRequirementInput { account_id, contact_id, meeting_id, opportunity_id, category, statement } = input;
    let mut work = Work::begin(cx).await?;
    let account = work.refer::<account::Entity>("accountId", account_id).await?;
    let row = work
        .insert::<requirement::Entity>(requirement::ActiveModel {
            account_id: Set(Some(account.row().id)),
            contact_id: Set(work.refer_opt::<contact::Entity>("contactId", contact_id).await?),
            meeting_id: Set(work.refer_opt::<meeting::Entity>("meetingId", meeting_id).await?),
            opportunity_id: Set(super::deal_of(&work, opportunity_id, account.row().id).await?),
            industry_id: Set(account.row().industry_id),
            category: Set(category),
            statement: Set(prose("statement", statement, 10_000)?),
            status: Set(RequirementStatus::Open),
            author_id: Set(cx.caller.colleague),
            ..Default::default()
        })
        .await?;
    let payload = Payload::Requirement { category: category.as_str().to_owned() };
    work.record(Event::of::<requirement::Entity>(EventKind::RequirementRecorded, &row, payload));
    let seen = work.reached::<requirement::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Requirement(seen))
}

/// Says what became of a requirement.
pub async fn answer_requirement(cx: &Cx, input: AnswerRequirementInput) -> Result<Requirement> {
    let written = input.written();
    let AnswerRequirementInput { id, if_version, status, campaign_id } = input;
    let id = id.named("id", Kind::Requirement)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<requirement::Entity>(id, if_version, &written).await?;
    let row = requirement::ActiveModel {
        status: patch_required("status", status)?,
        campaign_id: work.refer_patch::<campaign::Entity>("campaignId", campaign_id).await?,
        ..Default::default()
    };
    work.update::<requirement::Entity>(&seen, row).await?;
    let seen = work.reached::<requirement::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Requirement(seen))
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

listed! {
    /// One requirement; null if there is none that you may see.
    requirement,
    /// The requirements that you may see, newest first unless sorted.
    requirements: Requirement(requirement::Entity) as Meeting, id Requirement, Falling;
    query RequirementQuery, filter RequirementFilter, sort RequirementSort {
        /// By what it is about.
        P category: AnyOf<RequirementCategory> = Category;
        /// By what was said.
        T statement: TextFilter = Statement;
        /// By what became of it.
        P status: AnyOf<RequirementStatus> = Status;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By who said it.
        P contact_id: Ids = ContactId, of Contact;
        /// By meeting.
        P meeting_id: Ids = MeetingId, of Meeting;
        /// By opportunity.
        P opportunity_id: Ids = OpportunityId, of Opportunity;
        /// By industry.
        P industry_id: Ids = IndustryId, of Industry;
        /// By the campaign that answers it.
        P campaign_id: Ids = CampaignId, of Campaign;
        /// By who wrote it down.
        P author_id: Ids = AuthorId, of Colleague;
    }
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
    /// Takes a meeting away that never was. One that is called off is `recordMeetingOutcome` with CANCELLED.
    delete_meeting: meeting::Entity as Meeting, class P title;
    mutation MeetingRemoval, input DeleteMeetingInput, payload DeleteMeetingPayload;
}

removal! {
    /// Takes a requirement away that nobody has.
    delete_requirement: requirement::Entity as Meeting, class T statement;
    mutation RequirementRemoval, input DeleteRequirementInput, payload DeleteRequirementPayload;
}

removal! {
    /// Takes somebody off the list of those invited.
    delete_meeting_attendee: meeting_attendee::Entity as Meeting, class P response;
    mutation MeetingAttendeeRemoval, input DeleteMeetingAttendeeInput, payload DeleteMeetingAttendeePayload;
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

    /// Writes down what a customer said that they need.
    #[graphql(directive = access::apply("Meeting".into(), "T".into(), true))]
    async fn record_requirement(
        &self,
        ctx: &Context<'_>,
        input: RecordRequirementInput,
    ) -> Result<RecordRequirementPayload> {
        let cx = Cx::of(ctx);
        RecordRequirementPayload::of(attempt(|| record_requirement(cx, input.clone())).await)
    }

    /// Says what became of a requirement, and which campaign answers it.
    #[graphql(directive = access::apply("Meeting".into(), "P".into(), true))]
    async fn answer_requirement(
        &self,
        ctx: &Context<'_>,
        input: AnswerRequirementInput,
    ) -> Result<AnswerRequirementPayload> {
        let cx = Cx::of(ctx);
        AnswerRequirementPayload::of(attempt(|| answer_requirement(cx, input.clone())).await)
    }
}
