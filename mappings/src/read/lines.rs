//! Lines of any length: those over the limit are skipped to their end without being held.

use std::io::{self, BufRead};

/// A line, or that it is too long.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Its bytes without the end.
    Whole(Vec<u8>),
    /// It was longer than the limit.
    TooLong,
}

/// Reads one line; none at the end.
///
/// # Errors
/// When the device fails.
pub fn line(input: &mut impl BufRead, limit: usize) -> io::Result<Option<Line>> {
    let (mut held, mut over, mut any) = (Vec::new(), false, false);
    loop {
        let (used, ended) = {
            let chunk = match input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if !over {
                over = held.len() + part.len() > limit;
                match over {
                    true => held = Vec::new(),
                    false => held.extend_from_slice(part),
                }
            }
            (part.len() + usize::from(end.is_some()), end.is_some())
        };
        input.consume(used);
        if ended {
            break;
        }
    }
    if !any {
        return Ok(None);
    }
    if over {
        return Ok(Some(Line::TooLong));
    }
    if held.last() == Some(&b'\r') {
        held.pop();
    }
    Ok(Some(Line::Whole(held)))
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn a_long_line_is_skipped_and_the_next_is_read() {
        let text = format!("ab\r\n{}\n\nlast", "x".repeat(100));
        let mut input = BufReader::with_capacity(7, text.as_bytes());
        let mut lines = Vec::new();
        while let Some(line) = line(&mut input, 10).unwrap() {
            lines.push(line);
        }
        let whole = |text: &str| Line::Whole(text.into());
        assert_eq!(lines, [whole("ab"), Line::TooLong, whole(""), whole("last")]);
    }
}
