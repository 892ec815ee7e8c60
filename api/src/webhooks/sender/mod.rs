//! The process that makes messages of the feed and sends them. Any number of them may run at once.
//!
//! **Nothing is lost, whenever a process ends.** Where an endpoint stands in the feed, and the messages that were made on the way there, are
//! written in one transaction, and only by who finds the endpoint where it was believed to stand (`make`). A message is sent by who has
//! leased it, and is settled by who still holds it (`settle`); a lease that nobody settled runs out, and the message is sent again under the
//! same `webhook-id`: at least once.
//!
//! **Order.** Of two messages about one record the later one waits until the earlier one is settled. Others go on.

mod make;
mod send;
mod settle;

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::TimeDelta;
use entities::sync::{webhook_delivery, webhook_endpoint};
use reqwest::{Client, redirect};
use tokio::task::JoinSet;
use uuid::Uuid;

pub use send::{Ending, Outcome};

use super::{
    address::{self, Guarded, Lookup, Rules},
    rows,
};
use crate::{
    auth::Claims,
    clock::Clock,
    config,
    graph::{Cx, Error, FieldNames, Result},
    policy::{Grants, RoleSet},
    store::Store,
    tenancy,
};

/// How many messages to one endpoint are on the line at once, from all processes together: one that answers slowly takes no more than its
/// share.
const AT_ONCE: i64 = 4;
/// How often what is too old is removed.
const TIDY_EACH: Duration = Duration::from_secs(3_600);
/// How many settled messages are removed in one go.
const TIDY: u64 = 500;

/// What a turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Messages that were made.
    pub made: u64,
    /// Attempts that were begun.
    pub begun: u64,
}

/// Whoever sends.
#[derive(Clone)]
pub struct Sender(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    names: FieldNames,
    options: config::Webhooks,
    client: Client,
}

impl Sender {
    /// A sender that asks the system for addresses.
    ///
    /// # Errors
    /// When no client for HTTP can be made, for want of certificates for example.
    pub fn new(
        store: Store,
        clock: Clock,
        names: FieldNames,
        options: config::Webhooks,
    ) -> Result<Sender, reqwest::Error> {
        Sender::resolving(store, clock, names, options, address::system())
    }

    /// A sender that asks somebody else for addresses.
    ///
    /// # Errors
    /// As [`Sender::new`].
    pub fn resolving(
        store: Store,
        clock: Clock,
        names: FieldNames,
        options: config::Webhooks,
        lookup: Lookup,
    ) -> Result<Sender, reqwest::Error> {
        let rules = Rules { allow_private_networks: options.allow_private_networks };
        let client = Client::builder()
            .dns_resolver(Arc::new(Guarded::new(rules, lookup)))
            // A proxy would look names up by itself, and a redirect could lead anywhere.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(!rules.allow_private_networks)
            .timeout(options.timeout)
            .connect_timeout(options.timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("Journey/", env!("CARGO_PKG_VERSION"), " (+https://www.standardwebhooks.com)"))
            .build()?;
        Ok(Sender(Arc::new(Inner { store, clock, names, options, client })))
    }

    /// Sends until the process ends.
    pub async fn keep(self) {
        let mut under_way = JoinSet::new();
        let mut tidied: Option<std::time::Instant> = None;
        let free = (self.0.options.concurrency / 2).max(1);
        loop {
            if let Err(error) = Box::pin(self.fill(&mut under_way)).await {
                tracing::warn!(?error, "webhooks are not sent");
            }
            if tidied.is_none_or(|tidied| tidied.elapsed() >= TIDY_EACH) {
                if let Err(error) = Box::pin(self.tidy()).await {
                    tracing::warn!(?error, "the log of webhooks is kept longer than it should be");
                }
                tidied = Some(std::time::Instant::now());
            }
            let news = tokio::time::sleep(self.0.store.poll_interval());
            tokio::pin!(news);
            // As soon as half of the places are free something is looked for, and for news anyway.
            loop {
                let had = under_way.len();
                tokio::select! {
                    Some(_) = under_way.join_next() => {
                        if had > free && under_way.len() <= free {
                            break;
                        }
                    }
                    () = &mut news => break,
                }
            }
        }
    }

    /// Makes all messages that are to be made, and sends whatever is due: until nothing is.
    pub async fn turn(&self) -> Result<Turn> {
        let (mut under_way, mut turn) = (JoinSet::new(), Turn::default());
        loop {
            let Turn { made, begun } = Box::pin(self.fill(&mut under_way)).await?;
            turn.made += made;
            turn.begun += begun;
            if under_way.join_next().await.is_none() && made == 0 && begun == 0 {
                return Ok(turn);
            }
        }
    }

    /// Makes messages, and begins to send as many as there are places.
    async fn fill(&self, under_way: &mut JoinSet<()>) -> Result<Turn> {
        let made = Box::pin(self.make()).await?;
        let leased = Box::pin(self.lease(self.0.options.concurrency.saturating_sub(under_way.len()))).await?;
        let begun = leased.len() as u64;
        for delivery in leased {
            let sender = self.clone();
            under_way.spawn(async move {
                let (tenant, id) = (delivery.tenant_id, delivery.id);
                // Its lease runs out, and it is sent again.
                if let Err(error) = Box::pin(sender.attempt(delivery)).await {
                    tracing::warn!(?error, tenant, %id, "a webhook could not be settled");
                }
            });
        }
        Ok(Turn { made, begun })
    }

    /// Takes at most so many messages that are due, to send them.
    pub async fn lease(&self, most: usize) -> Result<Vec<webhook_delivery::Model>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let (db, now) = (self.0.store.db(), self.0.clock.now());
        let until = now + TimeDelta::from_std(self.0.options.lease).map_err(Error::internal)?;
        let mut of_endpoint: HashMap<Uuid, i64> = HashMap::new();
        let mut leased = Vec::new();
        for due in rows::due(db, now, most.saturating_mul(4) as u64, AT_ONCE).await? {
            let taken = of_endpoint.entry(due.endpoint).or_default();
            if *taken >= AT_ONCE {
                continue;
            }
            if let Some(delivery) = rows::lease(db, due, until, now).await? {
                *taken += 1;
                leased.push(delivery);
            }
            if leased.len() >= most {
                break;
            }
        }
        Ok(leased)
    }

    /// Sends a leased message, and writes down what became of it.
    pub async fn attempt(&self, delivery: webhook_delivery::Model) -> Result<()> {
        let outcome = Box::pin(self.send(&delivery)).await?;
        Box::pin(self.settle(&delivery, outcome)).await
    }

    /// The owner of an endpoint as it is now; none where it was a colleague who works here no longer.
    async fn owner(&self, endpoint: &webhook_endpoint::Model) -> Result<Option<Cx>> {
        let (store, now) = (&self.0.store, self.0.clock.now());
        let roles: RoleSet = endpoint.owner_roles.split('+').filter_map(|role| role.parse().ok()).collect();
        let tenant = tenancy::tenant(store, endpoint.tenant_id).await?;
        let subject = endpoint.owner_subject.clone();
        let grants = Grants::of_told(endpoint.owner_grants.as_deref());
        let claims = Claims { tenant: tenant.slug, subject, roles, grants, expires_at: now };
        let caller = tenancy::resolve(store, &claims, now).await?.ok_or(Error::NotFound)?;
        let has_left = endpoint.owner_id.is_some() && caller.colleague != endpoint.owner_id;
        Ok((!has_left).then(|| Cx::new(caller, store.clone(), self.0.clock.clone())))
    }

    /// Removes the messages of every tenant that were settled too long ago. How many that were.
    pub async fn tidy(&self) -> Result<u64> {
        let kept = self.0.options.log_retention;
        let before = TimeDelta::from_std(kept).ok().and_then(|kept| self.0.clock.now().checked_sub_signed(kept));
        let Some(before) = before.filter(|_| !kept.is_zero()) else { return Ok(0) };
        let (store, mut gone) = (&self.0.store, 0);
        for slug in tenancy::slugs(store).await? {
            let tenant = tenancy::tenant_id(store, &slug).await?;
            loop {
                let removed = rows::forget(store.db(), tenant, before, TIDY).await?;
                gone += removed;
                if removed < TIDY {
                    break;
                }
            }
        }
        Ok(gone)
    }
}

/// Says in the exposition what each figure means. Call once, after the recorder is installed.
pub fn describe() {
    metrics::describe_counter!("webhook_attempts_total", "Attempts to deliver a webhook, by what became of them");
    metrics::describe_counter!("webhook_endpoints_disabled_total", "Webhook endpoints switched off, by the reason");
}
