//! The way of a batch. It is walked once if nothing is wrong; a row that turns out to be wrong when others were written already is left
//! out, and the batch walks again, so that what is committed was done by the same steps in one unit of work.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    str::FromStr,
};

use sea_orm::{ActiveModelTrait, ActiveValue, EntityTrait, Value};
use uuid::Uuid;

use super::{
    Answer, Ask, Beside, ConflictRule, ErrorPolicy, Incoming, Known, MAX_ROWS, New, OrphanRule, Outcome, Reference,
    Scene, Shaped, Synced, UpsertMode, UpsertResult,
    difference::{self, Difference},
    idempotency::{self, Claim},
    incoming::refusal,
    policy,
    reference::{self, Targets},
};
use crate::{
    graph::{Cx, Error, GlobalId, Result, UserError, UserErrorCode, camel, custom_column, require_write},
    journey::{Changed, Journaled, Work, attempt},
    policy::{Class, Governed, Seen},
    sync::refs::{self, Remembered},
};

type Model<S> = <<S as Synced>::Table as EntityTrait>::Model;
type Active<S> = <<S as Synced>::Table as EntityTrait>::ActiveModel;

/// Why rows are not taken, by their places.
type Refused = HashMap<usize, Vec<UserError>>;

/// Takes a batch.
pub async fn take<S: Synced>(cx: &Cx, ask: &Ask, rows: Vec<Incoming<S>>, beside: &dyn Beside) -> Result<Answer>
where
    S::Set: std::fmt::Debug,
{
    check(cx, ask, S::LINE, rows.len())?;
    let rows = &rows;
    let hash = ask.idempotency_key.as_ref().map(|_| ask.fingerprint(rows.iter().map(Incoming::said)));
    attempt(move || {
        let hash = hash.clone();
        async move { Run { cx, ask, rows, beside, hash }.run().await }
    })
    .await
}

/// What is wrong with the whole ask.
fn check(cx: &Cx, ask: &Ask, line: crate::policy::Type, count: usize) -> Result<()> {
    // A person who decides on a conflict writes as on any other day: each record is judged by itself.
    if !ask.resolving && !cx.caller.may_upsert(line) {
        return Err(Error::Forbidden);
    }
    policy::may_send(&cx.caller, &ask.source)?;
    if count == 0 || count > MAX_ROWS {
        return Err(Error::invalid("rows", format!("1 to {MAX_ROWS} rows at once")));
    }
    let named = |text: &str, max: usize| {
        (1..=max).contains(&text.chars().count())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    if !named(&ask.source, 100) {
        return Err(Error::invalid("source", "1 to 100 letters, digits, -, _ and ."));
    }
    let wrong = |key: &String| key.trim().is_empty() || key.chars().count() > 255 || key.chars().any(char::is_control);
    match ask.idempotency_key.as_ref().is_some_and(wrong) {
        true => Err(Error::invalid("idempotencyKey", "1 to 255 characters, none of them a control character")),
        false => Ok(()),
    }
}

struct Run<'a, S: Synced> {
    cx: &'a Cx,
    ask: &'a Ask,
    rows: &'a [Incoming<S>],
    beside: &'a dyn Beside,
    hash: Option<String>,
}

/// How a walk ended.
enum Walked {
    Done(Answer),
    /// More rows are wrong.
    Again(Refused),
}

impl<S: Synced> Run<'_, S> {
    async fn run(&self) -> Result<Answer> {
        let mut refused = self.upfront();
        let all: HashSet<usize> = (0..self.rows.len()).collect();
        loop {
            match Box::pin(self.walk(&refused, &all, false)).await {
                Ok(Walked::Done(answer)) => return Ok(answer),
                Ok(Walked::Again(more)) => refused.extend(more),
                Err(error) if error.is_duplicate() => {
                    let taken = Box::pin(self.taken(&refused)).await?;
                    if taken.is_empty() {
                        return Err(error);
                    }
                    let message = "a value of it is taken by another record";
                    let why = |place| (place, vec![refusal(UserErrorCode::Duplicate, "set", message)]);
                    refused.extend(taken.into_iter().map(why));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What can be said without asking anybody.
    fn upfront(&self) -> Refused {
        let mut refused = Refused::new();
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, row) in self.rows.iter().enumerate() {
            let mut errors = row.refused.clone();
            match row.wrong_key() {
                Some(error) if errors.is_empty() => errors.push(error),
                Some(_) => {}
                None => places.entry(&row.external_id).or_default().push(place),
            }
            if !errors.is_empty() {
                refused.insert(place, errors);
            }
        }
        for place in places.into_values().filter(|places| places.len() > 1).flatten() {
            let message = "this key stands in the batch more than once";
            refused.entry(place).or_default().push(refusal(UserErrorCode::DuplicateInBatch, "externalId", message));
        }
        refused
    }

    /// The rows whose values are taken: a unique key of the database does not say whose row it refused. Half by half, so that one
    /// among a thousand is found in ten walks, each of which is dropped.
    async fn taken(&self, refused: &Refused) -> Result<Vec<usize>> {
        let mut places: Vec<usize> = (0..self.rows.len()).filter(|place| !refused.contains_key(place)).collect();
        places.sort_unstable();
        let (mut halves, mut taken) = (vec![places], Vec::new());
        while let Some(places) = halves.pop() {
            let only: HashSet<usize> = places.iter().copied().collect();
            match Box::pin(self.walk(refused, &only, true)).await {
                Ok(_) => {}
                Err(error) if error.is_duplicate() && places.len() == 1 => taken.extend(places),
                Err(error) if error.is_duplicate() => {
                    let (left, right) = places.split_at(places.len() / 2);
                    halves.extend([left.to_vec(), right.to_vec()]);
                }
                Err(error) => return Err(error),
            }
        }
        // Two rows that want the same value are each fine alone: the later one gives way.
        if taken.is_empty() {
            taken = Box::pin(self.rivals(refused)).await?;
        }
        Ok(taken)
    }

    /// The first row that does not go in after those before it.
    async fn rivals(&self, refused: &Refused) -> Result<Vec<usize>> {
        let places: Vec<usize> = (0..self.rows.len()).filter(|place| !refused.contains_key(place)).collect();
        let (mut fits, mut fails) = (0, places.len());
        while fails - fits > 1 {
            let middle = fits.midpoint(fails);
            let only: HashSet<usize> = places[..middle].iter().copied().collect();
            match Box::pin(self.walk(refused, &only, true)).await {
                Ok(_) => fits = middle,
                Err(error) if error.is_duplicate() => fails = middle,
                Err(error) => return Err(error),
            }
        }
        Ok(places.get(fails.saturating_sub(1)).copied().into_iter().collect())
    }

    /// One walk with the rows of `only` that are not refused. A trial is dropped at its end.
    async fn walk(&self, refused: &Refused, only: &HashSet<usize>, trial: bool) -> Result<Walked> {
        let mut work = Work::begin(self.cx).await?.from_source(self.ask.source.clone());
        if let (Some(key), Some(hash), false, false) = (&self.ask.idempotency_key, &self.hash, trial, self.ask.dry_run)
            && let Claim::Answered(answer) = idempotency::claim(&work, key, hash).await?
        {
            return serde_json::from_value(answer).map(Walked::Done).map_err(Error::internal);
        }
        let system = refs::source_row(&mut work, &self.ask.source).await?;
        let source = system.id;
        let tenant = work.tenant_unscoped().await?;
        let scene = Scene {
            cx: self.cx,
            now: work.now(),
            zone: tenant.zone.parse().unwrap_or(chrono_tz::Tz::UTC),
            source,
            lenient: self.ask.orphans == OrphanRule::Leave,
            held: Vec::new(),
            targets: BTreeMap::new(),
        };
        let mut batch = Batch::<S> {
            run: self,
            scene,
            refused: Refused::new(),
            outcomes: HashMap::new(),
            adopted: HashMap::new(),
            keeps_raw: system.keeps_raw,
        };
        let places: Vec<usize> =
            (0..self.rows.len()).filter(|place| only.contains(place) && !refused.contains_key(place)).collect();
        batch.take(&mut work, places).await?;
        if !batch.refused.is_empty() {
            return Ok(Walked::Again(batch.refused));
        }
        let outcomes = batch.outcomes;
        let answer = self.answer(refused, outcomes);
        if trial || self.ask.dry_run || !answer.committed {
            return Ok(Walked::Done(answer));
        }
        self.beside.beside(&mut work, &answer).await?;
        if let Some(key) = &self.ask.idempotency_key {
            let kept = serde_json::to_value(&answer).map_err(Error::internal)?;
            idempotency::keep(&work, key, &kept).await?;
        }
        work.commit().await?;
        Ok(Walked::Done(answer))
    }

    fn answer(&self, refused: &Refused, mut outcomes: HashMap<usize, Outcome>) -> Answer {
        let stopped = self.ask.error_policy == ErrorPolicy::AllOrNothing
            && (!refused.is_empty() || outcomes.values().any(|outcome| outcome.result == UpsertResult::Conflict));
        let rows = self.rows.iter().enumerate().map(|(place, row)| {
            let mut outcome = outcomes.remove(&place).unwrap_or_else(|| Outcome {
                external_id: row.external_id.chars().take(super::incoming::MAX_KEY).collect(),
                id: None,
                result: UpsertResult::Failed,
                version: None,
                changed_fields: Vec::new(),
                errors: refused.get(&place).cloned().unwrap_or_default(),
                before: None,
            });
            if stopped && !matches!(outcome.result, UpsertResult::Failed | UpsertResult::Conflict) {
                if outcome.result == UpsertResult::Created {
                    (outcome.id, outcome.version) = (None, None);
                }
                outcome.result = UpsertResult::Skipped;
                outcome.changed_fields.clear();
                outcome.before = None;
            }
            outcome
        });
        Answer { rows: rows.collect(), committed: !stopped && !self.ask.dry_run }
    }
}

/// The rows of one walk.
struct Batch<'a, S: Synced> {
    run: &'a Run<'a, S>,
    scene: Scene<'a>,
    refused: Refused,
    outcomes: HashMap<usize, Outcome>,
    /// Records that were here before their keys, by place.
    adopted: HashMap<usize, Uuid>,
    /// Whether the source's words are kept as they came.
    keeps_raw: bool,
}

/// A row on its way to a column or two.
struct Draft<S: Synced> {
    place: usize,
    set: S::Set,
    row: Active<S>,
    /// The record that it is; None for a new one.
    held: Option<Seen<Model<S>>>,
    /// References that were left, because nobody is there.
    left: Vec<UserError>,
}

impl<S: Synced> Batch<'_, S> {
    fn refuse(&mut self, place: usize, error: UserError) {
        self.refused.entry(place).or_default().push(error);
    }

    fn refuse_all(&mut self, place: usize, error: Error) -> Result<()> {
        match error {
            Error::User(errors) => {
                self.refused.entry(place).or_default().extend(errors);
                Ok(())
            }
            error => Err(error),
        }
    }

    fn outcome(&mut self, place: usize, result: UpsertResult, row: Option<&Model<S>>) -> &mut Outcome {
        let id = row.map(|row| GlobalId::new(S::ENTITY.kind(), S::Table::id(row)));
        let outcome = Outcome {
            external_id: self.run.rows[place].external_id.clone(),
            id,
            result,
            version: row.map(|row| i32::try_from(S::Table::version(row)).unwrap_or(i32::MAX)),
            changed_fields: Vec::new(),
            errors: Vec::new(),
            before: None,
        };
        self.outcomes.entry(place).insert_entry(outcome).into_mut()
    }

    async fn take(&mut self, work: &mut Work<'_>, places: Vec<usize>) -> Result<()> {
        let rows = self.run.rows;
        let keys = places.iter().map(|place| rows[*place].external_id.clone());
        let known = refs::known(work, self.scene.source, S::ENTITY.name(), keys).await?;
        let strangers: Vec<(usize, S::Set)> = places
            .iter()
            .filter(|place| !known.contains_key(&rows[**place].external_id) && !rows[**place].deleted)
            .map(|place| (*place, rows[*place].set.clone()))
            .collect();
        self.adopted = S::adopt(work, &self.scene, &strangers).await?;
        let ids = known.values().map(|(id, _)| *id).chain(self.adopted.values().copied());
        let mut held = work.many_to_change::<S::Table>(S::LINE, ids).await?;
        let mut drafts: Vec<Draft<S>> = Vec::with_capacity(places.len());
        for place in places {
            let row = &rows[place];
            let record = match known.get(&row.external_id).map(|(id, _)| id).or(self.adopted.get(&place)) {
                None => None,
                // Taken out: where two keys became one record by a merge, only one row of a batch can speak for it.
                Some(id) => match held.remove(id) {
                    Some(seen) => Some(seen),
                    None if row.deleted => {
                        self.outcome(place, UpsertResult::Unchanged, None);
                        continue;
                    }
                    None => {
                        let message =
                            "its record is gone here, or not yours, or another row of the batch speaks for it";
                        self.refuse(place, refusal(UserErrorCode::NotFound, "externalId", message));
                        continue;
                    }
                },
            };
            if let Some(draft) = self.draft(work, place, record).await? {
                drafts.push(draft);
            }
        }
        self.refer(work, &mut drafts).await?;
        self.write(work, drafts).await
    }

    /// What a row wants, before anything is looked up for it.
    async fn draft(
        &mut self,
        work: &mut Work<'_>,
        place: usize,
        held: Option<Seen<Model<S>>>,
    ) -> Result<Option<Draft<S>>> {
        let row = &self.run.rows[place];
        if let (Some(expected), Some(seen)) = (row.if_version, &held)
            && i64::from(expected) != S::Table::version(seen.row())
        {
            let model = seen.row().clone();
            let message = format!("the object is at version {} now", S::Table::version(&model));
            let outcome = self.outcome(place, UpsertResult::Conflict, Some(&model));
            outcome.errors.push(refusal(UserErrorCode::VersionConflict, "ifVersion", message));
            return Ok(None);
        }
        if row.deleted {
            match &held {
                None => drop(self.outcome(place, UpsertResult::Unchanged, None)),
                Some(seen) => match S::remove(work, seen).await {
                    Ok(()) => {
                        let model = seen.row().clone();
                        self.outcome(place, UpsertResult::Deleted, Some(&model)).version = None;
                    }
                    Err(error) => self.refuse_all(place, error)?,
                },
            }
            return Ok(None);
        }
        match (self.run.ask.mode, &held) {
            (UpsertMode::UpdateOnly, None) => {
                self.outcome(place, UpsertResult::Skipped, None);
                return Ok(None);
            }
            (UpsertMode::CreateOnly, Some(seen)) => {
                let model = seen.row().clone();
                self.outcome(place, UpsertResult::Skipped, Some(&model));
                return Ok(None);
            }
            (UpsertMode::Upsert | UpsertMode::UpdateOnly | UpsertMode::CreateOnly, _) => {}
        }
        let beside = if held.is_some() { &row.on_update } else { &row.on_create };
        let set = match beside {
            Some(beside) => S::over(row.set.clone(), beside.clone()),
            None => row.set.clone(),
        };
        match S::columns(&set) {
            Ok(row) => Ok(Some(Draft { place, set, row, held, left: Vec::new() })),
            Err(errors) => {
                self.refused.insert(place, errors);
                Ok(None)
            }
        }
    }

    /// References become ids; those to rows of this batch, too, which get theirs now. Rows that stand on others come after them.
    async fn refer(&mut self, work: &mut Work<'_>, drafts: &mut Vec<Draft<S>>) -> Result<()> {
        let mut targets = Targets::find::<S>(work, self.scene.source, self.run.rows).await?;
        for draft in drafts.iter_mut() {
            let key = self.run.rows[draft.place].external_id.clone();
            let id = match &draft.held {
                Some(seen) => S::Table::id(seen.row()),
                None => {
                    let id = work.fresh_id();
                    draft.row.set(S::Table::ID, id.into());
                    id
                }
            };
            targets.add(S::ENTITY, key, id);
        }
        // A row that is refused is no target any more, which may refuse others: until nothing changes.
        loop {
            let mut gone = Vec::new();
            for draft in drafts.iter_mut() {
                let errors = self.resolve(draft, &targets);
                if !errors.is_empty() {
                    gone.push((draft.place, draft.held.is_none()));
                    self.refused.insert(draft.place, errors);
                }
            }
            if gone.is_empty() {
                break;
            }
            drafts.retain(|draft| gone.iter().all(|(place, _)| *place != draft.place));
            for (place, _) in gone.into_iter().filter(|(_, is_new)| *is_new) {
                targets.remove(S::ENTITY, &self.run.rows[place].external_id);
            }
        }
        self.arrange(drafts);
        Ok(())
    }

    fn resolve(&self, draft: &mut Draft<S>, targets: &Targets) -> Vec<UserError> {
        let row = &self.run.rows[draft.place];
        let mut errors = Vec::new();
        draft.left.clear();
        for (column, said) in &row.relations {
            let Some(spec) = reference::spec::<S>(column) else { continue };
            let Ok(column) = <<S::Table as EntityTrait>::Column as FromStr>::from_str(column) else { continue };
            match said {
                Err(message) => errors.push(reference::refused(spec, message, UserErrorCode::Invalid)),
                Ok(None) if spec.required => {
                    errors.push(reference::refused(spec, "this cannot be cleared", UserErrorCode::Invalid));
                }
                Ok(None) => draft.row.set(column, Value::Uuid(None)),
                Ok(Some(named)) => {
                    let itself = spec.to == S::ENTITY
                        && match named {
                            Reference::Key(key) => *key == row.external_id,
                            Reference::Id(id) => {
                                draft.held.as_ref().is_some_and(|seen| S::Table::id(seen.row()) == id.uuid)
                            }
                        };
                    match targets.of(spec.to, named) {
                        _ if itself => {
                            errors.push(reference::refused(spec, "a record cannot be its own", UserErrorCode::Invalid));
                        }
                        Some(id) => draft.row.set(column, Value::Uuid(Some(id))),
                        None => {
                            let error = reference::refused(spec, "there is no such object", UserErrorCode::NotFound);
                            let leave = self.run.ask.orphans == OrphanRule::Leave;
                            match leave && (!spec.required || draft.held.is_some()) {
                                true => draft.left.push(error),
                                false => errors.push(error),
                            }
                        }
                    }
                }
            }
        }
        errors
    }

    /// New rows that stand on new rows come after them; a circle is refused.
    fn arrange(&mut self, drafts: &mut Vec<Draft<S>>) {
        let columns: Vec<_> = S::RELATIONS
            .iter()
            .filter(|spec| spec.to == S::ENTITY)
            .filter_map(|spec| <<S::Table as EntityTrait>::Column as FromStr>::from_str(spec.column).ok())
            .collect();
        if columns.is_empty() {
            return;
        }
        let id_of = |draft: &Draft<S>| match draft.row.get(S::Table::ID) {
            ActiveValue::Set(Value::Uuid(Some(id))) => Some(id),
            _ => None,
        };
        let mut waiting: HashSet<Uuid> = drafts.iter().filter(|draft| draft.held.is_none()).filter_map(id_of).collect();
        let mut rest = std::mem::take(drafts);
        loop {
            let before = rest.len();
            let mut later = Vec::new();
            for draft in rest {
                let stands = columns.iter().all(|column| match draft.row.get(*column) {
                    ActiveValue::Set(Value::Uuid(Some(target))) => !waiting.contains(&target),
                    _ => true,
                });
                match stands || draft.held.is_some() {
                    true => {
                        if let Some(id) = id_of(&draft) {
                            waiting.remove(&id);
                        }
                        drafts.push(draft);
                    }
                    false => later.push(draft),
                }
            }
            if later.is_empty() {
                return;
            }
            if later.len() == before {
                for draft in later {
                    self.refuse(
                        draft.place,
                        refusal(UserErrorCode::Invalid, "relations", "these rows refer to each other in a circle"),
                    );
                }
                return;
            }
            rest = later;
        }
    }

    /// What the rows stand on, so that each kind of record looks it up for all of them at once.
    fn survey(&mut self, drafts: &[Draft<S>]) {
        for draft in drafts {
            let held = draft.held.as_ref().map(Seen::row);
            self.scene.held.extend(held.map(S::Table::id));
            for spec in S::RELATIONS {
                let Ok(column) = <<S::Table as EntityTrait>::Column as FromStr>::from_str(spec.column) else {
                    continue;
                };
                let before = held.map(|row| sea_orm::ModelTrait::get(row, column));
                for value in before.into_iter().chain(draft.row.get(column).into_value()) {
                    if let Value::Uuid(Some(id)) = value {
                        self.scene.targets.entry(spec.to).or_default().insert(id);
                    }
                }
            }
        }
    }

    async fn write(&mut self, work: &mut Work<'_>, mut drafts: Vec<Draft<S>>) -> Result<()> {
        self.survey(&drafts);
        let sets: Vec<&S::Set> = drafts.iter().map(|draft| &draft.set).collect();
        let lookup = S::look_up(work, &self.scene, &sets).await?;
        self.complete_all(work, &lookup, &mut drafts).await?;
        let (mut changes, new): (Vec<Draft<S>>, Vec<Draft<S>>) =
            drafts.into_iter().partition(|draft| draft.held.is_some());
        if !self.refused.is_empty() {
            // Some rows are wrong: nothing that is written now would stay.
            return Ok(());
        }
        self.judge(work, &mut changes).await?;
        for draft in &new {
            if let (Some(at), ActiveValue::Set(Value::Uuid(Some(id)))) =
                (self.run.rows[draft.place].changed_at, draft.row.get(S::Table::ID))
            {
                work.dates_from(id, at);
            }
        }
        let inserted = work.insert_many::<S::Table>(new.iter().map(|draft| draft.row.clone()).collect()).await?;
        let patches = changes.iter_mut().filter_map(|draft| {
            Some((
                draft.held.as_ref()?.row().clone(),
                std::mem::replace(&mut draft.row, super::incoming::blank::<S::Table>()),
            ))
        });
        let patches: Vec<_> = patches.collect();
        let changed = work.update_many::<S::Table>(patches).await?;
        let made = |draft: Draft<S>, row| (draft.left, New { place: draft.place, set: draft.set, row });
        let (left_new, new): (Vec<_>, Vec<New<S>>) = new.into_iter().zip(inserted).map(|(d, row)| made(d, row)).unzip();
        let kept = |draft: Draft<S>, rows| (draft.left, Known { place: draft.place, set: draft.set, rows });
        let (left_known, known): (Vec<_>, Vec<Known<S>>) =
            changes.into_iter().zip(changed).map(|(d, rows)| kept(d, rows)).unzip();
        let followed = S::follow(work, &self.scene, &lookup, &new, &known).await?;
        self.refused.extend(followed.refused);
        self.check_reach(work, &new, &known).await?;
        let adopted = known.iter().filter(|known| self.adopted.contains_key(&known.place));
        let keys = new
            .iter()
            .map(|new| (new.place, S::Table::id(&new.row)))
            .chain(adopted.map(|known| (known.place, S::Table::id(&known.rows.after))));
        let mut keys: Vec<(usize, Uuid)> = keys.collect();
        if self.keeps_raw {
            keys.extend(known.iter().map(|known| (known.place, S::Table::id(&known.rows.after))));
            keys.sort_unstable();
            keys.dedup();
        }
        let remembered = keys.into_iter().map(|(place, object)| Remembered {
            key: self.run.rows[place].external_id.clone(),
            object,
            hash: None,
            raw: self.keeps_raw.then(|| self.run.rows[place].raw()),
        });
        refs::remember_all(work, self.scene.source, S::ENTITY.name(), remembered.collect()).await?;
        for (new, left) in new.iter().zip(left_new) {
            self.outcome(new.place, UpsertResult::Created, Some(&new.row)).errors = left;
        }
        let mut beside = followed.changed;
        for (known, left) in known.iter().zip(left_known) {
            let beside = beside.remove(&known.place);
            self.report(known, left, beside);
        }
        Ok(())
    }

    /// The field policy has its say on what the rows would change: what it keeps is taken out, and told.
    async fn judge(&mut self, work: &mut Work<'_>, changes: &mut Vec<Draft<S>>) -> Result<()> {
        if self.run.ask.resolving {
            return Ok(());
        }
        let mut differences: Vec<Vec<Difference>> = Vec::with_capacity(changes.len());
        for draft in changes.iter() {
            let Some(held) = draft.held.as_ref().map(Seen::row) else { continue };
            differences.push(difference::between::<S>(held, &difference::patched::<S>(held, &draft.row)?));
        }
        let sent = changes.iter().zip(&differences).filter_map(|(draft, differences)| {
            let object = S::Table::id(draft.held.as_ref()?.row());
            let fields = differences.iter().map(|difference| policy::Field {
                name: &difference.name,
                held: difference.before.clone(),
                sent: difference.after.clone(),
            });
            let changed_at = self.run.rows[draft.place].changed_at;
            Some(policy::Sent { place: draft.place, object, fields: fields.collect(), changed_at })
        });
        let sent: Vec<policy::Sent<'_>> = sent.collect();
        let kept = policy::judge(work, self.scene.source, S::ENTITY, &sent).await?;
        let same = self.same(changes, &differences);
        let same: Vec<(Uuid, &str)> = same.iter().map(|(object, name)| (*object, name.as_str())).collect();
        policy::settle(work, self.scene.source, S::ENTITY, &same).await?;
        if kept.is_empty() {
            return Ok(());
        }
        let mut recorded = Vec::new();
        let mut stopped = Vec::new();
        for (draft, differences) in changes.iter_mut().zip(&differences) {
            let of_row: Vec<&policy::Judged> = kept.iter().filter(|judged| judged.place == draft.place).collect();
            if of_row.is_empty() {
                continue;
            }
            let refusals = of_row.iter().map(|judged| {
                let part =
                    if S::RELATIONS.iter().any(|spec| camel(spec.name) == judged.field) { "relations" } else { "set" };
                judged.refusal([part].into_iter().chain(judged.field.split('.')).map(str::to_owned).collect())
            });
            draft.left.extend(refusals);
            if self.run.ask.conflict == ConflictRule::Refuse {
                stopped.push(draft.place);
                continue;
            }
            let left: Vec<&Difference> =
                differences.iter().filter(|d| of_row.iter().any(|judged| judged.field == d.name)).collect();
            if let Some(held) = &draft.held {
                difference::leave::<S>(held.row(), &mut draft.row, &left);
            }
            recorded.extend(of_row.into_iter().cloned());
        }
        policy::record_conflicts(work, self.scene.source, S::ENTITY, &recorded).await?;
        let (out, rest): (Vec<Draft<S>>, Vec<Draft<S>>) =
            std::mem::take(changes).into_iter().partition(|draft| stopped.contains(&draft.place));
        *changes = rest;
        for draft in out {
            let model = draft.held.as_ref().map(|seen| seen.row().clone());
            self.outcome(draft.place, UpsertResult::Conflict, model.as_ref()).errors = draft.left;
        }
        Ok(())
    }

    /// The fields of which rows say what their records hold.
    fn same(&self, changes: &[Draft<S>], differences: &[Vec<Difference>]) -> Vec<(Uuid, String)> {
        let mut same = Vec::new();
        for (draft, differences) in changes.iter().zip(differences) {
            let Some(held) = &draft.held else { continue };
            let said = written(&self.run.rows[draft.place], &draft.set).into_iter().map(|(_, name)| camel(name));
            let own = S::custom(&draft.set).unwrap_or_default();
            let said = said.chain(own.keys().map(|code| format!("custom.{code}")));
            let equal = said.filter(|name| differences.iter().all(|difference| difference.name != *name));
            same.extend(equal.map(|name| (S::Table::id(held.row()), name)));
        }
        same
    }

    /// Completes rows, each alone and then all together; what is wrong with them is kept.
    async fn complete_all(
        &mut self,
        work: &mut Work<'_>,
        lookup: &S::Lookup,
        drafts: &mut Vec<Draft<S>>,
    ) -> Result<()> {
        for draft in drafts.iter_mut() {
            if let Err(error) = self.complete(work, lookup, draft).await {
                self.refuse_all(draft.place, error)?;
            }
        }
        drafts.retain(|draft| !self.refused.contains_key(&draft.place));
        let mut rows: Vec<Shaped<'_, S>> = drafts
            .iter_mut()
            .map(|draft| Shaped {
                place: draft.place,
                set: &draft.set,
                held: draft.held.as_ref().map(Seen::row),
                row: &mut draft.row,
                refused: Vec::new(),
            })
            .collect();
        S::shape(work, &self.scene, lookup, &mut rows).await?;
        for row in rows.into_iter().filter(|row| !row.refused.is_empty()) {
            self.refused.entry(row.place).or_default().extend(row.refused);
        }
        drafts.retain(|draft| !self.refused.contains_key(&draft.place));
        Ok(())
    }

    /// Columns that no field says: where it comes from, the tenant's own fields, what the kind of record adds.
    async fn complete(&mut self, work: &mut Work<'_>, lookup: &S::Lookup, draft: &mut Draft<S>) -> Result<()> {
        let held = draft.held.as_ref();
        if let Some(said) = S::custom(&draft.set) {
            let custom = customized::<S>(work, held, said, self.scene.lenient).await?;
            if let Some((_, column)) = custom_column::<S::Table>() {
                draft.row.set(column, serde_json::Value::Object(custom).into());
            }
        }
        if held.is_none() {
            let column = |name: &str| <<S::Table as EntityTrait>::Column as FromStr>::from_str(name).ok();
            if let Some(source) = column("source_id") {
                draft.row.set(source, Value::Uuid(Some(self.scene.source)));
            }
        }
        S::complete(lookup, &self.scene, &draft.set, held.map(Seen::row), &mut draft.row)?;
        match held {
            None => require::<S>(&draft.row),
            Some(seen) => require_write(seen.rights(), &written(&self.run.rows[draft.place], &draft.set)),
        }
    }

    /// After the write the caller must still reach each row, with the right to write what was written.
    async fn check_reach(&mut self, work: &Work<'_>, new: &[New<S>], known: &[Known<S>]) -> Result<()> {
        let changed =
            known.iter().filter(|known| S::Table::version(&known.rows.after) != S::Table::version(&known.rows.before));
        let rows: Vec<(usize, Uuid, &S::Set)> = new
            .iter()
            .map(|new| (new.place, S::Table::id(&new.row), &new.set))
            .chain(changed.map(|known| (known.place, S::Table::id(&known.rows.after), &known.set)))
            .collect();
        let ids: Vec<Uuid> = rows.iter().map(|(_, id, _)| *id).collect();
        let reached = work.many_reached::<S::Table>(S::LINE, &ids).await?;
        let fields = match rows.iter().any(|(_, _, set)| S::custom(set).is_some()) {
            true => Some(self.run.cx.fields().await?),
            false => None,
        };
        for (place, id, set) in rows {
            let Some(seen) = reached.get(&id) else {
                self.refuse(place, refusal(UserErrorCode::Forbidden, "", "your role does not allow this here"));
                continue;
            };
            if let Err(error) = require_write(seen.rights(), &written(&self.run.rows[place], set)) {
                self.refuse_all(place, error)?;
            }
            let (Some(fields), Some(custom), Some((entity, _))) =
                (&fields, S::custom(set), custom_column::<S::Table>())
            else {
                continue;
            };
            for code in custom.keys() {
                let field = fields.find(entity, code);
                if field.is_some_and(|field| !seen.rights().may_write(field.class, &field.path())) {
                    let path = format!("set.custom.{code}");
                    self.refuse(place, refusal(UserErrorCode::Forbidden, &path, "your role does not allow this here"));
                }
            }
        }
        Ok(())
    }

    fn report(&mut self, known: &Known<S>, left: Vec<UserError>, beside: Option<super::Fields>) {
        let Changed { before, after } = &known.rows;
        let differences = difference::between::<S>(before, after);
        let mut fields: Vec<String> = differences.iter().map(|difference| difference.name.clone()).collect();
        let mut held = difference::undone(&differences);
        for (name, value) in beside.unwrap_or_default() {
            fields.push(name.clone());
            held.insert(name, value);
        }
        let result = if fields.is_empty() { UpsertResult::Unchanged } else { UpsertResult::Updated };
        let outcome = self.outcome(known.place, result, Some(after));
        outcome.errors = left;
        outcome.before = (!fields.is_empty()).then_some(held);
        outcome.changed_fields = fields;
    }
}

/// What a row writes, with its classes.
fn written<S: Synced>(row: &Incoming<S>, set: &S::Set) -> Vec<(Class, &'static str)> {
    let mut written = S::written(set);
    written.extend(row.referring.iter().copied());
    written
}

/// What a new record cannot be without.
fn require<S: Synced>(row: &Active<S>) -> Result<()> {
    let missing = |column: &str| {
        <<S::Table as EntityTrait>::Column as FromStr>::from_str(column)
            .is_ok_and(|column| row.get(column).into_value().is_none_or(|value| value == value.as_null()))
    };
    let mut errors = Vec::new();
    for name in S::REQUIRED {
        let spec = S::FIELDS.iter().find(|spec| spec.name == *name);
        if spec.is_some_and(|spec| spec.columns.iter().any(|column| missing(column))) {
            let path = format!("set.{}", camel(name));
            errors.push(refusal(UserErrorCode::Invalid, &path, "a new record needs this"));
        }
    }
    for spec in S::RELATIONS.iter().filter(|spec| spec.required && missing(spec.column)) {
        errors.push(reference::refused(spec, "a new record needs this", UserErrorCode::Invalid));
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Error::User(errors)),
    }
}

/// The values of the tenant's own fields after a row: declared, typed, and within the caller's rights on a held record.
async fn customized<S: Synced>(
    work: &mut Work<'_>,
    held: Option<&Seen<Model<S>>>,
    said: super::Fields,
    lenient: bool,
) -> Result<super::Fields> {
    let Some((entity, column)) = custom_column::<S::Table>() else {
        return Err(Error::invalid("set.custom", "records of this type have no fields of the tenant's own"));
    };
    let fields = work.fields().await?;
    let mut custom = match held.map(|seen| sea_orm::ModelTrait::get(seen.row(), column)) {
        Some(Value::Json(Some(custom))) => custom.as_object().cloned().unwrap_or_default(),
        _ => super::Fields::new(),
    };
    let mut errors = Vec::new();
    for (code, value) in said {
        let path = format!("set.custom.{}", code.chars().take(60).collect::<String>());
        let set = (|| {
            let Some(field) = fields.find(entity, &code) else {
                // What nobody has declared is kept as it came, for whoever declares it later.
                let kept = lenient && !fields.declares(entity, &code) && code.chars().count() <= 255;
                match value {
                    serde_json::Value::Null if kept => drop(custom.shift_remove(&code)),
                    value if kept => drop(custom.insert(code.clone(), value)),
                    _ => return Err(Error::missing(&path)),
                }
                return Ok(());
            };
            if held.is_some_and(|seen| !seen.rights().may_write(field.class, &field.path())) {
                return Err(Error::forbidden(&path));
            }
            match value {
                serde_json::Value::Null if field.is_required => Err(Error::invalid(&path, "this cannot be cleared")),
                serde_json::Value::Null => {
                    custom.shift_remove(&code);
                    Ok(())
                }
                value => {
                    custom.insert(code.clone(), field.checked(&path, value)?.json());
                    Ok(())
                }
            }
        })();
        match set {
            Ok(()) => {}
            Err(Error::User(wrong)) => errors.extend(wrong),
            Err(error) => return Err(error),
        }
    }
    match errors.is_empty() {
        true => Ok(custom),
        false => Err(Error::User(errors)),
    }
}
