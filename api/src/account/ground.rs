//! What stands under an account, and who may put it there. Whoever makes a row is its author, its owner or its assignee, and would
//! reach it by that alone; so the account is asked first.

use entities::{
    account::{account, contact},
    codes::AccessLevel,
};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use crate::{
    graph::{Error, GlobalId, Kind, Result},
    journey::Work,
    policy::{Class, Scope, Type, reach, table},
};

/// Whether the caller may write rows of a type under an account: by a cell for all rows, or by EDIT in the type's wing.
pub async fn edits(work: &Work<'_>, ty: Type, account: Uuid) -> Result<bool> {
    let caller = work.caller();
    if table::grants(ty, caller.roles).iter().any(|grant| grant.scope == Scope::All && grant.rights.writes()) {
        return Ok(true);
    }
    let editable = reach::visible_accounts(caller, ty.wing(), AccessLevel::Edit);
    let rows = caller.rows::<account::Entity>().by_id(account);
    let rows = rows.filter(reach::in_accounts(account::Column::Id.into_expr(), editable));
    Ok(rows.count(work.tx()).await? > 0)
}

/// [`edits`], or the refusal of the field that named the account. A row without an account stands under none.
pub async fn may_stand(work: &Work<'_>, ty: Type, path: &str, account: Option<Uuid>) -> Result<()> {
    match account {
        Some(account) if !edits(work, ty, account).await? => Err(Error::forbidden(path)),
        _ => Ok(()),
    }
}

/// A person whom a row under an account names: one of that account's own, or one whom the caller may change.
pub async fn person(work: &Work<'_>, path: &str, id: GlobalId, account: Option<Uuid>) -> Result<contact::Model> {
    let id = id.named(path, Kind::Contact)?;
    let seen = work.caller().rows_to_write::<contact::Entity>().by_id(id).one(work.tx()).await?;
    let seen = seen.ok_or_else(|| Error::missing(path))?;
    let own = account.is_some() && seen.row().account_id == account;
    match own || seen.rights().may_write(Class::P, "account") {
        true => Ok(seen.row().clone()),
        false => Err(Error::invalid(path, "this person works for another account")),
    }
}
