//! Whether a tenant's rows, journal, subjects, feed and stages agree, and where not. A named hole in the row rule: it looks at
//! the whole tenant, as the house itself, for whoever has the database's address anyway.
//!
//! Reads one snapshot, so that it may run beside a server; pages by key, so that it needs little memory for any number of rows.
//! To add a check: a function like those in the files below, and a line in [`tenant`].

mod feed;
mod merges;
mod money;
mod named;
mod snapshots;
mod stages;
mod subjects;
#[cfg(test)]
mod tests;

use std::fmt::Display;

use entities::tenant::tenant;
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, QueryOrder, QuerySelect};

use crate::store::Store;

/// How many findings of one check are told.
pub const MOST: usize = 100;

/// How many rows are looked at at once.
const PAGE: u64 = 1000;

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: a type and an id, or a position.
    pub id: String,
    /// What should stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

/// One question, and its answer.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was asked, as a statement that should hold.
    pub name: &'static str,
    /// How many rows were looked at.
    pub looked_at: u64,
    /// Where the statement does not hold, at most [`MOST`].
    pub findings: Vec<Finding>,
    /// Whether there is more than was told.
    pub more: bool,
}

impl Check {
    fn new(name: &'static str) -> Check {
        Check { name, looked_at: 0, findings: Vec::new(), more: false }
    }

    fn wrong(&mut self, id: impl Display, expected: impl Display, found: impl Display) {
        if self.findings.len() == MOST {
            self.more = true;
            return;
        }
        let (id, expected, found) = (id.to_string(), expected.to_string(), found.to_string());
        self.findings.push(Finding { id, expected, found });
    }

    /// Tells where `expected` and `found` differ, field by field.
    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, id: impl Display, field: &str, expected: &T, found: &T) {
        if expected != found {
            self.wrong(id, format!("{field} {expected:?}"), format!("{found:?}"));
        }
    }
}

/// The tenants of the database: id and slug.
pub async fn tenants(store: &Store) -> Result<Vec<(i64, String)>, DbErr> {
    tenant::Entity::find()
        .select_only()
        .columns([tenant::Column::Id, tenant::Column::Slug])
        .order_by_asc(tenant::Column::Id)
        .into_tuple()
        .all(store.db())
        .await
}

/// What one check reads.
struct Reader<'a> {
    tx: &'a DatabaseTransaction,
    tenant: i64,
}

/// Asks every question about one tenant.
pub async fn tenant(store: &Store, tenant: i64) -> Result<Vec<Check>, DbErr> {
    let tx = store.snapshot().await?;
    let reader = Reader { tx: &tx, tenant };
    let mut checks = Vec::new();
    checks.push(named::rows_are_named(&reader).await?);
    checks.push(named::objects_exist(&reader).await?);
    checks.push(subjects::subjects_are_written(&reader).await?);
    checks.push(subjects::subjects_are_copied(&reader).await?);
    checks.push(feed::positions_follow(&reader).await?);
    checks.push(feed::events_are_fed_once(&reader).await?);
    checks.push(feed::counter_is_last(&reader).await?);
    checks.push(stages::stages_are_open_intervals(&reader).await?);
    checks.push(stages::intervals_have_objects(&reader).await?);
    checks.push(snapshots::snapshots_chain(&reader).await?);
    checks.push(money::money_has_a_currency(&reader).await?);
    checks.push(merges::nothing_names_an_alias(&reader).await?);
    checks.push(merges::redirects_lead_on(&reader).await?);
    tx.rollback().await?;
    Ok(checks)
}
