//! Paging: one type turns the four arguments into a page, another turns rows into a connection. Keyset on one column, the id.

use std::{collections::HashMap, hash::Hash, marker::PhantomData, sync::Arc};

use async_graphql::{
    Object,
    connection::{Connection, CursorType, EmptyFields},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::BoxFuture;
use sea_orm::sea_query::Order;
use uuid::Uuid;

use super::{
    batch::Key,
    cx::Cx,
    error::{Error, Result},
};
use crate::{
    policy::{Governed, Rows, Seen, Type},
    store::Name,
};

/// The largest page.
pub const MAX_PAGE: i32 = 100;
/// The page that a list gives when neither `first` nor `last` is said.
pub const DEFAULT_PAGE: i32 = 20;
/// The largest page of a feed.
pub const MAX_FEED_PAGE: i32 = 1_000;
/// The page of a feed when `first` is not said.
pub const DEFAULT_FEED_PAGE: i32 = 100;

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

impl Total {
    pub(super) fn new(count: impl Fn() -> BoxFuture<'static, Result<u64>> + Send + Sync + 'static) -> Total {
        Total(Arc::new(count))
    }
}

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
    Total::new(move || {
        let (cx, rows) = (cx.clone(), rows.clone());
        Box::pin(async move { Ok(rows.count(&cx.db()).await?) })
    })
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
            let rows = some::<E>(cx, ty, ids).await?;
            answers.extend(rows.into_iter().map(|row| (ById(ty, E::id(row.row()), PhantomData), row)));
        }
        Ok(answers)
    }
}

/// Some rows by their ids. Of reference data that the caller sees all of, those that were read a moment ago are not asked for again.
async fn some<E: Governed>(cx: &Cx, ty: Type, mut ids: Vec<Uuid>) -> Result<Vec<Seen<E::Model>>> {
    let recent = cx.store.recent();
    let alike = cx.caller.alike::<E>(ty).filter(|_| ty.is_reference());
    let (Some(alike), Some(reading)) = (alike, recent.reading()) else {
        return Ok(cx.caller.some::<E, _>(ty, ids, &cx.db()).await?);
    };
    let name = |id| Name::Row(cx.caller.tenant, id);
    let mut rows = Vec::with_capacity(ids.len());
    ids.retain(|id| match recent.get::<E::Model>(reading, name(*id)) {
        Some(row) => {
            rows.push(alike.see(row));
            false
        }
        None => true,
    });
    for row in cx.caller.some::<E, _>(ty, ids, &cx.db()).await? {
        let row = Arc::new(row.row().clone());
        recent.keep(reading, name(E::id(&row)), row.clone());
        rows.push(alike.see(row));
    }
    Ok(rows)
}

/// The rows that a column of many rows refers to, asked at once; those that the caller may not see are not among them.
pub async fn many<E: Governed>(cx: &Cx, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Seen<E::Model>>> {
    let keys = ids.into_iter().map(|id| ById::<E>(E::TYPE, id, PhantomData)).collect();
    let rows = cx.load_many(keys).await?;
    Ok(rows.into_iter().map(|(ById(_, id, _), row)| (id, row)).collect())
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
