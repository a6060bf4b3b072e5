//! Loading as the program does it.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;

use settings::{Environment, LogFormat, Mode, Overrides, PrivateTargets, Settings};

const SESSION: &str = "0123456789abcdef0123456789abcdef";
const SEALING: &str = "fedcba9876543210fedcba9876543210";

fn in_folder(folder: &Path) -> Overrides {
    Overrides {
        data_dir: Some(folder.join("data")),
        ..Overrides::default()
    }
}

fn shown<'a>(settings: &'a Settings, name: &str) -> (&'a str, &'a str) {
    let row = settings.describe().iter().find(|it| it.name == name).unwrap();
    (&row.value, &row.source)
}

#[test]
fn an_installation_without_any_settings_starts_and_keeps_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let load = || Settings::load_from(&Environment::default(), &in_folder(folder.path())).unwrap();
    let (first, second) = (load(), load());
    assert!(matches!(&first.mode, Mode::Embedded { database_file, .. }
        if *database_file == folder.path().join("data/smm-guru.db")));
    assert_eq!(first.secrets.session.reveal(), second.secrets.session.reveal());
    assert_eq!(first.private_targets, PrivateTargets::Refused);
    let secrets_file = folder.path().join("data/secrets.toml");
    assert_eq!(
        shown(&first, "secrets.session"),
        ("***", secrets_file.to_str().unwrap())
    );
    assert_eq!(shown(&first, "secrets.sealing_old"), ("(not set)", "default"));
    assert_eq!(shown(&first, "http.port"), ("8080", "default"));
}

#[test]
fn an_installation_whose_secrets_are_given_needs_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::of([("BETTER_AUTH_SECRET", SESSION), ("AES_SECRET_KEY", SEALING)]);
    let settings = Settings::load_from(&environment, &in_folder(folder.path())).unwrap();
    assert_eq!(settings.secrets.session.reveal(), SESSION);
    assert_eq!(settings.secrets.sealing.keys[0].1.reveal(), SEALING);
    assert!(!folder.path().join("data").exists());
}

#[test]
fn the_example_for_production_loads_and_shows_no_secret() {
    let password = "a-database-password";
    let environment = Environment::of([
        (
            "DATABASE_URL",
            format!("postgres://panel:{password}@localhost/panel"),
        ),
        ("REDIS_URL", format!("redis://:{password}@localhost:6379/0")),
        ("BETTER_AUTH_SECRET", SESSION.to_owned()),
        ("AES_SECRET_KEY", SEALING.to_owned()),
    ]);
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/production.toml");
    let overrides = Overrides {
        config_file: Some(example.into()),
        ..Overrides::default()
    };
    let settings = Settings::load_from(&environment, &overrides).unwrap();
    assert!(matches!(settings.mode, Mode::Distributed { .. }));
    assert!(settings.http.secure_cookies);
    assert_eq!(settings.http.trusted_proxies, 1);
    assert_eq!(settings.telemetry.log_format, LogFormat::Json);
    assert_eq!(
        shown(&settings, "database.url"),
        ("postgres://localhost/panel", "environment variable DATABASE_URL")
    );
    let everything = format!("{settings:?}");
    for secret in [password, SESSION, SEALING] {
        assert!(!everything.contains(secret), "{secret} is in {everything}");
    }
}

#[test]
fn pages_for_operators_are_on_this_machine_unless_they_are_moved_or_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let address = |pairs: &[(&str, &str)]| {
        let environment = Environment::of(pairs.iter().copied());
        let settings = Settings::load_from(&environment, &in_folder(folder.path())).unwrap();
        settings.telemetry.metrics_address.map(|it| it.to_string())
    };
    assert_eq!(address(&[]).as_deref(), Some("127.0.0.1:9464"));
    let moved = address(&[("METRICS_ADDRESS", "0.0.0.0:9999")]);
    assert_eq!(moved.as_deref(), Some("0.0.0.0:9999"));
    assert_eq!(address(&[("METRICS_ADDRESS", "127.0.0.1:0")]), None);
    let file = folder.path().join("mine.toml");
    fs::write(&file, "[telemetry]\nmetrics_address = \"\"\n").unwrap();
    assert_eq!(address(&[("SMM_GURU_CONFIG", file.to_str().unwrap())]), None);
}

#[test]
fn a_wrong_setting_stops_the_start_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, value) in [
        ("PORT", "eighty"),
        ("BIND_ADDRESS", "everywhere"),
        ("WORKERS", "0"),
        ("LOG_FORMAT", "xml"),
        ("METRICS_ADDRESS", "9464"),
        ("ALLOW_PRIVATE_TARGETS", "maybe"),
        ("ORDERS_LEASE_SECONDS", "1"),
        ("DATABASE_CONNECTIONS_MAX", "0"),
        ("BETTER_AUTH_SECRET", "better-auth-secret-123456789"),
    ] {
        let environment = Environment::of([(variable, value)]);
        let message = Settings::load_from(&environment, &in_folder(folder.path()))
            .unwrap_err()
            .to_string();
        assert!(message.contains(variable), "{message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{variable}");
    }
}
