//! The environment, read in one place.

use std::collections::BTreeMap;
use std::env;

use crate::error::SettingsError;
use crate::names::{CONFIG_FILE_VARIABLE, NAMES};

/// The environment variables that are settings.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// That of this process.
    ///
    /// # Errors
    /// [`SettingsError::NotUnicode`] if one of them is not text.
    pub fn of_this_process() -> Result<Self, SettingsError> {
        let mut variables = BTreeMap::new();
        for name in NAMES.iter().map(|it| it.variable).chain([CONFIG_FILE_VARIABLE]) {
            if let Some(text) = variable(name)? {
                variables.insert(name.to_owned(), text);
            }
        }
        Ok(Self { variables })
    }

    /// An environment of these names and values.
    pub fn of<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self {
            variables: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    /// A variable that is set and not empty: compose files set what nobody filled in to nothing.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|it| it.trim())
            .filter(|it| !it.is_empty())
    }
}

fn variable(name: &'static str) -> Result<Option<String>, SettingsError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the environment"
    )]
    match env::var(name) {
        Ok(text) => Ok(Some(text)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(SettingsError::NotUnicode(name)),
    }
}
