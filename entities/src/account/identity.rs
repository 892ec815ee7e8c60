//! `identity`: a value that recognises a subject, kept as a hash.

use sea_orm::entity::prelude::*;

use crate::codes::{IdentityKind, IdentityStrength, SubjectType};

/// A value that recognises a subject, kept as a hash.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "identity")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What kind of value.
    pub kind: IdentityKind,
    /// HMAC of the normalised value with the tenant's key.
    #[sea_orm(column_type = "Text")]
    pub value_hash: String,
    /// How far it may be trusted.
    pub strength: IdentityStrength,
    /// `CONTACT`, `VISITOR` or `ACCOUNT`.
    pub subject_type: SubjectType,
    /// Whom it recognises.
    pub subject_id: Uuid,
    /// The first moment that it counts.
    pub valid_from: DateTimeUtc,
    /// The first moment after; null while it counts.
    pub valid_to: Option<DateTimeUtc>,
    /// The rule that made the link. Kept when the rule is gone.
    pub identity_rule_id: Option<Uuid>,
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
