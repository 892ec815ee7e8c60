//! What types cannot say: ranges, addresses, and what a server needs.

use std::{fmt::Display, ops::RangeInclusive, time::Duration};

use reqwest::Url;
use secrecy::ExposeSecret;

use super::{Auth, Bulk, Config, Database, Feed, Files, Limits, Log, Problem, Purpose, Server, Webhooks};
use crate::auth::Issuers;

/// Adds what is wrong to `problems`. Structs are taken apart without `..`: a new option does not compile before it was thought about.
pub(super) fn check(config: &Config, purpose: Purpose, problems: &mut Vec<Problem>) {
    let Config { server, database, auth, limits, log, feed, files, webhooks, bulk } = config;
    check_files(files, problems);
    check_webhooks(webhooks, problems);
    check_bulk(bulk, problems);
    check_server(server, problems);
    check_database(database, purpose, problems);
    check_auth(auth, purpose, problems);
    check_limits(limits, problems);

    let Log { format: _, filter, traces } = log;
    if !traces.is_empty() && !Url::parse(traces).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        let message = format!("{traces:?} is no address; right would be \"http://localhost:4318/v1/traces\", or empty");
        problems.push(Problem::new("log.traces", message));
    }
    if let Err(error) = tracing_subscriber::EnvFilter::builder().parse(filter) {
        problems.push(Problem::new(
            "log.filter",
            format!("{error}; right would be a level such as \"info\", or \"info,api=debug\""),
        ));
    }
    let Feed { poll_interval, retention } = feed;
    time("feed.poll_interval", *poll_interval, Duration::from_millis(10)..=MINUTE, problems);
    if !retention.is_zero() {
        time("feed.retention", *retention, 24 * HOUR..=3_650 * 24 * HOUR, problems);
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

fn check_files(files: &Files, problems: &mut Vec<Problem>) {
    let Files { dir, bucket, endpoint, region: _, access_key_id, secret_access_key, max_bytes, types, link_ttl } =
        files;
    if bucket.is_empty() && dir.as_os_str().is_empty() {
        problems.push(Problem::new("files.dir", "is empty; right would be a folder, or a bucket in files.bucket"));
    }
    if !bucket.is_empty() && (access_key_id.is_empty() || secret_access_key.expose_secret().is_empty()) {
        let message =
            "a bucket needs files.access_key_id and files.secret_access_key, best in JOURNEY_FILES_SECRET_ACCESS_KEY";
        problems.push(Problem::new("files.bucket", message));
    }
    if !endpoint.is_empty() && !Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        let message = format!("{endpoint:?} is no address; right would be \"https://s3.example.com\", or empty");
        problems.push(Problem::new("files.endpoint", message));
    }
    for (index, kind) in types.iter().enumerate() {
        if kind.split('/').filter(|part| !part.is_empty()).count() != 2 {
            let message = format!("{kind:?} is no media type; right would be \"application/pdf\"");
            problems.push(Problem::new(format!("files.types[{index}]"), message));
        }
    }
    number("files.max_bytes", *max_bytes, 1..=1_073_741_824, problems);
    time("files.link_ttl", *link_ttl, SECOND..=HOUR, problems);
}

fn check_webhooks(webhooks: &Webhooks, problems: &mut Vec<Problem>) {
    let Webhooks {
        enabled: _,
        allow_private_networks: _,
        timeout,
        max_response_bytes,
        concurrency,
        lease,
        retry_schedule,
        jitter_percent,
        disable_after,
        log_retention,
    } = webhooks;
    time("webhooks.timeout", *timeout, SECOND..=MINUTE, problems);
    number("webhooks.max_response_bytes", *max_response_bytes, 1..=1_048_576, problems);
    number("webhooks.concurrency", *concurrency, 1..=1_000, problems);
    // Whoever still waits for an answer must still hold the message.
    time("webhooks.lease", *lease, 2 * *timeout..=HOUR, problems);
    number("webhooks.retry_schedule", retry_schedule.len(), 1..=30, problems);
    for (index, delay) in retry_schedule.iter().enumerate() {
        time(&format!("webhooks.retry_schedule[{index}]"), *delay, SECOND..=7 * 24 * HOUR, problems);
    }
    number("webhooks.jitter_percent", *jitter_percent, 0..=100, problems);
    time("webhooks.disable_after", *disable_after, HOUR..=30 * 24 * HOUR, problems);
    if !log_retention.is_zero() {
        time("webhooks.log_retention", *log_retention, HOUR..=3_650 * 24 * HOUR, problems);
    }
}

fn check_bulk(bulk: &Bulk, problems: &mut Vec<Problem>) {
    let Bulk { max_bytes, max_line_bytes, batch_rows, batch_bytes, runners, lease, retention } = bulk;
    const KB: usize = 1_024;
    number("bulk.max_bytes", *max_bytes, KB..=64 * KB * KB * KB, problems);
    number("bulk.max_line_bytes", *max_line_bytes, KB..=64 * KB * KB, problems);
    number("bulk.batch_rows", *batch_rows, 1..=1_000, problems);
    number("bulk.batch_bytes", *batch_bytes, KB..=64 * KB * KB, problems);
    number("bulk.runners", *runners, 0..=32, problems);
    time("bulk.lease", *lease, SECOND..=HOUR, problems);
    if !retention.is_zero() {
        time("bulk.retention", *retention, HOUR..=3_650 * 24 * HOUR, problems);
    }
}

fn check_server(server: &Server, problems: &mut Vec<Problem>) {
    let Server { listen: _, public_url, grace_period, cors_origins } = server;
    if !public_url.is_empty()
        && !Url::parse(public_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none())
    {
        let message = format!("{public_url:?} is no address; right would be \"https://journey.example.com\", or empty");
        problems.push(Problem::new("server.public_url", message));
    }
    time("server.grace_period", *grace_period, Duration::ZERO..=HOUR, problems);
    for (index, origin) in cors_origins.iter().enumerate() {
        // Browsers send origins in one spelling, and they are compared as text: `https://a/` would never match.
        if !Url::parse(origin).is_ok_and(|url| url.origin().is_tuple() && url.origin().ascii_serialization() == *origin)
        {
            let message = format!(
                "{origin:?} is no origin; right would be scheme and host alone, such as \"https://crm.example.com\""
            );
            problems.push(Problem::new(format!("server.cors_origins[{index}]"), message));
        }
    }
}

/// Whether a text is an address of a database that this house can use. Says nothing of the text itself, which may hold a password.
pub(crate) fn database_url(url: &str) -> Result<(), &'static str> {
    const RIGHT: &str =
        "right would be \"postgres://user:password@host/database\" or \"sqlite:///path/to/journey.sqlite\"";
    let rest = ["postgres://", "postgresql://", "sqlite://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    if rest.is_none_or(str::is_empty) { Err(RIGHT) } else { Ok(()) }
}

fn check_database(database: &Database, purpose: Purpose, problems: &mut Vec<Problem>) {
    let Database { url, max_connections, recent, acquire_timeout } = database;
    let url = url.expose_secret();
    match database_url(url) {
        Err(right) if !url.is_empty() => {
            problems.push(Problem::new("database.url", format!("is no address of a database; {right}")))
        }
        Err(right) if purpose == Purpose::Serve => {
            problems.push(Problem::new(
                "database.url",
                format!("is not given; {right}, here, as --database-url, or in JOURNEY_DATABASE_URL"),
            ));
        }
        _ => {}
    }
    // A pool of one waits for ever when a query runs beside an open transaction.
    if *max_connections != 0 {
        number("database.max_connections", *max_connections, 2..=1_000, problems);
    }
    time("database.recent", *recent, Duration::ZERO..=MINUTE, problems);
    time("database.acquire_timeout", *acquire_timeout, Duration::from_millis(100)..=5 * MINUTE, problems);
}

fn check_auth(auth: &Auth, purpose: Purpose, problems: &mut Vec<Problem>) {
    let Auth { leeway, jwks_refresh, issuers } = auth;
    time("auth.leeway", *leeway, Duration::ZERO..=5 * MINUTE, problems);
    time("auth.jwks_refresh", *jwks_refresh, MINUTE..=24 * HOUR, problems);
    if purpose == Purpose::Serve {
        if issuers.is_empty() {
            let message = "nobody could sign in; right would be one or more [[auth.issuers]], as the default configuration explains";
            problems.push(Problem::new("auth.issuers", message));
        }
        if let Err(found) = Issuers::new(auth) {
            problems.extend(found.0);
        }
    }
}

fn check_limits(limits: &Limits, problems: &mut Vec<Problem>) {
    let Limits {
        max_body_bytes,
        max_document_bytes,
        max_tokens,
        max_depth,
        max_complexity,
        max_nodes,
        max_aliases,
        max_root_fields,
        max_directives,
        max_fragments,
        max_variables,
        request_timeout,
        max_connections,
        socket_init_timeout,
        socket_operations,
        max_frame_bytes,
        slow_reader_timeout,
    } = limits;
    const KB: usize = 1_024;
    number("limits.max_body_bytes", *max_body_bytes, KB..=256 * KB * KB, problems);
    number("limits.max_document_bytes", *max_document_bytes, KB..=16 * KB * KB, problems);
    number("limits.max_tokens", *max_tokens, 500..=1_000_000, problems);
    // Introspection, without which no client tool works, needs 16 and 400.
    number("limits.max_depth", *max_depth, 16..=100, problems);
    number("limits.max_complexity", *max_complexity, 400..=10_000_000, problems);
    number("limits.max_nodes", *max_nodes, 400..=1_000_000, problems);
    number("limits.max_aliases", *max_aliases, 0..=10_000, problems);
    number("limits.max_root_fields", *max_root_fields, 1..=1_000, problems);
    number("limits.max_directives", *max_directives, 0..=10_000, problems);
    number("limits.max_fragments", *max_fragments, 10..=10_000, problems);
    number("limits.max_variables", *max_variables, 1..=10_000, problems);
    time("limits.request_timeout", *request_timeout, Duration::from_millis(100)..=10 * MINUTE, problems);
    number("limits.max_connections", *max_connections, 1..=1_000_000, problems);
    time("limits.socket_init_timeout", *socket_init_timeout, SECOND..=5 * MINUTE, problems);
    number("limits.socket_operations", *socket_operations, 1..=10_000, problems);
    number("limits.max_frame_bytes", *max_frame_bytes, KB..=64 * KB * KB, problems);
    time("limits.slow_reader_timeout", *slow_reader_timeout, Duration::from_millis(10)..=HOUR, problems);
    if max_document_bytes > max_body_bytes {
        let message = format!(
            "a document of {max_document_bytes} bytes cannot come in a body of {max_body_bytes}; right would be max_body_bytes or less"
        );
        problems.push(Problem::new("limits.max_document_bytes", message));
    }
}

fn number<N: PartialOrd + Display>(path: &str, value: N, range: RangeInclusive<N>, problems: &mut Vec<Problem>) {
    if !range.contains(&value) {
        problems.push(Problem::new(
            path,
            format!("{value} is out of range; right would be {} to {}", range.start(), range.end()),
        ));
    }
}

fn time(path: &str, value: Duration, range: RangeInclusive<Duration>, problems: &mut Vec<Problem>) {
    if !range.contains(&value) {
        problems.push(Problem::new(
            path,
            format!("{value:?} is out of range; right would be {:?} to {:?}", range.start(), range.end()),
        ));
    }
}
