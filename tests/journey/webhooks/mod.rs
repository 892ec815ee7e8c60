//! Webhooks, from the front door to a receiver and back: what is told, in which order, how often, until when, to whom, and where it never
//! goes.

mod access;
mod guard;
mod order;
mod receiver;
mod retries;
mod signed;
mod switched;

use std::sync::Arc;

use api::{
    config::{self, Config},
    schema,
    webhooks::Sender,
};
use serde_json::{Value, json};
use tests::{Answer, Client, World};

use self::receiver::{Received, Receiver, Said};

/// What an endpoint is made of, and everything that is to be known of it.
pub const ENDPOINT: &str =
    "webhookEndpoint { id version url eventTypes scheme publicKey previousSecretUntil state disabledReason disabledAt
    ownerSubject ownerRoles failingSince missedEventsAt isReplaying }";

/// The messages to an endpoint, oldest first.
const DELIVERIES: &str = "query($id: [ID]) { webhookDeliveries(filter: { endpointId: $id }, sort: { createdAt: ASC }, first: 100) {
    nodes { id version messageId type recordId status isReplay attempts nextAttemptAt lastAttemptAt responseStatus responseExcerpt problem
        attemptLog { at responseStatus problem } settledAt } } }";

/// A house that may call this machine, somebody who sends for it, and a receiver.
pub struct Desk {
    pub world: World,
    pub receiver: Receiver,
    pub sender: Sender,
}

/// The options of a sender whose delays are exact.
pub fn options() -> config::Webhooks {
    let mut options = Config::load(&config::Sources::default(), config::Purpose::Tool).unwrap().webhooks;
    (options.allow_private_networks, options.jitter_percent) = (true, 0);
    options
}

impl Desk {
    /// Where every message is answered with 204.
    pub async fn of(world: World) -> Desk {
        Desk::with(world, options(), Arc::new(|_| Said::status(204))).await
    }

    /// Where messages are answered by `answers`.
    pub async fn with(
        world: World,
        options: config::Webhooks,
        answers: Arc<dyn Fn(&Received) -> Said + Send + Sync>,
    ) -> Desk {
        let world = world.process(|config| config.webhooks.allow_private_networks = true).await;
        let sender = Sender::new(world.store.clone(), world.clock.clone(), schema::field_names(), options).unwrap();
        Desk { world, receiver: Receiver::listen(answers).await, sender }
    }

    /// An endpoint of somebody at the receiver; its id and its secret.
    pub async fn endpoint(&self, client: &Client, more: Value) -> (String, String) {
        let mut input = json!({ "url": self.receiver.url });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = client.act("createWebhookEndpoint", &format!("{ENDPOINT} secret"), input).await.must();
        let endpoint = made.data("createWebhookEndpoint");
        let secret = endpoint["secret"].as_str().unwrap_or_default().to_owned();
        (endpoint["webhookEndpoint"]["id"].as_str().unwrap().to_owned(), secret)
    }

    /// The messages to an endpoint as an admin sees them, oldest first.
    pub async fn deliveries(&self, endpoint: &str) -> Vec<Value> {
        let read = self.world.ada().ask(DELIVERIES, json!({ "id": [endpoint] })).await.must();
        read.data("webhookDeliveries.nodes").as_array().unwrap().clone()
    }

    /// An endpoint as an admin sees it.
    pub async fn read(&self, endpoint: &str) -> Value {
        let text =
            format!("query($id: ID!) {{ {} }}", ENDPOINT.replacen("webhookEndpoint", "webhookEndpoint(id: $id)", 1));
        self.world.ada().ask(&text, json!({ "id": endpoint })).await.must().data("webhookEndpoint").clone()
    }
}

/// The only one.
pub fn one<T: std::fmt::Debug>(items: Vec<T>) -> T {
    assert_eq!(items.len(), 1, "{items:?}");
    items.into_iter().next().unwrap()
}

/// Puts a product into the catalogue: one event.
pub async fn product(client: &Client, code: &str) -> String {
    let made = client.act("createProduct", "product { id }", json!({ "code": code, "name": code })).await.must();
    made.text("createProduct.product.id").to_owned()
}

/// Calls a product something else: one event.
pub async fn rename(client: &Client, product: &str, name: &str) -> Answer {
    client.act("updateProduct", "product { version }", json!({ "id": product, "name": name })).await.must()
}
