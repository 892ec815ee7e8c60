//! The line of an order: added, changed, taken out; the order's total stays the exact sum of its lines.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use entities::{
    codes::OrderStatus,
    sales::{order_line, product, sales_order},
};
use rust_decimal::Decimal;
use sea_orm::{ColumnTrait, Set};
use uuid::Uuid;

use super::{Order, Product, order::conflict};
use crate::{
    graph::{
        Cx, Error, GlobalId, Ids, IsSet, Kind, Money, MoneyInput, Result, UserErrorCode, line, line_patch, one,
        to_minor,
    },
    input,
    journey::{Removable, Work, attempt},
    listed, object, payload,
    policy::{Class, Seen, access},
    removal,
};

/// The most lines of one order.
pub(crate) const MAX_LINES: usize = 200;

object! {
    /// One line of an order.
    OrderLine(order_line::Entity) as Order, id OrderLine {
        /// Its place, from 1; a line that was taken out leaves a gap.
        P position: i32 = |row| row.position;
        /// What it is; null for what is in the catalogue only.
        P description: String = |row| row.description.clone();
        /// How many, to three decimals.
        P quantity: Decimal = |row| Decimal::new(row.quantity_milli, 3);
    }
    refs {
        /// The order.
        P order: Order = sales_order::Entity, |row| row.sales_order_id;
        /// The product; null for what is not in the catalogue.
        P product: Product = product::Entity, |row| row.product_id;
    }
    edges {
        /// The price of one, in the order's currency.
        #[graphql(directive = access::apply("Order".into(), "M".into(), false))]
        async fn unit_price(&self, ctx: &Context<'_>) -> Result<Option<Money>> {
            money(ctx, self.0.read(Class::M, "unitPrice", |row| (row.sales_order_id, row.unit_price_minor))).await
        }

        /// What the line comes to, in the order's currency, to the cent.
        #[graphql(directive = access::apply("Order".into(), "M".into(), false))]
        async fn amount(&self, ctx: &Context<'_>) -> Result<Option<Money>> {
            money(ctx, self.0.read(Class::M, "amount", |row| (row.sales_order_id, row.amount_minor))).await
        }
    }
}

/// An amount in the currency of its order.
async fn money(ctx: &Context<'_>, of: Option<(Uuid, i64)>) -> Result<Option<Money>> {
    let Some((order, minor)) = of else { return Ok(None) };
    let order = one::<sales_order::Entity, Order>(Cx::of(ctx), order).await?;
    Ok(order.map(|Order(order)| Money::from_minor(minor, &order.row().currency)))
}

/// One line of an order.
#[derive(Clone, Debug, InputObject)]
pub struct OrderLineInput {
    /// The product.
    pub product_id: Option<GlobalId>,
    /// What it is, at most 255 characters; the product's name unless said otherwise.
    pub description: Option<String>,
    /// How many: more than 0, at most three decimals.
    pub quantity: Decimal,
    /// The price of one, in the order's currency; not negative.
    pub unit_price: Decimal,
}

impl IsSet for OrderLineInput {
    fn is_set(&self) -> bool {
        true
    }
}

input! {
    /// One line more, at the end.
    AddOrderLineInput for Order {
        /// The line.
        M line: OrderLineInput;
    }
    plain {
        /// The order; it has at most 200 lines.
        order_id: GlobalId;
        /// Change it only if the order still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// A change of a line: absent leaves, null clears.
    UpdateOrderLineInput for Order {
        /// The product.
        P product_id: MaybeUndefined<GlobalId>;
        /// What it is, at most 255 characters.
        P description: MaybeUndefined<String>;
        /// How many: more than 0, at most three decimals.
        M quantity: MaybeUndefined<Decimal>;
        /// The price of one, in the order's currency; not negative.
        M unit_price: MaybeUndefined<Decimal>;
    }
    plain {
        /// Which line.
        id: GlobalId;
        /// Change it only if the line still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `addOrderLine` answers.
    AddOrderLinePayload {
        /// The new line; null if it was refused.
        order_line: OrderLine
    }
}

payload! {
    /// What `updateOrderLine` answers.
    UpdateOrderLinePayload {
        /// The changed line; null if it was refused.
        order_line: OrderLine
    }
}

/// Thousandths, cents for one, and cents for all. `at` names a field in a refusal.
pub(crate) fn priced(
    at: impl Fn(&str) -> String,
    quantity: Decimal,
    unit_price: Decimal,
    currency: &str,
) -> Result<(i64, i64, i64)> {
    // Three decimals are what the dinar of Bahrain has.
    let milli = to_minor(quantity, "BHD").filter(|milli| *milli > 0);
    let milli = milli.ok_or_else(|| Error::invalid(&at("quantity"), "more than 0, at most three decimals"))?;
    let unit_price = MoneyInput { amount: unit_price, currency: currency.to_owned() };
    let (unit_price_minor, _) = unit_price.into_price(&at("unitPrice"))?;
    let exact = i128::from(milli) * i128::from(unit_price_minor);
    // Half a cent and more rounds up: the line is the smallest sum that is charged.
    let amount = i64::try_from((exact + 500).div_euclid(1000));
    Ok((milli, unit_price_minor, amount.map_err(|_| Error::invalid(&at("quantity"), "the sum is too large"))?))
}

/// A line to be, and what it comes to.
pub(super) async fn line_of(
    work: &Work<'_>,
    at: impl Fn(&str) -> String,
    input: OrderLineInput,
    currency: &str,
) -> Result<(order_line::ActiveModel, i64)> {
    let OrderLineInput { product_id, description, quantity, unit_price } = input;
    let (quantity_milli, unit_price_minor, amount_minor) = priced(&at, quantity, unit_price, currency)?;
    let product = match product_id {
        Some(id) => Some(work.refer::<product::Entity>(&at("productId"), id).await?),
        None => None,
    };
    let name = product.as_ref().map(|product| product.row().name.clone());
    let row = order_line::ActiveModel {
        product_id: Set(product.map(|product| product.row().id)),
        description: Set(line(&at("description"), description)?.or(name)),
        quantity_milli: Set(quantity_milli),
        unit_price_minor: Set(unit_price_minor),
        amount_minor: Set(amount_minor),
        ..Default::default()
    };
    Ok((row, amount_minor))
}

/// Lines are open until the order is settled.
pub(crate) fn open_lines(order: &sales_order::Model, path: &str) -> Result<()> {
    match order.status {
        OrderStatus::Invoiced | OrderStatus::Cancelled => Err(conflict(path, order.status)),
        _ => Ok(()),
    }
}

/// The order of a line, to be changed together with it.
async fn order_of(work: &Work<'_>, id: Uuid) -> Result<Seen<sales_order::Model>> {
    let order = work.to_change::<sales_order::Entity>(id, None, &[(Class::M, "total")]).await?;
    open_lines(order.row(), "id")?;
    Ok(order)
}

/// The order's total is the sum of its lines, whoever sees them; of all but `without`.
async fn total(work: &mut Work<'_>, order: &Seen<sales_order::Model>, without: Option<Uuid>) -> Result<()> {
    let column = order_line::Column::SalesOrderId;
    let lines = work.following_unscoped::<order_line::Entity>(column, order.row().id).await?;
    let mut kept = lines.iter().filter(|line| Some(line.id) != without).map(|line| line.amount_minor);
    let total = kept.try_fold(0_i64, i64::checked_add);
    let total = total.ok_or_else(|| Error::invalid("", "the sum of the order is too large"))?;
    work.update::<sales_order::Entity>(
        order,
        sales_order::ActiveModel { total_minor: Set(total), ..Default::default() },
    )
    .await?;
    Ok(())
}

/// Adds a line.
pub async fn add(cx: &Cx, input: AddOrderLineInput) -> Result<OrderLine> {
    let written = input.written();
    let AddOrderLineInput { order_id, if_version, line } = input;
    let id = order_id.named("orderId", Kind::Order)?;
    let mut work = Work::begin(cx).await?;
    let order = work.to_change::<sales_order::Entity>(id, if_version, &[(Class::M, "total")]).await;
    let order = order.map_err(|error| error.moved("id", "orderId"))?;
    open_lines(order.row(), "orderId")?;
    let all = order_line::Column::SalesOrderId.eq(id);
    if work.tally_unscoped::<order_line::Entity>(all.clone()).await? >= MAX_LINES as u64 {
        return Err(Error::invalid("orderId", format!("an order has at most {MAX_LINES} lines")));
    }
    let (row, _) = line_of(&work, |field| format!("line.{field}"), line, &order.row().currency).await?;
    // A place is taken once, also by a line that was taken out.
    let places = cx.caller.rows_even_deleted::<order_line::Entity>().filter(all).all(work.tx()).await?;
    let last = places.iter().map(|line| line.row().position).max().unwrap_or(0);
    let row = order_line::ActiveModel { sales_order_id: Set(id), position: Set(last + 1), ..row };
    let row = work.insert::<order_line::Entity>(row).await?;
    total(&mut work, &order, None).await?;
    let seen = work.reached::<order_line::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(OrderLine(seen))
}

/// Changes a line.
pub async fn update(cx: &Cx, input: UpdateOrderLineInput) -> Result<OrderLine> {
    let written = input.written();
    let UpdateOrderLineInput { id, if_version, product_id, description, quantity, unit_price } = input;
    let id = id.named("id", Kind::OrderLine)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<order_line::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    let order = order_of(&work, before.sales_order_id).await?;
    let currency = &order.row().currency;
    let held = |path: &str, value: MaybeUndefined<Decimal>, held: Decimal| match value {
        MaybeUndefined::Undefined => Ok(held),
        MaybeUndefined::Null => Err(Error::invalid(path, "this cannot be cleared")),
        MaybeUndefined::Value(value) => Ok(value),
    };
    let priced_anew = !(quantity.is_undefined() && unit_price.is_undefined());
    let quantity = held("quantity", quantity, Decimal::new(before.quantity_milli, 3))?;
    let unit_price = held("unitPrice", unit_price, Money::from_minor(before.unit_price_minor, currency).amount)?;
    let (quantity_milli, unit_price_minor, amount_minor) = match priced_anew {
        true => priced(str::to_owned, quantity, unit_price, currency)?,
        false => (before.quantity_milli, before.unit_price_minor, before.amount_minor),
    };
    let row = order_line::ActiveModel {
        product_id: work.refer_patch::<product::Entity>("productId", product_id).await?,
        description: line_patch("description", description)?,
        quantity_milli: Set(quantity_milli),
        unit_price_minor: Set(unit_price_minor),
        amount_minor: Set(amount_minor),
        ..Default::default()
    };
    work.update::<order_line::Entity>(&seen, row).await?;
    // What a source calls the total is left alone until somebody counts anew.
    if priced_anew {
        total(&mut work, &order, None).await?;
    }
    let seen = work.reached::<order_line::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(OrderLine(seen))
}

listed! {
    /// One line of an order; null if there is none that you may see.
    order_line,
    /// The lines of orders that you may see, oldest first unless sorted.
    order_lines: OrderLine(order_line::Entity) as Order, id OrderLine, Rising;
    query OrderLineQuery, filter OrderLineFilter, sort OrderLineSort {
        /// By order.
        P order_id: Ids = SalesOrderId, of Order;
        /// By product.
        P product_id: Ids = ProductId, of Product;
    }
}

impl Removable for order_line::Entity {
    /// The order is the sum of what is left; of nothing there is no order.
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<order_line::Model>) -> Result<()> {
        let order = order_of(work, seen.row().sales_order_id).await?;
        let all = order_line::Column::SalesOrderId.eq(order.row().id);
        if work.tally_unscoped::<order_line::Entity>(all).await? < 2 {
            let message = "an order has at least one line: call it off, or take it away";
            return Err(Error::user(UserErrorCode::StateConflict, "id", message));
        }
        total(work, &order, Some(seen.row().id)).await
    }
}

removal! {
    /// Takes a line out of an order; its total follows. STATE_CONFLICT for the last one, and once the order is invoiced or off.
    delete_order_line: order_line::Entity as Order, class M quantity, checked;
    mutation OrderLineRemoval, input DeleteOrderLineInput, payload DeleteOrderLinePayload;
}

/// Changing the lines of orders.
#[derive(Default)]
pub struct LineMutation;

#[Object]
impl LineMutation {
    /// Adds a line to an order; its total follows. STATE_CONFLICT once the order is invoiced or off.
    #[graphql(directive = access::apply("Order".into(), "M".into(), true))]
    async fn add_order_line(&self, ctx: &Context<'_>, input: AddOrderLineInput) -> Result<AddOrderLinePayload> {
        let cx = Cx::of(ctx);
        AddOrderLinePayload::of(attempt(|| add(cx, input.clone())).await)
    }

    /// Changes a line of an order; its total follows. STATE_CONFLICT once the order is invoiced or off.
    #[graphql(directive = access::apply("Order".into(), "M".into(), true))]
    async fn update_order_line(
        &self,
        ctx: &Context<'_>,
        input: UpdateOrderLineInput,
    ) -> Result<UpdateOrderLinePayload> {
        let cx = Cx::of(ctx);
        UpdateOrderLinePayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
