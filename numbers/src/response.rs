//! A1: how soon a lead is answered, and whether promises are kept.
//!
//! Two clocks, as Zoho has them: the lead's own runs from its first offer on and is not set back by another owner; each
//! owner's runs from the offer to that owner on. An answer is an outbound touch by a human of the team that the lead is
//! with: an automatic reply is none, and neither is a colleague elsewhere.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use crate::{
    hours::{Clock, Revisions, Span},
    moment::Moment,
    stats::Ratio,
};

/// A lead was offered to a colleague or a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// When.
    pub moment: Moment,
    /// To whom: the id of the colleague or of the queue.
    pub owner: Uuid,
    /// The colleagues whose touch is an answer while the lead is there. Empty: anybody's.
    pub team: Vec<Uuid>,
}

/// Somebody turned to the lead, or the lead to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// When.
    pub moment: Moment,
    /// The colleague; `None` if a machine did it by itself.
    pub by: Option<Uuid>,
    /// Whether it went out: a call attempted, a mail sent, a meeting booked.
    pub outbound: bool,
    /// Whether it was sent automatically, though in the name of a colleague.
    pub automatic: bool,
}

/// The clock of one owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerClock {
    /// The colleague or the queue.
    pub owner: Uuid,
    /// From the offer to the first answer while the lead was there. It runs on to the next offer if there was none.
    pub clock: Clock,
    /// When the lead was offered to the next; `None` for the last owner. A clock that ended so without an answer has
    /// not stopped.
    pub passed_on: Option<DateTime<Utc>>,
}

/// How soon a lead was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadResponse {
    /// From the first offer to the first answer.
    pub lead_clock: Clock,
    /// Whether the first answer was before the first offer: then it took no time. Noted as `PRE_OFFER`.
    pub pre_offer: bool,
    /// One for each offer, in their order.
    pub owner_clocks: Vec<OwnerClock>,
}

/// How soon a lead was answered, from its offers and touches in any order. `None` if it was not offered by `as_of`. The
/// touches are those since the lead was created.
pub fn lead_response(
    mut offers: Vec<Offer>,
    mut touches: Vec<Touch>,
    as_of: DateTime<Utc>,
    hours: &Revisions,
) -> Option<LeadResponse> {
    offers.retain(|offer| offer.moment.at <= as_of);
    offers.sort_by_key(|offer| offer.moment);
    touches.retain(|touch| touch.moment.at <= as_of);
    touches.sort_by_key(|touch| touch.moment);
    let first = offers.first()?;
    let with = |moment: Moment| offers.iter().take_while(|offer| offer.moment <= moment).last().unwrap_or(first);
    let answers = |touch: &&Touch| {
        let by_team = |by: Uuid| {
            let team = &with(touch.moment).team;
            team.is_empty() || team.contains(&by)
        };
        touch.outbound && !touch.automatic && touch.by.is_some_and(by_team)
    };
    let answers: Vec<Moment> = touches.iter().filter(answers).map(|touch| touch.moment).collect();
    let answer = answers.first().copied();
    let pre_offer = answer.is_some_and(|answer| answer.at < first.moment.at);
    let stopped = answer.map(|answer| answer.at.max(first.moment.at));
    let owner_clocks = offers.iter().enumerate().map(|(place, offer)| {
        let next = offers.get(place + 1).map(|next| next.moment);
        // What the first owner did before the offer was an answer before it began; what a former owner did is none of
        // the next.
        let begun = if place == 0 && pre_offer { answer } else { None };
        let own = answers.iter().find(|answer| **answer >= offer.moment && next.is_none_or(|next| **answer < next));
        let stopped = begun.map(|_| offer.moment.at).or(own.map(|answer| answer.at));
        let end = next.map_or(as_of, |next| next.at);
        let clock = Clock::of(offer.moment.at, stopped, end, hours);
        OwnerClock { owner: offer.owner, clock, passed_on: next.map(|next| next.at) }
    });
    Some(LeadResponse {
        lead_clock: Clock::of(first.moment.at, stopped, as_of, hours),
        pre_offer,
        owner_clocks: owner_clocks.collect(),
    })
}

/// How soon, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Band {
    /// Within five minutes.
    FiveMinutes,
    /// Within an hour.
    Hour,
    /// Within four hours.
    FourHours,
    /// Within a business day.
    BusinessDay,
    /// Later.
    Later,
    /// Not yet.
    NoneYet,
}

impl Band {
    /// All of them, soonest first.
    pub const ALL: [Band; 6] =
        [Band::FiveMinutes, Band::Hour, Band::FourHours, Band::BusinessDay, Band::Later, Band::NoneYet];

    /// The band of a time by one clock. A business day is the length of a working day
    /// ([`crate::hours::BusinessHours::business_day`]), or 24 hours without a business calendar.
    pub fn of(took: Option<Duration>, business_day: Option<Duration>) -> Self {
        let Some(took) = took else { return Band::NoneYet };
        match took {
            took if took <= Duration::minutes(5) => Band::FiveMinutes,
            took if took <= Duration::hours(1) => Band::Hour,
            took if took <= Duration::hours(4) => Band::FourHours,
            took if took <= business_day.unwrap_or(Duration::hours(24)) => Band::BusinessDay,
            _ => Band::Later,
        }
    }
}

/// Whether a promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// In time: no later than the target.
    Met,
    /// Late, whatever happened afterwards, or not at all though it is past due.
    Breached,
    /// Neither yet.
    Running,
}

impl Verdict {
    /// The verdict on a clock: by business hours if it has them and `business` asks for them, else by the calendar.
    pub fn of(clock: &Clock, target: Duration, business: bool) -> Self {
        let Span { calendar, business: open } = clock.span;
        let took = open.filter(|_| business).unwrap_or(calendar);
        match clock.stopped {
            _ if took > target => Verdict::Breached,
            Some(_) => Verdict::Met,
            None => Verdict::Running,
        }
    }
}

/// SLA attainment: met of (met + breached). What still runs and is not due is left out.
pub fn attainment(verdicts: impl IntoIterator<Item = Verdict>) -> Ratio {
    let verdicts = verdicts.into_iter().map(|verdict| match verdict {
        Verdict::Met => Ratio::of(1, 1),
        Verdict::Breached => Ratio::of(0, 1),
        Verdict::Running => Ratio::default(),
    });
    verdicts.sum()
}
