//! Reading a dataset of rows: one statement a page, each page from where the one before it ended. The row rule stands in the
//! statement's FROM, and no page is larger than was asked for: ten million rows need no more memory than ten thousand.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Days, NaiveDate, Utc};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Asterisk, Expr, ExprTrait, JoinType, NullOrdering, Order, Query, SelectStatement, UnionType},
};

use super::{
    cell::{Cell, Form, Row},
    dataset::{Dataset, Make, Origin, Source},
    filter::{Comparison, sorted},
    scene::Scene,
};
use crate::graph::{Cx, Error, Result};

/// How many rows are read at a time where the whole is streamed.
pub const CHUNK: u64 = 5_000;

/// By what rows are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// The place of the column.
    pub field: usize,
    /// Whether the greatest comes first.
    pub falling: bool,
}

/// A dataset, as it is to be read.
pub struct Reading<'a> {
    /// For whom.
    pub cx: &'a Cx,
    /// What.
    pub dataset: &'static Dataset,
    /// In which period, zone and currency.
    pub scene: &'a Scene,
    /// Which rows: those that pass every one.
    pub filter: Vec<Comparison>,
    /// In which order; it ends with the dataset's keys, so that no two rows are alike in it.
    pub order: Vec<By>,
}

/// An order that ends with the keys.
pub fn complete(dataset: &Dataset, mut order: Vec<By>) -> Vec<By> {
    for field in dataset.keys() {
        if !order.iter().any(|by| by.field == field) {
            order.push(By { field, falling: false });
        }
    }
    order
}

/// A place in a dataset, as clients carry it: the row after which to go on.
pub fn cursor(dataset: &Dataset, cells: &[Cell]) -> String {
    let texts: Vec<Option<String>> = cells.iter().map(Cell::text).collect();
    URL_SAFE_NO_PAD.encode(serde_json::json!([dataset.name, texts]).to_string())
}

/// The way back from [`cursor`].
pub fn place(dataset: &Dataset, forms: &[Form], cursor: &str) -> Option<Vec<Cell>> {
    let (name, texts): (String, Vec<Option<String>>) =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    if name != dataset.name || texts.len() != forms.len() {
        return None;
    }
    let cell = |(text, form): (Option<String>, &Form)| match text {
        None => Some(Cell::Null),
        Some(text) => Cell::parse(*form, &text),
    };
    texts.into_iter().zip(forms).map(cell).collect()
}

impl Reading<'_> {
    /// The forms of the columns by which it is ordered.
    pub fn forms(&self) -> Vec<Form> {
        self.order.iter().map(|by| self.dataset.fields[by.field].form).collect()
    }

    /// The place of a row.
    pub fn place(&self, row: &Row) -> Vec<Cell> {
        self.order.iter().map(|by| row[by.field].clone()).collect()
    }

    /// The rows as a sub-select `f`, under the caller's row rule, cut to the period and filtered.
    fn rows(&self, days: &[(NaiveDate, DateTime<Utc>)]) -> SelectStatement {
        let Source::Rows { select, daily, .. } = self.dataset.source else { return SelectStatement::new() };
        let own = select(&self.cx.caller);
        let source = if daily { each_day(self.dataset, own, days) } else { own };
        let mut rows = Query::select().from_subquery(source, "f").to_owned();
        if let (Some((from, to)), Some(dated), false) = (self.scene.period, self.dataset.dated, daily) {
            let at = Expr::col(("f", dated));
            let is_day = self.dataset.place(dated).is_some_and(|nth| self.dataset.fields[nth].form == Form::Day);
            let bound = |moment: DateTime<Utc>| match is_day {
                true => Expr::val(self.scene.first_day(moment)),
                false => Expr::val(moment),
            };
            rows.and_where(at.clone().gte(bound(from)));
            if let Some(to) = to {
                rows.and_where(at.lt(bound(to)));
            }
        }
        for comparison in &self.filter {
            rows.and_where(comparison.condition(&self.dataset.fields[comparison.field]));
        }
        rows
    }

    /// What lies after a place in the order. Null is less than any value.
    fn after(&self, place: &[Cell]) -> Expr {
        let never = Expr::val(1).eq(0);
        self.order.iter().zip(place).rev().fold(never, |rest, (by, cell)| {
            let field = &self.dataset.fields[by.field];
            let column = || sorted(field);
            let value = || Expr::val(cell.bound());
            let may_be_null = !matches!(field.origin, Origin::Key);
            match (cell, by.falling) {
                (Cell::Null, false) => column().is_not_null().or(rest),
                (Cell::Null, true) => column().is_null().and(rest),
                (_, false) => column().gt(value()).or(column().eq(value()).and(rest)),
                (_, true) if may_be_null => {
                    column().lt(value()).or(column().is_null()).or(column().eq(value()).and(rest))
                }
                (_, true) => column().lt(value()).or(column().eq(value()).and(rest)),
            }
        })
    }

    /// A page of rows after a place. `days`: of a daily dataset, which.
    pub async fn page(
        &self,
        days: &[(NaiveDate, DateTime<Utc>)],
        after: Option<&[Cell]>,
        skip: u64,
        limit: u64,
    ) -> Result<Vec<Row>> {
        if limit == 0 || (self.dataset.is_daily() && days.is_empty()) {
            return Ok(Vec::new());
        }
        let mut select = self.rows(days);
        select.column(("f", Asterisk));
        if let Some(place) = after {
            select.and_where(self.after(place));
        }
        for by in &self.order {
            let field = &self.dataset.fields[by.field];
            let order = if by.falling { Order::Desc } else { Order::Asc };
            match (field.origin, by.falling) {
                // A key is never null: said without it, the primary key is the order.
                (Origin::Key, _) => select.order_by_expr(sorted(field), order),
                (_, false) => select.order_by_expr_with_nulls(sorted(field), order, NullOrdering::First),
                (_, true) => select.order_by_expr_with_nulls(sorted(field), order, NullOrdering::Last),
            };
        }
        select.limit(limit);
        if skip > 0 {
            select.offset(skip);
        }
        let lines = self.cx.db().query_all(&select).await?;
        lines.iter().map(|line| self.row(line)).collect()
    }

    /// How many rows there are.
    pub async fn count(&self, days: &[(NaiveDate, DateTime<Utc>)]) -> Result<u64> {
        if self.dataset.is_daily() && days.is_empty() {
            return Ok(0);
        }
        let mut select = self.rows(days);
        select.expr_as(Expr::col(Asterisk).count(), "n");
        let line = self.cx.db().query_one(&select).await?;
        Ok(line.map(|line| line.try_get::<i64>("", "n")).transpose()?.unwrap_or(0).unsigned_abs())
    }

    fn row(&self, line: &sea_orm::QueryResult) -> Result<Row> {
        let mut row: Row = Vec::with_capacity(self.dataset.fields.len());
        for field in self.dataset.fields {
            row.push(match field.origin {
                Origin::Key | Origin::Row => Cell::read(field.form, line, field.name)?,
                Origin::Made(_) => Cell::Null,
            });
        }
        for (nth, field) in self.dataset.fields.iter().enumerate() {
            if let Origin::Made(make) = field.origin {
                row[nth] = self.made(make, &row);
            }
        }
        Ok(row)
    }

    fn made(&self, make: Make, row: &Row) -> Cell {
        let cell = |name: &str| self.dataset.place(name).map_or(&Cell::Null, |nth| &row[nth]);
        match make {
            Make::Bucket(of) => match cell(of) {
                Cell::Time(at) => self.scene.label(*at).into(),
                Cell::Day(day) => self.scene.label(self.scene.calendar.start_of_day(*day)).into(),
                _ => Cell::Null,
            },
            Make::Currency(amount) => match cell(amount) {
                Cell::Decimal(_) => self.scene.currency.as_str().into(),
                _ => Cell::Null,
            },
            Make::Converted { amount, on } => {
                let currency = match self.dataset.place(amount).map(|nth| self.dataset.fields[nth].form) {
                    Some(Form::Amount(currency)) => cell(currency),
                    _ => &Cell::Null,
                };
                let day = match cell(on) {
                    Cell::Time(at) => Some(self.scene.calendar.date_of(*at)),
                    Cell::Day(day) => Some(*day),
                    _ => None,
                };
                match (cell(amount), currency) {
                    (Cell::Decimal(amount), Cell::Text(currency)) => self.scene.convert(*amount, currency, day).into(),
                    _ => Cell::Null,
                }
            }
        }
    }
}

/// The rows that stood at the end of each of some days, a row a day.
fn each_day(dataset: &Dataset, own: SelectStatement, days: &[(NaiveDate, DateTime<Utc>)]) -> SelectStatement {
    let one = |(day, moment): &(NaiveDate, DateTime<Utc>)| {
        Query::select().expr_as(Expr::val(*day), "day").expr_as(Expr::val(*moment), "moment").to_owned()
    };
    let moments = days.iter().map(one).reduce(|mut all, one| all.union(UnionType::All, one).to_owned());
    let (s, m) = (|column: &'static str| Expr::col(("s", column)), |column: &'static str| Expr::col(("m", column)));
    let stood = s("since").lte(m("moment")).and(s("until").is_null().or(s("until").gt(m("moment"))));
    let mut select = Query::select();
    for field in dataset.fields {
        match (field.origin, field.name) {
            (Origin::Made(_), _) => {}
            (_, "day") => {
                select.expr_as(m("day"), Alias::new("day"));
            }
            (_, name) => {
                select.expr_as(s(name), Alias::new(name));
            }
        }
    }
    select
        .from_subquery(own, "s")
        .join_subquery(JoinType::InnerJoin, moments.unwrap_or_default(), "m", stood)
        .to_owned()
}

/// The most days of one question about a daily dataset.
pub const MAX_DAYS: usize = 400;

/// The days of a period, each with the moment at whose end it is looked at. A day that has not ended is looked at now.
pub fn days(scene: &Scene) -> Result<Vec<(NaiveDate, DateTime<Utc>)>> {
    let today = scene.calendar.date_of(scene.now);
    let month_ago = today.checked_sub_days(Days::new(29)).unwrap_or(today);
    let (from, to) = scene.period.unwrap_or((scene.calendar.start_of_day(month_ago), None));
    let end = to.map_or(scene.now, |to| Ord::min(to, scene.now));
    let mut days = Vec::new();
    let mut day = scene.first_day(from);
    while scene.calendar.start_of_day(day) < end {
        if days.len() == MAX_DAYS {
            return Err(Error::BadInput(format!("to: at most {MAX_DAYS} days after `from` in this dataset")));
        }
        let next =
            day.checked_add_days(Days::new(1)).ok_or_else(|| Error::BadInput("to: a year before 9999".into()))?;
        days.push((day, Ord::min(scene.calendar.start_of_day(next), scene.now)));
        day = next;
    }
    Ok(days)
}
