//! The next rows of a job's file: as many as one transaction takes.

use super::{
    Options,
    csv::{Columns, Dialect},
    job::{How, Job},
    lines::{Line, Lines, Place},
    row::{self, Unreadable, unreadable},
};
use crate::{
    graph::{Error, Result},
    store::Files,
    sync::upsert::{JsonRow, SyncEntity},
};
use entities::codes::ImportFormat;

/// A row of a file.
#[derive(Debug)]
pub struct Entry {
    /// The line in which it begins.
    pub line: i64,
    /// What it says, or why it says nothing.
    pub row: Result<JsonRow, Unreadable>,
}

/// Rows that go in together.
#[derive(Debug, Default)]
pub struct Batch {
    /// The rows, in their order.
    pub entries: Vec<Entry>,
    /// Where the next one begins.
    pub offset: u64,
    /// And in which line.
    pub next_line: i64,
    /// Whether there is no next one.
    pub ended: bool,
}

/// A file as rows.
pub struct Source<'a> {
    lines: Lines<'a>,
    columns: Option<Columns>,
    options: &'a Options,
}

/// A file that has no rows, and why.
pub struct Headless(pub String);

const BOM: &[u8] = b"\xef\xbb\xbf";

impl<'a> Source<'a> {
    /// The rows of a job's file that are still to be taken.
    pub async fn open(
        files: &'a Files,
        job: &Job,
        how: &How,
        entity: SyncEntity,
        options: &'a Options,
    ) -> Result<Result<Source<'a>, Headless>> {
        let file = job.file_id.ok_or_else(|| Error::internal(super::lines::Gone))?;
        let delimiter = match job.format {
            ImportFormat::Ndjson => None,
            ImportFormat::Csv => Some(how.delimiter),
        };
        let place = Place {
            files,
            tenant: job.tenant_id,
            file,
            size: job.size_bytes.unwrap_or(0).unsigned_abs(),
            most: options.max_line_bytes,
            delimiter,
        };
        let offset = job.byte_offset.unsigned_abs();
        let Some(delimiter) = delimiter else {
            return Ok(Ok(Source { lines: Lines::from(place, offset, job.next_line), columns: None, options }));
        };
        let mut lines = Lines::from(place, 0, 1);
        let Some(header) = lines.next().await? else { return Ok(Err(Headless("the file is empty".to_owned()))) };
        let dialect = Dialect { delimiter, null: how.null.clone(), mapping: how.mapping.clone() };
        let columns = header.text.and_then(|text| Columns::of(entity, dialect, without_bom(&text)));
        Ok(match columns {
            Ok(columns) => {
                let lines = if offset == 0 { lines } else { Lines::from(place, offset, job.next_line) };
                Ok(Source { lines, columns: Some(columns), options })
            }
            Err(why) => Err(Headless(why)),
        })
    }

    /// The next rows, at most so many.
    pub async fn next(&mut self, most: usize) -> Result<Batch> {
        let (mut entries, mut bytes, mut ended) = (Vec::new(), 0, false);
        while entries.len() < most && bytes < self.options.batch_bytes {
            let Some(Line { number, text }) = self.lines.next().await? else {
                ended = true;
                break;
            };
            let row = match text {
                Ok(text) => {
                    bytes += text.len() + 1;
                    let text = if number == 1 { without_bom(&text) } else { &text };
                    if text.iter().all(u8::is_ascii_whitespace) {
                        continue;
                    }
                    self.row(text)
                }
                Err(why) => Err(unreadable(why)),
            };
            entries.push(Entry { line: number, row });
        }
        let (offset, next_line) = self.lines.position();
        Ok(Batch { entries, offset, next_line, ended })
    }

    fn row(&self, text: &[u8]) -> Result<JsonRow, Unreadable> {
        match (&self.columns, std::str::from_utf8(text)) {
            (Some(columns), _) => columns.read(text),
            (None, Ok(text)) => row::read(text),
            (None, Err(_)) => Err(unreadable("the line is not UTF-8")),
        }
    }
}

fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(BOM).unwrap_or(text)
}
