//! Rollups: what spares a figure of the whole tenant the reading of its history, and never changes it.
//!
//! Two things are kept beside the rows. The rows that figures count as they were counted, narrow and with everything that a figure tells
//! apart by beside them (`figure_row`); and of whatever can be added, the sums of each civil day of the tenant by each dimension alone
//! (`figure_day`). Both know how far in the feed they are (`figure_state`). What the feed says after that is the tail: the kept state of
//! the rows that it concerns is taken away again, and the rows themselves are counted in its place. So a figure is the same with and
//! without, at every moment; what is kept is only older or newer.
//!
//! [`fold`] brings what is kept up to date, a whole day at a time, as often as one likes; [`rebuild`] makes it anew.

mod buckets;
mod days;
mod fold;
mod kept;
mod serve;
mod tail;

pub use buckets::{ChangedBuckets, changed_since};
pub use fold::{Rebuilt, fold, keep, rebuild};
pub use serve::count;

pub(super) use kept::{day, segment, select};

use chrono::NaiveDate;
use entities::tenant::tenant;
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, ExprTrait, Query},
};

use super::{
    dimension::{Dimension, Place},
    metric::{Definition, Measure, Metric},
};

/// How far in the feed the kept figures are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    /// The position up to which everything is in them.
    position: i64,
}

impl State {
    /// Reads it; none where nothing is kept, or what is kept is of another zone, currency, or list of definitions.
    async fn read<C: ConnectionTrait>(db: &C, tenant: &tenant::Model) -> Result<Option<State>, DbErr> {
        let select = Query::select()
            .column("position")
            .from("figure_state")
            .and_where(Expr::col("tenant_id").eq(tenant.id))
            .and_where(Expr::col("zone").eq(tenant.zone.as_str()))
            .and_where(Expr::col("currency").eq(tenant.currency.as_str()))
            .and_where(Expr::col("definitions").eq(definitions()))
            .to_owned();
        let row = db.query_one(&select).await?;
        row.map(|row| Ok(State { position: row.try_get("", "position")? })).transpose()
    }
}

/// The metrics whose rows are kept: another version of one of them makes all that is kept worthless.
fn watched() -> impl Iterator<Item = Definition> {
    let definitions = Metric::ALL.iter().map(|metric| metric.definition());
    definitions.filter(|definition| {
        !matches!(definition.measure, Measure::Derived(_))
            && kept::columns(definition.fact).is_some_and(|columns| columns.contains(&definition.at))
    })
}

fn definitions() -> String {
    watched().map(|definition| definition.id()).collect::<Vec<_>>().join(" ")
}

/// Whether the figures of single days can be added.
fn adds_up(definition: &Definition) -> bool {
    matches!(
        definition.measure,
        Measure::Count
            | Measure::Share { .. }
            | Measure::Balance { .. }
            | Measure::Sum(_)
            | Measure::Mean(_)
            | Measure::Money(_)
            | Measure::MoneyMean(_)
            | Measure::MoneyShare { .. }
    )
}

/// By what the days of a metric are told apart: nothing, and each of these alone. An account is told apart by its rows; what hangs on a
/// campaign or a channel changes with it, without the rows.
fn dimensions(definition: &Definition) -> impl Iterator<Item = Option<Dimension>> {
    let alone = definition.dimensions().into_iter().filter(|dimension| is_rolled(*dimension));
    std::iter::once(None).chain(alone.map(Some))
}

fn is_rolled(dimension: Dimension) -> bool {
    dimension != Dimension::Account && matches!(dimension.place(), Place::Own(_) | Place::Account(_))
}

/// A civil day as a number: days since 1970-01-01.
fn number_of(day: NaiveDate) -> i32 {
    i32::try_from((day - NaiveDate::default()).num_days()).unwrap_or(i32::MAX)
}

/// [`number_of`], back.
pub(super) fn day_of(number: i32) -> NaiveDate {
    NaiveDate::default() + chrono::Duration::days(number.into())
}
