//! Codes of the journey.

use super::codes;

codes! {
    /// What an event, a note or a handover can be about.
    SubjectType {
        /// An account.
        Account = "ACCOUNT",
        /// A contact.
        Contact = "CONTACT",
        /// A visitor.
        Visitor = "VISITOR",
        /// An opportunity.
        Opportunity = "OPPORTUNITY",
        /// A lead.
        Lead = "LEAD",
        /// A campaign.
        Campaign = "CAMPAIGN",
        /// A ticket.
        Ticket = "TICKET",
        /// An installed asset.
        Asset = "ASSET",
        /// An industry.
        Industry = "INDUSTRY",
    }
}

codes! {
    /// Which part of the journey an event belongs to.
    EventDomain {
        /// Touches.
        Marketing = "MARKETING",
        /// Leads and handovers.
        Lead = "LEAD",
        /// Selling.
        Sales = "SALES",
        /// Installing and trying.
        Technical = "TECHNICAL",
        /// Helping.
        Service = "SERVICE",
        /// Stages, identities, records.
        Journey = "JOURNEY",
        /// Consent and erasure.
        Law = "LAW",
    }
}

codes! {
    /// What happened to a row of the feed.
    ChangeKind {
        /// It is new.
        Created = "CREATED",
        /// It changed.
        Updated = "UPDATED",
        /// It is gone.
        Deleted = "DELETED",
    }
}

codes! {
    /// What a search finds.
    SearchEntity {
        /// A company.
        Account = "ACCOUNT",
        /// A person.
        Contact = "CONTACT",
        /// An opportunity.
        Opportunity = "OPPORTUNITY",
        /// A ticket.
        Ticket = "TICKET",
    }
}

codes! {
    /// By what a search finds.
    SearchField {
        /// The name.
        Name = "NAME",
        /// The registered name.
        LegalName = "LEGAL_NAME",
        /// A web domain.
        Domain = "DOMAIN",
        /// A mail address.
        Mail = "MAIL",
        /// A phone number.
        Phone = "PHONE",
        /// What a ticket is about.
        Subject = "SUBJECT",
        /// The number of a ticket.
        Number = "NUMBER",
    }
}
