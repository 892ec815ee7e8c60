//! `definition`: one revision of a rule that a tenant sets itself, kept so that old figures can be explained.

use sea_orm::entity::prelude::*;

use crate::codes::DefinitionKind;

/// One revision of a rule that a tenant sets itself, kept so that old figures can be explained.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "definition")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it defines.
    pub kind: DefinitionKind,
    /// Which one of its kind.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// Counts up with every change of meaning (`version` is the row's own lock).
    pub revision: i64,
    /// The rule, an object whose shape depends on the kind.
    pub body: Json,
    /// The first moment that it holds.
    pub valid_from: DateTimeUtc,
    /// The first moment after it; null while it holds.
    pub valid_to: Option<DateTimeUtc>,
    /// Counts up with every change: the optimistic lock.
    pub version: i64,
    /// When the row was written first.
    pub created_at: DateTimeUtc,
    /// When the row was changed last.
    pub updated_at: DateTimeUtc,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
