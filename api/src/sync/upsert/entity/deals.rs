//! Records that must be of the same customer as the rows that name them.

use std::collections::HashMap;

use sea_orm::ActiveValue;
use uuid::Uuid;

use crate::{
    graph::{Error, Result},
    journey::{Journaled, Work},
};

/// The accounts of some records.
pub struct Deals<E: Journaled> {
    of: HashMap<Uuid, Option<Uuid>>,
    table: std::marker::PhantomData<fn() -> E>,
}

impl<E: Journaled> Deals<E> {
    /// Looks them up: of those that the caller may see.
    pub async fn find(work: &Work<'_>, ids: &[Uuid]) -> Result<Deals<E>> {
        let mut of = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(500) {
            let rows = work.caller().rows::<E>().by_ids(chunk.iter().copied()).all(work.tx()).await?;
            of.extend(rows.iter().map(|seen| (E::id(seen.row()), E::account_id(seen.row()))));
        }
        Ok(Deals { of, table: std::marker::PhantomData })
    }

    /// Refuses another record than the held one that is not the account's own.
    pub fn check(
        &self,
        path: &str,
        said: &ActiveValue<Option<Uuid>>,
        held: Option<Uuid>,
        account: Option<Uuid>,
    ) -> Result<()> {
        match said {
            ActiveValue::Set(Some(id)) if Some(*id) != held => self.own(path, *id, account),
            _ => Ok(()),
        }
    }

    /// Refuses a record that is not the account's own.
    pub fn own(&self, path: &str, id: Uuid, account: Option<Uuid>) -> Result<()> {
        match self.of.get(&id) {
            None => Err(Error::missing(path)),
            Some(of) if *of == account => Ok(()),
            Some(_) => Err(Error::invalid(path, "this belongs to another account")),
        }
    }
}
