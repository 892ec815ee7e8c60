//! Codes of other systems.

use super::codes;

codes! {
    /// Who wins where systems disagree about a field.
    FieldRule {
        /// The system that owns it; what others say becomes a conflict. It overwrites people, too.
        Owner = "OWNER",
        /// Whose word is later.
        Newest = "NEWEST",
        /// What a person entered stays; what systems say becomes a conflict.
        Manual = "MANUAL",
    }
}

codes! {
    /// What became of a conflict.
    ConflictState {
        /// Nobody has decided yet.
        Open = "OPEN",
        /// The system's value was taken.
        Taken = "TAKEN",
        /// The record's value was kept.
        Kept = "KEPT",
        /// The system says the same as the record by now.
        Settled = "SETTLED",
    }
}
