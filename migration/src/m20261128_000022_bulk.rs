//! Imports of whole files: each as a job, and what became of every row of it.

use crate::table::{Step, Table, table};

pub(crate) const STEP: Step = Step { name: "m20261128_000022_bulk", tables };

fn tables() -> Vec<Table> {
    vec![
        table("import_job")
            .keyed()
            .of_tenant()
            .text("entity")
            .text("source")
            .code("format", &["NDJSON", "CSV"])
            .json("options")
            .boolean("dry_run")
            .code("state", &["UPLOADING", "READY", "RUNNING", "DONE", "FAILED", "CANCELLED", "UNDOING", "UNDONE"])
            .opt_text("error")
            .text("created_by")
            .opt_text("idempotency_key")
            .opt_uuid("file_id")
            .opt_bigint("size_bytes")
            .opt_text("checksum")
            .bigint("byte_offset")
            .bigint("next_line")
            .json("counts")
            .opt_json("undo_counts")
            .opt_bigint("undo_line")
            .boolean("undo_dry_run")
            .opt_text("lease")
            .opt_time("lease_until")
            .integer("attempts")
            .opt_time("ended_at")
            .opt_time("forgotten_at")
            .versioned()
            .unique(&["created_by", "idempotency_key"])
            .index(&["state", "source", "id"]),
        table("import_row")
            .tenant_id()
            .refers("job_id", "import_job")
            .bigint("line")
            .opt_text("external_id")
            .opt_text("object_type")
            .opt_uuid("object_id")
            .code("result", &["CREATED", "UPDATED", "UNCHANGED", "DELETED", "SKIPPED", "CONFLICT", "FAILED"])
            .opt_bigint("record_version")
            .json("changed_fields")
            .opt_json("before")
            .opt_json("errors")
            .opt_code("undo_result", &["RESTORED", "NEWER", "GONE", "IMPOSSIBLE", "FAILED"])
            .opt_bigint("undo_version")
            .opt_json("undo_errors")
            .primary_key(&["tenant_id", "job_id", "line"])
            .index(&["object_id", "job_id", "line"]),
    ]
}
