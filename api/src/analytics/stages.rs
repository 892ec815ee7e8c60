//! How long things stay in their stages (A4): the latest stay, and all stays together, as HubSpot's *Latest time in* and *Cumulative time
//! in*, so that an import can be checked value by value.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use numbers::{
    moment::Moment,
    stage_time::{Interval, by_stage, stays},
    stats::Summary,
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    answer::Distribution,
    ask::{Arguments, Ask, DimensionFilter},
    fact::Fact,
    metric::{Definition, Metric},
    query::{Plan, Source},
};
use crate::{
    graph::{Cx, Error, Result},
    policy::{Class, Need, Span, Type},
};

/// What stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum StageTimeOf {
    /// Persons in the stages of the customer's way.
    Person,
    /// Opportunities in the stages of their pipeline.
    Opportunity,
    /// Tickets in their status.
    Ticket,
}

/// How long things stay in one stage.
#[derive(Clone, Debug, SimpleObject)]
pub struct StageTime {
    /// The stage's code.
    pub stage: String,
    /// How many were there.
    pub objects: i32,
    /// How often they came, together.
    pub visits: i32,
    /// How many are there now: their present stay is in no duration.
    pub open_count: i32,
    /// The last stay of each that is over.
    pub latest: Distribution,
    /// All stays of each that is not there now.
    pub cumulative: Distribution,
}

/// How long things stay in their stages.
#[derive(Clone, Debug, SimpleObject)]
pub struct StageTimes {
    /// The stages, by code. At most 100.
    pub stages: Vec<StageTime>,
    /// Name and version of the definition.
    pub definition: String,
    /// What happened later is not known.
    pub as_of: DateTime<Utc>,
    /// Which rows are counted.
    pub scope: Span,
}

impl From<Summary> for Distribution {
    fn from(summary: Summary) -> Distribution {
        let Summary { n: _, mean, p50, p75, p90, p95 } = summary;
        Distribution { mean, p50, p75, p90, p95 }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Stays {
    /// What stays.
    pub of: StageTimeOf,
    /// Stays that began at or after this moment.
    pub from: DateTime<Utc>,
    /// And before this.
    pub to: DateTime<Utc>,
    /// What happened later is not known.
    pub as_of: Option<DateTime<Utc>>,
    /// Stays shorter than so many seconds are left out.
    pub min_dwell_seconds: i32,
    /// Which objects count.
    pub filters: Vec<DimensionFilter>,
}

/// Counts.
pub async fn times(cx: &Cx, asked: Stays) -> Result<StageTimes> {
    let (fact, needs): (Fact, &'static [Need]) = match asked.of {
        StageTimeOf::Person => (Fact::Lifecycle, &[(Type::Contact, Class::P, "")]),
        StageTimeOf::Opportunity => (Fact::DealStage, &[(Type::Opportunity, Class::P, "")]),
        StageTimeOf::Ticket => (Fact::TicketStage, &[(Type::Ticket, Class::P, "")]),
    };
    if asked.min_dwell_seconds < 0 {
        return Err(Error::BadInput("minDwellSeconds: not negative".into()));
    }
    let definition = Definition { fact, at: "at", only: None, excluded: &[], needs, ..Metric::Leads.definition() };
    let arguments = Arguments {
        from: asked.from,
        to: asked.to,
        as_of: asked.as_of,
        filters: asked.filters,
        ..Arguments::default()
    };
    let ask = Ask::of_history(cx, arguments, &definition, "STAGE_TIME").await?;
    let basis = ask.basis(cx, &definition)?;
    if basis.grouped {
        return Err(Error::BadInput(
            "analytics: stage times tell of single objects; they are not for your role".into(),
        ));
    }
    let plan = Plan {
        ask: &ask,
        definition: &definition,
        basis: &basis,
        roots: &[],
        only: None,
        source: Source::Rows,
        daily: false,
    };
    let mut intervals = Vec::new();
    for (nth, line) in cx.db().query_all(&plan.read(&["id", "stage", "at", "until"])).await?.iter().enumerate() {
        let object: Uuid = line.try_get("", "id")?;
        let Some(stage) = line.try_get::<Option<String>>("", "stage")? else { continue };
        let seq = i64::try_from(nth).unwrap_or(i64::MAX);
        let entered = Moment { at: line.try_get("", "at")?, source_rank: 0, source_seq: seq, id: object };
        intervals.push(Interval { object, stage, entered, exited: line.try_get("", "until")? });
    }
    let found = by_stage(stays(intervals, ask.as_of, Duration::seconds(asked.min_dwell_seconds.into())));
    let count = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    let stage = |found: numbers::stage_time::StageTime<String>| StageTime {
        stage: found.stage,
        objects: count(found.objects),
        visits: count(found.visits),
        open_count: count(found.open_count),
        latest: found.latest.into(),
        cumulative: found.cumulative.into(),
    };
    Ok(StageTimes {
        stages: found.into_iter().map(stage).collect(),
        definition: "STAGE_TIME@1".to_owned(),
        as_of: ask.as_of,
        scope: basis.span,
    })
}
