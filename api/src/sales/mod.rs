//! 5: the sales wing: from the accepted lead to the order. Read in this order: the opportunity and what is done with it (deal),
//! meetings and requirements, activities, the catalogue (product), orders and contracts, the pipeline's figures and the next steps, the
//! desk.

pub mod activity;
pub mod deal;
pub mod desk;
pub mod figures;
pub mod meeting;
pub mod opportunity;
pub mod order;
pub mod product;
pub mod role;
pub mod steps;

use uuid::Uuid;

use crate::{
    graph::{Error, GlobalId, Result},
    journey::Work,
};

pub use activity::Activity;
pub use desk::SalesDesk;
pub use meeting::{Meeting, MeetingAttendee, MeetingQuery, Requirement, RequirementRemoval};
pub use opportunity::{Opportunity, OpportunityContact, Pipeline, PipelineQuery, Stage, StageRemoval};
pub use order::{Contract, Order, OrderLine};
pub use product::Product;

/// The opportunity that an input names, which must be the account's own.
async fn deal_of(work: &Work<'_>, id: Option<GlobalId>, account: Uuid) -> Result<Option<Uuid>> {
    let Some(id) = id else { return Ok(None) };
    let deal = work.refer::<entities::sales::opportunity::Entity>("opportunityId", id).await?;
    match deal.row().account_id == account {
        true => Ok(Some(deal.row().id)),
        false => Err(Error::invalid("opportunityId", "the opportunity belongs to another account")),
    }
}

/// Everything that can be asked of the sales wing.
#[derive(async_graphql::MergedObject, Default)]
pub struct SalesQueries(
    desk::SalesQuery,
    opportunity::OpportunityQuery,
    meeting::MeetingQuery,
    activity::ActivityQuery,
    order::OrderQuery,
    order::ContractQuery,
    product::ProductQuery,
    opportunity::PipelineQuery,
    opportunity::StageQuery,
    role::OpportunityContactQuery,
    meeting::RequirementQuery,
    meeting::MeetingAttendeeQuery,
    order::OrderLineQuery,
);

/// Everything that can be changed in the sales wing.
#[derive(async_graphql::MergedObject, Default)]
pub struct SalesMutations(
    deal::OpportunityMutation,
    meeting::MeetingMutation,
    activity::ActivityMutation,
    order::OrderMutation,
    product::ProductMutation,
    product::ProductRemoval,
    opportunity::OpportunityRemoval,
    opportunity::PipelineMutation,
    opportunity::StageMutation,
    opportunity::PipelineRemoval,
    opportunity::StageRemoval,
    role::RoleMutation,
    role::OpportunityContactRemoval,
    meeting::MeetingRemoval,
    meeting::RequirementRemoval,
    meeting::MeetingAttendeeRemoval,
    activity::ActivityRemoval,
);
