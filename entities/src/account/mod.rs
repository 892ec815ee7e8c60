//! The account wing: the customer, and who looks after it.

#[expect(clippy::module_inception, reason = "the table carries the name of its wing")]
pub mod account;
pub mod account_team_member;
pub mod colleague;
pub mod consent;
pub mod contact;
pub mod contact_point;
pub mod employment;
pub mod id_redirect;
pub mod identity;
pub mod identity_rule;
pub mod industry;
pub mod industry_closure;
pub mod industry_team_member;
pub mod merge_operation;
pub mod visitor;
pub mod visitor_link;
