//! Calendars and service levels: before sales, because contracts promise them.

use crate::table::{Step, Table, table};

const SLA_METRIC: &[&str] = &["FIRST_RESPONSE", "NEXT_RESPONSE", "RESOLUTION", "HANDOVER_DECISION"];

pub(crate) const STEP: Step = Step { name: "m20261123_000004_service_levels", tables };

fn tables() -> Vec<Table> {
    vec![
        table("business_calendar")
            .keyed()
            .of_tenant()
            .text("code")
            .bigint("revision")
            .text("name")
            .text("zone")
            .json("weekly")
            .json("holidays")
            .versioned()
            .unique(&["code", "revision"]),
        table("sla_policy")
            .keyed()
            .of_tenant()
            .text("code")
            .bigint("revision")
            .text("name")
            .code("metric", SLA_METRIC)
            .opt_code("priority", &["LOW", "NORMAL", "HIGH", "URGENT"])
            .opt_code(
                "boundary",
                &["MARKETING_TO_SALES", "SALES_TO_TECHNICAL", "TECHNICAL_TO_SERVICE", "SERVICE_TO_SALES"],
            )
            .bigint("target_ms")
            .opt_refers("business_calendar_id", "business_calendar")
            .json("pause_on")
            .time("valid_from")
            .opt_time("valid_to")
            .versioned()
            .unique(&["code", "revision"]),
        table("sla_clock")
            .keyed()
            .code("object_type", &["TICKET", "HANDOVER"])
            .uuid("object_id")
            .opt_refers("account_id", "account")
            .code("metric", SLA_METRIC)
            .opt_refers("sla_policy_id", "sla_policy")
            .opt_bigint("calendar_version")
            .time("started_at")
            .opt_time("due_at")
            .opt_time("paused_since")
            .bigint("paused_ms")
            .opt_time("met_at")
            .opt_time("breached_at")
            .versioned()
            .index(&["object_type", "object_id"])
            .index(&["account_id"])
            .index(&["due_at"]),
    ]
}
