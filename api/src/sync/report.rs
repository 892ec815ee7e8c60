//! What an import did: how many were created, updated, left and refused, and why.

use std::{collections::BTreeMap, fmt, path::PathBuf};

/// The most notes of a report.
const NOTES: usize = 2_000;

/// How many of one kind of object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// New here.
    pub created: u64,
    /// Known, and changed in the source since.
    pub updated: u64,
    /// Known and unchanged.
    pub left: u64,
    /// Gone in the source, and taken away.
    pub removed: u64,
    /// Not taken; the reason stands among the refusals.
    pub refused: u64,
}

/// A row that was not taken. The others went in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The file.
    pub file: PathBuf,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The source's own key, if the row got that far.
    pub external_id: Option<String>,
    /// Why.
    pub reason: String,
}

/// The report of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By kind of object.
    pub counts: BTreeMap<&'static str, Counts>,
    /// What was not taken, in the order in which it was found.
    pub refusals: Vec<Refusal>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// Whether nothing was written on purpose.
    pub dry_run: bool,
}

impl Report {
    /// The counts of a kind of object.
    pub fn of(&mut self, object: &'static str) -> &mut Counts {
        self.counts.entry(object).or_default()
    }

    /// A row that is not taken.
    pub fn refuse(&mut self, object: &'static str, refusal: Refusal) {
        self.of(object).refused += 1;
        self.refusals.push(refusal);
    }

    /// Something worth knowing.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if self.notes.len() < NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dry_run {
            writeln!(f, "Dry run: nothing was written.")?;
        }
        writeln!(f, "{:<20}{:>9}{:>9}{:>9}{:>9}{:>9}", "", "created", "updated", "left", "removed", "refused")?;
        for (object, Counts { created, updated, left, removed, refused }) in &self.counts {
            writeln!(f, "{object:<20}{created:>9}{updated:>9}{left:>9}{removed:>9}{refused:>9}")?;
        }
        for Refusal { file, line, external_id, reason } in &self.refusals {
            let key = external_id.as_deref().map(|key| format!(" ({key})")).unwrap_or_default();
            writeln!(f, "refused: {}:{line}{key}: {reason}", file.display())?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}
