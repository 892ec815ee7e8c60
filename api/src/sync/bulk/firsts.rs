//! The first rows of imports that pass a test: of many imports in one statement.

use std::collections::HashMap;

use entities::{
    codes::{ImportResult, UndoResult},
    sync::import_row,
};
use sea_orm::{
    ConnectionTrait, FromQueryResult,
    sea_query::{Asterisk, Expr, ExprTrait, Func, Order, Query, SelectStatement, WindowStatement},
};
use uuid::Uuid;

use super::job;
use crate::graph::{Cx, Key, Result};

/// How many rows of each.
const MAX: i64 = 100;

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// That could not be taken.
    Failed,
    /// That could not be taken back.
    NotRestored,
}

impl Which {
    fn condition(self) -> Expr {
        match self {
            Which::Failed => {
                let refused = [ImportResult::Failed, ImportResult::Conflict].map(ImportResult::as_str);
                Expr::col(import_row::Column::Result).is_in(refused)
            }
            Which::NotRestored => Expr::col(import_row::Column::UndoResult).ne(UndoResult::Restored.as_str()),
        }
    }
}

/// The first rows of an import. Whoever asks has seen the import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirstRows {
    /// The import.
    pub job: Uuid,
    /// Which of its rows.
    pub which: Which,
}

impl Key for FirstRows {
    type Value = Vec<import_row::Model>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let mut answers: HashMap<Self, Self::Value> = HashMap::new();
        for which in [Which::Failed, Which::NotRestored] {
            let jobs: Vec<Uuid> = keys.iter().filter(|key| key.which == which).map(|key| key.job).collect();
            if jobs.is_empty() {
                continue;
            }
            for row in cx.db().query_all(&first_rows(cx.caller.tenant, jobs, which)).await? {
                let row = import_row::Model::from_query_result(&row, "")?;
                answers.entry(FirstRows { job: row.job_id, which }).or_default().push(row);
            }
        }
        Ok(answers)
    }
}

fn first_rows(tenant: i64, jobs: Vec<Uuid>, which: Which) -> SelectStatement {
    let mut window = WindowStatement::partition_by(import_row::Column::JobId);
    window.order_by(import_row::Column::Line, Order::Asc);
    let mut inner = Query::select();
    inner
        .columns(job::all::<import_row::Column>())
        .from(import_row::Entity)
        .and_where(Expr::col(import_row::Column::TenantId).eq(tenant))
        .and_where(Expr::col(import_row::Column::JobId).is_in(jobs))
        .and_where(which.condition())
        .expr_window_as(Func::cust("ROW_NUMBER"), window, "place");
    Query::select()
        .column(Asterisk)
        .from_subquery(inner, "placed")
        .and_where(Expr::col("place").lte(MAX))
        .order_by("place", Order::Asc)
        .to_owned()
}
