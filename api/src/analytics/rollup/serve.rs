//! A figure from what is kept: sums of whole days, less what the rows of the tail had in them, and with what those rows are now; the
//! days that are not over, from the kept rows. Without sums, all of it from the kept rows. In one snapshot, so that nothing moves meanwhile.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use numbers::{civil::Bucket, suppress::Thresholds};
use sea_orm::{
    ConnectionTrait, QueryResult,
    sea_query::{Alias, Asterisk, Expr, ExprTrait, Query, SelectStatement},
};

use super::{
    State, adds_up, is_rolled, kept, number_of,
    tail::{Changed, Tail},
};
use crate::{
    analytics::{
        ask::{Ask, Grain},
        dimension::{Dimension, KeyOf},
        hide::hide,
        metric::Measure,
        persons::WITNESS,
        query::{BUCKET, KEYS, Plan, Source, place},
        tally::{self, Exchange, Key, Tallies, Tally, keys},
    },
    graph::{Cx, Result},
    tenancy,
};

/// A tail of more changes than this is not looked through for each question: the rows are counted.
const LONG: u64 = 2_000;
/// Of more changed rows than this the rows are counted, too.
const MANY: usize = 5_000;

/// A figure from what is kept; none where nothing is, or it cannot serve: for whoever does not see the whole tenant, and for the past.
pub async fn count(cx: &Cx, plan: &Plan<'_>, exchange: &Exchange) -> Result<Option<Tallies>> {
    let (ask, fact, caller) = (plan.ask, plan.definition.fact, &plan.basis.caller);
    let dated = kept::columns(fact).is_some_and(|columns| columns.contains(&plan.definition.at));
    if !caller.counts_all() || !dated || !ask.is_now || plan.only.is_some() {
        return Ok(None);
    }
    let tenant = tenancy::tenant(&cx.store, caller.tenant).await?;
    let tx = cx.store.snapshot().await?;
    let Some(state) = State::read(&tx, &tenant).await? else { return Ok(None) };
    let tail = Tail::read(&tx, caller.tenant, state.position, LONG + 1).await?;
    if tail.last.is_some_and(|last| last - state.position > i64::try_from(LONG).unwrap_or(i64::MAX)) {
        return Ok(None);
    }
    let changed = match tail.changed(&tx, caller.tenant, fact).await? {
        Changed::Ids(ids) if ids.len() <= MANY => ids,
        _ => return Ok(None),
    };
    let by_row = Plan { source: Source::Kept(&changed), ..plan.clone() };
    let mut tallies = Tallies::default();
    let witness = match rolled(plan) {
        Some(dimension) => Some(Box::pin(sums(&tx, &by_row, dimension, &changed, exchange, &mut tallies)).await?),
        None => {
            tally::add(&tx, &by_row, exchange, &mut tallies).await?;
            None
        }
    };
    tally::leave_out(&tx, &by_row, &mut tallies).await?;
    if plan.basis.grouped && !witness.is_some_and(|witness| witness.suffices(plan, &tallies)) {
        hide(&tx, &by_row, &mut tallies).await?;
    }
    Ok(Some(tallies))
}

/// The dimension whose sums serve a question, or that of the whole; none where they do not.
fn rolled(plan: &Plan<'_>) -> Option<Option<Dimension>> {
    let Plan { ask, definition, .. } = plan;
    let own = ask.calendar.zone.name() == ask.zone && ask.currency == ask.pivot;
    let starts = |moment: DateTime<Utc>| ask.calendar.start_of_day(ask.calendar.date_of(moment)) == moment;
    let whole_days = ask.grain != Some(Grain::Hour) && starts(ask.from) && starts(ask.to);
    if !adds_up(definition) || !own || !whole_days || ask.fx.is_some() || !ask.filters.is_empty() {
        return None;
    }
    match ask.groupings.as_slice() {
        [] => Some(None),
        [one] if is_rolled(one.dimension) => Some(Some(one.dimension)),
        _ => None,
    }
}

/// Adds sums of days, and what they do not hold.
async fn sums<C: ConnectionTrait>(
    db: &C,
    by_row: &Plan<'_>,
    dimension: Option<Dimension>,
    changed: &[uuid::Uuid],
    exchange: &Exchange,
    tallies: &mut Tallies,
) -> Result<Witness> {
    let ask = by_row.ask;
    let today = ask.calendar.start_of_day(ask.calendar.date_of(ask.as_of));
    let mut witness = Witness::default();
    // What can be told of a group without rows: nothing, as if it had never been looked at.
    let mut rows: BTreeMap<Key, i64> = BTreeMap::new();
    if ask.from < today {
        let past = Ask { to: Ord::min(ask.to, today), ..ask.clone() };
        let plan = Plan { ask: &past, ..by_row.clone() };
        for line in db.query_all(&days(&plan, dimension)).await? {
            witness.see(&plan, &line)?;
            add_line(&plan, exchange, &line, &mut rows, tallies)?;
        }
        if !changed.is_empty() {
            let then = Plan { source: Source::AsKept(Some(changed)), ..plan.clone() };
            let mut taken = Tallies::default();
            for line in db.query_all(&then.parts()).await? {
                let n: i64 = line.try_get("", "n")?;
                let key = (usize::try_from(line.try_get::<i32>("", BUCKET)?).unwrap_or(0), keys(ask, &line)?);
                *rows.entry(key.clone()).or_default() -= n;
                *witness.taken.entry(key).or_default() += n.unsigned_abs();
                take_line(&then, exchange, &line, &mut taken)?;
            }
            for (key, tally) in &taken.groups {
                tallies.groups.entry(key.clone()).or_default().take(tally);
            }
            for (reason, n) in &taken.left_out {
                *tallies.left_out.entry(*reason).or_default() -= n;
            }
            let now = Plan { source: Source::Only(changed), ..plan.clone() };
            for line in db.query_all(&now.parts()).await? {
                add_line(&now, exchange, &line, &mut rows, tallies)?;
            }
        }
    }
    if ask.to > today {
        let coming = Ask { from: Ord::max(ask.from, today), ..ask.clone() };
        let plan = Plan { ask: &coming, ..by_row.clone() };
        for line in db.query_all(&plan.parts()).await? {
            add_line(&plan, exchange, &line, &mut rows, tallies)?;
        }
    }
    tallies.groups.retain(|key, _| rows.get(key).is_some_and(|n| *n > 0));
    tallies.left_out.retain(|_, n| *n > 0);
    witness.rows = rows;
    Ok(witness)
}

fn add_line(
    plan: &Plan<'_>,
    exchange: &Exchange,
    line: &QueryResult,
    rows: &mut BTreeMap<Key, i64>,
    tallies: &mut Tallies,
) -> Result<()> {
    let n: i64 = line.try_get("", "n")?;
    let key = (usize::try_from(line.try_get::<i32>("", BUCKET)?).unwrap_or(0), keys(plan.ask, line)?);
    *rows.entry(key).or_default() += n;
    take_line(plan, exchange, line, tallies)?;
    tallies.are_few()
}

fn take_line(plan: &Plan<'_>, exchange: &Exchange, line: &QueryResult, tallies: &mut Tallies) -> Result<()> {
    let keys = keys(plan.ask, line)?;
    for (bucket, tally) in tally::tally(plan, exchange, line, &mut tallies.left_out)? {
        tallies.groups.entry((bucket, keys.clone())).or_default().add(&tally);
    }
    Ok(())
}

/// The sums of the days of a period, as [`Plan::parts`] would give them.
fn days(plan: &Plan<'_>, dimension: Option<Dimension>) -> SelectStatement {
    let Plan { ask, definition, .. } = plan;
    let day = Expr::col(("d", "day"));
    let number = |bucket: &Bucket| Expr::val(number_of(ask.calendar.date_of(bucket.from)));
    let mut rows = Query::select();
    rows.column(("d", Asterisk))
        .expr_as(place(&day, &ask.buckets, 0, &number), BUCKET)
        .from_as("figure_day", "d")
        .and_where(Expr::col(("d", "tenant_id")).eq(plan.basis.caller.tenant))
        .and_where(Expr::col(("d", "metric")).eq(definition.metric.code()))
        .and_where(Expr::col(("d", "dimension")).eq(dimension.map(Dimension::name).unwrap_or_default()))
        .and_where(day.clone().gte(number_of(ask.calendar.date_of(ask.from))))
        .and_where(day.clone().lt(number_of(ask.calendar.date_of(ask.to))));
    if let Some(grouping) = ask.groupings.first() {
        let own = Expr::col(("d", column_of(grouping.dimension)));
        rows.expr_as(plan.rolled_up(grouping, own), KEYS[0]);
    }
    let of = |column: &'static str| Expr::col(("s", column));
    let mut select = Query::select();
    select.from_subquery(rows, "s").column(("s", BUCKET)).group_by_col(("s", BUCKET));
    if !ask.groupings.is_empty() {
        select.column(("s", KEYS[0])).group_by_col(("s", KEYS[0]));
    }
    let sum = |column: &'static str| of(column).sum().cast_as(Alias::new("BIGINT"));
    for column in ["n", "hit", "miss", "open", "sum"] {
        select.expr_as(sum(column), column);
    }
    if matches!(definition.measure, Measure::Money(_) | Measure::MoneyMean(_) | Measure::MoneyShare { .. }) {
        for column in ["high", "low", "said"] {
            select.expr_as(sum(column), column);
        }
        for column in ["currency", "each", "passes"] {
            select.column(("s", column)).group_by_col(("s", column));
        }
        select.expr_as(of("rate_day"), "day").group_by_col(("s", "rate_day"));
        // The day itself says the rate where the row says no other.
        let own: Expr = Expr::case(of("each").is_not_null().and(of("rate_day").is_null()), of("day")).into();
        select.expr_as(own, "of_day").group_by_col("of_day");
    }
    for column in WITNESS {
        select.expr_as(of(column).max(), column);
    }
    select.to_owned()
}

/// The column of `figure_day` that holds the keys of a dimension.
pub(super) fn column_of(dimension: Dimension) -> &'static str {
    match dimension.key() {
        KeyOf::Row(_) => "key_id",
        KeyOf::Code => "key_code",
    }
}

/// How many persons and accounts stand behind a group at least: as many as on its best day, less one for each row that was taken away.
#[derive(Debug, Default)]
struct Witness {
    best: BTreeMap<Key, [u64; 6]>,
    taken: BTreeMap<Key, u64>,
    rows: BTreeMap<Key, i64>,
}

impl Witness {
    fn see(&mut self, plan: &Plan<'_>, line: &QueryResult) -> Result<()> {
        let key = (usize::try_from(line.try_get::<i32>("", BUCKET)?).unwrap_or(0), keys(plan.ask, line)?);
        let best = self.best.entry(key).or_default();
        for (held, column) in best.iter_mut().zip(WITNESS) {
            let seen: Option<i64> = line.try_get("", column)?;
            *held = Ord::max(*held, seen.unwrap_or(0).unsigned_abs());
        }
        Ok(())
    }

    /// Whether every group is large enough for certain, in all of its parts: then nothing is hidden, and nobody need be counted.
    fn suffices(&self, plan: &Plan<'_>, tallies: &Tallies) -> bool {
        let least = Thresholds::default();
        let large = |(key, tally): (&Key, &Tally)| {
            let best = self.best.get(key).copied().unwrap_or_default();
            let taken = self.taken.get(key).copied().unwrap_or(0);
            let of = |part: usize| {
                let [contacts, accounts] = [best[2 * part], best[2 * part + 1]];
                contacts >= least.contacts + taken && accounts >= least.accounts + taken
            };
            let hit = match plan.definition.measure {
                Measure::Share { .. } | Measure::Balance { .. } => Some(tally.hit),
                // What an amount is made of is not told apart by rows.
                Measure::MoneyShare { .. } => return false,
                _ => None,
            };
            let rows = self.rows.get(key).copied().unwrap_or(0);
            of(0) && hit.is_none_or(|hit| (hit == 0 || of(1)) && (hit == i128::from(rows) || of(2)))
        };
        tallies.groups.iter().all(large)
    }
}
