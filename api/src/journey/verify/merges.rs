//! Merges: what was merged is an alias that nothing names any more, and an id that was given up leads to one that was not.

use std::collections::{HashMap, HashSet};

use entities::{
    account::{account, contact, id_redirect, merge_operation},
    codes::SubjectType,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::{Check, MOST, Reader};
use crate::account::merge::references::references;

/// The ids of a type that were given up.
fn given_up(tenant: i64, ty: SubjectType) -> SelectStatement {
    Query::select()
        .column(id_redirect::Column::OldId)
        .from(id_redirect::Entity)
        .and_where(Expr::col(id_redirect::Column::TenantId).eq(tenant))
        .and_where(Expr::col(id_redirect::Column::SubjectType).eq(ty.as_str()))
        .to_owned()
}

/// No row names a record that was merged into another: in one statement, column by column of the list that merges go by.
pub(super) async fn nothing_names_an_alias(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("no row names a record that was merged into another");
    let mut all: Option<SelectStatement> = None;
    for reference in references() {
        check.looked_at += 1;
        let (table, column) = (reference.table, reference.column.clone());
        let mut select = Query::select();
        select
            .expr_as(Expr::val(format!("{table}.{column}")).cast_as(Alias::new("text")), "place")
            .expr_as(Expr::col("id"), "id")
            .from(table)
            .and_where(Expr::col("tenant_id").eq(reader.tenant))
            .and_where(Expr::col(Alias::new(&column)).in_subquery(given_up(reader.tenant, reference.of)));
        if let Some(by_type) = &reference.by_type {
            select.and_where(Expr::col(Alias::new(by_type)).eq(reference.of.as_str()));
        }
        match &mut all {
            Some(all) => drop(all.union(UnionType::All, select)),
            None => all = Some(select),
        }
    }
    let Some(mut all) = all else { return Ok(check) };
    for row in reader.tx.query_all(all.limit(MOST as u64 + 1)).await? {
        let (place, id): (String, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        check.wrong(format!("{place} of {id}"), "a record that stands for itself", "one that was merged");
    }
    Ok(check)
}

/// Every merge that stands has its redirect, and every redirect its merge; what was given up is removed, and leads to what was not.
pub(super) async fn redirects_lead_on(reader: &Reader<'_>) -> Result<Check, DbErr> {
    let mut check = Check::new("every id that was given up leads to one that was not, by a merge that stands");
    let redirects =
        id_redirect::Entity::find().filter(id_redirect::Column::TenantId.eq(reader.tenant)).all(reader.tx).await?;
    let standing = merge_operation::Entity::find()
        .select_only()
        .columns([merge_operation::Column::Id, merge_operation::Column::SubjectType, merge_operation::Column::MergedId])
        .filter(merge_operation::Column::TenantId.eq(reader.tenant))
        .filter(merge_operation::Column::UndoneAt.is_null());
    let standing: Vec<(Uuid, SubjectType, Uuid)> = standing.into_tuple().all(reader.tx).await?;
    let standing: HashMap<Uuid, (SubjectType, Uuid)> =
        standing.into_iter().map(|(id, ty, merged)| (id, (ty, merged))).collect();
    let old: HashSet<(SubjectType, Uuid)> = redirects.iter().map(|row| (row.subject_type, row.old_id)).collect();
    let alive = alive(reader).await?;
    check.looked_at = redirects.len() as u64;
    for row in &redirects {
        let id = format!("{} {}", row.subject_type.as_str(), row.old_id);
        if old.contains(&(row.subject_type, row.new_id)) {
            check.wrong(&id, "an id that stands for itself", format!("{}, which was given up, too", row.new_id));
        }
        let of = row.merge_operation_id.and_then(|id| standing.get(&id));
        if of != Some(&(row.subject_type, row.old_id)) {
            check.wrong(&id, "a merge of it that stands", "none");
        }
        if alive.contains(&(row.subject_type, row.old_id)) {
            check.wrong(&id, "a record that was removed", "one that stands");
        }
    }
    for (id, merged) in standing.iter().filter(|(_, merged)| !old.contains(merged)) {
        check.wrong(format!("merge {id}"), format!("a redirect of {}", merged.1), "none");
    }
    Ok(check)
}

/// The records that were given up and stand all the same.
async fn alive(reader: &Reader<'_>) -> Result<HashSet<(SubjectType, Uuid)>, DbErr> {
    let mut alive = HashSet::new();
    let accounts: Vec<Uuid> = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::TenantId.eq(reader.tenant))
        .filter(account::Column::DeletedAt.is_null())
        .filter(account::Column::Id.in_subquery(given_up(reader.tenant, SubjectType::Account)))
        .into_tuple()
        .all(reader.tx)
        .await?;
    alive.extend(accounts.into_iter().map(|id| (SubjectType::Account, id)));
    let contacts: Vec<Uuid> = contact::Entity::find()
        .select_only()
        .column(contact::Column::Id)
        .filter(contact::Column::TenantId.eq(reader.tenant))
        .filter(contact::Column::DeletedAt.is_null())
        .filter(contact::Column::Id.in_subquery(given_up(reader.tenant, SubjectType::Contact)))
        .into_tuple()
        .all(reader.tx)
        .await?;
    alive.extend(contacts.into_iter().map(|id| (SubjectType::Contact, id)));
    Ok(alive)
}
