//! `custom_field`: a field that a tenant has added to one of the house's entities.

use sea_orm::entity::prelude::*;

use crate::codes::{CustomEntity, CustomFieldType};

/// A field that a tenant has added to one of the house's entities. The values stand in the rows' column `custom`, under the code.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "custom_field")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose field it is.
    pub entity: CustomEntity,
    /// Its name for machines, unique among the entity's fields, those taken away included.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// What it holds; never changes.
    pub field_type: CustomFieldType,
    /// What people call it in German.
    #[sea_orm(column_type = "Text")]
    pub label_de: String,
    /// What people call it in English.
    #[sea_orm(column_type = "Text")]
    pub label_en: String,
    /// What it is for; null where unsaid.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// The class of its values: one letter of the access table.
    #[sea_orm(column_type = "Text")]
    pub class: String,
    /// What can be chosen: a list of objects with `code`, `de` and `en`; empty for other types.
    pub choices: Json,
    /// Whether a value can not be cleared.
    pub is_required: bool,
    /// Its place among the entity's fields, rising.
    pub position: i32,
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
