//! The facts: what happened. Names of columns are a contract: one more may come at the end, none goes.

pub mod credit;
mod marketing;
mod sales;
mod service;

pub use credit::CREDIT;
pub use marketing::{COST, HANDOVER, LEAD, TOUCH};
pub use sales::{OPPORTUNITY, OPPORTUNITY_DAILY, STAGE_INTERVAL};
pub use service::{SLA, SURVEY, TICKET};

use sea_orm::{
    EntityTrait,
    sea_query::{Alias, Expr, ExprTrait, Query},
};

use crate::policy::Caller;

/// A column of another table's row, by its id. Whoever calls has judged that the caller may know it.
fn of<E: EntityTrait>(caller: &Caller, [tenant, id, column]: [E::Column; 3], is: Expr) -> Expr {
    let other = Alias::new("other");
    let col = |column: E::Column| Expr::col((other.clone(), column));
    let select = Query::select()
        .expr(col(column))
        .from_as(E::default(), other.clone())
        .and_where(col(tenant).eq(caller.tenant))
        .and_where(col(id).eq(is))
        .to_owned();
    Expr::SubQuery(None, Box::new(select.into()))
}

/// A whole number, as wide on one engine as on the other.
fn big(value: Expr) -> Expr {
    value.cast_as(Alias::new("BIGINT"))
}
