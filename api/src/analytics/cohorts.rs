//! Cohorts of new customers (A15): those first won in one period, and what they did in the periods after. A customer is new once, with its
//! first won opportunity or order ever; so the size of a cohort is also the number of new customers (A14).

use async_graphql::SimpleObject;
use chrono::{DateTime, Duration, Utc};
use numbers::cohort::{Fact as Deed, Question, Refused, Win, cohorts};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    aggregate::measure,
    answer::FigureBucket,
    ask::{Arguments, Ask, DimensionFilter, Grain},
    fact::Fact,
    metric::{Definition, Metric},
    query::{Plan, Source},
    tally::Exchange,
};
use crate::{
    graph::{Cx, Error, Money, Ratio, Result},
    policy::{Class, Need, Span, Type},
};

/// What a cohort did in one period.
#[derive(Clone, Debug, SimpleObject)]
pub struct CohortCell {
    /// How many periods after its own.
    pub period: i32,
    /// How many of its accounts were won again or ordered.
    pub active: i32,
    /// Those out of all of it.
    pub retention: Ratio,
    /// All its revenue; null beyond what a decimal holds.
    pub net: Option<Money>,
    /// Its revenue, of each account at most what it brought in period 0. Null beyond what a decimal holds.
    pub gross: Option<Money>,
    /// Whether the period is over.
    pub mature: bool,
}

/// The customers that were first won in one period.
#[derive(Clone, Debug, SimpleObject)]
pub struct Cohort {
    /// The period.
    pub bucket: FigureBucket,
    /// How many accounts: the new customers of the period.
    pub size: i32,
    /// What they did, from their own period on, as far as one has begun. At most 36.
    pub cells: Vec<CohortCell>,
    /// What a new customer cost in campaigns: campaign cost of the period / new customers. Null without new customers, with `where`, and
    /// where you may not know the cost or see only some of the customers.
    pub acquisition_cost: Option<Money>,
}

/// Cohorts of new customers.
#[derive(Clone, Debug, SimpleObject)]
pub struct Cohorts {
    /// The cohorts, in their order, those without accounts too. At most 120.
    pub cohorts: Vec<Cohort>,
    /// Rows without an amount or a rate: their accounts are active, for nothing.
    pub unvalued: i32,
    /// Name and version of the definition.
    pub definition: String,
    /// What happened later is not known.
    pub as_of: DateTime<Utc>,
    /// The currency.
    pub currency: String,
    /// Which rows are counted.
    pub scope: Span,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// First wins from this moment on make a cohort.
    pub from: DateTime<Utc>,
    /// And before this.
    pub to: DateTime<Utc>,
    /// Into what time is cut: MONTH or longer, or WEEK.
    pub grain: Grain,
    /// What happened later is not known.
    pub as_of: Option<DateTime<Utc>>,
    /// The currency.
    pub currency: Option<String>,
    /// Which accounts count.
    pub filters: Vec<DimensionFilter>,
}

/// Counts.
pub async fn count(cx: &Cx, asked: Asked) -> Result<Cohorts> {
    const DEALS: &[Need] = &[(Type::Opportunity, Class::P, ""), (Type::Opportunity, Class::M, "")];
    const ORDERS: &[Need] = &[(Type::Order, Class::P, ""), (Type::Order, Class::M, "")];
    let of = |fact, at, needs| Definition { fact, at, only: None, excluded: &[], needs, ..Metric::Leads.definition() };
    let deals = Definition { only: Metric::Won.definition().only, ..of(Fact::Opportunity, "entered_at", DEALS) };
    let orders = Definition { only: Metric::Orders.definition().only, ..of(Fact::Order, "at", ORDERS) };
    let arguments = Arguments {
        from: asked.from,
        to: asked.to,
        as_of: asked.as_of,
        currency: asked.currency.clone(),
        filters: asked.filters.clone(),
        ..Arguments::default()
    };
    let asked_of = Ask::of_history(cx, arguments.clone(), &orders, "COHORT").await?;
    let mut ask = asked_of.clone();
    ask.from = DateTime::UNIX_EPOCH;
    ask.to = ask.as_of + Duration::microseconds(1);
    let (mut wins, mut deeds, mut unvalued, mut span) = (Vec::new(), Vec::new(), 0, Span::All);
    for (definition, day) in [(&deals, Some("close_date")), (&orders, None)] {
        let basis = ask.basis(cx, definition)?;
        if basis.grouped {
            return Err(Error::BadInput(
                "analytics: cohorts tell of single accounts; they are not for your role".into(),
            ));
        }
        span = span.min(basis.span);
        let exchange = Exchange::of(cx, &basis, &ask).await?;
        let plan =
            Plan { ask: &ask, definition, basis: &basis, roots: &[], only: None, source: Source::Rows, daily: false };
        let mut columns = vec!["account", definition.at, "minor", "currency"];
        columns.extend(day);
        columns.extend(day.is_none().then_some("opportunity"));
        for line in cx.db().query_all(&plan.read(&columns)).await? {
            let Some(account) = line.try_get::<Option<Uuid>>("", "account")? else { continue };
            // The order of a deal is that deal once more.
            if day.is_none() && line.try_get::<Option<Uuid>>("", "opportunity")?.is_some() {
                continue;
            }
            let at: DateTime<Utc> = line.try_get("", definition.at)?;
            let day = match day {
                Some(day) => line.try_get("", day)?,
                None => Some(at.with_timezone(&ask.calendar.zone).date_naive()),
            };
            let amount: Option<i64> = line.try_get("", "minor")?;
            let currency: Option<String> = line.try_get("", "currency")?;
            let worth = amount.zip(currency).and_then(|(minor, code)| exchange.convert(minor, &code, day));
            unvalued += i32::from(worth.is_none());
            wins.push(Win { account, at });
            deeds.push(Deed { account, at, minor: worth.unwrap_or(0) });
        }
    }
    let question = Question {
        calendar: ask.calendar,
        grain: asked.grain.into(),
        from: asked.from,
        to: asked.to,
        cells: 36,
        limit: 120,
        as_of: ask.as_of,
    };
    let found = cohorts(&question, wins, deeds).map_err(|refused| {
        Error::BadInput(match refused {
            Refused::Hourly => "grain: WEEK or longer".to_owned(),
            Refused::TooMany(_) => "to: at most 120 cohorts".to_owned(),
        })
    })?;
    let money = |minor: i64| Money::from_sum(minor.into(), &ask.currency);
    let count = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    let mut answer = Vec::with_capacity(found.len());
    for cohort in found {
        let spent = match cx.caller.basis(Metric::CampaignCost.definition().needs).filter(|basis| basis.span == span) {
            Some(_) if cohort.size > 0 && asked.filters.is_empty() => {
                let arguments = Arguments {
                    metrics: vec![Metric::CampaignCost],
                    from: cohort.period.from,
                    to: cohort.period.to,
                    filters: Vec::new(),
                    ..arguments.clone()
                };
                let ask = Ask::of(cx, arguments).await?;
                let counted = measure(cx, &ask, Metric::CampaignCost, None).await?;
                let sum: i128 = counted.tallies.groups.values().map(|tally| tally.sum).sum();
                let size = i128::from(cohort.size);
                Money::from_sum((sum + size / 2) / size, &ask.currency)
            }
            _ => None,
        };
        let cells = cohort.cells.iter().map(|cell| {
            let retention = cohort.retention(cell);
            CohortCell {
                period: i32::try_from(cell.k).unwrap_or(i32::MAX),
                active: count(cell.active),
                retention: Ratio::new(retention.numerator, retention.denominator),
                net: money(cell.net),
                gross: money(cell.gross),
                mature: cell.mature,
            }
        });
        answer.push(Cohort {
            cells: cells.collect(),
            bucket: (&cohort.period).into(),
            size: count(cohort.size),
            acquisition_cost: spent,
        });
    }
    Ok(Cohorts {
        cohorts: answer,
        unvalued,
        definition: "COHORT@1".to_owned(),
        as_of: ask.as_of,
        currency: ask.currency.clone(),
        scope: span,
    })
}
