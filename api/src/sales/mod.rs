//! 5: the sales wing: from the accepted lead to the order. Read in this order: the opportunity, what is done with it (deal), how
//! it moves through the stages of its pipeline (progress), and the people in it (role); the meeting with its attendees, and the
//! requirement that is heard there; activities; the catalogue (product); the order with its lines, and the contract; the
//! pipeline's figures and the next steps; the desk.

pub mod activity;
pub mod attendee;
pub mod contract;
pub mod deal;
pub mod desk;
pub mod figures;
pub mod line;
pub mod meeting;
pub mod opportunity;
pub mod order;
pub mod pipeline;
pub mod product;
pub mod progress;
pub mod requirement;
pub mod role;
pub mod steps;

use async_graphql::MaybeUndefined;
use sea_orm::ActiveValue;
use uuid::Uuid;

use crate::{
    graph::{Error, GlobalId, MoneyInput, PricePatch, Result, price_patch},
    journey::{Journaled, Work},
};

pub use activity::Activity;
pub use attendee::MeetingAttendee;
pub use contract::Contract;
pub use desk::SalesDesk;
pub use line::OrderLine;
pub use meeting::Meeting;
pub use opportunity::{Opportunity, OpportunitySnapshot};
pub use order::Order;
pub use pipeline::{Pipeline, Stage};
pub use product::Product;
pub use requirement::Requirement;
pub use role::OpportunityContact;

/// A record that an input names, which must be the account's own.
async fn of_account<E: Journaled>(
    work: &Work<'_>,
    path: &str,
    id: Option<GlobalId>,
    account: impl Into<Option<Uuid>>,
) -> Result<Option<Uuid>> {
    let Some(id) = id else { return Ok(None) };
    let seen = work.refer::<E>(path, id).await?;
    match E::account_id(seen.row()) == account.into() {
        true => Ok(Some(E::id(seen.row()))),
        false => Err(Error::invalid(path, "this belongs to another account")),
    }
}

/// [`of_account`] for a patch: absent leaves, null clears.
async fn patch_of_account<E: Journaled>(
    work: &Work<'_>,
    path: &str,
    id: MaybeUndefined<GlobalId>,
    account: impl Into<Option<Uuid>>,
) -> Result<ActiveValue<Option<Uuid>>> {
    Ok(match id {
        MaybeUndefined::Undefined => ActiveValue::NotSet,
        MaybeUndefined::Null => ActiveValue::Set(None),
        MaybeUndefined::Value(id) => ActiveValue::Set(of_account::<E>(work, path, Some(id), account).await?),
    })
}

/// An amount from a patch, beside a cost that is kept in its currency: another one would relabel the cost.
fn worth(
    path: &str,
    value: MaybeUndefined<MoneyInput>,
    cost: Option<i64>,
    currency: Option<&String>,
) -> Result<PricePatch> {
    beside_cost(path, price_patch(path, value)?, cost, currency)
}

/// The same of a patch that is read already.
pub(crate) fn beside_cost(
    path: &str,
    patch: PricePatch,
    cost: Option<i64>,
    currency: Option<&String>,
) -> Result<PricePatch> {
    match patch {
        (ActiveValue::Set(None), _) if cost.is_some() => Ok((ActiveValue::Set(None), ActiveValue::NotSet)),
        (_, ActiveValue::Set(new)) if cost.is_some() && new.as_ref() != currency => {
            Err(Error::invalid(path, "the cost of it is kept in another currency"))
        }
        patch => Ok(patch),
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
    contract::ContractQuery,
    product::ProductQuery,
    pipeline::PipelineQuery,
    pipeline::StageQuery,
    role::OpportunityContactQuery,
    requirement::RequirementQuery,
    attendee::MeetingAttendeeQuery,
    line::OrderLineQuery,
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
    progress::OpportunityRemoval,
    pipeline::PipelineMutation,
    pipeline::StageMutation,
    pipeline::PipelineRemoval,
    pipeline::StageRemoval,
    progress::ProgressMutation,
    role::RoleMutation,
    role::OpportunityContactRemoval,
    meeting::MeetingRemoval,
    requirement::RequirementMutation,
    requirement::RequirementRemoval,
    attendee::AttendeeMutation,
    attendee::MeetingAttendeeRemoval,
    activity::ActivityRemoval,
    order::OrderRemoval,
    line::LineMutation,
    line::OrderLineRemoval,
    contract::ContractMutation,
    contract::ContractRemoval,
);
