//! 5: the sales wing: from the accepted lead to the order. Read in this order: the opportunity and what is done with it (deal),
//! meetings and requirements, activities, products with orders and contracts, the desk.

pub mod activity;
pub mod deal;
pub mod desk;
pub mod meeting;
pub mod opportunity;
pub mod order;

use uuid::Uuid;

use crate::{
    graph::{Error, GlobalId, Result},
    journey::Work,
};

pub use activity::{Activity, ActivityMutation, ActivityQuery};
pub use deal::OpportunityMutation;
pub use desk::{SalesDesk, SalesQuery};
pub use meeting::{Meeting, MeetingAttendee, MeetingMutation, MeetingQuery, Requirement};
pub use opportunity::{Opportunity, OpportunityContact, OpportunityQuery, Pipeline, Stage};
pub use order::{Contract, Order, OrderLine, OrderMutation, OrderQuery, Product};

/// The opportunity that an input names, which must be the account's own.
async fn deal_of(work: &Work<'_>, id: Option<GlobalId>, account: Uuid) -> Result<Option<Uuid>> {
    let Some(id) = id else { return Ok(None) };
    let deal = work.refer::<entities::sales::opportunity::Entity>("opportunityId", id).await?;
    match deal.row().account_id == account {
        true => Ok(Some(deal.row().id)),
        false => Err(Error::invalid("opportunityId", "the opportunity belongs to another account")),
    }
}
