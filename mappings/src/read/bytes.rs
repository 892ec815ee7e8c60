//! The encoding of a file: UTF-8 and UTF-16 with or without a mark, Windows-1252. What comes out is UTF-8, or bytes that the
//! reader refuses row by row.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How much is looked at to guess.
const SAMPLE: usize = 1 << 16;

/// A file's text as UTF-8.
pub struct Decoded<R> {
    inner: R,
    /// Bytes read ahead, and how far they are used.
    ahead: Vec<u8>,
    used: usize,
    decoder: Option<Decoder>,
    /// Text decoded, and how far it is given.
    out: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    /// Looks at the beginning; `name` overrules (`windows-1252`).
    ///
    /// # Errors
    /// When the device fails.
    pub fn new(mut inner: R, name: Option<&'static Encoding>) -> io::Result<Decoded<R>> {
        let mut ahead = vec![0; SAMPLE];
        let mut filled = 0;
        while filled < ahead.len() {
            match inner.read(&mut ahead[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        ahead.truncate(filled);
        let (encoding, mark) = match Encoding::for_bom(&ahead) {
            Some((encoding, mark)) => (encoding, mark),
            None => (name.unwrap_or_else(|| guess(&ahead, filled == SAMPLE)), 0),
        };
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
        Ok(Decoded { inner, ahead, used: mark, decoder, out: Vec::new(), given: 0, ended: false })
    }

    /// The beginning as it was read, for those who look at its form.
    pub(crate) fn sample(&mut self) -> io::Result<&[u8]> {
        if self.decoder.is_none() {
            return Ok(&self.ahead[self.used..]);
        }
        while self.out.is_empty() && !self.ended {
            self.fill()?;
        }
        Ok(&self.out[self.given..])
    }

    /// The next bytes of the file, undecoded.
    fn chunk(&mut self) -> io::Result<Vec<u8>> {
        if self.used < self.ahead.len() {
            let chunk = self.ahead[self.used..].to_vec();
            self.used = self.ahead.len();
            return Ok(chunk);
        }
        let mut chunk = vec![0; SAMPLE];
        loop {
            match self.inner.read(&mut chunk) {
                Ok(read) => {
                    chunk.truncate(read);
                    return Ok(chunk);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let chunk = self.chunk()?;
        let last = chunk.is_empty();
        self.out.clear();
        self.given = 0;
        if let Some(decoder) = &mut self.decoder {
            let mut rest = &chunk[..];
            loop {
                let room = decoder.max_utf8_buffer_length(rest.len()).unwrap_or(rest.len() * 3 + 16);
                let begin = self.out.len();
                self.out.resize(begin + room, 0);
                let (result, read, written, _) = decoder.decode_to_utf8(rest, &mut self.out[begin..], last);
                self.out.truncate(begin + written);
                rest = &rest[read..];
                if matches!(result, CoderResult::InputEmpty) {
                    break;
                }
            }
        } else {
            self.out = chunk;
        }
        self.ended = last;
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.out.len() {
            if self.ended {
                return Ok(0);
            }
            self.fill()?;
        }
        let count = buffer.len().min(self.out.len() - self.given);
        buffer[..count].copy_from_slice(&self.out[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// Without a mark: many zeros at every second byte are UTF-16. Bytes that are not UTF-8 are Windows-1252, unless the rest shows
/// that the file is UTF-8 with a fault.
fn guess(sample: &[u8], cut: bool) -> &'static Encoding {
    let pairs = sample.len() / 2;
    if pairs >= 2 {
        let zeros = |begin: usize| sample.iter().skip(begin).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd) = (zeros(0), zeros(1));
        if odd * 10 >= pairs * 7 && even * 10 <= pairs {
            return UTF_16LE;
        }
        if even * 10 >= pairs * 7 && odd * 10 <= pairs {
            return UTF_16BE;
        }
    }
    let (mut rest, mut good, mut bad) = (sample, 0, 0);
    while !rest.is_empty() {
        match std::str::from_utf8(rest) {
            Ok(text) => {
                good += text.chars().filter(|sign| !sign.is_ascii()).count();
                break;
            }
            Err(error) => {
                let (text, after) = rest.split_at(error.valid_up_to());
                good += String::from_utf8_lossy(text).chars().filter(|sign| !sign.is_ascii()).count();
                let Some(length) = error.error_len() else {
                    // The sample ends inside a letter, or the file does.
                    bad += usize::from(!cut);
                    break;
                };
                bad += 1;
                rest = &after[length..];
            }
        }
    }
    if bad > good { WINDOWS_1252 } else { UTF_8 }
}
