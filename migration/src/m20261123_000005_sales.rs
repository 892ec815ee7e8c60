//! The sales wing: from the lead to the contract.

use crate::table::{Step, Table, table};

const FORECAST_CATEGORY: &[&str] = &["PIPELINE", "BEST_CASE", "COMMIT", "CLOSED", "OMITTED"];
const STAGE_OBJECT: &[&str] = &["LIFECYCLE", "OPPORTUNITY", "TICKET", "ACCOUNT"];
const SUBJECT_TYPE: &[&str] = &[
    "ACCOUNT",
    "CONTACT",
    "VISITOR",
    "OPPORTUNITY",
    "LEAD",
    "CAMPAIGN",
    "TICKET",
    "ASSET",
    "INDUSTRY",
];

pub(crate) const STEP: Step = Step {
    name: "m20261123_000005_sales",
    tables,
};

fn tables() -> Vec<Table> {
    vec![
        table("pipeline")
            .keyed()
            .of_tenant()
            .text("code")
            .text("name")
            .code("object_type", STAGE_OBJECT)
            .boolean("is_default")
            .versioned()
            .unique(&["code"]),
        table("stage")
            .keyed()
            .of_tenant()
            .refers("pipeline_id", "pipeline")
            .code("object_type", STAGE_OBJECT)
            .text("code")
            .text("name")
            .integer("position")
            .opt_integer("probability")
            .boolean("is_open")
            .boolean("is_won")
            .versioned()
            .between("probability", 0, 100)
            .unique(&["pipeline_id", "code"])
            .index(&["object_type", "position"]),
        table("stage_interval")
            .keyed()
            .code("object_type", STAGE_OBJECT)
            .uuid("object_id")
            .text("stage")
            .time("entered_at")
            .opt_time("exited_at")
            .opt_uuid("actor_id")
            .opt_text("cause")
            .time("recorded_at")
            .index(&["object_type", "object_id", "entered_at"])
            .index(&["object_type", "stage", "entered_at"]),
        table("opportunity")
            .keyed()
            .refers("account_id", "account")
            .text("name")
            .refers("pipeline_id", "pipeline")
            .text("stage")
            .opt_bigint("amount_minor")
            .opt_text("currency")
            .opt_bigint("cost_minor")
            .opt_date("close_date")
            .opt_integer("probability")
            .opt_code("forecast_category", FORECAST_CATEGORY)
            .opt_refers("owner_id", "colleague")
            .opt_refers("primary_campaign_id", "campaign")
            .opt_refers("lead_id", "lead")
            .opt_text("close_reason")
            .opt_text("next_step")
            .opt_text("description")
            .held_elsewhere()
            .deletable()
            .versioned()
            .between("probability", 0, 100)
            .index(&["account_id"])
            .index(&["owner_id"])
            .index(&["primary_campaign_id"])
            .index(&["lead_id"])
            .index(&["stage"])
            .index(&["close_date"]),
        table("opportunity_snapshot")
            .keyed()
            .refers("opportunity_id", "opportunity")
            .text("stage")
            .opt_bigint("amount_minor")
            .opt_text("currency")
            .opt_date("close_date")
            .opt_integer("probability")
            .opt_code("forecast_category", FORECAST_CATEGORY)
            .opt_uuid("owner_id")
            .time("valid_from")
            .opt_time("valid_to")
            .index(&["opportunity_id", "valid_from"]),
        table("opportunity_contact")
            .keyed()
            .refers("opportunity_id", "opportunity")
            .refers("contact_id", "contact")
            .code(
                "role",
                &[
                    "DECISION_MAKER",
                    "CHAMPION",
                    "INFLUENCER",
                    "USER",
                    "BLOCKER",
                    "BUYER",
                ],
            )
            .boolean("is_primary")
            .versioned()
            .unique(&["opportunity_id", "contact_id", "role"])
            .index(&["contact_id"]),
        table("meeting")
            .keyed()
            .opt_refers("account_id", "account")
            .opt_refers("opportunity_id", "opportunity")
            .opt_refers("organizer_id", "colleague")
            .opt_text("title")
            .time("starts_at")
            .opt_time("ends_at")
            .code(
                "kind",
                &["CALL", "VISIT", "DEMO", "ONLINE", "TRADE_FAIR", "WORKSHOP"],
            )
            .opt_text("location")
            .opt_code("outcome", &["HELD", "NO_SHOW", "CANCELLED"])
            .opt_text("summary")
            .opt_text("next_step")
            .held_elsewhere()
            .deletable()
            .versioned()
            .index(&["account_id", "starts_at"])
            .index(&["opportunity_id"])
            .index(&["organizer_id"]),
        table("meeting_attendee")
            .keyed()
            .refers("meeting_id", "meeting")
            .opt_refers("contact_id", "contact")
            .opt_refers("colleague_id", "colleague")
            .code(
                "response",
                &["PENDING", "ACCEPTED", "TENTATIVE", "DECLINED"],
            )
            .opt_boolean("attended")
            .versioned()
            .index(&["meeting_id"])
            .index(&["contact_id"])
            .index(&["colleague_id"]),
        table("requirement")
            .keyed()
            .opt_refers("account_id", "account")
            .opt_refers("contact_id", "contact")
            .opt_refers("meeting_id", "meeting")
            .opt_refers("opportunity_id", "opportunity")
            .opt_refers("industry_id", "industry")
            .code(
                "category",
                &[
                    "FUNCTION",
                    "PERFORMANCE",
                    "INTEGRATION",
                    "COMPLIANCE",
                    "PRICE",
                    "DELIVERY",
                    "SERVICE",
                    "USABILITY",
                    "OTHER",
                ],
            )
            .text("statement")
            .code("status", &["OPEN", "CONFIRMED", "ANSWERED", "DECLINED"])
            .opt_refers("campaign_id", "campaign")
            .opt_refers("author_id", "colleague")
            .deletable()
            .versioned()
            .index(&["account_id"])
            .index(&["meeting_id"])
            .index(&["industry_id"])
            .index(&["campaign_id"]),
        table("activity")
            .keyed()
            .code("kind", &["CALL", "EMAIL", "CHAT", "SITE_VISIT", "TRIAL"])
            .code("direction", &["INBOUND", "OUTBOUND"])
            .opt_refers("account_id", "account")
            .opt_refers("contact_id", "contact")
            .opt_refers("colleague_id", "colleague")
            .opt_refers("opportunity_id", "opportunity")
            .opt_refers("lead_id", "lead")
            .opt_uuid("ticket_id")
            .time("occurred_at")
            .opt_integer("duration_s")
            .boolean("automatic")
            .opt_code(
                "outcome",
                &[
                    "CONNECTED",
                    "NO_ANSWER",
                    "VOICEMAIL",
                    "BOUNCED",
                    "REPLIED",
                    "COMPLETED",
                    "CANCELLED",
                ],
            )
            .opt_text("subject")
            .opt_text("body")
            .held_elsewhere()
            .deletable()
            .versioned()
            .index(&["account_id", "occurred_at"])
            .index(&["contact_id"])
            .index(&["colleague_id"])
            .index(&["opportunity_id"])
            .index(&["lead_id"]),
        table("note")
            .keyed()
            .code("subject_type", SUBJECT_TYPE)
            .uuid("subject_id")
            .opt_refers("account_id", "account")
            .opt_refers("author_id", "colleague")
            .text("body")
            .code("visibility", &["TEAM", "DISCIPLINE", "PRIVATE"])
            .opt_code(
                "discipline",
                &["MARKETING", "SALES", "TECHNICAL", "SERVICE", "MANAGEMENT"],
            )
            .deletable()
            .versioned()
            .index(&["subject_type", "subject_id"])
            .index(&["account_id"])
            .index(&["author_id"]),
        table("task")
            .keyed()
            .opt_code("subject_type", SUBJECT_TYPE)
            .opt_uuid("subject_id")
            .opt_refers("account_id", "account")
            .text("title")
            .opt_text("description")
            .opt_time("due_at")
            .opt_time("done_at")
            .opt_refers("assignee_id", "colleague")
            .opt_refers("queue_id", "queue")
            .opt_refers("author_id", "colleague")
            .deletable()
            .versioned()
            .index(&["subject_type", "subject_id"])
            .index(&["account_id"])
            .index(&["assignee_id", "done_at"])
            .index(&["queue_id", "done_at"]),
        table("product")
            .keyed()
            .text("code")
            .text("name")
            .opt_text("family")
            .opt_text("unit")
            .opt_bigint("unit_price_minor")
            .opt_bigint("cost_minor")
            .opt_text("currency")
            .boolean("is_active")
            .opt_text("description")
            .held_elsewhere()
            .deletable()
            .versioned()
            .unique(&["code"]),
        table("sales_order")
            .keyed()
            .opt_refers("account_id", "account")
            .opt_refers("visitor_id", "visitor")
            .opt_refers("contact_id", "contact")
            .opt_refers("opportunity_id", "opportunity")
            .opt_text("number")
            .time("ordered_at")
            .code(
                "status",
                &[
                    "DRAFT",
                    "PLACED",
                    "CONFIRMED",
                    "SHIPPED",
                    "DELIVERED",
                    "INVOICED",
                    "CANCELLED",
                ],
            )
            .bigint("total_minor")
            .opt_bigint("cost_minor")
            .text("currency")
            .held_elsewhere()
            .deletable()
            .versioned()
            .index(&["account_id", "ordered_at"])
            .index(&["visitor_id"])
            .index(&["contact_id"])
            .index(&["opportunity_id"])
            .index(&["number"]),
        table("order_line")
            .keyed()
            .refers("sales_order_id", "sales_order")
            .integer("position")
            .opt_refers("product_id", "product")
            .opt_text("description")
            .bigint("quantity_milli")
            .bigint("unit_price_minor")
            .bigint("amount_minor")
            .opt_bigint("cost_minor")
            .versioned()
            .unique(&["sales_order_id", "position"])
            .index(&["product_id"]),
        table("contract")
            .keyed()
            .refers("account_id", "account")
            .opt_refers("opportunity_id", "opportunity")
            .opt_text("number")
            .text("name")
            .code("status", &["DRAFT", "ACTIVE", "EXPIRED", "CANCELLED"])
            .date("start_date")
            .opt_date("end_date")
            .code("renewal", &["AUTOMATIC", "MANUAL", "NONE"])
            .opt_date("renewal_date")
            .opt_bigint("value_minor")
            .opt_bigint("cost_minor")
            .opt_text("currency")
            .opt_refers("sla_policy_id", "sla_policy")
            .opt_refers("owner_id", "colleague")
            .opt_time("signed_at")
            .opt_time("cancelled_at")
            .opt_text("description")
            .held_elsewhere()
            .deletable()
            .versioned()
            .index(&["account_id"])
            .index(&["opportunity_id"])
            .index(&["owner_id"])
            .index(&["end_date"]),
    ]
}
