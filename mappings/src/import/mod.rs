//! Files in, rows out, one by one: what others refer to comes first. A file is read once for each kind of row in it (and once before
//! if it holds ids that others need), so that nothing of it has to be held; only its keys are remembered, as numbers.

mod input;
mod survey;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde_json::Value;

pub use input::{Input, inputs};

use crate::{
    Entity, FileReport, Item, Place, Problem, Report, Row,
    mapping::Mapping,
    read::{Header, Limits, Record, Unreadable},
    report::{NAMED, Orphan},
    tables::Tables,
    take::{self, Setting, Taker},
    values::Clock,
};
use input::Reader;

/// What a run adds to its mapping.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The currency of amounts that name none: the tenant's. Before that of the mapping.
    pub currency: Option<String>,
    /// The zone of times that name none: the tenant's. Behind that of the mapping.
    pub zone: Option<Tz>,
    /// Today, where a mapping asks for it.
    pub today: Option<NaiveDate>,
    /// How much is held of one thing.
    pub limits: Limits,
}

impl Options {
    pub(crate) fn setting(&self, mapping: &Mapping) -> Setting {
        Setting {
            clock: Clock { zone: mapping.zone.or(self.zone).unwrap_or(Tz::UTC), day_first: mapping.day_first },
            currency: self.currency.clone(),
            today: self.today,
        }
    }
}

/// An import that cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file or folder cannot be opened.
    #[error("{file}: {cause}")]
    File {
        /// Which.
        file: String,
        /// Why.
        cause: std::io::Error,
    },
    /// The mapping knows none of the files.
    #[error("the mapping {0} knows none of these files")]
    Nothing(String),
}

/// One reading of a file for one kind of row.
#[derive(Clone, Copy, Debug)]
struct Pass {
    entity: Entity,
    input: usize,
}

/// An import under way.
pub struct Import {
    mapping: Arc<Mapping>,
    inputs: Vec<Input>,
    limits: Limits,
    setting: Setting,
    tables: Tables,
    passes: VecDeque<Pass>,
    current: Option<(Pass, Reader, bool)>,
    queue: VecDeque<Item>,
    /// Inputs whose records were counted.
    told: HashSet<usize>,
    /// The kinds of which files are there.
    present: HashSet<Entity>,
    keys: HashMap<Entity, HashMap<u64, u64>>,
    /// Relations whose target has not come yet.
    open: Vec<(u64, Orphan)>,
    /// Those beyond the first, as numbers.
    open_more: BTreeMap<(Entity, &'static str), Vec<(Entity, u64)>>,
    stripped: HashMap<usize, (Arc<Header>, Arc<Header>)>,
    report: Report,
    read: Arc<AtomicU64>,
    total: u64,
}

fn hash(key: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(key)
}

impl Import {
    /// Looks at the files and fills the tables that others need.
    ///
    /// # Errors
    /// When a file cannot be opened, or the mapping knows none of them.
    pub fn new(mapping: Arc<Mapping>, inputs: Vec<Input>, options: &Options) -> Result<Import, ImportError> {
        let read = Arc::new(AtomicU64::new(0));
        let found = survey::look(&mapping, &inputs, options.limits, &read)?;
        if found.passes.is_empty() {
            return Err(ImportError::Nothing(mapping.source().to_owned()));
        }
        let rest: u64 = found.passes.iter().map(|pass| inputs[pass.input].size()).sum();
        let total = read.load(Ordering::Relaxed) + rest;
        Ok(Import {
            setting: options.setting(&mapping),
            limits: options.limits,
            tables: found.tables,
            present: found.passes.iter().map(|pass| pass.entity).collect(),
            passes: found.passes.into(),
            queue: found.problems.into(),
            report: Report { files: found.files, ..Report::default() },
            mapping,
            inputs,
            current: None,
            told: HashSet::new(),
            keys: HashMap::new(),
            open: Vec::new(),
            open_more: BTreeMap::new(),
            stripped: HashMap::new(),
            read,
            total,
        })
    }

    /// Bytes read, and to be read. They are of files as they are, so that the second may be passed a little.
    pub fn progress(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed), self.total)
    }

    /// What was found: whole after the last row.
    pub fn report(&self) -> &Report {
        &self.report
    }

    fn file(&mut self, input: usize) -> &mut FileReport {
        &mut self.report.files[input]
    }

    /// Reads on until something is found. False: there is nothing more.
    fn step(&mut self) -> bool {
        if self.current.is_none() {
            let Some(pass) = self.passes.pop_front() else { return false };
            let first = self.told.insert(pass.input);
            match self.inputs[pass.input].open(&self.mapping, self.limits, &self.read) {
                Ok(Some(reader)) => self.current = Some((pass, reader, first)),
                Ok(None) => {}
                Err(error) => {
                    let reason = format!("the file cannot be read: {error}");
                    self.refuse(pass.input, Unreadable { line: 1, reason });
                }
            }
            return true;
        }
        let Some((pass, reader, first)) = &mut self.current else { return true };
        let (pass, first) = (*pass, *first);
        let Some((list, record)) = reader.next() else {
            self.current = None;
            return true;
        };
        if first {
            self.file(pass.input).records += 1;
        }
        match record {
            Ok(record) => self.take(pass, first, &list, record),
            Err(unreadable) if first => self.refuse(pass.input, unreadable),
            Err(_) => {}
        }
        true
    }

    fn refuse(&mut self, input: usize, unreadable: Unreadable) {
        self.file(input).refused += 1;
        let place = Place { file: self.inputs[input].name(), line: unreadable.line };
        self.queue.push_back(Item::Problem(Problem {
            place,
            external_id: None,
            field: None,
            message: unreadable.reason,
        }));
    }

    fn take(&mut self, pass: Pass, first: bool, list: &str, record: Record) {
        let mapping = self.mapping.clone();
        let name = self.inputs[pass.input].name();
        let known = mapping.known(&name, list, kind(&record), &record.header);
        let Ok(Some(place)) = known else {
            if first {
                self.file(pass.input).left += 1;
            }
            return;
        };
        let file = &mapping.files[place];
        let record = self.strip(place, record);
        let wanted = file.wants(&record);
        let mut any = false;
        let at = Place { file: name, line: record.line };
        let taker = Taker { mapping: &mapping, tables: &self.tables, setting: &self.setting };
        let mut items = Vec::new();
        for row in file.rows.iter().filter(|_| wanted) {
            if row.entity == pass.entity {
                let begin = items.len();
                any |= taker.rows(file, row, &record, &at, &mut items);
                if row.distinct {
                    // What a record only mentions is no problem where it mentions nothing.
                    let mut place = 0;
                    items.retain(|item| {
                        place += 1;
                        place <= begin || matches!(item, Item::Row(_))
                    });
                }
            } else if first {
                any |= taker.wants(row, &record);
            }
        }
        if first && !any {
            self.file(pass.input).left += 1;
        }
        let distinct: HashSet<Entity> = file.rows.iter().filter(|row| row.distinct).map(|row| row.entity).collect();
        for item in items {
            match item {
                Item::Row(row) => self.emit(pass.input, *row, distinct.contains(&pass.entity)),
                Item::Problem(problem) => {
                    match problem.field {
                        Some(_) => self.file(pass.input).cells += 1,
                        None => self.file(pass.input).refused += 1,
                    }
                    self.queue.push_back(Item::Problem(problem));
                }
            }
        }
    }

    fn strip(&mut self, place: usize, record: Record) -> Record {
        let file = &self.mapping.files[place];
        if file.strip.is_empty() && file.strip_end.is_empty() {
            return record;
        }
        if let Some((before, after)) = self.stripped.get(&place)
            && Arc::ptr_eq(before, &record.header)
        {
            return Record { header: after.clone(), ..record };
        }
        let after = take::stripped(&record, &file.strip, &file.strip_end);
        self.stripped.insert(place, (record.header, after.header.clone()));
        after
    }

    fn emit(&mut self, input: usize, row: Row, distinct: bool) {
        let content = hash(&serde_json::to_string(&(&row.set, &row.on_create, &row.relations)).unwrap_or_default());
        let keys = self.keys.entry(row.entity).or_default();
        if let Some(before) = keys.get(&hash(&row.external_id)) {
            if distinct || *before == content {
                self.file(input).again += 1;
            } else {
                self.file(input).refused += 1;
                self.queue.push_back(Item::Problem(Problem {
                    place: row.place,
                    external_id: Some(row.external_id),
                    field: None,
                    message: "its key stands twice in this import; the first is taken".into(),
                }));
            }
            return;
        }
        keys.insert(hash(&row.external_id), content);
        for relation in crate::fields(row.entity).relations {
            let Some(value) = row.relations.get(relation.name) else { continue };
            let (to, key) = match (relation.to, value.split_once(':')) {
                ([to], _) => (*to, value.as_str()),
                (_, Some((to, key))) => match to.parse() {
                    Ok(to) => (to, key),
                    Err(()) => continue,
                },
                _ => continue,
            };
            let number = hash(key);
            if !self.present.contains(&to) || self.keys.get(&to).is_some_and(|keys| keys.contains_key(&number)) {
                continue;
            }
            if self.open.len() < 10 * NAMED {
                let orphan = Orphan {
                    place: row.place.clone(),
                    entity: row.entity,
                    external_id: row.external_id.clone(),
                    relation: relation.name,
                    target: key.to_owned(),
                };
                self.open.push((number, orphan));
            } else {
                self.open_more.entry((row.entity, relation.name)).or_default().push((to, number));
            }
        }
        self.file(input).rows += 1;
        *self.report.rows.entry(row.entity).or_default() += 1;
        self.queue.push_back(Item::Row(Box::new(row)));
    }

    /// What has no target after the last row.
    fn count_orphans(&mut self) {
        for (number, orphan) in std::mem::take(&mut self.open) {
            let relation = crate::fields(orphan.entity).relation(orphan.relation);
            let has = |to: &Entity| self.keys.get(to).is_some_and(|keys| keys.contains_key(&number));
            if relation.is_some_and(|relation| relation.to.iter().any(has)) {
                continue;
            }
            *self.report.orphans.entry((orphan.entity, orphan.relation)).or_default() += 1;
            if self.report.named.len() < NAMED {
                self.report.named.push(orphan);
            }
        }
        for (relation, targets) in std::mem::take(&mut self.open_more) {
            let lost = targets.iter().filter(|(to, key)| !self.keys.get(to).is_some_and(|keys| keys.contains_key(key)));
            let lost = lost.count() as u64;
            if lost > 0 {
                *self.report.orphans.entry(relation).or_default() += lost;
            }
        }
    }
}

/// What a record says that it is (Salesforce's `attributes.type`).
pub(crate) fn kind(record: &Record) -> Option<&str> {
    record.get("attributestype").and_then(Value::as_str)
}

impl Iterator for Import {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.queue.pop_front() {
                return Some(item);
            }
            if !self.step() && self.queue.is_empty() {
                self.count_orphans();
                return None;
            }
        }
    }
}
