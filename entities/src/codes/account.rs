//! Codes of the account wing, and of people and teams.

use super::codes;

codes! {
    /// How much a customer matters to the company.
    Tier {
        /// A key account.
        Key = "KEY",
        /// First class.
        A = "A",
        /// Second class.
        B = "B",
        /// Third class.
        C = "C",
    }
}

codes! {
    /// What a colleague is there for; also a colleague's department.
    Discipline {
        /// Finds the market and its people.
        Marketing = "MARKETING",
        /// Wins the customer.
        Sales = "SALES",
        /// Makes it work at the customer's.
        Technical = "TECHNICAL",
        /// Keeps the customer well.
        Service = "SERVICE",
        /// Leads.
        Management = "MANAGEMENT",
    }
}

codes! {
    /// What a team membership allows in one wing.
    AccessLevel {
        /// Nothing.
        None = "NONE",
        /// Reading.
        Read = "READ",
        /// Reading and writing.
        Edit = "EDIT",
    }
}

codes! {
    /// A way to reach somebody; also the channel that a consent is about.
    ContactPointKind {
        /// An e-mail address.
        Email = "EMAIL",
        /// A phone number.
        Phone = "PHONE",
        /// A postal address.
        Address = "ADDRESS",
        /// A profile in a social network.
        Social = "SOCIAL",
    }
}

codes! {
    /// What kind of value recognises a subject.
    IdentityKind {
        /// A browser's cookie.
        Cookie = "COOKIE",
        /// A device's id.
        Device = "DEVICE",
        /// An e-mail address.
        Email = "EMAIL",
        /// A phone number.
        Phone = "PHONE",
        /// A login of the company's own products.
        UserId = "USER_ID",
        /// A key in a customer system.
        CrmId = "CRM_ID",
        /// An internet domain, which speaks for an account.
        Domain = "DOMAIN",
    }
}

codes! {
    /// How far an identity may be trusted.
    IdentityStrength {
        /// Proves the subject.
        Strong = "STRONG",
        /// Makes the subject likely.
        Medium = "MEDIUM",
        /// A hint only.
        Weak = "WEAK",
    }
}

codes! {
    /// Where a consent stands.
    ConsentState {
        /// Nobody asked yet.
        Unknown = "UNKNOWN",
        /// Asked, and not confirmed yet (double opt-in).
        Pending = "PENDING",
        /// Given.
        Given = "GIVEN",
        /// Asked for, and refused.
        Denied = "DENIED",
        /// Given once, and taken back.
        Withdrawn = "WITHDRAWN",
    }
}

codes! {
    /// What a consent allows.
    ConsentPurpose {
        /// To be sent advertising.
        Marketing = "MARKETING",
        /// To be measured.
        Analytics = "ANALYTICS",
        /// To be scored.
        Profiling = "PROFILING",
        /// To be asked about the service received.
        Service = "SERVICE",
    }
}

codes! {
    /// Why processing is lawful (GDPR, article 6).
    LegalBasis {
        /// The person agreed.
        Consent = "CONSENT",
        /// A contract needs it.
        Contract = "CONTRACT",
        /// A law demands it.
        LegalObligation = "LEGAL_OBLIGATION",
        /// A life depends on it.
        VitalInterest = "VITAL_INTEREST",
        /// A public task needs it.
        PublicTask = "PUBLIC_TASK",
        /// The company's interest outweighs.
        LegitimateInterest = "LEGITIMATE_INTEREST",
    }
}

codes! {
    /// How high a contact stands in its company.
    Seniority {
        /// Board.
        CLevel = "C_LEVEL",
        /// Vice president.
        Vp = "VP",
        /// Director.
        Director = "DIRECTOR",
        /// Manager.
        Manager = "MANAGER",
        /// Senior specialist.
        Senior = "SENIOR",
        /// Everybody else.
        Staff = "STAFF",
    }
}

codes! {
    /// The part that a person plays when its company buys.
    BuyingRole {
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
    /// How many people a company employs.
    SizeBand {
        /// Fewer than 10.
        Micro = "MICRO",
        /// 10 to 49.
        Small = "SMALL",
        /// 50 to 249.
        Medium = "MEDIUM",
        /// 250 to 4,999.
        Large = "LARGE",
        /// 5,000 and more.
        Enterprise = "ENTERPRISE",
    }
}

codes! {
    /// The wings of the house; a team membership grants access wing by wing.
    Wing {
        /// The customer, and who looks after it.
        Account = "ACCOUNT",
        /// From the market to the lead.
        Marketing = "MARKETING",
        /// From the lead to the contract.
        Sales = "SALES",
        /// From the delivery on.
        Service = "SERVICE",
    }
}

codes! {
    /// What a tenant's own definition says.
    DefinitionKind {
        /// How a lead earns its score.
        Scoring = "SCORING",
        /// How an account's health is weighed.
        Health = "HEALTH",
        /// How touches share the credit.
        Attribution = "ATTRIBUTION",
        /// Who gets what is offered.
        Routing = "ROUTING",
    }
}
