//! The deals.

use super::{
    customers::Customers,
    leads::Accepted,
    market::Campaigns,
    teller::{Teller, say},
};
use crate::service::asset;

pub(super) async fn run(
    t: &mut Teller,
    customers: &Customers,
    _campaigns: &Campaigns,
    _accepted: &Accepted,
) -> anyhow::Result<String> {
    let key = customers.company(super::customers::KEY)?;
    t.walk(130, 9, 0).await?;
    let product = t.cast.products.get("BF-3000").cloned();
    Ok(say!(t, "priya", asset::install, {
        "accountId": (&key.id), "productId": product, "serial": "BF3-0533", "name": "Linie 3, Becher",
    }))
}

pub(super) async fn today(_t: &mut Teller, _customers: &Customers, _campaigns: &Campaigns) -> anyhow::Result<()> {
    Ok(())
}
