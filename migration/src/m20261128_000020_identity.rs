//! Who a browser or device turned out to be: each link as it was made, so that it can be undone.

use crate::table::{Step, Table, table};

pub(crate) const STEP: Step = Step { name: "m20261128_000020_identity", tables };

fn tables() -> Vec<Table> {
    vec![
        table("visitor_link")
            .keyed()
            .refers("visitor_id", "visitor")
            .refers("contact_id", "contact")
            .opt_uuid("account_id")
            .opt_uuid("split_from_id")
            .opt_uuid("identity_rule_id")
            .opt_refers("actor_id", "colleague")
            .time("linked_at")
            .opt_time("unlinked_at")
            .json("moved")
            .index(&["visitor_id"])
            .index(&["contact_id"])
            .index(&["account_id"])
            .index(&["split_from_id"]),
    ]
}
