//! Money: an amount has a currency, and a currency an amount.

use entities::{
    account::account,
    marketing::{campaign, touchpoint},
    sales::{contract, opportunity, opportunity_snapshot, product},
};
use sea_orm::{
    ColumnTrait, DbErr, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{Check, MOST, Reader};
use crate::policy::Governed;

/// The tables where both may be null; elsewhere the schema itself asks for both.
pub(super) async fn money_has_a_currency(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("money and currency are both there, or both not");
    use opportunity_snapshot as snapshot;
    of::<account::Entity>(reader, &mut check, &[account::Column::AnnualRevenueMinor], account::Column::Currency)
        .await?;
    of::<campaign::Entity>(reader, &mut check, &[campaign::Column::BudgetMinor], campaign::Column::Currency).await?;
    of::<touchpoint::Entity>(reader, &mut check, &[touchpoint::Column::CostMinor], touchpoint::Column::Currency)
        .await?;
    let amounts = [opportunity::Column::AmountMinor, opportunity::Column::CostMinor];
    of::<opportunity::Entity>(reader, &mut check, &amounts, opportunity::Column::Currency).await?;
    let amounts = [product::Column::UnitPriceMinor, product::Column::CostMinor];
    of::<product::Entity>(reader, &mut check, &amounts, product::Column::Currency).await?;
    let amounts = [contract::Column::ValueMinor, contract::Column::CostMinor];
    of::<contract::Entity>(reader, &mut check, &amounts, contract::Column::Currency).await?;
    // A snapshot keeps the currency of a cost that it does not keep.
    let lone = snapshot::Column::AmountMinor.is_not_null().and(snapshot::Column::Currency.is_null());
    tell::<snapshot::Entity>(reader, &mut check, lone).await?;
    Ok(check)
}

async fn of<E: Governed>(
    reader: &Reader<'_>,
    check: &mut Check,
    amounts: &[E::Column],
    currency: E::Column,
) -> Result<(), DbErr> {
    let mut some = Expr::val(1).eq(0);
    for amount in amounts {
        some = some.or(amount.is_not_null());
    }
    let wrong = some.clone().and(currency.is_null()).or(some.not().and(currency.is_not_null()));
    tell::<E>(reader, check, wrong).await
}

async fn tell<E: Governed>(reader: &Reader<'_>, check: &mut Check, wrong: Expr) -> Result<(), DbErr> {
    let rows = || E::find().filter(E::TENANT.eq(reader.tenant));
    check.looked_at += rows().select_only().column(E::ID).into_tuple::<Uuid>().count(reader.tx).await?;
    let found: Vec<Uuid> = rows()
        .select_only()
        .column(E::ID)
        .filter(wrong)
        .order_by_asc(E::ID)
        .limit(MOST as u64 + 1)
        .into_tuple()
        .all(reader.tx)
        .await?;
    for id in found {
        let table = sea_orm::EntityName::table_name(&E::default());
        check.wrong(format!("{table} {id}"), "an amount and a currency, or neither", "one of them");
    }
    Ok(())
}
