//! Lists that can be filtered and sorted, all in one shape. [`listed!`](crate::listed) makes the filter, the order and the two
//! roots of a table; [`listed`] reads a page.
//!
//! A page in a chosen order goes on from the value and the id of its last row: one comparison of two columns with two values.
//! Rows without a value come last in both directions.

use async_graphql::{
    Enum, InputType, OutputType,
    connection::{Connection, Edge},
};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{
    ColumnTrait, ColumnType, Condition, EntityTrait, ModelTrait, Value,
    sea_query::{CaseStatement, Expr, ExprTrait, Order},
};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use uuid::Uuid;

use super::{
    custom::{CustomFieldSort, Field, Fields},
    cx::Cx,
    error::{Error, Result},
    filter::folded,
    page::{Direction, List, PageArgs, RowCursor, Total, total},
};
use crate::policy::{Class, Governed, Rows, Seen, Sight, Type};

/// Which way an order runs. Rows without a value come last either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SortDirection {
    /// From the smallest; texts by their bytes, with ASCII letters in lower case; codes in the order in which their enum lists them.
    Asc,
    /// From the largest.
    Desc,
}

/// What a list of `E` can be narrowed by.
pub trait Filter<E: Governed>: Send + Sync {
    /// The condition, on the rows as the caller sees them under a line of the access table.
    fn condition(self, cx: &Cx, ty: Type, depth: Depth) -> Result<Condition>;

    /// Whether it asks for fields of the tenant's own, which have to be read before.
    fn asks_custom(&self) -> bool {
        false
    }
}

/// Where a condition stands in a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    level: usize,
    /// Under an odd number of `not`: what is unknown must then count as fulfilled, so that it is not found.
    pub(super) negated: bool,
}

impl Depth {
    fn below(self) -> Depth {
        Depth { level: self.level + 1, ..self }
    }
}

/// What a list of `E` can be ordered by.
pub trait Sort<E: Governed>: Send + Sync {
    /// The one order that was chosen.
    fn key(self) -> Result<SortKey<E>>;
}

/// A chosen order.
pub enum SortKey<E: Governed> {
    /// By a column.
    Column {
        /// Its name in the schema.
        name: &'static str,
        /// The class of the field.
        class: Class,
        /// Whether every reader of the row reads the field: times of the record itself.
        plain: bool,
        /// The column.
        column: E::Column,
        /// The codes of the column, in the order of their meaning; none where it holds something else.
        codes: &'static [&'static str],
        /// Which way.
        direction: SortDirection,
    },
    /// By a field of the tenant's own.
    Custom(CustomFieldSort),
}

/// The deepest nesting of `and`, `or` and `not`.
const MAX_DEPTH: usize = 4;
/// The most conditions of one `and` or `or`.
const MAX_TERMS: usize = 20;

/// `and`, `or` and `not`, as a filter has them.
type Terms<F> = (Option<Vec<F>>, Option<Vec<F>>, Option<Box<F>>);

/// `and`, `or` and `not` of a filter.
pub fn combine<E: Governed, F: Filter<E>>(
    cx: &Cx,
    ty: Type,
    depth: Depth,
    (and, or, not): Terms<F>,
) -> Result<Condition> {
    let terms = and.iter().chain(&or).map(Vec::len).max().unwrap_or(0);
    if terms > MAX_TERMS || depth.level >= MAX_DEPTH && (terms > 0 || not.is_some()) {
        let message = format!("a filter nests {MAX_DEPTH} levels of at most {MAX_TERMS} conditions");
        return Err(Error::BadInput(message));
    }
    let mut all = Condition::all();
    for filter in and.into_iter().flatten() {
        all = all.add(filter.condition(cx, ty, depth.below())?);
    }
    if let Some(or) = or {
        // Any of none is nothing.
        let mut any = Condition::any().add(Expr::val(1).eq(0));
        for filter in or {
            any = any.add(filter.condition(cx, ty, depth.below())?);
        }
        all = all.add(any);
    }
    if let Some(not) = not {
        all = all.add(not.condition(cx, ty, Depth { negated: !depth.negated, ..depth.below() })?.not());
    }
    Ok(all)
}

/// A GraphQL type whose lists can be narrowed and ordered: roots and edges alike take its filter and its order.
pub trait Listable: From<Seen<<Self::Table as EntityTrait>::Model>> + OutputType {
    /// Its table.
    type Table: Governed;
    /// What narrows it.
    type Filter: Filter<Self::Table> + InputType;
    /// What orders it.
    type Sort: Sort<Self::Table> + InputType;
}

/// A page of rows, filtered, in the chosen order or in the list's own.
pub async fn listed<E, T>(
    cx: &Cx,
    rows: Rows<E>,
    filter: Option<impl Filter<E>>,
    sort: Option<impl Sort<E>>,
    args: PageArgs,
    direction: Direction,
) -> Result<List<T>>
where
    E: Governed,
    T: From<Seen<E::Model>> + OutputType,
{
    let asked = Asked::of(cx, rows.line(), filter, sort, args, direction).await?;
    read(cx, rows, asked).await
}

/// A page of a root list in its own order.
pub async fn list<E, T>(cx: &Cx, rows: Rows<E>, args: PageArgs, direction: Direction) -> Result<List<T>>
where
    E: Governed,
    T: From<Seen<E::Model>> + OutputType,
{
    read(cx, rows, Asked::plain(args, direction)?).await
}

async fn read<E, T>(cx: &Cx, rows: Rows<E>, asked: Asked<E>) -> Result<List<T>>
where
    E: Governed,
    T: From<Seen<E::Model>> + OutputType,
{
    let rows = rows.filter(asked.filter.clone());
    let total = total(cx, &rows);
    let rows = rows.filter(asked.between.clone());
    let rows = asked.orders.iter().fold(rows, |rows, (by, order)| rows.order_by_expr(by.clone(), order.clone()));
    let found = rows.limit(asked.size + 1).all(&cx.db()).await?;
    Ok(asked.connect(found, total))
}

/// A list as it was asked for: which rows, in which order, which page of them.
pub(super) struct Asked<E: Governed> {
    /// Which rows of the list.
    pub filter: Condition,
    /// Between which cursors.
    pub between: Condition,
    /// The order in which the database reads the page.
    pub orders: Vec<(Expr, Order)>,
    /// How many rows.
    pub size: u64,
    from_end: bool,
    after: bool,
    before: bool,
    /// None: the list's own order, by id.
    place: Option<Place<E>>,
}

impl<E: Governed> Asked<E> {
    /// A page of the whole list in its own order.
    pub fn plain(args: PageArgs, direction: Direction) -> Result<Self> {
        let page = args.page()?;
        let id = || E::ID.into_expr();
        let (above, below) = match direction {
            Direction::Rising => (page.after, page.before),
            Direction::Falling => (page.before, page.after),
        };
        let between = Condition::all().add_option(above.map(|at| id().gt(at))).add_option(below.map(|at| id().lt(at)));
        Ok(Asked {
            filter: Condition::all(),
            between,
            orders: vec![(id(), page.order(direction))],
            size: page.size,
            from_end: page.from_end,
            after: page.after.is_some(),
            before: page.before.is_some(),
            place: None,
        })
    }

    /// A page of a list under a line of the access table, narrowed and ordered.
    pub async fn of(
        cx: &Cx,
        ty: Type,
        filter: Option<impl Filter<E>>,
        sort: Option<impl Sort<E>>,
        args: PageArgs,
        direction: Direction,
    ) -> Result<Self> {
        let key = sort.map(Sort::key).transpose()?;
        let by_custom = matches!(key, Some(SortKey::Custom(_)));
        let fields = match by_custom || filter.as_ref().is_some_and(Filter::asks_custom) {
            true => Some(cx.fields().await?),
            false => None,
        };
        let condition = match filter {
            Some(filter) => filter.condition(cx, ty, Depth::default())?,
            None => Condition::all(),
        };
        let asked = match key {
            None => Asked::plain(args, direction)?,
            Some(key) => Asked::sorted(Place::of(cx, ty, key, fields.as_deref())?, args)?,
        };
        Ok(Asked { filter: condition, ..asked })
    }

    fn sorted(place: Place<E>, args: PageArgs) -> Result<Self> {
        let (size, from_end, after, before) = args.checked()?;
        let (after_given, before_given) = (after.is_some(), before.is_some());
        let after = after.map(|cursor| place.beyond(cursor, true)).transpose()?;
        let before = before.map(|cursor| place.beyond(cursor, false)).transpose()?;
        let (natural, reverse) = match place.direction {
            SortDirection::Asc => (Order::Asc, Order::Desc),
            SortDirection::Desc => (Order::Desc, Order::Asc),
        };
        let order = if from_end { reverse } else { natural };
        let mut orders = Vec::with_capacity(3);
        if place.nullable {
            let nulls = if from_end { Order::Desc } else { Order::Asc };
            orders.push((place.value.clone().is_null(), nulls));
        }
        orders.push((place.value.clone(), order.clone()));
        orders.push((E::ID.into_expr(), order));
        Ok(Asked {
            filter: Condition::all(),
            between: Condition::all().add_option(after).add_option(before),
            orders,
            size,
            from_end,
            after: after_given,
            before: before_given,
            place: Some(place),
        })
    }

    /// Makes the connection of what was read: cuts the one row too many, and turns round what was read from the end.
    pub fn connect<T>(&self, mut found: Vec<Seen<E::Model>>, total: Total) -> List<T>
    where
        T: From<Seen<E::Model>> + OutputType,
    {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let (previous, next) = if self.from_end { (more, self.before) } else { (self.after, more) };
        if self.from_end {
            found.reverse();
        }
        let cursor = |row: &Seen<E::Model>| match &self.place {
            Some(place) => place.cursor(row),
            None => RowCursor::Id(E::id(row.row())),
        };
        let mut connection = Connection::with_additional_fields(previous, next, total);
        connection.edges.extend(found.into_iter().map(|row| Edge::new(cursor(&row), T::from(row))));
        connection
    }
}

/// An order in SQL: the column as the caller sees it.
struct Place<E: Governed> {
    /// The order's name in a cursor.
    name: String,
    direction: SortDirection,
    by: By<E>,
    codes: &'static [&'static str],
    kind: ColumnType,
    value: Expr,
    nullable: bool,
}

/// Where a row's value stands. The cursor takes it from the row as the caller sees it.
enum By<E: Governed> {
    Plain(E::Column),
    Classed(E::Column, Class, &'static str),
    Custom(Arc<Field>),
}

impl<E: Governed> Place<E> {
    fn of(cx: &Cx, ty: Type, key: SortKey<E>, fields: Option<&Fields>) -> Result<Self> {
        let postgres = cx.store.is_postgres();
        let mut codes: &'static [&'static str] = &[];
        let (name, direction, by): (String, SortDirection, By<E>) = match key {
            SortKey::Column { name, plain: true, column, direction, .. } => {
                (name.to_owned(), direction, By::Plain(column))
            }
            SortKey::Column { name, class, plain: false, column, codes: list, direction } => {
                codes = list;
                (name.to_owned(), direction, By::Classed(column, class, name))
            }
            SortKey::Custom(CustomFieldSort { code, direction }) => {
                let field = fields.and_then(|fields| fields.of_table::<E>(&code));
                let field = field.ok_or_else(|| Error::BadInput("sort.custom: there is no such field here".into()))?;
                (field.path(), direction, By::Custom(field.clone()))
            }
        };
        let (kind, nullable, shown): (ColumnType, bool, Expr) = match &by {
            By::Plain(column) => (column.def().get_column_type().clone(), column.def().is_null(), column.into_expr()),
            By::Classed(column, class, name) => {
                let (shown, masked) = cx.caller.shown::<E>(ty, *class, name, column.into_expr());
                (column.def().get_column_type().clone(), masked || column.def().is_null(), shown)
            }
            By::Custom(field) => {
                let value = field.value_of::<E>(cx.caller.tenant);
                (field.column_type(), true, cx.caller.shown::<E>(ty, field.class, &field.path(), value).0)
            }
        };
        let (kind, value) = match (codes, is_text(&kind)) {
            ([], true) => (kind, folded(shown, postgres)),
            ([], false) => (kind, shown),
            (codes, _) => (ColumnType::Integer, place_in(codes, &shown)),
        };
        Ok(Place { name, direction, by, codes, kind, value, nullable })
    }

    /// The rows that come after a cursor, or before it.
    fn beyond(&self, cursor: RowCursor, forward: bool) -> Result<Expr> {
        let RowCursor::Sorted(name, value, id) = cursor else { return Err(Error::CursorInvalid) };
        if name != self.name() {
            return Err(Error::CursorInvalid);
        }
        let value = self.read(&value).ok_or(Error::CursorInvalid)?;
        let rising = (self.direction == SortDirection::Asc) == forward;
        let id_column = E::ID.into_expr();
        let Some(value) = value else {
            let further = if rising { id_column.gt(id) } else { id_column.lt(id) };
            let further = self.value.clone().is_null().and(further);
            return Ok(if forward { further } else { further.or(self.value.clone().is_not_null()) });
        };
        let here = Expr::tuple([self.value.clone(), id_column]);
        let there = Expr::tuple([Expr::val(value), Expr::val(id)]);
        let further = if rising { here.gt(there) } else { here.lt(there) };
        Ok(if forward && self.nullable { further.or(self.value.clone().is_null()) } else { further })
    }

    fn name(&self) -> String {
        match self.direction {
            SortDirection::Asc => self.name.clone(),
            SortDirection::Desc => format!("-{}", self.name),
        }
    }

    fn cursor(&self, row: &Seen<E::Model>) -> RowCursor {
        let clear = |class, name: &str| row.rights().sight(class, name) == Sight::Clear;
        let value = match &self.by {
            By::Plain(column) => write(row.row().get(*column)),
            By::Classed(column, class, name) if clear(*class, name) => match row.row().get(*column) {
                Value::String(Some(code)) if !self.codes.is_empty() => {
                    json!(self.codes.iter().position(|listed| *listed == code).unwrap_or(self.codes.len()))
                }
                value => write(value),
            },
            By::Custom(field) if clear(field.class, &field.path()) => {
                field.held_by::<E>(row.row()).map_or(Json::Null, |held| write(held.sorted()))
            }
            By::Classed(..) | By::Custom(_) => Json::Null,
        };
        RowCursor::Sorted(self.name(), value.to_string(), E::id(row.row()))
    }

    /// The value of a cursor, as the column holds it: None if it cannot be one.
    fn read(&self, text: &str) -> Option<Option<Value>> {
        let json: Json = serde_json::from_str(text).ok()?;
        if json == Json::Null {
            return self.nullable.then_some(None);
        }
        let value = match &self.kind {
            kind if is_text(kind) => json.as_str().filter(|text| !text.contains('\0'))?.into(),
            ColumnType::Uuid => Uuid::parse_str(json.as_str()?).ok()?.into(),
            ColumnType::Boolean => json.as_bool()?.into(),
            ColumnType::Integer => i32::try_from(json.as_i64()?).ok()?.into(),
            ColumnType::BigInteger => json.as_i64()?.into(),
            ColumnType::Date => json.as_str()?.parse::<NaiveDate>().ok()?.into(),
            ColumnType::TimestampWithTimeZone => DateTime::<Utc>::from_timestamp_micros(json.as_i64()?)?.into(),
            _ => return None,
        };
        Some(Some(value))
    }
}

/// The place of a code in its list; one that is not in it comes after all. Null stays null.
fn place_in(codes: &[&str], code: &Expr) -> Expr {
    let cases = (0_i32..)
        .zip(codes)
        .fold(CaseStatement::new(), |cases, (place, listed)| cases.case(code.clone().eq(*listed), Expr::val(place)));
    cases.case(code.clone().is_not_null(), Expr::val(i32::try_from(codes.len()).unwrap_or(i32::MAX))).into()
}

fn is_text(kind: &ColumnType) -> bool {
    matches!(kind, ColumnType::Text | ColumnType::String(_) | ColumnType::Enum { .. })
}

fn write(value: Value) -> Json {
    match value {
        Value::String(Some(text)) => json!(text.to_ascii_lowercase()),
        Value::Uuid(Some(id)) => json!(id),
        Value::Bool(Some(truth)) => json!(truth),
        Value::Int(Some(number)) => json!(number),
        Value::BigInt(Some(number)) => json!(number),
        Value::ChronoDate(Some(date)) => json!(date),
        Value::ChronoDateTimeUtc(Some(time)) => json!(time.timestamp_micros()),
        Value::ChronoDateTimeWithTimeZone(Some(time)) => json!(time.timestamp_micros()),
        _ => Json::Null,
    }
}
