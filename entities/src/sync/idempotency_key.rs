//! `idempotency_key`: a request that was made under a key, and what was answered.

use sea_orm::entity::prelude::*;

/// A request that was made under a key, and what was answered.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// Whose key it is: the subject of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    /// The key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Hash of the request's body.
    #[sea_orm(column_type = "Text")]
    pub request_hash: String,
    /// PII: what was answered; null only within the unit of work that answers.
    #[sea_orm(column_type = "Json", nullable)]
    pub answer: Option<Json>,
    /// When it was made; it counts for 24 hours.
    pub created_at: DateTimeUtc,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
