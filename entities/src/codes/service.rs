//! Codes of the service wing.

use super::codes;

codes! {
    /// Where a ticket stands.
    TicketStatus {
        /// Nobody looked at it yet.
        New = "NEW",
        /// Being worked on.
        Open = "OPEN",
        /// The customer has to answer.
        PendingCustomer = "PENDING_CUSTOMER",
        /// Somebody else has to do something.
        OnHold = "ON_HOLD",
        /// Solved, and may be reopened.
        Solved = "SOLVED",
        /// Over.
        Closed = "CLOSED",
    }
}

codes! {
    /// How urgent a ticket is.
    TicketPriority {
        /// Can wait.
        Low = "LOW",
        /// As usual.
        Normal = "NORMAL",
        /// Before the others.
        High = "HIGH",
        /// At once.
        Urgent = "URGENT",
    }
}

codes! {
    /// How a ticket came in.
    TicketChannel {
        /// By mail.
        Email = "EMAIL",
        /// By phone.
        Phone = "PHONE",
        /// By chat.
        Chat = "CHAT",
        /// Through a form.
        Web = "WEB",
        /// Through the customer portal.
        Portal = "PORTAL",
        /// Through a social network.
        Social = "SOCIAL",
        /// At the customer's.
        OnSite = "ON_SITE",
        /// From another system.
        Api = "API",
    }
}

codes! {
    /// Who wrote a message.
    AuthorType {
        /// A colleague.
        Colleague = "COLLEAGUE",
        /// The customer.
        Contact = "CONTACT",
        /// A machine.
        Bot = "BOT",
    }
}

codes! {
    /// What a service level measures.
    SlaMetric {
        /// Time to the first human answer.
        FirstResponse = "FIRST_RESPONSE",
        /// Time to the answer after a customer's message.
        NextResponse = "NEXT_RESPONSE",
        /// Time until solved.
        Resolution = "RESOLUTION",
        /// Time until a handover is decided.
        HandoverDecision = "HANDOVER_DECISION",
    }
}

codes! {
    /// What a service level's clock runs for.
    SlaObject {
        /// A ticket.
        Ticket = "TICKET",
        /// A handover.
        Handover = "HANDOVER",
    }
}

codes! {
    /// What a survey asks.
    SurveyKind {
        /// How satisfied the customer is.
        Csat = "CSAT",
        /// Whether the customer would recommend the company.
        Nps = "NPS",
        /// How easy it was.
        Ces = "CES",
    }
}
