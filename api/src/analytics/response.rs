//! Lead response (A1): how soon a lead is answered, by the clock of the lead and by that of each owner, in calendar and in business
//! hours, and how many answers fall into which band. It counts the rows of LEAD_RESPONSE_TIME and SPEED_TO_LEAD, by the same columns.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use numbers::{
    hours::{Clock, Revisions},
    response::Band,
    stats::Summary,
    suppress::{Thresholds, suppress},
};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::{
    answer::Distribution,
    ask::{Arguments, Ask, DimensionFilter},
    business,
    crowd::Crowd,
    metric::{Definition, Metric},
    query::{Plan, Source},
};
use crate::{
    graph::{Cx, Result},
    policy::Span,
};

/// Whose clock runs until a lead is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum ResponseClock {
    /// The lead's: from its first offer on. Another offer does not restart it.
    Lead,
    /// The owner's: from each offer on, until the lead is offered to the next.
    Owner,
}

/// Which hours a clock counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum ResponseHours {
    /// All hours. A business day is 24 of them.
    Calendar,
    /// The hours in which the company works. A business day is the length of a working day.
    Business,
}

/// How soon a lead was answered, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "numbers::response::Band")]
pub enum ResponseBand {
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

/// How many clocks stopped in one band.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct LeadResponseBand {
    /// The band.
    pub band: ResponseBand,
    /// How many; null where too few persons or accounts stand behind it, or behind what it would give away.
    pub count: Option<i32>,
}

/// How soon leads were answered, by one clock.
#[derive(Clone, Debug, SimpleObject)]
pub struct LeadResponseTimes {
    /// Whose clock.
    pub clock: ResponseClock,
    /// Which hours.
    pub hours: ResponseHours,
    /// How long it took, over the clocks that stopped.
    pub time: Distribution,
    /// How many stopped in which band, soonest first; they add up to the clocks. Each band once, at most 6.
    pub bands: Vec<LeadResponseBand>,
    /// Whether the times are hidden because too few persons or accounts stand behind them.
    pub suppressed: bool,
}

/// How soon leads were answered.
#[derive(Clone, Debug, SimpleObject)]
pub struct LeadResponse {
    /// How many offers from marketing to sales: the clocks of owners. Null where too few persons or accounts stand behind them.
    pub offers: Option<i32>,
    /// How many of them were the first of their lead: the clocks of leads. Null where too few persons or accounts stand behind them.
    pub leads: Option<i32>,
    /// How many of the leads were answered before they were offered: they took no time. Null where you read no rows.
    pub pre_offer: Option<i32>,
    /// The clocks: of leads and of owners, in calendar hours and, where the company has a calendar, in business hours. At most 4.
    pub clocks: Vec<LeadResponseTimes>,
    /// Name and version of the definition.
    pub definition: String,
    /// What happened later is not known.
    pub as_of: DateTime<Utc>,
    /// Which offers are counted.
    pub scope: Span,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Offers made at or after this moment.
    pub from: DateTime<Utc>,
    /// And before this.
    pub to: DateTime<Utc>,
    /// What happened later is not known.
    pub as_of: Option<DateTime<Utc>>,
    /// Which offers count.
    pub filters: Vec<DimensionFilter>,
}

/// An offer, and when it was answered.
struct Offer {
    contact: Option<Uuid>,
    account: Option<Uuid>,
    at: DateTime<Utc>,
    is_first: bool,
    pre_offer: bool,
    touched: Option<DateTime<Utc>>,
    lead_touched: Option<DateTime<Utc>>,
}

const COLUMNS: [&str; 7] = ["contact", "account", "at", "first", "touched_before", "touched_at", "lead_touched_at"];

impl Offer {
    fn of(line: &QueryResult) -> Result<Offer> {
        let moment = |column: &str| line.try_get::<Option<DateTime<Utc>>>("", column);
        Ok(Offer {
            contact: line.try_get("", "contact")?,
            account: line.try_get("", "account")?,
            at: line.try_get("", "at")?,
            is_first: line.try_get::<Option<i32>>("", "first")? == Some(1),
            pre_offer: moment("touched_before")?.is_some(),
            touched: moment("touched_at")?,
            lead_touched: moment("lead_touched_at")?,
        })
    }

    /// When a clock of it stopped.
    fn stopped(&self, clock: ResponseClock) -> Option<DateTime<Utc>> {
        match (self.pre_offer, clock) {
            (true, _) => Some(self.at),
            (false, ResponseClock::Lead) => self.lead_touched,
            (false, ResponseClock::Owner) => self.touched,
        }
    }
}

/// How long a clock ran by its hours, if it stopped, and the band of that.
fn took(
    offer: &Offer,
    clock: ResponseClock,
    hours: ResponseHours,
    as_of: DateTime<Utc>,
    revisions: &Revisions,
) -> (Option<Duration>, Band) {
    let ran = Clock::of(offer.at, offer.stopped(clock), as_of, revisions);
    let (took, day) = match hours {
        ResponseHours::Calendar => (Some(ran.span.calendar), None),
        ResponseHours::Business => {
            let day = revisions.at(ran.stopped.unwrap_or(as_of)).and_then(|hours| hours.business_day());
            (ran.span.business, day)
        }
    };
    let took = took.filter(|_| ran.stopped.is_some());
    (took, Band::of(took, day))
}

/// Counts.
pub async fn times(cx: &Cx, asked: Asked) -> Result<LeadResponse> {
    let definition = Definition { excluded: &[], ..Metric::LeadResponseTime.definition() };
    let arguments = Arguments {
        from: asked.from,
        to: asked.to,
        as_of: asked.as_of,
        filters: asked.filters,
        ..Arguments::default()
    };
    let ask = Ask::of_history(cx, arguments, &definition, "LEAD_RESPONSE").await?;
    let basis = ask.basis(cx, &definition)?;
    let revisions = business::hours(cx, &basis.caller).await?.unwrap_or_default();
    let plan = Plan {
        ask: &ask,
        definition: &definition,
        basis: &basis,
        roots: &[],
        only: None,
        source: Source::Rows,
        daily: false,
    };
    let lines = cx.db().query_all(&plan.read(&COLUMNS)).await?;
    let offers = lines.iter().map(Offer::of).collect::<Result<Vec<_>>>()?;
    let mut clocks = Vec::new();
    for clock in [ResponseClock::Lead, ResponseClock::Owner] {
        for hours in [ResponseHours::Calendar, ResponseHours::Business] {
            if hours == ResponseHours::Business && revisions.steps.is_empty() {
                continue;
            }
            let mut bands: Vec<Crowd> = vec![Crowd::default(); Band::ALL.len()];
            let (mut ended, mut samples) = (Crowd::default(), Vec::new());
            for offer in offers.iter().filter(|offer| runs(offer, clock)) {
                let (took, band) = took(offer, clock, hours, ask.as_of, &revisions);
                let place = Band::ALL.iter().position(|known| *known == band).unwrap_or_default();
                bands[place].add(offer.contact, offer.account);
                if let Some(took) = took {
                    ended.add(offer.contact, offer.account);
                    samples.push(took.num_milliseconds());
                }
            }
            let all = crowd(&offers, clock);
            let mut hidden = vec![false; bands.len()];
            if basis.grouped {
                let groups: Vec<_> = bands.iter().map(Crowd::group).collect();
                hidden = suppress(&groups, Thresholds::default(), true);
                // Where all of them are few, no band is told, none that is empty either.
                hidden.iter_mut().for_each(|hidden| *hidden |= all.is_small());
            }
            let suppressed = basis.grouped && (ended.is_small() || all.is_small());
            let shown = Band::ALL.iter().zip(&bands).zip(&hidden).map(|((band, crowd), hidden)| LeadResponseBand {
                band: (*band).into(),
                count: (!hidden).then(|| count(crowd.rows())),
            });
            clocks.push(LeadResponseTimes {
                clock,
                hours,
                time: if suppressed { Summary::default().into() } else { Summary::of(samples).into() },
                bands: shown.collect(),
                suppressed,
            });
        }
    }
    let total = |clock: ResponseClock| {
        let all = crowd(&offers, clock);
        (!(basis.grouped && all.is_small())).then(|| count(all.rows()))
    };
    let pre_offer = offers.iter().filter(|offer| offer.pre_offer).count();
    Ok(LeadResponse {
        offers: total(ResponseClock::Owner),
        leads: total(ResponseClock::Lead),
        pre_offer: (!basis.grouped).then(|| count(pre_offer)),
        clocks,
        definition: "LEAD_RESPONSE@1".to_owned(),
        as_of: ask.as_of,
        scope: basis.span,
    })
}

/// Whether an offer starts a clock: each starts its owner's, the first its lead's.
fn runs(offer: &Offer, clock: ResponseClock) -> bool {
    clock == ResponseClock::Owner || offer.is_first
}

/// Who stands behind the clocks of offers.
fn crowd(offers: &[Offer], clock: ResponseClock) -> Crowd {
    let mut crowd = Crowd::default();
    for offer in offers.iter().filter(|offer| runs(offer, clock)) {
        crowd.add(offer.contact, offer.account);
    }
    crowd
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
