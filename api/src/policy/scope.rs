//! Sealed scopes: rows are reached only through [`Rows`], and only this room can make one. A row comes back as
//! [`Seen`]: the row together with the rights that the caller has on it.

use std::{
    any::TypeId,
    collections::HashMap,
    marker::PhantomData,
    sync::{Arc, LazyLock},
};

use entities::codes::AccessLevel;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, FromQueryResult, ModelTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QueryResult, QuerySelect, Select, Value,
    sea_query::{Asterisk, Expr, ExprTrait, IntoCondition, LockType, Order, Query, SelectStatement, WindowStatement},
};
use uuid::Uuid;

use super::{
    Caller, Class, Levels, Sight,
    class::Rights,
    governed::{Ask, Governed, asked, condition},
    reach,
    table::{self, Grant, Scope, Type},
    template::{self, Templates},
};

/// The rows of a table that a caller reaches. There is no other way to read a governed table.
#[derive(Clone)]
pub struct Rows<E: Governed> {
    select: Select<E>,
    /// Whose row rule is added when it is known how many rows are looked at. None where every row of the tenant is reached.
    ruled_for: Option<Caller>,
    few: bool,
    ty: Type,
    grants: Arc<[Grant]>,
    flagged: bool,
}

impl Caller {
    /// The rows of `E` that the caller may read. The first line of every use case.
    pub fn rows<E: Governed>(&self) -> Rows<E> {
        self.rows_as(E::TYPE)
    }

    /// The rows of `E` under another line of the table than the table's own: internal notes among a ticket's messages.
    pub fn rows_as<E: Governed>(&self, ty: Type) -> Rows<E> {
        self.standing(self.rows_by(ty, Rights::reads))
    }

    /// The rows of `E` that the caller may change. The rights on each say which fields.
    pub fn rows_to_write<E: Governed>(&self) -> Rows<E> {
        self.rows_to_write_as(E::TYPE)
    }

    /// [`Caller::rows_to_write`] under another line of the table.
    pub fn rows_to_write_as<E: Governed>(&self, ty: Type) -> Rows<E> {
        let mut rows = self.standing::<E>(self.rows_by(ty, |_| true));
        rows.flag(self);
        rows
    }

    /// The rows of `E` that the caller may read, and those that were taken away: for a rule that must know what once was. Nothing
    /// of a removed row goes back to the caller.
    pub fn rows_even_deleted<E: Governed>(&self) -> Rows<E> {
        self.rows_by(E::TYPE, Rights::reads)
    }

    /// The rows that were not taken away, neither by themselves nor with what they are a part of.
    fn standing<E: Governed>(&self, rows: Rows<E>) -> Rows<E> {
        let stands = E::DELETED.map(|deleted| deleted.is_null()).into_iter().chain(E::stands(self));
        stands.fold(rows, Rows::filter)
    }

    /// The rows that grants of a kind reach: to write alone never shows that a row is there.
    fn rows_by<E: Governed>(&self, ty: Type, counts: impl Fn(&Rights) -> bool) -> Rows<E> {
        let grants: Arc<[Grant]> =
            table::grants(ty, self.into()).into_iter().filter(|grant| counts(&grant.rights)).collect();
        let mut select = E::find().filter(E::TENANT.eq(self.tenant));
        let ruled_for = match grants.iter().any(|grant| grant.scope == Scope::All) {
            true => None,
            false if grants.is_empty() => {
                select = select.filter(Expr::val(1).eq(0));
                None
            }
            false => Some(self.clone()),
        };
        if let Some(ruled) = E::ruled_by(ty) {
            select = select.filter(ruled);
        }
        let mut rows = Rows { select, ruled_for, few: false, ty, grants, flagged: false };
        // With one grant, to reach the row is to hold it; only several need to be told apart.
        if rows.grants.len() > 1 {
            rows.flag(self);
        }
        rows
    }
}

impl<E: Governed> Rows<E> {
    /// Selects, for each grant, whether it reaches the row: 0 no, 1 to read, 2 to write too.
    fn flag(&mut self, caller: &Caller) {
        if self.flagged {
            return;
        }
        self.flagged = true;
        for (index, grant) in self.grants.iter().enumerate() {
            let level: Expr = match (grant.scope, E::ACCOUNT) {
                (Scope::Team, Some(account)) if E::special(Scope::Team, caller, AccessLevel::Read).is_none() => {
                    reach::level(account.into_expr(), caller, self.ty.wing())
                }
                (Scope::Discipline | Scope::Lead, Some(account)) => {
                    // The team level caps these too: READ removes w.
                    let edit = reach::reaches(account.into_expr(), caller, self.ty.wing(), AccessLevel::Edit);
                    let reached = condition::<E>(self.ty, grant.scope, caller, AccessLevel::Read);
                    Expr::case(reached.clone().and(edit), 2).case(reached, 1).finally(0).into()
                }
                // A child is reached through its parent, and no further than the team reaches that; a table may have its own rule.
                (Scope::Team, _) => {
                    let edit = condition::<E>(self.ty, grant.scope, caller, AccessLevel::Edit);
                    let read = condition::<E>(self.ty, grant.scope, caller, AccessLevel::Read);
                    Expr::case(edit, 2).case(read, 1).finally(0).into()
                }
                (Scope::All, _) => Expr::val(2),
                _ => Expr::case(condition::<E>(self.ty, grant.scope, caller, AccessLevel::Read), 2).finally(0).into(),
            };
            QuerySelect::query(&mut self.select).expr_as(level, flag_name(index));
        }
    }

    /// Narrows the rows.
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.select = self.select.filter(condition.into_condition());
        self
    }

    /// One row by its id.
    pub fn by_id(self, id: Uuid) -> Self {
        self.filter(E::ID.eq(id)).few()
    }

    /// Some rows by their ids.
    pub fn by_ids(self, ids: impl IntoIterator<Item = Uuid>) -> Self {
        self.filter(E::ID.is_in(ids)).few()
    }

    /// Other conditions leave a few rows: the row rule looks at each of them instead of bringing all of the caller's accounts together.
    pub fn few(mut self) -> Self {
        self.few = true;
        self
    }

    /// The select with the row rule: how every reading ends.
    fn ruled(self) -> Select<E> {
        let Some(caller) = &self.ruled_for else { return self.select };
        let ask = if self.few { Ask::EachRow } else { Ask::Together };
        let mut scopes: Vec<Scope> = self.grants.iter().map(|grant| grant.scope).collect();
        // What the row says itself first: where that lets it through, nobody's accounts are brought together.
        scopes.sort_unstable_by_key(|scope| !matches!(scope, Scope::Queue | Scope::Mine));
        let scopes = scopes.into_iter().map(|scope| asked::<E>(self.ty, scope, caller, AccessLevel::Read, ask));
        self.select.filter(scopes.fold(Condition::any(), Condition::add))
    }

    /// Holds the rows against other writers until the transaction ends. SQLite has one writer at a time anyway.
    pub fn held(mut self) -> Self {
        QuerySelect::query(&mut self.select).lock(LockType::NoKeyUpdate);
        self
    }

    /// Orders the rows.
    pub fn order_by(mut self, column: E::Column, order: Order) -> Self {
        self.select = self.select.order_by(column, order);
        self
    }

    /// Orders the rows by an expression.
    pub fn order_by_expr(mut self, expr: Expr, order: Order) -> Self {
        QuerySelect::query(&mut self.select).order_by_expr(expr, order);
        self
    }

    /// The line of the access table that the rows are read under.
    pub fn line(&self) -> Type {
        self.ty
    }

    /// Takes the first `n`.
    pub fn limit(mut self, n: u64) -> Self {
        self.select = self.select.limit(n);
        self
    }

    /// The first `n` rows of each group of `by`: the children of many parents in one statement.
    pub async fn first_of_each<C: ConnectionTrait>(
        self,
        db: &C,
        by: E::Column,
        orders: &[(Expr, Order)],
        n: u64,
    ) -> Result<Vec<Seen<E::Model>>, DbErr> {
        let (grants, flagged) = (self.grants.clone(), self.flagged);
        let mut inner: SelectStatement = sea_orm::QueryTrait::into_query(self.ruled());
        let mut window = WindowStatement::partition_by(by.as_column_ref());
        for (value, order) in orders {
            window.order_by_expr(value.clone(), order.clone());
        }
        inner.expr_window_as(sea_orm::sea_query::Func::cust("ROW_NUMBER"), window, "place");
        let outer = Query::select()
            .column(Asterisk)
            .from_subquery(inner, "placed")
            .and_where(Expr::col("place").lte(n as i64))
            .order_by("place", Order::Asc)
            .to_owned();
        let rows = db.query_all(&outer).await?;
        rows.iter().map(|row| see::<E>(&grants, flagged, row)).collect()
    }

    /// How many rows each group of `by` has; none for a group without rows.
    pub async fn count_of_each<C: ConnectionTrait>(self, db: &C, by: E::Column) -> Result<HashMap<Uuid, u64>, DbErr> {
        let inner = sea_orm::QueryTrait::into_query(self.ruled().select_only().column_as(by.into_expr(), "parent"));
        let outer = Query::select()
            .column("parent")
            .expr_as(Expr::col(Asterisk).count(), "n")
            .from_subquery(inner, "counted")
            .group_by_col("parent")
            .to_owned();
        let rows = db.query_all(&outer).await?;
        rows.iter().map(|row| Ok((row.try_get("", "parent")?, row.try_get::<i64>("", "n")?.unsigned_abs()))).collect()
    }

    /// Some fields of the rows as a sub-select to count and to sum over: each under its alias, as the caller sees it. What the
    /// caller may not read in clear on a row is null there, so that no figure tells what a field would not.
    pub fn into_fields(self, caller: &Caller, fields: &[(&'static str, Class, &str, E::Column)]) -> SelectStatement {
        let ty = self.ty;
        let select = fields.iter().fold(self.ruled().select_only(), |select, (alias, class, name, column)| {
            select.column_as(caller.shown::<E>(ty, *class, name, column.into_expr()).0, *alias)
        });
        sea_orm::QueryTrait::into_query(select)
    }

    /// Columns of the rows as a sub-select. Whoever calls has judged what the caller may see of each.
    pub(super) fn into_columns(self, columns: impl Iterator<Item = (&'static str, Expr)>) -> SelectStatement {
        let select = self.ruled().select_only();
        sea_orm::QueryTrait::into_query(columns.fold(select, |select, (alias, value)| select.column_as(value, alias)))
    }

    /// All rows, seen.
    pub async fn all<C: ConnectionTrait>(self, db: &C) -> Result<Vec<Seen<E::Model>>, DbErr> {
        let (grants, flagged) = (self.grants.clone(), self.flagged);
        let rows = db.query_all(sea_orm::QueryTrait::as_query(&self.ruled())).await?;
        rows.iter().map(|row| see::<E>(&grants, flagged, row)).collect()
    }

    /// The one row, seen; none if it is not there or not the caller's: both look the same.
    pub async fn one<C: ConnectionTrait>(self, db: &C) -> Result<Option<Seen<E::Model>>, DbErr> {
        Ok(self.limit(1).all(db).await?.pop())
    }

    /// How many rows the caller reaches.
    pub async fn count<C: ConnectionTrait>(self, db: &C) -> Result<u64, DbErr> {
        self.ruled().count(db).await
    }

    /// A column of the rows as a sub-select, for the condition of another table.
    pub fn into_column(self, column: E::Column) -> SelectStatement {
        sea_orm::QueryTrait::into_query(self.ruled().select_only().column(column))
    }

    /// The ids of the rows as a sub-select, for the condition of another table.
    pub fn into_ids(self) -> SelectStatement {
        sea_orm::QueryTrait::into_query(self.ruled().select_only().column(E::ID))
    }
}

fn flag_name(index: usize) -> String {
    format!("grant_{index}")
}

fn see<E: Governed>(grants: &Arc<[Grant]>, flagged: bool, row: &QueryResult) -> Result<Seen<E::Model>, DbErr> {
    let model = E::Model::from_query_result(row, "")?;
    let mut rights = Rights::default();
    for (index, grant) in grants.iter().enumerate() {
        // Unflagged rows are reached by their only grant, and are for reading.
        let level: i32 = if flagged { row.try_get("", &flag_name(index))? } else { 1 };
        if level > 0 {
            rights.join(&grant.rights, level > 1);
        }
    }
    Ok(Seen { row: Arc::new(model), rights: Arc::new(rights) })
}

/// The rights that a caller has on every row of a table alike, so that a row may come from wherever it is known.
pub struct Alike<E>(Arc<Rights>, PhantomData<fn() -> E>);

impl<E: Governed> Alike<E> {
    /// The row as the caller sees it. It must be one that stands.
    pub fn see(&self, row: Arc<E::Model>) -> Seen<E::Model> {
        Seen { row, rights: self.0.clone() }
    }
}

/// What decides the text of a statement that reads rows by their ids, beside the caller.
type ByIds = (TypeId, Type, usize);

/// What a statement that reads rows by their ids brings beside the rows.
struct Brings {
    grants: Arc<[Grant]>,
    /// Whether it tells the grants apart.
    flagged: bool,
    /// Whether the rows are accounts, and it tells the caller's levels on each.
    levels: bool,
}

static BY_IDS: LazyLock<Templates<ByIds, Brings>> = LazyLock::new(Templates::default);

impl Caller {
    /// Some rows of `E` under a line of the table, by their ids: what [`Rows::by_ids`] finds, by a statement that is made once. Of
    /// accounts the caller's levels are learnt, too: what hangs on them need not ask again.
    pub async fn some<E: Governed, C: ConnectionTrait>(
        &self,
        ty: Type,
        mut ids: Vec<Uuid>,
        db: &C,
    ) -> Result<Vec<Seen<E::Model>>, DbErr> {
        let Some(last) = ids.last().copied() else { return Ok(Vec::new()) };
        // Few lengths, few texts: one id more finds nothing new when it is one of them.
        if ids.len() <= 4_096 {
            ids.resize(ids.len().next_power_of_two(), last);
        }
        let key = (TypeId::of::<E>(), ty, ids.len());
        let made = BY_IDS.of(self, db.get_database_backend(), key, |pattern| {
            let mut rows = pattern.rows_as::<E>(ty).by_ids((0..ids.len()).map(template::arg));
            let is_account = E::ACCOUNT_ITSELF && ty == E::TYPE && !pattern.in_industries;
            let colleague = pattern.colleague.filter(|_| is_account);
            if let Some(colleague) = colleague {
                reach::join_places(QuerySelect::query(&mut rows.select), E::ID.into_expr(), pattern, colleague);
            }
            let brings = Brings { grants: rows.grants.clone(), flagged: rows.flagged, levels: colleague.is_some() };
            (sea_orm::QueryTrait::into_query(rows.ruled()), brings)
        });
        let rows = db.query_all_raw(made.statement(self, &ids)).await?;
        let Brings { grants, flagged, levels } = &made.beside;
        if !levels {
            return rows.iter().map(|row| see::<E>(grants, *flagged, row)).collect();
        }
        let mut seen: HashMap<Uuid, (Seen<E::Model>, Levels)> = HashMap::with_capacity(rows.len());
        for row in &rows {
            let found = see::<E>(grants, *flagged, row)?;
            let is_own = |column: &E::Column| found.row().get(*column) == Value::Uuid(self.colleague);
            let mut held = if E::OWN.iter().any(is_own) { [2; 4] } else { Levels::default() };
            for (held, (_, column)) in held.iter_mut().zip(reach::LEVELS) {
                *held = Ord::max(*held, row.try_get("", column)?);
            }
            let (_, known) = seen.entry(E::id(found.row())).or_insert((found, Levels::default()));
            known.iter_mut().zip(held).for_each(|(known, held)| *known = Ord::max(*known, held));
        }
        self.levels.learn(seen.iter().map(|(id, (_, levels))| (*id, *levels)));
        Ok(seen.into_values().map(|(row, _)| row).collect())
    }

    /// The rights on every row of `E` under a line of the table, where the caller reaches each of them and has the same on all.
    pub fn alike<E: Governed>(&self, ty: Type) -> Option<Alike<E>> {
        let grants = table::grants(ty, self.into());
        let [grant] = grants.as_slice() else { return None };
        (grant.scope == Scope::All && grant.rights.reads() && E::ruled_by(ty).is_none()).then(|| {
            let mut rights = Rights::default();
            rights.join(&grant.rights, false);
            Alike(Arc::new(rights), PhantomData)
        })
    }
}

/// A row as its reader sees it. Made only here; every classed field reads through it.
#[derive(Debug)]
pub struct Seen<M> {
    row: Arc<M>,
    rights: Arc<Rights>,
}

impl<M> Clone for Seen<M> {
    fn clone(&self) -> Self {
        Seen { row: self.row.clone(), rights: self.rights.clone() }
    }
}

impl<M> Seen<M> {
    /// The value of a field, if the caller sees it in clear.
    pub fn read<T, O: Into<Option<T>>>(&self, class: Class, field: &str, get: impl FnOnce(&M) -> O) -> Option<T> {
        match self.rights.sight(class, field) {
            Sight::Clear => get(&self.row).into(),
            Sight::None | Sight::Pseudonym | Sight::Masked => None,
        }
    }

    /// The value of a field, in clear or as far as the ladder shows it.
    pub fn read_as<T, O: Into<Option<T>>>(
        &self,
        class: Class,
        field: &str,
        get: impl FnOnce(&M) -> O,
        shown: impl FnOnce(Sight, T) -> Option<T>,
    ) -> Option<T> {
        match self.rights.sight(class, field) {
            Sight::None => None,
            Sight::Clear => get(&self.row).into(),
            sight => get(&self.row).into().and_then(|value| shown(sight, value)),
        }
    }

    /// The caller's rights on this row.
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// The bare row, for a use case's own rules (states, versions, links). What it returns to the caller reads through
    /// [`Seen::read`].
    pub fn row(&self) -> &M {
        &self.row
    }
}
