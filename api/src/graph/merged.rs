//! Ids that were given up. A record that was merged into another stays as an alias: whoever names its id is told which id answers for
//! it now, for ever. Only to who sees that record; to everybody else the old id is one that nobody has.

use std::collections::{HashMap, HashSet};

use entities::{account::id_redirect, codes::SubjectType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use super::{
    batch::Key,
    cx::Cx,
    error::{Error, Result},
    id::{GlobalId, Kind},
};
use crate::policy::{Caller, Governed};

/// What is merged, of all that ids name.
pub const fn mergeable(kind: Kind) -> Option<SubjectType> {
    match kind {
        Kind::Account => Some(SubjectType::Account),
        Kind::Contact => Some(SubjectType::Contact),
        _ => None,
    }
}

/// `SELECT new_id …`: what answers for one of some ids.
fn answering(tenant: i64, ty: SubjectType, old: Vec<Uuid>) -> SelectStatement {
    Query::select()
        .column(id_redirect::Column::NewId)
        .from(id_redirect::Entity)
        .and_where(Expr::col(id_redirect::Column::TenantId).eq(tenant))
        .and_where(Expr::col(id_redirect::Column::SubjectType).eq(ty.as_str()))
        .and_where(Expr::col(id_redirect::Column::OldId).is_in(old))
        .to_owned()
}

/// The id that answers for one of some old ids, where the caller sees its record. One statement, whether there is one, whether it is
/// hidden or not.
pub async fn merged_into<E: Governed, C: ConnectionTrait>(
    caller: &Caller,
    db: &C,
    kind: Kind,
    old: Vec<Uuid>,
) -> Result<Option<GlobalId>, DbErr> {
    let Some(ty) = mergeable(kind) else { return Ok(None) };
    let answering = answering(caller.tenant, ty, old);
    let rows = caller.rows::<E>().filter(E::ID.into_expr().in_subquery(answering)).few();
    Ok(rows.one(db).await?.map(|seen| GlobalId::new(kind, E::id(seen.row()))))
}

/// What a root answers for an id that led nowhere: nothing, or the error that names the record which took its place.
pub async fn or_merged<E: Governed, T>(cx: &Cx, kind: Kind, id: Uuid, found: Option<T>) -> Result<Option<T>> {
    match found {
        None => match merged_into::<E, _>(&cx.caller, &cx.db(), kind, vec![id]).await? {
            Some(new_id) => Err(Error::Merged(new_id)),
            None => Ok(None),
        },
        found => Ok(found),
    }
}

/// Asked of an id that something names from of old: which id answers for it now? No answer where it still is what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Successor(pub SubjectType, pub Uuid);

impl Key for Successor {
    type Value = Uuid;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Uuid>> {
        let old: HashSet<Uuid> = keys.iter().map(|key| key.1).collect();
        let select = Query::select()
            .columns([id_redirect::Column::SubjectType, id_redirect::Column::OldId, id_redirect::Column::NewId])
            .from(id_redirect::Entity)
            .and_where(Expr::col(id_redirect::Column::TenantId).eq(cx.caller.tenant))
            .and_where(Expr::col(id_redirect::Column::SubjectType).is_in(["ACCOUNT", "CONTACT"]))
            .and_where(Expr::col(id_redirect::Column::OldId).is_in(old))
            .to_owned();
        let mut answers = HashMap::new();
        for row in cx.db().query_all(&select).await? {
            let ty: String = row.try_get_by_index(0)?;
            let (old, new): (Uuid, Uuid) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            answers.extend(SubjectType::parse(&ty).map(|ty| (Successor(ty, old), new)));
        }
        Ok(answers)
    }
}

/// The id that answers for `id` now. Costs nothing in a tenant where nothing was merged.
pub async fn present(cx: &Cx, ty: SubjectType, id: Uuid) -> Result<Uuid> {
    match cx.caller.merged && matches!(ty, SubjectType::Account | SubjectType::Contact) {
        true => Ok(cx.load(Successor(ty, id)).await?.unwrap_or(id)),
        false => Ok(id),
    }
}
