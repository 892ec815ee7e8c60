//! Codes of the marketing wing.

use super::codes;

codes! {
    /// Who owns the stage that a channel plays on.
    ChannelGroup {
        /// Bought.
        Paid = "PAID",
        /// The company's own.
        Owned = "OWNED",
        /// Given by others.
        Earned = "EARNED",
        /// The sales force.
        Sales = "SALES",
        /// Partners.
        Partner = "PARTNER",
    }
}

codes! {
    /// What sort of campaign it is.
    CampaignType {
        /// Paid advertising.
        Advertising = "ADVERTISING",
        /// Content to be found and read.
        Content = "CONTENT",
        /// Mailing.
        Email = "EMAIL",
        /// Social networks.
        Social = "SOCIAL",
        /// Being found by search engines.
        Search = "SEARCH",
        /// An event of the company's own.
        Event = "EVENT",
        /// A webinar.
        Webinar = "WEBINAR",
        /// A trade fair.
        TradeFair = "TRADE_FAIR",
        /// Cold calls and direct approach.
        Outbound = "OUTBOUND",
        /// Recommendation.
        Referral = "REFERRAL",
        /// Together with partners.
        Partner = "PARTNER",
        /// Aimed at chosen accounts.
        AccountBased = "ACCOUNT_BASED",
        /// Anything else.
        Other = "OTHER",
    }
}

codes! {
    /// Where a campaign stands.
    CampaignStatus {
        /// Not started.
        Planned = "PLANNED",
        /// Running.
        Active = "ACTIVE",
        /// Stopped for a while.
        Paused = "PAUSED",
        /// Over.
        Completed = "COMPLETED",
        /// Called off.
        Cancelled = "CANCELLED",
    }
}

codes! {
    /// What marketing money was spent on.
    CostKind {
        /// Space and clicks.
        Media = "MEDIA",
        /// Making things.
        Production = "PRODUCTION",
        /// People's time.
        Staff = "STAFF",
    }
}

codes! {
    /// What kind of content an asset is.
    ContentKind {
        /// A page of the site.
        Page = "PAGE",
        /// A blog post.
        BlogPost = "BLOG_POST",
        /// A white paper.
        Whitepaper = "WHITEPAPER",
        /// A customer's story.
        CaseStudy = "CASE_STUDY",
        /// A brochure.
        Brochure = "BROCHURE",
        /// A data sheet.
        Datasheet = "DATASHEET",
        /// A video.
        Video = "VIDEO",
        /// A webinar's recording.
        Webinar = "WEBINAR",
        /// A newsletter.
        Newsletter = "NEWSLETTER",
        /// A form.
        Form = "FORM",
        /// An advertisement.
        Ad = "AD",
        /// A calculator or configurator.
        Calculator = "CALCULATOR",
        /// Anything else.
        Other = "OTHER",
    }
}

codes! {
    /// What happened at a touchpoint; each has an event kind of the same name.
    Interaction {
        /// An advertisement was clicked.
        AdClicked = "AD_CLICKED",
        /// A page was looked at.
        PageViewed = "PAGE_VIEWED",
        /// Content was downloaded.
        ContentDownloaded = "CONTENT_DOWNLOADED",
        /// A form was sent.
        FormSubmitted = "FORM_SUBMITTED",
        /// A mailing went out.
        EmailSent = "EMAIL_SENT",
        /// A link in a mailing was clicked.
        EmailClicked = "EMAIL_CLICKED",
        /// A mailing came back.
        EmailBounced = "EMAIL_BOUNCED",
        /// A mailing was cancelled by its reader.
        EmailUnsubscribed = "EMAIL_UNSUBSCRIBED",
        /// Somebody registered for a webinar.
        WebinarRegistered = "WEBINAR_REGISTERED",
        /// Somebody was in a webinar.
        WebinarAttended = "WEBINAR_ATTENDED",
        /// Somebody was at an event.
        EventAttended = "EVENT_ATTENDED",
        /// A badge was scanned at the booth.
        TradefairBoothScanned = "TRADEFAIR_BOOTH_SCANNED",
        /// A reaction in a social network.
        SocialEngaged = "SOCIAL_ENGAGED",
        /// Any other response to a campaign.
        CampaignResponded = "CAMPAIGN_RESPONDED",
        /// Lead research found somebody.
        ResearchFound = "RESEARCH_FOUND",
        /// Somebody was recommended.
        ReferralReceived = "REFERRAL_RECEIVED",
        /// A partner introduced somebody.
        PartnerIntroduced = "PARTNER_INTRODUCED",
        /// A cold call that reached nobody.
        CallAttempted = "CALL_ATTEMPTED",
        /// A cold call that reached somebody.
        CallConnected = "CALL_CONNECTED",
    }
}

codes! {
    /// Where a lead stands.
    LeadStatus {
        /// Marketing works on it.
        New = "NEW",
        /// Handed over, not decided yet.
        Offered = "OFFERED",
        /// Sales took it.
        Accepted = "ACCEPTED",
        /// Sales refused it, with a reason.
        Rejected = "REJECTED",
        /// Sales took it and gave it back.
        Returned = "RETURNED",
        /// Became an opportunity.
        Converted = "CONVERTED",
        /// Will not become anything.
        Disqualified = "DISQUALIFIED",
    }
}

codes! {
    /// What a touchpoint did for a lead.
    LeadTouchRole {
        /// The first one known.
        First = "FIRST",
        /// The one that made the lead.
        Created = "CREATED",
        /// The one that lifted it over the threshold.
        Qualified = "QUALIFIED",
    }
}

codes! {
    /// Which two disciplines a handover goes between.
    HandoverBoundary {
        /// A lead becomes sales' business.
        MarketingToSales = "MARKETING_TO_SALES",
        /// A sale needs technical work.
        SalesToTechnical = "SALES_TO_TECHNICAL",
        /// A commissioned installation goes to service.
        TechnicalToService = "TECHNICAL_TO_SERVICE",
        /// Service saw a chance or a danger.
        ServiceToSales = "SERVICE_TO_SALES",
    }
}

codes! {
    /// How a handover ended.
    HandoverOutcome {
        /// Taken.
        Accepted = "ACCEPTED",
        /// Refused, with a reason.
        Rejected = "REJECTED",
        /// Taken first, given back later.
        Returned = "RETURNED",
        /// Not decided in time.
        Expired = "EXPIRED",
        /// Taken back by who offered it.
        Recalled = "RECALLED",
    }
}

codes! {
    /// Why something handed over was not wanted.
    ReasonCode {
        /// Not the person to talk to.
        WrongPersona = "WRONG_PERSONA",
        /// Outside the region.
        WrongRegion = "WRONG_REGION",
        /// No money for it.
        NoBudget = "NO_BUDGET",
        /// No need for it.
        NoNeed = "NO_NEED",
        /// Cannot decide.
        NoAuthority = "NO_AUTHORITY",
        /// Not now.
        NoTiming = "NO_TIMING",
        /// Known already.
        Duplicate = "DUPLICATE",
        /// Belongs to a competitor.
        Competitor = "COMPETITOR",
        /// Not a company.
        PrivatePerson = "PRIVATE_PERSON",
        /// The data are wrong.
        BadData = "BAD_DATA",
        /// Is a customer already.
        ExistingCustomer = "EXISTING_CUSTOMER",
        /// Could not be reached.
        Unreachable = "UNREACHABLE",
        /// Anything else: see the comment.
        Other = "OTHER",
    }
}
