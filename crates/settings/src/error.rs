//! Why the program does not start.

use std::io;
use std::path::PathBuf;

/// Why the settings are not good. The text is for the person who starts the program; it never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A setting is wrong.
    #[error("{setting} {problem}")]
    Invalid {
        /// Its name in files and in the environment, and where the value came from.
        setting: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The settings file cannot be read.
    #[error("cannot read the settings file {}: {source}; correct SMM_GURU_CONFIG or unset it", path.display())]
    UnreadableFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A settings file is not TOML.
    #[error("{file} is not valid TOML: {detail}")]
    NotToml {
        /// The file.
        file: String,
        /// Where and why.
        detail: String,
    },
    /// A settings file sets something that does not exist.
    #[error("{file} sets `{key}`, which is not a setting; config/default.toml lists them all")]
    UnknownKey {
        /// The file.
        file: String,
        /// The key.
        key: String,
    },
    /// An environment variable is not text.
    #[error("the environment variable {0} is not valid UTF-8; set it to plain text")]
    NotUnicode(&'static str),
    /// The data folder of an embedded installation cannot be used.
    #[error("cannot {doing} {}: {source}; set DATA_DIR to a folder that this user may write to", path.display())]
    DataFolder {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The secrets of an embedded installation are gone or damaged.
    #[error("{} {problem}; restore it from a backup, or set AES_SECRET_KEY and BETTER_AUTH_SECRET to what it held", path.display())]
    SecretsLost {
        /// The secrets file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}
