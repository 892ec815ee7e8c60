//! The service-level policy: one revision of a promised time. A change of what is promised is a new revision; the one before ends at
//! the same moment, and clocks that run for it keep it.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    codes::{HandoverBoundary, SlaMetric, TicketPriority, TicketStatus},
    service::{business_calendar, sla_policy},
};
use sea_orm::{ColumnTrait, Set};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{BusinessCalendar, clock::seconds};
use crate::{
    graph::{AnyOf, Cx, Error, GlobalId, Ids, Kind, MAX_LINE, Result, TextFilter, TimeFilter, UserErrorCode, text},
    input,
    journey::{Work, attempt},
    listed, object, payload,
    policy::{Class, access},
};

object! {
    /// One revision of a promised time.
    SlaPolicy(sla_policy::Entity) as Reference, id SlaPolicy {
        /// Which promise; revisions share it.
        P code: String = |row| row.code.clone();
        /// Counts up with every change of meaning.
        P revision: i32 = |row| i32::try_from(row.revision).unwrap_or(i32::MAX);
        /// What people call it.
        P name: String = |row| row.name.clone();
        /// What is measured.
        P metric: SlaMetric = |row| row.metric;
        /// For tickets of this priority; null: of all.
        P priority: TicketPriority = |row| row.priority;
        /// For handovers across this boundary; null: across all.
        P boundary: HandoverBoundary = |row| row.boundary;
        /// The promised time in seconds.
        P target_seconds: i32 = |row| seconds(row.target_ms);
        /// The ticket statuses that pause a clock.
        P pause_on: Vec<TicketStatus> = paused_by;
        /// The first moment that it holds (UTC).
        P valid_from: DateTime<Utc> = |row| row.valid_from;
        /// The first moment after (UTC); null while it holds.
        P valid_to: DateTime<Utc> = |row| row.valid_to;
    }
    refs {
        /// The hours in which its clocks run; null for round the clock.
        P calendar: BusinessCalendar = business_calendar::Entity, |row| row.business_calendar_id;
    }
}

/// The longest promise: ten years.
const MAX_SECONDS: i32 = 315_576_000;

input! {
    /// A new promise: its first revision.
    CreateSlaPolicyInput for Reference {
        /// Which promise, at most 100 characters, unique in the tenant, for ever.
        P code: String;
        /// What people call it, at most 255 characters.
        P name: String;
        /// What is measured, for ever.
        P metric: SlaMetric;
        /// For tickets of this priority; of all unless said. Not for handovers.
        P priority: Option<TicketPriority>;
        /// For handovers across this boundary; across all unless said. Not for tickets.
        P boundary: Option<HandoverBoundary>;
        /// The promised time in seconds of the calendar's hours, 1 to 315,576,000.
        P target_seconds: i32;
        /// The hours in which its clocks run, the newest revision of a calendar; round the clock unless said.
        P calendar_id: Option<GlobalId>;
        /// The ticket statuses that pause a clock; none unless said.
        P pause_on: Option<Vec<TicketStatus>>;
    }
}

input! {
    /// A change of a promise: absent leaves, null clears. A new name is a new name; anything else is a new revision.
    UpdateSlaPolicyInput for Reference {
        /// What people call it.
        P name: MaybeUndefined<String>;
        /// For tickets of this priority; null: of all.
        P priority: MaybeUndefined<TicketPriority>;
        /// For handovers across this boundary; null: across all.
        P boundary: MaybeUndefined<HandoverBoundary>;
        /// The promised time in seconds.
        P target_seconds: MaybeUndefined<i32>;
        /// The hours in which its clocks run; null for round the clock.
        P calendar_id: MaybeUndefined<GlobalId>;
        /// The ticket statuses that pause a clock: the whole list.
        P pause_on: MaybeUndefined<Vec<TicketStatus>>;
    }
    plain {
        /// The newest revision.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

/// The end of a promise.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct EndSlaPolicyInput {
    /// The revision that holds.
    pub id: GlobalId,
    /// End it only if it still has this version.
    pub if_version: Option<i32>,
}

payload! {
    /// What `createSlaPolicy` answers.
    CreateSlaPolicyPayload {
        /// The first revision; null if it was refused.
        sla_policy: SlaPolicy
    }
}

payload! {
    /// What `updateSlaPolicy` answers.
    UpdateSlaPolicyPayload {
        /// The revision that holds now, with an id of its own where the promise is another; null if it was refused.
        sla_policy: SlaPolicy
    }
}

payload! {
    /// What `endSlaPolicy` answers.
    EndSlaPolicyPayload {
        /// The ended revision; null if it was refused.
        sla_policy: SlaPolicy
    }
}

/// Makes a promise.
pub async fn create(cx: &Cx, input: CreateSlaPolicyInput) -> Result<SlaPolicy> {
    let written = input.written();
    let CreateSlaPolicyInput { code, name, metric, priority, boundary, target_seconds, calendar_id, pause_on } = input;
    let mut work = Work::begin(cx).await?;
    let business_calendar_id = match calendar_id {
        Some(id) => Some(calendar(&work, id).await?),
        None => None,
    };
    let row = sla_policy::ActiveModel {
        code: Set(text("code", code, 100)?),
        revision: Set(1),
        name: Set(text("name", name, MAX_LINE)?),
        metric: Set(metric),
        priority: Set(priority),
        boundary: Set(boundary),
        target_ms: Set(target(target_seconds)?),
        business_calendar_id: Set(business_calendar_id),
        pause_on: Set(statuses(pause_on.unwrap_or_default())),
        valid_from: Set(work.now()),
        ..Default::default()
    };
    let row = work.insert_unique::<sla_policy::Entity>("code", row).await?;
    fits(&row)?;
    let seen = work.reached::<sla_policy::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(SlaPolicy(seen))
}

/// Renames a promise, or ends its newest revision and makes the next.
pub async fn update(cx: &Cx, input: UpdateSlaPolicyInput) -> Result<SlaPolicy> {
    let written = input.written();
    let UpdateSlaPolicyInput { id, if_version, name, priority, boundary, target_seconds, calendar_id, pause_on } =
        input;
    let id = id.named("id", Kind::SlaPolicy)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<sla_policy::Entity>(id, if_version, &written).await?;
    let old = seen.row();
    let later = sla_policy::Column::Code.eq(old.code.as_str());
    let later =
        cx.caller.rows::<sla_policy::Entity>().filter(later).filter(sla_policy::Column::Revision.gt(old.revision));
    if later.count(work.tx()).await? > 0 {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "there is a newer revision"));
    }
    let mut new = old.clone();
    match name {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => return Err(Error::invalid("name", "this cannot be cleared")),
        MaybeUndefined::Value(name) => new.name = text("name", name, MAX_LINE)?,
    }
    new.priority = match priority {
        MaybeUndefined::Undefined => new.priority,
        priority => priority.take(),
    };
    new.boundary = match boundary {
        MaybeUndefined::Undefined => new.boundary,
        boundary => boundary.take(),
    };
    match target_seconds {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => return Err(Error::invalid("targetSeconds", "this cannot be cleared")),
        MaybeUndefined::Value(seconds) => new.target_ms = target(seconds)?,
    }
    match calendar_id {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => new.business_calendar_id = None,
        MaybeUndefined::Value(id) => new.business_calendar_id = Some(calendar(&work, id).await?),
    }
    match pause_on {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => new.pause_on = json!([]),
        MaybeUndefined::Value(list) => new.pause_on = statuses(list),
    }
    fits(&new)?;
    let renamed = sla_policy::Model { name: new.name.clone(), ..old.clone() };
    let id = if new == renamed {
        let row = sla_policy::ActiveModel { name: Set(new.name), ..Default::default() };
        work.update::<sla_policy::Entity>(&seen, row).await?.id
    } else {
        succeed(&mut work, old, new).await?
    };
    let seen = work.reached::<sla_policy::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(SlaPolicy(seen))
}

/// Ends a promise without another in its place: new tickets and handovers start no clock for it.
pub async fn end(cx: &Cx, input: EndSlaPolicyInput) -> Result<SlaPolicy> {
    let EndSlaPolicyInput { id, if_version } = input;
    let (id, written) = (id.named("id", Kind::SlaPolicy)?, [(Class::P, "valid_to")]);
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<sla_policy::Entity>(id, if_version, &written).await?;
    if seen.row().valid_to.is_some() {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "the revision has ended already"));
    }
    let over = sla_policy::ActiveModel { valid_to: Set(Some(work.now())), ..Default::default() };
    work.update::<sla_policy::Entity>(&seen, over).await?;
    let seen = work.reached::<sla_policy::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(SlaPolicy(seen))
}

/// Ends a revision, if it still holds, and writes the next, which says what `new` says. Gives the new id.
pub(super) async fn succeed(work: &mut Work<'_>, old: &sla_policy::Model, new: sla_policy::Model) -> Result<Uuid> {
    if old.valid_to.is_none() {
        let over = sla_policy::ActiveModel { valid_to: Set(Some(work.now())), ..Default::default() };
        work.update_row::<sla_policy::Entity>(old, over).await?;
    }
    let next = sla_policy::ActiveModel {
        code: Set(old.code.clone()),
        revision: Set(old.revision + 1),
        name: Set(new.name),
        metric: Set(old.metric),
        priority: Set(new.priority),
        boundary: Set(new.boundary),
        target_ms: Set(new.target_ms),
        business_calendar_id: Set(new.business_calendar_id),
        pause_on: Set(new.pause_on),
        valid_from: Set(work.now()),
        ..Default::default()
    };
    Ok(work.insert_unique::<sla_policy::Entity>("id", next).await?.id)
}

/// A promise of today cannot stand on the hours of yesterday.
async fn calendar(work: &Work<'_>, id: GlobalId) -> Result<Uuid> {
    let calendar = work.refer::<business_calendar::Entity>("calendarId", id).await?;
    match calendar.row().valid_to {
        None => Ok(calendar.row().id),
        Some(_) => Err(Error::user(UserErrorCode::StateConflict, "calendarId", "there is a newer revision")),
    }
}

fn target(seconds: i32) -> Result<i64> {
    match (1..=MAX_SECONDS).contains(&seconds) {
        true => Ok(i64::from(seconds) * 1000),
        false => Err(Error::invalid("targetSeconds", format!("between 1 and {MAX_SECONDS}"))),
    }
}

fn statuses(list: Vec<TicketStatus>) -> Value {
    let mut known: Vec<TicketStatus> = Vec::new();
    for status in list {
        if !known.contains(&status) {
            known.push(status);
        }
    }
    known.into_iter().map(TicketStatus::as_str).collect()
}

pub(super) fn paused_by(policy: &sla_policy::Model) -> Vec<TicketStatus> {
    let codes = policy.pause_on.as_array().into_iter().flatten();
    codes.filter_map(|code| TicketStatus::parse(code.as_str()?)).collect()
}

/// Tickets have priorities, handovers cross boundaries.
fn fits(row: &sla_policy::Model) -> Result<()> {
    let of_handovers = row.metric == SlaMetric::HandoverDecision;
    if of_handovers && row.priority.is_some() {
        return Err(Error::invalid("priority", "a handover has no priority"));
    }
    if !of_handovers && row.boundary.is_some() {
        return Err(Error::invalid("boundary", "a ticket crosses no boundary"));
    }
    if of_handovers && row.pause_on.as_array().is_some_and(|list| !list.is_empty()) {
        return Err(Error::invalid("pauseOn", "a handover has no ticket's status"));
    }
    Ok(())
}

listed! {
    /// One promise; null if there is none that you may see.
    sla_policy,
    /// The promises that you may see with all their revisions, oldest first unless sorted.
    sla_policies: SlaPolicy(sla_policy::Entity) as Reference, id SlaPolicy, Rising;
    query SlaPolicyQuery, filter SlaPolicyFilter, sort SlaPolicySort {
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By what is measured.
        P metric: AnyOf<SlaMetric> = Metric;
        /// By priority.
        P priority: AnyOf<TicketPriority> = Priority;
        /// By boundary.
        P boundary: AnyOf<HandoverBoundary> = Boundary;
        /// By calendar.
        P calendar_id: Ids = BusinessCalendarId, of BusinessCalendar;
        /// By its end; `isNull: true` leaves those that hold.
        P valid_to: TimeFilter = ValidTo;
    }
}

/// Making promises.
#[derive(Default)]
pub struct SlaPolicyMutation;

#[Object]
impl SlaPolicyMutation {
    /// Makes a promise; clocks that start from now on may run for it. DUPLICATE if its code is, or was, in use. Event:
    /// `record.created`.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), true))]
    async fn create_sla_policy(
        &self,
        ctx: &Context<'_>,
        input: CreateSlaPolicyInput,
    ) -> Result<CreateSlaPolicyPayload> {
        let cx = Cx::of(ctx);
        CreateSlaPolicyPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a promise. All but a new name makes a new revision, and ends this one; clocks that run keep theirs. STATE_CONFLICT
    /// unless `id` is the newest. Events: `record.updated` for the old revision, `record.created` for the new.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), true))]
    async fn update_sla_policy(
        &self,
        ctx: &Context<'_>,
        input: UpdateSlaPolicyInput,
    ) -> Result<UpdateSlaPolicyPayload> {
        let cx = Cx::of(ctx);
        UpdateSlaPolicyPayload::of(attempt(|| update(cx, input.clone())).await)
    }

    /// Ends a promise without another in its place; clocks that run for it run on. Event: `record.updated`.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), true))]
    async fn end_sla_policy(&self, ctx: &Context<'_>, input: EndSlaPolicyInput) -> Result<EndSlaPolicyPayload> {
        let cx = Cx::of(ctx);
        EndSlaPolicyPayload::of(attempt(|| end(cx, input)).await)
    }
}
