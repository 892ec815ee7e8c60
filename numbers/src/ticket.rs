//! A10–A12: how long customers wait for an answer and for a solution, by Zendesk's definitions.

use chrono::{DateTime, Utc};

use crate::{
    hours::{Clock, Revisions, Span},
    moment::Moment,
};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// Anyone who is not of the company.
    Customer,
    /// A colleague.
    Agent,
    /// A machine, or an automatic mail.
    Bot,
}

/// A message of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// When.
    pub moment: Moment,
    /// By whom.
    pub author: Author,
    /// Whether the customer sees it. An internal note answers nobody.
    pub public: bool,
}

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Nobody looked at it yet.
    New,
    /// Being worked on.
    Open,
    /// The customer has to answer.
    PendingCustomer,
    /// Somebody else has to do something.
    OnHold,
    /// Solved, and may be reopened.
    Solved,
    /// Over.
    Closed,
}

impl Status {
    /// Whether nothing is left to do.
    pub fn is_solved(self) -> bool {
        match self {
            Status::Solved | Status::Closed => true,
            Status::New | Status::Open | Status::PendingCustomer | Status::OnHold => false,
        }
    }
}

/// A ticket came to a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// When.
    pub moment: Moment,
    /// The new status. The one that it had already changes nothing.
    pub to: Status,
}

/// The statuses of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// When it was created. What is dated before happened then.
    pub created: DateTime<Utc>,
    /// The status that it was created with.
    pub first: Status,
    /// What it came to afterwards, in any order.
    pub changes: Vec<Change>,
}

impl Life {
    /// The statuses in their order, each with the instant from which it holds, the first included; those that changed
    /// nothing are left out.
    pub fn statuses(&self) -> Vec<(DateTime<Utc>, Status)> {
        let mut changes = self.changes.clone();
        changes.sort_by_key(|change| change.moment);
        let mut statuses = vec![(self.created, self.first)];
        for Change { moment, to } in changes {
            if statuses.last().is_none_or(|(_, status)| *status != to) {
                statuses.push((moment.at.max(self.created), to));
            }
        }
        statuses
    }
}

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its statuses.
    pub life: Life,
    /// Who created it.
    pub opened_by: Author,
    /// What was written, in any order; the text that it was created with is the first message.
    pub messages: Vec<Message>,
}

/// How a customer's wait for a further answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// With a public answer of a human.
    Answered,
    /// With the solution: the wait stops, but nobody answered.
    Solved,
    /// Not yet.
    Waiting,
}

/// A customer's wait for a further answer (A11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextResponse {
    /// From the first message that is not answered on.
    pub clock: Clock,
    /// How it ended.
    pub ending: Ending,
}

/// The times of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketTimes {
    /// A10: from creation to the first public answer of a human, by the hours that hold then. If a colleague created
    /// the ticket with a public message, that one is no answer.
    pub first_response: Clock,
    /// A11: the waits after the first response, in their order. None runs while the last public message is ours.
    pub next_responses: Vec<NextResponse>,
    /// A12: from creation to the first time it was solved, or closed without; `None` until then.
    pub first_resolution: Option<Span>,
    /// A12: from creation to the last time it was solved; `None` while it is not.
    pub full_resolution: Option<Span>,
    /// A12: the time in NEW, OPEN and ON_HOLD, so far.
    pub requester_wait: Span,
    /// A12: the time in PENDING_CUSTOMER, so far.
    pub agent_wait: Span,
    /// How often it was taken up again after it was solved or closed.
    pub reopened: u64,
    /// Whether it is solved or closed: then no wait goes on.
    pub solved: bool,
}

/// The times of a ticket as of an instant. `None` if it was created later.
pub fn ticket_times(ticket: &Ticket, as_of: DateTime<Utc>, hours: &Revisions) -> Option<TicketTimes> {
    let Ticket { life, opened_by, messages } = ticket;
    if life.created > as_of {
        return None;
    }
    let mut statuses = life.statuses();
    statuses.retain(|(at, _)| *at <= as_of);
    let solved = |(_, status): &(DateTime<Utc>, Status)| status.is_solved();
    let turns = |into: bool| {
        let pairs = statuses.windows(2).filter(move |pair| solved(&pair[0]) != into && solved(&pair[1]) == into);
        pairs.map(|pair| pair[1].0)
    };
    let mut solutions: Vec<DateTime<Utc>> =
        statuses.first().filter(|first| solved(first)).map(|first| first.0).into_iter().collect();
    solutions.extend(turns(true));
    let is_solved = statuses.last().is_some_and(solved);
    let span = |end: &DateTime<Utc>| Span::single(life.created, *end, hours);
    let wait = |counts: fn(Status) -> bool| {
        let ends = statuses.iter().skip(1).map(|(at, _)| *at).chain([as_of]);
        let steps = statuses.iter().zip(ends).filter(|((_, status), _)| counts(*status));
        Span::running(&steps.map(|((from, _), to)| (*from, to)).collect::<Vec<_>>(), hours)
    };
    let (first_response, next_responses) = responses(life, *opened_by, messages, as_of, hours);
    Some(TicketTimes {
        first_response,
        next_responses,
        first_resolution: solutions.first().map(span),
        full_resolution: solutions.last().filter(|_| is_solved).map(span),
        requester_wait: wait(|status| match status {
            Status::New | Status::Open | Status::OnHold => true,
            Status::PendingCustomer | Status::Solved | Status::Closed => false,
        }),
        agent_wait: wait(|status| status == Status::PendingCustomer),
        reopened: turns(false).count() as u64,
        solved: is_solved,
    })
}

/// What matters to waiting, in one order.
enum Happening {
    Asked,
    Replied,
    Solved,
}

fn responses(
    life: &Life,
    opened_by: Author,
    messages: &[Message],
    as_of: DateTime<Utc>,
    hours: &Revisions,
) -> (Clock, Vec<NextResponse>) {
    let mut messages = messages.to_vec();
    messages.sort_by_key(|message| message.moment);
    messages.dedup();
    let opening =
        messages.first().filter(|first| opened_by == Author::Agent && first.author == Author::Agent && first.public);
    let skip = usize::from(opening.is_some());
    let told = messages.iter().skip(skip).filter(|message| message.public).filter_map(|message| match message.author {
        Author::Customer => Some((message.moment, Happening::Asked)),
        Author::Agent => Some((message.moment, Happening::Replied)),
        Author::Bot => None,
    });
    let solutions = life.changes.iter().filter(|change| change.to.is_solved());
    let mut happenings: Vec<(Moment, Happening)> =
        told.chain(solutions.map(|change| (change.moment, Happening::Solved))).collect();
    happenings.retain(|(moment, _)| moment.at <= as_of);
    happenings.sort_by_key(|(moment, _)| *moment);
    let mut first = None;
    let mut waits: Vec<NextResponse> = Vec::new();
    let mut asked: Option<DateTime<Utc>> = None;
    for (moment, happening) in happenings {
        let ending = match happening {
            Happening::Asked => {
                asked = asked.or(first.map(|_| moment.at));
                continue;
            }
            Happening::Replied => {
                first = first.or(Some(moment.at.max(life.created)));
                Ending::Answered
            }
            Happening::Solved => Ending::Solved,
        };
        if let Some(since) = asked.take() {
            waits.push(NextResponse { clock: Clock::of(since, Some(moment.at), as_of, hours), ending });
        }
    }
    if let Some(since) = asked {
        waits.push(NextResponse { clock: Clock::of(since, None, as_of, hours), ending: Ending::Waiting });
    }
    (Clock::of(life.created, first, as_of, hours), waits)
}
