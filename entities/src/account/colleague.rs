//! `colleague`: somebody of the company itself, as opposed to its customers.

use sea_orm::entity::prelude::*;

use crate::codes::Discipline;

/// Somebody of the company itself, as opposed to its customers.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "colleague")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The `sub` of the colleague's token; null until the person signs in.
    #[sea_orm(column_type = "Text", nullable)]
    pub subject: Option<String>,
    /// PII: the colleague's name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// PII: the colleague's mail address.
    #[sea_orm(column_type = "Text")]
    pub email: String,
    /// Where the colleague works.
    pub department: Discipline,
    /// PII: what the colleague does.
    #[sea_orm(column_type = "Text", nullable)]
    pub title: Option<String>,
    /// False once the colleague has left.
    pub is_active: bool,
    /// When it was deleted; null while it lives. Rows that the journal names are never removed.
    pub deleted_at: Option<DateTimeUtc>,
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
