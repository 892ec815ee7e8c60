//! Batches: one unit of work takes up to 500 rows. A batch that the database refuses is taken again row by row, so that one bad
//! row costs only itself.

use std::collections::HashMap;

use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    ImportError, Progress, Refusal, Report, Source, portable,
    read::{Read, Record},
    refs, snowplow,
};
use crate::{
    graph::{Cx, Error, Result},
    journey::Work,
};

/// How many rows one unit of work takes.
const BATCH: usize = 500;

/// What a row becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An account.
    Account,
    /// A contact.
    Contact,
    /// A campaign.
    Campaign,
    /// An opportunity.
    Opportunity,
    /// A web event: a touchpoint, and an order where something was bought.
    WebEvent,
    /// A touchpoint.
    Touchpoint,
    /// A ticket.
    Ticket,
    /// A visitor: never a row of its own, but a key of its own.
    Visitor,
}

impl Kind {
    /// The name in reports and among the remembered keys.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::Contact => "contact",
            Kind::Campaign => "campaign",
            Kind::Opportunity => "opportunity",
            Kind::WebEvent => "web event",
            Kind::Touchpoint => "touchpoint",
            Kind::Ticket => "ticket",
            Kind::Visitor => "visitor",
        }
    }
}

/// Rows of one kind, out of one file.
#[derive(Debug)]
pub struct Group {
    /// What they become.
    pub kind: Kind,
    /// The file.
    pub file: std::path::PathBuf,
    /// The rows; those without a key get one by their place.
    pub rows: Vec<Read>,
}

/// A row on its way in.
#[derive(Clone, Debug)]
pub struct Item {
    /// The row.
    pub record: Record,
    /// Its key in the source.
    pub key: String,
    /// Its hash.
    pub hash: String,
    /// The object that it was before; None for a new one.
    pub known: Option<Uuid>,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Taken {
    /// The objects of the rows, by their place in the batch.
    pub objects: Vec<(usize, Uuid)>,
    /// The rows that were not taken, by their place, with the reason.
    pub refused: Vec<(usize, String)>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// What mappings look up. All of it can be forgotten and found again.
pub struct Context<'a> {
    /// Who imports.
    pub cx: &'a Cx,
    /// The tenant's zone: a date without a time is a date there.
    pub zone: Tz,
    /// The tenant's currency: an amount without one is in it.
    pub currency: String,
    /// The source's row.
    pub source: Uuid,
    /// Objects of this run that may not be committed yet (a dry run), by kind and key.
    pub ids: HashMap<(Kind, String), Uuid>,
    /// Found or made in this run, by what they are and their name.
    pub names: HashMap<(&'static str, String), Uuid>,
}

impl<'a> Context<'a> {
    /// Nothing is known yet.
    pub fn new(cx: &'a Cx, zone: Tz, currency: String) -> Context<'a> {
        Context { cx, zone, currency, source: Uuid::nil(), ids: HashMap::new(), names: HashMap::new() }
    }

    /// The objects behind some keys of a kind.
    pub async fn resolve(
        &self,
        work: &Work<'_>,
        kind: Kind,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<HashMap<String, Uuid>> {
        let mut found = HashMap::new();
        let mut asked = Vec::new();
        for key in keys {
            match self.ids.get(&(kind, key.clone())) {
                Some(id) => drop(found.insert(key, *id)),
                None => asked.push(key),
            }
        }
        let known = refs::known(work, self.source, kind.name(), asked).await?;
        found.extend(known.into_iter().map(|(key, (id, _))| (key, id)));
        Ok(found)
    }
}

/// An import under way.
pub struct Run<'a> {
    cx: &'a Cx,
    source: Source,
    /// A dry run is one unit of work that is dropped at the end.
    dry: Option<Work<'a>>,
    dry_run: bool,
    context: Context<'a>,
    report: Report,
    seen: HashMap<(Kind, String), String>,
}

impl<'a> Run<'a> {
    /// Begins.
    pub fn new(cx: &'a Cx, source: Source, dry_run: bool, context: Context<'a>, report: Report) -> Run<'a> {
        Run { cx, source, dry: None, dry_run, context, report, seen: HashMap::new() }
    }

    /// What was done.
    pub fn finish(self) -> Report {
        self.report
    }

    /// Takes a group.
    pub async fn group(&mut self, group: Group, progress: &dyn Progress) -> Result<(), ImportError> {
        let Group { kind, file, rows } = group;
        let mut records = Vec::new();
        for (place, row) in (1_u64..).zip(rows) {
            match row {
                Ok(record) => {
                    let key = record.key.clone().unwrap_or_else(|| default_key(kind, place));
                    let hash = refs::row_hash(&record);
                    if let Some(before) = self.seen.insert((kind, key.clone()), hash.clone()) {
                        progress.done(1);
                        // The same row once more, out of another file, says nothing new.
                        if before == hash {
                            self.report.of(kind.name()).left += 1;
                            continue;
                        }
                        let reason = "this key stands in the import twice, with another content".to_owned();
                        self.refuse(kind, &record, Some(key), reason);
                        continue;
                    }
                    records.push((key, record));
                }
                Err(unreadable) => {
                    let refusal = Refusal {
                        file: file.clone(),
                        line: unreadable.line,
                        external_id: None,
                        reason: unreadable.reason,
                    };
                    self.report.refuse(kind.name(), refusal);
                    progress.done(1);
                }
            }
        }
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let batch: Vec<(String, Record)> = records.by_ref().take(BATCH).collect();
            let size = batch.len() as u64;
            match self.batch(kind, &batch).await {
                Ok(()) => {}
                Err(_) if batch.len() > 1 => {
                    self.forget();
                    for row in &batch {
                        if let Err(error) = self.batch(kind, std::slice::from_ref(row)).await {
                            self.refused_by_database(kind, row, &error);
                        }
                    }
                }
                Err(error) => {
                    if let [row] = batch.as_slice() {
                        self.refused_by_database(kind, row, &error);
                    }
                }
            }
            progress.done(size);
        }
        Ok(())
    }

    /// What a dropped unit of work made is gone, and so is what was remembered of it.
    fn forget(&mut self) {
        self.dry = None;
        self.context.names.clear();
        if self.dry_run {
            self.context.ids.clear();
        }
    }

    fn refused_by_database(&mut self, kind: Kind, (key, record): &(String, Record), error: &Error) {
        self.forget();
        let reason = match error {
            Error::User(refusals) => {
                refusals.iter().map(|refusal| refusal.message.as_str()).collect::<Vec<_>>().join("; ")
            }
            error => {
                // The driver quotes the failing row: its words stay out of the log.
                tracing::warn!(code = error.code(), kind = kind.name(), "the database refused a row");
                "the database did not take it".to_owned()
            }
        };
        self.refuse(kind, record, Some(key.clone()), reason);
    }

    fn refuse(&mut self, kind: Kind, record: &Record, external_id: Option<String>, reason: String) {
        let refusal = Refusal { file: record.file.clone(), line: record.line, external_id, reason };
        self.report.refuse(kind.name(), refusal);
    }

    async fn batch(&mut self, kind: Kind, batch: &[(String, Record)]) -> Result<()> {
        let mut work = match self.dry.take() {
            Some(work) => work,
            None => Work::begin(self.cx).await?.from_source(self.source.code()),
        };
        self.context.source = refs::source(&mut work, self.source.code()).await?;
        let known =
            refs::known(&work, self.context.source, kind.name(), batch.iter().map(|(key, _)| key.clone())).await?;
        let (mut items, mut left) = (Vec::new(), 0);
        for (key, record) in batch {
            let hash = refs::row_hash(record);
            let before = known.get(key);
            if before.is_some_and(|(_, held)| held.as_deref() == Some(&hash)) {
                left += 1;
                continue;
            }
            let known = before.map(|(id, _)| *id);
            items.push(Item { record: record.clone(), key: key.clone(), hash, known });
        }
        if items.is_empty() {
            self.report.of(kind.name()).left += left;
            if self.dry_run {
                self.dry = Some(work);
            }
            return Ok(());
        }
        let context = &mut self.context;
        let taken = match (&self.source, kind) {
            (Source::Journey, kind) => portable::take(context, &mut work, kind, &items).await?,
            (Source::Snowplow | Source::Mapped(_), _) => snowplow::events(context, &mut work, &items).await?,
        };
        let remembered =
            taken.objects.iter().map(|(place, id)| (items[*place].key.clone(), *id, Some(items[*place].hash.clone())));
        refs::remember(&work, context.source, kind.name(), remembered.collect()).await?;
        if self.dry_run {
            for (place, id) in &taken.objects {
                context.ids.insert((kind, items[*place].key.clone()), *id);
            }
            self.dry = Some(work);
        } else {
            work.commit().await?;
        }
        let counts = self.report.of(kind.name());
        counts.left += left;
        for (place, _) in &taken.objects {
            match items[*place].known {
                Some(_) => counts.updated += 1,
                None => counts.created += 1,
            }
        }
        for (place, reason) in taken.refused {
            let item = items[place].clone();
            self.refuse(kind, &item.record, Some(item.key), reason);
        }
        for note in taken.notes {
            self.report.note(note);
        }
        Ok(())
    }
}

/// What a row without a key of its own is called: Salesforce's samples refer to the tenth row of accounts as `AccountRef10`.
fn default_key(kind: Kind, place: u64) -> String {
    let name = match kind {
        Kind::Account => "Account",
        Kind::Contact => "Contact",
        Kind::Campaign => "Campaign",
        Kind::Opportunity => "Opportunity",
        Kind::WebEvent => "Event",
        Kind::Touchpoint => "Touchpoint",
        Kind::Ticket => "Ticket",
        Kind::Visitor => "Visitor",
    };
    format!("{name}Ref{place}")
}
