//! The facts: what happened. Names of columns are a contract: one more may come at the end, none goes. Where attribution is built,
//! `fact_credit` stands beside these.

mod marketing;
mod sales;
mod service;

pub use marketing::{COST, HANDOVER, LEAD, TOUCH};
pub use sales::{OPPORTUNITY, OPPORTUNITY_DAILY, STAGE_INTERVAL};
pub use service::{SLA, SURVEY, TICKET};

use entities::account::account;
use sea_orm::{
    EntityTrait,
    sea_query::{Alias, Expr, ExprTrait, Query},
};

use crate::policy::{Caller, Scope, Type, table};

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

/// The account that a row names, where the caller may know of it: whoever reaches a row by its queue may not reach its customer.
fn account_of(caller: &Caller, account: Expr) -> Expr {
    let all = |grant: &table::Grant| grant.scope == Scope::All && grant.rights.reads();
    if table::grants(Type::Account, caller.roles).iter().any(all) {
        return account;
    }
    let seen = caller.rows::<account::Entity>().into_ids();
    Expr::case(account.clone().in_subquery(seen), account).into()
}

/// A whole number, as wide on one engine as on the other.
fn big(value: Expr) -> Expr {
    value.cast_as(Alias::new("BIGINT"))
}
