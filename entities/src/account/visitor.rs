//! `visitor`: somebody not known by name: a browser, a device.

use sea_orm::entity::prelude::*;

use crate::codes::ConsentState;

/// Somebody not known by name: a browser, a device.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "visitor")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The first sign.
    pub first_seen_at: DateTimeUtc,
    /// The latest sign.
    pub last_seen_at: DateTimeUtc,
    /// What the visitor said about being measured.
    pub consent_state: ConsentState,
    /// Who it turned out to be; set by linking.
    pub contact_id: Option<Uuid>,
    /// Whose visitor it turned out to be; set by linking.
    pub account_id: Option<Uuid>,
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
