//! The options, as types. Every field is required: what a person leaves out, the default file has.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;

use super::duration;

/// The whole configuration; `config.default.toml` explains each option.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The listener.
    pub server: Server,
    /// The database.
    pub database: Database,
    /// Who may issue tokens.
    pub auth: Auth,
    /// What one client may ask for.
    pub limits: Limits,
    /// Logging.
    pub log: Log,
    /// The live feed.
    pub feed: Feed,
    /// Files on records.
    pub files: Files,
    /// Webhooks.
    pub webhooks: Webhooks,
    /// Imports of whole files.
    pub bulk: Bulk,
}

/// `[server]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address under which clients reach the server; empty: as it listens. Read it with [`Server::base_url`].
    pub public_url: String,
    /// Time to end after the server was asked to stop.
    #[serde(deserialize_with = "duration::deserialize")]
    pub grace_period: Duration,
    /// Origins that may call from a browser.
    pub cors_origins: Vec<String>,
}

impl Server {
    /// The address under which clients reach the server, without a slash at its end.
    pub fn base_url(&self) -> String {
        match self.public_url.trim_end_matches('/') {
            "" => format!("http://{}", self.listen),
            url => url.to_owned(),
        }
    }
}

/// `[database]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The address, which may hold a password; empty: not given.
    pub url: SecretString,
    /// Connections kept, at most; 0: four for each processor, 32 at most.
    pub max_connections: u32,
    /// How long what rarely changes is believed without asking again; zero: never.
    #[serde(deserialize_with = "duration::deserialize")]
    pub recent: Duration,
    /// Time to wait for a free connection.
    #[serde(deserialize_with = "duration::deserialize")]
    pub acquire_timeout: Duration,
}

/// `[auth]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// How far clocks may be apart.
    #[serde(deserialize_with = "duration::deserialize")]
    pub leeway: Duration,
    /// How often keys behind an address are read again.
    #[serde(deserialize_with = "duration::deserialize")]
    pub jwks_refresh: Duration,
    /// The issuers.
    pub issuers: Vec<Issuer>,
}

/// One of `[[auth.issuers]]`. Nothing is required here, so that the check can say everything that is missing at once.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Issuer {
    /// The token's `iss`.
    pub issuer: String,
    /// Must be in the token's `aud`.
    pub audience: String,
    /// The only algorithm that this issuer's tokens may have.
    pub algorithm: Option<Algorithm>,
    /// Key source, development only: a shared secret.
    pub secret: Option<SecretString>,
    /// Key source: a public key in PEM.
    pub public_key_file: Option<PathBuf>,
    /// Key source: an address that publishes keys.
    pub jwks_url: Option<String>,
    /// The tenant of all of this issuer's tokens.
    pub tenant: Option<String>,
    /// Where tenant, roles and grants are in the token.
    pub claims: ClaimNames,
    /// Foreign role names and what they mean here; empty: the issuer speaks our names.
    pub roles_map: BTreeMap<String, String>,
}

/// Where in a token the tenant, the roles and the grants are: a name, a path with dots, or a JSON pointer.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimNames {
    /// The tenant's slug.
    pub tenant: String,
    /// The role names: a list, or text with spaces between them.
    pub roles: String,
    /// What the token narrows: an object with `entities` and `sources`.
    pub grants: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self { tenant: "tenant".to_owned(), roles: "roles".to_owned(), grants: "grants".to_owned() }
    }
}

/// The signature algorithms that an issuer can be pinned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// A shared secret: development.
    HS256,
    /// RSA, PKCS #1 1.5, SHA-256.
    RS256,
    /// ECDSA on P-256, SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

/// `[limits]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a request's body.
    pub max_body_bytes: usize,
    /// Bytes of a document.
    pub max_document_bytes: usize,
    /// Tokens of a document.
    pub max_tokens: usize,
    /// Nesting of fields.
    pub max_depth: usize,
    /// Predicted cost of an operation.
    pub max_complexity: usize,
    /// Fields of an operation once its fragments are spread.
    pub max_nodes: usize,
    /// Aliases of an operation.
    pub max_aliases: usize,
    /// Root fields of an operation.
    pub max_root_fields: usize,
    /// Directives of a document.
    pub max_directives: usize,
    /// Fragments of a document.
    pub max_fragments: usize,
    /// Variables of an operation.
    pub max_variables: usize,
    /// Time of an operation.
    #[serde(deserialize_with = "duration::deserialize")]
    pub request_timeout: Duration,
    /// Connections at once.
    pub max_connections: usize,
    /// Time in which a socket has to say who it is.
    #[serde(deserialize_with = "duration::deserialize")]
    pub socket_init_timeout: Duration,
    /// Operations at once on a socket.
    pub socket_operations: usize,
    /// Bytes of a socket's frame.
    pub max_frame_bytes: usize,
    /// Time that a stream waits for its reader.
    #[serde(deserialize_with = "duration::deserialize")]
    pub slow_reader_timeout: Duration,
}

/// `[log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// For whom.
    pub format: LogFormat,
    /// What is logged.
    pub filter: String,
    /// Where traces go; empty: nowhere.
    pub traces: String,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// `[feed]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// How often live readers look.
    #[serde(deserialize_with = "duration::deserialize")]
    pub poll_interval: Duration,
    /// How long changes are kept for those who follow them; zero: for ever.
    #[serde(deserialize_with = "duration::deserialize")]
    pub retention: Duration,
}

/// `[files]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The folder, where no bucket is named.
    pub dir: PathBuf,
    /// The bucket of an S3-compatible store; empty: the folder.
    pub bucket: String,
    /// The store's address; empty: Amazon's own.
    pub endpoint: String,
    /// The store's region.
    pub region: String,
    /// The id of the store's key.
    pub access_key_id: String,
    /// The store's key.
    pub secret_access_key: SecretString,
    /// Bytes of a file.
    pub max_bytes: usize,
    /// The media types that are taken.
    pub types: Vec<String>,
    /// How long a signed address holds.
    #[serde(deserialize_with = "duration::deserialize")]
    pub link_ttl: Duration,
}

/// `[webhooks]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Whether this process sends.
    pub enabled: bool,
    /// Whether loopback and private networks may be called, and without TLS.
    pub allow_private_networks: bool,
    /// Time of an attempt.
    #[serde(deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
    /// Bytes of an answer that are read.
    pub max_response_bytes: usize,
    /// Attempts at once.
    pub concurrency: usize,
    /// How long a message that is being sent is no other process's.
    #[serde(deserialize_with = "duration::deserialize")]
    pub lease: Duration,
    /// What lies between the attempts.
    #[serde(deserialize_with = "duration::deserialize_many")]
    pub retry_schedule: Vec<Duration>,
    /// By how much a delay may be longer.
    pub jitter_percent: u32,
    /// How long an endpoint may fail.
    #[serde(deserialize_with = "duration::deserialize")]
    pub disable_after: Duration,
    /// How long settled messages are kept; zero: for ever.
    #[serde(deserialize_with = "duration::deserialize")]
    pub log_retention: Duration,
}

/// `[bulk]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// Bytes of a file, unpacked.
    pub max_bytes: usize,
    /// Bytes of a line.
    pub max_line_bytes: usize,
    /// Rows of a batch.
    pub batch_rows: usize,
    /// Bytes of a batch.
    pub batch_bytes: usize,
    /// How many imports a process works at.
    pub runners: usize,
    /// How long nobody else takes up an import that somebody works at.
    #[serde(deserialize_with = "duration::deserialize")]
    pub lease: Duration,
    /// How long what became of the rows is kept; zero: for ever.
    #[serde(deserialize_with = "duration::deserialize")]
    pub retention: Duration,
}
