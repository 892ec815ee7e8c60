//! The table of contents: every root of the graph, and the schema of each set of roles.

pub mod changes;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, Schema, SchemaBuilder};

use crate::{
    account::{AccountMutations, AccountQueries, HouseMutations},
    analytics::AnalyticsQuery,
    config::Limits,
    custom::{CustomFieldQuery, CustomMutation},
    files::{FileMutations, FileQueries},
    graph::{FieldNames, Pricing, VariableRules},
    journey::timeline::{TimelineQuery, TimelineSubscription},
    marketing::{MarketingMutations, MarketingQueries, live::InboxSubscription},
    me::MeQuery,
    node::{NodeQuery, changes::ChangesQuery},
    policy::{Prune, RoleSet},
    sales::{SalesMutations, SalesQueries},
    search::SearchQuery,
    service::{ServiceMutations, ServiceQueries},
    sync::bulk::{ImportMutations, ImportQueries, ImportSubscription},
    sync::sources::{SourceMutations, SourceQueries},
    sync::upsert::UpsertMutations,
    teamwork::{TeamworkMutations, TeamworkQueries},
    tenant::{TenantMutations, TenantQueries},
    webhooks::{WebhookMutations, WebhookQueries},
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
    Everybodys,
    AnalyticsQuery,
    OtherSystems,
);

/// What belongs to no wing.
#[derive(MergedObject, Default)]
pub struct Everybodys(TimelineQuery, MeQuery, NodeQuery, ChangesQuery, SearchQuery, CustomFieldQuery, FileQueries);

/// What is asked about other systems.
#[derive(MergedObject, Default)]
pub struct OtherSystems(SourceQueries, WebhookQueries, ImportQueries);

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
    OtherSystemsMutations,
);

/// What other systems change, and what is told to them.
#[derive(MergedObject, Default)]
pub struct OtherSystemsMutations(SourceMutations, UpsertMutations, WebhookMutations, ImportMutations);

/// Everything that can be followed live.
#[derive(MergedSubscription, Default)]
pub struct Subscription(TimelineSubscription, InboxSubscription, ImportSubscription);

/// A schema as one set of roles knows it.
pub type JourneySchema = Schema<Query, Mutation, Subscription>;

/// The schema of a set of roles, within limits. What a document may cost is judged by the front door, by [`Pricing`].
pub fn build(roles: RoleSet, limits: &Limits) -> JourneySchema {
    builder(roles).limit_depth(limits.max_depth).data(limits.clone()).finish()
}

/// The schema of a set of roles for the house itself, without limits.
pub fn unlimited(roles: RoleSet) -> JourneySchema {
    builder(roles).finish()
}

/// The names of the fields of the whole graph, for whoever tells which fields changed without a request.
pub fn field_names() -> FieldNames {
    let names = FieldNames::default();
    let schema = Schema::build(Query::default(), Mutation::default(), Subscription::default());
    drop(schema.directive(names.clone()).finish());
    names
}

fn builder(roles: RoleSet) -> SchemaBuilder<Query, Mutation, Subscription> {
    let (names, pricing, variables) = (FieldNames::default(), Pricing::default(), VariableRules::default());
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        // before pruning: it reads the marks
        .directive(names.clone())
        .data(names)
        .directive(Prune(roles))
        // after pruning: they read what is left
        .directive(pricing.clone())
        .data(pricing)
        .directive(variables.clone())
        .data(variables)
        .disable_suggestions()
}

/// The schema of a set of roles as text: a front-end team's contract.
pub fn sdl(roles: RoleSet) -> String {
    unlimited(roles).sdl_with_options(SDLExportOptions::new().sorted_fields().sorted_arguments())
}

/// The schemas that were asked for, by set of roles.
#[derive(Clone)]
pub struct Schemas {
    limits: Arc<Limits>,
    built: Arc<Mutex<HashMap<RoleSet, JourneySchema>>>,
}

impl Schemas {
    /// No schema yet.
    pub fn new(limits: Limits) -> Schemas {
        Schemas { limits: Arc::new(limits), built: Arc::default() }
    }

    /// The schema of a set of roles, built when it is first asked for. There are at most 255.
    pub fn of(&self, roles: RoleSet) -> JourneySchema {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        built.entry(roles).or_insert_with(|| build(roles, &self.limits)).clone()
    }
}
