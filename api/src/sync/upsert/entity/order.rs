//! Orders.

use std::collections::{HashMap, HashSet};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Utc};
use entities::{
    account::contact,
    codes::{OrderStatus, SubjectType},
    sales::{opportunity, order_line, sales_order},
    service::asset,
};
use rust_decimal::Decimal;
use sea_orm::{ActiveValue, Set};
use uuid::Uuid;

use super::{
    super::{Fields, Followed, Known, New, ReferenceInput, Scene, SyncEntity},
    columns::{at, happened, possible, stays, stays_once, time, unless_said, will_be},
    deals::Deals,
    references::Named,
};
use crate::{
    account::ground,
    graph::{Error, Money, MoneyInput, Result, is_currency, line_patch, patch_required},
    journey::{EventKind, Work, differing},
    policy::Seen,
    sales::order::{conflict, event, may_cancel, step},
    synced,
};

synced! {
    /// What a source says of an order: absent leaves, null clears. Its lines are records of their own.
    Orders of Order: sales_order::Entity as Order;
    set OrderSetInput, row UpsertOrderRowInput, input UpsertOrdersInput;
    /// Creates and updates orders, each known by its key in a source. One that is called off stays so.
    mutation UpsertOrders, upsert_orders, class P;
    fields {
        /// The number in the books, at most 255 characters.
        P number: String = number by line_patch;
        /// When it was placed; now unless said. It stays once the order is no draft. A time before 1970 or more than 24 hours ahead counts
        /// as now, and is marked as not known.
        P ordered_at: DateTime<Utc> = ordered_at by time;
        /// How far it is; PLACED unless said.
        P status: OrderStatus = status by patch_required;
        /// ISO 4217 code, such as `EUR`. A new order needs it; it stays.
        P currency: String = currency by currency;
    }
    beside {
        /// What it comes to, not negative: what its event tells. As soon as it has lines it is their sum, and this says nothing.
        M total: Decimal;
        /// The asset that a new order is spare parts for; one of this customer's.
        P asset: ReferenceInput;
    }
    relations OrderRelationsInput {
        /// The customer. A new order needs it; it stays.
        P account: Account = account_id required;
        /// Who ordered.
        P contact: Contact = contact_id;
        /// The opportunity that it came from; one of this customer's.
        P opportunity: Opportunity = opportunity_id;
    }
    require ["currency"];
    lookup Lookup;
    removable;
}

/// What a batch of orders looks up.
pub struct Lookup {
    deals: Deals<opportunity::Entity>,
    persons: HashMap<Uuid, Seen<contact::Model>>,
    named: Named,
    assets: Deals<asset::Entity>,
    /// The known orders that have lines.
    lined: HashSet<Uuid>,
}

fn currency(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<String>> {
    match patch_required(path, value)? {
        Set(code) if !is_currency(&code) => Err(Error::invalid(path, "an ISO 4217 code in capitals, such as EUR")),
        other => Ok(other),
    }
}

impl Orders {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, sets: &[&OrderSetInput]) -> Result<Lookup> {
        let deals = Deals::find(work, &scene.ids(SyncEntity::Opportunity)).await?;
        let persons = ground::persons(work, &scene.ids(SyncEntity::Contact)).await?;
        let named =
            Named::find(work, scene, SyncEntity::Asset, sets.iter().filter_map(|set| set.asset.value()).collect())
                .await?;
        let assets = Deals::find(work, &named.ids()).await?;
        let counted = sets.iter().any(|set| !set.total.is_undefined());
        let held: &[Uuid] = if counted { &scene.held } else { &[] };
        let lines = work.following_many_unscoped::<order_line::Entity>(order_line::Column::SalesOrderId, held).await?;
        let lined = lines.into_iter().map(|line| line.sales_order_id).collect();
        Ok(Lookup { deals, persons, named, assets, lined })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &OrderSetInput,
        held: Option<&sales_order::Model>,
        row: &mut sales_order::ActiveModel,
    ) -> Result<()> {
        stays_once(
            &row.account_id,
            held.map(|held| &held.account_id),
            "relations.account",
            "an order stays with its account",
        )?;
        stays(&row.currency, held.map(|held| &held.currency), "set.currency", "an order stays in its currency")?;
        if let Set(said) = row.ordered_at {
            row.ordered_at = Set(possible(said, held.map(|held| held.ordered_at), scene.now));
        }
        let placed = held.filter(|held| held.status != OrderStatus::Draft).map(|held| &held.ordered_at);
        stays(&row.ordered_at, placed, "set.orderedAt", "an order was placed when it was placed")?;
        let account = will_be(&row.account_id, held.map(|held| &held.account_id)).flatten();
        lookup.deals.check(
            "relations.opportunity",
            &row.opportunity_id,
            held.and_then(|held| held.opportunity_id),
            account,
        )?;
        if let Set(Some(person)) = row.contact_id
            && held.is_none_or(|held| held.contact_id != Some(person))
        {
            ground::may_name(&lookup.persons, "relations.contact", person, account)?;
        }
        count(lookup, set, held, row)?;
        let Some(held) = held else {
            unless_said(&mut row.ordered_at, scene.now);
            unless_said(&mut row.status, OrderStatus::Placed);
            unless_said(&mut row.total_minor, 0);
            return match set.asset.value() {
                Some(asset) => lookup.assets.own("set.asset", lookup.named.get("set.asset", asset)?, account),
                None => Ok(()),
            };
        };
        let after = will_be(&row.status, Some(&held.status)).unwrap_or(held.status);
        match (held.status, after) {
            // What is off stays as it was: the same again is no change.
            (OrderStatus::Cancelled, OrderStatus::Cancelled) => {
                match differing::<sales_order::Entity>(held, &mut row.clone()).is_empty() {
                    true => Ok(()),
                    false => Err(conflict("set.status", held.status)),
                }
            }
            (before, after) if before == after => Ok(()),
            (before, OrderStatus::Cancelled) => may_cancel("set.status", before),
            (before, after) => step(before, after).map_err(|error| at(error, "set.status")),
        }
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        lookup: &Lookup,
        new: &[New<Orders>],
        known: &[Known<Orders>],
    ) -> Result<Followed> {
        for New { set, row, .. } in new {
            if row.status == OrderStatus::Draft {
                continue;
            }
            let ordered = set.ordered_at.value().copied().unwrap_or(row.ordered_at);
            work.record(happened(event(EventKind::OrderPlaced, row), Some(ordered), scene.now));
            if let Some(asset) = set.asset.value() {
                let asset = lookup.named.get("set.asset", asset)?;
                let parts = event(EventKind::SparePartOrdered, row).about(SubjectType::Asset, asset);
                work.record(happened(parts, Some(ordered), scene.now));
            }
            if row.status == OrderStatus::Cancelled {
                work.record(event(EventKind::OrderCancelled, row).time_uncertain(true));
            }
        }
        let mut followed = Followed::default();
        for Known { place, rows, .. } in known {
            let (before, after) = (&rows.before, &rows.after);
            match (before.status, after.status) {
                (before, after) if before == after => {}
                (_, OrderStatus::Cancelled) => work.record(event(EventKind::OrderCancelled, after)),
                (OrderStatus::Draft, _) => work.record(event(EventKind::OrderPlaced, after)),
                _ => {}
            }
            if before.total_minor != after.total_minor {
                let total = Money::from_minor(before.total_minor, &before.currency).amount.to_string();
                followed.changed.insert(*place, Fields::from_iter([("total".to_owned(), total.into())]));
            }
        }
        Ok(followed)
    }
}

/// What the source counts, as long as there are no lines to be counted.
fn count(
    lookup: &Lookup,
    set: &OrderSetInput,
    held: Option<&sales_order::Model>,
    row: &mut sales_order::ActiveModel,
) -> Result<()> {
    let total = match &set.total {
        MaybeUndefined::Undefined => return Ok(()),
        MaybeUndefined::Null => return Err(Error::invalid("set.total", "this cannot be cleared")),
        MaybeUndefined::Value(total) => *total,
    };
    let Some(currency) = will_be(&row.currency, held.map(|held| &held.currency)) else { return Ok(()) };
    let (minor, _) = MoneyInput { amount: total, currency }.into_price("set.total")?;
    if held.is_none_or(|held| !lookup.lined.contains(&held.id)) {
        row.total_minor = Set(minor);
    }
    Ok(())
}
