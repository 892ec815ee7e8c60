//! Pure link tables: two ids and a role, no field of a class. A link says nothing that its ends do not, and both ends are
//! read through [`Rows`](super::Rows).

use entities::{
    account::industry_closure,
    journey::search_token,
    marketing::{campaign_industry, lead_touch},
    sales::note_mention,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select};

use super::Caller;

/// A pure link table.
pub trait Link: EntityTrait {
    /// The tenant's column.
    const TENANT: Self::Column;
}

impl Link for industry_closure::Entity {
    const TENANT: industry_closure::Column = industry_closure::Column::TenantId;
}

impl Link for campaign_industry::Entity {
    const TENANT: campaign_industry::Column = campaign_industry::Column::TenantId;
}

impl Link for lead_touch::Entity {
    const TENANT: lead_touch::Column = lead_touch::Column::TenantId;
}

impl Link for note_mention::Entity {
    const TENANT: note_mention::Column = note_mention::Column::TenantId;
}

impl Link for search_token::Entity {
    const TENANT: search_token::Column = search_token::Column::TenantId;
}

impl Caller {
    /// The links of the tenant. Ask only for those of rows that the caller has seen, and show the other end through
    /// [`Caller::rows`].
    pub fn links<L: Link>(&self) -> Select<L> {
        L::find().filter(L::TENANT.eq(self.tenant))
    }
}
