//! Codes of the sales wing.

use super::codes;

codes! {
    /// What goes through stages.
    StageObject {
        /// A person: contact or visitor.
        Lifecycle = "LIFECYCLE",
        /// An opportunity.
        Opportunity = "OPPORTUNITY",
        /// A ticket.
        Ticket = "TICKET",
        /// An account.
        Account = "ACCOUNT",
    }
}

codes! {
    /// How an opportunity counts in the forecast.
    ForecastCategory {
        /// Open, and no promise.
        Pipeline = "PIPELINE",
        /// If all goes well.
        BestCase = "BEST_CASE",
        /// Promised.
        Commit = "COMMIT",
        /// Decided.
        Closed = "CLOSED",
        /// Left out.
        Omitted = "OMITTED",
    }
}

codes! {
    /// The part of a contact in one opportunity.
    ContactRole {
        /// Decides.
        DecisionMaker = "DECISION_MAKER",
        /// Fights for us inside.
        Champion = "CHAMPION",
        /// Is listened to.
        Influencer = "INFLUENCER",
        /// Will work with it.
        User = "USER",
        /// Is against it.
        Blocker = "BLOCKER",
        /// Negotiates and signs.
        Buyer = "BUYER",
    }
}

codes! {
    /// How people meet.
    MeetingKind {
        /// On the phone.
        Call = "CALL",
        /// At the customer's.
        Visit = "VISIT",
        /// A demonstration.
        Demo = "DEMO",
        /// By video.
        Online = "ONLINE",
        /// At a trade fair.
        TradeFair = "TRADE_FAIR",
        /// A workshop.
        Workshop = "WORKSHOP",
    }
}

codes! {
    /// What became of a meeting.
    MeetingOutcome {
        /// It took place.
        Held = "HELD",
        /// The customer did not come.
        NoShow = "NO_SHOW",
        /// It was called off.
        Cancelled = "CANCELLED",
    }
}

codes! {
    /// What an invited person answered.
    AttendeeResponse {
        /// Nothing yet.
        Pending = "PENDING",
        /// Will come.
        Accepted = "ACCEPTED",
        /// May come.
        Tentative = "TENTATIVE",
        /// Will not come.
        Declined = "DECLINED",
    }
}

codes! {
    /// What a customer's requirement is about.
    RequirementCategory {
        /// What it does.
        Function = "FUNCTION",
        /// How well or how fast it does it.
        Performance = "PERFORMANCE",
        /// What it must work together with.
        Integration = "INTEGRATION",
        /// Laws and standards.
        Compliance = "COMPLIANCE",
        /// What it costs.
        Price = "PRICE",
        /// When and how it comes.
        Delivery = "DELIVERY",
        /// What happens afterwards.
        Service = "SERVICE",
        /// How it is worked with.
        Usability = "USABILITY",
        /// Anything else.
        Other = "OTHER",
    }
}

codes! {
    /// What became of a requirement.
    RequirementStatus {
        /// Recorded only.
        Open = "OPEN",
        /// Heard more than once, or confirmed.
        Confirmed = "CONFIRMED",
        /// A campaign or an offer answers it.
        Answered = "ANSWERED",
        /// Will not be met.
        Declined = "DECLINED",
    }
}

codes! {
    /// A human touch.
    ActivityKind {
        /// A phone call.
        Call = "CALL",
        /// A mail from person to person.
        Email = "EMAIL",
        /// A chat.
        Chat = "CHAT",
        /// A technician's or a salesperson's visit on site.
        SiteVisit = "SITE_VISIT",
        /// A trial installation.
        Trial = "TRIAL",
    }
}

codes! {
    /// What an activity achieved.
    ActivityOutcome {
        /// Somebody was reached.
        Connected = "CONNECTED",
        /// Nobody answered.
        NoAnswer = "NO_ANSWER",
        /// A message was left.
        Voicemail = "VOICEMAIL",
        /// It could not be delivered.
        Bounced = "BOUNCED",
        /// An answer came.
        Replied = "REPLIED",
        /// Done as meant.
        Completed = "COMPLETED",
        /// Called off.
        Cancelled = "CANCELLED",
    }
}

codes! {
    /// Who began.
    Direction {
        /// The customer.
        Inbound = "INBOUND",
        /// The company.
        Outbound = "OUTBOUND",
    }
}

codes! {
    /// What a note or a task can be about.
    RecordType {
        /// A company.
        Account = "ACCOUNT",
        /// A person.
        Contact = "CONTACT",
        /// Somebody who is not known yet.
        Visitor = "VISITOR",
        /// A target industry.
        Industry = "INDUSTRY",
        /// A campaign.
        Campaign = "CAMPAIGN",
        /// A lead.
        Lead = "LEAD",
        /// A handover between disciplines.
        Handover = "HANDOVER",
        /// An opportunity.
        Opportunity = "OPPORTUNITY",
        /// A meeting.
        Meeting = "MEETING",
        /// What a customer needs.
        Requirement = "REQUIREMENT",
        /// An order.
        Order = "ORDER",
        /// A contract.
        Contract = "CONTRACT",
        /// An installed machine.
        Asset = "ASSET",
        /// A ticket.
        Ticket = "TICKET",
    }
}

codes! {
    /// Who may read a note.
    NoteVisibility {
        /// Whom the team rule lets see the account, in the record's wing. Of a record without an account: the author's discipline.
        Team = "TEAM",
        /// The author's discipline, as far as TEAM.
        Discipline = "DISCIPLINE",
        /// The author.
        Private = "PRIVATE",
    }
}

codes! {
    /// Where an order stands.
    OrderStatus {
        /// Not placed yet.
        Draft = "DRAFT",
        /// Placed by the customer.
        Placed = "PLACED",
        /// Confirmed by the company.
        Confirmed = "CONFIRMED",
        /// On its way.
        Shipped = "SHIPPED",
        /// With the customer.
        Delivered = "DELIVERED",
        /// Invoiced.
        Invoiced = "INVOICED",
        /// Called off.
        Cancelled = "CANCELLED",
    }
}

codes! {
    /// Where a contract stands.
    ContractStatus {
        /// Not signed yet.
        Draft = "DRAFT",
        /// In force.
        Active = "ACTIVE",
        /// Ran out.
        Expired = "EXPIRED",
        /// Ended by one side.
        Cancelled = "CANCELLED",
    }
}

codes! {
    /// What happens when a contract ends.
    Renewal {
        /// It goes on unless somebody cancels.
        Automatic = "AUTOMATIC",
        /// It must be signed again.
        Manual = "MANUAL",
        /// It ends.
        None = "NONE",
    }
}
