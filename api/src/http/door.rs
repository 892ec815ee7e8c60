//! What stands behind the front door: the trait that the application implements, and the executor it hands out.

use std::{sync::Arc, time::Duration};

use async_graphql::{
    ObjectType, Request, Response, Schema, SubscriptionType,
    parser::types::{ExecutableDocument, OperationDefinition},
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use serde_json::Map;

use super::{answer::Fault, guard::Documents, limits::Limits, request::Asked};
use crate::graph::{Prediction, Pricing, VariableRules};

/// Why a caller is not let in. It never says which part of a token was wrong: that would help whoever forges one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No token, or not a good one.
    Unauthenticated,
    /// The token could not be judged now (keys or the database do not answer); worth another try.
    Unavailable,
    /// Too many requests; worth another try after this long.
    TooMany(Duration),
}

/// What stands behind the front door.
#[async_trait]
pub trait Door: Clone + Send + Sync + 'static {
    /// An authenticated caller.
    type Caller: Send + Sync + 'static;

    /// Turns a bearer token into a caller. `None`: the request carried no token.
    async fn authenticate(&self, bearer: Option<&str>) -> Result<Arc<Self::Caller>, Refused>;

    /// The caller's own schema, ready to run.
    async fn executor(&self, caller: &Arc<Self::Caller>) -> Result<Executor, Refused>;

    /// Attaches to a request what its resolvers need: the caller, fresh loaders, the request id.
    fn prepare(&self, caller: &Arc<Self::Caller>, request: Request, request_id: &str) -> Request;

    /// The text to run. As it stands the client's own; an application with trusted documents looks up the hash in
    /// `asked.extensions` here, and in the locked mode refuses everything else.
    async fn document(&self, _caller: &Arc<Self::Caller>, asked: &Asked) -> Result<String, Fault> {
        asked.query.clone().ok_or_else(|| Fault::malformed("The request needs a `query`."))
    }

    /// For how long the caller's token still holds: a socket or an event stream ends with it. `None`: for ever.
    fn expires_in(&self, caller: &Self::Caller) -> Option<Duration>;

    /// The caller's roles as a label for metrics and logs: few values, no personal data.
    fn role_label(&self, caller: &Self::Caller) -> String;

    /// Whether the server can serve: the database answers.
    async fn ready(&self) -> bool;

    /// Sets the gauges that are only worth looking at when somebody does: called before each answer of `/metrics`.
    fn gauge(&self) {}

    /// The limits of the configuration.
    fn limits(&self) -> &Limits;

    /// The documents that were let through within these limits.
    fn documents(&self) -> &Documents;
}

/// A schema, whatever its root types are.
#[async_trait]
pub trait Execute: Send + Sync + 'static {
    /// Runs a query or a mutation.
    async fn execute(&self, request: Request) -> Response;
    /// Runs any operation; a subscription answers more than once.
    fn stream(&self, request: Request) -> BoxStream<'static, Response>;
    /// What an operation may cost, or what is wrong with its variables; no cost where the schema has no prices.
    fn judge(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Map<String, serde_json::Value>,
    ) -> Result<Option<Prediction>, String>;
    /// The schema as text, served at `/schema.graphql`.
    fn sdl(&self) -> String;
}

/// What a [`Door`] hands out for a caller.
pub type Executor = Arc<dyn Execute>;

#[async_trait]
impl<Q, M, S> Execute for Schema<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    async fn execute(&self, request: Request) -> Response {
        Schema::execute(self, request).await
    }

    fn stream(&self, request: Request) -> BoxStream<'static, Response> {
        self.execute_stream(request)
    }

    fn judge(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Map<String, serde_json::Value>,
    ) -> Result<Option<Prediction>, String> {
        if let Some(rules) = self.data::<VariableRules>() {
            rules.check(document, operation, variables)?;
        }
        Ok(self.data::<Pricing>().and_then(|pricing| pricing.predict(document, operation, variables)))
    }

    fn sdl(&self) -> String {
        Schema::sdl(self)
    }
}
