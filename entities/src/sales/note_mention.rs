//! `note_mention`: whom a note calls.

use sea_orm::entity::prelude::*;

/// Whom a note calls.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "note_mention")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// The note.
    #[sea_orm(primary_key, auto_increment = false)]
    pub note_id: Uuid,
    /// The colleague who is called.
    #[sea_orm(primary_key, auto_increment = false)]
    pub colleague_id: Uuid,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
