//! `import_row`: what became of a row of an import.

use sea_orm::entity::prelude::*;

use crate::codes::{ImportResult, UndoResult};

/// What became of a row of an import.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "import_row")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    /// The line of the file in which the row begins, from 1 on.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    /// PII: the row's key in its system, at most 255 characters of it; null where it has none.
    #[sea_orm(column_type = "Text", nullable)]
    pub external_id: Option<String>,
    /// What the record is: the prefix of its id; null where there is none.
    #[sea_orm(column_type = "Text", nullable)]
    pub object_type: Option<String>,
    /// The record; null where there is none.
    pub object_id: Option<Uuid>,
    /// What became of the row.
    pub result: ImportResult,
    /// The record's version after it; null where there is none.
    pub record_version: Option<i64>,
    /// The fields that changed.
    pub changed_fields: Json,
    /// PII: the changed fields as they were before; null where there was no record, or once they were destroyed.
    pub before: Option<Json>,
    /// PII: why it was not taken; null where it was.
    pub errors: Option<Json>,
    /// What taking it back did; null before.
    pub undo_result: Option<UndoResult>,
    /// The record's version after it was taken back.
    pub undo_version: Option<i64>,
    /// PII: why it could not be taken back; null where it could.
    pub undo_errors: Option<Json>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
