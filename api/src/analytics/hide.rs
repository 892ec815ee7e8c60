//! What is too small to be shown to whoever reads no rows: groups of few, and whatever would give them away.

use std::collections::{BTreeMap, BTreeSet};

use numbers::suppress::{self, Group, Table, Thresholds};
use sea_orm::ConnectionTrait;

use super::{
    ask::{Ask, Value},
    metric::Measure,
    query::{BUCKET, Plan},
    tally::{Key, Tallies, Tally, keys},
};
use crate::graph::{Error, Result};

/// The most groups of one answer to whoever reads no rows: what hides small ones looks at each beside each.
const MAX_HIDDEN: usize = 2_500;
/// So many groups are looked at one by one before all of their rows are.
const FEW: usize = 24;
/// Fewer rows than this are counted at once.
const MANY_ROWS: i64 = 5_000;
/// How many rows of a group are looked at.
const SAMPLE: u64 = 1_000;

/// Hides groups behind which too few persons or accounts stand, and whatever would give them away by the totals of this table: of its
/// groups, of its buckets, of all. Other questions may be subtracted from it; that is a documented limit.
pub async fn hide<C: ConnectionTrait>(db: &C, plan: &Plan<'_>, tallies: &mut Tallies) -> Result<()> {
    if plan.persons(false, false).is_none() || tallies.groups.is_empty() {
        return Ok(());
    }
    if tallies.groups.len() > MAX_HIDDEN {
        return Err(Error::BadInput(format!(
            "groupBy: more than {MAX_HIDDEN} groups; for your role ask for fewer dimensions, or a shorter period"
        )));
    }
    let rows: Vec<Vec<Option<Value>>> =
        tallies.groups.keys().map(|(_, keys)| keys.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let columns: Vec<usize> =
        tallies.groups.keys().map(|(bucket, _)| *bucket).collect::<BTreeSet<_>>().into_iter().collect();
    if surely_large(db, plan, tallies).await? {
        return Ok(());
    }
    let cells = behind(db, plan, true, true).await?;
    let of = |behind: &BTreeMap<Key, Group>, bucket: usize, keys: &[Option<Value>]| {
        behind.get(&(bucket, keys.to_vec())).copied().unwrap_or_default()
    };
    let thresholds = Thresholds::default();
    // Of one column or one row the totals are the cells themselves.
    let (one_row, one_column) = (plan.ask.groupings.is_empty(), plan.ask.buckets.len() == 1);
    let whole = match one_row && one_column {
        true => cells.clone(),
        false => behind(db, plan, false, false).await?,
    };
    if thresholds.small(of(&whole, 0, &[])) {
        tallies.groups.values_mut().for_each(|tally| *tally = Tally { hidden: true, ..Tally::default() });
        return Ok(());
    }
    let by_row = if one_column { cells.clone() } else { behind(db, plan, true, false).await? };
    let by_column = if one_row { cells.clone() } else { behind(db, plan, false, true).await? };
    let table = Table {
        cells: rows.iter().map(|row| columns.iter().map(|column| of(&cells, *column, row)).collect()).collect(),
        rows: rows.iter().map(|row| of(&by_row, 0, row)).collect(),
        columns: columns.iter().map(|column| of(&by_column, *column, &[])).collect(),
    };
    let hidden = suppress::suppress_cross(&table, thresholds);
    for (row, hidden) in rows.iter().zip(hidden.cells) {
        for (column, hidden) in columns.iter().zip(hidden) {
            if hidden && let Some(tally) = tallies.groups.get_mut(&(*column, row.clone())) {
                *tally = Tally { hidden: true, ..Tally::default() };
            }
        }
    }
    Ok(())
}

/// Whether a few rows of each group, and of each part of it, are of enough persons and accounts already: then nobody need be counted.
async fn surely_large<C: ConnectionTrait>(db: &C, plan: &Plan<'_>, tallies: &Tallies) -> Result<bool> {
    let rows: i64 = tallies.groups.values().map(|tally| tally.n).sum();
    let stands = matches!(plan.definition.measure, Measure::Standing | Measure::StandingMoney { .. } | Measure::Spread);
    if stands || tallies.groups.len() > FEW || rows < MANY_ROWS {
        return Ok(false);
    }
    let least = Thresholds::default();
    for (bucket, keys) in tallies.groups.keys() {
        let Some(within) = plan.ask.buckets.get(*bucket) else { return Ok(false) };
        let (from, to) = (Ord::max(within.from, plan.ask.from), Ord::min(within.to, plan.ask.to));
        let ask = Ask { from, to, ..plan.ask.clone() };
        let cell = Plan { ask: &ask, only: Some((keys.clone(), *bucket)), ..plan.clone() };
        for some in cell.some_persons(SAMPLE).unwrap_or_default() {
            let Some(line) = db.query_one(&some).await? else { return Ok(false) };
            let number = |column: &str| line.try_get::<i64>("", column).map(i64::unsigned_abs);
            let group = Group { contacts: number("contacts")?, accounts: number("accounts")? };
            if number("rows")? > 0 && (group.contacts < least.contacts || group.accounts < least.accounts) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// How many persons and accounts stand behind groups, buckets, or both.
async fn behind<C: ConnectionTrait>(
    db: &C,
    plan: &Plan<'_>,
    by_keys: bool,
    by_bucket: bool,
) -> Result<BTreeMap<Key, Group>> {
    let mut behind = BTreeMap::new();
    let Some(persons) = plan.persons(by_keys, by_bucket) else { return Ok(behind) };
    for line in db.query_all(&persons).await? {
        let bucket = if by_bucket { usize::try_from(line.try_get::<i32>("", BUCKET)?).unwrap_or(0) } else { 0 };
        let number = |column: String| line.try_get::<i64>("", &column).map(i64::unsigned_abs);
        // A figure tells of those who pass as much as of all: it is as large as the smallest of its parts that is not empty.
        let mut group = Group { contacts: u64::MAX, accounts: u64::MAX };
        for part in ["all", "hit", "miss"] {
            if number(format!("{part}_rows"))? > 0 {
                group.contacts = group.contacts.min(number(format!("{part}_contacts"))?);
                group.accounts = group.accounts.min(number(format!("{part}_accounts"))?);
            }
        }
        // Rows of nobody that is known are rows of few.
        if group.is_empty() {
            group.contacts = 1;
        }
        behind.insert((bucket, if by_keys { keys(plan.ask, &line)? } else { Vec::new() }), group);
    }
    Ok(behind)
}
