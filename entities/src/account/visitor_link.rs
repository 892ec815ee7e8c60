//! `visitor_link`: a visitor that turned out to be somebody, kept so that it can be undone.

use sea_orm::entity::prelude::*;

/// A visitor that turned out to be somebody, kept so that it can be undone.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "visitor_link")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    /// UUID v7, minted in Rust. Rows of `event_subject` name it as `via_operation`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The visitor.
    pub visitor_id: Uuid,
    /// Who it turned out to be.
    pub contact_id: Uuid,
    /// Where that person worked then.
    pub account_id: Option<Uuid>,
    /// The visitor that this browser was before, where another person sat at it.
    pub split_from_id: Option<Uuid>,
    /// The rule that allowed it; null where none was kept. Kept when the rule is gone.
    pub identity_rule_id: Option<Uuid>,
    /// Who did it; null for a machine.
    pub actor_id: Option<Uuid>,
    /// When.
    pub linked_at: DateTimeUtc,
    /// When it was undone; null while it stands.
    pub unlinked_at: Option<DateTimeUtc>,
    /// The cells that it filled: table, column and rows. Ids only.
    pub moved: Json,
}

/// None: edges are loaded in batches, not joined here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
