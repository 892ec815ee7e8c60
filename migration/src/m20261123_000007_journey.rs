//! The journey: what happened, about whom, and in which order it became known.

use crate::table::{Step, Table, table};

const EVENT_DOMAIN: &[&str] = &["MARKETING", "LEAD", "SALES", "TECHNICAL", "SERVICE", "JOURNEY", "LAW"];

pub(crate) const STEP: Step = Step { name: "m20261123_000007_journey", tables };

fn tables() -> Vec<Table> {
    vec![
        table("journey_event")
            .tenant_id()
            .uuid("id")
            .text("kind")
            .code("domain", EVENT_DOMAIN)
            .time("recorded_at")
            .boolean("time_uncertain")
            .opt_text("source")
            .opt_bigint("source_seq")
            .opt_uuid("actor_id")
            .text("object_type")
            .uuid("object_id")
            .opt_uuid("account_id")
            .text("audience")
            .integer("importance")
            .opt_uuid("supersedes")
            .json("subjects")
            .json("payload")
            .primary_key(&["tenant_id", "id"]),
        table("event_subject")
            .tenant_id()
            .code(
                "subject_type",
                &["ACCOUNT", "CONTACT", "VISITOR", "OPPORTUNITY", "LEAD", "CAMPAIGN", "TICKET", "ASSET", "INDUSTRY"],
            )
            .uuid("subject_id")
            .uuid("event_id")
            .text("role")
            .text("kind")
            .code("domain", EVENT_DOMAIN)
            .integer("importance")
            .opt_uuid("account_id")
            .text("object_type")
            .text("audience")
            .opt_uuid("via_operation")
            .opt_time("superseded_at")
            .primary_key(&["tenant_id", "subject_type", "subject_id", "event_id"])
            .without_rowid()
            .index(&["subject_type", "subject_id", "kind", "event_id"]),
        table("feed_counter").tenant_id().bigint("position").time("last_recorded_at").primary_key(&["tenant_id"]),
        table("change_log")
            .tenant_id()
            .bigint("position")
            .uuid("event_id")
            .text("object_type")
            .uuid("object_id")
            .code("change", &["CREATED", "UPDATED", "DELETED"])
            .json("changed_fields")
            .opt_bigint("version")
            .opt_text("source")
            .time("recorded_at")
            .primary_key(&["tenant_id", "position"]),
    ]
}
