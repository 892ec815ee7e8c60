//! Journey time (A18): how long customers take from milestone to milestone, and in which order they reach them. The unit is the account.

use std::collections::BTreeMap;

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use numbers::{
    journey_time::{Journey, Milestone, legs, paths},
    moment::Moment,
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    answer::Distribution,
    ask::{Arguments, Ask, DimensionFilter},
    fact::Fact,
    metric::{Definition, Metric, Test},
    query::{Plan, Source},
};
use crate::{
    graph::{Cx, Error, Ratio, Result},
    policy::{Class, Need, Span, Type},
};

/// A milestone of a customer's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "numbers::journey_time::Milestone")]
pub enum JourneyMilestone {
    /// The first touch.
    FirstTouch,
    /// The first lead.
    Lead,
    /// The first lead that qualified for marketing.
    Mql,
    /// The first offer that sales accepted.
    Sal,
    /// The first person whom sales found qualified.
    Sql,
    /// The first opportunity.
    Opportunity,
    /// The first win.
    Won,
    /// The first ticket.
    FirstTicket,
}

/// The way from one milestone to the next.
#[derive(Clone, Debug, SimpleObject)]
pub struct JourneyLeg {
    /// From where.
    pub from: JourneyMilestone,
    /// To where.
    pub to: JourneyMilestone,
    /// How many journeys reached both in this order.
    pub count: i32,
    /// How long they took.
    pub time: Distribution,
    /// How many are still on it.
    pub open: i32,
    /// How many left the second out, and reached a later one.
    pub skipped: i32,
    /// How many reached the second first.
    pub backwards: i32,
}

/// An order in which milestones were reached.
#[derive(Clone, Debug, SimpleObject)]
pub struct JourneyPath {
    /// The milestones, in that order. At most 8.
    pub steps: Vec<JourneyMilestone>,
    /// Of how many journeys it was the way.
    pub share: Ratio,
}

/// How long customers take, and which ways.
#[derive(Clone, Debug, SimpleObject)]
pub struct JourneyTimes {
    /// How many journeys.
    pub journeys: i32,
    /// The legs between neighbouring milestones. 7. At most 7.
    pub legs: Vec<JourneyLeg>,
    /// The most frequent ways, at most 20.
    pub paths: Vec<JourneyPath>,
    /// The share of all other ways.
    pub others: Ratio,
    /// Name and version of the definition.
    pub definition: String,
    /// What happened later is not known.
    pub as_of: DateTime<Utc>,
    /// Which rows are counted.
    pub scope: Span,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Journeys whose first milestone lies at or after this moment.
    pub from: DateTime<Utc>,
    /// And before this.
    pub to: DateTime<Utc>,
    /// What happened later is not known.
    pub as_of: Option<DateTime<Utc>>,
    /// Which accounts count: their segments only.
    pub filters: Vec<DimensionFilter>,
}

/// Where a milestone is found: the fact, the column that dates it, and which of its rows count.
fn found(milestone: Milestone) -> (Fact, &'static str, Option<Test>) {
    use sea_orm::sea_query::{Expr, ExprTrait};
    let of = |metric: Metric| {
        let definition = metric.definition();
        (definition.fact, definition.at, definition.only)
    };
    match milestone {
        Milestone::FirstTouch => of(Metric::Touches),
        Milestone::Lead => of(Metric::Leads),
        Milestone::Mql => of(Metric::Mqls),
        Milestone::Sal => (Fact::Handover, "decided_at", Metric::Accepted.definition().only),
        Milestone::Sql => (Fact::Lifecycle, "at", Some(|| Expr::col(("f", "stage")).eq("SQL"))),
        Milestone::Opportunity => of(Metric::OpportunitiesCreated),
        Milestone::Won => of(Metric::Won),
        Milestone::FirstTicket => of(Metric::Tickets),
    }
}

/// Counts.
pub async fn times(cx: &Cx, asked: Asked) -> Result<JourneyTimes> {
    const NEEDS: &[Need] = &[
        (Type::Touchpoint, Class::P, "occurredAt"),
        (Type::Lead, Class::P, ""),
        (Type::Handover, Class::P, ""),
        (Type::Opportunity, Class::P, ""),
        (Type::Ticket, Class::P, "status"),
    ];
    let definition = |milestone| {
        let (fact, at, only) = found(milestone);
        Definition { fact, at, only, excluded: &[], needs: NEEDS, ..Metric::Leads.definition() }
    };
    let arguments = Arguments {
        from: asked.from,
        to: asked.to,
        as_of: asked.as_of,
        filters: asked.filters,
        ..Arguments::default()
    };
    // Every milestone's fact knows the segments of accounts; the order's fact knows nothing else.
    let segments = Definition { fact: Fact::Order, ..definition(Milestone::Won) };
    let mut ask = Ask::of_history(cx, arguments, &segments, "JOURNEY_TIME").await?;
    let basis = ask.basis(cx, &segments)?;
    if basis.grouped {
        return Err(Error::BadInput(
            "analytics: journey times tell of single accounts; they are not for your role".into(),
        ));
    }
    ask.from = DateTime::UNIX_EPOCH;
    ask.to = ask.as_of + Duration::microseconds(1);
    let mut reached: BTreeMap<Uuid, Vec<(Milestone, Moment)>> = BTreeMap::new();
    for (place, milestone) in Milestone::ALL.into_iter().enumerate() {
        let definition = definition(milestone);
        let plan = Plan {
            ask: &ask,
            definition: &definition,
            basis: &basis,
            roots: &[],
            only: None,
            source: Source::Rows,
            daily: false,
        };
        for line in cx.db().query_all(&plan.firsts()).await? {
            let Some(account) = line.try_get::<Option<Uuid>>("", "account")? else { continue };
            let at: DateTime<Utc> = line.try_get("", "first")?;
            // Of two milestones of one moment the earlier on the way comes first.
            let seq = i64::try_from(place).unwrap_or(i64::MAX);
            let moment = Moment { at, source_rank: 0, source_seq: seq, id: account };
            reached.entry(account).or_default().push((milestone, moment));
        }
    }
    let begins = |journey: &Journey| journey.reached.iter().map(|(_, moment)| moment.at).min();
    let journeys: Vec<Journey> = reached
        .into_values()
        .map(|reached| Journey { reached })
        .filter(|journey| begins(journey).is_some_and(|first| asked.from <= first && first < asked.to))
        .collect();
    let count = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    let leg = |leg: numbers::journey_time::Leg| JourneyLeg {
        from: leg.from.into(),
        to: leg.to.into(),
        count: count(leg.time.n),
        open: count(leg.open),
        skipped: count(leg.skipped),
        backwards: count(leg.backwards),
        time: leg.time.into(),
    };
    let ratio = |ratio: numbers::stats::Ratio| Ratio::new(ratio.numerator, ratio.denominator);
    let ways = paths(&journeys, 20);
    Ok(JourneyTimes {
        journeys: i32::try_from(journeys.len()).unwrap_or(i32::MAX),
        legs: legs(&journeys).into_iter().map(leg).collect(),
        paths: ways
            .top
            .into_iter()
            .map(|path| JourneyPath {
                steps: path.steps.into_iter().map(Into::into).collect(),
                share: ratio(path.share),
            })
            .collect(),
        others: ratio(ways.others),
        definition: "JOURNEY_TIME@1".to_owned(),
        as_of: ask.as_of,
        scope: basis.span,
    })
}
