//! 5: the sales wing: opportunities, meetings, requirements, orders.

use crate::object;

object! {
    /// Opportunity.
    Opportunity(entities::sales::opportunity::Entity) as Opportunity, id Opportunity {}
}

object! {
    /// Meeting.
    Meeting(entities::sales::meeting::Entity) as Meeting, id Meeting {}
}

object! {
    /// Requirement.
    Requirement(entities::sales::requirement::Entity) as Meeting, id Requirement {}
}

object! {
    /// Order.
    Order(entities::sales::sales_order::Entity) as Order, id Order {}
}

object! {
    /// Product.
    Product(entities::sales::product::Entity) as Product, id Product {}
}

object! {
    /// Activity.
    Activity(entities::sales::activity::Entity) as Activity, id Activity {}
}
