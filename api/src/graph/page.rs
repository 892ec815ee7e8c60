//! Paging: one type turns the four arguments into a page, another turns rows into a connection. Keyset on one column, the id.

use std::{collections::HashMap, hash::Hash, marker::PhantomData, str::FromStr, sync::Arc};

use async_graphql::{
    Object, OutputType,
    connection::{Connection, CursorType, Edge, EmptyFields},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::BoxFuture;
use sea_orm::{ColumnTrait, IdenStatic, ModelTrait, Value, sea_query::Order};
use uuid::Uuid;

use super::{
    batch::Key,
    cx::Cx,
    error::{Error, Result},
};
use crate::policy::{Class, Governed, Rows, Seen, Type};

/// The largest page.
pub const MAX_PAGE: i32 = 100;
/// The page that a list gives when neither `first` nor `last` is said.
pub const DEFAULT_PAGE: i32 = 20;

/// The cursor of a row, opaque to clients.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowCursor {
    /// Of a list in its own order: the row's id.
    Id(Uuid),
    /// Of a list in a chosen order: the order's name, the row's value in it (JSON), the row's id.
    Sorted(String, String, Uuid),
}

/// A text that is no cursor.
#[derive(Debug, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct BadCursor;

impl CursorType for RowCursor {
    type Error = BadCursor;

    fn decode_cursor(text: &str) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        if let Ok(id) = Uuid::from_slice(&bytes) {
            return Ok(RowCursor::Id(id));
        }
        let (sort, value, id) = serde_json::from_slice(&bytes).map_err(|_| BadCursor)?;
        Ok(RowCursor::Sorted(sort, value, id))
    }

    fn encode_cursor(&self) -> String {
        match self {
            RowCursor::Id(id) => URL_SAFE_NO_PAD.encode(id.as_bytes()),
            RowCursor::Sorted(sort, value, id) => {
                URL_SAFE_NO_PAD.encode(serde_json::json!([sort, value, id]).to_string())
            }
        }
    }
}

/// A page that was asked for, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// How many rows.
    pub size: u64,
    /// From the end, backwards.
    pub from_end: bool,
    /// After this row.
    pub after: Option<Uuid>,
    /// Before this row.
    pub before: Option<Uuid>,
}

/// The four paging arguments, as every connection field takes them.
#[derive(Clone, Debug, Default)]
pub struct PageArgs {
    /// See [`Page`].
    pub first: Option<i32>,
    /// See [`Page`].
    pub after: Option<String>,
    /// See [`Page`].
    pub last: Option<i32>,
    /// See [`Page`].
    pub before: Option<String>,
}

impl PageArgs {
    /// The arguments as they came.
    pub fn new(first: Option<i32>, after: Option<String>, last: Option<i32>, before: Option<String>) -> PageArgs {
        PageArgs { first, after, last, before }
    }

    /// Checks the arguments of a list in its own order.
    pub fn page(self) -> Result<Page> {
        let (size, from_end, after, before) = self.checked()?;
        let id = |cursor| match cursor {
            None => Ok(None),
            Some(RowCursor::Id(id)) => Ok(Some(id)),
            Some(RowCursor::Sorted(..)) => Err(Error::CursorInvalid),
        };
        Ok(Page { size, from_end, after: id(after)?, before: id(before)? })
    }

    /// The size, whether it is read from the end, and the cursors after and before.
    pub(super) fn checked(self) -> Result<(u64, bool, Option<RowCursor>, Option<RowCursor>)> {
        let (size, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(Error::BadInput("give first or last, not both".into())),
            (None, Some(n)) => (n, true),
            (first, None) => (first.unwrap_or(DEFAULT_PAGE), false),
        };
        if !(1..=MAX_PAGE).contains(&size) {
            return Err(Error::BadInput(format!("first and last are between 1 and {MAX_PAGE}, not {size}")));
        }
        let cursor = |text: Option<String>| match text {
            Some(text) => RowCursor::decode_cursor(&text).map(Some).map_err(|_| Error::CursorInvalid),
            None => Ok(None),
        };
        Ok((size.unsigned_abs().into(), from_end, cursor(self.after)?, cursor(self.before)?))
    }
}

/// How much a page costs: its size times what is asked of each row.
pub fn cost(first: Option<i32>, last: Option<i32>, child: usize) -> usize {
    let size = first.or(last).unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE);
    1 + usize::try_from(size).unwrap_or(1) * child
}

/// Which way a list runs when it is read with `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Oldest first.
    Rising,
    /// Newest first.
    Falling,
}

impl Page {
    /// The order in which the database reads this page.
    pub fn order(&self, direction: Direction) -> Order {
        match (direction, self.from_end) {
            (Direction::Rising, false) | (Direction::Falling, true) => Order::Asc,
            (Direction::Falling, false) | (Direction::Rising, true) => Order::Desc,
        }
    }

    /// Narrows rows to one more than this page, in reading order.
    fn narrow<E: Governed>(&self, rows: Rows<E>, direction: Direction) -> (Rows<E>, Order) {
        let natural = match direction {
            Direction::Rising => Order::Asc,
            Direction::Falling => Order::Desc,
        };
        (rows.keyset(self.after, self.before, natural), self.order(direction))
    }

    /// Cuts the one row too many, turns the page round if it was read from the end, and says whether there is more on
    /// either side.
    pub fn cut<T>(&self, mut rows: Vec<T>) -> (Vec<T>, bool, bool) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        match self.from_end {
            true => {
                rows.reverse();
                (rows, more, self.before.is_some())
            }
            false => (rows, self.after.is_some(), more),
        }
    }
}

type Count = Arc<dyn Fn() -> BoxFuture<'static, Result<u64>> + Send + Sync>;

/// What a connection says beside its page.
#[derive(Clone)]
pub struct Total(Count);

#[Object]
impl Total {
    /// How many rows the caller may see in the whole list. Computed only when it is selected.
    async fn total_count(&self) -> Result<i32> {
        Ok(i32::try_from((self.0)().await?).unwrap_or(i32::MAX))
    }
}

/// A connection over rows that are paged by their id.
pub type List<T> = Connection<RowCursor, T, Total, EmptyFields>;

/// How many rows a list has, counted when it is asked.
pub(super) fn total<E: Governed>(cx: &Cx, rows: &Rows<E>) -> Total {
    let (cx, rows) = (cx.clone(), rows.clone());
    Total(Arc::new(move || {
        let (cx, rows) = (cx.clone(), rows.clone());
        Box::pin(async move { Ok(rows.count(cx.store.db()).await?) })
    }))
}

/// Makes the connection of a root list.
pub async fn list<E, T>(cx: &Cx, rows: Rows<E>, args: PageArgs, direction: Direction) -> Result<List<T>>
where
    E: Governed,
    T: From<Seen<E::Model>> + OutputType,
{
    let page = args.page()?;
    let count = total(cx, &rows);
    let (rows, order) = page.narrow(rows, direction);
    let found = {
        let _busy = cx.busy();
        rows.order_by(E::ID, order).limit(page.size + 1).all(cx.store.db()).await?
    };
    Ok(connection::<E, T>(page, found, count))
}

fn connection<E, T>(page: Page, found: Vec<Seen<E::Model>>, count: Total) -> List<T>
where
    E: Governed,
    T: From<Seen<E::Model>> + OutputType,
{
    let (rows, previous, next) = page.cut(found);
    let rows = rows.into_iter().map(|row| (RowCursor::Id(E::id(row.row())), row));
    connect::<E, T>(rows, previous, next, count)
}

pub(super) fn connect<E, T>(
    rows: impl Iterator<Item = (RowCursor, Seen<E::Model>)>,
    previous: bool,
    next: bool,
    count: Total,
) -> List<T>
where
    E: Governed,
    T: From<Seen<E::Model>> + OutputType,
{
    let mut connection = Connection::with_additional_fields(previous, next, count);
    connection.edges.extend(rows.map(|(cursor, row)| Edge::new(cursor, T::from(row))));
    connection
}

/// Which rows are the children: `by` names the parent, `ty` is the line of the access table; a row that names something nearer in
/// `without` is that one's child.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Kinship {
    ty: Type,
    by: &'static str,
    without: Option<&'static str>,
}

impl Kinship {
    fn rows<E: Governed>(self, cx: &Cx) -> Option<(Rows<E>, E::Column)> {
        let column = E::Column::from_str(self.by).ok()?;
        let rows = named::<E>(cx, self.ty, column);
        match self.without.map(E::Column::from_str) {
            Some(Ok(without)) => Some((rows.filter(without.is_null()), column)),
            Some(Err(_)) => None,
            None => Some((rows, column)),
        }
    }
}

/// The page of children of one parent.
pub struct ChildrenOf<E: Governed> {
    kin: Kinship,
    parent: Uuid,
    page: Page,
    direction: Direction,
    table: PhantomData<fn() -> E>,
}

impl<E: Governed> Clone for ChildrenOf<E> {
    fn clone(&self) -> Self {
        ChildrenOf { table: PhantomData, ..*self }
    }
}

impl<E: Governed> PartialEq for ChildrenOf<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.kin, self.parent, self.page, self.direction) == (other.kin, other.parent, other.page, other.direction)
    }
}

impl<E: Governed> Eq for ChildrenOf<E> {}

impl<E: Governed> Hash for ChildrenOf<E> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.kin, self.parent, self.page, self.direction).hash(state);
    }
}

impl<E: Governed> Key for ChildrenOf<E> {
    type Value = Arc<Vec<Seen<E::Model>>>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        // Keys of one level share their arguments, so this is one statement; two aliases of one field are two.
        let mut groups: HashMap<(Kinship, Page, Direction), Vec<Self>> = HashMap::new();
        for key in keys {
            groups.entry((key.kin, key.page, key.direction)).or_default().push(key);
        }
        let mut answers = HashMap::new();
        for ((kin, page, direction), keys) in groups {
            let Some((rows, column)) = kin.rows::<E>(cx) else { continue };
            let rows = rows.filter(column.is_in(keys.iter().map(|key| key.parent)));
            let (rows, order) = page.narrow(rows, direction);
            let found = rows.first_of_each(cx.store.db(), column, order, page.size + 1).await?;
            let mut by_parent: HashMap<Uuid, Vec<Seen<E::Model>>> = HashMap::new();
            for row in found {
                if let Value::Uuid(Some(parent)) = row.row().get(column) {
                    by_parent.entry(parent).or_default().push(row);
                }
            }
            for key in keys {
                let rows = by_parent.remove(&key.parent).unwrap_or_default();
                answers.insert(key, Arc::new(rows));
            }
        }
        Ok(answers)
    }
}

/// The rows of which the caller may know which parent they name: a list under a contact tells as much as the field `contact`. That
/// a row is an account's is known to whoever the account's team lets see it.
fn named<E: Governed>(cx: &Cx, ty: Type, by: E::Column) -> Rows<E> {
    let rows = cx.caller.rows_as::<E>(ty);
    if E::ACCOUNT.is_some_and(|account| account.as_str() == by.as_str()) {
        return rows;
    }
    let field = by.as_str().trim_end_matches("_id");
    match cx.caller.clear::<E>(ty, Class::P, field) {
        Some(clear) => rows.filter(clear),
        None => rows,
    }
}

/// How many children one parent has.
struct CountOf<E: Governed> {
    kin: Kinship,
    parent: Uuid,
    table: PhantomData<fn() -> E>,
}

impl<E: Governed> CountOf<E> {
    async fn load(self, cx: &Cx) -> Result<u64> {
        let Some((rows, column)) = self.kin.rows::<E>(cx) else { return Ok(0) };
        Ok(rows.filter(column.eq(self.parent)).count(cx.store.db()).await?)
    }
}

/// Makes the connection of a child list, batched over all parents of the level.
pub async fn children<E, T>(
    cx: &Cx,
    by: E::Column,
    parent: Uuid,
    args: PageArgs,
    direction: Direction,
) -> Result<List<T>>
where
    E: Governed,
    T: From<Seen<E::Model>> + OutputType,
{
    children_as::<E, T>(cx, E::TYPE, by, None, parent, args, direction).await
}

/// [`children`] under another line of the access table than the table's own, and without those that are somebody nearer's: the
/// phone number of a person is not the company's.
pub async fn children_as<E, T>(
    cx: &Cx,
    ty: Type,
    by: E::Column,
    without: Option<E::Column>,
    parent: Uuid,
    args: PageArgs,
    direction: Direction,
) -> Result<List<T>>
where
    E: Governed,
    T: From<Seen<E::Model>> + OutputType,
{
    let kin = Kinship { ty, by: by.as_str(), without: without.map(|without| without.as_str()) };
    let (page, table) = (args.page()?, PhantomData);
    let found = cx.load(ChildrenOf::<E> { kin, parent, page, direction, table }).await?.unwrap_or_default();
    let count = {
        let cx = cx.clone();
        Total(Arc::new(move || {
            let cx = cx.clone();
            Box::pin(async move { CountOf::<E> { kin, parent, table: PhantomData }.load(&cx).await })
        }))
    };
    Ok(connection::<E, T>(page, found.to_vec(), count))
}

/// A row by its id, as the caller sees it under a line of the access table.
pub struct ById<E: Governed>(Type, Uuid, PhantomData<fn() -> E>);

impl<E: Governed> Clone for ById<E> {
    fn clone(&self) -> Self {
        ById(self.0, self.1, PhantomData)
    }
}

impl<E: Governed> PartialEq for ById<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl<E: Governed> Eq for ById<E> {}

impl<E: Governed> Hash for ById<E> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.0, self.1).hash(state);
    }
}

impl<E: Governed> Key for ById<E> {
    type Value = Seen<E::Model>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let mut by_line: HashMap<Type, Vec<Uuid>> = HashMap::new();
        for ById(ty, id, _) in keys {
            by_line.entry(ty).or_default().push(id);
        }
        let mut answers = HashMap::new();
        for (ty, ids) in by_line {
            let rows = cx.caller.rows_as::<E>(ty).by_ids(ids).all(cx.store.db()).await?;
            answers.extend(rows.into_iter().map(|row| (ById(ty, E::id(row.row()), PhantomData), row)));
        }
        Ok(answers)
    }
}

/// The row that a column refers to: None if it refers to nothing, or to nothing that the caller may see.
pub async fn one<E, T>(cx: &Cx, id: impl Into<Option<Uuid>>) -> Result<Option<T>>
where
    E: Governed,
    T: From<Seen<E::Model>>,
{
    one_as::<E, T>(cx, E::TYPE, id).await
}

/// [`one`] under another line of the access table than the table's own.
pub async fn one_as<E, T>(cx: &Cx, ty: Type, id: impl Into<Option<Uuid>>) -> Result<Option<T>>
where
    E: Governed,
    T: From<Seen<E::Model>>,
{
    match id.into() {
        Some(id) => Ok(cx.load(ById::<E>(ty, id, PhantomData)).await?.map(T::from)),
        None => Ok(None),
    }
}
