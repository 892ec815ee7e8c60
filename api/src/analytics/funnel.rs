//! The funnel: how many came how far (A3). Stages are the tenant's own; the arithmetic, and what each mode means, is in
//! `numbers::funnel`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_graphql::{Enum, InputObject, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use numbers::{
    funnel::{CountBy, Entry, Mode, Order, Question, funnel},
    moment::Moment,
    stats::Summary,
    suppress::{Group, Thresholds},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    answer::{FigureKey, Labels},
    ask::{Arguments, Ask, DimensionFilter, GroupByInput, Value},
    dimension::Dimension,
    fact::Fact,
    metric::{Definition, Metric},
    query::{Plan, Source},
    tally::keys as keys_of,
};
use crate::{
    graph::{Cx, Error, Ratio, Result},
    journey::watermark,
    policy::{Class, Span, Type},
};

/// What goes through a funnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum FunnelUnit {
    /// Persons, through the stages of the customer's way.
    #[default]
    Person,
    /// Opportunities, through the stages of their pipeline.
    Opportunity,
}

/// When something counts at a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum FunnelMode {
    /// It took this step and all before it, in their order, anything in between.
    PassedAll,
    /// Likewise, with nothing in between: the first other stage ends the attempt.
    PassedAllStrictly,
    /// It took as many different steps, in any order.
    PassedAllInAnyOrder,
    /// It took this step or a later one: a stage that was left out is credited.
    #[default]
    ReachedAtLeast,
    /// It took this step inside the period, whatever else it did. Rates are no conversion rates and may exceed 1.
    Any,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum FunnelCount {
    /// Each unit once, by its first attempt.
    #[default]
    Unit,
    /// Each attempt: entering the first step again begins another.
    Attempt,
}

/// What is asked.
#[derive(Clone, Debug, InputObject)]
pub struct FunnelInput {
    /// What goes through it.
    #[graphql(default)]
    pub unit: FunnelUnit,
    /// The codes of its steps, in their order, 1 to 12: LEAD, MQL, SAL, SQL, OPPORTUNITY, CUSTOMER unless said.
    pub steps: Option<Vec<String>>,
    /// When something counts at a step.
    #[graphql(default)]
    pub mode: FunnelMode,
    /// What is counted.
    #[graphql(default)]
    pub count_by: FunnelCount,
    /// The first moment of the period in which attempts begin; what follows may lie after it.
    pub from: DateTime<Utc>,
    /// The first moment after that period.
    pub to: DateTime<Utc>,
    /// How many days after its first step a later one still counts, 1 to 3,650; for ever unless said.
    pub window_days: Option<i32>,
    /// What happened later is not known; now unless said.
    pub as_of: Option<DateTime<Utc>>,
    /// By what funnels are told apart; one of all unless said. Of persons CHANNEL and CAMPAIGN are those of their first lead.
    pub group_by: Option<Dimension>,
    /// Which units count.
    #[graphql(name = "where")]
    pub filters: Option<Vec<DimensionFilter>>,
}

/// One step of a funnel.
#[derive(Clone, Debug, SimpleObject)]
pub struct FunnelStep {
    /// The stage's code.
    pub stage: String,
    /// How many came to it; null where that is suppressed.
    pub count: Option<i32>,
    /// Of those at the first step. Null where it is suppressed.
    pub overall: Option<Ratio>,
    /// Of those at the step before; null for the first.
    pub step: Option<Ratio>,
    /// The share of the step before that did not come; null for the first.
    pub drop_off: Option<f64>,
    /// The median time from the first step in milliseconds, of those that really took this one; null where none did.
    pub median_since_first: Option<f64>,
    /// The mean likewise. Null where none did.
    pub mean_since_first: Option<f64>,
    /// The median time from the step before. Null where none did.
    pub median_since_previous: Option<f64>,
    /// Whether it is hidden because too few persons or accounts stand behind it.
    pub suppressed: bool,
}

/// The funnel of one group.
#[derive(Clone, Debug, SimpleObject)]
pub struct FunnelGroup {
    /// By what it is told apart; null for all together.
    pub key: Option<FigureKey>,
    /// The steps, in their order. At most 12.
    pub steps: Vec<FunnelStep>,
    /// Whether everyone has come to the last step, or has no time left.
    pub mature: bool,
}

/// How many came how far.
#[derive(Clone, Debug, SimpleObject)]
pub struct FunnelAnswer {
    /// A funnel for each group, by key. At most 1,000.
    pub groups: Vec<FunnelGroup>,
    /// Whether no step can have more than the one before.
    pub monotone: bool,
    /// Units or attempts that began outside the period; 0 for whoever reads no rows.
    pub outside: i32,
    /// Name and version of the definition.
    pub definition: String,
    /// What happened later is not known.
    pub as_of: DateTime<Utc>,
    /// When the last change was recorded that is counted; null in a tenant without one.
    pub data_through: Option<DateTime<Utc>>,
    /// Which rows are counted.
    pub scope: Span,
}

fn bad(text: impl Into<String>) -> Error {
    Error::BadInput(text.into())
}

/// The most groups of one answer.
const MAX_GROUPS: usize = 1_000;

const STEPS: [&str; 6] = ["LEAD", "MQL", "SAL", "SQL", "OPPORTUNITY", "CUSTOMER"];

impl FunnelInput {
    fn question(&self, as_of: DateTime<Utc>, steps: usize) -> Result<Question> {
        let window = match self.window_days {
            None => None,
            Some(days) if (1..=3_650).contains(&days) => Some(Duration::days(days.into())),
            Some(days) => return Err(bad(format!("windowDays: between 1 and 3650, not {days}"))),
        };
        let mode = match self.mode {
            FunnelMode::PassedAll => Mode::PassedAll(Order::Ordered),
            FunnelMode::PassedAllStrictly => Mode::PassedAll(Order::Strict),
            FunnelMode::PassedAllInAnyOrder => Mode::PassedAll(Order::AnyOrder),
            FunnelMode::ReachedAtLeast => Mode::ReachedAtLeast,
            FunnelMode::Any => Mode::Any,
        };
        let count_by = match self.count_by {
            FunnelCount::Unit => CountBy::Unit,
            FunnelCount::Attempt => CountBy::Attempt,
        };
        Ok(Question { steps, mode, count_by, window, from: self.from, to: self.to, as_of })
    }
}

/// Counts a funnel.
pub async fn count(cx: &Cx, input: FunnelInput) -> Result<FunnelAnswer> {
    let steps = input.steps.clone().unwrap_or_else(|| STEPS.map(str::to_owned).to_vec());
    let places: HashMap<&str, usize> = steps.iter().enumerate().map(|(nth, code)| (code.as_str(), nth)).collect();
    if steps.is_empty() || steps.len() > 12 || places.len() < steps.len() {
        return Err(bad("steps: 1 to 12 different codes of stages"));
    }
    let (fact, needs): (Fact, &'static [_]) = match input.unit {
        FunnelUnit::Person => (Fact::Lifecycle, &[(Type::Lead, Class::P, "")]),
        FunnelUnit::Opportunity => (Fact::DealStage, &[(Type::Opportunity, Class::P, "")]),
    };
    let definition = Definition { fact, at: "at", only: None, excluded: &[], needs, ..Metric::Leads.definition() };
    let group_by =
        input.group_by.map(|dimension| GroupByInput { dimension: Some(dimension), grain: None, level: None });
    let arguments = Arguments {
        from: input.from,
        to: input.to,
        as_of: input.as_of,
        group_by: group_by.into_iter().collect(),
        filters: input.filters.clone().unwrap_or_default(),
        ..Arguments::default()
    };
    let mut ask = Ask::of_history(cx, arguments, &definition, "FUNNEL").await?;
    let basis = ask.basis(cx, &definition)?;
    let question = input.question(ask.as_of, steps.len())?;
    if basis.grouped && (input.unit, input.count_by, input.group_by) != (FunnelUnit::Person, FunnelCount::Unit, None) {
        return Err(bad("input: persons, each once, all together, for your role"));
    }
    // Who began before the period belongs to none of its attempts: the whole history says who did.
    ask.from = DateTime::UNIX_EPOCH;
    ask.to = ask.as_of + Duration::microseconds(1);
    ask.buckets[0].from = ask.from;
    ask.buckets[0].to = ask.to;
    let plan = Plan {
        ask: &ask,
        definition: &definition,
        basis: &basis,
        roots: &[],
        only: None,
        source: Source::Rows,
        daily: false,
    };
    let mut groups: BTreeMap<Vec<Option<Value>>, Vec<Entry>> = BTreeMap::new();
    let mut accounts: HashMap<Uuid, Uuid> = HashMap::new();
    let lines = cx.db().query_all(&plan.read(&["id", "account", "stage", "at"])).await?;
    for (nth, line) in lines.iter().enumerate() {
        let unit: Uuid = line.try_get("", "id")?;
        let stage: Option<String> = line.try_get("", "stage")?;
        let at: DateTime<Utc> = line.try_get("", "at")?;
        if basis.grouped
            && let Some(account) = line.try_get::<Option<Uuid>>("", "account")?
        {
            accounts.insert(unit, account);
        }
        let step = stage.as_deref().and_then(|stage| places.get(stage).copied());
        let moment = Moment { at, source_rank: 0, source_seq: i64::try_from(nth).unwrap_or(i64::MAX), id: unit };
        groups.entry(keys_of(&ask, line)?).or_default().push(Entry { unit, step, moment });
        if groups.len() > MAX_GROUPS {
            return Err(bad(format!("groupBy: more than {MAX_GROUPS} groups")));
        }
    }
    if groups.is_empty() && ask.groupings.is_empty() {
        groups.insert(Vec::new(), Vec::new());
    }
    let named = groups.keys().flatten().flatten().filter_map(|value| match (value, input.group_by) {
        (Value::Row(id), Some(dimension)) => Some((dimension, *id)),
        _ => None,
    });
    let labels = Labels::of(cx, &basis, named).await?;
    let (mut answer, mut outside, mut monotone) = (Vec::with_capacity(groups.len()), 0, true);
    for (keys, entries) in groups {
        let mut began: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
        for entry in entries.iter().filter(|entry| entry.step.is_some()) {
            let first = began.entry(entry.unit).or_insert(entry.moment.at);
            *first = (*first).min(entry.moment.at);
        }
        let found = funnel(&question, entries);
        outside += i32::try_from(found.outside).unwrap_or(i32::MAX);
        monotone = found.monotone;
        // Who reads no rows is told how many began, and of the rest only where every remainder is large enough.
        let in_period = began.iter().filter(|(_, first)| input.from <= **first && **first < input.to);
        let behind: BTreeSet<Uuid> = in_period.filter_map(|(unit, _)| accounts.get(unit).copied()).collect();
        let hidden =
            basis.grouped && hides(&found.steps.iter().map(|step| step.n).collect::<Vec<_>>(), behind.len() as u64);
        let key = input.group_by.map(|dimension| {
            let value = keys.first().and_then(Option::as_ref);
            FigureKey {
                dimension,
                key: value.map(|value| value.text(dimension)),
                label: value.and_then(|value| labels.get(dimension, value)),
            }
        });
        let step = |(nth, (code, step)): (usize, (&String, numbers::funnel::Step))| shown(nth, code, step, hidden);
        let steps = steps.iter().zip(found.steps).enumerate().map(step).collect();
        answer.push(FunnelGroup { key, steps, mature: found.mature });
    }
    Ok(FunnelAnswer {
        groups: answer,
        monotone,
        outside: if basis.grouped { 0 } else { outside },
        definition: "FUNNEL@1".to_owned(),
        as_of: ask.as_of,
        data_through: watermark(cx).await?,
        scope: basis.span,
    })
}

/// Whether a funnel would tell of too few: those who stopped at a step are as much a group as those who went on.
fn hides(counts: &[u64], accounts: u64) -> bool {
    let thresholds = Thresholds::default();
    let stopped = counts.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
    let groups = counts.iter().copied().chain(stopped);
    groups
        .map(|contacts| Group { contacts, accounts: if contacts == 0 { 0 } else { accounts } })
        .any(|group| thresholds.small(group))
}

fn shown(nth: usize, code: &str, step: numbers::funnel::Step, hidden: bool) -> FunnelStep {
    let ratio = |ratio: numbers::stats::Ratio| Ratio::new(ratio.numerator, ratio.denominator);
    if hidden {
        return FunnelStep {
            stage: code.to_owned(),
            count: None,
            overall: None,
            step: None,
            drop_off: None,
            median_since_first: None,
            mean_since_first: None,
            median_since_previous: None,
            suppressed: true,
        };
    }
    let (first, previous) = (Summary::of(step.since_first), Summary::of(step.since_previous));
    FunnelStep {
        stage: code.to_owned(),
        count: Some(i32::try_from(step.n).unwrap_or(i32::MAX)),
        overall: Some(ratio(step.overall)),
        step: step.step.map(ratio),
        drop_off: step.drop_off.and_then(|ratio| ratio.value()),
        median_since_first: first.p50.filter(|_| nth > 0),
        mean_since_first: first.mean.filter(|_| nth > 0),
        median_since_previous: previous.p50.filter(|_| nth > 0),
        suppressed: false,
    }
}
