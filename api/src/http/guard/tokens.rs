//! Counts tokens and nested brackets of a document without recursion.
//!
//! The parser descends one call for each bracket, of selections, lists, objects and types alike, and has a limit of its
//! own only for the first, looked at when the text has already been walked. Strings and comments are skipped the way
//! the grammar does it; where the text is not GraphQL at all, the parser stops at the same place.

/// What a scan found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Names, numbers, strings and punctuators.
    pub tokens: usize,
    /// The most brackets open at a time.
    pub nesting: usize,
}

/// Scans a document.
pub fn scan(text: &str) -> Scan {
    let bytes = text.as_bytes();
    let (mut scan, mut open, mut at) = (Scan::default(), 0usize, 0);
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at = skip_while(bytes, at, |byte| byte != b'\n' && byte != b'\r');
                continue;
            }
            b'"' => skip_string(bytes, at),
            b'{' | b'[' | b'(' => {
                open += 1;
                scan.nesting = scan.nesting.max(open);
                at + 1
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                at + 1
            }
            byte if is_word(byte) => skip_while(bytes, at, is_word),
            _ => at + 1,
        };
        scan.tokens += 1;
    }
    scan
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn skip_while(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    bytes.iter().skip(from).position(|&byte| !wanted(byte)).map_or(bytes.len(), |length| from + length)
}

/// The place after a string that starts at `from`. A line string ends at its line at the latest.
fn skip_string(bytes: &[u8], from: usize) -> usize {
    let starts = |at: usize, with: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(with));
    let block = starts(from, b"\"\"\"");
    let mut at = from + if block { 3 } else { 1 };
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if block && starts(at, b"\\\"\"\"") => at += 4,
            b'\\' if !block => at += 2,
            b'"' if !block => return at + 1,
            b'"' if starts(at, b"\"\"\"") => return at + 3,
            b'\n' | b'\r' if !block => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}
