//! CSV as it comes: commas, semicolons, tabs or bars, any line ends, line ends inside quotes, rows of the wrong length, quotes that
//! never close. A row that cannot be read costs itself alone; a row over the limit is skipped to its end without being held.

use std::{
    io::{self, BufRead, BufReader},
    sync::Arc,
};

use serde_json::Value;

use super::{Header, Limits, NUL, Read, Record, Unreadable, broken, too_long};

/// How often a stray quote is taken back. Each time costs at most one reading of the limit.
const MOST_RESCANS: u32 = 64;

/// The rows of a CSV.
pub struct Csv<R> {
    input: BufReader<R>,
    /// Bytes to read again, before the input's.
    again: Vec<u8>,
    at: usize,
    delimiter: u8,
    header: Arc<Header>,
    line: u64,
    number: u64,
    limits: Limits,
    rescans: u32,
    ended: bool,
}

/// A row's cells, or why there are none.
struct Raw {
    line: u64,
    cells: Result<Vec<Vec<u8>>, String>,
}

enum State {
    Begin,
    Plain,
    Quoted,
    /// After a quote inside quotes: an end, or half of a doubled one.
    Closing,
}

impl<R: io::Read> Csv<R> {
    /// Reads the header. None: the file holds nothing. The beginning of the file tells the delimiter.
    ///
    /// # Errors
    /// When the device fails, or the header cannot be read.
    pub fn new(input: R, sample: &[u8], limits: Limits) -> io::Result<Option<Csv<R>>> {
        let (delimiter, told) = delimiter(sample);
        let mut csv = Csv {
            input: BufReader::with_capacity(1 << 16, input),
            again: Vec::new(),
            at: 0,
            delimiter,
            header: Arc::default(),
            line: 1,
            number: 0,
            limits,
            rescans: 0,
            ended: false,
        };
        if told {
            csv.raw()?;
        }
        let Some(raw) = csv.raw()? else { return Ok(None) };
        let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
        let cells = raw.cells.map_err(|reason| invalid(format!("its header: {reason}")))?;
        let names = cells
            .into_iter()
            .map(|cell| String::from_utf8(cell).map_err(|_| invalid("its header is not UTF-8".into())))
            .collect::<io::Result<Vec<String>>>()?;
        csv.header = Arc::new(Header::new(names));
        Ok(Some(csv))
    }

    /// The header.
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        if let Some(byte) = self.again.get(self.at) {
            return Ok(Some(*byte));
        }
        loop {
            match self.input.fill_buf() {
                Ok(chunk) => return Ok(chunk.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn step(&mut self) {
        if self.at < self.again.len() {
            self.at += 1;
        } else {
            self.input.consume(1);
        }
    }

    /// Reads `rest` once more, as if the quote before it were none.
    fn rescan(&mut self, raw: &[u8], line: u64) {
        let after = raw
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .map_or(raw.len(), |end| end + if raw[end..].starts_with(b"\r\n") { 2 } else { 1 });
        let mut again = raw[after..].to_vec();
        again.extend_from_slice(&self.again[self.at..]);
        (self.again, self.at) = (again, 0);
        self.line = line + 1;
        self.rescans += 1;
    }

    fn raw(&mut self) -> io::Result<Option<Raw>> {
        loop {
            let line = self.line;
            let (mut raw, mut cells, mut cell) = (Vec::new(), Vec::new(), Vec::new());
            let (mut state, mut over, mut wide) = (State::Begin, false, false);
            loop {
                let Some(byte) = self.peek()? else {
                    if matches!(state, State::Quoted) {
                        let reason = "a quote is opened and never closed";
                        if over || self.rescans >= MOST_RESCANS {
                            let reason = format!("{reason}; nothing after it was read");
                            return Ok(Some(Raw { line, cells: Err(reason) }));
                        }
                        self.rescan(&raw, line);
                        return Ok(Some(Raw { line, cells: Err(reason.into()) }));
                    }
                    if raw.is_empty() && !over {
                        return Ok(None);
                    }
                    break;
                };
                self.step();
                let inside = matches!(state, State::Quoted);
                let ends = matches!(byte, b'\n' | b'\r') && !inside;
                let pair = byte == b'\r' && self.peek()? == Some(b'\n');
                if byte == b'\n' || (byte == b'\r' && !pair) {
                    self.line += 1;
                }
                if ends {
                    if pair {
                        self.step();
                        self.line += 1;
                    }
                    break;
                }
                if over {
                    state = self.next_state(state, byte);
                    continue;
                }
                raw.push(byte);
                if raw.len() > self.limits.record {
                    if inside && self.rescans < MOST_RESCANS && self.is_stray(&raw) {
                        self.rescan(&raw, line);
                        return Ok(Some(Raw { line, cells: Err("a quote is opened and never closed".into()) }));
                    }
                    (raw, cell, cells, over) = (Vec::new(), Vec::new(), Vec::new(), true);
                    state = self.next_state(state, byte);
                    continue;
                }
                let next = self.next_state_of(&state, byte);
                match (&state, byte) {
                    (State::Begin, b'"') => {}
                    (State::Quoted, b'"') => {}
                    (State::Quoted, _) => cell.push(byte),
                    (State::Closing, b'"') => cell.push(b'"'),
                    (_, byte) if byte == self.delimiter => {
                        wide |= cells.len() >= self.limits.columns;
                        if !wide {
                            cells.push(std::mem::take(&mut cell));
                        }
                        cell.clear();
                    }
                    (_, byte) => cell.push(byte),
                }
                state = next;
            }
            if raw.is_empty() && !over {
                continue; // an empty line is no row
            }
            cells.push(cell);
            let cells = match (over, wide) {
                (true, _) => Err(too_long(self.limits.record)),
                (_, true) => Err(format!("it has more than {} columns", self.limits.columns)),
                _ => Ok(cells),
            };
            return Ok(Some(Raw { line, cells }));
        }
    }

    fn next_state(&self, state: State, byte: u8) -> State {
        self.next_state_of(&state, byte)
    }

    fn next_state_of(&self, state: &State, byte: u8) -> State {
        match (state, byte) {
            (State::Begin, b'"') => State::Quoted,
            (State::Quoted, b'"') => State::Closing,
            (State::Quoted, _) => State::Quoted,
            (State::Closing, b'"') => State::Quoted,
            (_, byte) if byte == self.delimiter => State::Begin,
            _ => State::Plain,
        }
    }

    /// Whether what follows the first line inside quotes is a row of its own: then the quote is a mistake, not a cell of a megabyte.
    fn is_stray(&self, raw: &[u8]) -> bool {
        let Some(end) = raw.iter().position(|byte| *byte == b'\n') else { return false };
        let (mut state, mut count) = (State::Begin, 1);
        for byte in &raw[end + 1..] {
            if *byte == b'\n' && !matches!(state, State::Quoted) {
                return count > 1 && count == self.header.names.len();
            }
            let next = self.next_state_of(&state, *byte);
            count += usize::from(*byte == self.delimiter && matches!(next, State::Begin));
            state = next;
        }
        false
    }

    fn record(&mut self, raw: Raw) -> Read {
        let Raw { line, cells } = raw;
        let unreadable = |reason: String| Unreadable { line, reason };
        let cells = cells.map_err(unreadable)?;
        let names = &self.header.names;
        if cells.len() != names.len() {
            return Err(unreadable(format!("it has {} columns, the header has {}", cells.len(), names.len())));
        }
        let mut values = Vec::with_capacity(cells.len());
        for (name, cell) in names.iter().zip(cells) {
            let text = String::from_utf8(cell).map_err(|_| unreadable(format!("the column {name} is not UTF-8")))?;
            if text.contains('\0') {
                return Err(unreadable(NUL.into()));
            }
            values.push(Value::String(text));
        }
        Ok(Record { line, number: self.number, header: self.header.clone(), values })
    }
}

impl<R: io::Read> Iterator for Csv<R> {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        if self.ended {
            return None;
        }
        match self.raw() {
            Ok(Some(raw)) => {
                self.number += 1;
                Some(self.record(raw))
            }
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(error) => {
                self.ended = true;
                Some(Err(broken(self.line, &error)))
            }
        }
    }
}

/// What parts the cells of the first line: what stands there most often outside quotes. True: a line of its own tells it (`sep=;`).
fn delimiter(sample: &[u8]) -> (u8, bool) {
    let line = |from: &[u8]| from.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(from.len());
    let begin = sample.iter().position(|byte| !matches!(byte, b'\n' | b'\r')).unwrap_or(0);
    let first = &sample[begin..][..line(&sample[begin..])];
    if let Some([told]) = first.strip_prefix(b"sep=") {
        return (*told, true);
    }
    let mut best = (b',', 0);
    for candidate in [b',', b';', b'\t', b'|'] {
        let (mut count, mut quoted) = (0, false);
        for byte in first {
            match byte {
                b'"' => quoted = !quoted,
                byte if *byte == candidate && !quoted => count += 1,
                _ => {}
            }
        }
        if count > best.1 {
            best = (candidate, count);
        }
    }
    (best.0, false)
}
