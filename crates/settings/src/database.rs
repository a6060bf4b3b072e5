//! Where state lives.

use std::path::PathBuf;

use domain::Secret;

use crate::error::SettingsError;
use crate::read::Reader;
use crate::server_url::{Transport, postgres, redis};

pub(crate) const DATABASE_URL: &str = "database.url";
pub(crate) const REDIS_URL: &str = "redis.url";
const DATABASE_FILE: &str = "smm-guru.db";

/// The two ways to run.
#[derive(Debug, Clone)]
pub enum Mode {
    /// One process with SQLite. No server is needed.
    Embedded {
        /// Holds the secrets, and the database unless that is elsewhere.
        data_dir: PathBuf,
        /// The SQLite file.
        database_file: PathBuf,
    },
    /// Any number of processes with PostgreSQL and Redis. The URLs may hold passwords.
    Distributed {
        /// PostgreSQL.
        database_url: Secret,
        /// Redis.
        redis_url: Secret,
    },
}

/// Decides by `database.url`.
pub(crate) fn mode(reader: &Reader<'_>) -> Result<Mode, SettingsError> {
    let database_url = reader.text(DATABASE_URL);
    match database_url.map(|it| (it, it.split_once(':').map_or("", |(scheme, _)| scheme))) {
        None => {
            let data_dir = PathBuf::from(reader.required("data_dir")?);
            embedded(reader, data_dir.clone(), data_dir.join(DATABASE_FILE))
        }
        Some((url, "sqlite")) => {
            let data_dir = PathBuf::from(reader.required("data_dir")?);
            embedded(reader, data_dir, sqlite_file(reader, url)?)
        }
        Some((url, "postgres" | "postgresql")) => distributed(reader, url),
        Some(_) => Err(reader.invalid(
            DATABASE_URL,
            "must be postgres://user:password@host/database or sqlite:<path>; leave it unset to keep the database in \
             DATA_DIR",
        )),
    }
}

fn embedded(reader: &Reader<'_>, data_dir: PathBuf, database_file: PathBuf) -> Result<Mode, SettingsError> {
    if reader.text(REDIS_URL).is_some() {
        return Err(reader.invalid(
            REDIS_URL,
            "is only used with PostgreSQL: set DATABASE_URL to postgres://… too, or unset REDIS_URL to run embedded",
        ));
    }
    Ok(Mode::Embedded {
        data_dir,
        database_file,
    })
}

fn sqlite_file(reader: &Reader<'_>, url: &str) -> Result<PathBuf, SettingsError> {
    let rest = url.strip_prefix("sqlite:").unwrap_or(url);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let path = rest.split('?').next().unwrap_or_default();
    if path.is_empty() || path == ":memory:" {
        return Err(reader.invalid(DATABASE_URL, "must name a file, as in sqlite:data/panel.db"));
    }
    Ok(PathBuf::from(path))
}

fn distributed(reader: &Reader<'_>, database_url: &str) -> Result<Mode, SettingsError> {
    let Some(redis_url) = reader.text(REDIS_URL) else {
        return Err(reader.invalid(
            REDIS_URL,
            "is missing: with PostgreSQL the processes meet in Redis; set REDIS_URL to redis://host:6379/0, or unset \
             DATABASE_URL to run embedded",
        ));
    };
    let Some(to_database) = postgres(database_url) else {
        return Err(reader.invalid(
            DATABASE_URL,
            "must be postgres://user:password@host:5432/database",
        ));
    };
    let Some(to_redis) = redis(redis_url) else {
        return Err(reader.invalid(REDIS_URL, "must be redis://host:6379/0, or rediss://… for TLS"));
    };
    if !reader.flag("allow_plaintext_servers")? {
        private(
            reader,
            DATABASE_URL,
            to_database,
            "add ?sslmode=verify-full to it",
        )?;
        private(reader, REDIS_URL, to_redis, "use rediss:// without #insecure")?;
    }
    Ok(Mode::Distributed {
        database_url: Secret::new(database_url),
        redis_url: Secret::new(redis_url),
    })
}

fn private(reader: &Reader<'_>, key: &str, transport: Transport, remedy: &str) -> Result<(), SettingsError> {
    match transport {
        Transport::Local | Transport::VerifiedTls => Ok(()),
        Transport::Readable => Err(reader.invalid(
            key,
            &format!(
                "would cross the network without a verified certificate: {remedy}, or set \
                 ALLOW_PLAINTEXT_SERVERS=true if the network between is private"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::environment::Environment;
    use crate::layers::Layers;
    use crate::overrides::Overrides;

    fn mode_of(pairs: &[(&str, &str)]) -> Result<Mode, String> {
        let layers = Layers::read(&Environment::of(pairs.iter().copied()), &Overrides::default()).unwrap();
        mode(&Reader::new(&layers)).map_err(|it| it.to_string())
    }

    fn file_of(pairs: &[(&str, &str)]) -> PathBuf {
        match mode_of(pairs) {
            Ok(Mode::Embedded { database_file, .. }) => database_file,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_a_database_url_everything_is_in_the_data_folder() {
        assert_eq!(file_of(&[]), Path::new("data/smm-guru.db"));
        assert_eq!(
            file_of(&[("DATA_DIR", "elsewhere")]),
            Path::new("elsewhere/smm-guru.db")
        );
    }

    #[test]
    fn sqlite_may_be_anywhere_but_in_memory() {
        for (url, path) in [
            ("sqlite:panel.db", "panel.db"),
            ("sqlite://panel.db?mode=rwc", "panel.db"),
            ("sqlite:///srv/panel.db", "/srv/panel.db"),
            ("sqlite:/srv/panel.db", "/srv/panel.db"),
        ] {
            assert_eq!(file_of(&[("DATABASE_URL", url)]), Path::new(path), "{url}");
        }
        for url in ["sqlite:", "sqlite::memory:", "sqlite://?mode=memory"] {
            assert!(
                mode_of(&[("DATABASE_URL", url)])
                    .unwrap_err()
                    .contains("must name a file"),
                "{url}"
            );
        }
    }

    #[test]
    fn postgresql_and_redis_come_together_or_not_at_all() {
        let both = [
            ("DATABASE_URL", "postgres://me@localhost/panel"),
            ("REDIS_URL", "redis://127.0.0.1"),
        ];
        assert!(matches!(mode_of(&both), Ok(Mode::Distributed { .. })));
        let message = mode_of(&both[..1]).unwrap_err();
        assert!(
            message.contains("REDIS_URL is missing") && message.contains("redis://host"),
            "{message}"
        );
        let message = mode_of(&both[1..]).unwrap_err();
        assert!(message.contains("set DATABASE_URL"), "{message}");
        assert!(mode_of(&[("DATABASE_URL", "sqlite:panel.db"), both[1]]).is_err());
        for odd in ["mysql://localhost/panel", "panel.db", "postgres:", "http://x"] {
            let message = mode_of(&[("DATABASE_URL", odd), both[1]]).unwrap_err();
            assert!(message.contains("postgres://user:password@host"), "{message}");
        }
    }

    #[test]
    fn servers_on_other_machines_are_reached_by_verified_tls_or_on_purpose_not() {
        let plain = [
            ("DATABASE_URL", "postgres://me:pw@db.example/panel"),
            ("REDIS_URL", "redis://localhost"),
        ];
        let message = mode_of(&plain).unwrap_err();
        assert!(
            message.contains("sslmode=verify-full") && !message.contains("pw"),
            "{message}"
        );
        let tls = [
            (
                "DATABASE_URL",
                "postgres://me@db.example/panel?sslmode=verify-full",
            ),
            ("REDIS_URL", "rediss://redis.example"),
        ];
        assert!(mode_of(&tls).is_ok());
        let message = mode_of(&[tls[0], ("REDIS_URL", "redis://redis.example")]).unwrap_err();
        assert!(message.contains("rediss://"), "{message}");
        assert!(mode_of(&[plain[0], plain[1], ("ALLOW_PLAINTEXT_SERVERS", "true")]).is_ok());
    }
}
