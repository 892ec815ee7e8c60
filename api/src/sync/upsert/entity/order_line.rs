//! Lines of orders.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::atomic::{AtomicI32, AtomicUsize, Ordering},
};

use async_graphql::MaybeUndefined;
use entities::sales::{order_line, product, sales_order};
use rust_decimal::Decimal;
use sea_orm::{ColumnTrait, Set};
use uuid::Uuid;

use super::{
    super::{Fields, Followed, Known, New, Scene, SyncEntity},
    columns::{at, stays, will_be},
};
use crate::{
    graph::{Error, Money, Result, UserError, UserErrorCode, line_patch, require_write},
    journey::{Work, differing},
    policy::{Class, Seen, Type},
    sales::line::{MAX_LINES, open_lines, priced},
    synced,
};

synced! {
    /// What a source says of a line of an order: absent leaves, null clears.
    OrderLines of OrderLine: order_line::Entity as Order;
    set OrderLineSetInput, row UpsertOrderLineRowInput, input UpsertOrderLinesInput;
    /// Creates and updates lines of orders, each known by its key in a source; the totals of the orders follow. Once an order is invoiced
    /// or off, its lines are open only to the source that it came from.
    mutation UpsertOrderLines, upsert_order_lines, class P;
    fields {
        /// What it is, at most 255 characters; the product's name unless said.
        P description: String = description by line_patch;
    }
    beside {
        /// How many: more than 0, at most three decimals. A new line needs it.
        M quantity: Decimal;
        /// The price of one, in the order's currency; not negative. A new line needs it.
        M unit_price: Decimal;
    }
    relations OrderLineRelationsInput {
        /// The order; it has at most 200 lines. A new line needs it; it stays.
        P order: Order = sales_order_id required;
        /// The product.
        P product: Product = product_id;
    }
    require [];
    lookup Lookup;
    removable;
}

/// What a batch of lines looks up.
pub struct Lookup {
    orders: HashMap<Uuid, Lines>,
    /// The names of the products.
    products: HashMap<Uuid, String>,
}

/// An order, and how many lines it has; lines of the batch are counted as they come.
struct Lines {
    order: Seen<sales_order::Model>,
    last: AtomicI32,
    count: AtomicUsize,
}

/// A value that a line cannot be without.
fn needed(path: &str, said: &MaybeUndefined<Decimal>, held: Option<Decimal>) -> Result<Decimal> {
    match said {
        MaybeUndefined::Value(value) => Ok(*value),
        MaybeUndefined::Null => Err(Error::invalid(path, "this cannot be cleared")),
        MaybeUndefined::Undefined => held.ok_or_else(|| Error::invalid(path, "a new record needs this")),
    }
}

impl OrderLines {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, _: &[&OrderLineSetInput]) -> Result<Lookup> {
        let orders = work.many_to_change::<sales_order::Entity>(Type::Order, scene.ids(SyncEntity::Order)).await?;
        let lines = |order| Lines { order, last: AtomicI32::new(0), count: AtomicUsize::new(0) };
        let orders: HashMap<Uuid, Lines> = orders.into_iter().map(|(id, order)| (id, lines(order))).collect();
        let ids: Vec<Uuid> = orders.keys().copied().collect();
        for chunk in ids.chunks(500) {
            // A place is taken once, also by a line that was taken out.
            let rows = work.caller().rows_even_deleted::<order_line::Entity>();
            let rows = rows.filter(order_line::Column::SalesOrderId.is_in(chunk.iter().copied()));
            for line in rows.all(work.tx()).await? {
                let Some(lines) = orders.get(&line.row().sales_order_id) else { continue };
                lines.last.fetch_max(line.row().position, Ordering::Relaxed);
                lines.count.fetch_add(usize::from(line.row().deleted_at.is_none()), Ordering::Relaxed);
            }
        }
        let mut products = HashMap::new();
        for chunk in scene.ids(SyncEntity::Product).chunks(500) {
            let rows = work.caller().rows::<product::Entity>().by_ids(chunk.iter().copied()).all(work.tx()).await?;
            products.extend(rows.iter().map(|seen| (seen.row().id, seen.row().name.clone())));
        }
        Ok(Lookup { orders, products })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        set: &OrderLineSetInput,
        held: Option<&order_line::Model>,
        row: &mut order_line::ActiveModel,
    ) -> Result<()> {
        let path = "relations.order";
        stays(&row.sales_order_id, held.map(|held| &held.sales_order_id), path, "a line stays in its order")?;
        let Some(order) = will_be(&row.sales_order_id, held.map(|held| &held.sales_order_id)) else { return Ok(()) };
        let Lines { order, last, count } = lookup.orders.get(&order).ok_or_else(|| Error::missing(path))?;
        require_write(order.rights(), &[(Class::M, "total")]).map_err(|error| at(error, path))?;
        let currency = &order.row().currency;
        if held.is_none() || !(set.quantity.is_undefined() && set.unit_price.is_undefined()) {
            let quantity = held.map(|held| Decimal::new(held.quantity_milli, 3));
            let unit_price = held.map(|held| Money::from_minor(held.unit_price_minor, currency).amount);
            let quantity = needed("set.quantity", &set.quantity, quantity)?;
            let unit_price = needed("set.unitPrice", &set.unit_price, unit_price)?;
            let (quantity, unit_price, amount) =
                priced(|field| format!("set.{field}"), quantity, unit_price, currency)?;
            row.quantity_milli = Set(quantity);
            row.unit_price_minor = Set(unit_price);
            row.amount_minor = Set(amount);
        }
        let changes = held.is_none_or(|held| !differing::<order_line::Entity>(held, &mut row.clone()).is_empty());
        if changes && order.row().source_id != Some(scene.source) {
            open_lines(order.row(), path)?;
        }
        if held.is_some() {
            return Ok(());
        }
        if row.description.is_not_set()
            && let Set(Some(product)) = row.product_id
        {
            row.description = Set(lookup.products.get(&product).cloned());
        }
        if count.fetch_add(1, Ordering::Relaxed) >= MAX_LINES {
            return Err(Error::invalid(path, format!("an order has at most {MAX_LINES} lines")));
        }
        row.position = Set(last.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(())
    }

    async fn after(
        work: &mut Work<'_>,
        _: &Scene<'_>,
        lookup: &Lookup,
        new: &[New<OrderLines>],
        known: &[Known<OrderLines>],
    ) -> Result<Followed> {
        let mut followed = Followed::default();
        let mut places: BTreeMap<Uuid, Vec<usize>> = BTreeMap::new();
        for New { place, row, .. } in new {
            places.entry(row.sales_order_id).or_default().push(*place);
        }
        for Known { place, rows, .. } in known {
            let (before, after) = (&rows.before, &rows.after);
            let mut was = Fields::new();
            if before.quantity_milli != after.quantity_milli {
                was.insert("quantity".to_owned(), Decimal::new(before.quantity_milli, 3).to_string().into());
            }
            let order = lookup.orders.get(&after.sales_order_id).map(|lines| lines.order.row());
            if let Some(order) = order.filter(|_| before.unit_price_minor != after.unit_price_minor) {
                let price = Money::from_minor(before.unit_price_minor, &order.currency).amount;
                was.insert("unitPrice".to_owned(), price.to_string().into());
            }
            if !was.is_empty() {
                places.entry(after.sales_order_id).or_default().push(*place);
                followed.changed.insert(*place, was);
            }
        }
        followed.refused = recount(work, lookup, places).await?;
        Ok(followed)
    }
}

/// The totals of orders are the sums of their lines, whoever sees them.
async fn recount(
    work: &mut Work<'_>,
    lookup: &Lookup,
    places: BTreeMap<Uuid, Vec<usize>>,
) -> Result<Vec<(usize, Vec<UserError>)>> {
    let orders: BTreeSet<Uuid> = places.keys().copied().collect();
    let orders: Vec<Uuid> = orders.into_iter().collect();
    let mut sums: HashMap<Uuid, Option<i64>> = HashMap::new();
    let of_order = order_line::Column::SalesOrderId;
    for line in work.following_many_unscoped::<order_line::Entity>(of_order, &orders).await? {
        let sum = sums.entry(line.sales_order_id).or_insert(Some(0));
        *sum = sum.and_then(|sum| sum.checked_add(line.amount_minor));
    }
    let (mut patches, mut refused) = (Vec::new(), Vec::new());
    for (order, places) in places {
        let Some(lines) = lookup.orders.get(&order) else { continue };
        match sums.get(&order).copied().unwrap_or(Some(0)) {
            Some(total) => {
                let patch = sales_order::ActiveModel { total_minor: Set(total), ..Default::default() };
                patches.push((lines.order.row().clone(), patch));
            }
            None => refused.extend(places.into_iter().map(|place| {
                let path = vec!["set".to_owned(), "quantity".to_owned()];
                let message = "the sum of the order is too large".to_owned();
                (place, vec![UserError { code: UserErrorCode::Invalid, path, message, new_id: None }])
            })),
        }
    }
    work.update_many::<sales_order::Entity>(patches).await?;
    Ok(refused)
}
