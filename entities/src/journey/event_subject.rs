//! `event_subject`: whom an event is about. Its key is every timeline.

use sea_orm::entity::prelude::*;

use crate::codes::{EventDomain, SubjectType};

/// Whom an event is about. Its key is every timeline.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event_subject")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// What the subject is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_type: SubjectType,
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_id: Uuid,
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The subject's part in it.
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// The event's kind, copied for filters.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// The event's domain, copied for filters.
    pub domain: EventDomain,
    /// The event's importance, copied for filters.
    pub importance: i32,
    /// The event's account, copied for visibility.
    pub account_id: Option<Uuid>,
    /// The event's object type, copied for visibility.
    #[sea_orm(column_type = "Text")]
    pub object_type: String,
    /// The event's audience, copied for visibility.
    #[sea_orm(column_type = "Text")]
    pub audience: String,
    /// The link or merge that added this row later; undoing it deletes exactly these.
    pub via_operation: Option<Uuid>,
    /// When another event took its place: the one column that changes.
    pub superseded_at: Option<DateTimeUtc>,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
