//! Notes and tasks on any record, and whom a note calls. Nothing wrote the two tables before, so they are made anew: SQLite cannot
//! widen a check.

use sea_orm_migration::prelude::*;

use crate::table::{Table, drop, table};

const RECORDS: &[&str] = &[
    "ACCOUNT",
    "CONTACT",
    "VISITOR",
    "INDUSTRY",
    "CAMPAIGN",
    "LEAD",
    "HANDOVER",
    "OPPORTUNITY",
    "MEETING",
    "REQUIREMENT",
    "ORDER",
    "CONTRACT",
    "ASSET",
    "TICKET",
];
const SUBJECTS: &[&str] =
    &["ACCOUNT", "CONTACT", "VISITOR", "OPPORTUNITY", "LEAD", "CAMPAIGN", "TICKET", "ASSET", "INDUSTRY"];

pub(crate) const STEP: Teamwork = Teamwork;

#[derive(Clone, Copy)]
pub(crate) struct Teamwork;

impl MigrationName for Teamwork {
    fn name(&self) -> &str {
        "m20261123_000013_teamwork"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Teamwork {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for name in ["task", "note"] {
            drop(schema, name).await?;
        }
        for table in tables(RECORDS) {
            table.create(schema).await?;
        }
        let mention = table("note_mention")
            .tenant_id()
            .refers("note_id", "note")
            .refers("colleague_id", "colleague")
            .primary_key(&["tenant_id", "note_id", "colleague_id"])
            .index(&["colleague_id", "note_id"]);
        mention.create(schema).await
    }

    async fn down(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for name in ["note_mention", "task", "note"] {
            drop(schema, name).await?;
        }
        for table in tables(SUBJECTS) {
            table.create(schema).await?;
        }
        Ok(())
    }
}

fn tables(subjects: &'static [&'static str]) -> Vec<Table> {
    vec![
        table("note")
            .keyed()
            .code("subject_type", subjects)
            .uuid("subject_id")
            .opt_refers("account_id", "account")
            .opt_refers("author_id", "colleague")
            .text("body")
            .code("visibility", &["TEAM", "DISCIPLINE", "PRIVATE"])
            .opt_code("discipline", &["MARKETING", "SALES", "TECHNICAL", "SERVICE", "MANAGEMENT"])
            .deletable()
            .versioned()
            .index(&["subject_id"])
            .index(&["account_id"])
            .index(&["author_id"]),
        table("task")
            .keyed()
            .opt_code("subject_type", subjects)
            .opt_uuid("subject_id")
            .opt_refers("account_id", "account")
            .text("title")
            .opt_text("description")
            .opt_time("due_at")
            .opt_time("done_at")
            .opt_refers("assignee_id", "colleague")
            .opt_refers("queue_id", "queue")
            .opt_refers("author_id", "colleague")
            .deletable()
            .versioned()
            .index(&["subject_id"])
            .index(&["account_id"])
            .index(&["assignee_id", "done_at"])
            .index(&["queue_id", "done_at"]),
    ]
}
