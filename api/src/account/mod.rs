//! 5: the account wing: the customer, and who looks after it.

#[expect(clippy::module_inception, reason = "the account is the wing's own heart")]
pub mod account;
pub mod contact;
pub mod people;
pub mod team;
pub mod visitor;

pub use account::{Account, AccountMutation, AccountQuery};
pub use contact::{Consent, Contact, ContactMutation, ContactPoint, ContactQuery, Employment};
pub use people::{Colleague, Industry, PeopleQuery, Queue};
pub use team::{AccountTeamMember, TeamMutation};
pub use visitor::Visitor;
