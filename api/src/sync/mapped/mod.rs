//! What mappings make of other systems' files and streams, on its way into batches: rows of one kind together, up to a thousand, each
//! batch a unit of work. A row costs only itself; what it refers to and nobody has keeps it nowhere out.

mod adapt;
mod mend;
mod order;
pub mod singer;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use mappings::{Import, Input, Item, Mapping, Options, Place, Problem, Row};

use self::{adapt::Adapter, order::Order};
use super::{
    ImportError, Progress, Refusal, Report,
    upsert::{
        self, Ask, ConflictRule, ErrorPolicy, JsonReference, JsonRow, OrphanRule, SyncEntity, UpsertMode, UpsertResult,
    },
};
use crate::{
    graph::{Cx, UserError, UserErrorCode},
    journey::Work,
    sync::refs,
    tenancy,
};

/// How many refusals are named one by one; the others are counted.
const NAMED: usize = 10_000;
/// The key of the customer under whom records stand that name none.
const NOBODY: &str = "(none)";

/// Rows, with where they stand.
type Rows = Vec<(Place, JsonRow)>;

/// An import under way.
pub(super) struct Run<'a> {
    cx: &'a Cx,
    source: String,
    adapter: Adapter,
    order: Order,
    waiting: Vec<(Place, JsonRow)>,
    entity: SyncEntity,
    /// Keys that their system has merged into others.
    merged: BTreeMap<SyncEntity, Vec<(String, String)>>,
    report: Report,
    unnamed: u64,
}

impl<'a> Run<'a> {
    pub(super) fn new(cx: &'a Cx, source: &str, currency: &str, dry_run: bool) -> Run<'a> {
        Run {
            cx,
            source: source.to_owned(),
            adapter: Adapter::of(currency),
            order: Order::default(),
            waiting: Vec::new(),
            entity: SyncEntity::Account,
            merged: BTreeMap::new(),
            report: Report { dry_run, ..Report::default() },
            unnamed: 0,
        }
    }

    /// Takes a row: at once where it is the tenant's own order, else with the others of its kind.
    pub(super) async fn row(&mut self, row: Row) -> Result<(), ImportError> {
        let place = row.place.clone();
        if self.order.takes(row.entity) {
            self.flush().await?;
            if let Err(reason) = self.order.take(self.cx, &self.source, &row).await? {
                self.refuse(row.entity.code(), &place, Some(row.external_id), reason);
            }
            return Ok(());
        }
        if let (Some(into), Some(entity)) = (&row.merged_into, adapt::entity_of(row.entity)) {
            self.merged.entry(entity).or_default().push((row.external_id.clone(), into.clone()));
            return Ok(());
        }
        match self.adapter.adapt(row, &self.order) {
            Ok(Some((entity, row))) => {
                if entity != self.entity || self.waiting.len() == upsert::MAX_ROWS {
                    self.flush().await?;
                }
                self.entity = entity;
                self.waiting.push((place, row));
                Ok(())
            }
            Ok(None) => Ok(()),
            Err((what, key)) => {
                self.refuse(what, &place, Some(key), format!("{what} is not taken yet"));
                Ok(())
            }
        }
    }

    /// Something that could not be read.
    pub(super) fn problem(&mut self, problem: &Problem) {
        let what = match &problem.field {
            // The rest of its row is taken.
            Some(field) => {
                let key = problem.external_id.as_deref().map(|key| format!(" ({key})")).unwrap_or_default();
                self.report.note(format!("{}{key}: {field}: {}", problem.place, problem.message));
                return;
            }
            None => "row",
        };
        self.refuse(what, &problem.place, problem.external_id.clone(), problem.message.clone());
    }

    fn refuse(&mut self, what: &'static str, place: &Place, external_id: Option<String>, reason: String) {
        if self.report.refusals.len() >= NAMED {
            self.report.of(what).refused += 1;
            self.unnamed += 1;
            return;
        }
        let external_id = external_id.map(|key| key.chars().take(100).collect());
        let refusal = Refusal { file: PathBuf::from(&*place.file), line: place.line, external_id, reason };
        self.report.refuse(what, refusal);
    }

    fn ask(&self, entity: SyncEntity) -> Ask {
        Ask {
            entity,
            source: self.source.clone(),
            mode: UpsertMode::Upsert,
            error_policy: ErrorPolicy::SkipFailed,
            conflict: ConflictRule::Keep,
            orphans: OrphanRule::Leave,
            dry_run: false,
            idempotency_key: None,
            resolving: false,
        }
    }

    /// Sends what waits.
    pub(super) async fn flush(&mut self) -> Result<(), ImportError> {
        let rows = std::mem::take(&mut self.waiting);
        if rows.is_empty() {
            return Ok(());
        }
        let (homeless, spoilt) = self.send(rows, true).await?;
        if !homeless.is_empty() {
            self.stand_in(&homeless).await?;
        }
        let again: Vec<(Place, JsonRow)> = homeless.into_iter().chain(spoilt).collect();
        if !again.is_empty() {
            // What was wrong with a row may have hidden what else is.
            let (homeless, spoilt) = self.send(again, true).await?;
            if !homeless.is_empty() {
                self.stand_in(&homeless).await?;
            }
            let last: Vec<(Place, JsonRow)> = homeless.into_iter().chain(spoilt).collect();
            self.send(last, false).await?;
        }
        Ok(())
    }

    /// Sends a batch. With `again`, gives the rows that lack a customer, and those that a field spoils, without it, instead of refusing
    /// them.
    async fn send(&mut self, rows: Vec<(Place, JsonRow)>, again: bool) -> Result<(Rows, Rows), ImportError> {
        let (mut homeless, mut spoilt) = (Rows::new(), Rows::new());
        if rows.is_empty() {
            return Ok((homeless, spoilt));
        }
        let (places, sent): (Vec<Place>, Vec<JsonRow>) = rows.into_iter().unzip();
        let ask = self.ask(self.entity);
        let answer = match Box::pin(upsert::take_json(self.cx, &ask, sent.clone(), &())).await {
            Err(crate::graph::Error::User(errors)) => {
                let said = errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("; ");
                return Err(ImportError::Nothing(said));
            }
            other => other?,
        };
        let name = self.entity.name();
        for ((place, mut row), outcome) in places.into_iter().zip(sent).zip(answer.rows) {
            let counts = self.report.of(name);
            match outcome.result {
                UpsertResult::Created => counts.created += 1,
                UpsertResult::Updated => counts.updated += 1,
                UpsertResult::Deleted => counts.removed += 1,
                UpsertResult::Unchanged | UpsertResult::Skipped => counts.left += 1,
                UpsertResult::Conflict | UpsertResult::Failed => {
                    let said = |error: &UserError| format!("{}: {}", error.path.join("."), error.message);
                    let lacks = |what: &str| outcome.errors.iter().any(|error| error.path == ["relations", what]);
                    if let Some(what) = ["account", "ticket"].into_iter().find(|what| again && lacks(what)) {
                        let named = row.relations.entry(what.to_owned()).or_default();
                        // Told again, the row stands under nobody until its system says whose it is.
                        named.get_or_insert_with(|| JsonReference::Key(NOBODY.to_owned()));
                        homeless.push((place, row));
                        continue;
                    }
                    if again && mend::without(&mut row, self.entity, &self.source, &outcome.errors) {
                        let short: String = row.external_id.chars().take(100).collect();
                        let left: Vec<String> = outcome.errors.iter().map(said).collect();
                        self.report.note(format!("{place} ({short}): left out: {}", left.join("; ")));
                        spoilt.push((place, row));
                        continue;
                    }
                    let reason = outcome.errors.iter().map(said).collect::<Vec<_>>().join("; ");
                    self.refuse(name, &place, Some(row.external_id), reason);
                    continue;
                }
            }
            for error in outcome.errors {
                let short: String = row.external_id.chars().take(100).collect();
                let what = match error.code {
                    UserErrorCode::NotFound => "refers to nobody who is known; it went in without",
                    _ => error.message.as_str(),
                };
                self.report.note(format!("{place} ({short}): {}: {what}", error.path.join(".")));
            }
        }
        Ok((homeless, spoilt))
    }

    /// Records whose customer, or whose ticket, is in no file stand under one that is made for them: under the key that they name, so that
    /// the record itself, when it comes, takes its place.
    async fn stand_in(&mut self, lost: &[(Place, JsonRow)]) -> Result<(), ImportError> {
        for (what, entity, field) in
            [("account", SyncEntity::Account, "name"), ("ticket", SyncEntity::Ticket, "subject")]
        {
            let key = |row: &JsonRow| match row.relations.get(what) {
                Some(Some(JsonReference::Key(key))) => Some(key.clone()),
                _ => None,
            };
            let mut keys: Vec<String> = lost.iter().filter_map(|(_, row)| key(row)).collect();
            keys.sort_unstable();
            keys.dedup();
            if keys.is_empty() {
                continue;
            }
            let rows = keys.into_iter().map(|key| {
                let called = if key == NOBODY { "Not told".to_owned() } else { format!("Not in the import: {key}") };
                let called: String = called.chars().filter(|letter| !letter.is_control()).take(200).collect();
                let mut row = JsonRow { external_id: key, ..JsonRow::default() };
                row.on_create.insert(field.to_owned(), called.into());
                row
            });
            let rows: Vec<JsonRow> = rows.collect();
            let ask = self.ask(entity);
            let answer = Box::pin(upsert::take_json(self.cx, &ask, rows, &())).await?;
            let made = u64::from(answer.totals().created.unsigned_abs());
            self.report.of(entity.name()).created += made;
            if made > 0 {
                let (name, of) = (self.entity.name(), entity.name());
                self.report.note(format!("{name} rows refer to no {of} that is known: {made} of that kind stand in"));
            }
        }
        Ok(())
    }

    /// Everything that came so far is committed after this.
    pub(super) async fn settle(&mut self) -> Result<(), ImportError> {
        self.flush().await?;
        for (entity, row, place) in self.adapter.gathered() {
            if entity != self.entity || self.waiting.len() == upsert::MAX_ROWS {
                self.flush().await?;
            }
            self.entity = entity;
            self.waiting.push((place, row));
        }
        self.flush().await?;
        let merged = std::mem::take(&mut self.merged);
        for (entity, keys) in merged {
            self.alias(entity, keys).await?;
        }
        Ok(())
    }

    /// The end.
    pub(super) async fn finish(mut self) -> Result<Report, ImportError> {
        self.settle().await?;
        if self.unnamed > 0 {
            self.report.note(format!("{} more refusals are counted, and not named", self.unnamed));
        }
        Ok(self.report)
    }

    /// Keys that their system has merged away name the record that they were merged into. Chains are followed to their end.
    async fn alias(&mut self, entity: SyncEntity, keys: Vec<(String, String)>) -> Result<(), ImportError> {
        let into: BTreeMap<&str, &str> = keys.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
        let last = |key: &str| {
            let (mut key, mut steps) = (key.to_owned(), 0);
            while let Some(next) = into.get(key.as_str()).filter(|_| steps < into.len()) {
                key = (*next).to_owned();
                steps += 1;
            }
            key
        };
        let pairs: Vec<(String, String)> = keys.iter().map(|(old, new)| (old.clone(), last(new))).collect();
        let mut work = Work::begin(self.cx).await?.from_source(self.source.clone());
        let source = refs::source(&mut work, &self.source).await?;
        let asked = pairs.iter().flat_map(|(old, new)| [old.clone(), new.clone()]);
        let known = refs::known(&work, source, entity.name(), asked).await?;
        let mut aliases = Vec::new();
        for (old, new) in pairs {
            match (known.get(&old), known.get(&new)) {
                (None, Some((id, _))) => aliases.push((old, *id, None)),
                (Some((held, _)), Some((id, _))) if held != id => self.report.note(format!(
                    "{} {old} was merged into {new} in its system, and both are here: merge them",
                    entity.name()
                )),
                _ => {}
            }
        }
        refs::remember(&work, source, entity.name(), aliases).await?;
        work.commit().await?;
        Ok(())
    }
}

/// Imports files by a mapping.
pub(super) async fn import(
    cx: &Cx,
    mapping: Arc<Mapping>,
    paths: &[PathBuf],
    dry_run: bool,
    progress: &dyn Progress,
) -> Result<Report, ImportError> {
    let tenant = tenancy::tenant(&cx.store, cx.caller.tenant).await?;
    let options = Options {
        currency: Some(tenant.currency.clone()),
        zone: tenant.zone.parse().ok(),
        today: Some(cx.clock.now().date_naive()),
        ..Options::default()
    };
    let wrong = |error: mappings::ImportError| ImportError::Nothing(error.to_string());
    let inputs: Vec<Input> = mappings::inputs(paths).map_err(wrong)?;
    let source = mapping.source().to_owned();
    let mut import = Import::new(mapping, inputs, &options).map_err(wrong)?;
    let rehearsal;
    let cx = match dry_run {
        true => {
            let store = cx.store.rehearsal().await.map_err(crate::graph::Error::from)?;
            rehearsal = Cx::new(cx.caller.clone(), store, cx.clock.clone());
            &rehearsal
        }
        false => cx,
    };
    let mut run = Run::new(cx, &source, &tenant.currency, dry_run);
    let mut told = 0;
    progress.found(import.progress().1);
    while let Some(item) = import.next() {
        match item {
            Item::Row(row) => run.row(*row).await?,
            Item::Problem(problem) => run.problem(&problem),
        }
        let (read, _) = import.progress();
        progress.done(read.saturating_sub(told));
        told = Ord::max(told, read);
    }
    let mut report = run.finish().await?;
    let found = import.report();
    for line in found.to_string().lines() {
        report.note(line.trim_end());
    }
    for orphan in &found.named {
        let short: String = orphan.target.chars().take(100).collect();
        report.note(format!("{} ({}): {} {short} is in no file", orphan.place, orphan.external_id, orphan.relation));
    }
    Ok(report)
}
