//! A question put to the engine: each metric on its own basis, derived ones from their parts.

use entities::account::industry_closure;
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{
    answer::{self, Aggregate, MAX_ROWS},
    ask::{Arguments, Ask, MAX_MOMENTS},
    metric::{Definition, Measure, Metric},
    query::{Plan, Source},
    rollup,
    tally::{self, Exchange, Tallies},
};
use crate::{
    graph::{Cx, Error, Result},
    journey::watermark,
    policy::{Basis, Span},
};

/// One metric of a question, counted.
pub struct Counted {
    /// How it is declared.
    pub definition: Definition,
    /// On whose rows it stands.
    pub basis: Basis,
    /// Its parts.
    pub tallies: Tallies,
}

/// The answer to `aggregate`.
pub async fn aggregate(cx: &Cx, arguments: Arguments, first: Option<i32>, after: Option<String>) -> Result<Aggregate> {
    let first = first.unwrap_or(100);
    if !(1..=MAX_ROWS).contains(&first) {
        return Err(Error::BadInput(format!("first: between 1 and {MAX_ROWS}, not {first}")));
    }
    let ask = Ask::of(cx, arguments).await?;
    let mut counted = Vec::with_capacity(ask.metrics.len());
    for metric in &ask.metrics {
        counted.push(measure(cx, &ask, *metric, None).await?);
    }
    let (rows, has_next_page) = answer::page(cx, &ask, &counted, first, after).await?;
    Ok(Aggregate {
        rows,
        has_next_page,
        definitions: counted.iter().map(|counted| counted.definition.id()).collect(),
        as_of: ask.as_of,
        data_through: watermark(cx).await?,
        timezone: ask.calendar.zone.name().to_owned(),
        currency: ask.currency.clone(),
        scope: counted.iter().map(|counted| counted.basis.span).min().unwrap_or(Span::All),
        rows_considered: answer::considered(&counted),
        excluded: answer::excluded(&counted),
    })
}

/// Counts one metric on the caller's own basis, or on another that the caller was given.
pub async fn measure(cx: &Cx, ask: &Ask, metric: Metric, basis: Option<&Basis>) -> Result<Counted> {
    let definition = metric.definition();
    let basis = match basis {
        Some(basis) => basis.clone(),
        None => ask.basis(cx, &definition)?,
    };
    let tallies = match definition.measure {
        Measure::Derived(derivation) => {
            let [one, other] = derivation.parts();
            let one = Box::pin(measure(cx, ask, one, Some(&basis))).await?;
            let other = Box::pin(measure(cx, ask, other, Some(&basis))).await?;
            tally::derive(&one.tallies, &other.tallies)
        }
        _ => {
            if matches!(definition.measure, Measure::Standing | Measure::StandingMoney { .. })
                && ask.buckets.len() > MAX_MOMENTS
            {
                let code = metric.code();
                return Err(Error::BadInput(format!("groupBy: {code} has at most {MAX_MOMENTS} buckets")));
            }
            let roots = roots(cx, ask, &basis).await?;
            let plan = Plan {
                ask,
                definition: &definition,
                basis: &basis,
                roots: &roots,
                only: None,
                source: Source::Rows,
                daily: false,
            };
            let exchange = Exchange::of(cx, &basis, ask).await?;
            match Box::pin(rollup::count(cx, &plan, &exchange)).await? {
                Some(tallies) => tallies,
                None => tally::count(cx, &plan, &exchange).await?,
            }
        }
    };
    Ok(Counted { definition, basis, tallies })
}

/// The industries at the depth to which a question rolls industries up; none where it does not.
pub async fn roots(cx: &Cx, ask: &Ask, basis: &Basis) -> Result<Vec<Uuid>> {
    let Some(level) = ask.groupings.iter().find_map(|grouping| grouping.level) else { return Ok(Vec::new()) };
    // An industry's depth is that of its farthest ancestor.
    let select = Query::select()
        .column(industry_closure::Column::DescendantId)
        .from(industry_closure::Entity)
        .and_where(Expr::col(industry_closure::Column::TenantId).eq(basis.caller.tenant))
        .group_by_col(industry_closure::Column::DescendantId)
        .and_having(Expr::col(industry_closure::Column::Depth).max().eq(level))
        .to_owned();
    let rows = cx.db().query_all(&select).await?;
    rows.iter().map(|row| Ok(row.try_get("", "descendant_id")?)).collect()
}
