//! `survey_answer`: what a customer answered to a survey.

use sea_orm::entity::prelude::*;

use crate::codes::SurveyKind;

/// What a customer answered to a survey.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "survey_answer")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What was asked.
    pub kind: SurveyKind,
    /// The highest mark.
    pub scale: i32,
    /// The mark given.
    pub score: i32,
    /// PII: free text.
    #[sea_orm(column_type = "Text", nullable)]
    pub comment: Option<String>,
    /// The ticket it is about.
    pub ticket_id: Option<Uuid>,
    /// Who answered.
    pub contact_id: Option<Uuid>,
    /// Copied: the team rule reads it.
    pub account_id: Option<Uuid>,
    /// When.
    pub answered_at: DateTimeUtc,
    /// Counts up with every change: the optimistic lock.
    pub version: i64,
    /// When the row was written first.
    pub created_at: DateTimeUtc,
    /// When the row was changed last.
    pub updated_at: DateTimeUtc,
    /// Taken away then, and kept because the journal names it; null while it stands.
    pub deleted_at: Option<DateTimeUtc>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
