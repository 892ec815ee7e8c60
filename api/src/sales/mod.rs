//! 5: the sales wing: from the accepted lead to the order. Read in this order: the opportunity and what is done with it (deal),
//! meetings and requirements, activities, products with orders and contracts, the desk.

pub mod activity;
pub mod deal;
pub mod desk;
pub mod meeting;
pub mod opportunity;
pub mod order;

pub use activity::{Activity, ActivityMutation, ActivityQuery};
pub use deal::OpportunityMutation;
pub use desk::{SalesDesk, SalesQuery};
pub use meeting::{Meeting, MeetingAttendee, MeetingMutation, MeetingQuery, Requirement};
pub use opportunity::{Opportunity, OpportunityContact, OpportunityQuery, Pipeline, Stage};
pub use order::{Contract, Order, OrderLine, OrderMutation, OrderQuery, Product};
