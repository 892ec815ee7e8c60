//! The order: what a customer ordered, and how far it is.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use chrono::{DateTime, Duration, Utc};
use entities::{
    account::{account, contact, visitor},
    codes::{OrderStatus, SubjectType},
    sales::{opportunity, order_line, sales_order},
    service::asset,
};
use sea_orm::{ColumnTrait, Set};

use super::{
    Opportunity, OrderLine,
    line::{MAX_LINES, OrderLineInput, line_of},
};
use crate::{
    account::{Account, Contact, Visitor, ground},
    custom,
    graph::{
        AnyOf, Cx, Error, GlobalId, Ids, Kind, Money, MoneyFilter, Result, TextFilter, TimeFilter, UserErrorCode,
        is_currency, line, line_patch, patch_required,
    },
    input,
    journey::{Event, EventKind, Payload, Removable, Work, attempt},
    listed, object, payload,
    policy::{Class, Seen, access},
    removal, teamwork,
};

object! {
    /// What a customer ordered.
    Order(sales_order::Entity) as Order, id Order {
        /// The order's number in the books; null for none.
        P number: String = |row| row.number.clone();
        /// When it was placed (UTC).
        P ordered_at: DateTime<Utc> = |row| row.ordered_at;
        /// How far it is.
        P status: OrderStatus = |row| row.status;
        /// The sum of its lines.
        M total: Money = |row| Money::from_minor(row.total_minor, &row.currency);
        /// What it costs to deliver; null where unknown.
        G cost: Money = |row| row.cost_minor.map(|minor| Money::from_minor(minor, &row.currency));
    }
    refs {
        /// The customer; null for an unknown visitor's order.
        P account: Account = account::Entity, |row| row.account_id;
        /// Who ordered; null where unknown.
        P contact: Contact = contact::Entity, |row| row.contact_id;
        /// The visitor who ordered; null for known customers.
        P visitor: Visitor = visitor::Entity, |row| row.visitor_id;
        /// The opportunity that it came from; null for none.
        P opportunity: Opportunity = opportunity::Entity, |row| row.opportunity_id;
    }
    lists {
        /// What was ordered.
        lines: OrderLine = order_line::Entity, order_line::Column::SalesOrderId, Rising;
    }
    custom_fields Order;
    teamwork Order;
}

input! {
    /// A new order. Its total is the exact sum of its lines.
    PlaceOrderInput for Order {
        /// The customer.
        P account_id: GlobalId;
        /// Who ordered.
        P contact_id: Option<GlobalId>;
        /// The opportunity that it came from; one of this customer's.
        P opportunity_id: Option<GlobalId>;
        /// The asset that it is spare parts for; one of this customer's.
        P asset_id: Option<GlobalId>;
        /// The number in the books, at most 255 characters.
        P number: Option<String>;
        /// When; now unless said otherwise. Not before 1970 and not more than 24 hours ahead.
        P ordered_at: Option<DateTime<Utc>>;
        /// ISO 4217 code, such as `EUR`.
        P currency: String;
        /// What was ordered, 1 to 200 lines.
        M lines: Vec<OrderLineInput>;
    }
}

input! {
    /// A change of an order: absent leaves, null clears. When it was placed and in which currency stays.
    UpdateOrderInput for Order {
        /// The number in the books, at most 255 characters.
        P number: MaybeUndefined<String>;
        /// How far it is; CANCELLED comes from `cancelOrder`.
        P status: MaybeUndefined<OrderStatus>;
        /// Who ordered.
        P contact_id: MaybeUndefined<GlobalId>;
        /// The opportunity that it came from; one of this customer's.
        P opportunity_id: MaybeUndefined<GlobalId>;
    }
    plain {
        /// Which order.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

/// An order that is called off.
#[derive(Clone, Debug, InputObject)]
pub struct CancelOrderInput {
    /// Which order.
    pub id: GlobalId,
    /// Change it only if it still has this version.
    pub if_version: Option<i32>,
}

payload! {
    /// What `placeOrder` answers.
    PlaceOrderPayload {
        /// The new order; null if it was refused.
        order: Order
    }
}

payload! {
    /// What `updateOrder` answers.
    UpdateOrderPayload {
        /// The changed order; null if it was refused.
        order: Order
    }
}

payload! {
    /// What `cancelOrder` answers.
    CancelOrderPayload {
        /// The order that is off; null if that was refused.
        order: Order
    }
}

/// An event of an order.
pub(crate) fn event(kind: EventKind, row: &sales_order::Model) -> Event {
    let payload = Payload::Order { total_minor: Some(row.total_minor), currency: Some(row.currency.clone()) };
    Event::of::<sales_order::Entity>(kind, row, payload)
}

/// A step that the order's state does not allow.
pub(crate) fn conflict(path: &str, status: OrderStatus) -> Error {
    Error::user(UserErrorCode::StateConflict, path, format!("the order is {status}"))
}

/// Places an order.
pub async fn place(cx: &Cx, input: PlaceOrderInput) -> Result<Order> {
    let written = input.written();
    let PlaceOrderInput { account_id, contact_id, opportunity_id, asset_id, number, ordered_at, currency, lines } =
        input;
    if !is_currency(&currency) {
        return Err(Error::invalid("currency", "an ISO 4217 code in capitals, such as EUR"));
    }
    if !(1..=MAX_LINES).contains(&lines.len()) {
        return Err(Error::invalid("lines", format!("1 to {MAX_LINES} lines")));
    }
    let mut work = Work::begin(cx).await?;
    let ordered_at = ordered_at.unwrap_or(work.now());
    if ordered_at < DateTime::UNIX_EPOCH || ordered_at > work.now() + Duration::hours(24) {
        return Err(Error::invalid("orderedAt", "not before 1970, and not more than 24 hours ahead"));
    }
    let mut total = 0_i64;
    let mut rows = Vec::with_capacity(lines.len());
    for (position, line) in (1..).zip(lines) {
        let (row, amount) = line_of(&work, |field| format!("lines.{}.{field}", position - 1), line, &currency).await?;
        total = total.checked_add(amount).ok_or_else(|| Error::invalid("lines", "the sum is too large"))?;
        rows.push(order_line::ActiveModel { position: Set(position), ..row });
    }
    let account = work.refer::<account::Entity>("accountId", account_id).await?.row().id;
    let asset = super::of_account::<asset::Entity>(&work, "assetId", asset_id, account).await?;
    let order = work
        .insert::<sales_order::Entity>(sales_order::ActiveModel {
            account_id: Set(Some(account)),
            contact_id: Set(ground::person_opt(&work, "contactId", contact_id, Some(account)).await?),
            opportunity_id: Set(super::of_account::<opportunity::Entity>(
                &work,
                "opportunityId",
                opportunity_id,
                account,
            )
            .await?),
            number: Set(line("number", number)?),
            ordered_at: Set(ordered_at),
            status: Set(OrderStatus::Placed),
            total_minor: Set(total),
            currency: Set(currency),
            ..Default::default()
        })
        .await?;
    for row in &mut rows {
        row.sales_order_id = Set(order.id);
    }
    work.insert_many::<order_line::Entity>(rows).await?;
    work.record(event(EventKind::OrderPlaced, &order).at(ordered_at));
    if asset.is_some() {
        let parts = event(EventKind::SparePartOrdered, &order).about(SubjectType::Asset, asset);
        work.record(parts.at(ordered_at));
    }
    let seen = work.reached::<sales_order::Entity>(order.id, &written).await?;
    work.commit().await?;
    Ok(Order(seen))
}

/// A draft is placed once; what is called off stays so.
pub(crate) fn step(before: OrderStatus, after: OrderStatus) -> Result<()> {
    match (before, after) {
        (OrderStatus::Cancelled, _) => Err(conflict("id", before)),
        (_, OrderStatus::Cancelled) => Err(Error::invalid("status", "an order is called off by cancelOrder")),
        (OrderStatus::Draft, _) => Ok(()),
        (_, OrderStatus::Draft) => Err(conflict("status", before)),
        _ => Ok(()),
    }
}

/// Changes an order, or moves it on. A draft that moves on is placed now.
pub async fn update(cx: &Cx, input: UpdateOrderInput) -> Result<Order> {
    let written = input.written();
    let UpdateOrderInput { id, if_version, number, status, contact_id, opportunity_id } = input;
    let id = id.named("id", Kind::Order)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<sales_order::Entity>(id, if_version, &written).await?;
    let before = seen.row();
    step(before.status, status.as_opt_ref().flatten().copied().unwrap_or(before.status))?;
    let row = sales_order::ActiveModel {
        number: line_patch("number", number)?,
        status: patch_required("status", status)?,
        contact_id: ground::person_patch(&work, "contactId", contact_id, before.account_id).await?,
        opportunity_id: super::patch_of_account::<opportunity::Entity>(
            &work,
            "opportunityId",
            opportunity_id,
            before.account_id,
        )
        .await?,
        ..Default::default()
    };
    let row = work.update::<sales_order::Entity>(&seen, row).await?;
    if before.status == OrderStatus::Draft && row.status != before.status {
        work.record(event(EventKind::OrderPlaced, &row));
    }
    let seen = work.reached::<sales_order::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Order(seen))
}

/// Refuses to call an order off that the customer has, or that is off.
pub(crate) fn may_cancel(path: &str, status: OrderStatus) -> Result<()> {
    match status {
        OrderStatus::Delivered | OrderStatus::Invoiced | OrderStatus::Cancelled => Err(conflict(path, status)),
        OrderStatus::Draft | OrderStatus::Placed | OrderStatus::Confirmed | OrderStatus::Shipped => Ok(()),
    }
}

/// Calls an order off, as long as the customer does not have it.
pub async fn cancel(cx: &Cx, input: CancelOrderInput) -> Result<Order> {
    let written = [(Class::P, "status")];
    let id = input.id.named("id", Kind::Order)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<sales_order::Entity>(id, input.if_version, &written).await?;
    may_cancel("id", seen.row().status)?;
    let off = sales_order::ActiveModel { status: Set(OrderStatus::Cancelled), ..Default::default() };
    let row = work.update::<sales_order::Entity>(&seen, off).await?;
    work.record(event(EventKind::OrderCancelled, &row));
    let seen = work.reached::<sales_order::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Order(seen))
}

listed! {
    /// One order; null if there is none that you may see.
    order,
    /// The orders that you may see, newest first unless sorted.
    orders: Order(sales_order::Entity) as Order, id Order, Falling;
    query OrderQuery, filter OrderFilter, sort OrderSort custom {
        /// By number.
        P number: TextFilter = Number;
        /// By status.
        P status: AnyOf<OrderStatus> = Status;
        /// By when it was placed.
        P ordered_at: TimeFilter = OrderedAt;
        /// By total.
        M total: MoneyFilter = TotalMinor, in Currency;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By opportunity.
        P opportunity_id: Ids = OpportunityId, of Opportunity;
    }
}

impl Removable for sales_order::Entity {
    /// The lines go with it. What stands at the customer's came from somewhere.
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<sales_order::Model>) -> Result<()> {
        let of_order = order_line::Column::SalesOrderId.eq(seen.row().id);
        let rows = work.caller().rows_to_write::<order_line::Entity>().filter(of_order);
        let lines = rows.all(work.tx()).await?;
        let installed = asset::Column::OrderLineId.is_in(lines.iter().map(|line| line.row().id));
        if work.tally_unscoped::<asset::Entity>(installed).await? > 0 {
            return Err(Error::user(UserErrorCode::StateConflict, "id", "installed assets came from this order"));
        }
        for line in &lines {
            work.remove::<order_line::Entity>(line).await?;
        }
        Ok(())
    }
}

removal! {
    /// Takes an order away that was entered by mistake, with its lines. STATE_CONFLICT if installed assets came from it. One
    /// that is called off is `cancelOrder`.
    delete_order: sales_order::Entity as Order, class P number, checked;
    mutation OrderRemoval, input DeleteOrderInput, payload DeleteOrderPayload;
}

/// Changing orders.
#[derive(Default)]
pub struct OrderMutation;

#[Object]
impl OrderMutation {
    /// Places an order for a customer. Events: `order.placed`, and `spare_part.ordered` where it is for an asset.
    #[graphql(directive = access::apply("Order".into(), "M".into(), true))]
    async fn place_order(&self, ctx: &Context<'_>, input: PlaceOrderInput) -> Result<PlaceOrderPayload> {
        let cx = Cx::of(ctx);
        PlaceOrderPayload::of(attempt(|| place(cx, input.clone())).await)
    }

    /// Changes an order, or moves it on. STATE_CONFLICT once it is called off.
    #[graphql(directive = access::apply("Order".into(), "P".into(), true))]
    async fn update_order(&self, ctx: &Context<'_>, input: UpdateOrderInput) -> Result<UpdateOrderPayload> {
        let cx = Cx::of(ctx);
        UpdateOrderPayload::of(attempt(|| update(cx, input.clone())).await)
    }

    /// Calls an order off. STATE_CONFLICT once it is delivered, invoiced or off. Event: `order.cancelled`.
    #[graphql(directive = access::apply("Order".into(), "P".into(), true))]
    async fn cancel_order(&self, ctx: &Context<'_>, input: CancelOrderInput) -> Result<CancelOrderPayload> {
        let cx = Cx::of(ctx);
        CancelOrderPayload::of(attempt(|| cancel(cx, input.clone())).await)
    }
}
