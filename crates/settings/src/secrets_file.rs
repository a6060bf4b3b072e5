//! The secrets that an embedded installation generates on its first start.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use domain::Secret;
use rand::TryRng;
use rand::rngs::SysRng;

use crate::error::SettingsError;

const FILE: &str = "secrets.toml";
const SESSION: &str = "BETTER_AUTH_SECRET";
const SEALING: &str = "AES_SECRET_KEY";
/// Random bytes in one secret.
const SECRET_BYTES: usize = 32;
/// Only the owner enters the folder and reads the file.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
const EXPLANATION: &str = "# Generated on the first start. Back it up with the database: without AES_SECRET_KEY the keys of providers in there\n\
     # cannot be read. The names are those of the environment variables that win over this file.\n";

/// The generated secrets.
pub(crate) struct Kept {
    pub(crate) session: Secret,
    pub(crate) sealing: Secret,
    pub(crate) path: PathBuf,
}

/// Reads the secrets of a data folder, or creates both folder and secrets.
///
/// Processes that start at the same time end with the same secrets: each writes a complete file under a name of its
/// own and links it to the real name, which succeeds once. A database without secrets is an installation that lost
/// them; new ones would not open what is sealed in it, so that is an error.
pub(crate) fn load_or_create(data_dir: &Path, database_file: &Path) -> Result<Kept, SettingsError> {
    let path = data_dir.join(FILE);
    if let Some(kept) = load(&path)? {
        return Ok(kept);
    }
    if exists(database_file)? {
        // Another process may have created both since the look above; it creates the secrets first.
        return load(&path)?
            .ok_or_else(|| lost(&path, &format!("is gone, but {} exists", database_file.display())));
    }
    create(data_dir, &path)?;
    load(&path)?.ok_or_else(|| lost(&path, "has vanished"))
}

fn load(path: &Path) -> Result<Option<Kept>, SettingsError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path)(error)),
    };
    let table: toml::Table = text.parse().map_err(|_| lost(path, "is not valid TOML"))?;
    let secret = |name: &str| {
        let text = table
            .get(name)
            .and_then(toml::Value::as_str)
            .filter(|it| it.len() >= SECRET_BYTES);
        text.map(Secret::new)
            .ok_or_else(|| lost(path, &format!("holds no {name} of at least {SECRET_BYTES} bytes")))
    };
    Ok(Some(Kept {
        session: secret(SESSION)?,
        sealing: secret(SEALING)?,
        path: path.to_owned(),
    }))
}

fn create(data_dir: &Path, path: &Path) -> Result<(), SettingsError> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(data_dir)
        .map_err(failed("create", data_dir))?;
    let random = || random_hex().map_err(failed("generate secrets for", path));
    let draft = data_dir.join(format!(".{FILE}.{}", random()?));
    let text = format!(
        "{EXPLANATION}{SESSION} = \"{}\"\n{SEALING} = \"{}\"\n",
        random()?,
        random()?
    );
    let linked = write_new(&draft, &text).and_then(|()| match fs::hard_link(&draft, path) {
        // Somebody was faster; theirs are the secrets.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    // Whatever happened, the draft is of no more use; if it stays it harms nobody.
    let _ = fs::remove_file(&draft);
    linked
        .and_then(|()| File::open(data_dir)?.sync_all())
        .map_err(failed("create", path))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn random_hex() -> io::Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    SysRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn exists(path: &Path) -> Result<bool, SettingsError> {
    path.try_exists().map_err(failed("look for", path))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SettingsError {
    let path = path.to_owned();
    move |source| SettingsError::DataFolder { doing, path, source }
}

fn lost(path: &Path, problem: &str) -> SettingsError {
    SettingsError::SecretsLost {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    fn in_folder(data_dir: &Path) -> Result<(String, String), SettingsError> {
        let kept = load_or_create(data_dir, &data_dir.join("panel.db"))?;
        Ok((kept.session.reveal().to_owned(), kept.sealing.reveal().to_owned()))
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_first_start_generates_and_later_starts_read() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("a/data");
        let (session, sealing) = in_folder(&data_dir).unwrap();
        assert_eq!((session.len(), sealing.len()), (64, 64));
        assert_ne!(session, sealing);
        assert_eq!(in_folder(&data_dir).unwrap(), (session, sealing));
        assert_eq!((mode(&data_dir), mode(&data_dir.join(FILE))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn all_who_start_at_once_end_with_the_same_secrets() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let data_dir = folder.path().join("data");
            let barrier = Barrier::new(8);
            let seen: BTreeSet<(String, String)> = thread::scope(|scope| {
                let start = || {
                    barrier.wait();
                    in_folder(&data_dir).unwrap()
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
                threads.into_iter().map(|it| it.join().unwrap()).collect()
            });
            assert_eq!(seen.len(), 1);
            assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_database_without_its_secrets_is_not_given_new_ones() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("panel.db"), "").unwrap();
        let message = in_folder(folder.path()).unwrap_err().to_string();
        assert!(
            message.contains("secrets.toml is gone") && message.contains("AES_SECRET_KEY"),
            "{message}"
        );
        assert!(!folder.path().join(FILE).exists());
    }

    #[test]
    fn damaged_secrets_are_an_error_and_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for damaged in [
            "",
            "BETTER_AUTH_SECRET = ",
            "BETTER_AUTH_SECRET = \"short\"\nAES_SECRET_KEY = \"short\"\n",
        ] {
            fs::write(&path, damaged).unwrap();
            let message = in_folder(folder.path()).unwrap_err().to_string();
            assert!(message.contains("restore it from a backup"), "{message}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let message = in_folder(&file.join("data")).unwrap_err().to_string();
        assert!(message.contains("set DATA_DIR"), "{message}");
    }
}
