//! The tenant's own row: the one row that has a number and no UUID, and that no scope reaches. Its event names it by its number.

use entities::tenant::tenant;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable, QueryFilter, Set,
};

use super::{Event, EventKind, Payload, Work};
use crate::graph::{Error, Result};

impl Work<'_> {
    /// The caller's own tenant. A named hole: there is no scope on the row that all scopes stand on.
    pub async fn tenant_unscoped(&self) -> Result<tenant::Model> {
        tenant::Entity::find_by_id(self.tenant()).one(self.tx()).await?.ok_or(Error::NotFound)
    }

    /// Changes the tenant's own row where it still has the version that was seen. `row` holds the changed columns only. The right
    /// to this was checked before.
    pub async fn update_tenant_unscoped(
        &mut self,
        before: tenant::Model,
        mut row: tenant::ActiveModel,
    ) -> Result<tenant::Model> {
        let old = before.clone().into_active_model();
        let changed = tenant::Column::iter().filter(|column| match row.get(*column) {
            ActiveValue::Set(new) => Some(&new) != old.get(*column).into_value().as_ref(),
            ActiveValue::Unchanged(_) | ActiveValue::NotSet => false,
        });
        let fields: Vec<String> = changed.map(|column| column.as_str().to_owned()).collect();
        if fields.is_empty() {
            return Ok(before);
        }
        row.version = Set(before.version + 1);
        row.updated_at = Set(self.now());
        let changed = tenant::Entity::update_many()
            .set(row)
            .filter(tenant::Column::Id.eq(before.id))
            .filter(tenant::Column::Version.eq(before.version))
            .exec(self.tx())
            .await?;
        if changed.rows_affected == 0 {
            return Err(Error::version_conflict(before.version + 1));
        }
        self.record(Event::of_tenant(EventKind::RecordUpdated, before.id, Payload::Record { fields }));
        self.tenant_unscoped().await
    }
}
