//! Files on records: what they are; their bytes stand in a store of their own.

use crate::table::{Step, Table, table};

pub(crate) const STEP: Step = Step { name: "m20261123_000010_files", tables };

fn tables() -> Vec<Table> {
    vec![
        table("file")
            .keyed()
            .opt_refers("meeting_id", "meeting")
            .opt_refers("ticket_id", "ticket")
            .opt_refers("contract_id", "contract")
            .opt_refers("account_id", "account")
            .text("name")
            .text("content_type")
            .bigint("size_bytes")
            .opt_time("stored_at")
            .opt_refers("author_id", "colleague")
            .deletable()
            .versioned()
            .index(&["meeting_id"])
            .index(&["ticket_id"])
            .index(&["contract_id"]),
    ]
}
