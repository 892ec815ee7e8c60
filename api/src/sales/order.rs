//! Orders and contracts.

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use entities::{
    account::{account, contact, visitor},
    codes::{ContractStatus, OrderStatus, Renewal},
    sales::{contract, opportunity, order_line, product, sales_order},
    service::file,
};
use rust_decimal::Decimal;
use sea_orm::Set;

use super::{Opportunity, Product};
use crate::{
    account::{Account, Contact, Visitor},
    custom,
    files::ContractFile,
    graph::{
        AnyOf, Cx, DateFilter, Error, GlobalId, Ids, IsSet, Money, MoneyFilter, MoneyInput, Result, TextFilter,
        TimeFilter, text, to_minor,
    },
    input,
    journey::{Event, EventKind, Payload, Work, attempt},
    listed, object, payload,
    policy::access,
    teamwork,
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

object! {
    /// One line of an order.
    OrderLine(order_line::Entity) as Order, id OrderLine {
        /// Its place, from 1.
        P position: i32 = |row| row.position;
        /// What it is.
        P description: String = |row| row.description.clone();
        /// How many, to three decimals.
        P quantity: Decimal = |row| Decimal::new(row.quantity_milli, 3);
        /// The price of one, in minor units of the order's currency.
        M unit_price_minor: String = |row| row.unit_price_minor.to_string();
        /// The line's sum, in minor units of the order's currency.
        M amount_minor: String = |row| row.amount_minor.to_string();
    }
    refs {
        /// The product; null for what is not in the catalogue.
        P product: Product = product::Entity, |row| row.product_id;
    }
}

object! {
    /// What was agreed with a customer for a time.
    Contract(contract::Entity) as Order, id Contract {
        /// The contract's number; null for none.
        P number: String = |row| row.number.clone();
        /// What it is called.
        P name: String = |row| row.name.clone();
        /// How far it is.
        P status: ContractStatus = |row| row.status;
        /// Its first day.
        P start_date: NaiveDate = |row| row.start_date;
        /// Its last day; null for open end.
        P end_date: NaiveDate = |row| row.end_date;
        /// How it goes on after its end.
        P renewal: Renewal = |row| row.renewal;
        /// When it was signed (UTC).
        P signed_at: DateTime<Utc> = |row| row.signed_at;
        /// What it is worth over its whole time.
        M value: Money = |row| row.value_minor.zip(row.currency.as_deref()).map(|(minor, currency)| Money::from_minor(minor, currency));
    }
    refs {
        /// The customer.
        P account: Account = account::Entity, |row| row.account_id;
        /// The opportunity that it came from; null for none.
        P opportunity: Opportunity = opportunity::Entity, |row| row.opportunity_id;
    }
    lists {
        /// Its files, oldest first.
        files: ContractFile = file::Entity, file::Column::ContractId, Rising under Order;
    }
    custom_fields Contract;
    teamwork Contract;
}

/// One line of a new order.
#[derive(Clone, Debug, InputObject)]
pub struct OrderLineInput {
    /// The product.
    pub product_id: Option<GlobalId>,
    /// What it is; the product's name unless said otherwise.
    pub description: Option<String>,
    /// How many: more than 0, at most three decimals.
    pub quantity: Decimal,
    /// The price of one, in the order's currency.
    pub unit_price: Decimal,
}

impl IsSet for OrderLineInput {
    fn is_set(&self) -> bool {
        true
    }
}

input! {
    /// A new order. Its total is the exact sum of its lines.
    PlaceOrderInput for Order {
        /// The customer.
        P account_id: GlobalId;
        /// Who ordered.
        P contact_id: Option<GlobalId>;
        /// The opportunity that it came from.
        P opportunity_id: Option<GlobalId>;
        /// The number in the books.
        P number: Option<String>;
        /// When; now unless said otherwise.
        P ordered_at: Option<DateTime<Utc>>;
        /// ISO 4217 code, such as `EUR`.
        P currency: String;
        /// What was ordered, 1 to 200 lines.
        M lines: Vec<OrderLineInput>;
    }
}

input! {
    /// A signed contract.
    SignContractInput for Order {
        /// The customer.
        P account_id: GlobalId;
        /// The opportunity that it came from.
        P opportunity_id: Option<GlobalId>;
        /// What it is called, at most 255 characters.
        P name: String;
        /// The contract's number.
        P number: Option<String>;
        /// Its first day.
        P start_date: NaiveDate;
        /// Its last day; open end unless said otherwise.
        P end_date: Option<NaiveDate>;
        /// What it is worth over its whole time.
        M value: Option<MoneyInput>;
    }
}

payload! {
    /// What `placeOrder` answers.
    PlaceOrderPayload {
        /// The new order; null if it was refused.
        order: Order
    }
}

payload! {
    /// What `signContract` answers.
    SignContractPayload {
        /// The contract; null if it was refused.
        contract: Contract
    }
}

/// Places an order.
pub async fn place(cx: &Cx, input: PlaceOrderInput) -> Result<Order> {
    let written = input.written();
    let PlaceOrderInput { account_id, contact_id, opportunity_id, number, ordered_at, currency, lines } = input;
    if !(1..=200).contains(&lines.len()) {
        return Err(Error::invalid("lines", "1 to 200 lines"));
    }
    // The code is checked once, by the first price.
    let mut work = Work::begin(cx).await?;
    let ordered_at = ordered_at.unwrap_or(work.now());
    if ordered_at < DateTime::UNIX_EPOCH || ordered_at > work.now() + Duration::hours(24) {
        return Err(Error::invalid("orderedAt", "between 1970 and 24 hours ahead"));
    }
    let mut total = 0_i64;
    let mut rows = Vec::with_capacity(lines.len());
    for (position, line) in (1..).zip(lines) {
        let OrderLineInput { product_id, description, quantity, unit_price } = line;
        let quantity_milli = to_minor(quantity, "BHD").filter(|milli| *milli > 0);
        let quantity_milli =
            quantity_milli.ok_or_else(|| Error::invalid("lines.quantity", "more than 0, at most three decimals"))?;
        let (unit_price_minor, _) =
            MoneyInput { amount: unit_price, currency: currency.clone() }.into_minor("lines.unitPrice")?;
        let product = match product_id {
            Some(id) => Some(work.refer::<product::Entity>("lines.productId", id).await?),
            None => None,
        };
        let milli = i128::from(quantity_milli) * i128::from(unit_price_minor);
        // Half a cent and more rounds up: the line is the smallest sum that is charged.
        let amount = i64::try_from((milli + 500).div_euclid(1000))
            .map_err(|_| Error::invalid("lines", "the sum is too large"))?;
        total = total.checked_add(amount).ok_or_else(|| Error::invalid("lines", "the sum is too large"))?;
        let name = product.as_ref().map(|product| product.row().name.clone());
        rows.push(order_line::ActiveModel {
            position: Set(position),
            product_id: Set(product.map(|product| product.row().id)),
            description: Set(description.or(name)),
            quantity_milli: Set(quantity_milli),
            unit_price_minor: Set(unit_price_minor),
            amount_minor: Set(amount),
            ..Default::default()
        });
    }
    let account = work.refer::<account::Entity>("accountId", account_id).await?.row().id;
    let order = work
        .insert::<sales_order::Entity>(sales_order::ActiveModel {
            account_id: Set(Some(account)),
            contact_id: Set(work.refer_opt::<contact::Entity>("contactId", contact_id).await?),
            opportunity_id: Set(super::deal_of(&work, opportunity_id, account).await?),
            number: Set(number),
            ordered_at: Set(ordered_at),
            status: Set(OrderStatus::Placed),
            total_minor: Set(total),
            currency: Set(currency.clone()),
            ..Default::default()
        })
        .await?;
    for row in &mut rows {
        row.sales_order_id = Set(order.id);
    }
    work.insert_many::<order_line::Entity>(rows).await?;
    let payload = Payload::Order { total_minor: Some(total), currency: Some(currency) };
    work.record(Event::of::<sales_order::Entity>(EventKind::OrderPlaced, &order, payload).at(ordered_at));
    let seen = work.reached::<sales_order::Entity>(order.id, &written).await?;
    work.commit().await?;
    Ok(Order(seen))
}

/// Writes down a signed contract.
pub async fn sign_contract(cx: &Cx, input: SignContractInput) -> Result<Contract> {
    let written = input.written();
    let SignContractInput { account_id, opportunity_id, name, number, start_date, end_date, value } = input;
    if end_date.is_some_and(|end| end < start_date) {
        return Err(Error::invalid("endDate", "a contract ends after it starts"));
    }
    let (value_minor, currency) = value.map(|money| money.into_minor("value")).transpose()?.unzip();
    let mut work = Work::begin(cx).await?;
    let signed_at = work.now();
    let account = work.refer::<account::Entity>("accountId", account_id).await?.row().id;
    let row = work
        .insert::<contract::Entity>(contract::ActiveModel {
            account_id: Set(account),
            opportunity_id: Set(super::deal_of(&work, opportunity_id, account).await?),
            name: Set(text("name", name, 255)?),
            number: Set(number),
            status: Set(ContractStatus::Active),
            start_date: Set(start_date),
            end_date: Set(end_date),
            renewal: Set(Renewal::Manual),
            value_minor: Set(value_minor),
            currency: Set(currency.clone()),
            owner_id: Set(cx.caller.colleague),
            signed_at: Set(Some(signed_at)),
            ..Default::default()
        })
        .await?;
    let payload = Payload::Order { total_minor: value_minor, currency };
    work.record(Event::of::<contract::Entity>(EventKind::ContractSigned, &row, payload));
    let seen = work.reached::<contract::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Contract(seen))
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

listed! {
    /// One contract; null if there is none that you may see.
    contract,
    /// The contracts that you may see, newest first unless sorted.
    contracts: Contract(contract::Entity) as Order, id Contract, Falling;
    query ContractQuery, filter ContractFilter, sort ContractSort custom {
        /// By number.
        P number: TextFilter = Number;
        /// By name.
        P name: TextFilter = Name;
        /// By status.
        P status: AnyOf<ContractStatus> = Status;
        /// By first day.
        P start_date: DateFilter = StartDate;
        /// By last day.
        P end_date: DateFilter = EndDate;
        /// By value.
        M value: MoneyFilter = ValueMinor, in Currency;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By opportunity.
        P opportunity_id: Ids = OpportunityId, of Opportunity;
    }
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

/// Changing orders and contracts.
#[derive(Default)]
pub struct OrderMutation;

#[Object]
impl OrderMutation {
    /// Places an order for a customer.
    #[graphql(directive = access::apply("Order".into(), "M".into(), true))]
    async fn place_order(&self, ctx: &Context<'_>, input: PlaceOrderInput) -> Result<PlaceOrderPayload> {
        let cx = Cx::of(ctx);
        PlaceOrderPayload::of(attempt(|| place(cx, input.clone())).await)
    }

    /// Writes down a contract that was signed now.
    #[graphql(directive = access::apply("Order".into(), "P".into(), true))]
    async fn sign_contract(&self, ctx: &Context<'_>, input: SignContractInput) -> Result<SignContractPayload> {
        let cx = Cx::of(ctx);
        SignContractPayload::of(attempt(|| sign_contract(cx, input.clone())).await)
    }
}
