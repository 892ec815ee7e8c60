//! What stands under an account, and who may put it there. Whoever makes a row is its author, its owner or its assignee, and would
//! reach it by that alone; so the account is asked first.

use std::collections::{HashMap, HashSet};

use async_graphql::MaybeUndefined;
use entities::{
    account::{account, colleague, contact},
    codes::{AccessLevel, Wing},
};
use sea_orm::{ActiveValue, ColumnTrait, Set};
use uuid::Uuid;

use super::colleague::refer_active;
use crate::{
    graph::{Error, GlobalId, Kind, Result},
    journey::Work,
    policy::{Class, Scope, Seen, Type, reach, table},
};

/// Whether the caller may write rows of a type under an account: by a cell for all rows, or by EDIT in this wing.
pub async fn edits(work: &Work<'_>, ty: Type, wing: Wing, account: Uuid) -> Result<bool> {
    let caller = work.caller();
    if table::grants(ty, caller.into()).iter().any(|grant| grant.scope == Scope::All && grant.rights.writes()) {
        return Ok(true);
    }
    let editable = reach::visible_accounts(caller, wing, AccessLevel::Edit);
    let rows = caller.rows::<account::Entity>().by_id(account);
    let rows = rows.filter(reach::in_accounts(account::Column::Id.into_expr(), editable));
    Ok(rows.count(work.tx()).await? > 0)
}

/// [`edits`] of many accounts: those under which the caller may write.
pub async fn edited(work: &Work<'_>, ty: Type, wing: Wing, accounts: &[Uuid]) -> Result<HashSet<Uuid>> {
    let caller = work.caller();
    if table::grants(ty, caller.into()).iter().any(|grant| grant.scope == Scope::All && grant.rights.writes()) {
        return Ok(accounts.iter().copied().collect());
    }
    let mut edited = HashSet::new();
    for chunk in accounts.chunks(500) {
        let editable = reach::visible_accounts(caller, wing, AccessLevel::Edit);
        let rows = caller.rows::<account::Entity>().by_ids(chunk.iter().copied());
        let rows = rows.filter(reach::in_accounts(account::Column::Id.into_expr(), editable));
        edited.extend(rows.all(work.tx()).await?.iter().map(|seen| seen.row().id));
    }
    Ok(edited)
}

/// [`edits`] in the type's own wing, or the refusal of the field that named the account. A row without an account stands under none.
pub async fn may_stand(work: &Work<'_>, ty: Type, path: &str, account: Option<Uuid>) -> Result<()> {
    match account {
        Some(account) if !edits(work, ty, ty.wing(), account).await? => Err(Error::forbidden(path)),
        _ => Ok(()),
    }
}

/// A person whom a row under an account names: one of that account's own, or one whom the caller may change.
pub async fn person(work: &Work<'_>, path: &str, id: GlobalId, account: Option<Uuid>) -> Result<contact::Model> {
    let id = id.named(path, Kind::Contact)?;
    let seen = work.caller().rows_to_write::<contact::Entity>().by_id(id).one(work.tx()).await?;
    let Some(seen) = seen else { return Err(work.missing::<contact::Entity>(path, [id]).await) };
    match of(&seen, account) {
        true => Ok(seen.row().clone()),
        false => Err(Error::invalid(path, "this person works for another account")),
    }
}

/// Some persons as rows of many accounts may name them: by id, those whom the caller may change at least in part.
pub async fn persons(work: &Work<'_>, ids: &[Uuid]) -> Result<HashMap<Uuid, Seen<contact::Model>>> {
    work.many_reached::<contact::Entity>(Type::Contact, ids).await
}

/// What [`person`] asks of a person and an account, for one of [`persons`].
pub fn may_name(
    persons: &HashMap<Uuid, Seen<contact::Model>>,
    path: &str,
    id: Uuid,
    account: Option<Uuid>,
) -> Result<()> {
    match persons.get(&id).ok_or_else(|| Error::missing(path))? {
        seen if of(seen, account) => Ok(()),
        _ => Err(Error::invalid(path, "this person works for another account")),
    }
}

/// [`person`] where one may be left out.
pub async fn person_opt(
    work: &Work<'_>,
    path: &str,
    id: Option<GlobalId>,
    account: Option<Uuid>,
) -> Result<Option<Uuid>> {
    match id {
        Some(id) => Ok(Some(person(work, path, id, account).await?.id)),
        None => Ok(None),
    }
}

/// [`person`] for a patch: absent leaves, null clears.
pub async fn person_patch(
    work: &Work<'_>,
    path: &str,
    id: MaybeUndefined<GlobalId>,
    account: Option<Uuid>,
) -> Result<ActiveValue<Option<Uuid>>> {
    Ok(match id {
        MaybeUndefined::Undefined => ActiveValue::NotSet,
        MaybeUndefined::Null => ActiveValue::Set(None),
        MaybeUndefined::Value(id) => ActiveValue::Set(Some(person(work, path, id, account).await?.id)),
    })
}

/// [`person`] for a list: all of them, or the refusal; one statement.
pub async fn people(work: &Work<'_>, path: &str, ids: Vec<GlobalId>, account: Option<Uuid>) -> Result<Vec<Uuid>> {
    let ids = work.refer_all::<contact::Entity>(path, ids).await?;
    if ids.is_empty() {
        return Ok(ids);
    }
    let found = work.caller().rows_to_write::<contact::Entity>().by_ids(ids.iter().copied()).all(work.tx()).await?;
    match found.iter().all(|seen| of(seen, account)) {
        true => Ok(ids),
        false => Err(Error::invalid(path, "somebody of them works for another account")),
    }
}

/// Of some accounts those under which the caller may put rows of a type: [`may_stand`] for many, in one statement for 500 of them.
pub async fn may_stand_many(
    work: &Work<'_>,
    ty: Type,
    accounts: impl IntoIterator<Item = Uuid>,
) -> Result<HashSet<Uuid>> {
    let caller = work.caller();
    let accounts: HashSet<Uuid> = accounts.into_iter().collect();
    if table::grants(ty, caller.into()).iter().any(|grant| grant.scope == Scope::All && grant.rights.writes()) {
        return Ok(accounts);
    }
    let accounts: Vec<Uuid> = accounts.into_iter().collect();
    let mut standing = HashSet::new();
    for chunk in accounts.chunks(500) {
        let editable = reach::visible_accounts(caller, ty.wing(), AccessLevel::Edit);
        let rows = caller.rows::<account::Entity>().by_ids(chunk.iter().copied());
        let rows = rows.filter(reach::in_accounts(account::Column::Id.into_expr(), editable));
        standing.extend(rows.all(work.tx()).await?.iter().map(|seen| seen.row().id));
    }
    Ok(standing)
}

/// The people of some ids whom the caller may change, to be judged by [`is_of`]: [`person`] for many, in one statement for 500.
pub async fn people_many(
    work: &Work<'_>,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Seen<contact::Model>>> {
    let ids: HashSet<Uuid> = ids.into_iter().collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut people = HashMap::new();
    for chunk in ids.chunks(500) {
        let rows =
            work.caller().rows_to_write::<contact::Entity>().by_ids(chunk.iter().copied()).all(work.tx()).await?;
        people.extend(rows.into_iter().map(|seen| (seen.row().id, seen)));
    }
    Ok(people)
}

/// Whether a row under an account may name a person.
pub fn is_of(seen: &Seen<contact::Model>, account: Option<Uuid>) -> bool {
    of(seen, account)
}

fn of(seen: &Seen<contact::Model>, account: Option<Uuid>) -> bool {
    seen.row().account_id == account || seen.rights().may_write(Class::P, "account")
}

/// Who shall have something from now on: a colleague who works here, or who has it already.
pub async fn owner_patch(
    work: &Work<'_>,
    path: &str,
    held: Option<Uuid>,
    id: MaybeUndefined<GlobalId>,
) -> Result<ActiveValue<Option<Uuid>>> {
    match id {
        MaybeUndefined::Undefined => Ok(ActiveValue::NotSet),
        MaybeUndefined::Null => Ok(Set(None)),
        MaybeUndefined::Value(id) if Some(id.uuid) == held => {
            Ok(Set(Some(work.refer::<colleague::Entity>(path, id).await?.row().id)))
        }
        MaybeUndefined::Value(id) => Ok(Set(Some(refer_active(work, path, id).await?))),
    }
}

/// [`owner_patch`] of something new.
pub async fn owner(work: &Work<'_>, path: &str, id: Option<GlobalId>) -> Result<Option<Uuid>> {
    match id {
        Some(id) => refer_active(work, path, id).await.map(Some),
        None => Ok(None),
    }
}
