//! A file, opened as often as it is read.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::ImportError;
use crate::{
    mapping::Mapping,
    read::{Limits, Read, bytes::Decoded, csv::Csv, json},
};

/// The endings of files that are looked for in folders.
const ENDINGS: [&str; 7] = ["csv", "tsv", "txt", "json", "jsonl", "ndjson", "jsonlines"];

/// Something to read.
#[derive(Clone, Debug)]
pub struct Input {
    name: Arc<str>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    File(PathBuf),
    Bytes(Arc<[u8]>),
}

impl Input {
    /// A file.
    pub fn file(path: impl Into<PathBuf>) -> Input {
        let path = path.into();
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy()).into();
        Input { name, content: Content::File(path) }
    }

    /// What a file of that name would hold.
    pub fn bytes(name: &str, content: impl Into<Arc<[u8]>>) -> Input {
        Input { name: name.into(), content: Content::Bytes(content.into()) }
    }

    /// Its name.
    pub fn name(&self) -> Arc<str> {
        self.name.clone()
    }

    /// How many bytes it has, as far as that can be told.
    pub fn size(&self) -> u64 {
        match &self.content {
            Content::File(path) => fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Content::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// Begins to read it. None: it is empty.
    pub(super) fn open(&self, mapping: &Mapping, limits: Limits, read: &Arc<AtomicU64>) -> io::Result<Option<Reader>> {
        let device: Box<dyn io::Read + Send> = match &self.content {
            Content::File(path) => Box::new(fs::File::open(path)?),
            Content::Bytes(bytes) => Box::new(io::Cursor::new(bytes.clone())),
        };
        let counted = Counted { inner: device, read: read.clone() };
        let mut text = Decoded::new(counted, mapping.encoding)?;
        let sample = text.sample()?.to_vec();
        if sample.iter().all(u8::is_ascii_whitespace) && sample.len() < 1 << 15 {
            return Ok(None);
        }
        Ok(match sample.trim_ascii_start().first() {
            Some(b'{' | b'[') => {
                let form = json::form(&sample, &mapping.lists);
                Some(Reader::Json(json::Json::new(text, form, &mapping.lists, limits)))
            }
            _ => Csv::new(text, &sample, limits)?.map(Reader::Csv),
        })
    }
}

/// Files as they are, and of folders the files inside, by name. Where a folder holds both a CSV and a JSON of one name (Salesforce's
/// record trees), they are two files: which of them is left out, the mapping decides.
///
/// # Errors
/// When a folder cannot be read.
pub fn inputs(paths: &[PathBuf]) -> Result<Vec<Input>, ImportError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(Input::file(path));
            continue;
        }
        let failed = |cause| ImportError::File { file: path.display().to_string(), cause };
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if ending(&file).is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
                inside.push(file);
            }
        }
        inside.sort();
        files.extend(inside.into_iter().map(Input::file));
    }
    Ok(files)
}

fn ending(file: &Path) -> Option<String> {
    Some(file.extension()?.to_str()?.to_lowercase())
}

pub(super) struct Counted {
    inner: Box<dyn io::Read + Send>,
    read: Arc<AtomicU64>,
}

impl io::Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The records of a file.
pub(super) enum Reader {
    Csv(Csv<Decoded<Counted>>),
    Json(json::Json<Decoded<Counted>>),
}

impl Reader {
    /// The next record, and the list in which it stands.
    pub(super) fn next(&mut self) -> Option<(Arc<str>, Read)> {
        match self {
            Reader::Csv(csv) => csv.next().map(|record| ("".into(), record)),
            Reader::Json(json) => json.next().map(|found| (found.list, found.record)),
        }
    }
}
