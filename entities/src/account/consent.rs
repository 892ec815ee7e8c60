//! `consent`: what a person allows, for one purpose on one channel, as of a time.

use sea_orm::entity::prelude::*;

use crate::codes::{ConsentPurpose, ConsentState, ContactPointKind, LegalBasis};

/// What a person allows, for one purpose on one channel, as of a time.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The person.
    pub contact_id: Uuid,
    /// What for.
    pub purpose: ConsentPurpose,
    /// By which kind of contact point; null for a purpose without one.
    pub channel: Option<ContactPointKind>,
    /// Where it stands.
    pub state: ConsentState,
    /// Why processing is lawful.
    pub legal_basis: Option<LegalBasis>,
    /// Where it was obtained: a form's code, a fair, an import.
    #[sea_orm(column_type = "Text", nullable)]
    pub source: Option<String>,
    /// Reference to the evidence.
    #[sea_orm(column_type = "Text", nullable)]
    pub proof: Option<String>,
    /// The first moment that it holds.
    pub valid_from: DateTimeUtc,
    /// The first moment after; null while it holds.
    pub valid_to: Option<DateTimeUtc>,
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
