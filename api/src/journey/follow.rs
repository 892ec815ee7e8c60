//! What a unit of work must know whoever is calling: the next number of a series, and the rows that follow from a row that the
//! caller may change. Their names say that no scope guards them; what they find never travels to the caller.

use chrono::{DateTime, Utc};
use entities::journey::feed_counter;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType};
use uuid::Uuid;

use super::{Journaled, Work};
use crate::graph::{Cx, Result};

/// When the tenant's last change was recorded: what figures know of.
pub async fn watermark(cx: &Cx) -> Result<Option<DateTime<Utc>>> {
    let counter = feed_counter::Entity::find().filter(feed_counter::Column::TenantId.eq(cx.caller.tenant));
    let counter = counter.one(&cx.db()).await?.filter(|counter| counter.position > 0);
    Ok(counter.map(|counter| counter.last_recorded_at))
}

impl Work<'_> {
    /// Holds the tenant's counter row until the end: no other unit of work of the tenant comes to its own end meanwhile. On SQLite
    /// the transaction is the lock.
    pub async fn alone_unscoped(&self) -> Result<()> {
        feed_counter::Entity::find()
            .filter(feed_counter::Column::TenantId.eq(self.tenant()))
            .lock_exclusive()
            .one(self.tx())
            .await?;
        Ok(())
    }

    /// Holds a row until the end: of two units of work that look under it before they insert there, the second sees what the first
    /// did. On SQLite the transaction is the lock.
    pub async fn hold_unscoped<E: Journaled>(&self, id: Uuid) -> Result<()> {
        let row = E::find().filter(E::TENANT.eq(self.tenant())).filter(E::ID.eq(id));
        row.lock(LockType::NoKeyUpdate).one(self.tx()).await?;
        Ok(())
    }

    /// The number after the highest in `column`, over all rows of the tenant, deleted ones too. Alone, so that two units of
    /// work never take the same number.
    pub async fn next_number_unscoped<E: Journaled>(&self, column: E::Column) -> Result<i64> {
        self.alone_unscoped().await?;
        let highest: Option<Option<i64>> = E::find()
            .select_only()
            .column_as(column.max(), "highest")
            .filter(E::TENANT.eq(self.tenant()))
            .into_tuple()
            .one(self.tx())
            .await?;
        Ok(highest.flatten().unwrap_or(0) + 1)
    }

    /// The rows that follow from `parent`, whoever sees them: a ticket's clocks run on when an agent works on it who may not
    /// read service levels. What was taken away does not follow. The right to change `parent` was checked before.
    pub async fn following_unscoped<E: Journaled>(&self, by: E::Column, parent: Uuid) -> Result<Vec<E::Model>> {
        let mut rows = E::find().filter(E::TENANT.eq(self.tenant())).filter(by.eq(parent));
        if let Some(deleted) = E::DELETED {
            rows = rows.filter(deleted.is_null());
        }
        Ok(rows.all(self.tx()).await?)
    }
}
