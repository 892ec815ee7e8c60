//! The table of contents: every root of the graph, and the schema of each set of roles.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, Schema};

use crate::{
    account::{AccountMutations, AccountQueries, HouseMutations},
    custom::{CustomFieldQuery, CustomMutation},
    files::{FileMutations, FileQueries},
    journey::timeline::{TimelineQuery, TimelineSubscription},
    marketing::{MarketingMutations, MarketingQueries},
    me::MeQuery,
    node::NodeQuery,
    policy::{Prune, RoleSet},
    sales::{SalesMutations, SalesQueries},
    search::SearchQuery,
    service::{ServiceMutations, ServiceQueries},
    teamwork::{TeamworkMutations, TeamworkQueries},
    tenant::{TenantMutations, TenantQueries},
};

/// Everything that can be asked. Wing by wing: a merged object walks its parts one inside the other, and a long chain of them
/// needs a deep stack.
#[derive(MergedObject, Default)]
pub struct Query(
    AccountQueries,
    MarketingQueries,
    SalesQueries,
    ServiceQueries,
    TeamworkQueries,
    TenantQueries,
    TimelineQuery,
    MeQuery,
    NodeQuery,
    SearchQuery,
    CustomFieldQuery,
    FileQueries,
);

/// Everything that can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    AccountMutations,
    HouseMutations,
    MarketingMutations,
    SalesMutations,
    ServiceMutations,
    TeamworkMutations,
    TenantMutations,
    CustomMutation,
    FileMutations,
);

/// Everything that can be followed live.
#[derive(MergedSubscription, Default)]
pub struct Subscription(TimelineSubscription);

/// A schema as one set of roles knows it.
pub type JourneySchema = Schema<Query, Mutation, Subscription>;

/// How much a document may ask for. See `[limits]` in the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The deepest nesting.
    pub depth: usize,
    /// The highest predicted cost.
    pub complexity: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 16, complexity: 20_000 }
    }
}

/// The schema of a set of roles.
pub fn build(roles: RoleSet, limits: Limits) -> JourneySchema {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .limit_depth(limits.depth)
        .limit_complexity(limits.complexity)
        .data(limits)
        .directive(Prune(roles))
        .disable_suggestions()
        .finish()
}

/// The schema of a set of roles as text: a front-end team's contract.
pub fn sdl(roles: RoleSet) -> String {
    build(roles, Limits::default()).sdl_with_options(SDLExportOptions::new().sorted_fields().sorted_arguments())
}

/// The schemas that were asked for, by set of roles.
#[derive(Clone, Default)]
pub struct Schemas {
    limits: Limits,
    built: Arc<Mutex<HashMap<RoleSet, JourneySchema>>>,
}

impl Schemas {
    /// No schema yet.
    pub fn new(limits: Limits) -> Schemas {
        Schemas { limits, built: Arc::default() }
    }

    /// The schema of a set of roles, built when it is first asked for. There are at most 255.
    pub fn of(&self, roles: RoleSet) -> JourneySchema {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        built.entry(roles).or_insert_with(|| build(roles, self.limits)).clone()
    }
}
