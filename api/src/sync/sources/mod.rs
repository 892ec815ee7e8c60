//! The systems that deliver rows, as the tenant's people see them: who they are, who wins where they disagree, what they said that was
//! not taken, and what they said last.

pub mod conflict;
mod entity;
pub mod field_policy;
pub mod raw;
pub mod source;

pub use conflict::FieldConflict;
pub use entity::RecordRights;
pub use field_policy::FieldPolicy;
pub use source::SourceSystem;

/// Everything that can be asked of other systems.
#[derive(async_graphql::MergedObject, Default)]
pub struct SourceQueries(
    source::SourceSystemQuery,
    field_policy::FieldPolicyQuery,
    conflict::FieldConflictQuery,
    raw::SourceValuesQuery,
);

/// Everything that can be decided about other systems.
#[derive(async_graphql::MergedObject, Default)]
pub struct SourceMutations(
    source::SourceSystemMutation,
    field_policy::FieldPolicyMutation,
    field_policy::FieldPolicyRemoval,
    conflict::FieldConflictMutation,
);
