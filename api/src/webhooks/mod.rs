//! Webhooks: what happens here is told to an address of somebody else, as Standard Webhooks 1.0 says it.
//!
//! Read in this order: [`endpoint`] (an address, whose it is, and how far it has been told), [`delivery`] (a message and what became of
//! it), [`change`] and [`steps`] (what can be done with both), [`signature`], [`address`] (where a message may go), [`sender`] (the process
//! that makes messages of the feed and sends them).
//!
//! What an endpoint is told of is the change feed under its owner's rights (`journey/feed.rs`): judged when a message is made, and again
//! each time that it is sent.

pub mod address;
pub mod change;
pub mod delivery;
pub mod endpoint;
mod rows;
pub mod sender;
pub mod signature;
pub mod steps;

pub use address::Rules;
pub use delivery::WebhookDelivery;
pub use endpoint::WebhookEndpoint;
pub use sender::Sender;

/// The kind of the message that tries an endpoint out.
pub const TEST: &str = "webhook.test";

/// Everything that can be asked about webhooks.
#[derive(async_graphql::MergedObject, Default)]
pub struct WebhookQueries(endpoint::WebhookEndpointQuery, delivery::WebhookDeliveryQuery);

/// Everything that can be done with webhooks.
#[derive(async_graphql::MergedObject, Default)]
pub struct WebhookMutations(change::WebhookChanges, change::WebhookEndpointRemoval, steps::WebhookSteps);
