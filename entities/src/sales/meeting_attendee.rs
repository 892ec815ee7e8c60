//! `meeting_attendee`: somebody invited to a meeting; exactly one of contact and colleague is set.

use sea_orm::entity::prelude::*;

use crate::codes::AttendeeResponse;

/// Somebody invited to a meeting; exactly one of contact and colleague is set.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "meeting_attendee")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The meeting.
    pub meeting_id: Uuid,
    /// The customer's person.
    pub contact_id: Option<Uuid>,
    /// The company's person.
    pub colleague_id: Option<Uuid>,
    /// What the person answered.
    pub response: AttendeeResponse,
    /// Whether the person came; null before the meeting.
    pub attended: Option<bool>,
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
