//! `id_redirect`: the id of a merged row and the id that answers for it, for ever.

use sea_orm::entity::prelude::*;

use crate::codes::SubjectType;

/// The id of a merged row and the id that answers for it, for ever.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "id_redirect")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// What was merged.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_type: SubjectType,
    /// The id that was given up.
    #[sea_orm(primary_key, auto_increment = false)]
    pub old_id: Uuid,
    /// The id that answers now.
    pub new_id: Uuid,
    /// The merge that did it.
    pub merge_operation_id: Option<Uuid>,
    /// When.
    pub redirected_at: DateTimeUtc,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
