//! A3: how many of those who took the first step took the next ones.
//!
//! - [`Mode::PassedAll`] is HubSpot's "gone through all stages": a step counts only after all earlier ones, within the
//!   window from the first. Who skips a step stops there. [`Order`] says what may lie in between, as PostHog and
//!   ClickHouse's `windowFunnel` do.
//! - [`Mode::ReachedAtLeast`]: a later step implies the earlier ones; a skipped stage is credited.
//! - [`Mode::Any`] is HubSpot's "any stages": each step by itself.
//!
//! A unit belongs to the period in which its first attempt began, also if it converts after the end; an earlier first
//! attempt, even long before the period, keeps it out. `windowFunnel` takes the best attempt instead, which would let a
//! person start twice.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use crate::{moment::Moment, stats::Ratio};

/// A unit came to a step, or did something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Who: a person (by its surviving id, so that who was merged later counts once), an account, a lead.
    pub unit: Uuid,
    /// Which step, from 0. `None` for an event that is no step: it only matters to [`Order::Strict`].
    pub step: Option<usize>,
    /// When. The same moment of the same unit given twice counts once.
    pub moment: Moment,
}

/// What may lie between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The steps in their order, anything in between.
    Ordered,
    /// The steps in their order, nothing in between: the first other entry ends the attempt.
    Strict,
    /// The steps in any order. Who took i different steps counts at the first i; the attempt begins with any of them.
    AnyOrder,
}

/// When a unit counts at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It took this step and all before it.
    PassedAll(Order),
    /// It took this step or a later one, in any order. An attempt begins with any step.
    ReachedAtLeast,
    /// It took this step inside the period, whatever else it did. Window and attempts do not matter, there are no
    /// times, and rates may exceed 1.
    Any,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CountBy {
    /// A unit once, by its first attempt, which a repeated first step does not cut short.
    Unit,
    /// Each attempt. It lasts until the step that it began with comes again, at most the window; the next begins after
    /// it. In [`Mode::Any`], each entry.
    Attempt,
}

/// A question about a funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// How many steps it has.
    pub steps: usize,
    /// When a unit counts.
    pub mode: Mode,
    /// What is counted.
    pub count_by: CountBy,
    /// How long after the first step a later one still counts, the last instant included. `None`: for ever.
    pub window: Option<Duration>,
    /// The period in which attempts begin: its first instant.
    pub from: DateTime<Utc>,
    /// The first instant after the period.
    pub to: DateTime<Utc>,
    /// What happened later is not known yet.
    pub as_of: DateTime<Utc>,
}

/// One step of a funnel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// How many came to it.
    pub n: u64,
    /// Of those at the first step.
    pub overall: Ratio,
    /// Of those at the step before; `None` for the first step.
    pub step: Option<Ratio>,
    /// Those of the step before that did not come to it; `None` for the first step. Negative in [`Mode::Any`] where
    /// more came.
    pub drop_off: Option<Ratio>,
    /// Milliseconds from the first step, ascending, one for each that really took this step (not only implied it).
    pub since_first: Vec<i64>,
    /// Milliseconds from the step before, ascending, one for each that really took both.
    pub since_previous: Vec<i64>,
}

/// A funnel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funnel {
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// Whether nothing can change any more but by late arrivals: the period is over, and everyone in it has come to the
    /// last step, or has no time left.
    pub mature: bool,
    /// Whether no step can have more than the one before: false for [`Mode::Any`], whose rates are no conversion rates.
    pub monotone: bool,
    /// How many units or attempts are left out because they began outside the period.
    pub outside: u64,
}

/// One attempt: when each step was reached.
struct Walk {
    start: DateTime<Utc>,
    /// In the order of steps, as far as it came: when, and whether by an entry of its own.
    reached: Vec<(DateTime<Utc>, bool)>,
    /// Whether it cannot come further.
    over: bool,
}

/// Counts a funnel from entries in any order.
pub fn funnel(question: &Question, mut entries: Vec<Entry>) -> Funnel {
    entries.retain(|entry| entry.moment.at <= question.as_of);
    entries.sort_unstable_by_key(|entry| (entry.unit, entry.moment, entry.step));
    entries.dedup();
    let units = entries.chunk_by(|a, b| a.unit == b.unit);
    let mut funnel = match question.mode {
        Mode::Any => any(question, units),
        Mode::PassedAll(_) | Mode::ReachedAtLeast => attempts(question, units),
    };
    let first = funnel.steps.first().map_or(0, |step| step.n);
    let mut before = None;
    for step in &mut funnel.steps {
        step.overall = Ratio::of(step.n, first);
        step.step = before.map(|before| Ratio::of(step.n, before));
        step.drop_off = step.step.map(Ratio::rest);
        before = Some(step.n);
        step.since_first.sort_unstable();
        step.since_previous.sort_unstable();
    }
    funnel
}

fn any<'a>(question: &Question, units: impl Iterator<Item = &'a [Entry]>) -> Funnel {
    let mut steps = vec![Step::default(); question.steps];
    let mut outside = 0;
    for unit in units {
        let within = |entry: &&Entry| question.from <= entry.moment.at && entry.moment.at < question.to;
        let mut seen = 0;
        for (place, step) in steps.iter_mut().enumerate() {
            let n = unit.iter().filter(within).filter(|entry| entry.step == Some(place)).count() as u64;
            seen += n;
            step.n += match question.count_by {
                CountBy::Unit => n.min(1),
                CountBy::Attempt => n,
            };
        }
        let all = unit.iter().filter(|entry| entry.step.is_some_and(|step| step < question.steps)).count() as u64;
        outside += match question.count_by {
            CountBy::Unit => u64::from(seen == 0 && all > 0),
            CountBy::Attempt => all - seen,
        };
    }
    Funnel { steps, mature: question.as_of >= question.to, monotone: false, outside }
}

fn attempts<'a>(question: &Question, units: impl Iterator<Item = &'a [Entry]>) -> Funnel {
    let mut steps = vec![Step::default(); question.steps];
    let mut outside = 0;
    let mut mature = question.as_of >= question.to;
    for unit in units {
        for walk in walks(question, unit) {
            if walk.start < question.from || question.to <= walk.start {
                outside += 1;
                continue;
            }
            mature &= walk.over;
            for (place, (at, own)) in walk.reached.iter().enumerate() {
                let step = &mut steps[place];
                step.n += 1;
                if *own {
                    step.since_first.push((*at - walk.start).num_milliseconds());
                    let previous = place.checked_sub(1).map(|before| walk.reached[before]);
                    if let Some((before, true)) = previous {
                        step.since_previous.push((*at - before).num_milliseconds());
                    }
                }
            }
        }
    }
    Funnel { steps, mature, monotone: true, outside }
}

/// The attempts of a unit that count.
fn walks(question: &Question, unit: &[Entry]) -> Vec<Walk> {
    let begins = |entry: &Entry| match question.mode {
        Mode::PassedAll(Order::Ordered | Order::Strict) => entry.step == Some(0),
        Mode::PassedAll(Order::AnyOrder) | Mode::ReachedAtLeast | Mode::Any => {
            entry.step.is_some_and(|step| step < question.steps)
        }
    };
    let mut walks = Vec::new();
    let mut rest = unit;
    while let Some(first) = rest.iter().position(begins) {
        rest = &rest[first..];
        let start = rest[0].moment.at;
        let limit = question.window.and_then(|window| start.checked_add_signed(window));
        let late = |entry: &&Entry| limit.is_some_and(|limit| entry.moment.at > limit);
        let again = |entry: &&Entry| question.count_by == CountBy::Attempt && entry.step == rest[0].step;
        let length = rest.iter().skip(1).take_while(|entry| !late(entry) && !again(entry)).count() + 1;
        let (attempt, after) = rest.split_at(length);
        let mut walk = walk(question, attempt);
        // A repeated first step ends it, and so does the end of the window, even if nothing came after it.
        walk.over |= after.first().is_some_and(|entry| again(&entry));
        walk.over |= limit.is_some_and(|limit| limit < question.as_of) || walk.reached.len() == question.steps;
        walks.push(walk);
        if question.count_by == CountBy::Unit {
            break;
        }
        rest = after;
    }
    walks
}

/// How far one attempt came. Its first entry begins it, and all lie within the window.
fn walk(question: &Question, attempt: &[Entry]) -> Walk {
    let start = attempt[0].moment.at;
    let mut reached: Vec<(DateTime<Utc>, bool)> = Vec::new();
    let mut over = false;
    match question.mode {
        Mode::PassedAll(Order::Ordered) => {
            for entry in attempt {
                if entry.step == Some(reached.len()) && reached.len() < question.steps {
                    reached.push((entry.moment.at, true));
                }
            }
        }
        Mode::PassedAll(Order::Strict) => {
            for entry in attempt {
                if reached.len() == question.steps || entry.step != Some(reached.len()) {
                    over = true;
                    break;
                }
                reached.push((entry.moment.at, true));
            }
        }
        Mode::PassedAll(Order::AnyOrder) => {
            let mut taken = vec![false; question.steps];
            for entry in attempt {
                let new = entry.step.and_then(|step| taken.get_mut(step)).filter(|taken| !**taken);
                if let Some(taken) = new {
                    *taken = true;
                    reached.push((entry.moment.at, true));
                }
            }
        }
        Mode::ReachedAtLeast => {
            for entry in attempt {
                let Some(step) = entry.step.filter(|step| *step < question.steps) else { continue };
                while reached.len() <= step {
                    reached.push((entry.moment.at, reached.len() == step));
                }
            }
        }
        Mode::Any => {}
    }
    Walk { start, reached, over }
}
