//! Fields of the tenant's own: what is declared, and the index by which their values are found and sorted.

use crate::table::{Step, Table, table};

const ENTITY: &[&str] = &[
    "ACCOUNT",
    "CONTACT",
    "CAMPAIGN",
    "TOUCHPOINT",
    "LEAD",
    "OPPORTUNITY",
    "MEETING",
    "ACTIVITY",
    "PRODUCT",
    "ORDER",
    "CONTRACT",
    "ASSET",
    "TICKET",
];

const TYPE: &[&str] = &["TEXT", "NUMBER", "BOOLEAN", "DATE", "CHOICE"];

pub(crate) const STEP: Step = Step { name: "m20261123_000012_custom_fields", tables };

fn tables() -> Vec<Table> {
    vec![
        table("custom_field")
            .keyed()
            .of_tenant()
            .code("entity", ENTITY)
            .text("code")
            .code("field_type", TYPE)
            .text("label_de")
            .text("label_en")
            .opt_text("description")
            .text("class")
            .json("choices")
            .boolean("is_required")
            .integer("position")
            .versioned()
            .deletable()
            .unique(&["entity", "code"]),
        // The values stand in the rows' own column `custom`; this is how they are found. A text's key is short enough for an index
        // on both engines, and decides the order.
        table("custom_value")
            .tenant_id()
            .refers("field_id", "custom_field")
            .uuid("row_id")
            .opt_text("text_key")
            .opt_text("text_value")
            .opt_bigint("number_value")
            .opt_date("date_value")
            .opt_boolean("boolean_value")
            .primary_key(&["tenant_id", "field_id", "row_id"])
            .index(&["field_id", "text_key"])
            .index(&["field_id", "number_value"])
            .index(&["field_id", "date_value"])
            .index(&["row_id"])
            .without_rowid(),
    ]
}
