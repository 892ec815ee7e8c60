//! The first look at all files: which hold what, and the ids that others need.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, atomic::AtomicU64},
};

use super::{ImportError, Input, Pass, input::Reader, kind};
use crate::{
    Entity, FileReport, Item, Place, Problem,
    mapping::{Mapping, Rest},
    read::{Header, Limits, Unreadable},
    tables::Tables,
    take,
};

/// How many faults of a file are told that only fills tables.
const MOST_TOLD: usize = 1_000;

/// What the look has found.
pub(super) struct Found {
    pub passes: Vec<Pass>,
    pub tables: Tables,
    pub files: Vec<FileReport>,
    pub problems: Vec<Item>,
}

/// Looks at all files.
pub(super) fn look(
    mapping: &Mapping,
    inputs: &[Input],
    limits: Limits,
    read: &Arc<AtomicU64>,
) -> Result<Found, ImportError> {
    let mut found = Found { passes: Vec::new(), tables: Tables::new(mapping), files: Vec::new(), problems: Vec::new() };
    let mut opened = false;
    for (place, input) in inputs.iter().enumerate() {
        let mut file = FileReport { file: input.name().to_string(), ..FileReport::default() };
        match input.open(mapping, limits, read) {
            Ok(None) => file.left_out.push("it is empty".into()),
            Ok(Some(reader)) => {
                opened = true;
                let seen = Look { mapping, input, inputs, file: &mut file }.file(reader, &mut found);
                let entities: BTreeSet<Entity> =
                    seen.iter().flat_map(|place| &mapping.files[*place].rows).map(|row| row.entity).collect();
                found.passes.extend(entities.into_iter().map(|entity| Pass { entity, input: place }));
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
                file.refused += 1;
                found.problems.push(fault(input, Unreadable { line: 1, reason: cause.to_string() }));
                opened = true;
            }
            Err(cause) => return Err(ImportError::File { file: file.file, cause }),
        }
        found.files.push(file);
    }
    if !opened && inputs.iter().all(|input| input.size() == 0) {
        return Err(ImportError::Nothing(mapping.source().to_owned()));
    }
    found.passes.sort_by_key(|pass| (pass.entity, pass.input));
    Ok(found)
}

fn fault(input: &Input, unreadable: Unreadable) -> Item {
    let place = Place { file: input.name(), line: unreadable.line };
    Item::Problem(Problem { place, external_id: None, field: None, message: unreadable.reason })
}

struct Look<'a> {
    mapping: &'a Mapping,
    input: &'a Input,
    inputs: &'a [Input],
    file: &'a mut FileReport,
}

/// What is known of a list of records of one shape.
type Seen = (Arc<str>, Option<String>, Arc<Header>);

impl Look<'_> {
    /// Which files of the mapping it is.
    fn file(&mut self, mut reader: Reader, found: &mut Found) -> BTreeSet<usize> {
        let name = self.input.name();
        let mut places = BTreeSet::new();
        if let Reader::Csv(csv) = &reader {
            let header = csv.header().clone();
            self.file.twice = header.twice().into_iter().map(str::to_owned).collect();
            places.extend(self.known("", None, &header));
            if places.iter().any(|place| self.is_told_by_another(*place, &header)) {
                places.clear();
            }
            // What is left out on purpose fills no table either.
            let is_left = self.mapping.known(&name, "", None, &header).is_err();
            if is_left || self.mapping.filled(&name, "").is_empty() {
                return places;
            }
        }
        let mut last: Option<(Seen, Option<usize>)> = None;
        let mut tables: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
        let is_csv = matches!(reader, Reader::Csv(_));
        let mut faults = Vec::new();
        while let Some((list, record)) = reader.next() {
            let record = match record {
                Ok(record) => record,
                Err(unreadable) => {
                    if faults.len() < MOST_TOLD {
                        faults.push(fault(self.input, unreadable));
                    }
                    continue;
                }
            };
            for table in tables.entry(list.clone()).or_insert_with(|| self.mapping.filled(&name, &list)) {
                found.tables.fill(self.mapping, *table, &record);
                let title = format!("table {}", self.mapping.tables[*table].name);
                if !self.file.read_as.contains(&title) {
                    self.file.read_as.push(title);
                }
            }
            if is_csv {
                continue;
            }
            let shape: Seen = (list.clone(), kind(&record).map(str::to_owned), record.header.clone());
            if last.as_ref().is_none_or(|((list, kind, header), _)| {
                *list != shape.0 || *kind != shape.1 || !Arc::ptr_eq(header, &shape.2)
            }) {
                let place = self.known(&list, shape.1.as_deref(), &record.header);
                places.extend(place);
                last = Some((shape, place));
            }
        }
        if places.is_empty() {
            // No pass will come by here and tell.
            self.file.refused += faults.len() as u64;
            found.problems.append(&mut faults);
        }
        places
    }

    /// Which file of the mapping knows such records; what is left out is told once.
    fn known(&mut self, list: &str, kind: Option<&str>, header: &Header) -> Option<usize> {
        let name = self.input.name();
        match self.mapping.known(&name, list, kind, header) {
            Ok(Some(place)) => {
                let file = &self.mapping.files[place];
                if !self.file.read_as.contains(&file.name) {
                    self.file.read_as.push(file.name.clone());
                }
                if file.rest == Rest::Report {
                    let header = Header::stripped(header.names.clone(), &file.strip, &file.strip_end);
                    let mut unknown: Vec<String> = header
                        .columns()
                        .filter(|(column, _)| !file.knows(column))
                        .map(|(_, written)| written.to_owned())
                        .collect();
                    unknown.sort();
                    for column in unknown {
                        if !self.file.unknown.contains(&column) && self.file.unknown.len() < MOST_TOLD {
                            self.file.unknown.push(column);
                        }
                    }
                }
                Some(place)
            }
            Ok(None) if !self.mapping.filled(&name, list).is_empty() => None,
            Ok(None) => {
                self.leave(match (kind, list) {
                    (Some(kind), _) => format!("records of {kind}: the mapping does not know them"),
                    (None, "") => "the mapping does not know such a file".into(),
                    (None, list) => format!("the list {list}: the mapping does not know it"),
                });
                None
            }
            Err(why) => {
                let why = why.to_owned();
                self.leave(why);
                None
            }
        }
    }

    fn leave(&mut self, why: String) {
        if !self.file.left_out.contains(&why) {
            self.file.left_out.push(why);
        }
    }

    /// A CSV without keys beside a tree of the same name: the tree holds the same records with their keys.
    fn is_told_by_another(&mut self, place: usize, header: &Header) -> bool {
        let file = &self.mapping.files[place];
        let Some(key) = file.key.as_ref().filter(|_| file.numbered.is_some()) else { return false };
        let header = Header::stripped(header.names.clone(), &file.strip, &file.strip_end);
        if take::has_any(key, &header) {
            return false;
        }
        let stem = |name: &str| name.rsplit_once('.').map(|(stem, end)| (stem.to_lowercase(), end.to_lowercase()));
        let Some((own, _)) = stem(&self.input.name()) else { return false };
        let twin = self
            .inputs
            .iter()
            .map(Input::name)
            .find(|name| stem(name).is_some_and(|(other, ending)| other == own && ending == "json"));
        let Some(twin) = twin else { return false };
        self.file.read_as.clear();
        self.file.unknown.clear();
        self.leave(format!("{twin} holds the same records with their keys"));
        true
    }
}
