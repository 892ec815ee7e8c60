//! The children of many parents: one statement for a page of each, one for how many each has.

use std::{collections::HashMap, hash::Hash, str::FromStr, sync::Arc};

use async_graphql::InputType;
use sea_orm::{ColumnTrait, Condition, IdenStatic, ModelTrait, Value, sea_query::Expr};
use uuid::Uuid;

use super::{
    batch::Key,
    cx::Cx,
    error::Result,
    listing::{Asked, Listable},
    page::{Direction, List, PageArgs, Total},
};
use crate::policy::{Class, Governed, Rows, Seen, Type};

/// A list of children, as a type declares it.
pub struct Children<E: Governed> {
    /// Its name: two lists of one column may hold different rows.
    pub name: &'static str,
    /// The line of the access table that the rows are read under.
    pub line: Type,
    /// The column that names the parent.
    pub by: E::Column,
    /// Which way it runs unless sorted.
    pub direction: Direction,
    /// What leaves out what is no part of it.
    pub only: Option<Expr>,
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

/// A question about the children of one parent: how many there are, or which. Siblings that were asked alike are answered
/// together; two aliases of one field with different arguments are two questions.
struct Question<E: Governed, const COUNT: bool> {
    line: Type,
    by: &'static str,
    /// The name of the list, and its arguments as they came.
    words: Arc<str>,
    parent: Uuid,
    asked: Arc<Asked<E>>,
}

impl<E: Governed, const COUNT: bool> Question<E, COUNT> {
    fn alike(&self) -> (Type, &'static str, &Arc<str>) {
        (self.line, self.by, &self.words)
    }

    /// The questions that were asked alike, together, with the rows that they are about.
    fn groups(cx: &Cx, keys: Vec<Self>) -> Vec<(E::Column, Rows<E>, Vec<Self>)> {
        let mut groups: HashMap<(Type, &'static str, Arc<str>), Vec<Self>> = HashMap::new();
        for key in keys {
            groups.entry((key.line, key.by, key.words.clone())).or_default().push(key);
        }
        let rows_of = |group: Vec<Self>| {
            let first = group.first()?;
            let column = E::Column::from_str(first.by).ok()?;
            let parents = column.is_in(group.iter().map(|key| key.parent));
            let rows = named::<E>(cx, first.line, column).filter(parents).few().filter(first.asked.filter.clone());
            Some((column, rows, group))
        };
        groups.into_values().filter_map(rows_of).collect()
    }
}

impl<E: Governed, const COUNT: bool> Clone for Question<E, COUNT> {
    fn clone(&self) -> Self {
        Question { words: self.words.clone(), asked: self.asked.clone(), ..*self }
    }
}

impl<E: Governed, const COUNT: bool> PartialEq for Question<E, COUNT> {
    fn eq(&self, other: &Self) -> bool {
        self.parent == other.parent && self.alike() == other.alike()
    }
}

impl<E: Governed, const COUNT: bool> Eq for Question<E, COUNT> {}

impl<E: Governed, const COUNT: bool> Hash for Question<E, COUNT> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.parent, self.alike()).hash(state);
    }
}

/// A page of the children of one parent.
impl<E: Governed> Key for Question<E, false> {
    type Value = Arc<Vec<Seen<E::Model>>>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let mut answers = HashMap::new();
        for (column, rows, group) in Self::groups(cx, keys) {
            let Some(Question { asked, .. }) = group.first() else { continue };
            let rows = rows.filter(asked.between.clone());
            let found = match group.as_slice() {
                // An order by the way, not a place among all: the rows of one parent are read as far as the page goes.
                [_] => {
                    let ordered = asked.orders.iter().cloned();
                    let rows = ordered.fold(rows, |rows, (by, order)| rows.order_by_expr(by, order));
                    Box::pin(rows.limit(asked.size + 1).all(&cx.db())).await?
                }
                _ => Box::pin(rows.first_of_each(&cx.db(), column, &asked.orders, asked.size + 1)).await?,
            };
            let mut by_parent: HashMap<Uuid, Vec<Seen<E::Model>>> = HashMap::new();
            for row in found {
                if let Value::Uuid(Some(parent)) = row.row().get(column) {
                    by_parent.entry(parent).or_default().push(row);
                }
            }
            answers.extend(group.into_iter().map(|key| {
                let rows = by_parent.remove(&key.parent).unwrap_or_default();
                (key, Arc::new(rows))
            }));
        }
        Ok(answers)
    }
}

/// How many children one parent has.
impl<E: Governed> Key for Question<E, true> {
    type Value = u64;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let mut answers = HashMap::new();
        for (column, rows, group) in Self::groups(cx, keys) {
            let counts = rows.count_of_each(&cx.db(), column).await?;
            answers.extend(group.into_iter().map(|key| {
                let count = counts.get(&key.parent).copied().unwrap_or_default();
                (key, count)
            }));
        }
        Ok(answers)
    }
}

/// Makes the connection of a child list, batched over all parents of the level. Filter and order come boxed: an object with many
/// lists would else need a deep stack.
pub async fn children<T: Listable>(
    cx: &Cx,
    list: Children<T::Table>,
    parent: Uuid,
    filter: Option<Box<T::Filter>>,
    sort: Option<Box<T::Sort>>,
    args: PageArgs,
) -> Result<List<T>> {
    let Children { name, line, by, direction, only } = list;
    let said = |value: Option<async_graphql::Value>| value.unwrap_or_default().to_string();
    let (narrowed, ordered) = (filter.as_deref().map(InputType::to_value), sort.as_deref().map(InputType::to_value));
    let words: Arc<str> = format!("{name} {args:?} {} {}", said(narrowed), said(ordered)).into();
    let (filter, sort) = (filter.map(|filter| *filter), sort.map(|sort| *sort));
    let mut asked = Asked::of(cx, line, filter, sort, args, direction).await?;
    asked.filter = Condition::all().add_option(only).add(asked.filter);
    let (asked, by) = (Arc::new(asked), by.as_str());
    let page = Question::<T::Table, false> { line, by, words: words.clone(), parent, asked: asked.clone() };
    let found = cx.load(page).await?.unwrap_or_default();
    let (counter, count) = (cx.clone(), Question::<T::Table, true> { line, by, words, parent, asked: asked.clone() });
    let total = Total::new(move || {
        let (cx, count) = (counter.clone(), count.clone());
        Box::pin(async move { Ok(cx.load(count).await?.unwrap_or_default()) })
    });
    Ok(asked.connect(found.to_vec(), total))
}
