//! Codes of the tenant's own fields.

use super::codes;

codes! {
    /// What can have fields of the tenant's own.
    CustomEntity {
        /// Account.
        Account = "ACCOUNT",
        /// Contact.
        Contact = "CONTACT",
        /// Campaign.
        Campaign = "CAMPAIGN",
        /// Touchpoint.
        Touchpoint = "TOUCHPOINT",
        /// Lead.
        Lead = "LEAD",
        /// Opportunity.
        Opportunity = "OPPORTUNITY",
        /// Meeting.
        Meeting = "MEETING",
        /// Activity: call, mail, chat, visit.
        Activity = "ACTIVITY",
        /// Product.
        Product = "PRODUCT",
        /// Order.
        Order = "ORDER",
        /// Contract.
        Contract = "CONTRACT",
        /// Installed asset.
        Asset = "ASSET",
        /// Ticket.
        Ticket = "TICKET",
    }
}

impl CustomEntity {
    /// The table that holds its rows, with the values in the column `custom`.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            CustomEntity::Account => "account",
            CustomEntity::Contact => "contact",
            CustomEntity::Campaign => "campaign",
            CustomEntity::Touchpoint => "touchpoint",
            CustomEntity::Lead => "lead",
            CustomEntity::Opportunity => "opportunity",
            CustomEntity::Meeting => "meeting",
            CustomEntity::Activity => "activity",
            CustomEntity::Product => "product",
            CustomEntity::Order => "sales_order",
            CustomEntity::Contract => "contract",
            CustomEntity::Asset => "asset",
            CustomEntity::Ticket => "ticket",
        }
    }
}

codes! {
    /// What a field of the tenant's own holds.
    CustomFieldType {
        /// One line of text, at most 2,000 characters.
        Text = "TEXT",
        /// A number below a trillion, of at most 15 digits, 6 of them after the point.
        Number = "NUMBER",
        /// True or false.
        Boolean = "BOOLEAN",
        /// A civil date, as `2026-11-23`.
        Date = "DATE",
        /// The code of one of the field's choices.
        Choice = "CHOICE",
    }
}
