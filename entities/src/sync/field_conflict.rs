//! `field_conflict`: what a system said of a field that was not taken.

use sea_orm::entity::prelude::*;

use crate::codes::{ConflictState, FieldRule};

/// What a system said of a field that was not taken: one row a system, record and field.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "field_conflict")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The system.
    pub source_id: Uuid,
    /// Whose field, as in `external_ref.entity_type`.
    #[sea_orm(column_type = "Text")]
    pub entity: String,
    /// The record.
    pub object_id: Uuid,
    /// The field, as the graph calls it.
    #[sea_orm(column_type = "Text")]
    pub field: String,
    /// The rule that kept the value.
    pub rule: FieldRule,
    /// PII: what the system said, in a list of one: null is a value, too.
    #[sea_orm(column_type = "Json")]
    pub value: Json,
    /// PII: what the record held then, in a list of one.
    #[sea_orm(column_type = "Json")]
    pub held: Json,
    /// When it was said.
    pub sent_at: DateTimeUtc,
    /// What became of it.
    pub state: ConflictState,
    /// Who decided; null for a machine, and while nobody has.
    pub resolved_by_id: Option<Uuid>,
    /// When it was decided, or went away; null while it is open.
    pub resolved_at: Option<DateTimeUtc>,
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
