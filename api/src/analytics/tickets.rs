//! The times of tickets (A10–A12): how long customers wait for an answer and for a solution, and how long we wait for them, in calendar
//! and in business hours. A single event is measured by the hours that held when it ended; a time that runs up over several stays by
//! those of each (`numbers::ticket`).

use std::collections::BTreeMap;

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use numbers::{
    hours::{Clock, Span as Took},
    moment::Moment,
    stats::Summary,
    ticket::{Author, Change, Life, Message, Status, Ticket, ticket_times},
};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{
    answer::Distribution,
    ask::{Arguments, Ask, DimensionFilter},
    business,
    crowd::Crowd,
    fact::happenings,
    metric::{Definition, Metric},
    query::{Plan, Source},
};
use crate::{
    graph::{Cx, Result},
    policy::Span,
};

/// What is measured of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enum)]
pub enum TicketClock {
    /// From its creation to the first public answer of a person.
    FirstResponse,
    /// From each first message that was not answered, after the first answer, to the next public answer, or to the solution.
    NextResponse,
    /// From its creation to the first solution.
    FirstResolution,
    /// From its creation to the last solution; open while it is not solved.
    FullResolution,
    /// The time in NEW, OPEN and ON_HOLD, together; open while it is not solved.
    RequesterWait,
    /// The time in PENDING_CUSTOMER, together, 0 where it never was; open while it is not solved.
    AgentWait,
}

impl TicketClock {
    const ALL: [TicketClock; 6] = [
        TicketClock::FirstResponse,
        TicketClock::NextResponse,
        TicketClock::FirstResolution,
        TicketClock::FullResolution,
        TicketClock::RequesterWait,
        TicketClock::AgentWait,
    ];
}

/// How long something took, over all tickets.
#[derive(Clone, Debug, SimpleObject)]
pub struct TicketClockTimes {
    /// What is measured.
    pub clock: TicketClock,
    /// How many ended: tickets, or waits. Null where too few persons or accounts stand behind them.
    pub count: Option<i32>,
    /// How many go on: they are in no time. Null where too few persons or accounts stand behind them.
    pub open_count: Option<i32>,
    /// How long they took, by the calendar.
    pub calendar: Distribution,
    /// How long they took, in business hours; null where the company has no calendar.
    pub business: Option<Distribution>,
    /// Whether it is hidden because too few persons or accounts stand behind those that ended, or those that go on.
    pub suppressed: bool,
}

/// The times of tickets.
#[derive(Clone, Debug, SimpleObject)]
pub struct TicketTimes {
    /// How many tickets. Null where too few persons or accounts stand behind them.
    pub tickets: Option<i32>,
    /// How often they were taken up again after they were solved or closed. Null where too few persons or accounts stand behind that.
    pub reopened: Option<i32>,
    /// What is measured, each once. At most 6.
    pub clocks: Vec<TicketClockTimes>,
    /// Name and version of the definition.
    pub definition: String,
    /// What happened later is not known.
    pub as_of: DateTime<Utc>,
    /// Which tickets are counted.
    pub scope: Span,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Tickets created at or after this moment.
    pub from: DateTime<Utc>,
    /// And before this.
    pub to: DateTime<Utc>,
    /// What happened later is not known.
    pub as_of: Option<DateTime<Utc>>,
    /// Which tickets count.
    pub filters: Vec<DimensionFilter>,
}

/// What is known of the tickets by one clock.
#[derive(Default)]
struct Tally {
    ended: Crowd,
    open: Crowd,
    calendar: Vec<i64>,
    business: Vec<i64>,
}

impl Tally {
    fn add(&mut self, contact: Option<Uuid>, account: Option<Uuid>, took: Option<Took>) {
        let Some(took) = took else { return self.open.add(contact, account) };
        self.ended.add(contact, account);
        self.calendar.push(took.calendar.num_milliseconds());
        self.business.extend(took.business.map(|took| took.num_milliseconds()));
    }

    fn shown(self, clock: TicketClock, grouped: bool, has_hours: bool) -> TicketClockTimes {
        let suppressed = grouped && (self.ended.is_small() || self.open.is_small());
        let told = |crowd: &Crowd| (!suppressed).then(|| count(crowd.rows()));
        let spread = |samples: Vec<i64>| -> Distribution {
            if suppressed { Summary::default().into() } else { Summary::of(samples).into() }
        };
        TicketClockTimes {
            clock,
            count: told(&self.ended),
            open_count: told(&self.open),
            calendar: spread(self.calendar),
            business: has_hours.then(|| spread(self.business)),
            suppressed,
        }
    }
}

/// What was written and what was done on one ticket.
#[derive(Default)]
struct History {
    messages: Vec<Message>,
    stays: Vec<Change>,
}

impl History {
    fn add(&mut self, what: &str, moment: Moment) {
        let said = |author| Message { moment, author, public: true };
        let to = match what {
            "ASKED" => return self.messages.push(said(Author::Customer)),
            "REPLIED" => return self.messages.push(said(Author::Agent)),
            "NEW" => Status::New,
            "PENDING_CUSTOMER" => Status::PendingCustomer,
            "ON_HOLD" => Status::OnHold,
            "SOLVED" => Status::Solved,
            "CLOSED" => Status::Closed,
            _ => Status::Open,
        };
        self.stays.push(Change { moment, to });
    }

    /// The ticket as the arithmetic takes it. Its subject is what it was opened with: the first public message of a colleague answers it.
    fn ticket(mut self, created: DateTime<Utc>) -> Ticket {
        self.stays.sort_by_key(|stay| stay.moment);
        let first = self.stays.first().map_or(Status::New, |stay| stay.to);
        let changes = self.stays.split_off(self.stays.len().min(1));
        Ticket { life: Life { created, first, changes }, opened_by: Author::Customer, messages: self.messages }
    }
}

/// Counts.
pub async fn times(cx: &Cx, asked: Asked) -> Result<TicketTimes> {
    let definition = Definition { excluded: &[], ..Metric::FirstResponseTime.definition() };
    let arguments = Arguments {
        from: asked.from,
        to: asked.to,
        as_of: asked.as_of,
        filters: asked.filters,
        ..Arguments::default()
    };
    let ask = Ask::of_history(cx, arguments, &definition, "TICKET_TIMES").await?;
    let basis = ask.basis(cx, &definition)?;
    let hours = business::hours(cx, &basis.caller).await?.unwrap_or_default();
    let plan = Plan {
        ask: &ask,
        definition: &definition,
        basis: &basis,
        roots: &[],
        only: None,
        source: Source::Rows,
        daily: false,
    };
    let h = |column: &'static str| Expr::col(("h", column));
    let ids = Query::select().column(("t", "id")).from_subquery(plan.read(&["id"]), "t").to_owned();
    let select = Query::select()
        .columns(["ticket", "what", "at", "id"].map(|column| ("h", column)))
        .from_subquery(happenings(&basis.caller, ask.as_of), "h")
        .and_where(h("ticket").in_subquery(ids))
        .to_owned();
    let mut histories: BTreeMap<Uuid, History> = BTreeMap::new();
    for line in cx.db().query_all(&select).await? {
        let what: String = line.try_get("", "what")?;
        let moment = Moment::of(line.try_get("", "at")?, line.try_get("", "id")?);
        histories.entry(line.try_get("", "ticket")?).or_default().add(&what, moment);
    }
    let mut tallies: BTreeMap<TicketClock, Tally> = BTreeMap::new();
    let (mut all, mut back, mut reopened) = (Crowd::default(), Crowd::default(), 0);
    for line in cx.db().query_all(&plan.read(&["id", "contact", "account", "at", "answered_at"])).await? {
        let (contact, account): (Option<Uuid>, Option<Uuid>) =
            (line.try_get("", "contact")?, line.try_get("", "account")?);
        let created: DateTime<Utc> = line.try_get("", "at")?;
        let answered: Option<DateTime<Utc>> = line.try_get("", "answered_at")?;
        let ticket = histories.remove(&line.try_get::<Uuid>("", "id")?).unwrap_or_default().ticket(created);
        let Some(times) = ticket_times(&ticket, ask.as_of, &hours) else { continue };
        all.add(contact, account);
        if times.reopened > 0 {
            back.add(contact, account);
            reopened += usize::try_from(times.reopened).unwrap_or(usize::MAX);
        }
        let mut add = |clock, took| tallies.entry(clock).or_default().add(contact, account, took);
        let stopped = |clock: Clock| clock.stopped.map(|_| clock.span);
        // When it was answered first the ticket says itself: a system that told of it may have told no messages.
        add(TicketClock::FirstResponse, stopped(Clock::of(created, answered, ask.as_of, &hours)));
        for wait in times.next_responses {
            add(TicketClock::NextResponse, stopped(wait.clock));
        }
        add(TicketClock::FirstResolution, times.first_resolution);
        add(TicketClock::FullResolution, times.full_resolution);
        add(TicketClock::RequesterWait, times.solved.then_some(times.requester_wait));
        add(TicketClock::AgentWait, times.solved.then_some(times.agent_wait));
    }
    let has_hours = !hours.steps.is_empty();
    let told = |crowd: &Crowd, n: usize| (!(basis.grouped && crowd.is_small())).then(|| count(n));
    let clocks = TicketClock::ALL.map(|clock| {
        let tally = tallies.remove(&clock).unwrap_or_default();
        tally.shown(clock, basis.grouped, has_hours)
    });
    Ok(TicketTimes {
        tickets: told(&all, all.rows()),
        reopened: told(&back, reopened),
        clocks: clocks.into(),
        definition: "TICKET_TIMES@1".to_owned(),
        as_of: ask.as_of,
        scope: basis.span,
    })
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
