//! `feed_counter`: the last position of a tenant's feed; locked last in each write, so that positions commit in order.

use sea_orm::entity::prelude::*;

/// The last position of a tenant's feed; locked last in each write, so that positions commit in order.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "feed_counter")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// The last position given out.
    pub position: i64,
    /// The last `recorded_at` given out.
    pub last_recorded_at: DateTimeUtc,
    /// Whose fields are watched: the fields' names by the kinds of records, as the journal names them; null where none is. Here because
    /// each write reads this row anyway.
    #[sea_orm(column_type = "Json", nullable)]
    pub watched: Option<Json>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
