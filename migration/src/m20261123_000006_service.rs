//! The service wing: from the delivery on.

use crate::table::{Step, Table, table};

pub(crate) const STEP: Step = Step {
    name: "m20261123_000006_service",
    tables,
};

fn tables() -> Vec<Table> {
    vec![
        table("asset")
            .keyed()
            .refers("account_id", "account")
            .opt_refers("product_id", "product")
            .opt_refers("order_line_id", "order_line")
            .opt_refers("contract_id", "contract")
            .opt_text("name")
            .opt_text("serial")
            .opt_time("installed_at")
            .opt_time("commissioned_at")
            .opt_date("warranty_until")
            .opt_time("retired_at")
            .opt_text("location")
            .held_elsewhere()
            .deletable()
            .versioned()
            .index(&["account_id"])
            .index(&["product_id"])
            .index(&["contract_id"])
            .index(&["order_line_id"])
            .index(&["serial"]),
        table("ticket")
            .keyed()
            .opt_refers("account_id", "account")
            .opt_refers("contact_id", "contact")
            .opt_refers("asset_id", "asset")
            .opt_refers("contract_id", "contract")
            .opt_bigint("number")
            .text("subject")
            .code(
                "status",
                &[
                    "NEW",
                    "OPEN",
                    "PENDING_CUSTOMER",
                    "ON_HOLD",
                    "SOLVED",
                    "CLOSED",
                ],
            )
            .code("priority", &["LOW", "NORMAL", "HIGH", "URGENT"])
            .opt_text("category")
            .opt_refers("queue_id", "queue")
            .opt_refers("owner_id", "colleague")
            .opt_code(
                "channel",
                &[
                    "EMAIL", "PHONE", "CHAT", "WEB", "PORTAL", "SOCIAL", "ON_SITE", "API",
                ],
            )
            .integer("reopened_count")
            .opt_time("first_response_at")
            .opt_time("solved_at")
            .opt_time("closed_at")
            .held_elsewhere()
            .deletable()
            .versioned()
            .unique(&["number"])
            .index(&["account_id"])
            .index(&["contact_id"])
            .index(&["asset_id"])
            .index(&["contract_id"])
            .index(&["queue_id", "status"])
            .index(&["owner_id", "status"])
            .index(&["status"]),
        table("ticket_message")
            .keyed()
            .refers("ticket_id", "ticket")
            .opt_refers("account_id", "account")
            .code("author_type", &["COLLEAGUE", "CONTACT", "BOT"])
            .opt_uuid("author_id")
            .boolean("is_public")
            .boolean("is_bot")
            .text("body")
            .time("sent_at")
            .versioned()
            .index(&["ticket_id", "sent_at"]),
        table("survey_answer")
            .keyed()
            .code("kind", &["CSAT", "NPS", "CES"])
            .integer("scale")
            .integer("score")
            .opt_text("comment")
            .opt_refers("ticket_id", "ticket")
            .opt_refers("contact_id", "contact")
            .opt_refers("account_id", "account")
            .time("answered_at")
            .versioned()
            .index(&["ticket_id"])
            .index(&["contact_id"])
            .index(&["account_id"]),
    ]
}
