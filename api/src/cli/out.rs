//! What is printed on purpose. Everything else is a log line.

use std::io::{self, Write};

/// A line on the standard output, which is for results alone: other programs read it.
///
/// Fails when nobody reads any more, as in `journey schema | head`: `println!` would panic there.
pub fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// A line on the standard error, for people.
#[expect(clippy::print_stderr, reason = "the deliberate printing stands here")]
pub fn error(text: &str) {
    eprintln!("{text}");
}
