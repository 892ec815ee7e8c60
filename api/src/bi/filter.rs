//! Conditions on columns: pushed into the statement for rows of tables, judged here for rows that stand in memory.

use std::cmp::Ordering;

use sea_orm::sea_query::{Expr, ExprTrait};

use super::{
    cell::{Cell, Form, Row},
    dataset::Field,
};
use crate::graph::{currencies, decimals};

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Equal; null is equal to null.
    Eq,
    /// Not equal.
    Ne,
    /// At least.
    Ge,
    /// More.
    Gt,
    /// At most.
    Le,
    /// Less.
    Lt,
}

impl Op {
    /// Every comparison.
    pub const ALL: [Op; 6] = [Op::Eq, Op::Ne, Op::Ge, Op::Gt, Op::Le, Op::Lt];

    /// Its name in OData.
    pub const fn name(self) -> &'static str {
        match self {
            Op::Eq => "eq",
            Op::Ne => "ne",
            Op::Ge => "ge",
            Op::Gt => "gt",
            Op::Le => "le",
            Op::Lt => "lt",
        }
    }
}

/// A column compared with a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The place of the column.
    pub field: usize,
    /// How.
    pub op: Op,
    /// With what.
    pub value: Cell,
}

/// A column of the rows as it is compared and sorted: amounts in thousandths of the main unit, whatever their currency.
pub fn sorted(field: &Field) -> Expr {
    let column = Expr::col(("f", field.name));
    let Form::Amount(currency) = field.form else { return column };
    let currency = || Expr::col(("f", currency));
    let of = |scale: u32| currencies().filter(move |code| decimals(code) == scale);
    let minor = || column.clone().cast_as(sea_orm::sea_query::Alias::new("DOUBLE PRECISION"));
    Expr::case(currency().is_in(of(0)), minor().mul(1_000.0_f64))
        .case(currency().is_in(of(3)), minor().mul(1.0_f64))
        .case(currency().is_not_null(), minor().mul(10.0_f64))
        .into()
}

impl Comparison {
    /// As a condition of a statement.
    pub fn condition(&self, field: &Field) -> Expr {
        let column = sorted(field);
        let value = || Expr::val(self.value.bound());
        match (self.op, &self.value) {
            (Op::Eq, Cell::Null) => column.is_null(),
            (Op::Ne, Cell::Null) => column.is_not_null(),
            // OData: what is compared with null by order is false.
            (_, Cell::Null) => Expr::val(1).eq(0),
            (Op::Eq, _) => column.eq(value()),
            (Op::Ne, _) => column.clone().is_null().or(column.ne(value())),
            (Op::Ge, _) => column.gte(value()),
            (Op::Gt, _) => column.gt(value()),
            (Op::Le, _) => column.lte(value()),
            (Op::Lt, _) => column.lt(value()),
        }
    }

    /// Whether a row passes.
    pub fn passes(&self, row: &Row) -> bool {
        let cell = &row[self.field];
        let order = cell.order(&self.value);
        match self.op {
            Op::Eq => order == Ordering::Equal,
            Op::Ne => order != Ordering::Equal,
            _ if *cell == Cell::Null || self.value == Cell::Null => false,
            Op::Ge => order != Ordering::Less,
            Op::Gt => order == Ordering::Greater,
            Op::Le => order != Ordering::Greater,
            Op::Lt => order == Ordering::Less,
        }
    }
}
