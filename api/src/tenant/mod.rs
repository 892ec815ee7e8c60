//! 5: the tenant's own order: its settings, goals, rules and exchange rates. Its people and queues are in the account wing.

pub mod definition;
pub mod fx_rate;
pub mod goal;
pub mod settings;

pub use definition::Definition;
pub use fx_rate::FxRate;
pub use goal::Goal;
pub use settings::Tenant;

/// Everything that can be asked of the tenant's order.
#[derive(async_graphql::MergedObject, Default)]
pub struct TenantQueries(settings::TenantQuery, goal::GoalQuery, definition::DefinitionQuery, fx_rate::FxRateQuery);

/// Everything that can be changed in the tenant's order.
#[derive(async_graphql::MergedObject, Default)]
pub struct TenantMutations(
    settings::TenantMutation,
    goal::GoalMutation,
    goal::GoalRemoval,
    definition::DefinitionMutation,
    fx_rate::FxRateMutation,
    fx_rate::FxRateRemoval,
);
