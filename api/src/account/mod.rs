//! 5: the account wing: the customer, and who looks after it.

#[expect(clippy::module_inception, reason = "the account is the wing's own heart")]
pub mod account;
pub mod colleague;
pub mod contact;
pub mod duplicates;
pub mod giving;
pub mod ground;
pub mod identity;
pub mod industry;
pub mod industry_team;
pub mod merge;
pub mod queue;
pub mod relation;
mod segment;
pub mod stitch;
pub mod team;
pub mod visitor;
pub mod ways;

pub use account::Account;
pub use colleague::Colleague;
pub use contact::{Consent, Contact, ContactPoint, Employment};
pub use identity::{Identity, IdentityRule};
pub use industry::Industry;
pub use industry_team::IndustryTeamMember;
pub use queue::{Queue, QueueMember};
pub use segment::Segment;
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
    identity::IdentityQuery,
    identity::IdentityRuleQuery,
    team::AccountTeamMemberQuery,
    colleague::ColleagueQuery,
    industry::IndustryQuery,
    industry_team::IndustryTeamMemberQuery,
    queue::QueueQuery,
    queue::QueueMemberQuery,
    merge::MergeQuery,
    duplicates::DuplicateQuery,
);

/// Everything that can be changed about the customer.
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
    visitor::VisitorMutation,
    merge::MergeMutation,
    stitch::StitchMutation,
);

/// Everything that can be changed about the people and the order of the house.
#[derive(async_graphql::MergedObject, Default)]
pub struct HouseMutations(
    colleague::ColleagueMutation,
    industry::IndustryMutation,
    industry::IndustryRemoval,
    industry_team::IndustryTeamMutation,
    queue::QueueMutation,
    queue::QueueRemoval,
    queue::QueueMemberMutation,
    identity::IdentityRuleMutation,
    identity::IdentityRuleRemoval,
);
