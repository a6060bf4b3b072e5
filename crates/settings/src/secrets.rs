//! Keys, and which of them are too weak to start with.

use std::collections::BTreeSet;
use std::path::PathBuf;

use domain::Secret;

use crate::database::Mode;
use crate::error::SettingsError;
use crate::read::Reader;
use crate::secrets_file;

pub(crate) const SESSION: &str = "secrets.session";
pub(crate) const SEALING: &str = "secrets.sealing";
const SEALING_VERSION: &str = "secrets.sealing_version";
const SEALING_OLD: &str = "secrets.sealing_old";

/// The shortest key, in bytes.
const SECRET_BYTES_MIN: usize = 32;
/// Fewer different bytes than this is a pattern; 32 random digits have fewer once in a thousand times.
const DIFFERENT_BYTES_MIN: usize = 8;
/// What stands in published examples.
const KNOWN_EXAMPLES: [&str; 6] = [
    "better-auth-secret",
    "change-me",
    "change_me",
    "changeme",
    "your-secret",
    "example",
];

/// Keys.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Signs session cookies.
    pub session: Secret,
    /// Seals secrets in the database.
    pub sealing: SealingKeys,
}

/// The keys that seal secrets in the database.
#[derive(Debug, Clone)]
pub struct SealingKeys {
    /// The version that seals new ones.
    pub current: i32,
    /// Every version with its key.
    pub keys: Vec<(i32, Secret)>,
}

/// The keys, and the file that holds the generated ones if any of them is from there.
pub(crate) fn read(reader: &Reader<'_>, mode: &Mode) -> Result<(Secrets, Option<PathBuf>), SettingsError> {
    let (given_session, given_sealing) = (given(reader, SESSION)?, given(reader, SEALING)?);
    let (session, sealing, generated) = match (given_session, given_sealing, mode) {
        (Some(session), Some(sealing), _) => (session, sealing, None),
        (
            session,
            sealing,
            Mode::Embedded {
                data_dir,
                database_file,
            },
        ) => {
            let kept = secrets_file::load_or_create(data_dir, database_file)?;
            (
                session.unwrap_or(kept.session),
                sealing.unwrap_or(kept.sealing),
                Some(kept.path),
            )
        }
        (None, _, Mode::Distributed { .. }) => return Err(missing(reader, SESSION)),
        (_, None, Mode::Distributed { .. }) => return Err(missing(reader, SEALING)),
    };
    let current = reader.number(SEALING_VERSION, 1..=i32::MAX)?;
    let mut keys = vec![(current, sealing)];
    for entry in reader.list(SEALING_OLD) {
        let key = old_key(entry).filter(|(version, _)| keys.iter().all(|(other, _)| other != version));
        keys.push(key.ok_or_else(|| {
            reader.invalid(
                SEALING_OLD,
                "must be a list of number:key, each number once and none of them AES_SECRET_KEY_VERSION",
            )
        })?);
    }
    Ok((
        Secrets {
            session,
            sealing: SealingKeys { current, keys },
        },
        generated,
    ))
}

fn given(reader: &Reader<'_>, key: &str) -> Result<Option<Secret>, SettingsError> {
    let Some(secret) = reader.secret(key) else {
        return Ok(None);
    };
    match weakness(secret.reveal()) {
        None => Ok(Some(secret)),
        Some(weakness) => Err(reader.invalid(key, &format!("{weakness}; {}", remedy(key)))),
    }
}

fn missing(reader: &Reader<'_>, key: &str) -> SettingsError {
    reader.invalid(key, &format!("is missing; {}", remedy(key)))
}

fn remedy(key: &str) -> String {
    let variable = crate::names::by_key(key).map_or("it", |it| it.variable);
    format!("set {variable} to the output of `openssl rand -hex 32`, the same for every process")
}

/// Why a key must not be used, if so.
fn weakness(secret: &str) -> Option<String> {
    if secret.len() < SECRET_BYTES_MIN {
        return Some(format!("is shorter than {SECRET_BYTES_MIN} bytes"));
    }
    let different: BTreeSet<u8> = secret.bytes().collect();
    if different.len() < DIFFERENT_BYTES_MIN {
        return Some("repeats a few characters".to_owned());
    }
    let lower = secret.to_ascii_lowercase();
    KNOWN_EXAMPLES
        .iter()
        .any(|it| lower.contains(it))
        .then(|| "is a published example".to_owned())
}

/// Old keys only open, so they may be as weak as they were.
fn old_key(entry: &str) -> Option<(i32, Secret)> {
    let (version, key) = entry.split_once(':')?;
    let version = version.trim().parse().ok().filter(|it| *it >= 1)?;
    (!key.is_empty()).then(|| (version, Secret::new(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::layers::Layers;
    use crate::overrides::Overrides;

    const STRONG: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    fn distributed(pairs: &[(&str, &str)]) -> Result<Secrets, String> {
        let layers = Layers::read(&Environment::of(pairs.iter().copied()), &Overrides::default()).unwrap();
        let mode = Mode::Distributed {
            database_url: Secret::new(""),
            redis_url: Secret::new(""),
        };
        read(&Reader::new(&layers), &mode)
            .map(|(secrets, _)| secrets)
            .map_err(|it| it.to_string())
    }

    #[test]
    fn a_missing_key_stops_the_start_with_a_remedy() {
        for (present, absent) in [
            ("BETTER_AUTH_SECRET", "AES_SECRET_KEY"),
            ("AES_SECRET_KEY", "BETTER_AUTH_SECRET"),
        ] {
            let message = distributed(&[(present, STRONG)]).unwrap_err();
            assert!(message.contains(&format!("{absent} is missing")), "{message}");
            assert!(message.contains("openssl rand -hex 32"), "{message}");
        }
    }

    #[test]
    fn a_weak_key_stops_the_start_and_is_not_repeated() {
        for weak in [
            "better-auth-secret-123456789",
            "better-auth-secret-123456789-and-some-more",
            "Please-Change-Me-Before-You-Deploy-This",
            "0123456789abcdef0123456789abcde",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababababababababababababab",
            "12341234123412341234123412341234",
        ] {
            for (variable, other) in [
                ("BETTER_AUTH_SECRET", "AES_SECRET_KEY"),
                ("AES_SECRET_KEY", "BETTER_AUTH_SECRET"),
            ] {
                let message = distributed(&[(variable, weak), (other, STRONG)]).unwrap_err();
                assert!(
                    message.contains(&format!("set {variable} to the output")),
                    "{message}"
                );
                assert!(!message.contains(weak), "{message}");
            }
        }
    }

    #[test]
    fn old_keys_stay_beside_the_current_one() {
        let both = [("BETTER_AUTH_SECRET", OTHER), ("AES_SECRET_KEY", STRONG)];
        let secrets = distributed(&both).unwrap();
        assert_eq!((secrets.sealing.current, secrets.sealing.keys.len()), (1, 1));
        let rotated = [
            both[0],
            both[1],
            ("AES_SECRET_KEY_VERSION", "3"),
            ("AES_SECRET_KEYS_OLD", "1:short, 2:with:colon"),
        ];
        let sealing = distributed(&rotated).unwrap().sealing;
        let keys: Vec<(i32, &str)> = sealing
            .keys
            .iter()
            .map(|(version, key)| (*version, key.reveal()))
            .collect();
        assert_eq!(
            (sealing.current, keys),
            (3, vec![(3, STRONG), (1, "short"), (2, "with:colon")])
        );
        for odd in ["short", "1:", "0:x", "x:y", "3:same", "1:a,1:b"] {
            let pairs = [
                both[0],
                both[1],
                ("AES_SECRET_KEY_VERSION", "3"),
                ("AES_SECRET_KEYS_OLD", odd),
            ];
            assert!(distributed(&pairs).unwrap_err().contains("number:key"), "{odd}");
        }
    }

    #[test]
    fn keys_are_not_in_what_is_logged() {
        let secrets = distributed(&[("BETTER_AUTH_SECRET", OTHER), ("AES_SECRET_KEY", STRONG)]).unwrap();
        let logged = format!("{secrets:?}");
        assert!(!logged.contains(STRONG) && !logged.contains(OTHER), "{logged}");
    }
}
