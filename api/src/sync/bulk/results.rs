//! What became of the rows of a batch, as it is kept and as it is told.

use entities::{
    codes::{ImportResult, UndoResult},
    sync::import_row,
};
use sea_orm::Set;
use serde_json::{Value, json};

use super::{
    batch::Entry,
    job::{Counts, Job},
    row::refusal,
};
use crate::{
    graph::{GlobalId, Kind, UserError},
    sync::upsert::{Answer, Outcome, UpsertResult},
};

/// The longest key that a result repeats, in characters: no record has a longer one.
const MAX_KEY: usize = 255;

/// The results of the entries of a batch, in their order, and how many became what. None of an answer: no row of it could be read.
pub fn of(job: &Job, entries: &[Entry], answer: Option<&Answer>) -> (Vec<import_row::ActiveModel>, Counts) {
    let mut outcomes = answer.map(|answer| answer.rows.as_slice()).unwrap_or_default().iter();
    let mut counts = Counts::default();
    let mut rows = Vec::with_capacity(entries.len());
    for Entry { line, row } in entries {
        let row = match row {
            Ok(row) => match outcomes.next() {
                Some(outcome) => taken(job, *line, &row.external_id, outcome),
                // The upsert says something of each row: this is a fault of the house, and must not look like a success.
                None => untaken(job, *line, Some(&row.external_id), &[refusal("", "nothing was said of this row")]),
            },
            Err(unreadable) => untaken(job, *line, unreadable.key.as_deref(), &unreadable.errors),
        };
        if let sea_orm::ActiveValue::Set(result) = &row.result {
            counts.add(*result);
        }
        rows.push(row);
    }
    (rows, counts)
}

/// A row that the house could not take, though nothing is wrong with it that could be said.
pub fn refused(job: &Job, entry: &Entry) -> import_row::ActiveModel {
    let key = match &entry.row {
        Ok(row) => Some(row.external_id.as_str()),
        Err(unreadable) => unreadable.key.as_deref(),
    };
    untaken(job, entry.line, key, &[refusal("", "the row could not be taken")])
}

fn blank(job: &Job, line: i64, key: Option<&str>, result: ImportResult) -> import_row::ActiveModel {
    import_row::ActiveModel {
        tenant_id: Set(job.tenant_id),
        job_id: Set(job.id),
        line: Set(line),
        external_id: Set(key.map(|key| storable(&key.chars().take(MAX_KEY).collect::<String>()))),
        object_type: Set(None),
        object_id: Set(None),
        result: Set(result),
        record_version: Set(None),
        changed_fields: Set(json!([])),
        before: Set(None),
        errors: Set(None),
        undo_result: Set(None),
        undo_version: Set(None),
        undo_errors: Set(None),
    }
}

fn untaken(job: &Job, line: i64, key: Option<&str>, errors: &[UserError]) -> import_row::ActiveModel {
    import_row::ActiveModel { errors: Set(written(errors)), ..blank(job, line, key, ImportResult::Failed) }
}

fn taken(job: &Job, line: i64, key: &str, outcome: &Outcome) -> import_row::ActiveModel {
    let Outcome { external_id: _, id, result, version, changed_fields, errors, before } = outcome;
    // What a preview would make has no id and no version: nobody finds it.
    let made_up = job.dry_run && *result == UpsertResult::Created;
    let (id, version) = if made_up { (&None, &None) } else { (id, version) };
    import_row::ActiveModel {
        object_type: Set(id.map(|id| id.kind.prefix().to_owned())),
        object_id: Set(id.map(|id| id.uuid)),
        record_version: Set(version.map(i64::from)),
        changed_fields: Set(clean(json!(changed_fields))),
        before: Set(before.clone().map(|before| clean(Value::Object(before)))),
        errors: Set(written(errors)),
        ..blank(job, line, Some(key), told(*result))
    }
}

/// Refusals as they are kept.
pub fn written(errors: &[UserError]) -> Option<Value> {
    (!errors.is_empty()).then(|| clean(json!(errors)))
}

/// Refusals as they were kept.
pub fn read(errors: Option<&Value>) -> Vec<UserError> {
    errors.cloned().and_then(|errors| serde_json::from_value(errors).ok()).unwrap_or_default()
}

/// What a row can say and no column can hold.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(storable(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(clean).collect()),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (storable(&name), clean(value))).collect(),
        other => other,
    }
}

const fn told(result: UpsertResult) -> ImportResult {
    match result {
        UpsertResult::Created => ImportResult::Created,
        UpsertResult::Updated => ImportResult::Updated,
        UpsertResult::Unchanged => ImportResult::Unchanged,
        UpsertResult::Deleted => ImportResult::Deleted,
        UpsertResult::Skipped => ImportResult::Skipped,
        UpsertResult::Conflict => ImportResult::Conflict,
        UpsertResult::Failed => ImportResult::Failed,
    }
}

/// The record of a row; none where there is none.
pub fn record(row: &import_row::Model) -> Option<GlobalId> {
    let prefix = row.object_type.as_deref()?;
    let kind = Kind::ALL.iter().copied().find(|kind| kind.prefix() == prefix)?;
    Some(GlobalId::new(kind, row.object_id?))
}

/// A row as a line of the results.
pub fn line(row: &import_row::Model) -> Value {
    let mut told = json!({
        "line": row.line,
        "externalId": row.external_id,
        "id": record(row),
        "result": row.result,
        "version": row.record_version,
        "changedFields": row.changed_fields,
        "errors": read(row.errors.as_ref()),
    });
    if let Some(result) = row.undo_result {
        let errors = read(row.undo_errors.as_ref());
        told["undo"] = json!({ "result": result, "version": row.undo_version, "errors": errors });
    }
    told
}

impl Counts {
    /// One more.
    pub fn add(&mut self, result: ImportResult) {
        self.rows += 1;
        *match result {
            ImportResult::Created => &mut self.created,
            ImportResult::Updated => &mut self.updated,
            ImportResult::Unchanged => &mut self.unchanged,
            ImportResult::Deleted => &mut self.deleted,
            ImportResult::Skipped => &mut self.skipped,
            ImportResult::Conflict => &mut self.conflict,
            ImportResult::Failed => &mut self.failed,
        } += 1;
    }

    /// Both together.
    pub fn and(self, more: Counts) -> Counts {
        Counts {
            rows: self.rows + more.rows,
            created: self.created + more.created,
            updated: self.updated + more.updated,
            unchanged: self.unchanged + more.unchanged,
            deleted: self.deleted + more.deleted,
            skipped: self.skipped + more.skipped,
            conflict: self.conflict + more.conflict,
            failed: self.failed + more.failed,
        }
    }
}

impl super::UndoCounts {
    /// One more.
    pub fn add(&mut self, result: UndoResult) {
        self.rows += 1;
        *match result {
            UndoResult::Restored => &mut self.restored,
            UndoResult::Newer => &mut self.newer,
            UndoResult::Gone => &mut self.gone,
            UndoResult::Impossible => &mut self.impossible,
            UndoResult::Failed => &mut self.failed,
        } += 1;
    }
}
