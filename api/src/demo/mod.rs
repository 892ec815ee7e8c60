//! The demo tenant: Brandt Maschinenbau GmbH, a mid-size German builder of filling and packaging machines, and fourteen months
//! of its customers' journeys.
//!
//! Read in this order: the `cast` (who is who), the `teller` (how the story is told: by colleagues, through the same use cases
//! that the API's mutations call, on a clock that walks), then the story's chapters as they happen: `customers`, `market`,
//! `leads`, `deals`, `desk`, with the `noise` of the web and the `routine` of the desks between them. `folder` guards the demo's folder, `guide` is what a
//! visitor is told. `synthetic` tells no story: it makes journeys up, for measuring.
//!
//! The story is the same each time, with dates relative to the day on which it is told.

pub mod cast;
mod customers;
mod deals;
mod desk;
mod folder;
pub mod guide;
mod leads;
mod market;
mod noise;
mod routine;
pub mod synthetic;
mod teller;
#[cfg(test)]
mod tests;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

pub use folder::{Folder, in_database};

use crate::{
    cli::{token::DEMO_TENANT, told},
    clock::Clock,
    store::Store,
    tenancy::{self, NewTenant},
};
use teller::Teller;

/// How many days ago the story begins.
const BEGIN: i64 = 425;

/// Tells the whole story up to `now` into an empty database, and marks it as told.
pub async fn load(store: &Store, now: DateTime<Utc>) -> anyhow::Result<()> {
    let clock = Clock::at(now - chrono::Duration::days(BEGIN));
    let new = NewTenant {
        slug: DEMO_TENANT.to_owned(),
        name: "Brandt Maschinenbau GmbH".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        currency: "EUR".to_owned(),
        language: "de".to_owned(),
    };
    let tenant = tenancy::found(store, &clock, new).await.map_err(told).context("founding the tenant")?;
    cast::own_key(store, tenant).await.context("the tenant's key")?;
    let cast = cast::hire(store, &clock, tenant).await.map_err(told).context("hiring the cast")?;
    let mut teller = Teller::new(store.clone(), clock, tenant, now, cast).await?;
    let customers = customers::arrive(&mut teller).await.context("customers")?;
    desk::installed_base(&mut teller, &customers).await.context("the installed base")?;
    let campaigns = market::prepare(&mut teller, &customers).await.context("campaigns")?;
    let accepted = leads::fair(&mut teller, &customers, &campaigns).await.context("the fair's leads")?;
    let machine = deals::run(&mut teller, &customers, &campaigns, &accepted).await.context("deals")?;
    desk::serve(&mut teller, &customers, &machine).await.context("service")?;
    deals::today(&mut teller, &customers, &campaigns).await.context("today's deals")?;
    leads::today(&mut teller, &customers, &campaigns).await.context("today's leads")?;
    desk::today(&mut teller, &customers).await.context("today's tickets")?;
    cast::mark_as_told(store, tenant, now).await.context("the marker")
}
