//! `merge_operation`: one merge of two rows, kept so that it can be undone.

use sea_orm::entity::prelude::*;

use crate::codes::SubjectType;

/// One merge of two rows, kept so that it can be undone.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "merge_operation")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What was merged.
    pub subject_type: SubjectType,
    /// The row that stays.
    pub survivor_id: Uuid,
    /// The row that became an alias.
    pub merged_id: Uuid,
    /// PII: free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// Who did it; null for a machine.
    pub actor_id: Option<Uuid>,
    /// When.
    pub merged_at: DateTimeUtc,
    /// When it was undone; null otherwise.
    pub undone_at: Option<DateTimeUtc>,
    /// PII: both rows as they were; null once a person in it was erased, and undo is then impossible.
    pub before_image: Option<Json>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
