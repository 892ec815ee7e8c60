//! The tenant, its people and its settings: what every other table refers to.

use crate::table::{Step, Table, table};

const DISCIPLINE: &[&str] = &["MARKETING", "SALES", "TECHNICAL", "SERVICE", "MANAGEMENT"];

pub(crate) const STEP: Step = Step { name: "m20261123_000001_tenant", tables };

fn tables() -> Vec<Table> {
    vec![
        table("tenant")
            .bigint("id")
            .text("slug")
            .text("name")
            .text("zone")
            .text("currency")
            .text("language")
            .json("settings")
            .versioned()
            .primary_key(&["id"])
            .unique_everywhere(&["slug"]),
        table("source_system")
            .keyed()
            .of_tenant()
            .text("code")
            .text("name")
            .text("kind")
            .integer("trust_rank")
            .versioned()
            .unique(&["code"]),
        table("colleague")
            .keyed()
            .of_tenant()
            .opt_text("subject")
            .text("name")
            .text("email")
            .code("department", DISCIPLINE)
            .opt_text("title")
            .boolean("is_active")
            .deletable()
            .versioned()
            .unique(&["subject"])
            .index(&["email"]),
        table("queue")
            .keyed()
            .of_tenant()
            .text("code")
            .text("name")
            .code("wing", &["ACCOUNT", "MARKETING", "SALES", "SERVICE"])
            .versioned()
            .unique(&["code"]),
        table("queue_member")
            .keyed()
            .refers("queue_id", "queue")
            .refers("colleague_id", "colleague")
            .time("valid_from")
            .opt_time("valid_to")
            .versioned()
            .index(&["colleague_id"])
            .index(&["queue_id"]),
        table("definition")
            .keyed()
            .of_tenant()
            .code("kind", &["SCORING", "HEALTH", "ATTRIBUTION", "ROUTING"])
            .text("code")
            .bigint("revision")
            .json("body")
            .time("valid_from")
            .opt_time("valid_to")
            .versioned()
            .unique(&["kind", "code", "revision"]),
        table("goal")
            .keyed()
            .of_tenant()
            .text("metric")
            .date("date_from")
            .date("date_to")
            .bigint("target")
            .opt_text("currency")
            .code("discipline", DISCIPLINE)
            .versioned()
            .index(&["metric", "date_from"]),
        table("fx_rate")
            .keyed()
            .of_tenant()
            .text("base")
            .text("quote")
            .date("rate_date")
            .bigint("rate_nano")
            .versioned()
            .unique(&["base", "quote", "rate_date"]),
    ]
}
