//! Keys of other systems.

use crate::table::{Step, Table, table};

pub(crate) const STEP: Step = Step { name: "m20261123_000008_sync", tables };

fn tables() -> Vec<Table> {
    vec![
        table("external_ref")
            .tenant_id()
            .refers("source_id", "source_system")
            .text("entity_type")
            .text("external_id")
            .uuid("object_id")
            .opt_text("row_hash")
            .time("created_at")
            .time("updated_at")
            .primary_key(&["tenant_id", "source_id", "entity_type", "external_id"])
            .index(&["entity_type", "object_id"]),
    ]
}
