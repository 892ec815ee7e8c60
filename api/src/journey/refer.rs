//! The rows that a write stands on: those that the caller wants to change, and those that an input refers to. Each is found under the
//! caller's own rights; what is not, by a method that says so in its name.

use async_graphql::MaybeUndefined;
use sea_orm::{ActiveValue, ColumnTrait, QueryFilter, Set, sea_query::IntoCondition};
use uuid::Uuid;

use super::{Journaled, Work};
use crate::{
    graph::{Error, GlobalId, Result, merged_into, require_write},
    policy::{Class, Seen, Type},
};

impl Work<'_> {
    /// A row that the caller wants to change: reached, at the version that it has seen, with the right to write each field.
    pub async fn to_change<E: Journaled>(
        &self,
        id: Uuid,
        if_version: Option<i32>,
        written: &[(Class, &'static str)],
    ) -> Result<Seen<E::Model>> {
        self.to_change_as::<E>(E::TYPE, id, if_version, written).await
    }

    /// [`Work::to_change`] under another line of the access table than the table's own.
    pub async fn to_change_as<E: Journaled>(
        &self,
        ty: Type,
        id: Uuid,
        if_version: Option<i32>,
        written: &[(Class, &'static str)],
    ) -> Result<Seen<E::Model>> {
        // Held until the commit: who said no version waits for a writer before, and writes last.
        let rows = self.cx.caller.rows_to_write_as::<E>(ty).by_id(id).held();
        let Some(seen) = rows.one(&self.tx).await? else { return Err(self.missing::<E>("id", [id]).await) };
        require_write(seen.rights(), written)?;
        let version = E::version(seen.row());
        match if_version {
            Some(expected) if i64::from(expected) != version => Err(Error::version_conflict(version)),
            _ => Ok(seen),
        }
    }

    /// A row after a write: it must still be reached, with the right to write what was written. Else nothing happened.
    pub async fn reached<E: Journaled>(&self, id: Uuid, written: &[(Class, &'static str)]) -> Result<Seen<E::Model>> {
        self.reached_as::<E>(E::TYPE, id, written).await
    }

    /// [`Work::reached`] under another line of the access table than the table's own.
    pub async fn reached_as<E: Journaled>(
        &self,
        ty: Type,
        id: Uuid,
        written: &[(Class, &'static str)],
    ) -> Result<Seen<E::Model>> {
        let rows = self.cx.caller.rows_to_write_as::<E>(ty).by_id(id);
        let seen = rows.one(&self.tx).await?.ok_or_else(|| Error::forbidden(""))?;
        require_write(seen.rights(), written)?;
        Ok(seen)
    }

    /// A row that an input refers to, if the caller may see it.
    pub async fn refer<E: Journaled>(&self, path: &str, id: GlobalId) -> Result<Seen<E::Model>> {
        let uuid = id.named(path, E::OBJECT.kind())?;
        match self.cx.caller.rows::<E>().by_id(uuid).one(&self.tx).await? {
            Some(seen) => Ok(seen),
            None => Err(self.missing::<E>(path, [uuid]).await),
        }
    }

    /// The refusal of ids that lead nowhere: MERGED, with the id that answers now, where one of them was merged into a record that the
    /// caller sees; else NOT_FOUND.
    pub async fn missing<E: Journaled>(&self, path: &str, ids: impl IntoIterator<Item = Uuid>) -> Error {
        let ids: Vec<Uuid> = ids.into_iter().collect();
        match merged_into::<E, _>(&self.cx.caller, &self.tx, E::OBJECT.kind(), ids).await {
            Ok(Some(new_id)) => Error::merged_at(path, new_id),
            Ok(None) => Error::missing(path),
            Err(cause) => cause.into(),
        }
    }

    /// [`Work::refer`] for a reference that may be left out.
    pub async fn refer_opt<E: Journaled>(&self, path: &str, id: Option<GlobalId>) -> Result<Option<Uuid>> {
        match id {
            Some(id) => Ok(Some(E::id(self.refer::<E>(path, id).await?.row()))),
            None => Ok(None),
        }
    }

    /// [`Work::refer`] for a list: all of them, or the refusal; one statement.
    pub async fn refer_all<E: Journaled>(&self, path: &str, ids: Vec<GlobalId>) -> Result<Vec<Uuid>> {
        let mut wanted = ids.into_iter().map(|id| id.named(path, E::OBJECT.kind())).collect::<Result<Vec<Uuid>>>()?;
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(wanted);
        }
        let found = self.cx.caller.rows::<E>().by_ids(wanted.iter().copied()).all(&self.tx).await?;
        match found.len() == wanted.len() {
            true => Ok(wanted),
            false => {
                let held: Vec<Uuid> = found.iter().map(|seen| E::id(seen.row())).collect();
                Err(self.missing::<E>(path, wanted.into_iter().filter(|id| !held.contains(id))).await)
            }
        }
    }

    /// [`Work::refer`] for a patch: absent leaves, null clears.
    pub async fn refer_patch<E: Journaled>(
        &self,
        path: &str,
        id: MaybeUndefined<GlobalId>,
    ) -> Result<ActiveValue<Option<Uuid>>> {
        match id {
            MaybeUndefined::Undefined => Ok(ActiveValue::NotSet),
            MaybeUndefined::Null => Ok(Set(None)),
            MaybeUndefined::Value(id) => Ok(Set(Some(E::id(self.refer::<E>(path, id).await?.row())))),
        }
    }

    /// [`Work::refer_patch`] for a reference that cannot be cleared.
    pub async fn refer_patch_required<E: Journaled>(
        &self,
        path: &str,
        id: MaybeUndefined<GlobalId>,
    ) -> Result<ActiveValue<Uuid>> {
        match id {
            MaybeUndefined::Undefined => Ok(ActiveValue::NotSet),
            MaybeUndefined::Null => Err(Error::invalid(path, "this cannot be cleared")),
            MaybeUndefined::Value(id) => Ok(Set(E::id(self.refer::<E>(path, id).await?.row()))),
        }
    }

    /// A row that must follow a change of another that the caller may make, whether or not the caller reaches it: the person
    /// behind a lead that is decided. A named hole: nothing of the row goes back to the caller.
    pub async fn follow_unscoped<E: Journaled>(&self, id: Uuid) -> Result<Option<E::Model>> {
        Ok(E::find().filter(E::TENANT.eq(self.cx.caller.tenant)).filter(E::ID.eq(id)).one(&self.tx).await?)
    }

    /// How many rows stand in the way of a change, whoever may see them. A named hole: nothing but "some" or "none" goes back.
    pub async fn tally_unscoped<E: Journaled>(&self, which: impl IntoCondition) -> Result<u64> {
        use sea_orm::PaginatorTrait;
        let mut rows = E::find().filter(E::TENANT.eq(self.cx.caller.tenant)).filter(which.into_condition());
        if let Some(deleted) = E::DELETED {
            rows = rows.filter(deleted.is_null());
        }
        Ok(rows.count(&self.tx).await?)
    }
}
