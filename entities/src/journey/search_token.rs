//! `search_token`: one piece of a word in a record. Made anew whenever the record changes, by the write path itself.

use sea_orm::entity::prelude::*;

use crate::codes::{SearchEntity, SearchField};

/// One piece of a word in a record. PII: the pieces of a name make the name again; they go with their row.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "search_token")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// PII: three letters of a word, or a whole number.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub token: String,
    /// What is found.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity: SearchEntity,
    /// In which of its fields.
    #[sea_orm(primary_key, auto_increment = false)]
    pub field: SearchField,
    /// Which one is found.
    #[sea_orm(primary_key, auto_increment = false)]
    pub row_id: Uuid,
    /// The row that holds the word: the record itself, or one of its contact points.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: Uuid,
    /// How many pieces the whole field has.
    pub size: i32,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
