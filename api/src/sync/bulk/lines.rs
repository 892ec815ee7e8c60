//! The lines of a stored file, from any offset on, in bounded memory: whatever stands in a file, no more of it is held than the
//! longest line that is taken and one piece.

use uuid::Uuid;

use crate::{
    graph::{Error, Result},
    store::Files,
};

/// How much is read at a time.
const PIECE: u64 = 1024 * 1024;

/// The bytes of a file are not there.
#[derive(Debug, thiserror::Error)]
#[error("the bytes of the file are gone")]
pub struct Gone;

/// Which file, and how it is cut into lines.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Where files are.
    pub files: &'a Files,
    /// The tenant.
    pub tenant: i64,
    /// The file.
    pub file: Uuid,
    /// How many bytes it has.
    pub size: u64,
    /// The longest line that is taken, in bytes.
    pub most: usize,
    /// Of a CSV its delimiter: there a line ends only outside of quotes. None: a line is a line.
    pub delimiter: Option<u8>,
}

/// A line: the number of its first physical line, and its bytes, or why there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1 on.
    pub number: i64,
    /// Without the end of the line.
    pub text: Result<Vec<u8>, String>,
}

/// See the module.
pub struct Lines<'a> {
    place: Place<'a>,
    buffer: Vec<u8>,
    /// Where in the buffer the next line begins.
    head: usize,
    /// The offset in the file at which the buffer ends.
    end: u64,
    number: i64,
}

/// Where in a CSV's line a byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// At the beginning of a field, where a quote opens.
    Start,
    /// In a field without quotes, or behind the quotes: a quote means itself.
    Plain,
    /// In quotes.
    Quotes,
    /// Behind a quote that closes, unless another one follows.
    Closed,
}

impl Within {
    fn next(self, byte: u8, delimiter: u8) -> Within {
        match (self, byte) {
            (Within::Start | Within::Closed, b'"') => Within::Quotes,
            (Within::Quotes, b'"') => Within::Closed,
            (Within::Quotes, _) => Within::Quotes,
            (_, byte) if byte == delimiter => Within::Start,
            _ => Within::Plain,
        }
    }
}

impl<'a> Lines<'a> {
    /// The lines from an offset on, at which line `number` begins.
    pub fn from(place: Place<'a>, offset: u64, number: i64) -> Lines<'a> {
        Lines { place, buffer: Vec::new(), head: 0, end: offset, number }
    }

    /// Where the next line begins: its offset and its number.
    pub fn position(&self) -> (u64, i64) {
        (self.end - (self.buffer.len() - self.head) as u64, self.number)
    }

    /// The next line; none at the end.
    pub async fn next(&mut self) -> Result<Option<Line>> {
        let (mut seen, mut within, mut first_end, mut inner) = (0, Within::Start, None, 0);
        loop {
            while let Some(byte) = self.buffer.get(self.head + seen).copied() {
                if byte == b'\n' {
                    if within != Within::Quotes {
                        return Ok(Some(self.line(seen, 1, 1 + inner)));
                    }
                    first_end.get_or_insert(seen);
                    inner += 1;
                }
                if let Some(delimiter) = self.place.delimiter {
                    within = within.next(byte, delimiter);
                }
                seen += 1;
                if seen > self.place.most {
                    return match first_end {
                        // A quote that nobody closed must not swallow the lines after its own.
                        Some(end) => Ok(Some(self.unclosed(end))),
                        None => self.skip(seen).await.map(Some),
                    };
                }
            }
            if !self.more().await? {
                return Ok(match (seen, within, first_end) {
                    (0, ..) => None,
                    (_, Within::Quotes, Some(end)) => Some(self.unclosed(end)),
                    (_, Within::Quotes, None) => Some(self.unclosed(seen)),
                    _ => Some(self.line(seen, 0, 1 + inner)),
                });
            }
        }
    }

    fn line(&mut self, length: usize, ending: usize, physical: i64) -> Line {
        let mut text = self.buffer[self.head..self.head + length].to_vec();
        if text.last() == Some(&b'\r') {
            text.pop();
        }
        let number = self.number;
        self.pass(length + ending, physical);
        Line { number, text: Ok(text) }
    }

    /// The physical line that ends at `end` opens a quote.
    fn unclosed(&mut self, end: usize) -> Line {
        let number = self.number;
        self.pass(end + 1, 1);
        Line { number, text: Err("a quote is opened and not closed".to_owned()) }
    }

    /// Leaves a line that is too long, to its end, without holding it.
    async fn skip(&mut self, seen: usize) -> Result<Line> {
        let number = self.number;
        let said = format!("the line is longer than {} bytes", self.place.most);
        self.head += seen;
        loop {
            match self.buffer[self.head..].iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.pass(end + 1, 1);
                    break;
                }
                None => {
                    self.head = self.buffer.len();
                    if !self.more().await? {
                        self.number += 1;
                        break;
                    }
                }
            }
        }
        Ok(Line { number, text: Err(said) })
    }

    fn pass(&mut self, bytes: usize, physical: i64) {
        self.head = (self.head + bytes).min(self.buffer.len());
        self.number += physical;
    }

    /// Reads on; false at the end of the file.
    async fn more(&mut self) -> Result<bool> {
        let Place { files, tenant, file, size, .. } = self.place;
        if self.end >= size {
            return Ok(false);
        }
        self.buffer.drain(..self.head);
        self.head = 0;
        let to = size.min(self.end + PIECE);
        let piece = files.piece(tenant, file, self.end, to).await.map_err(Error::internal)?;
        let piece = piece.filter(|piece| !piece.is_empty()).ok_or_else(|| Error::internal(Gone))?;
        self.end += piece.len() as u64;
        self.buffer.extend_from_slice(&piece);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Duration};

    use super::*;
    use crate::store::FileOptions;

    async fn cut(text: &[u8], most: usize, delimiter: Option<u8>) -> Vec<(i64, Result<String, String>, u64)> {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(FileOptions {
            dir: PathBuf::from(folder.path()),
            bucket: String::new(),
            endpoint: String::new(),
            region: String::new(),
            access_key_id: String::new(),
            secret_access_key: String::new().into(),
            max_bytes: 1,
            types: Vec::new(),
            link_ttl: Duration::ZERO,
            base_url: String::new(),
        })
        .unwrap();
        let file = Uuid::from_u128(1);
        let bytes = futures::stream::iter([Ok::<_, std::io::Error>(text.to_vec().into())]);
        files.receive(1, file, u64::MAX, bytes).await.unwrap();
        let place = Place { files: &files, tenant: 1, file, size: text.len() as u64, most, delimiter };
        let mut lines = Lines::from(place, 0, 1);
        let mut found = Vec::new();
        while let Some(Line { number, text }) = lines.next().await.unwrap() {
            found.push((number, text.map(|text| String::from_utf8(text).unwrap()), lines.position().0));
        }
        found
    }

    fn good(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    #[tokio::test]
    async fn lines_end_with_or_without_a_return() {
        assert_eq!(cut(b"a\r\n\nb", 9, None).await, [(1, good("a"), 3), (2, good(""), 4), (3, good("b"), 5)]);
        assert_eq!(cut(b"", 9, None).await, []);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_costs_itself_alone() {
        let long = vec![b'x'; 3 * 1024 * 1024];
        let text = [&long[..], b"\nb\n", &long[..]].concat();
        let refused = Err("the line is longer than 5 bytes".to_owned());
        let end = long.len() as u64;
        let expected = [(1, refused.clone(), end + 1), (2, good("b"), end + 3), (3, refused, 2 * end + 3)];
        assert_eq!(cut(&text, 5, None).await, expected);
    }

    #[tokio::test]
    async fn a_line_of_a_csv_ends_outside_of_its_quotes() {
        let text = b"a,\"b\n\"\"c\"\"\",d\n5\" pipe,x\ne";
        let expected = [(1, good("a,\"b\n\"\"c\"\"\",d"), 14), (3, good("5\" pipe,x"), 24), (4, good("e"), 25)];
        assert_eq!(cut(text, 99, Some(b',')).await, expected);
    }

    #[tokio::test]
    async fn a_quote_that_nobody_closes_costs_its_own_line_alone() {
        let refused = Err("a quote is opened and not closed".to_owned());
        let expected = [(1, good("a"), 2), (2, refused.clone(), 7), (3, good("c"), 9), (4, good("d"), 11)];
        // Found by the end of the file, and by the longest line.
        assert_eq!(cut(b"a\nb,\"x\nc\nd\n", 99, Some(b',')).await, expected);
        assert_eq!(cut(b"a\nb,\"x\nc\nd\n", 6, Some(b',')).await, expected);
        assert_eq!(cut(b"\"x", 99, Some(b',')).await, [(1, refused, 2)]);
    }
}
