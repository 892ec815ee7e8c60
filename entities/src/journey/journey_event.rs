//! `journey_event`: something that happened, for ever. Holds no names, no addresses and no free text.

use sea_orm::entity::prelude::*;

use crate::codes::EventDomain;

/// Something that happened, for ever. Holds no names, no addresses and no free text.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "journey_event")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// A UUID v7 of the moment when it happened, so that the key is the order of the timeline.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Such as `page.viewed`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Which part of the journey.
    pub domain: EventDomain,
    /// When Journey learned of it; rises strictly within a tenant.
    pub recorded_at: DateTimeUtc,
    /// True when the source gave no possible time.
    pub time_uncertain: bool,
    /// Code of the system that told it; null for Journey itself.
    #[sea_orm(column_type = "Text", nullable)]
    pub source: Option<String>,
    /// The source's own order among its events.
    pub source_seq: Option<i64>,
    /// The colleague who did it; null for customers and machines.
    pub actor_id: Option<Uuid>,
    /// The table of the row that it is about.
    #[sea_orm(column_type = "Text")]
    pub object_type: String,
    /// That row's id.
    pub object_id: Uuid,
    /// The account of that time.
    pub account_id: Option<Uuid>,
    /// Who may see it: `TEAM`, `DISCIPLINE:SALES`, `PRIVATE:<uuid>`, `QUEUE:<uuid>`.
    #[sea_orm(column_type = "Text")]
    pub audience: String,
    /// How much it matters on a timeline: higher is more.
    pub importance: i32,
    /// The event that it corrects, undoes or retracts.
    pub supersedes: Option<Uuid>,
    /// Whom it is about, an array: type, id and role.
    pub subjects: Json,
    /// Codes, ids and amounts, in the kind's own shape.
    pub payload: Json,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
