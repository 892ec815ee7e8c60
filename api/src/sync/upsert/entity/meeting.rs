//! Meetings.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Utc};
use entities::{
    account::contact,
    codes::{AttendeeResponse, MeetingKind, MeetingOutcome},
    sales::{meeting, meeting_attendee, opportunity},
};
use sea_orm::{ActiveValue, Set};
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{Fields, Followed, Known, New, ReferenceInput, Scene, SyncEntity, plain},
    columns::{happened, stays_once, time, time_opt, unless_said, will_be},
    deals::Deals,
    references::Named,
};
use crate::{
    account::{
        ground,
        relation::{self, Turn},
    },
    graph::{
        Error, GlobalId, Kind, Result, UserError, UserErrorCode, line_patch, name_patch, patch_required, remark_patch,
    },
    journey::{EventKind, Work},
    policy::{Seen, Type},
    sales::{
        attendee::{MAX_ATTENDEES, invited},
        meeting::{event, told},
    },
    synced,
};

synced! {
    /// What a source says of a meeting: absent leaves, null clears.
    Meetings of Meeting: meeting::Entity as Meeting;
    set MeetingSetInput, row UpsertMeetingRowInput, input UpsertMeetingsInput;
    /// Creates and updates meetings, each known by its key in a source. What became of one is told once; when and how people meet is open
    /// until then. One that was held engages its customer.
    mutation UpsertMeetings, upsert_meetings, class P;
    fields {
        /// What it is called, at most 255 characters. A new meeting needs it.
        P title: String = title by title;
        /// When it starts; another time writes `meeting.rescheduled`. A new meeting needs it.
        P starts_at: DateTime<Utc> = starts_at by time;
        /// When it ends; not before it starts.
        P ends_at: DateTime<Utc> = ends_at by time_opt;
        /// What kind. A new meeting needs it.
        P kind: MeetingKind = kind by patch_required;
        /// Where, at most 255 characters.
        P location: String = location by line_patch;
        /// What became of it; null while it is planned.
        P outcome: MeetingOutcome = outcome by plain;
        /// What was said, at most 20,000 characters.
        T summary: String = summary by remark_patch;
        /// What is to be done next, at most 20,000 characters.
        T next_step: String = next_step by remark_patch;
    }
    beside {
        /// The contacts who are invited, at most 100: who is not named any more is taken off the list.
        P contacts: Vec<ReferenceInput>;
        /// The colleagues who are invited, at most 100: who is not named any more is taken off the list.
        P colleagues: Vec<ReferenceInput>;
        /// When it was arranged in its system: then a new one's `meeting.scheduled` happened. Unless said, now, or when it started if
        /// that was before.
        P arranged_at: DateTime<Utc>;
    }
    relations MeetingRelationsInput {
        /// The customer. A new meeting needs it; it stays.
        P account: Account = account_id required;
        /// The opportunity that it serves; one of this customer's.
        P opportunity: Opportunity = opportunity_id;
        /// The colleague who called it.
        P organizer: Colleague = organizer_id;
    }
    require ["title", "starts_at", "kind"];
    lookup Lookup;
    removable;
}

/// The most contacts, and the most colleagues, of one list.
const MAX_LIST: usize = 100;

/// What a batch of meetings looks up.
pub struct Lookup {
    deals: Deals<opportunity::Entity>,
    edited: HashSet<Uuid>,
    contacts: Named,
    colleagues: Named,
    persons: HashMap<Uuid, Seen<contact::Model>>,
    /// Who is invited to the known meetings.
    invited: HashMap<Uuid, Vec<meeting_attendee::Model>>,
}

fn title(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<Option<String>>> {
    Ok(match name_patch(path, value)? {
        Set(title) => Set(Some(title)),
        ActiveValue::Unchanged(_) | ActiveValue::NotSet => ActiveValue::NotSet,
    })
}

/// People of one list; None where the row does not say.
fn listed(named: &Named, path: &str, list: &MaybeUndefined<Vec<ReferenceInput>>) -> Result<Option<Vec<Uuid>>> {
    match list {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Ok(Some(Vec::new())),
        MaybeUndefined::Value(list) => named.all(path, list, MAX_LIST).map(Some),
    }
}

impl Lookup {
    fn contacts(&self, set: &MeetingSetInput) -> Result<Option<Vec<Uuid>>> {
        listed(&self.contacts, "set.contacts", &set.contacts)
    }

    fn colleagues(&self, set: &MeetingSetInput) -> Result<Option<Vec<Uuid>>> {
        listed(&self.colleagues, "set.colleagues", &set.colleagues)
    }

    fn invited(&self, meeting: Uuid) -> &[meeting_attendee::Model] {
        self.invited.get(&meeting).map_or(&[], Vec::as_slice)
    }
}

impl Meetings {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&MeetingSetInput]) -> Result<Lookup> {
        let deals = Deals::find(work, &scene.ids(SyncEntity::Opportunity)).await?;
        let accounts = scene.ids(SyncEntity::Account);
        let edited = ground::edited(work, Type::Meeting, Type::Meeting.wing(), &accounts).await?;
        let contacts = sets.iter().filter_map(|set| set.contacts.value()).flatten().collect();
        let contacts = Named::find(work, scene, SyncEntity::Contact, contacts).await?;
        let colleagues = sets.iter().filter_map(|set| set.colleagues.value()).flatten().collect();
        let colleagues = Named::find(work, scene, SyncEntity::Colleague, colleagues).await?;
        let persons = ground::persons(work, &contacts.ids()).await?;
        let mut invited: HashMap<Uuid, Vec<meeting_attendee::Model>> = HashMap::new();
        let of_meeting = meeting_attendee::Column::MeetingId;
        for row in work.following_many_unscoped::<meeting_attendee::Entity>(of_meeting, &scene.held).await? {
            invited.entry(row.meeting_id).or_default().push(row);
        }
        Ok(Lookup { deals, edited, contacts, colleagues, persons, invited })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &MeetingSetInput,
        held: Option<&meeting::Model>,
        row: &mut meeting::ActiveModel,
    ) -> Result<()> {
        stays_once(
            &row.account_id,
            held.map(|held| &held.account_id),
            "relations.account",
            "a meeting stays with its account",
        )?;
        let account = will_be(&row.account_id, held.map(|held| &held.account_id)).flatten();
        if held.is_none() {
            if account.is_some_and(|account| !lookup.edited.contains(&account)) {
                return Err(Error::forbidden("relations.account"));
            }
            unless_said(&mut row.organizer_id, scene.cx.caller.colleague);
        }
        lookup.deals.check(
            "relations.opportunity",
            &row.opportunity_id,
            held.and_then(|held| held.opportunity_id),
            account,
        )?;
        if let Some(held) = held {
            still_open(held, row)?;
        }
        let starts = will_be(&row.starts_at, held.map(|held| &held.starts_at));
        let ends = will_be(&row.ends_at, held.map(|held| &held.ends_at)).flatten();
        if ends.zip(starts).is_some_and(|(ends, starts)| ends < starts) {
            return Err(Error::invalid("set.endsAt", "a meeting ends after it starts"));
        }
        let already = held.map_or(&[][..], |held| lookup.invited(held.id));
        for contact in lookup.contacts(set)?.unwrap_or_default() {
            if already.iter().all(|row| row.contact_id != Some(contact)) {
                ground::may_name(&lookup.persons, "set.contacts", contact, account)?;
            }
        }
        lookup.colleagues(set).map(drop)
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        lookup: &Lookup,
        new: &[New<Meetings>],
        known: &[Known<Meetings>],
    ) -> Result<Followed> {
        let mut turns: Vec<(Uuid, Turn)> = Vec::new();
        let mut guests = Vec::new();
        for New { set, row, .. } in new {
            let contacts = lookup.contacts(set)?.unwrap_or_default();
            guests.extend(contacts.iter().map(|id| guest(row.id, Some(*id), None)));
            guests.extend(
                lookup.colleagues(set)?.unwrap_or_default().into_iter().map(|id| guest(row.id, None, Some(id))),
            );
            let arranged =
                set.arranged_at.value().copied().or(Some(row.starts_at).filter(|starts| *starts < scene.now));
            work.record(happened(event(EventKind::MeetingScheduled, row, &contacts), arranged, scene.now));
            let Some(outcome) = row.outcome else { continue };
            let at = match outcome {
                MeetingOutcome::Held | MeetingOutcome::NoShow => row.starts_at,
                MeetingOutcome::Cancelled => row.starts_at.min(scene.now),
            };
            for kind in told(row.kind, outcome) {
                work.record(happened(event(kind, row, &contacts), Some(at), scene.now));
            }
            turns.extend(
                row.account_id.filter(|_| outcome == MeetingOutcome::Held).map(|account| (account, Turn::Engaged)),
            );
        }
        work.insert_many::<meeting_attendee::Entity>(guests).await?;
        let mut followed = Followed::default();
        let lists = bring(work, scene, lookup, known, &mut followed).await?;
        for Known { rows, .. } in known {
            let (before, after) = (&rows.before, &rows.after);
            let contacts: Vec<Uuid> = match lists.get(&after.id) {
                Some(list) => list.clone(),
                None => lookup.invited(after.id).iter().filter_map(|row| row.contact_id).collect(),
            };
            if before.starts_at != after.starts_at {
                work.record(event(EventKind::MeetingRescheduled, after, &contacts));
            }
            let Some(outcome) = after.outcome.filter(|_| before.outcome.is_none()) else { continue };
            for kind in told(after.kind, outcome) {
                work.record(event(kind, after, &contacts));
            }
            turns.extend(
                after.account_id.filter(|_| outcome == MeetingOutcome::Held).map(|account| (account, Turn::Engaged)),
            );
        }
        relation::follow_many(work, &turns).await?;
        Ok(followed)
    }
}

/// What became of it is told once, and when and how people met is settled by it.
fn still_open(held: &meeting::Model, row: &meeting::ActiveModel) -> Result<()> {
    let Some(outcome) = held.outcome else { return Ok(()) };
    let moved = [
        ("set.outcome", matches!(row.outcome, Set(said) if said != held.outcome)),
        ("set.startsAt", matches!(row.starts_at, Set(said) if said != held.starts_at)),
        ("set.endsAt", matches!(row.ends_at, Set(said) if said != held.ends_at)),
        ("set.kind", matches!(row.kind, Set(said) if said != held.kind)),
    ];
    match moved.into_iter().find(|(_, changed)| *changed) {
        Some((path, _)) => Err(Error::user(UserErrorCode::StateConflict, path, format!("the meeting is {outcome}"))),
        None => Ok(()),
    }
}

fn guest(meeting: Uuid, contact: Option<Uuid>, colleague: Option<Uuid>) -> meeting_attendee::ActiveModel {
    meeting_attendee::ActiveModel {
        meeting_id: Set(meeting),
        contact_id: Set(contact),
        colleague_id: Set(colleague),
        response: Set(AttendeeResponse::Pending),
        ..Default::default()
    }
}

/// Brings the lists of known meetings up to date. Gives the contacts of those whose list of contacts is said.
async fn bring(
    work: &mut Work<'_>,
    scene: &Scene<'_>,
    lookup: &Lookup,
    known: &[Known<Meetings>],
    followed: &mut Followed,
) -> Result<HashMap<Uuid, Vec<Uuid>>> {
    let (mut lists, mut more, mut off) = (HashMap::new(), Vec::new(), Vec::new());
    for Known { place, set, rows } in known {
        let (meeting, already) = (&rows.after, lookup.invited(rows.after.id));
        let mut before = Fields::new();
        let mut count = already.len();
        if let Some(list) = lookup.contacts(set)? {
            let held = already.iter().filter_map(|row| Some((row.contact_id?, row)));
            let (came, gone) = compare(&list, held);
            if !came.is_empty() || !gone.is_empty() {
                let held = already.iter().filter_map(|row| row.contact_id);
                before.insert("contacts".to_owned(), ids(Kind::Contact, held));
            }
            count = count + came.len() - gone.len();
            more.extend(came.into_iter().map(|id| (meeting, guest(meeting.id, Some(id), None))));
            off.extend(gone);
            lists.insert(meeting.id, list);
        }
        if let Some(list) = lookup.colleagues(set)? {
            let held = already.iter().filter_map(|row| Some((row.colleague_id?, row)));
            let (came, gone) = compare(&list, held);
            if !came.is_empty() || !gone.is_empty() {
                let held = already.iter().filter_map(|row| row.colleague_id);
                before.insert("colleagues".to_owned(), ids(Kind::Colleague, held));
            }
            count = count + came.len() - gone.len();
            more.extend(came.into_iter().map(|id| (meeting, guest(meeting.id, None, Some(id)))));
            off.extend(gone);
        }
        if count as u64 > MAX_ATTENDEES {
            let message = format!("a meeting has at most {MAX_ATTENDEES} attendees");
            let path = vec!["set".to_owned(), "contacts".to_owned()];
            followed
                .refused
                .push((*place, vec![UserError { code: UserErrorCode::Invalid, path, message, new_id: None }]));
        }
        if !before.is_empty() {
            followed.changed.insert(*place, before);
        }
    }
    let (meetings, more): (Vec<_>, Vec<_>) = more.into_iter().unzip();
    let rows = work.insert_many::<meeting_attendee::Entity>(more).await?;
    for (row, meeting) in rows.iter().zip(meetings) {
        work.record(invited(row, meeting));
    }
    let gone = |row| (row, meeting_attendee::ActiveModel { deleted_at: Set(Some(scene.now)), ..Default::default() });
    let off = off.into_iter().map(gone).collect();
    work.update_many::<meeting_attendee::Entity>(off).await?;
    Ok(lists)
}

/// Who is new on a list, and who is off it.
fn compare<'a>(
    list: &[Uuid],
    held: impl Iterator<Item = (Uuid, &'a meeting_attendee::Model)>,
) -> (Vec<Uuid>, Vec<meeting_attendee::Model>) {
    let (mut there, mut gone) = (BTreeSet::new(), Vec::new());
    for (id, row) in held {
        match list.contains(&id) {
            true => drop(there.insert(id)),
            false => gone.push(row.clone()),
        }
    }
    (list.iter().filter(|id| !there.contains(id)).copied().collect(), gone)
}

/// A list as `set` would bring it back.
fn ids(kind: Kind, ids: impl Iterator<Item = Uuid>) -> serde_json::Value {
    serde_json::Value::Array(ids.map(|id| json!({ "id": GlobalId::new(kind, id).to_string() })).collect())
}
