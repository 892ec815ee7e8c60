//! Codes of imports.

use super::codes;

codes! {
    /// How far an import job is.
    ImportState {
        /// Its file is still coming in.
        Uploading = "UPLOADING",
        /// Its file is there; it waits for its turn.
        Ready = "READY",
        /// Its rows are being taken.
        Running = "RUNNING",
        /// Every row was looked at; each has its result.
        Done = "DONE",
        /// It ended before its last row; `error` says why. What was taken before stays, and can be undone.
        Failed = "FAILED",
        /// It was called off. What was taken before stays, and can be undone.
        Cancelled = "CANCELLED",
        /// What it did is being taken back.
        Undoing = "UNDOING",
        /// What it did was taken back, as far as nothing newer stood in the way.
        Undone = "UNDONE",
    }
}

codes! {
    /// What the file of an import is.
    ImportFormat {
        /// A JSON object a line.
        Ndjson = "NDJSON",
        /// Comma-separated values with a header.
        Csv = "CSV",
    }
}

codes! {
    /// What became of a row of an import.
    ImportResult {
        /// There is a new record.
        Created = "CREATED",
        /// The record changed.
        Updated = "UPDATED",
        /// The record was like this already.
        Unchanged = "UNCHANGED",
        /// The record was taken away.
        Deleted = "DELETED",
        /// The mode leaves it out, or another row kept it out.
        Skipped = "SKIPPED",
        /// The record has another version, or a policy refuses what was sent.
        Conflict = "CONFLICT",
        /// It cannot be taken.
        Failed = "FAILED",
    }
}

codes! {
    /// What undoing an import did for a row.
    UndoResult {
        /// The record is as it was before.
        Restored = "RESTORED",
        /// Somebody changed the record after the import: it was left as it is.
        Newer = "NEWER",
        /// The record is no longer there.
        Gone = "GONE",
        /// What it was before is not known: the import took it away, or its former values were destroyed.
        Impossible = "IMPOSSIBLE",
        /// The record could not be put back; `errors` says why.
        Failed = "FAILED",
    }
}
