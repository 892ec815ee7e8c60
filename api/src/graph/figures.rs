//! Figures: what is counted and summed over rows as the caller sees them ([`Rows::into_fields`](crate::policy::Rows::into_fields)).

use async_graphql::SimpleObject;
use sea_orm::{
    DbErr, QueryResult,
    sea_query::{Alias, Asterisk, Expr, ExprTrait, Query, SelectStatement},
};

use super::money::Money;

/// A share of a whole, with the parts that it is computed from.
#[derive(Clone, Copy, Debug, PartialEq, SimpleObject)]
pub struct Ratio {
    /// What is counted.
    pub numerator: i32,
    /// Out of how many.
    pub denominator: i32,
    /// The one divided by the other, not in percent; null where there is nothing to divide by.
    pub value: Option<f64>,
}

impl Ratio {
    /// A share of a whole.
    pub fn new(numerator: i64, denominator: i64) -> Ratio {
        let value = (denominator != 0).then(|| numerator as f64 / denominator as f64);
        Ratio { numerator: count(numerator), denominator: count(denominator), value }
    }
}

/// A number of rows, as GraphQL's Int holds it.
pub fn count(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// Counts rows by their fields: a line for each combination, its number of rows as `n`.
pub fn counted(rows: SelectStatement, by: &[&'static str]) -> SelectStatement {
    let mut select = Query::select();
    select.columns(by.iter().copied()).expr_as(Expr::col(Asterisk).count(), "n").from_subquery(rows, "counted");
    select.group_by_columns(by.iter().copied()).to_owned()
}

/// What money is summed in: amounts are summed in two halves, because neither engine holds the sum of many large ones.
const HALF: i64 = 1_000_000;

/// [`counted`] with the sum of the amounts in the field `minor`. Never mixes currencies if `currency` is among `by`.
pub fn summed(rows: SelectStatement, by: &[&'static str]) -> SelectStatement {
    let sum = |half: Expr| half.sum().cast_as(Alias::new("BIGINT"));
    counted(rows, by)
        .expr_as(sum(Expr::col("minor").div(HALF)), "high")
        .expr_as(sum(Expr::col("minor").modulo(HALF)), "low")
        .to_owned()
}

/// The sum of a line of [`summed`]; none where no amount or no currency is seen.
pub fn sum_of(row: &QueryResult) -> Result<Option<Money>, DbErr> {
    let currency: Option<String> = row.try_get("", "currency")?;
    let (high, low): (Option<i64>, Option<i64>) = (row.try_get("", "high")?, row.try_get("", "low")?);
    let minor = high.zip(low).map(|(high, low)| i128::from(high) * i128::from(HALF) + i128::from(low));
    Ok(minor.zip(currency).and_then(|(minor, currency)| Money::from_sum(minor, &currency)))
}
