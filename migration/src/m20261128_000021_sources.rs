//! Other systems: who wins where they disagree with each other and with people, what they said that was not taken, what they said
//! last, and which of their requests were answered already.

use sea_orm_migration::prelude::*;

use crate::table::{Table as Made, drop, table};

pub(crate) const STEP: Sources = Sources;

#[derive(Clone, Copy)]
pub(crate) struct Sources;

impl MigrationName for Sources {
    fn name(&self) -> &str {
        "m20261128_000021_sources"
    }
}

const RULE: &[&str] = &["OWNER", "NEWEST", "MANUAL"];

fn tables() -> Vec<Made> {
    vec![
        table("idempotency_key")
            .tenant_id()
            .text("scope")
            .text("key")
            .text("request_hash")
            .opt_json("answer")
            .time("created_at")
            .primary_key(&["tenant_id", "scope", "key"])
            .index(&["created_at"]),
        table("field_policy")
            .keyed()
            .of_tenant()
            .text("entity")
            .text("field")
            .code("rule", RULE)
            .opt_refers("owner_source_id", "source_system")
            .versioned()
            .deletable()
            .index(&["entity", "field"]),
        table("field_conflict")
            .keyed()
            .refers("source_id", "source_system")
            .text("entity")
            .uuid("object_id")
            .text("field")
            .code("rule", RULE)
            .json("value")
            .json("held")
            .time("sent_at")
            .code("state", &["OPEN", "TAKEN", "KEPT", "SETTLED"])
            .opt_uuid("resolved_by_id")
            .opt_time("resolved_at")
            .versioned()
            .unique(&["source_id", "entity", "object_id", "field"])
            .index(&["state", "id"])
            .index(&["entity", "object_id"]),
        table("field_writer").tenant_id().uuid("object_id").json("writers").primary_key(&["tenant_id", "object_id"]),
    ]
}

/// Table, column: what is new in tables that stand.
fn columns() -> [(&'static str, &'static str, ColumnDef); 3] {
    let (mut keeps, mut raw, mut watched) =
        (ColumnDef::new("keeps_raw"), ColumnDef::new("raw"), ColumnDef::new("watched"));
    keeps.boolean().not_null().default(false);
    raw.json();
    watched.json();
    [("source_system", "keeps_raw", keeps), ("external_ref", "raw", raw), ("feed_counter", "watched", watched)]
}

#[async_trait::async_trait]
impl MigrationTrait for Sources {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for (name, _, column) in columns() {
            schema.alter_table(Table::alter().table(name).add_column(column).to_owned()).await?;
        }
        for table in tables() {
            table.create(schema).await?;
        }
        Ok(())
    }

    async fn down(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for name in ["field_writer", "field_conflict", "field_policy", "idempotency_key"] {
            drop(schema, name).await?;
        }
        for (name, column, _) in columns() {
            schema.alter_table(Table::alter().table(name).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
