//! What the front door lets through. Every limit is on unless the configuration says otherwise.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Limits on bytes, documents, sockets and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a request body. 2 MiB: an upsert of 1,000 rows fits.
    pub body_bytes: usize,
    /// Bytes of a GraphQL document. 64 KiB.
    pub document_bytes: usize,
    /// Lexical tokens of a document. 10,000.
    pub document_tokens: usize,
    /// Predicted cost of an operation: fields of its answer. 10,000.
    pub cost: u64,
    /// Brackets of any kind inside one another, before parsing. 64: the parser recurses.
    pub document_nesting: usize,
    /// Selections after fragments are written out. 5,000.
    pub expanded_nodes: u64,
    /// Selection sets inside one another after fragments are written out. 32; introspection by tools needs 16.
    pub expanded_depth: u64,
    /// Aliases after fragments are written out. 100.
    pub aliases: u64,
    /// Fields at the root after fragments are written out. 30.
    pub root_fields: u64,
    /// Directives after fragments are written out. 100.
    pub directives: u64,
    /// Fragment definitions. 100.
    pub fragments: usize,
    /// Operations in one document. 20.
    pub operations: usize,
    /// Variables of one operation. 100.
    pub variables: usize,
    /// How long a query or a mutation may run, in milliseconds. 30,000.
    pub query_timeout_ms: u64,
    /// How long the head of a request may take to arrive, also on an idle connection, in milliseconds. 15,000.
    pub header_timeout_ms: u64,
    /// How long a body may take to arrive, in milliseconds. 30,000.
    pub body_timeout_ms: u64,
    /// Open connections, sockets included. 2,048; more wait to be accepted.
    pub connections: usize,
    /// How long a stop waits for work in flight, in milliseconds. 10,000.
    pub grace_ms: u64,
    /// Bytes of one socket message. 128 KiB.
    pub socket_message_bytes: usize,
    /// Operations at a time on one socket. 20.
    pub socket_operations: usize,
    /// How long a socket may stay without `connection_init`, in milliseconds. 5,000.
    pub socket_init_ms: u64,
    /// Messages that wait for a slow reader on one socket; then its streams wait. 64.
    pub socket_queue: usize,
    /// How long a stream waits for its reader to take the next result, in milliseconds; then it ends and says where to resume.
    /// 10,000.
    pub slow_reader_ms: u64,
    /// How long a client may take nothing at all before its connection is cut, in milliseconds. 30,000.
    pub stalled_ms: u64,
    /// Pause between signs of life on sockets and event streams, in milliseconds. 20,000. A socket that is silent for
    /// two of them is cut.
    pub keep_alive_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes: 2 * 1024 * 1024,
            document_bytes: 64 * 1024,
            document_tokens: 10_000,
            cost: 10_000,
            document_nesting: 64,
            expanded_nodes: 5_000,
            expanded_depth: 32,
            aliases: 100,
            root_fields: 30,
            directives: 100,
            fragments: 100,
            operations: 20,
            variables: 100,
            query_timeout_ms: 30_000,
            header_timeout_ms: 15_000,
            body_timeout_ms: 30_000,
            connections: 2_048,
            grace_ms: 10_000,
            socket_message_bytes: 128 * 1024,
            socket_operations: 20,
            socket_init_ms: 5_000,
            socket_queue: 64,
            slow_reader_ms: 10_000,
            stalled_ms: 30_000,
            keep_alive_ms: 20_000,
        }
    }
}

/// The longest that any time may be set to: a day.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;
/// The most nested brackets: what the parser's recursion has room for on a thread's usual stack.
const DEEPEST: usize = 200;

impl Limits {
    /// Whether the values can be served with; to be asked once at start. Zero would refuse everything or, for the
    /// times, stop the server's own clocks.
    pub fn check(&self) -> Result<(), String> {
        let values = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in values.as_object().into_iter().flatten() {
            let value = value.as_u64().unwrap_or_default();
            if value == 0 {
                return Err(format!("{name} must be above 0"));
            }
            if name.ends_with("_ms") && value > LONGEST_MS {
                return Err(format!("{name} must be at most {LONGEST_MS}"));
            }
        }
        if self.document_nesting > DEEPEST {
            return Err(format!("document_nesting must be at most {DEEPEST}"));
        }
        Ok(())
    }
}

/// A field that ends in `_ms` as a [`Duration`].
macro_rules! durations {
    ($($name:ident from $field:ident;)*) => {
        impl Limits {$(
            #[doc = concat!("`", stringify!($field), "` as a duration.")]
            pub fn $name(&self) -> Duration {
                Duration::from_millis(self.$field)
            }
        )*}
    };
}

durations! {
    query_timeout from query_timeout_ms;
    header_timeout from header_timeout_ms;
    body_timeout from body_timeout_ms;
    grace from grace_ms;
    socket_init from socket_init_ms;
    slow_reader from slow_reader_ms;
    stalled from stalled_ms;
    keep_alive from keep_alive_ms;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_be_served_with_are_named() {
        let with = |change: fn(&mut Limits)| {
            let mut limits = Limits::default();
            change(&mut limits);
            limits.check()
        };
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(with(|limits| limits.keep_alive_ms = 0), Err("keep_alive_ms must be above 0".to_owned()));
        assert_eq!(with(|limits| limits.grace_ms = u64::MAX), Err("grace_ms must be at most 86400000".to_owned()));
        assert_eq!(
            with(|limits| limits.document_nesting = 201),
            Err("document_nesting must be at most 200".to_owned())
        );
    }
}
