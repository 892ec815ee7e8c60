//! Webhooks: where they go, and what became of each message. A message names its place in the feed; what it says is read there when it
//! is sent.

use crate::table::{Step, Table, table};

pub(crate) const STEP: Step = Step { name: "m20261128_000019_webhooks", tables };

fn tables() -> Vec<Table> {
    vec![
        table("webhook_endpoint")
            .keyed()
            .of_tenant()
            .text("url")
            .opt_text("description")
            .json("event_types")
            .opt_text("exclude_source")
            .code("scheme", &["HMAC", "ED25519"])
            .text("secret")
            .opt_text("previous_secret")
            .opt_time("previous_until")
            .code("state", &["ACTIVE", "DISABLED"])
            .opt_code("disabled_reason", &["MANUAL", "GONE", "FAILING", "OWNER_LEFT"])
            .opt_time("disabled_at")
            .text("owner_subject")
            .opt_refers("owner_id", "colleague")
            .text("owner_roles")
            .opt_text("owner_grants")
            .bigint("position")
            .bigint("place")
            .opt_bigint("replay_position")
            .opt_bigint("replay_to")
            .opt_time("failing_since")
            .opt_time("gap_at")
            .versioned()
            .deletable()
            .index(&["owner_subject"])
            .index(&["state", "position"]),
        table("webhook_delivery")
            .keyed()
            .refers("endpoint_id", "webhook_endpoint")
            .bigint("place")
            .opt_bigint("position")
            .opt_uuid("event_id")
            .text("kind")
            .text("object_type")
            .uuid("object_id")
            .boolean("is_replay")
            .code("status", &["PENDING", "DELIVERED", "FAILED", "SKIPPED"])
            .integer("attempts")
            .integer("step")
            .opt_time("next_attempt_at")
            .opt_time("lease_until")
            .opt_time("last_attempt_at")
            .opt_integer("response_status")
            .opt_text("response_excerpt")
            .opt_code(
                "problem",
                &["STATUS", "REDIRECT", "TIMEOUT", "UNREACHABLE", "ADDRESS_REFUSED", "NO_LONGER_KEPT", "NOT_READABLE"],
            )
            .json("attempt_log")
            .opt_time("settled_at")
            .versioned()
            .unique(&["endpoint_id", "place"])
            // Whether an earlier message about the same record is still under way;
            .index(&["endpoint_id", "object_id", "status", "place"])
            // what is due;
            .index(&["status", "next_attempt_at"])
            // what is too old.
            .index(&["settled_at"]),
    ]
}
