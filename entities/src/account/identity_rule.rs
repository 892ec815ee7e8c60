//! `identity_rule`: how identities of one kind may link and merge subjects.

use sea_orm::entity::prelude::*;

use crate::codes::IdentityKind;

/// How identities of one kind may link and merge subjects.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "identity_rule")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The kind that it governs; one rule each.
    pub kind: IdentityKind,
    /// With more values than this a subject is suspicious.
    pub max_per_subject: i32,
    /// With more subjects than this a value is shared and proves nothing.
    pub max_subjects_per_value: i32,
    /// Whether a match merges without a person's decision.
    pub auto_merge: bool,
    /// Which rule goes first: the lower number.
    pub priority: i32,
    /// Counts up with every change: the optimistic lock.
    pub version: i64,
    /// When the row was written first.
    pub created_at: DateTimeUtc,
    /// When the row was changed last.
    pub updated_at: DateTimeUtc,
    /// When it was taken away; null while it stands.
    pub deleted_at: Option<DateTimeUtc>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
