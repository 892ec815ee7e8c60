//! The search: which pieces of words stand in which record.

use crate::table::{Step, Table, table};

pub(crate) const STEP: Step = Step { name: "m20261123_000009_search", tables };

fn tables() -> Vec<Table> {
    vec![
        table("search_token")
            .tenant_id()
            .text("token")
            .code("entity", &["ACCOUNT", "CONTACT", "OPPORTUNITY", "TICKET"])
            .code("field", &["NAME", "LEGAL_NAME", "DOMAIN", "MAIL", "PHONE", "SUBJECT", "NUMBER"])
            .uuid("row_id")
            .uuid("source_id")
            .integer("size")
            .primary_key(&["tenant_id", "entity", "token", "field", "row_id", "source_id"])
            .index(&["source_id"])
            .without_rowid(),
    ]
}
