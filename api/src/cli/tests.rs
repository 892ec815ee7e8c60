use std::time::Duration;

use clap::error::ErrorKind;
use secrecy::ExposeSecret;

use super::*;
use crate::{auth::Issuers, clock::Clock, config::Config, policy::Role};

fn read(line: &str) -> Result<Cli, clap::Error> {
    Cli::read(std::iter::once("journey").chain(line.split_whitespace()).map(OsString::from))
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_teaches_and_every_option_has_a_variable() {
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        let help = command.clone().render_long_help().to_string();
        assert!(command.get_about().is_some() && command.get_long_about().is_some(), "{name}");
        assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{name} does not teach:\n{help}");
        let nested = command.get_subcommands().flat_map(clap::Command::get_arguments);
        for option in command
            .get_arguments()
            .chain(nested)
            .filter(|option| option.get_long().is_some_and(|long| long != "defaults"))
        {
            let variable = option.get_env().and_then(|name| name.to_str());
            assert!(variable.is_some_and(|name| name.starts_with("JOURNEY_")), "{name} {option} has no variable");
        }
    }
}

#[test]
fn commands_are_read_as_documented() {
    for line in [
        "serve --config x.toml --listen 0.0.0.0:80 --database-url postgres://db/x",
        "demo",
        "demo --data /tmp/x --listen 127.0.0.1:9000 --fresh",
        "migrate up --database-url sqlite://x",
        "migrate down --steps 3",
        "migrate status",
        "distribute partitions --database-url postgres://db/x",
        "distribute partitions --from 2024-01 --months-ahead 12 --dry-run",
        "distribute citus --dry-run",
        "bi show --tenant acme",
        "bi grant --tenant acme --login metabase --statement-timeout 1m --connections 3 --grain DAY --by CHANNEL,TIER --years 1 --new-password",
        "bi refresh --tenant acme --database-url postgres://db/x",
        "bi revoke --tenant acme",
        "found --tenant acme --name Acme --zone UTC --currency EUR --language de --database-url sqlite://x",
        "token --role sales --role manager --tenant t --colleague c --ttl 1h",
        "token --role integrator --entities Account,campaign-cost --sources hubspot,crm",
        "schema",
        "schema --role sales --role admin",
        "schema --check-against schema/released --allow-breaking",
        "import --source salesforce a b --dry-run --tenant t",
        "import --source snowplow --data d a",
        "generate --accounts 1 --events 2 --seed 3 --tenant t",
        "verify --data d --tenant t",
        "verify --database-url sqlite://x",
        "prune --older-than 90d --data d --tenant t",
    ] {
        read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn the_database_may_be_named_after_the_direction() {
    let Command::Migrate(args) = read("migrate up --database-url sqlite://x").unwrap().command else {
        panic!("not migrate")
    };
    assert_eq!(args.common.database_url.unwrap().0.expose_secret(), "sqlite://x");
}

#[test]
fn what_cannot_be_followed_is_a_usage_error() {
    for (line, kind) in [
        ("token", ErrorKind::MissingRequiredArgument),
        ("token --role king", ErrorKind::ValueValidation),
        ("token --role sales --ttl soon", ErrorKind::ValueValidation),
        ("token --role sales --entities Unheard", ErrorKind::ValueValidation),
        ("verify --database-url mysql://x", ErrorKind::ValueValidation),
        ("verify --data d --database-url sqlite://x", ErrorKind::ArgumentConflict),
        ("migrate down --steps 0", ErrorKind::ValueValidation),
        ("distribute partitions --from 2024-13", ErrorKind::ValueValidation),
        ("distribute partitions --months-ahead 121", ErrorKind::ValueValidation),
        ("bi grant", ErrorKind::MissingRequiredArgument),
        ("bi grant --tenant t --by OWNER", ErrorKind::ValueValidation),
        ("bi grant --tenant t --by CHANNEL,CHANNEL_GROUP", ErrorKind::ValueValidation),
        ("bi grant --tenant t --grain HOUR", ErrorKind::ValueValidation),
        ("bi grant --tenant t --years 0", ErrorKind::ValueValidation),
        ("bi grant --tenant t --connections 0", ErrorKind::ValueValidation),
        ("bi grant --tenant t --statement-timeout 0s", ErrorKind::ValueValidation),
        ("import --source excel x", ErrorKind::InvalidValue),
        ("fly", ErrorKind::InvalidSubcommand),
    ] {
        let error = read(line).map(|_| line).unwrap_err();
        assert_eq!((error.kind(), error.exit_code()), (kind, 2), "{line}");
    }
}

#[test]
fn a_demo_folder_keeps_its_secret_for_its_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::new(folder.path().join("a b?"));
    assert!(data.secret().unwrap_err().to_string().contains("journey demo --data"));
    data.create().unwrap();
    let secret = data.secret().unwrap();
    assert_eq!(secret.expose_secret().len(), 64);
    data.create().unwrap();
    assert_eq!(data.secret().unwrap().expose_secret(), secret.expose_secret(), "a second start keeps the secret");
    assert!(data.database_url().unwrap().expose_secret().ends_with("/a b%3F/journey.sqlite"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(data.folder().join("secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_token_for_a_demo_is_good_there() {
    let folder = tempfile::tempdir().unwrap();
    Data::new(folder.path()).create().unwrap();
    let cli = read(&format!("token --data {} --role service --role sales --ttl 30m", folder.path().display())).unwrap();
    let Command::Token(args) = cli.command else { panic!("not token") };
    let config = args.common.config().unwrap();
    let clock = Clock::at(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let token = token::make(&args, &config, &clock, |_| "col_1".to_owned()).unwrap();

    let caller = Issuers::new(&config.auth).unwrap().verify(&token, clock.now()).await.unwrap();
    assert_eq!((caller.tenant.as_str(), caller.subject.as_str()), (token::DEMO_TENANT, "col_1"));
    assert_eq!(caller.roles, [Role::Sales, Role::Service].into_iter().collect());
    assert_eq!(caller.expires_at - clock.now(), chrono::Duration::from_std(Duration::from_secs(1_800)).unwrap());
    assert!(config.database.url.expose_secret().ends_with("/journey.sqlite"));
}

#[test]
fn a_token_without_a_secret_is_a_usage_error_that_says_what_to_do() {
    let Command::Token(args) = read("token --role sales").unwrap().command else { panic!("not token") };
    let config = Config::defaults().unwrap();
    let error = token::make(&args, &config, &Clock::System, token::default_subject).unwrap_err();
    assert!(error.is::<Usage>() && error.to_string().contains("--data DIR"), "{error}");
}
