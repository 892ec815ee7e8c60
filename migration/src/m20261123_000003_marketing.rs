//! The marketing wing: from the market to the lead.

use crate::table::{Step, Table, table};

const INTERACTION: &[&str] = &[
    "AD_CLICKED",
    "PAGE_VIEWED",
    "CONTENT_DOWNLOADED",
    "FORM_SUBMITTED",
    "EMAIL_SENT",
    "EMAIL_CLICKED",
    "EMAIL_BOUNCED",
    "EMAIL_UNSUBSCRIBED",
    "WEBINAR_REGISTERED",
    "WEBINAR_ATTENDED",
    "EVENT_ATTENDED",
    "TRADEFAIR_BOOTH_SCANNED",
    "SOCIAL_ENGAGED",
    "CAMPAIGN_RESPONDED",
    "RESEARCH_FOUND",
    "REFERRAL_RECEIVED",
    "PARTNER_INTRODUCED",
    "CALL_ATTEMPTED",
    "CALL_CONNECTED",
];

pub(crate) const STEP: Step = Step { name: "m20261123_000003_marketing", tables };

fn tables() -> Vec<Table> {
    vec![
        table("channel")
            .keyed()
            .of_tenant()
            .text("code")
            .text("name")
            .code("channel_group", &["PAID", "OWNED", "EARNED", "SALES", "PARTNER"])
            .boolean("is_direct")
            .versioned()
            .unique(&["code"]),
        table("campaign")
            .keyed()
            .opt_text("code")
            .text("name")
            .code(
                "campaign_type",
                &[
                    "ADVERTISING",
                    "CONTENT",
                    "EMAIL",
                    "SOCIAL",
                    "SEARCH",
                    "EVENT",
                    "WEBINAR",
                    "TRADE_FAIR",
                    "OUTBOUND",
                    "REFERRAL",
                    "PARTNER",
                    "ACCOUNT_BASED",
                    "OTHER",
                ],
            )
            .opt_text("objective")
            .opt_text("market_problem")
            .opt_text("message")
            .code("status", &["PLANNED", "ACTIVE", "PAUSED", "COMPLETED", "CANCELLED"])
            .opt_refers("parent_id", "campaign")
            .opt_date("start_date")
            .opt_date("end_date")
            .opt_bigint("budget_minor")
            .opt_text("currency")
            .opt_refers("owner_id", "colleague")
            .opt_text("description")
            .held_elsewhere()
            .deletable()
            .versioned()
            .unique(&["code"])
            .index(&["owner_id"])
            .index(&["parent_id"])
            .index(&["status"]),
        table("campaign_industry")
            .tenant_id()
            .refers("campaign_id", "campaign")
            .refers("industry_id", "industry")
            .primary_key(&["tenant_id", "campaign_id", "industry_id"])
            .index(&["industry_id"]),
        table("campaign_cost")
            .keyed()
            .refers("campaign_id", "campaign")
            .opt_refers("channel_id", "channel")
            .date("date_from")
            .date("date_to")
            .bigint("amount_minor")
            .text("currency")
            .code("kind", &["MEDIA", "PRODUCTION", "STAFF"])
            .versioned()
            .index(&["campaign_id", "date_from"]),
        table("content_asset")
            .keyed()
            .text("title")
            .code(
                "kind",
                &[
                    "PAGE",
                    "BLOG_POST",
                    "WHITEPAPER",
                    "CASE_STUDY",
                    "BROCHURE",
                    "DATASHEET",
                    "VIDEO",
                    "WEBINAR",
                    "NEWSLETTER",
                    "FORM",
                    "AD",
                    "CALCULATOR",
                    "OTHER",
                ],
            )
            .opt_text("url")
            .opt_refers("campaign_id", "campaign")
            .opt_text("language")
            .opt_text("description")
            .deletable()
            .versioned()
            .index(&["campaign_id"]),
        table("touchpoint")
            .keyed()
            .opt_refers("campaign_id", "campaign")
            .opt_refers("channel_id", "channel")
            .opt_refers("content_asset_id", "content_asset")
            .opt_refers("contact_id", "contact")
            .opt_refers("visitor_id", "visitor")
            .opt_refers("account_id", "account")
            .code("interaction", INTERACTION)
            .time("occurred_at")
            .opt_text("page_url")
            .opt_text("referrer")
            .opt_text("utm_source")
            .opt_text("utm_medium")
            .opt_text("utm_campaign")
            .opt_text("utm_term")
            .opt_text("utm_content")
            .opt_bigint("cost_minor")
            .opt_text("currency")
            .boolean("is_inbound")
            .held_elsewhere()
            .deletable()
            .versioned()
            .index(&["campaign_id", "occurred_at"])
            .index(&["contact_id"])
            .index(&["visitor_id"])
            .index(&["account_id", "occurred_at"]),
        table("lead")
            .keyed()
            .opt_refers("contact_id", "contact")
            .opt_refers("visitor_id", "visitor")
            .opt_refers("account_id", "account")
            .opt_refers("campaign_id", "campaign")
            .opt_refers("channel_id", "channel")
            .code("status", &["NEW", "OFFERED", "ACCEPTED", "REJECTED", "RETURNED", "CONVERTED", "DISQUALIFIED"])
            .opt_integer("score")
            .opt_json("score_parts")
            .opt_time("mql_at")
            .opt_bigint("mql_rule_version")
            .opt_refers("owner_id", "colleague")
            .opt_refers("queue_id", "queue")
            .opt_uuid("converted_opportunity_id")
            .opt_text("description")
            .held_elsewhere()
            .deletable()
            .versioned()
            .index(&["account_id"])
            .index(&["contact_id"])
            .index(&["visitor_id"])
            .index(&["campaign_id"])
            .index(&["owner_id"])
            .index(&["queue_id", "status"])
            .index(&["status"]),
        table("lead_touch")
            .tenant_id()
            .refers("lead_id", "lead")
            .refers("touchpoint_id", "touchpoint")
            .code("role", &["FIRST", "CREATED", "QUALIFIED"])
            .primary_key(&["tenant_id", "lead_id", "touchpoint_id", "role"])
            .index(&["touchpoint_id"]),
        table("handover")
            .keyed()
            .code("boundary", &["MARKETING_TO_SALES", "SALES_TO_TECHNICAL", "TECHNICAL_TO_SERVICE", "SERVICE_TO_SALES"])
            .opt_refers("from_id", "colleague")
            .opt_refers("to_colleague_id", "colleague")
            .opt_refers("to_queue_id", "queue")
            .code(
                "subject_type",
                &["ACCOUNT", "CONTACT", "VISITOR", "OPPORTUNITY", "LEAD", "CAMPAIGN", "TICKET", "ASSET", "INDUSTRY"],
            )
            .uuid("subject_id")
            .opt_refers("account_id", "account")
            .opt_refers("campaign_id", "campaign")
            .time("offered_at")
            .opt_time("due_at")
            .opt_time("decided_at")
            .opt_code("outcome", &["ACCEPTED", "REJECTED", "RETURNED", "EXPIRED", "RECALLED"])
            .opt_code(
                "reason_code",
                &[
                    "WRONG_PERSONA",
                    "WRONG_REGION",
                    "NO_BUDGET",
                    "NO_NEED",
                    "NO_AUTHORITY",
                    "NO_TIMING",
                    "DUPLICATE",
                    "COMPETITOR",
                    "PRIVATE_PERSON",
                    "BAD_DATA",
                    "EXISTING_CUSTOMER",
                    "UNREACHABLE",
                    "OTHER",
                ],
            )
            .opt_integer("rating")
            .opt_text("comment")
            .opt_refers("decided_by_id", "colleague")
            .boolean("automatic")
            .versioned()
            .between("rating", 1, 5)
            .index(&["subject_type", "subject_id"])
            .index(&["to_queue_id", "decided_at"])
            .index(&["to_colleague_id", "decided_at"])
            .index(&["account_id"])
            .index(&["campaign_id"]),
        table("lesson")
            .keyed()
            .refers("campaign_id", "campaign")
            .json("reason_codes")
            .text("text")
            .opt_refers("applied_to_campaign_id", "campaign")
            .opt_refers("author_id", "colleague")
            .versioned()
            .index(&["campaign_id"])
            .index(&["applied_to_campaign_id"]),
    ]
}
