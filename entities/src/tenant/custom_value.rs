//! `custom_value`: the index of the values of custom fields, for filters and orders. Exactly one value of a row is set.

use sea_orm::entity::prelude::*;

/// A value of a custom field, as it is found and sorted; what is shown stands in the row itself, and this goes with it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "custom_value")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// The field.
    #[sea_orm(primary_key, auto_increment = false)]
    pub field_id: Uuid,
    /// The row of the field's entity.
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_id: Uuid,
    /// PII: the first 100 characters of a text, ASCII letters in lower case: what is sorted by.
    #[sea_orm(column_type = "Text", nullable)]
    pub text_key: Option<String>,
    /// PII: a text, or the code of a choice.
    #[sea_orm(column_type = "Text", nullable)]
    pub text_value: Option<String>,
    /// PII: a number in millionths.
    pub number_value: Option<i64>,
    /// PII: a date.
    pub date_value: Option<chrono::NaiveDate>,
    /// PII: true or false.
    pub boolean_value: Option<bool>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
