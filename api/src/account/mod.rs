//! 5: the account wing: the customer, and who looks after it.

#[expect(clippy::module_inception, reason = "the account is the wing's own heart")]
pub mod account;
pub mod contact;
pub mod giving;
pub mod ground;
pub mod people;
pub mod relation;
pub mod team;
pub mod visitor;
pub mod ways;

pub use account::Account;
pub use contact::{Consent, Contact, ContactPoint, Employment};
pub use people::{Colleague, Industry, Queue};
pub use team::AccountTeamMember;
pub use visitor::Visitor;
pub use ways::WaysMutation;

/// Everything that can be asked of the account wing.
#[derive(async_graphql::MergedObject, Default)]
pub struct AccountQueries(
    account::AccountQuery,
    contact::ContactQuery,
    ways::ContactPointQuery,
    ways::EmploymentQuery,
    ways::ConsentQuery,
    visitor::VisitorQuery,
    team::AccountTeamMemberQuery,
    people::ColleagueQuery,
    people::IndustryQuery,
    people::QueueQuery,
);

/// Everything that can be changed in the account wing.
#[derive(async_graphql::MergedObject, Default)]
pub struct AccountMutations(
    account::AccountMutation,
    contact::ContactMutation,
    team::TeamMutation,
    contact::ContactRemoval,
    ways::WaysMutation,
    ways::ContactPointRemoval,
    ways::EmploymentRemoval,
    account::AccountRemoval,
);
