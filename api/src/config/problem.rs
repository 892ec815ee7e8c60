//! What is wrong with a configuration, said so that it can be put right.

use std::fmt;

/// One thing that is wrong: where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The option, as `section.option`; the file's path for a file that cannot be read.
    pub path: String,
    /// What is wrong and what would be right. Never holds a secret.
    pub message: String,
}

impl Problem {
    /// A problem of the option at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// Everything that is wrong with a configuration, at once: nobody likes to find the second mistake after mending the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has 1 problem:")?,
            count => write!(f, "the configuration has {count} problems:")?,
        }
        self.0.iter().try_for_each(|Problem { path, message }| write!(f, "\n  {path}: {message}"))
    }
}

impl std::error::Error for Problems {}
