use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;

fn load(file: &str, environment: &[(&str, &str)], purpose: Purpose) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journey.toml");
    std::fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { file: Some(path), environment, flags: Vec::new() }, purpose)
        .map_err(|problems| problems.to_string())
}

/// A server's least configuration.
const SERVER: &str = r#"
database.url = "sqlite:///tmp/journey.sqlite"
[[auth.issuers]]
issuer = "journey"
audience = "journey"
algorithm = "HS256"
secret = "0123456789abcdef0123456789abcdef"
"#;

/// Every field is required and no other is known: that the default file can be read shows that it has every option, and no more.
#[test]
fn the_default_file_has_every_option_and_no_other() {
    let config = Config::defaults().unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.base_url(), "http://127.0.0.1:8080");
    assert_eq!(config.limits.request_timeout, Duration::from_secs(15));
    let table = parse(DEFAULTS).unwrap();
    for (section, options) in &table {
        for option in options.as_table().unwrap().keys() {
            let mut less = table.clone();
            less[section].as_table_mut().unwrap().remove(option);
            let error = Config::deserialize(Value::Table(less)).unwrap_err().to_string();
            assert!(error.contains("missing field"), "{section}.{option} has a second default: {error}");
        }
    }
}

#[test]
fn every_option_of_the_default_file_is_explained() {
    let mut explained = false;
    for line in DEFAULTS.lines() {
        let option = line.split_once('=').filter(|_| !line.starts_with('#'));
        // Options that belong together may share an explanation above the first.
        assert!(option.is_none() || explained, "no comment above {line}");
        explained = line.starts_with('#') || (option.is_some() && explained);
    }
}

#[test]
fn the_examples_of_the_default_file_are_right() {
    let examples: Vec<&str> = DEFAULTS.lines().filter_map(|line| line.strip_prefix("#     ")).collect();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("batch.pem");
    // The key of RFC 8410, section 10.1.
    std::fs::write(&key, "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n").unwrap();
    let text = examples.join("\n").replace("/etc/journey/batch.pem", key.to_str().unwrap());
    let config = load(&format!("database.url = \"postgres://db/journey\"\n{text}"), &[], Purpose::Serve).unwrap();
    assert_eq!(config.auth.issuers.len(), 3);
    assert_eq!(config.auth.issuers[0].claims.tenant, "tenant");
    assert_eq!(config.auth.issuers[0].claims.roles, "realm_access.roles");
}

#[test]
fn later_layers_win() {
    let file = format!("{SERVER}\n[server]\nlisten = \"127.0.0.1:1\"\ngrace_period = \"1s\"\n[limits]\nmax_depth = 30");
    let environment = [
        ("JOURNEY_SERVER__LISTEN", "127.0.0.1:2"),
        ("JOURNEY_LIMITS__MAX_BODY_BYTES", "2_000_000"),
        ("JOURNEY_LOG__FORMAT", "json"),
    ];
    let config = load(&file, &environment, Purpose::Serve).unwrap();
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.grace_period, Duration::from_secs(1));
    assert_eq!((config.limits.max_depth, config.limits.max_body_bytes), (30, 2_000_000));
    assert_eq!(config.log.format, LogFormat::Json);

    let flags = vec![("server.listen", "127.0.0.1:3".to_owned()), ("database.url", "sqlite://x".to_owned())];
    let environment = vec![("JOURNEY_SERVER__LISTEN".to_owned(), "127.0.0.1:2".to_owned())];
    let config = Config::load(&Sources { file: None, environment, flags }, Purpose::Tool).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.database.url.expose_secret(), "sqlite://x");
}

#[test]
fn lists_can_be_given_in_the_environment() {
    let issuers = r#"[{ issuer = "a", audience = "b", algorithm = "HS256", secret = "0123456789abcdef0123456789abcdef", claims = { roles = "x.y" } }]"#;
    let environment =
        [("JOURNEY_SERVER__CORS_ORIGINS", "https://a.example, https://b.example"), ("JOURNEY_AUTH__ISSUERS", issuers)];
    let config = load("database.url = \"sqlite://x\"", &environment, Purpose::Serve).unwrap();
    assert_eq!(config.server.cors_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(config.auth.issuers[0].claims.roles, "x.y");
}

#[test]
fn all_problems_are_told_at_once() {
    let file = r#"
colour = "red"
[server]
listen = "here"
public_url = "journey"
cors_origins = ["https://a.example/"]
lisen = "127.0.0.1:8080"
[database]
url = "mysql://me:hunter2@db/x"
max_connections = 1
[log]
format = "xml"
filter = "journey=loud"
[limits]
max_depth = "deep"
max_tokens = -1
max_document_bytes = 2_000_000
request_timeout = "15"
[feed]
poll_interval = "1h"
[[auth.issuers]]
issuer = "a"
algorithm = "none"
secrit = "hunter2"
[[auth.issuers]]
issuer = "b"
audience = "journey"
algorithm = "HS256"
secret = "hunter2"
roles_map = { boss = "king", chief = "queen" }
[[auth.issuers]]
issuer = "b"
audience = "journey"
algorithm = "RS256"
secret = "0123456789abcdef0123456789abcdef"
jwks_url = "https://a.example"
claims.roles = "a..b"
"#;
    let environment =
        [("JOURNEY_LIMITS__MAX_NODES", "many"), ("JOURNEY_SERVER__PORT", "1"), ("JOURNEY_HOME", "/somebody/else")];
    let message = load(file, &environment, Purpose::Serve).unwrap_err();
    for expected in [
        "colour: no such option; known here are auth, bulk, database, feed, files, limits, log, server, webhooks",
        "server.lisen: no such option; known here are cors_origins, grace_period, listen, public_url",
        "server.listen: invalid socket address syntax; the default is \"127.0.0.1:8080\"",
        "server.public_url: \"journey\" is no address; right would be \"https://journey.example.com\", or empty",
        "server.cors_origins[0]: \"https://a.example/\" is no origin; right would be scheme and host alone, such as \"https://crm.example.com\"",
        "database.url: is no address of a database; right would be \"postgres://",
        "database.max_connections: 1 is out of range; right would be 2 to 1000",
        "log.format: unknown variant `xml`, expected `text` or `json`; the default is \"text\"",
        "log.filter: ",
        "limits.max_depth: invalid type: string \"deep\", expected usize; the default is 20",
        "limits.max_tokens: invalid value: integer `-1`",
        "limits.max_document_bytes: a document of 2000000 bytes cannot come in a body of 1048576",
        "limits.request_timeout: \"15\" is no duration; right would be a number with a unit, such as",
        "limits.max_nodes: JOURNEY_LIMITS__MAX_NODES is no whole number; the default is 5000",
        "JOURNEY_SERVER__PORT: no such option: server.port is not in the default configuration",
        "feed.poll_interval: 3600s is out of range; right would be 10ms to 60s",
        "auth.issuers[0].secrit: no such option; known here are algorithm, audience,",
        "auth.issuers[0].algorithm: unknown variant `none`, expected one of `HS256`, `RS256`, `ES256`, `EdDSA`",
        "auth.issuers[0].audience: is not given",
        "auth.issuers[1].secret: has 7 bytes, which can be guessed; right would be 32 or more",
        "auth.issuers[1].roles_map: \"boss\": unknown role \"king\"",
        "auth.issuers[1].roles_map: \"chief\": unknown role \"queen\"",
        "auth.issuers[2].issuer: is given twice",
        "auth.issuers[2].secret, public_key_file, jwks_url: right would be exactly one of them",
        "auth.issuers[2].claims.roles: \"a..b\" names no claim",
    ] {
        assert!(message.contains(&format!("\n  {expected}")), "missing: {expected}\nin: {message}");
    }
    assert!(message.starts_with("the configuration has 25 problems:"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
    assert!(!message.contains("HOME"), "{message}");
}

#[test]
fn a_server_needs_a_database_and_an_issuer_and_a_tool_does_not() {
    let message = load("", &[], Purpose::Serve).unwrap_err();
    assert!(message.starts_with("the configuration has 2 problems:"), "{message}");
    assert!(
        message.contains("database.url: is not given") && message.contains("auth.issuers: nobody could sign in"),
        "{message}"
    );
    assert!(load("", &[], Purpose::Tool).is_ok());
}

#[test]
fn a_file_that_cannot_be_read_is_named_without_its_text() {
    let message = load("[database]\nurl = 'postgres://me:hunter2@db'\nurl = ", &[], Purpose::Tool).unwrap_err();
    assert!(message.contains("journey.toml: line 3: ") && !message.contains("hunter2"), "{message}");
    let missing = Sources { file: Some("/nowhere/journey.toml".into()), ..Sources::default() };
    let message = Config::load(&missing, Purpose::Tool).unwrap_err().to_string();
    assert!(message.contains("/nowhere/journey.toml: cannot be read"), "{message}");
}

#[test]
fn a_secret_of_the_wrong_kind_is_not_quoted() {
    let message =
        load("[[auth.issuers]]\nsecret = 12345678\n[database]\nurl = 87654321", &[], Purpose::Tool).unwrap_err();
    assert!(
        message.contains("auth.issuers[0].secret: must be text in quotes")
            && message.contains("database.url: must be text in quotes"),
        "{message}"
    );
    assert!(!message.contains("12345678") && !message.contains("87654321"), "{message}");
}

#[test]
fn secrets_do_not_show() {
    let config =
        load(&SERVER.replace("sqlite:///tmp/journey.sqlite", "postgres://me:hunter2@db/x"), &[], Purpose::Serve)
            .unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("0123456789"), "{shown}");
}
