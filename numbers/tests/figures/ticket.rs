use chrono::{DateTime, Duration, Utc};
use numbers::{
    hours::{Block, BusinessHours, Revisions, Span},
    ticket::{Author, Change, Ending, Life, Message, Status, Ticket, TicketTimes, ticket_times},
};
use proptest::prelude::*;
use rstest::rstest;

use crate::{at, moment};

/// Hours since Friday 2026-11-27, 09:00 UTC.
fn hour(hour: i64) -> DateTime<Utc> {
    at("2026-11-27T09:00:00Z") + Duration::hours(hour)
}

/// Monday to Friday, 09:00 to 17:00 UTC.
fn hours() -> Revisions {
    let day = || vec![Block { from: 540, to: 1020 }];
    let week = [day(), day(), day(), day(), day(), vec![], vec![]];
    Revisions::constant(BusinessHours::new(chrono_tz::UTC, week, []))
}

/// A ticket as a line: `c0` the customer writes in hour 0, `a1` an agent, `n1` an agent's internal note, `b1` a bot;
/// `O2` it becomes open, `P` pending, `H` on hold, `S` solved, `C` closed. It is created in hour 0, new.
fn ticket(opened_by: Author, line: &str) -> Ticket {
    let mut messages = Vec::new();
    let mut changes = Vec::new();
    for (place, word) in line.split_whitespace().enumerate() {
        let moment = moment(hour(word[1..].parse().unwrap()), place as u128);
        let status = match &word[..1] {
            "O" => Some(Status::Open),
            "P" => Some(Status::PendingCustomer),
            "H" => Some(Status::OnHold),
            "S" => Some(Status::Solved),
            "C" => Some(Status::Closed),
            _ => None,
        };
        let author = match &word[..1] {
            "c" => Author::Customer,
            "b" => Author::Bot,
            _ => Author::Agent,
        };
        match status {
            Some(to) => changes.push(Change { moment, to }),
            None => messages.push(Message { moment, author, public: &word[..1] != "n" }),
        }
    }
    Ticket { life: Life { created: hour(0), first: Status::New, changes }, opened_by, messages }
}

fn times(ticket: &Ticket) -> TicketTimes {
    ticket_times(ticket, hour(100), &hours()).unwrap()
}

/// Calendar and business hours.
fn both(span: Span) -> (i64, i64) {
    (span.calendar.num_hours(), span.business.unwrap().num_hours())
}

#[rstest]
#[case(Author::Customer, "c0 b0 n1 a2 a3", Some(2))]
#[case(Author::Customer, "c0 b0 n1", None)]
#[case(Author::Customer, "c0 c1 a5", Some(5))]
// A colleague opens it in public: the second public reply counts. With a note: the first.
#[case(Author::Agent, "a0 a4 a6", Some(4))]
#[case(Author::Agent, "a0 n3", None)]
#[case(Author::Agent, "n0 a3 a6", Some(3))]
#[case(Author::Agent, "c0 a3 a6", Some(3))]
// A call: opened and solved without a word, reopened by the customer, answered.
#[case(Author::Agent, "n0 S1 c20 O20 a22", Some(22))]
fn first_response(#[case] opened_by: Author, #[case] line: &str, #[case] hours: Option<i64>) {
    let clock = times(&ticket(opened_by, line)).first_response;
    assert_eq!(clock.since, hour(0));
    assert_eq!(clock.stopped, hours.map(hour));
}

#[rstest]
// Each wait: since when, until when, how it ended.
#[case("c0 a2 c4 a7", &[(4, Some(7), Ending::Answered)])]
// The first message that is not answered counts; a bot and a note answer nothing.
#[case("c0 a2 c4 b4 n5 c6 a7 a8", &[(4, Some(7), Ending::Answered)])]
#[case("c0 a2 c4 a7 c9 c10", &[(4, Some(7), Ending::Answered), (9, None, Ending::Waiting)])]
// It stops on solve, and begins again with the next message.
#[case("c0 a2 c4 S5 c8 O8 a9", &[(4, Some(5), Ending::Solved), (8, Some(9), Ending::Answered)])]
// Before the first response there is none.
#[case("c0 c1 c2", &[])]
#[case("c0 a2", &[])]
fn next_response(#[case] line: &str, #[case] want: &[(i64, Option<i64>, Ending)]) {
    let got = times(&ticket(Author::Customer, line)).next_responses;
    let told: Vec<_> = got.iter().map(|wait| (wait.clock.since, wait.clock.stopped, wait.ending)).collect();
    let want: Vec<_> = want.iter().map(|(from, to, ending)| (hour(*from), to.map(hour), *ending)).collect();
    assert_eq!(told, want);
}

#[test]
fn next_response_after_an_agents_opening() {
    // The customer answers what an agent opened: that is the first response's wait, not a second one.
    let got = times(&ticket(Author::Agent, "a0 c2 a4 c5"));
    assert_eq!(got.first_response.stopped, Some(hour(4)));
    assert_eq!(got.next_responses.len(), 1);
    assert_eq!(got.next_responses[0].clock.since, hour(5));
}

#[test]
fn the_worked_resolution() {
    // Friday 09:00 created, 10:00 open, 12:00 pending, 14:00 on hold, 15:00 solved; on Saturday 10:00 reopened; on
    // Monday (hour 72) 11:00 solved again, 12:00 closed.
    let got = times(&ticket(Author::Customer, "c0 O1 P3 H5 S6 O25 S74 C75"));
    assert_eq!(got.first_resolution.map(both), Some((6, 6)));
    assert_eq!(got.full_resolution.map(both), Some((74, 10)));
    // New, open, on hold, and open again over the weekend; pending.
    assert_eq!(both(got.requester_wait), (1 + 2 + 1 + 49, 1 + 2 + 1 + 2));
    assert_eq!(both(got.agent_wait), (2, 2));
    assert_eq!((got.reopened, got.solved), (1, true));
    // In between it is open again: the full resolution is not known.
    let between = ticket_times(&ticket(Author::Customer, "c0 O1 P3 H5 S6 O25 S74 C75"), hour(26), &hours()).unwrap();
    assert_eq!(between.first_resolution.map(both), Some((6, 6)));
    assert_eq!((between.full_resolution, between.reopened, between.solved), (None, 1, false));
    assert_eq!(both(between.requester_wait), (1 + 2 + 1 + 1, 1 + 2 + 1));
}

#[test]
fn closing_without_a_solution_resolves() {
    let got = times(&ticket(Author::Customer, "c0 C4"));
    assert_eq!((got.first_resolution, got.full_resolution), (got.full_resolution, got.first_resolution));
    assert_eq!(got.first_resolution.map(both), Some((4, 4)));
    let never = times(&ticket(Author::Customer, "c0 O1"));
    assert_eq!((never.first_resolution, never.full_resolution, never.solved), (None, None, false));
    assert_eq!(ticket_times(&ticket(Author::Customer, "c0"), hour(-1), &hours()), None);
    // Solved twice over, and closed after: one solution, no reopening.
    let again = times(&ticket(Author::Customer, "c0 S2 S3 C4"));
    assert_eq!((again.full_resolution.map(both), again.reopened), (Some((2, 2)), 0));
    let mut born_solved = ticket(Author::Agent, "n0");
    born_solved.life.first = Status::Solved;
    assert_eq!(times(&born_solved).first_resolution.map(both), Some((0, 0)));
}

#[test]
fn each_step_goes_by_the_hours_of_its_end() {
    let always = BusinessHours::always(chrono_tz::UTC);
    let mut steps = hours().steps;
    steps.push((hour(4), always));
    let changed = Revisions { steps };
    let got = ticket_times(&ticket(Author::Customer, "c0 O3 P5 O30 S31"), hour(100), &changed).unwrap();
    // New 0–3 by the office hours; open 3–5, pending 5–30 and open 30–31 round the clock.
    assert_eq!(both(got.requester_wait), (6, 6));
    assert_eq!(both(got.agent_wait), (25, 25));
    assert_eq!(got.first_resolution.map(both), Some((31, 31)), "all by the hours of the solution");
    assert_eq!(times(&ticket(Author::Customer, "c0 O3 P5 O30 S31")).agent_wait.business, Some(Duration::hours(3)));
}

fn some_line() -> impl Strategy<Value = Vec<(char, i64)>> {
    prop::collection::vec((prop::sample::select(vec!['c', 'a', 'n', 'b', 'O', 'P', 'H', 'S', 'C']), 0_i64..90), 0..14)
}

proptest! {
    #[test]
    fn an_hour_by_hour_account_agrees(mut words in some_line(), by_agent: bool, as_of in 0_i64..95) {
        let line =
            |words: &[(char, i64)]| words.iter().map(|(kind, at)| format!("{kind}{at}")).collect::<Vec<_>>().join(" ");
        let opened_by = if by_agent { Author::Agent } else { Author::Customer };
        words.sort_by_key(|(_, at)| *at);
        let one = ticket(opened_by, &line(&words));
        let mut turned = one.clone();
        turned.messages.reverse();
        turned.life.changes.reverse();
        let got = ticket_times(&one, hour(as_of), &hours()).unwrap();
        prop_assert_eq!(&ticket_times(&turned, hour(as_of), &hours()).unwrap(), &got);

        // What stands in each hour, and who waits in it.
        words.retain(|(_, at)| *at <= as_of);
        let mut status = 'N';
        let (mut requester, mut agent, mut reopened) = (0, 0, 0);
        let (mut first_solved, mut last_solved) = (None, None);
        for now in 0..=as_of {
            for (kind, _) in words.iter().filter(|(kind, at)| *at == now && kind.is_uppercase()) {
                let (was, is) = ("SC".contains(status), "SC".contains(*kind));
                reopened += u64::from(was && !is);
                if !was && is {
                    first_solved = first_solved.or(Some(now));
                    last_solved = Some(now);
                }
                status = *kind;
            }
            if now < as_of {
                requester += i64::from("NOH".contains(status));
                agent += i64::from(status == 'P');
            }
        }
        let solved = "SC".contains(status);
        prop_assert_eq!(got.requester_wait.calendar.num_hours(), requester);
        prop_assert_eq!(got.agent_wait.calendar.num_hours(), agent);
        prop_assert_eq!((got.reopened, got.solved), (reopened, solved));
        prop_assert_eq!(got.first_resolution.map(|span| span.calendar.num_hours()), first_solved);
        prop_assert_eq!(got.full_resolution.map(|span| span.calendar.num_hours()), last_solved.filter(|_| solved));

        // Whose turn it is.
        let mut replies = words.iter().filter(|(kind, _)| *kind == 'a').map(|(_, at)| *at);
        let first_word = words.iter().find(|(kind, _)| kind.is_lowercase()).map(|(kind, _)| *kind);
        if by_agent && first_word == Some('a') {
            replies.next();
        }
        let first = replies.next();
        prop_assert_eq!(got.first_response.stopped, first.map(hour));
        prop_assert!(got.next_responses.iter().all(|wait| first.is_some_and(|first| wait.clock.since >= hour(first))));
        prop_assert!(got.next_responses.windows(2).all(|pair| pair[0].clock.stopped.unwrap() <= pair[1].clock.since));
        let last = words.iter().rev().find(|(kind, _)| "caSC".contains(*kind)).map(|(kind, _)| *kind);
        let waits = got.next_responses.last().is_some_and(|wait| wait.ending == Ending::Waiting);
        prop_assert_eq!(waits, first.is_some() && last == Some('c'));
    }
}

proptest! {
    #[test]
    fn the_waits_of_a_solved_ticket_are_its_life_until_the_solution(mut words in some_line()) {
        words.retain(|(kind, _)| kind.is_uppercase());
        words.sort_by_key(|(_, at)| *at);
        let line = words.iter().map(|(kind, at)| format!("{kind}{at}")).collect::<Vec<_>>().join(" ");
        let got = times(&ticket(Author::Customer, &line));
        // Nothing counts twice, and what is neither the customer's nor ours to wait for is the time between a solution and a reopening.
        let together = got.requester_wait.calendar + got.agent_wait.calendar;
        if let Some(full) = got.full_resolution {
            prop_assert!(together <= full.calendar);
            prop_assert_eq!(got.reopened > 0 || together == full.calendar, true);
            prop_assert!(got.first_resolution.is_some_and(|first| first.calendar <= full.calendar));
        } else {
            prop_assert!(!got.solved);
        }
    }
}
