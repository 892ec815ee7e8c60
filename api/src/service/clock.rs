//! Service levels: the promises (`sla_policy`), the clocks that run for them, and what starts, stops and breaks a clock. Those of
//! handovers start and end in `decision`.
//!
//! - A new ticket starts one clock for FIRST_RESPONSE and one for RESOLUTION, each from the newest policy that holds now:
//!   one for the ticket's priority, else one for all priorities. Without a policy there is no clock. A later change of
//!   priority leaves the promise that was made.
//! - A clock counts plain elapsed milliseconds; `sla_policy.business_calendar_id` is not read here, and
//!   `sla_clock.calendar_version` stays null.
//! - A status that the policy's `pause_on` names stops the clock: no `due_at` until it runs again, and the pause is added.
//! - The first human public answer keeps FIRST_RESPONSE; SOLVED or CLOSED keeps whatever still runs, since a solution is an
//!   answer. On time means `≤ due_at`. Reopening takes RESOLUTION's keeping back; the time in between counts as a pause.
//! - A broken clock stays broken, dated when it fell due, and is never kept later: attainment is met / (met + breached).

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, Object};
use chrono::{DateTime, Duration, Utc};
use entities::{
    account::account,
    codes::{SlaMetric, SlaObject, SubjectType, TicketPriority, TicketStatus},
    marketing::handover,
    service::{sla_clock, sla_policy, ticket},
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, Condition, Set, sea_query::Order};
use uuid::Uuid;

use super::{SlaPolicy, Ticket, policy::paused_by};
use crate::{
    account::Account,
    graph::{AnyOf, Cx, Ids, Result, TimeFilter},
    journey::{Event, EventKind, Payload, Work, attempt},
    listed,
    marketing::Handover,
    object, payload,
    policy::{Class, access},
};

object! {
    /// A promise that runs for one ticket or handover: kept, broken, or still running.
    SlaClock(sla_clock::Entity) as ServiceLevel, id SlaClock {
        /// What it runs for.
        P object_type: SlaObject = |row| row.object_type;
        /// What is measured.
        P metric: SlaMetric = |row| row.metric;
        /// When it began (UTC).
        P started_at: DateTime<Utc> = |row| row.started_at;
        /// When the promise breaks (UTC); null while paused.
        P due_at: DateTime<Utc> = |row| row.due_at;
        /// Since when it is paused (UTC); null while it runs.
        P paused_since: DateTime<Utc> = |row| row.paused_since;
        /// The pauses that are over, together, in seconds.
        P paused_seconds: i32 = |row| seconds(row.paused_ms);
        /// When the promise was kept (UTC); null until then, and for ever once it broke.
        P met_at: DateTime<Utc> = |row| row.met_at;
        /// When it broke (UTC); null unless it did.
        P breached_at: DateTime<Utc> = |row| row.breached_at;
    }
    refs {
        /// The promise.
        P policy: SlaPolicy = sla_policy::Entity, |row| row.sla_policy_id;
        /// The ticket; null for a handover's clock.
        P ticket: Ticket = ticket::Entity, |row| (row.object_type == SlaObject::Ticket).then_some(row.object_id);
        /// The handover; null for a ticket's clock.
        P handover: Handover = handover::Entity, |row| (row.object_type == SlaObject::Handover).then_some(row.object_id);
        /// The customer; null where unknown.
        P account: Account = account::Entity, |row| row.account_id;
    }
}

listed! {
    /// One clock; null if there is none that you may see.
    sla_clock,
    /// The clocks that you may see, newest first unless sorted.
    sla_clocks: SlaClock(sla_clock::Entity) as ServiceLevel, id SlaClock, Falling;
    query SlaClockQuery, filter SlaClockFilter, sort SlaClockSort {
        /// By what it runs for.
        P object_type: AnyOf<SlaObject> = ObjectType;
        /// By the ticket or handover.
        P object_id: Ids = ObjectId;
        /// By what is measured.
        P metric: AnyOf<SlaMetric> = Metric;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By promise.
        P policy_id: Ids = SlaPolicyId, of SlaPolicy;
        /// By when it began.
        P started_at: TimeFilter = StartedAt;
        /// By when the promise breaks.
        P due_at: TimeFilter = DueAt;
        /// By when it was kept.
        P met_at: TimeFilter = MetAt;
        /// By when it broke.
        P breached_at: TimeFilter = BreachedAt;
    }
}

payload! {
    /// What `breachOverdueClocks` answers.
    BreachOverdueClocksPayload {
        /// How many clocks broke now; null if it was refused. When it is 1,000 there may be more: call again.
        breached: i32
    }
}

/// How many clocks one call of [`breach_due_clocks`] takes.
const BREACHED_AT_ONCE: u64 = 1000;

pub(super) fn seconds(ms: i64) -> i32 {
    i32::try_from(ms / 1000).unwrap_or(i32::MAX)
}

/// What happens to a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Pause,
    Resume,
    Keep,
    TakeBack,
}

/// The columns of a clock after a turn. None: nothing changes. A promise that fell due before is broken, whatever the turn.
fn turned(
    clock: &sla_clock::Model,
    target: Option<i64>,
    turn: Turn,
    now: DateTime<Utc>,
) -> Option<sla_clock::ActiveModel> {
    if clock.breached_at.is_some() {
        return None;
    }
    if clock.met_at.is_none() && clock.due_at.is_some_and(|due| due < now) {
        return Some(sla_clock::ActiveModel { breached_at: Set(clock.due_at), ..Default::default() });
    }
    let elapsed = |since: DateTime<Utc>| (now - since).num_milliseconds().max(0);
    let due =
        |paused: i64| target.map(|target| clock.started_at + Duration::milliseconds(target.saturating_add(paused)));
    match (turn, clock.met_at, clock.paused_since) {
        (Turn::Pause, None, None) => {
            Some(sla_clock::ActiveModel { paused_since: Set(Some(now)), due_at: Set(None), ..Default::default() })
        }
        (Turn::Resume | Turn::Keep, None, Some(since)) => {
            let paused = clock.paused_ms + elapsed(since);
            Some(sla_clock::ActiveModel {
                paused_since: Set(None),
                paused_ms: Set(paused),
                due_at: Set(due(paused)),
                met_at: if turn == Turn::Keep { Set(Some(now)) } else { NotSet },
                ..Default::default()
            })
        }
        (Turn::Keep, None, None) => Some(sla_clock::ActiveModel { met_at: Set(Some(now)), ..Default::default() }),
        (Turn::TakeBack, Some(met), _) => {
            let paused = clock.paused_ms + elapsed(met);
            Some(sla_clock::ActiveModel {
                met_at: Set(None),
                paused_ms: Set(paused),
                due_at: Set(due(paused)),
                ..Default::default()
            })
        }
        (Turn::Pause, None, Some(_))
        | (Turn::Resume, None, None)
        | (Turn::Pause | Turn::Resume | Turn::Keep, Some(_), _)
        | (Turn::TakeBack, None, _) => None,
    }
}

/// The policies that hold for a ticket: at most one for each metric.
async fn policies(cx: &Cx, work: &Work<'_>, priority: TicketPriority) -> Result<Vec<sla_policy::Model>> {
    let now = work.now();
    let held = cx
        .caller
        .rows::<sla_policy::Entity>()
        .filter(sla_policy::Column::Metric.is_in([SlaMetric::FirstResponse, SlaMetric::Resolution]))
        .filter(sla_policy::Column::Boundary.is_null())
        .filter(sla_policy::Column::ValidFrom.lte(now))
        .filter(Condition::any().add(sla_policy::Column::ValidTo.is_null()).add(sla_policy::Column::ValidTo.gt(now)))
        .filter(
            Condition::any().add(sla_policy::Column::Priority.is_null()).add(sla_policy::Column::Priority.eq(priority)),
        )
        .all(work.tx())
        .await?;
    let best = |metric: SlaMetric| {
        held.iter()
            .map(|seen| seen.row())
            .filter(|policy| policy.metric == metric)
            .max_by_key(|policy| (policy.priority.is_some(), policy.valid_from, policy.revision, policy.id))
            .cloned()
    };
    Ok([SlaMetric::FirstResponse, SlaMetric::Resolution].into_iter().filter_map(best).collect())
}

/// Starts the clocks of a new ticket.
pub(super) async fn start(cx: &Cx, work: &mut Work<'_>, ticket: &ticket::Model) -> Result<()> {
    let started_at = work.now();
    for policy in policies(cx, work, ticket.priority).await? {
        work.insert::<sla_clock::Entity>(sla_clock::ActiveModel {
            object_type: Set(SlaObject::Ticket),
            object_id: Set(ticket.id),
            account_id: Set(ticket.account_id),
            metric: Set(policy.metric),
            sla_policy_id: Set(Some(policy.id)),
            started_at: Set(started_at),
            due_at: Set(Some(started_at + Duration::milliseconds(policy.target_ms))),
            paused_ms: Set(0),
            ..Default::default()
        })
        .await?;
    }
    Ok(())
}

/// Turns the clocks of a ticket whose status changed.
pub(super) async fn follow_status(
    cx: &Cx,
    work: &mut Work<'_>,
    before: TicketStatus,
    after: &ticket::Model,
) -> Result<()> {
    turn_each(cx, work, after, |clock, policy| turn_of(before, after.status, clock, policy)).await
}

/// A ticket of another system, as its clocks begin: when it was opened there, and when a human answered it first.
pub(crate) struct Begun<'a> {
    /// The ticket; none that is over.
    pub ticket: &'a ticket::Model,
    /// When it was opened.
    pub since: DateTime<Utc>,
}

/// [`start`] for many tickets that were opened at their own moments, in few statements. A first answer keeps its promise when it was
/// given; a status that pauses pauses from now on, unless the promise had fallen due.
pub(crate) async fn start_many(cx: &Cx, work: &mut Work<'_>, begun: &[Begun<'_>]) -> Result<()> {
    let mut held: HashMap<TicketPriority, Vec<sla_policy::Model>> = HashMap::new();
    for begun in begun {
        let priority = begun.ticket.priority;
        if let std::collections::hash_map::Entry::Vacant(vacant) = held.entry(priority) {
            vacant.insert(policies(cx, work, priority).await?);
        }
    }
    let now = work.now();
    let mut clocks = Vec::new();
    let mut broken: HashSet<Uuid> = HashSet::new();
    for Begun { ticket, since } in begun {
        for policy in held.get(&ticket.priority).into_iter().flatten() {
            let due = *since + Duration::milliseconds(policy.target_ms);
            let mut clock = sla_clock::ActiveModel {
                id: Set(work.fresh_id()),
                object_type: Set(SlaObject::Ticket),
                object_id: Set(ticket.id),
                account_id: Set(ticket.account_id),
                metric: Set(policy.metric),
                sla_policy_id: Set(Some(policy.id)),
                started_at: Set(*since),
                due_at: Set(Some(due)),
                paused_ms: Set(0),
                ..Default::default()
            };
            let answered = ticket.first_response_at.filter(|_| policy.metric == SlaMetric::FirstResponse);
            match answered {
                Some(at) if at <= due => clock.met_at = Set(Some(at)),
                Some(_) => {
                    clock.breached_at = Set(Some(due));
                    broken.insert(ticket.id);
                }
                None if due >= now && paused_by(policy).contains(&ticket.status) => {
                    clock.paused_since = Set(Some(now));
                    clock.due_at = Set(None);
                }
                None => {}
            }
            clocks.push(clock);
        }
    }
    let clocks = work.insert_many::<sla_clock::Entity>(clocks).await?;
    let tickets: HashMap<Uuid, &ticket::Model> = begun.iter().map(|begun| (begun.ticket.id, begun.ticket)).collect();
    for clock in clocks.iter().filter(|clock| clock.breached_at.is_some() && broken.contains(&clock.object_id)) {
        if let Some(ticket) = tickets.get(&clock.object_id) {
            work.record(breached_of(clock, ticket));
        }
    }
    Ok(())
}

/// What happened to a ticket, for its clocks.
pub(crate) enum Happened {
    /// Its status changed.
    Moved(TicketStatus),
    /// A human answered for the first time.
    Answered,
}

/// Turns the clocks of many tickets, each at its own moment, in few statements: [`follow_status`] and [`answered`].
pub(crate) async fn turn_many(
    cx: &Cx,
    work: &mut Work<'_>,
    tickets: &[(&ticket::Model, Happened, DateTime<Utc>)],
) -> Result<()> {
    let ids: Vec<Uuid> = tickets.iter().map(|(ticket, ..)| ticket.id).collect();
    let clocks = work.following_many_unscoped::<sla_clock::Entity>(sla_clock::Column::ObjectId, &ids).await?;
    if clocks.is_empty() {
        return Ok(());
    }
    let wanted: HashSet<Uuid> = clocks.iter().filter_map(|clock| clock.sla_policy_id).collect();
    let policies = cx.caller.rows::<sla_policy::Entity>().by_ids(wanted).all(work.tx()).await?;
    let policies: HashMap<Uuid, &sla_policy::Model> = policies.iter().map(|seen| (seen.row().id, seen.row())).collect();
    let by_ticket: HashMap<Uuid, &(&ticket::Model, Happened, DateTime<Utc>)> =
        tickets.iter().map(|turned| (turned.0.id, turned)).collect();
    let mut patches = Vec::new();
    for clock in clocks {
        let Some((ticket, happened, at)) = by_ticket.get(&clock.object_id) else { continue };
        let policy = clock.sla_policy_id.and_then(|id| policies.get(&id).copied());
        let turn = match happened {
            Happened::Moved(before) => turn_of(*before, ticket.status, &clock, policy),
            Happened::Answered => (clock.metric == SlaMetric::FirstResponse).then_some(Turn::Keep),
        };
        let target = policy.map(|policy| policy.target_ms);
        if let Some(row) = turn.and_then(|turn| turned(&clock, target, turn, *at)) {
            patches.push((clock, row));
        }
    }
    for row in work.update_many::<sla_clock::Entity>(patches).await? {
        let Some((ticket, ..)) = by_ticket.get(&row.after.object_id) else { continue };
        if row.after.breached_at != row.before.breached_at {
            work.record(breached_of(&row.after, ticket));
        }
    }
    Ok(())
}

/// What a change of status does to a clock.
fn turn_of(
    before: TicketStatus,
    after: TicketStatus,
    clock: &sla_clock::Model,
    policy: Option<&sla_policy::Model>,
) -> Option<Turn> {
    let over = |status| matches!(status, TicketStatus::Solved | TicketStatus::Closed);
    if over(after) {
        Some(Turn::Keep)
    } else if over(before) && clock.metric == SlaMetric::Resolution {
        Some(Turn::TakeBack)
    } else {
        policy.map(|policy| match paused_by(policy).contains(&after) {
            true => Turn::Pause,
            false => Turn::Resume,
        })
    }
}

/// The event of a promise that a ticket broke.
fn breached_of(clock: &sla_clock::Model, ticket: &ticket::Model) -> Event {
    let event = breached(clock).about(SubjectType::Contact, ticket.contact_id);
    event.about(SubjectType::Asset, ticket.asset_id).queue(ticket.queue_id)
}

/// A human answered the customer for the first time.
pub(super) async fn answered(cx: &Cx, work: &mut Work<'_>, ticket: &ticket::Model) -> Result<()> {
    turn_each(cx, work, ticket, |clock, _| (clock.metric == SlaMetric::FirstResponse).then_some(Turn::Keep)).await
}

async fn turn_each(
    cx: &Cx,
    work: &mut Work<'_>,
    ticket: &ticket::Model,
    choose: impl Fn(&sla_clock::Model, Option<&sla_policy::Model>) -> Option<Turn> + Send,
) -> Result<()> {
    let clocks = work.following_unscoped::<sla_clock::Entity>(sla_clock::Column::ObjectId, ticket.id).await?;
    if clocks.is_empty() {
        return Ok(());
    }
    let policies = cx
        .caller
        .rows::<sla_policy::Entity>()
        .by_ids(clocks.iter().filter_map(|clock| clock.sla_policy_id))
        .all(work.tx())
        .await?;
    for clock in clocks {
        let policy = policies.iter().map(|seen| seen.row()).find(|policy| Some(policy.id) == clock.sla_policy_id);
        let Some(turn) = choose(&clock, policy) else { continue };
        let target = policy.map(|policy| policy.target_ms);
        let Some(row) = turned(&clock, target, turn, work.now()) else { continue };
        let row = work.update_row::<sla_clock::Entity>(&clock, row).await?;
        if row.breached_at != clock.breached_at {
            work.record(breached_of(&row, ticket));
        }
    }
    Ok(())
}

/// The event of a broken promise, dated when it broke.
pub(super) fn breached(clock: &sla_clock::Model) -> Event {
    let payload = Payload::ServiceLevel { metric: clock.metric.as_str().to_owned(), due_at: clock.due_at };
    let event = Event::of::<sla_clock::Entity>(EventKind::SlaBreached, clock, payload)
        .about(SubjectType::Ticket, (clock.object_type == SlaObject::Ticket).then_some(clock.object_id));
    match clock.breached_at {
        Some(at) => event.at(at),
        None => event,
    }
}

/// Marks the clocks that fell due and were not kept as broken, oldest first, at most 1,000; gives how many. Only clocks that
/// the caller may write. Harmless to repeat.
pub async fn breach_due_clocks(cx: &Cx) -> Result<i32> {
    let mut work = Work::begin(cx).await?;
    let due = cx
        .caller
        .rows_to_write::<sla_clock::Entity>()
        .filter(sla_clock::Column::DueAt.lt(work.now()))
        .filter(sla_clock::Column::MetAt.is_null())
        .filter(sla_clock::Column::BreachedAt.is_null())
        .order_by(sla_clock::Column::DueAt, Order::Asc)
        .limit(BREACHED_AT_ONCE)
        .all(work.tx())
        .await?;
    let mut count = 0;
    for seen in due.iter().filter(|seen| seen.rights().may_write(Class::P, "breached_at")) {
        let row = sla_clock::ActiveModel { breached_at: Set(seen.row().due_at), ..Default::default() };
        let row = work.update::<sla_clock::Entity>(seen, row).await?;
        work.record(breached(&row));
        count += 1;
    }
    work.commit().await?;
    Ok(count)
}

/// Turning clocks by hand.
#[derive(Default)]
pub struct ClockMutation;

#[Object]
impl ClockMutation {
    /// Marks the clocks that fell due without being kept as broken, at most 1,000 a call; calling again does no harm. For
    /// integrators and administrators. Event for each: `sla.breached`, dated when it fell due.
    #[graphql(directive = access::apply("ServiceLevel".into(), "P".into(), true))]
    async fn breach_overdue_clocks(&self, ctx: &Context<'_>) -> Result<BreachOverdueClocksPayload> {
        let cx = Cx::of(ctx);
        BreachOverdueClocksPayload::of(attempt(|| breach_due_clocks(cx)).await)
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::TryIntoModel;

    use super::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(ms).unwrap_or_default()
    }

    fn running() -> sla_clock::Model {
        sla_clock::Model {
            tenant_id: 1,
            id: Uuid::nil(),
            object_type: SlaObject::Ticket,
            object_id: Uuid::nil(),
            account_id: None,
            metric: SlaMetric::Resolution,
            sla_policy_id: None,
            calendar_version: None,
            started_at: at(0),
            due_at: Some(at(100)),
            paused_since: None,
            paused_ms: 0,
            met_at: None,
            breached_at: None,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        }
    }

    fn after(clock: &sla_clock::Model, turn: Turn, now: i64) -> sla_clock::Model {
        use sea_orm::{ActiveModelTrait, ActiveValue, IntoActiveModel, Iterable};
        let mut merged = clock.clone().into_active_model();
        let changed = turned(clock, Some(100), turn, at(now)).unwrap_or_default();
        for column in sla_clock::Column::iter() {
            if let ActiveValue::Set(new) = changed.get(column) {
                merged.set(column, new);
            }
        }
        merged.try_into_model().expect("complete")
    }

    #[test]
    fn a_pause_moves_the_due_moment_by_its_length() {
        let paused = after(&running(), Turn::Pause, 40);
        assert_eq!((paused.paused_since, paused.due_at), (Some(at(40)), None));
        let resumed = after(&paused, Turn::Resume, 90);
        assert_eq!((resumed.paused_since, resumed.paused_ms, resumed.due_at), (None, 50, Some(at(150))));
        let kept = after(&paused, Turn::Keep, 500);
        assert_eq!((kept.met_at, kept.breached_at, kept.due_at), (Some(at(500)), None, Some(at(560))));
    }

    #[test]
    fn on_time_includes_the_due_moment_and_late_breaks_for_ever() {
        assert_eq!(after(&running(), Turn::Keep, 100).met_at, Some(at(100)));
        let late = after(&running(), Turn::Keep, 101);
        assert_eq!((late.met_at, late.breached_at), (None, Some(at(100))));
        assert_eq!(turned(&late, Some(100), Turn::Keep, at(102)), None);
        assert_eq!(after(&running(), Turn::Pause, 101).breached_at, Some(at(100)));
    }

    #[test]
    fn reopening_takes_the_keeping_back_and_does_not_count_the_time_between() {
        let kept = after(&running(), Turn::Keep, 60);
        assert_eq!(turned(&kept, Some(100), Turn::Keep, at(70)), None);
        let reopened = after(&kept, Turn::TakeBack, 1060);
        assert_eq!((reopened.met_at, reopened.paused_ms, reopened.due_at), (None, 1000, Some(at(1100))));
    }
}
